"""Can boosted trees distinguish the rows of a table from reals?

They see rows as they are: categories as categories, what is missing as missing. Beside moments
stand their weekday, day of the month, hour and minute, and the days between two.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from zerosum.evaluation.metrics.base import MetricContext, metric
from zerosum.evaluation.metrics.c2st import C2st, boosted_odds, c2st_spec
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.judging.rows import RowMeasure, all_inputs, auc, fields_of

MOST_ROWS = 10_000
"""Rows of each side that the trees see at most."""


def boosted_c2st(a: np.ndarray, b: np.ndarray, fields: Sequence[Field], *, seed: int) -> np.ndarray:
    """Log-odds of being on the side of `b`, cross-fitted in three folds, `[2, N]`.

    Args:
        a: values `[N, D]`, in random order.
        b: as many, in random order.
        fields: what the columns are.
        seed: of the trees.
    """
    inputs, categorical = all_inputs(np.concatenate([a, b]), fields)
    return boosted_odds(*np.split(inputs, 2), seed=seed, categorical=categorical)


class RowC2st(C2st):
    """A judge of rows, whose areas are exact: scikit-learn's sums differ in the last digit."""

    def areas(
        self, odds: np.ndarray, reals: Sequence[Tensor], samples: Sequence[Tensor]
    ) -> list[float]:
        """The area, and those of rows that are drawn again."""
        n = odds.shape[1]
        draws = (torch.cat([a, b + n]) for a, b in zip(reals, samples, strict=True))
        times = [rows.bincount(minlength=2 * n).numpy() for rows in draws]
        return auc(
            odds.ravel(), np.repeat([False, True], n), np.stack([np.ones(2 * n), *times])
        ).tolist()


@metric
class C2stBoosted(RowMeasure, RowC2st):
    """The judge that rows of a table must fear most."""

    most = MOST_ROWS
    outputs = (
        c2st_spec(
            "c2st_boosted",
            "C2ST boosted",
            "How well boosted trees separate samples from reals",
            judge="boosted trees",
            most=f"{MOST_ROWS} rows",
            more="It is the hardest judge here, and finds any difference that shows in a row, even "
            "one that matters to nobody.",
        ),
    )

    def odds(self, reals: Tensor, samples: Tensor, context: MetricContext) -> np.ndarray:
        """By values, and what is in moments."""
        fields = fields_of(context)
        return boosted_c2st(reals.numpy(), samples.numpy(), fields, seed=context.seed)
