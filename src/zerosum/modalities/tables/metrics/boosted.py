"""Can boosted trees distinguish the rows of a table from reals?

The classifier two-sample test of Lopez-Paz and Oquab, ICLR 2017, arXiv:1610.06545, with gradient
boosting on rows as they are: categories as categories, what is missing as missing. Beside moments
stand their weekday, day of the month, hour and minute, and the days between two. What is given is
the area under the ROC curve of cross-fitted log-odds, since that sees less of a difference lost
than the accuracy does.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from zerosum.evaluation.metrics.base import (
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
    metric,
)
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.judging.rows import (
    RowMeasure,
    auc,
    drawn_again,
    fields_of,
    moment_inputs,
    reading_of,
    tree_inputs,
    tree_options,
    values_of,
)

MOST_ROWS = 10_000
"""Rows of each side that the trees see at most."""

NUM_FOLDS = 3


def boosted_c2st(a: np.ndarray, b: np.ndarray, fields: Sequence[Field], *, seed: int) -> np.ndarray:
    """Log-odds of being on the side of `b`, cross-fitted in three folds, `[2, N]`.

    Args:
        a: values `[N, D]`, in random order.
        b: as many, in random order.
        fields: what the columns are.
        seed: of the trees.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    both = np.stack([a, b])
    flat = both.reshape(-1, both.shape[2])
    inputs, categorical = tree_inputs(flat, fields)
    moments = moment_inputs(flat, fields)
    inputs = np.concatenate([inputs, moments], axis=1)
    categorical = np.append(categorical, np.zeros(moments.shape[1], bool))
    rows = inputs.reshape(2, len(a), -1)
    fold = np.arange(len(a)) % NUM_FOLDS
    odds = np.zeros(rows.shape[:2])
    for i in range(NUM_FOLDS):
        known, asked = rows[:, fold != i], rows[:, fold == i]
        trees = HistGradientBoostingClassifier(**tree_options(categorical, seed))
        trees.fit(np.concatenate(known), np.repeat([0, 1], known.shape[1]))
        odds[:, fold == i] = trees.decision_function(np.concatenate(asked)).reshape(2, -1)
    return odds


@metric
class C2stBoosted(RowMeasure):
    """The judge that rows of a table must fear most."""

    least: ClassVar[int] = 20
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="c2st_boosted",
            title="C2ST boosted",
            better="lower",
            meaning="How well boosted trees separate samples from reals: the chance that a sample "
            "looks more made than a real does. 0.5 is chance, 1 is always. It is the hardest judge "
            "here, and finds any difference that shows in a row, even one that matters to nobody.",
            source="Lopez-Paz and Oquab 2017, arXiv:1610.06545",
            protocol=f"AUC, boosted trees, {NUM_FOLDS} folds, up to {MOST_ROWS} rows each",
            extractor=False,
            limits=(0.5, 1.0),
        ),
    )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One area; for the interval the judged rows are resampled, not the fits."""
        n = min(len(candidate), len(reference), MOST_ROWS)
        made = candidate.rows(context.some(n, len(candidate), "c2st_boosted", "samples"))
        real = reference.rows(context.some(n, len(reference), "c2st_boosted", "reals"))
        odds = boosted_c2st(values_of(real), values_of(made), fields_of(context), seed=context.seed)
        weights = [drawn_again(context, n, f"c2st_boosted {side}") for side in ("reals", "samples")]
        areas = auc(odds.ravel(), np.repeat([False, True], n), np.concatenate(weights, axis=1))
        areas[0] = max(areas[0], 0.5)
        return {"c2st_boosted": reading_of(areas)}
