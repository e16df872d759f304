"""How much of the reals' values do samples reach, and do they stray beyond?

Outliers as by Liu, Ting and Zhou, "Isolation forest", ICDM 2008, and by Tukey, "Exploratory data
analysis", 1977 (fences at 1.5 interquartile ranges). Both are shares over the reals' own: data
has outliers, and samples should have as many.
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
    drawn_again,
    fields_of,
    mean_of_known,
    reading_of,
    values_of,
)

ISOLATED = 0.05
"""Share of the reals that counts as isolated."""

_FENCE = 1.5
_MOST_ROWS = 10_000


def category_coverage(
    real: np.ndarray, synthetic: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Share of the reals' categories `[N]` that occur among the others `[M]`, `[R]`.

    >>> category_coverage(np.array([0.0, 1, 2, np.nan]), np.array([0.0, 2, 5]))
    array([0.66666667])
    """
    weights = np.ones((1, len(synthetic))) if weights is None else weights
    wanted = np.unique(real[~np.isnan(real)])
    if not len(wanted):
        return np.full(len(weights), np.nan)
    at = np.searchsorted(wanted, synthetic).clip(max=len(wanted) - 1)
    there = wanted[at] == synthetic
    found = [np.bincount(at[there & (each > 0)], minlength=len(wanted)) > 0 for each in weights]
    return np.mean(found, axis=1)


def range_coverage(
    real: np.ndarray, synthetic: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Share of the reals' numbers `[N]` that lie in the range of the others `[M]`, `[R]`.

    >>> range_coverage(np.array([0.0, 1, 2, 3]), np.array([0.5, 2.5]))
    array([0.5])
    """
    weights = np.ones((1, len(synthetic))) if weights is None else weights
    known = np.sort(real[~np.isnan(real)])
    if not len(known):
        return np.full(len(weights), np.nan)
    shares = []
    for each in weights:
        made = synthetic[(each > 0) & ~np.isnan(synthetic)]
        ends = (made.min(), made.max()) if len(made) else (np.inf, -np.inf)
        inside = (known >= ends[0]) & (known <= ends[1])
        shares.append(inside.mean())
    return np.array(shares)


def outside_fences(real: np.ndarray, values: np.ndarray, fields: Sequence[Field]) -> np.ndarray:
    """Which rows `[M, D]` have a number beyond the fences of the reals `[N, D]`, bool `[M]`."""
    beyond = np.zeros(len(values), bool)
    for i, field in enumerate(fields):
        known = real[~np.isnan(real[:, i]), i]
        if field.categories or not len(known):
            continue
        low, high = np.quantile(known, [0.25, 0.75])
        reach = _FENCE * (high - low)
        beyond |= (values[:, i] < low - reach) | (values[:, i] > high + reach)
    return beyond


def _beside(hits: np.ndarray, own: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The share of hits `[M]` as a multiple of the reals' own `[N]`, `[R]`; each has one more.

    So the multiple is finite where reals have none.
    """
    share = (weights @ hits + 1) / (weights.sum(1) + 1)
    return share / ((own.sum() + 1) / (len(own) + 1))


def _some_column(context: MetricContext, *, categorical: bool) -> bool:
    return any(bool(field.categories) is categorical for field in fields_of(context))


class _Coverage(RowMeasure):
    categorical: ClassVar[bool]

    def applies(self, samples: SampleSet, reference: SampleSet, context: MetricContext) -> bool:
        """Where there is such a column."""
        return _some_column(context, categorical=self.categorical)

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """The mean over columns; for the interval the candidate is resampled."""
        name = self.outputs[0].name
        covered = category_coverage if self.categorical else range_coverage
        weights = drawn_again(context, len(candidate), name)
        made, real = values_of(candidate), values_of(reference)
        each = [
            covered(real[:, i], made[:, i], weights)
            for i, field in enumerate(fields_of(context))
            if bool(field.categories) is self.categorical
        ]
        return {name: reading_of(mean_of_known(np.stack(each)))}


@metric
class CategoryCoverage(_Coverage):
    """Whether all categories are made."""

    categorical = True
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="category_coverage",
            title="Category coverage",
            better="higher",
            meaning="Share of the reals' categories that occur among samples, on average over "
            "columns. Where rare categories are protected it is below 1 on purpose.",
            source="set of categories, those that are missing left out",
            extractor=False,
            limits=(0.0, 1.0),
        ),
    )


@metric
class RangeCoverage(_Coverage):
    """Whether numbers are as small and as large as the reals'."""

    categorical = False
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="range_coverage",
            title="Range coverage",
            better="higher",
            meaning="Share of the reals' numbers that lie between the smallest and the largest of "
            "the samples, on average over columns. Where extreme values are protected it is a "
            "little below 1 on purpose.",
            source="empirical distribution at the ends of the samples' range",
            extractor=False,
            limits=(0.0, 1.0),
        ),
    )


@metric
class OutsideFences(RowMeasure):
    """Numbers far from the middle."""

    least: ClassVar[int] = 20
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="outliers_in_columns",
            title="Outliers in columns",
            better="one",
            meaning="How many samples have an extreme number in some column, as a multiple of how "
            "many reals do. Below 1 extremes are missing; above 1 there are too many.",
            source="Tukey 1977: 1.5 interquartile ranges beyond the quartiles of the reals",
            extractor=False,
        ),
    )

    def applies(self, samples: SampleSet, reference: SampleSet, context: MetricContext) -> bool:
        """Where there are numbers."""
        return _some_column(context, categorical=False)

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One ratio; for the interval the candidate is resampled."""
        real, fields = values_of(reference), fields_of(context)
        hits = outside_fences(real, values_of(candidate), fields)
        own = outside_fences(real, real, fields)
        weights = drawn_again(context, len(candidate), "outliers_in_columns")
        return {"outliers_in_columns": reading_of(_beside(hits, own, weights))}


@metric
class Isolated(RowMeasure):
    """Rows that are unusual as a whole."""

    least: ClassVar[int] = 20
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="outliers_in_rows",
            title="Outliers in rows",
            better="one",
            meaning="How many samples are unusual as a whole, as a multiple of how many reals are: "
            "rows as isolated as the 5 % of reals that are most so. Above 1 values are combined "
            "that do not go together; below 1 what is unusual is not made.",
            source="Liu, Ting and Zhou 2008, isolation forest; threshold from reals it never saw",
            protocol="half of the reals for the forest, half for the threshold",
        ),
    )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One ratio; for the interval the candidate is resampled, not the forest."""
        from sklearn.ensemble import IsolationForest

        real = reference.features[context.some(_MOST_ROWS, len(reference), "isolated")].numpy()
        half = len(real) // 2
        forest = IsolationForest(random_state=context.seed % 2**32).fit(real[:half])
        threshold = np.quantile(forest.score_samples(real[half:]), ISOLATED)
        hits = forest.score_samples(candidate.features.numpy()) <= threshold
        own = forest.score_samples(real[half:]) <= threshold
        weights = drawn_again(context, len(candidate), "outliers_in_rows")
        return {"outliers_in_rows": reading_of(_beside(hits, own, weights))}
