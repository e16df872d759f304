"""Points that come with the package, which show mode collapse: mixtures and curves in the plane."""

import math
from typing import Annotated

import torch
from pydantic import Field, PositiveFloat
from torch import Tensor

from zerosum.config import Count, Size
from zerosum.data.base import ArrayDataset, DataConfig, Dataset, Progress
from zerosum.rng import Noise, derive_seed


class RingConfig(DataConfig):
    """Gaussians on a circle; the usual protocol has 8 of standard deviation .02 at radius 2."""

    kind = "ring"
    spaces = ("point",)
    built_in = True
    num_modes: Size = 8
    radius: PositiveFloat = 2.0
    std: PositiveFloat = 0.02
    num_samples: Count = 50_000
    seed: int = 0

    def build(self, progress: Progress | None = None) -> Dataset:
        """Points `[num_samples, 2]`, each labelled with its mode."""
        angle = torch.arange(self.num_modes) * (2 * math.pi / self.num_modes)
        centers = self.radius * torch.stack([angle.cos(), angle.sin()], dim=1)
        return _mixture(self.kind, centers, self.std, self.num_samples, self.seed)


class GridConfig(DataConfig):
    """25 Gaussians of standard deviation .05 at 2·{-2…2}², the usual protocol."""

    kind = "grid"
    spaces = ("point",)
    built_in = True
    side: Annotated[int, Field(ge=1, le=256)] = 5
    spacing: PositiveFloat = 2.0
    std: PositiveFloat = 0.05
    num_samples: Count = 50_000
    seed: int = 0

    def build(self, progress: Progress | None = None) -> Dataset:
        """Points `[num_samples, 2]`, each labelled with its mode."""
        ticks = self.spacing * (torch.arange(self.side) - (self.side - 1) / 2)
        centers = torch.cartesian_prod(ticks, ticks)
        return _mixture(self.kind, centers, self.std, self.num_samples, self.seed)


class SpiralConfig(DataConfig):
    """Two turns of an Archimedean spiral, with Gaussian noise."""

    kind = "spiral"
    spaces = ("point",)
    built_in = True
    std: PositiveFloat = 0.05
    num_samples: Count = 50_000
    seed: int = 0

    def build(self, progress: Progress | None = None) -> Dataset:
        """Points `[num_samples, 2]` without labels."""
        noise = Noise(derive_seed(self.seed, self.kind))
        turn = 4 * math.pi * noise.uniform(self.num_samples).sqrt()
        curve = torch.stack([turn.cos(), turn.sin()], dim=1) * (turn / (2 * math.pi))[:, None]
        x = curve + self.std * noise.normal(self.num_samples, 2)
        return ArrayDataset(x, name=self.kind)


class MoonsConfig(DataConfig):
    """Two interleaved half circles, with Gaussian noise."""

    kind = "moons"
    spaces = ("point",)
    built_in = True
    std: PositiveFloat = 0.05
    num_samples: Count = 50_000
    seed: int = 0

    def build(self, progress: Progress | None = None) -> Dataset:
        """Points `[num_samples, 2]`, each labelled with its moon."""
        noise = Noise(derive_seed(self.seed, self.kind))
        y = noise.integers(self.num_samples, high=2)
        angle = math.pi * noise.uniform(self.num_samples)
        upper = torch.stack([angle.cos(), angle.sin()], dim=1)
        lower = torch.stack([1 - angle.cos(), 0.5 - angle.sin()], dim=1)
        x = torch.where(y[:, None] == 0, upper, lower)
        x = x + self.std * noise.normal(self.num_samples, 2)
        return ArrayDataset(x, y, name=self.kind, labels=["upper", "lower"])


def _mixture(name: str, centers: Tensor, std: float, n: int, seed: int) -> Dataset:
    noise = Noise(derive_seed(seed, name))
    y = noise.integers(n, high=len(centers))
    x = centers[y] + std * noise.normal(n, centers.shape[1])
    labels = [str(i) for i in range(len(centers))]
    return ArrayDataset(x, y, name=name, labels=labels, modes=centers, mode_std=std)
