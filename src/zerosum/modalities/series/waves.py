"""Simulated series with known truth: sines, autoregressions and random walks."""

import math
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from zerosum.config import Count
from zerosum.data.base import DataConfig, Dataset, Progress
from zerosum.modalities.series.arrays import SeriesDataset
from zerosum.modalities.series.space import fit_space
from zerosum.rng import Noise, derive_seed

Length = Annotated[int, Field(ge=4, le=65_536)]
"""Steps; fewer show no wave."""

LABELS = ("sine", "noise", "drift")
CHANNELS = ("signal", "level", "high")

MEMORY = 0.8
"""What a value of a `noise` signal keeps of the one before it."""
STEP = 0.05
"""Standard deviation of one step of `level`, on a log scale; twice as much under `drift`."""
SHARED = 0.6
"""Correlation of these steps with the shocks of the signal."""
NOISE = 0.1
"""Standard deviation of what is added to a sine."""


class WavesConfig(DataConfig):
    """Simulated series of three channels, labelled `sine`, `noise` and `drift`.

    `signal` is a sine of 1 to 2 periods with a little noise under `sine`, an autoregression of
    order 1 under `noise`, and both under `drift`. `level` is a random walk on a log scale, of
    steps twice as large under `drift`, which follow the shocks of the signal in part. `high` is
    `level` or above it.
    """

    kind = "waves"
    spaces = ("series",)
    built_in = True
    length: Length = 32
    num_samples: Count = 3_000
    seed: int = 0

    def build(self, progress: Progress | None = None) -> Dataset:
        """Series `[num_samples, 3, length]`."""
        noise = Noise(derive_seed(self.seed, self.kind))
        return waves(self.num_samples, self.length, noise, name=self.kind)


def waves(n: int, length: int, noise: Noise, *, name: str) -> Dataset:
    """`n` series of `length` steps; see `WavesConfig`."""
    y = noise.integers(n, high=len(LABELS))
    time = torch.linspace(0, 2 * math.pi, length)
    periods, phase = 1 + noise.uniform(n, 1), 2 * math.pi * noise.uniform(n, 1)
    shocks = noise.normal(n, length)
    sine = (periods * time + phase).sin() + NOISE * shocks
    memory = _autoregression(shocks)
    kind = y[:, None]
    signal = torch.where(kind == 0, sine, torch.where(kind == 1, memory, sine + memory))
    together = SHARED * shocks + math.sqrt(1 - SHARED**2) * noise.normal(n, length)
    steps = STEP * torch.where(kind == 2, 2.0, 1.0) * together
    steps[:, 0] = 0.5 * noise.normal(n)
    level = 100 * steps.cumsum(1).exp()
    above = (noise.normal(n, length) * 0.02).clamp_min(0)
    x = torch.stack([signal, level, level * (1 + above)], dim=1)
    counts = torch.bincount(y, minlength=len(LABELS)).tolist()
    space = fit_space(x, CHANNELS, labels=LABELS, label_counts=counts)
    return SeriesDataset(x, y, space, name=name)


def _autoregression(shocks: Tensor) -> Tensor:
    """AR(1) of variance 1 from standard normal shocks `[N, L]`."""
    values = [shocks[:, 0]]
    for shock in shocks.unbind(1)[1:]:
        values.append(MEMORY * values[-1] + math.sqrt(1 - MEMORY**2) * shock)
    return torch.stack(values, dim=1)
