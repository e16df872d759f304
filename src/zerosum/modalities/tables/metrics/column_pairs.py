"""Do the columns of a table hang together as the reals' do, two at a time?

For two numbers, how near the correlations are; for every other pair, the complement of the total
variation of the contingency tables, with numbers cut into ten bins. The mean over pairs that hang
together among reals is what the library sdmetrics calls column pair trends, and the same number
(version 0.32). Older versions, such as 0.25, take all pairs; so does a newer one whose thresholds
are set to 0.

As there, and unlike what one might expect: bins are of equal width over each side's *own* range, so
that an extreme sample shifts them all; and a number that is missing counts with the largest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
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
from zerosum.modalities.tables.metrics.shapes import mean_shapes, together, total_variation

NUM_BINS = 10

LEAST_CORRELATION, LEAST_ASSOCIATION = 0.5, 0.3
"""Pairs hang together where reals' numbers correlate by more, or else their Cramér's V is more."""

_CELLS = 100_000
"""Cells of a contingency table that are counted even where they are empty, at most."""


@dataclass(frozen=True)
class Column:
    """One column of both sides, ready to be paired.

    Attributes:
        categorical: whether it holds categories.
        real: values `[N]`.
        synthetic: values `[M]`.
        real_codes: categories or bins of values, from 0.
        synthetic_codes: those of the other side.
        varies: whether both sides have different values.
    """

    categorical: bool
    real: np.ndarray
    synthetic: np.ndarray
    real_codes: np.ndarray
    synthetic_codes: np.ndarray
    varies: bool

    @classmethod
    def of(cls, real: np.ndarray, synthetic: np.ndarray, *, categorical: bool) -> "Column":
        """With its codes."""
        sides = real, synthetic
        codes = together(*sides) if categorical else (_bins(real), _bins(synthetic))
        varies = all(len(np.unique(side[~np.isnan(side)])) > 1 for side in sides)
        return cls(categorical, *sides, *codes, varies)


@dataclass(frozen=True)
class Pair:
    """What two columns have to do with each other, on both sides.

    Attributes:
        trend: how alike it is, `[R]`; NaN if not known.
        real: correlation of the reals' numbers, or Cramér's V of categories and bins.
        synthetic: that of the other side, `[R]`.
        associated: whether it is much among reals.
    """

    trend: np.ndarray
    real: float
    synthetic: np.ndarray
    associated: bool


def pair_trend(
    real_a: np.ndarray,
    real_b: np.ndarray,
    synthetic_a: np.ndarray,
    synthetic_b: np.ndarray,
    *,
    categorical: tuple[bool, bool],
) -> float:
    """How alike two columns `[N]` and two others `[M]` hang together: 1 where just so, 0 at worst.

    NaN where numbers are all the same, so that they correlate with nothing.

    >>> a, b = np.array([0.0, 0, 1, 1]), np.array([0.0, 1, 0, 1])
    >>> pair_trend(a, a, a, b, categorical=(True, True))
    0.5
    """
    a = Column.of(real_a, synthetic_a, categorical=categorical[0])
    b = Column.of(real_b, synthetic_b, categorical=categorical[1])
    return float(pair_of(a, b, np.ones((1, len(synthetic_a)))).trend[0])


def columns_of(
    real: np.ndarray, synthetic: np.ndarray, fields: Sequence[Field]
) -> tuple[Column, ...]:
    """The columns of values `[N, D]` and `[M, D]`."""
    return tuple(
        Column.of(real[:, i], synthetic[:, i], categorical=bool(field.categories))
        for i, field in enumerate(fields)
    )


def pair_of(a: Column, b: Column, weights: np.ndarray) -> Pair:
    """A pair, with rows of the synthetic side that count `weights` `[R, M]` times."""
    if not a.categorical and not b.categorical:
        ones = np.ones((1, len(a.real)))
        real = float(_correlation(a.real, b.real, ones)[0])
        synthetic = _correlation(a.synthetic, b.synthetic, weights)
        trend = 1 - np.abs(synthetic - real) / 2
        if not a.varies or not b.varies:
            trend[:] = np.nan
        return Pair(trend, real, synthetic, abs(real) > LEAST_CORRELATION)
    (real_a, made_a), (real_b, made_b) = (
        (column.real_codes, column.synthetic_codes) for column in (a, b)
    )
    width = 1 + max(real_b.max(initial=0), made_b.max(initial=0))
    height = 1 + max(real_a.max(initial=0), made_a.max(initial=0))
    joint = real_a * width + real_b, made_a * width + made_b
    if width * height > _CELLS:
        joint = together(*joint)
    ones = np.ones((1, len(real_a)))
    trend, real = 1 - total_variation(*joint, weights), _cramer(real_a, real_b, joint[0], ones)
    synthetic = _cramer(made_a, made_b, joint[1], weights)
    return Pair(trend, float(real[0]), synthetic, float(real[0]) > LEAST_ASSOCIATION)


def _bins(values: np.ndarray) -> np.ndarray:
    """Ten bins of equal width over the range of values, from 0; above them the largest and NaN."""
    edges = np.histogram_bin_edges(values[~np.isnan(values)], bins=NUM_BINS)
    return np.digitize(values, edges) - 1


def _correlation(a: np.ndarray, b: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Pearson's r of rows in which neither is missing, `[R]`; NaN where one does not vary."""
    known = ~np.isnan(a) & ~np.isnan(b)
    a, b, weights = a[known], b[known], weights[:, known]
    mass = weights.sum(1)
    if len(a) < 2 or not mass.all() or a.min() == a.max() or b.min() == b.max():
        return np.full(len(weights), np.nan)
    a, b = (a - a.mean()) / a.std(), (b - b.mean()) / b.std()
    moments = weights @ np.stack([a, b, a * a, b * b, a * b], axis=1) / mass[:, None]
    mean_a, mean_b, aa, bb, ab = moments.T
    spread = (aa - mean_a**2) * (bb - mean_b**2)
    with np.errstate(invalid="ignore"):
        r = (ab - mean_a * mean_b) / np.sqrt(np.where(spread > 1e-18, spread, np.nan))
    return np.clip(r, -1, 1)


def _cramer(a: np.ndarray, b: np.ndarray, joint: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Cramér's V of codes `[N]` with their joint codes, `[R]`; 0 where one of them does not vary.

    φ² = Σ n_ij² / (n_i n_j) - 1, over the cells that hold rows.
    """
    levels = min(len(np.unique(a)), len(np.unique(b))) - 1
    if levels < 1:
        return np.zeros(len(weights))
    cells, first, at = np.unique(joint, return_index=True, return_inverse=True)
    found = []
    for each in weights:
        rows, columns = np.bincount(a, each), np.bincount(b, each)
        count = np.bincount(at, each, minlength=len(cells))
        apart = rows[a[first]] * columns[b[first]]
        phi = (count**2 / np.where(apart > 0, apart, 1)).sum() - 1
        found.append(np.sqrt(max(phi, 0.0) / levels))
    return np.minimum(found, 1.0)


_SOURCE = "correlation and contingency similarity, as in sdmetrics"
_PROTOCOL = f"{NUM_BINS} bins"
_ASSOCIATED = f"{_PROTOCOL}, |r| > {LEAST_CORRELATION} or V > {LEAST_ASSOCIATION}"


@metric
class PairTrends(RowMeasure):
    """Means over pairs of columns, and the quality that shapes and trends make together."""

    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="pair_trends",
            title="Pair trends",
            better="higher",
            meaning="How alike two columns hang together among samples and reals, on average over "
            "the pairs that have much to do with each other among reals: 1 is just so.",
            source=_SOURCE,
            protocol=_ASSOCIATED,
            extractor=False,
            limits=(0.0, 1.0),
        ),
        MetricSpec(
            name="all_pair_trends",
            title="All pair trends",
            better="higher",
            meaning="The same over all pairs, those that have little to do with each other too.",
            source=_SOURCE,
            protocol=_PROTOCOL,
            extractor=False,
            limits=(0.0, 1.0),
        ),
        MetricSpec(
            name="quality",
            title="Quality",
            better="higher",
            meaning="The mean of column shapes and pair trends (of the former alone where no pair "
            "hangs together): one number that other libraries give too. It sees no more than two "
            "columns at a time, so a high one is needed and not enough.",
            source="the quality score of sdmetrics 0.32",
            protocol=_ASSOCIATED,
            extractor=False,
            limits=(0.0, 1.0),
        ),
        MetricSpec(
            name="correlation_difference",
            title="Correlation difference",
            better="lower",
            meaning="How far correlations among samples are from those among reals, on average "
            "over pairs: Pearson's r of two numbers, else Cramér's V, with numbers in bins.",
            source="Pearson correlation; Cramér 1946, Mathematical Methods of Statistics",
            protocol=_PROTOCOL,
            extractor=False,
            limits=(0.0, 2.0),
        ),
    )

    def applies(self, samples: SampleSet, reference: SampleSet, context: MetricContext) -> bool:
        """Where there are two columns."""
        return len(fields_of(context)) > 1

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """Means; for the intervals the candidate is resampled. No pair trends where none hangs."""
        weights = drawn_again(context, len(candidate), "pair trends")
        columns = columns_of(values_of(reference), values_of(candidate), fields_of(context))
        pairs: list[Pair] = []
        count = len(columns) * (len(columns) - 1) // 2
        for i, (a, b) in enumerate(combinations(columns, 2)):
            pairs.append(pair_of(a, b, weights))
            if context.tick is not None:
                context.tick("pairs of columns", i + 1, count)
        found = {
            "all_pair_trends": mean_of_known(np.stack([pair.trend for pair in pairs])),
            "quality": mean_shapes(candidate, reference, context, weights),
            "correlation_difference": mean_of_known(
                np.stack([np.abs(pair.synthetic - pair.real) for pair in pairs])
            ),
        }
        associated = [pair.trend for pair in pairs if pair.associated]
        if associated:
            found["pair_trends"] = mean_of_known(np.stack(associated))
            both = np.stack([found["quality"], found["pair_trends"]])
            found["quality"] = mean_of_known(both)
        return {name: reading_of(each) for name, each in found.items()}
