"""Can a classifier distinguish samples from reals?

Lopez-Paz and Oquab, "Revisiting classifier two-sample tests", ICLR 2017, arXiv:1610.06545 (C2ST).

Two judges, since a weak one flatters: a linear one sees where features lie on average; one with
boosted trees sees spreads, dependences and rare values too. We deviate in that every row is judged
once, by a classifier that was fitted on the other folds; and what is below one half counts as one
half: a judge that errs more often than a coin knows nothing.
"""

import warnings
from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from zerosum.evaluation.metrics.base import (
    Metric,
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
    metric,
)
from zerosum.evaluation.metrics.c2st import NUM_FOLDS, SOURCE, cross_fitted
from zerosum.spaces import Space

MOST_ROWS = 2_000
"""Rows of each side that the judges see at most."""

MOST_FEATURES = 128
"""Features that the trees see at most: those in which the rows they learn from differ most."""

NUM_TREES = 60
"""Boosted trees of the strong judge."""

Judge = Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]
"""From training rows, their sides (0 or 1), other rows and a seed to the sides of the others."""


def told_apart(a: Tensor, b: Tensor, judge: Judge, *, seed: int) -> Tensor:
    """Whether each row of `a` and `b`, both `[N, F]`, is classified correctly, float64 `[2, N]`.

    The rows should be in random order. Every fold holds as many of `a` as of `b`.

    >>> a, b = torch.zeros(6, 1), torch.ones(6, 1)
    >>> told_apart(a, b, linear_judge, seed=0).mean().item()
    1.0
    """
    first, second = torch.stack([a, b]).double().numpy()
    said = cross_fitted(first, second, lambda x, sides, asked: judge(x, sides, asked, seed))
    return torch.from_numpy(said == [[0], [1]]).double()


def linear_judge(x: np.ndarray, sides: np.ndarray, asked: np.ndarray, seed: int) -> np.ndarray:
    """Logistic regression on standardised features."""
    return _line(x, sides, asked, seed) > 0


def strong_judge(x: np.ndarray, sides: np.ndarray, asked: np.ndarray, seed: int) -> np.ndarray:
    """Gradient-boosted trees on at most 128 features, and the linear judge; their log-odds add up.

    Trees alone see a small shift of many features less well than a line does.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    kept = _most_different(x[sides == 0], x[sides == 1])
    trees = HistGradientBoostingClassifier(
        learning_rate=0.15, max_iter=NUM_TREES, max_leaf_nodes=16, random_state=seed
    ).fit(x[:, kept], sides)
    return trees.decision_function(asked[:, kept]) + _line(x, sides, asked, seed) > 0


def _line(x: np.ndarray, sides: np.ndarray, asked: np.ndarray, seed: int) -> np.ndarray:
    """Log-odds of side 1 by logistic regression."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    # A feature that varies little here may vary in the other rows; it must not outweigh all.
    deviation = x.std(axis=0)
    scale = np.maximum(deviation, 1e-2 * deviation.mean() + 1e-12)
    model = LogisticRegression(max_iter=100, random_state=seed)
    with warnings.catch_warnings():
        # Where sides are apart, weights grow without end, and the answers stay the same.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit((x - x.mean(axis=0)) / scale, sides)
    return model.decision_function((asked - x.mean(axis=0)) / scale)


def _most_different(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Features in which two sides differ most, in mean or in spread."""
    both = np.concatenate([a, b]).std(axis=0) + 1e-12
    place = np.abs(a.mean(axis=0) - b.mean(axis=0)) / both
    spread = np.abs(a.std(axis=0) - b.std(axis=0)) / both
    order = np.argsort(-np.maximum(place, spread), kind="stable")
    return np.sort(order[:MOST_FEATURES])


class _TwoSample(Metric):
    least: ClassVar[int] = 20
    judge: ClassVar[Judge]

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One accuracy; for the interval the judged rows are resampled, not the fits."""
        name = self.outputs[0].name
        n = min(len(candidate), len(reference), MOST_ROWS)
        a = candidate.rows(context.some(n, len(candidate), name, "samples"))
        b = reference.rows(context.some(n, len(reference), name, "reals"))
        judge = type(self).judge
        right = told_apart(_shown(a, context), _shown(b, context), judge, seed=context.seed % 2**32)
        draws = context.resamples(n, name, "samples"), context.resamples(n, name, "reals")
        accuracies = tuple(
            float(right[0][some].mean() + right[1][others].mean()) / 2
            for some, others in zip(*draws, strict=True)
        )
        return {name: MetricValue(max(float(right.mean()), 0.5), accuracies)}


def _shown(exhibit: SampleSet, context: MetricContext) -> Tensor:
    """What the judge sees: features; of samples that are magnitudes these too, if they are few."""
    if context.space.discrete or context.space.axes:
        return exhibit.features
    raw = context.space.to_model(exhibit.x).flatten(1).float()
    known = raw.shape == exhibit.features.shape and raw.allclose(exhibit.features)
    return raw if known else torch.cat([raw, exhibit.features], dim=1)


_PROTOCOL = f"{NUM_FOLDS} folds, up to {MOST_ROWS} rows each"


@metric
class C2stLinear(_TwoSample):
    """The weak judge."""

    judge = staticmethod(linear_judge)
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="c2st_linear",
            title="C2ST linear",
            better="lower",
            meaning="How often a linear classifier separates samples from reals: 0.5 is chance, 1 "
            "always. It sees where samples lie on average; a spread that is wrong escapes it, so "
            "believe the strong judge first.",
            source=SOURCE,
            protocol=f"logistic regression, {_PROTOCOL}",
            limits=(0.5, 1.0),
        ),
    )


@metric
class C2stStrong(_TwoSample):
    """The strong judge; tables have `c2st_boosted`, which knows categories."""

    judge = staticmethod(strong_judge)
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="c2st_strong",
            title="C2ST strong",
            better="lower",
            meaning="How often boosted trees and a linear classifier separate samples from reals: "
            "0.5 is chance, 1 is always. It finds any difference that shows in the features, even "
            "one that matters to nobody.",
            source=SOURCE,
            protocol=f"boosted trees + logistic regression, {_PROTOCOL}",
            limits=(0.5, 1.0),
        ),
    )

    @classmethod
    def suits(cls, space: Space) -> bool:
        """All but codes, such as rows of tables."""
        return space.axes > 0 or not space.discrete
