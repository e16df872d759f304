"""The Fréchet distance between two sets of features, each modelled as a Gaussian.

Dowson and Landau, "The Fréchet distance between multivariate normal distributions", 1982; for
images: Heusel et al., "GANs trained by a two time-scale update rule", NeurIPS 2017 (FID). It is
called FID only where the features are the published ones.

Where we deviate: for the interval no distance is computed again from resampled rows. To first order
a distance is the sum of what each row adds to it, so what the rows add is resampled (Efron, "The
jackknife, the bootstrap and other resampling plans", 1982, chapter 6). With 2,048 features that
costs one more decomposition in place of one for each replicate. It is nearer to the truth, too: a
row drawn twice adds no spread to the cloud, so distances of resampled rows scatter too widely
wherever there are not many more rows than features.
"""

from collections.abc import Iterator, Mapping
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

_ROWS = 4_096
"""Features that are held in float64 at once."""


class FeatureMoments:
    """Mean and covariance of a stream of features, accumulated in float64.

    Batches may come in any size; the result is the same up to rounding.
    """

    def __init__(self, num_features: int) -> None:
        self.count = 0
        self._sum = torch.zeros(num_features, dtype=torch.float64)
        self._outer = torch.zeros(num_features, num_features, dtype=torch.float64)
        self._shift: Tensor | None = None

    def update(self, features: Tensor) -> "FeatureMoments":
        """Add features `[N, F]`."""
        for piece in features.split(_ROWS):
            x = piece.double()
            if self._shift is None:  # keeps sums small where the mean is far from zero
                self._shift = x.mean(dim=0)
            x = x - self._shift
            self.count += len(x)
            self._sum += x.sum(dim=0)
            self._outer.addmm_(x.T, x)
        return self

    @property
    def mean(self) -> Tensor:
        """The mean, `[F]`."""
        if self._shift is None:
            raise ValueError("no features were given")
        return self._shift + self._sum / self.count

    @property
    def covariance(self) -> Tensor:
        """The unbiased covariance, `[F, F]`."""
        centred = self._outer - torch.outer(self._sum, self._sum) / self.count
        return centred / max(self.count - 1, 1)


def frechet_distance(a: FeatureMoments, b: FeatureMoments) -> float:
    """‖μ₁ - μ₂‖² + tr(Σ₁ + Σ₂ - 2(Σ₁Σ₂)^½), at least 0.

    >>> a = FeatureMoments(1).update(torch.tensor([[0.0], [2.0]]))
    >>> b = FeatureMoments(1).update(torch.tensor([[3.0], [5.0]]))
    >>> round(frechet_distance(a, b), 9)
    9.0
    """
    root = _square_root(b.covariance)
    return _distance(a, b, torch.linalg.eigvalsh(root @ a.covariance @ root))


def narrowed(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Features with the same distance, of no more columns than there are rows.

    Nothing lies outside what the rows span, and a distance does not change when axes are turned. So
    pixels, which are many, are no dearer than the samples that they are of.

    Args:
        a: features `[N, F]`.
        b: others, `[M, F]`.

    Returns:
        Both as they are where F is N + M or less, and otherwise float64 `[N, N + M]` and
        `[M, N + M]`.
    """
    if a.shape[1] <= len(a) + len(b):
        return a, b
    rows = torch.cat([a, b]).double()
    middle = rows.mean(0)
    basis = torch.linalg.qr((rows - middle).T).Q
    found = (rows - middle) @ basis
    return found[: len(a)], found[len(a) :]


def influences(
    features: Tensor, of: FeatureMoments, target: FeatureMoments
) -> tuple[float, Tensor]:
    """The distance from `of` to `target`, and what each row of `features` adds to it.

    With T the matrix that carries the one Gaussian onto the other, a row x of `of` adds
    2(x - μ₁)·(μ₁ - μ₂) + (x - μ₁)ᵀ(1 - T)(x - μ₁): the derivative of the distance by the weight of
    the row, up to a constant. Where there are no more rows than features, T acts on what they span.

    Args:
        features: rows `[N, F]` that `of` was made from.
        of: their moments.
        target: the moments of other features.

    Returns:
        The distance, and float64 `[N]` with mean 0.
    """
    root = _square_root(target.covariance)
    values, vectors = torch.linalg.eigh(root @ of.covariance @ root)
    least = values.max() * len(values) * torch.finfo(values.dtype).eps
    inverse = torch.where(values > least, values.clamp_min(least).rsqrt(), 0.0)
    carry = root @ (vectors * inverse) @ vectors.T @ root
    gap = 2 * (of.mean - target.mean)

    def added() -> Iterator[Tensor]:
        for piece in features.split(_ROWS):
            x = piece.double() - of.mean
            yield x @ gap + x.square().sum(1) - ((x @ carry) * x).sum(1)

    each = torch.cat(list(added()))
    return _distance(of, target, values), each - each.mean()


def _distance(a: FeatureMoments, b: FeatureMoments, values: Tensor) -> float:
    """The distance, from the eigenvalues of Σ₂^½Σ₁Σ₂^½."""
    cross = values.clamp_min(0).sqrt().sum()
    gap = (a.mean - b.mean).square().sum()
    trace = a.covariance.trace() + b.covariance.trace()
    return max(float(gap + trace - 2 * cross), 0.0)


def _square_root(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp_min(0).sqrt()) @ vectors.T


@metric
class FrechetDistance(Metric):
    """How far the samples' features are from the reals', both modelled as Gaussians.

    Not for points: a ring and the square around it have the same mean and covariance.
    """

    least: ClassVar[int] = 10
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="frechet_distance",
            title="Fréchet distance",
            better="lower",
            meaning="How far the cloud of samples lies from the cloud of reals, in position and "
            "in spread. Fewer samples make it larger, so compare it only at the same N.",
            source="Heusel et al. 2017, arXiv:1706.08500",
        ),
    )

    @classmethod
    def suits(cls, space: Space) -> bool:
        """All but points."""
        return space.axes > 0 or space.discrete

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One distance; for the interval, what the candidate's rows add to it is resampled."""
        made, real = narrowed(candidate.features, reference.features)
        target = FeatureMoments(real.shape[1]).update(real)
        moments = FeatureMoments(made.shape[1]).update(made)
        if not context.replicates:
            return {"frechet_distance": MetricValue(frechet_distance(moments, target))}
        value, each = influences(made, moments, target)
        draws = context.resamples(len(candidate), "frechet")
        replicates = tuple(value + float(each[rows].mean()) for rows in draws)
        return {"frechet_distance": MetricValue(value, replicates)}
