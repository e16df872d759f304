"""Explicit randomness: every random number comes from a seed that the caller gave.

A `Noise` draws for the *global* batch and hands each process its own rows, so that one process
and two see the same numbers. Torch's global generator is never read.
"""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


def derive_seed(seed: int, *path: str | int) -> int:
    """A seed for one purpose, independent of the seeds of all other purposes.

    >>> derive_seed(0, "noise") == derive_seed(0, "noise") != derive_seed(0, "order")
    True
    """
    text = "/".join([str(seed), *map(str, path)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def secret_generator(device: torch.device | str = "cpu") -> torch.Generator:
    """A generator that the operating system seeds; for noise that nobody may take away again.

    It is in no checkpoint, so what it decides cannot be repeated.
    """
    return torch.Generator(device).manual_seed(secrets.randbits(63))


class Noise:
    """A stream of random tensors with a state that can be saved.

    Args:
        seed: where the stream starts.
        device: where the numbers are drawn; CPU and GPU give different streams.
        rank: which of the `world` processes this is; it gets rows `rank * n` to `(rank + 1) * n`.
        world: how many processes share the batch.

    Attributes:
        world: how many processes share the batch.
    """

    def __init__(
        self, seed: int, *, device: torch.device | str = "cpu", rank: int = 0, world: int = 1
    ) -> None:
        self.device = torch.device(device)
        self._generator = torch.Generator(self.device).manual_seed(seed)
        self._rank, self.world = rank, world

    def normal(self, n: int, *shape: int) -> Tensor:
        """Standard normal numbers, `[n, *shape]`."""
        return self._mine(
            n,
            torch.randn(n * self.world, *shape, generator=self._generator, device=self.device),
        )

    def uniform(self, n: int, *shape: int) -> Tensor:
        """Numbers uniform in [0, 1), `[n, *shape]`."""
        return self._mine(
            n,
            torch.rand(n * self.world, *shape, generator=self._generator, device=self.device),
        )

    def integers(self, n: int, *shape: int, high: int) -> Tensor:
        """Integers uniform in [0, high), int64 `[n, *shape]`."""
        return self._mine(
            n,
            torch.randint(
                high, (n * self.world, *shape), generator=self._generator, device=self.device
            ),
        )

    def choice(self, n: int, weights: Tensor) -> Tensor:
        """Indices drawn with probability proportional to `weights` `[K]`, int64 `[n]`."""
        edges = weights.to(self.device, torch.float64).cumsum(0)
        points = self.uniform(n).double() * edges[-1]
        return torch.searchsorted(edges, points, right=True).clamp_(max=len(weights) - 1)

    def state(self) -> Tensor:
        """The state of the stream, uint8, on the CPU."""
        return self._generator.get_state()

    def set_state(self, state: Tensor) -> None:
        """Continue from a state that `state` returned."""
        self._generator.set_state(state)

    def _mine(self, n: int, everybody: Tensor) -> Tensor:
        if self.world == 1:
            return everybody
        return everybody[self._rank * n : (self._rank + 1) * n]


@contextmanager
def seeded_initialisation(seed: int) -> Iterator[None]:
    """Run torch's own parameter initialisers from `seed`; the global CPU generator is restored."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
