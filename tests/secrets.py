"""Stand-ins for secret noise: one that repeats, one that replays, and one that counts."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from zerosum.rng import SecretNoise


class Seeded(SecretNoise):
    """The same noise every time."""

    def __init__(self, seed: int = 0) -> None:
        self._generator = torch.Generator().manual_seed(seed)

    def normal(self, n: int) -> Tensor:
        return torch.randn(n, generator=self._generator, dtype=torch.float64)


class Replayed(Seeded):
    """Keeps what is released of one table, and releases the same of another."""

    def __init__(self, script: list[Any] | None = None) -> None:
        super().__init__()
        self.script: list[Any] = [] if script is None else script
        self._told = None if script is None else iter(script)

    def noisy(self, exact: Tensor, deviation: float) -> Tensor:
        if self._told is not None:
            return next(self._told)
        self.script.append(super().noisy(exact, deviation))
        return self.script[-1]

    def frequent(
        self, counts: Mapping[str, int], *, deviation: float, threshold: float
    ) -> dict[str, float]:
        if self._told is not None:
            return next(self._told)
        found = super().frequent(counts, deviation=deviation, threshold=threshold)
        self.script[-1] = found  # in place of all noisy counts, which nobody is told
        return found


class Counted(Seeded):
    """Knows how many batches were drawn with it: one for each step."""

    steps = 0

    def uniform(self, n: int) -> Tensor:
        self.steps += 1
        return super().uniform(n)
