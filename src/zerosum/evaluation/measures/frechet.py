"""The Fréchet distance between two sets of features, each taken for a Gaussian.

Dowson and Landau, "The Fréchet distance between multivariate normal distributions", 1982; for
pictures: Heusel et al., "GANs trained by a two time-scale update rule", NeurIPS 2017 (FID). It is
called FID only where the features are the published ones.
"""

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from zerosum.evaluation.measure import Bench, Exhibit, Measure, Output, Reading, measure


class Moments:
    """Mean and covariance of a stream of features, accumulated in float64.

    Batches may come in any size; the result is the same up to rounding.
    """

    def __init__(self, num_features: int) -> None:
        self.count = 0.0
        self._sum = torch.zeros(num_features, dtype=torch.float64)
        self._outer = torch.zeros(num_features, num_features, dtype=torch.float64)
        self._shift: Tensor | None = None

    def update(self, features: Tensor, weights: Tensor | None = None) -> "Moments":
        """Take in features `[N, F]`, each counted `weights` `[N]` times."""
        x = features.double()
        if self._shift is None:  # keeps sums small where the mean is far from zero
            self._shift = x.mean(dim=0)
        x = x - self._shift
        weighted = x if weights is None else x * weights.double()[:, None]
        self.count += len(x) if weights is None else float(weights.sum())
        self._sum += weighted.sum(dim=0)
        self._outer += weighted.T @ x
        return self

    @property
    def mean(self) -> Tensor:
        """`[F]`."""
        if self._shift is None:
            raise ValueError("no features were given")
        return self._shift + self._sum / self.count

    @property
    def covariance(self) -> Tensor:
        """The unbiased covariance, `[F, F]`."""
        centred = self._outer - torch.outer(self._sum, self._sum) / self.count
        return centred / max(self.count - 1, 1)


def frechet_distance(a: Moments, b: Moments) -> float:
    """‖μ₁ - μ₂‖² + tr(Σ₁ + Σ₂ - 2(Σ₁Σ₂)^½), at least 0.

    >>> a = Moments(1).update(torch.tensor([[0.0], [2.0]]))
    >>> b = Moments(1).update(torch.tensor([[3.0], [5.0]]))
    >>> round(frechet_distance(a, b), 9)
    9.0
    """
    root = _square_root(a.covariance)
    values = torch.linalg.eigvalsh(root @ b.covariance @ root)
    cross = values.clamp_min(0).sqrt().sum()
    gap = (a.mean - b.mean).square().sum()
    trace = a.covariance.trace() + b.covariance.trace()
    return max(float(gap + trace - 2 * cross), 0.0)


def _square_root(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp_min(0).sqrt()) @ vectors.T


@measure
class FrechetDistance(Measure):
    """How far the samples' features are from the reals', both taken for Gaussians.

    Not for points: a ring and the square around it have the same mean and covariance.
    """

    spaces: ClassVar[tuple[str, ...]] = ("image",)
    least: ClassVar[int] = 10
    outputs: ClassVar[tuple[Output, ...]] = (
        Output(
            name="frechet_distance",
            better="lower",
            meaning="How far the cloud of samples lies from the cloud of reals, in position and "
            "in spread. Fewer samples make it larger, so compare it only at the same N.",
            source="Heusel et al. 2017, arXiv:1706.08500",
        ),
    )

    def read(self, candidate: Exhibit, reference: Exhibit, bench: Bench) -> Mapping[str, Reading]:
        """One distance; for the interval the candidate is resampled."""
        size = candidate.features.shape[1]
        target = Moments(size).update(reference.features)
        value = frechet_distance(Moments(size).update(candidate.features), target)
        replicates = []
        for rows in bench.resamples(len(candidate), "frechet"):
            weights = torch.bincount(rows, minlength=len(candidate))
            moments = Moments(size).update(candidate.features, weights)
            replicates.append(frechet_distance(moments, target))
        return {"frechet_distance": Reading(value, tuple(replicates))}
