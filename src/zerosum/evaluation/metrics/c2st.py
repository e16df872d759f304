"""The base of classifier two-sample tests: how well a judge tells samples from reals.

Lopez-Paz and Oquab, "Revisiting classifier two-sample tests", ICLR 2017, arXiv:1610.06545. We
deviate in that every row is judged once, by a classifier that was fitted on the other folds. A kind
of data says what its judge sees; what is given is the area under the ROC curve of the log-odds,
since that sees less of a difference lost than the accuracy does.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from torch import Tensor

from zerosum.evaluation.metrics.base import (
    Metric,
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
)

NUM_FOLDS = 3

NUM_TREES = 100
"""Boosted trees of a judge."""

SOURCE = "Lopez-Paz and Oquab 2017, arXiv:1610.06545"

Judge = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""From rows, their sides (0 or 1) and other rows to the log-odds that the others are of side 1."""


def cross_fitted(a: np.ndarray, b: np.ndarray, judge: Judge) -> np.ndarray:
    """What `judge` says of each row when fitted on the other folds, float64 `[2, N]`.

    Every fold holds as many of `a` as of `b`.

    Args:
        a: rows of side 0, `[N, …]`, in random order.
        b: as many of side 1, in random order.
        judge: fits and asks a classifier.
    """
    rows = np.stack([a, b])
    fold = np.arange(len(a)) % NUM_FOLDS
    said = np.zeros(rows.shape[:2])
    for i in range(NUM_FOLDS):
        known, asked = rows[:, fold != i], rows[:, fold == i]
        sides = np.repeat([0, 1], known.shape[1])
        heard = judge(np.concatenate(known), sides, np.concatenate(asked))
        said[:, fold == i] = heard.reshape(2, -1)
    return said


def boosted_odds(
    reals: np.ndarray, samples: np.ndarray, *, seed: int, categorical: np.ndarray | None = None
) -> np.ndarray:
    """Log-odds of being a sample by boosted trees, cross-fitted, `[2, N]`.

    Args:
        reals: inputs of trees `[N, F]`, in random order.
        samples: as many, in random order.
        seed: of the trees.
        categorical: which inputs are categories, bool `[F]`; none if not given.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    options: dict[str, Any] = {
        "max_iter": NUM_TREES, "categorical_features": categorical, "early_stopping": False,
        "random_state": seed % 2**32,
    }  # fmt: skip
    trees = HistGradientBoostingClassifier(**options)
    return cross_fitted(
        reals, samples, lambda x, y, asked: trees.fit(x, y).decision_function(asked)
    )


def area(reals: np.ndarray, samples: np.ndarray) -> float:
    """The chance that a sample has larger odds than a real; ties count half.

    >>> area(np.array([0.1, 0.4]), np.array([0.4, 0.8]))
    0.875
    """
    from sklearn.metrics import roc_auc_score

    side = np.repeat([0, 1], [len(reals), len(samples)])
    return float(roc_auc_score(side, np.concatenate([reals, samples])))


class C2st(Metric):
    """How well a judge tells samples from reals, as an area under the ROC curve.

    Attributes:
        most: samples and reals that the judge sees at most.
    """

    least: ClassVar[int] = 20
    most: ClassVar[int]

    @abstractmethod
    def odds(self, reals: Tensor, samples: Tensor, context: MetricContext) -> np.ndarray:
        """Log-odds of being a sample, cross-fitted, `[2, N]`.

        Args:
            reals: as they are stored, in random order.
            samples: as many, in random order.
            context: what metrics share.
        """

    def areas(
        self, odds: np.ndarray, reals: Sequence[Tensor], samples: Sequence[Tensor]
    ) -> list[float]:
        """The area, and those of rows that are drawn again."""
        draws = zip(reals, samples, strict=True)
        again = [area(odds[0][a.numpy()], odds[1][b.numpy()]) for a, b in draws]
        return [area(*odds), *again]

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One area; for the interval what was judged is resampled, not the fits."""
        name = self.outputs[0].name
        n = min(len(candidate), len(reference), self.most)
        made = candidate.x[context.some(n, len(candidate), name, "samples")]
        real = reference.x[context.some(n, len(reference), name, "reals")]
        drawn = (context.resamples(n, f"{name} {side}") for side in ("reals", "samples"))
        value, *again = self.areas(self.odds(real, made, context), *drawn)
        return {name: MetricValue(max(value, 0.5), tuple(again))}


def c2st_spec(
    name: str, title: str, how_well: str, *, judge: str, most: str, more: str = ""
) -> MetricSpec:
    """What a classifier two-sample test gives.

    Args:
        name: of the number.
        title: its name in words.
        how_well: "How well …": who tells what from what, by what.
        judge: the judge in the protocol.
        most: how many of what it sees at most.
        more: a further sentence for the report.
    """
    return MetricSpec(
        name=name,
        title=title,
        better="lower",
        meaning=f"{how_well}: the chance that a sample looks more made than a real does. "
        f"0.5 is chance, 1 is always. {more}".strip(),
        source=SOURCE,
        protocol=f"AUC, {judge}, {NUM_FOLDS} folds, up to {most} each",
        extractor=False,
        limits=(0.5, 1.0),
    )
