"""How much samples differ from one another, relative to how much reals do."""

from collections.abc import Mapping
from math import sqrt
from typing import ClassVar

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
from zerosum.spaces import Space


def mean_square_spread(features: Tensor, weights: Tensor | None = None) -> float:
    """Mean squared distance of rows `[N, F]` from their mean: the trace of their covariance.

    It is half the mean squared distance between two rows. `weights` `[N]` says how often each
    counts.

    >>> mean_square_spread(torch.tensor([[0.0, 0.0], [2.0, 0.0]]))
    1.0
    """
    x = features.double()
    count = torch.ones(len(x), dtype=torch.float64) if weights is None else weights.double()
    mean = count @ x / count.sum()
    return float(count @ (x - mean).square().sum(dim=1) / count.sum())


@metric
class Diversity(Metric):
    """The spread of features, as a share of the reals'.

    Not for tables: it sees columns one by one only, and `column_shapes` sees more of them.
    """

    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="feature_spread",
            title="Feature spread",
            better="one",
            meaning="How far two samples lie apart, on the root mean square, as a share of how far "
            "two reals do. Below 1 samples are too alike, as where a model collapses; above 1 they "
            "differ more than reals do, as noise does.",
            source="root of the ratio of traces of covariances",
        ),
    )

    @classmethod
    def suits(cls, space: Space) -> bool:
        """All but codes, such as rows of tables."""
        return space.axes > 0 or not space.discrete

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One ratio; for the interval the candidate is resampled."""
        real = mean_square_spread(reference.features)

        def ratio(weights: Tensor | None = None) -> float:
            spread = mean_square_spread(candidate.features, weights)
            # Reals that are all alike have nothing to compare with but samples that are, too.
            return sqrt((spread + 1e-12) / (real + 1e-12))

        n = len(candidate)
        rows = context.resamples(n, "diversity")
        replicates = tuple(ratio(torch.bincount(some, minlength=n)) for some in rows)
        return {"feature_spread": MetricValue(ratio(), replicates)}
