"""Are the columns of a table distributed as the reals' are, each by itself?

The complement of the Kolmogorov-Smirnov statistic for numbers and moments, and of the total
variation for categories: Massey, "The Kolmogorov-Smirnov test for goodness of fit", JASA 1951. The
mean over columns is what the library sdmetrics calls column shapes, and the same number.
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

_DECIMALS = 14
"""Numbers that agree in so many decimals are the same."""


def column_shape(real: np.ndarray, synthetic: np.ndarray, *, categorical: bool) -> float:
    """How alike a column `[N]` and another `[M]` are distributed: 1 where just so, 0 at worst.

    Missing values (NaN) are ignored; NaN if all are missing.

    >>> column_shape(np.array([0.0, 0, 1, 1]), np.array([0.0, 1, 1, 1]), categorical=True)
    0.75
    """
    return float(shapes_of(real, synthetic, np.ones((1, len(synthetic))), categorical)[0])


def column_shapes(real: np.ndarray, synthetic: np.ndarray, fields: Sequence[Field]) -> np.ndarray:
    """`column_shape` of every column of values `[N, D]` and `[M, D]`, `[D]`."""
    each = [
        column_shape(real[:, i], synthetic[:, i], categorical=bool(field.categories))
        for i, field in enumerate(fields)
    ]
    return np.array(each)


def shapes_of(
    real: np.ndarray, synthetic: np.ndarray, weights: np.ndarray, categorical: bool
) -> np.ndarray:
    """`column_shape`, `[R]`, with rows of `synthetic` that count `weights` `[R, M]` times."""
    known = ~np.isnan(synthetic)
    real, synthetic, weights = real[~np.isnan(real)], synthetic[known], weights[:, known]
    mass = weights.sum(1)
    if not len(real) or not mass.all():
        return np.full(len(weights), np.nan)
    if categorical:
        return 1 - total_variation(*together(real, synthetic), weights)
    values = np.concatenate([real, synthetic]).round(_DECIMALS)
    order = np.argsort(values, kind="stable")
    ends = np.append(np.diff(values[order]) > 0, True)  # steps are compared after all their ties
    behind = np.concatenate([np.full(len(real), 1 / len(real)), np.zeros(len(synthetic))])
    share = np.concatenate([np.zeros((len(weights), len(real))), weights / mass[:, None]], axis=1)
    gap = np.cumsum(share[:, order], axis=1) - np.cumsum(behind[order])
    return 1 - np.abs(gap[:, ends]).max(axis=1)


def together(real: np.ndarray, synthetic: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The values of both as whole numbers from 0, equal where values are; NaN is a value too."""
    _, codes = np.unique(np.concatenate([real, synthetic]), return_inverse=True)
    return codes[: len(real)], codes[len(real) :]


def total_variation(real: np.ndarray, synthetic: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Half the sum of differences between shares, `[R]`, for codes `[N]` and `[M]`."""
    size = 1 + max(real.max(initial=0), synthetic.max(initial=0))
    theirs = np.bincount(real, minlength=size) / len(real)
    gaps = [
        np.abs(np.bincount(synthetic, each, minlength=size) / each.sum() - theirs).sum() / 2
        for each in weights
    ]
    return np.array(gaps)


@metric
class ColumnShapes(RowMeasure):
    """The mean over all columns."""

    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="column_shapes",
            title="Column shapes",
            better="higher",
            meaning="How alike columns are distributed among samples and reals, each by itself, on "
            "average: 1 is just so. The baseline draws columns from reals, so it does well here.",
            source="Kolmogorov-Smirnov and total variation complements, as in sdmetrics",
            extractor=False,
            limits=(0.0, 1.0),
        ),
    )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One mean; for the interval the candidate is resampled."""
        weights = drawn_again(context, len(candidate), "column shapes")
        return {"column_shapes": reading_of(mean_shapes(candidate, reference, context, weights))}


def mean_shapes(
    candidate: SampleSet, reference: SampleSet, context: MetricContext, weights: np.ndarray
) -> np.ndarray:
    """The mean over columns of `shapes_of`, `[R]`."""
    made, real = values_of(candidate), values_of(reference)
    each = [
        shapes_of(real[:, i], made[:, i], weights, bool(field.categories))
        for i, field in enumerate(fields_of(context))
    ]
    return mean_of_known(np.stack(each))
