"""Explicit randomness: every random number comes from a seed that the caller gave.

A `Noise` draws for the *global* batch and hands each process its own rows, so that one process
and two see the same numbers. Torch's global generator is never read.
"""

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import sqrt

import numpy as np
import torch
from torch import Tensor

_BLOCK = 1 << 14
"""Numbers that are made at once; as many as stay in a processor's cache."""

_DRAWS = 4
"""Normal numbers that one of `SecretNoise` is the scaled sum of."""


def derive_seed(seed: int, *path: str | int) -> int:
    """A seed for one purpose, independent of the seeds of all other purposes.

    >>> derive_seed(0, "noise") == derive_seed(0, "noise") != derive_seed(0, "order")
    True
    """
    text = "/".join([str(seed), *map(str, path)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def fresh_seed() -> int:
    """A seed that nobody chose, from the operating system; below 2^31, so that it can be typed.

    >>> 0 <= fresh_seed() < 2**31
    True
    """
    return secrets.randbits(31)


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
        """Standard normal numbers, float32 `[n, *shape]`."""
        return self._mine(
            n,
            torch.randn(n * self.world, *shape, generator=self._generator, device=self.device),
        )

    def uniform(self, n: int, *shape: int) -> Tensor:
        """Numbers uniform in [0, 1), float32 `[n, *shape]`."""
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
        """The state of the stream, uint8 `[S]`, on the CPU."""
        return self._generator.get_state()

    def set_state(self, state: Tensor) -> None:
        """Continue from a state `[S]` that `state` returned.

        >>> noise = Noise(0)
        >>> state, first = noise.state(), noise.uniform(1)
        >>> noise.set_state(state)
        >>> noise.uniform(1).equal(first)
        True
        """
        self._generator.set_state(state)

    def _mine(self, n: int, everybody: Tensor) -> Tensor:
        if self.world == 1:
            return everybody
        return everybody[self._rank * n : (self._rank + 1) * n]


class SecretNoise:
    """Randomness for private training, which nobody can predict, repeat or take away again.

    Bytes come from a cryptographic generator and are kept nowhere, so there is no state to save.
    Whatever a private training reveals of its rows goes through `noisy` or `frequent`.

    A normal number is the inverse distribution function at a number of 53 random bits, in float64.
    Not every float64 occurs among such numbers, so the last digits of a noisy value could give away
    the exact value (Mironov, CCS 2012). So four are added up and the sum is halved, as Holohan and
    Braghin propose: "Secure random sampling in differential privacy", ESORICS 2021,
    arXiv:2107.10138.
    """

    source = "OpenSSL's generator, seeded by the operating system"
    """Where the bytes come from, as a manifest says it."""

    def uniform(self, n: int) -> Tensor:
        """Numbers uniform in [0, 1), of 53 bits each, float64 `[n]`, on the CPU."""
        return ((_secret_words(n) >> 11) & (2**53 - 1)).double().mul_(2.0**-53)

    def normal(self, n: int) -> Tensor:
        """Standard normal numbers, float64 `[n]`, on the CPU."""
        made = torch.empty(n, dtype=torch.float64)
        for start in range(0, n, _BLOCK):
            piece = made[start : start + _BLOCK]
            # Odd multiples of 2^-53 in (-1, 1), so that neither end is met.
            words = _secret_words(_DRAWS * len(piece)) >> 11
            places = words.double().add_(0.5).mul_(2.0**-52)
            torch.sum(places.erfinv_().view(_DRAWS, -1), dim=0, out=piece)
        return made.mul_(sqrt(2 / _DRAWS))

    def noisy(self, exact: Tensor, deviation: float) -> Tensor:
        """The Gaussian mechanism: `exact` plus normal noise.

        Args:
            exact: `[...]`, on any device.
            deviation: standard deviation of the noise.

        Returns:
            float64 `[...]`, on the CPU.

        >>> SecretNoise().noisy(torch.tensor([1, 2]), 0.0).tolist()
        [1.0, 2.0]
        """
        noise = self.normal(exact.numel()).view(exact.shape)
        return exact.to("cpu", torch.float64) + deviation * noise

    def frequent(
        self, counts: Mapping[str, int], *, deviation: float, threshold: float
    ) -> dict[str, float]:
        """Names whose noisy count is above `threshold`, each with that count.

        This is stability-based selection (Korolova et al., "Releasing search queries and clicks
        privately", WWW 2009). A name that a single row has is returned so seldom that the result
        does not show whether it is among `counts`.

        Args:
            counts: how many rows have each name.
            deviation: standard deviation of the noise on a count.
            threshold: what a noisy count has to exceed.

        >>> SecretNoise().frequent({"a": 9, "b": 1}, deviation=0.0, threshold=5.0)
        {'a': 9.0}
        """
        noisy = self.noisy(torch.tensor(list(counts.values()), dtype=torch.float64), deviation)
        found = zip(counts, noisy.tolist(), strict=True)
        return {name: count for name, count in found if count > threshold}


def _secret_words(n: int) -> Tensor:
    """Secret random bits, int64 `[n]`."""
    from ssl import RAND_bytes  # a tenth of the time of os.urandom, which would double a step's

    return torch.from_numpy(np.frombuffer(bytearray(RAND_bytes(8 * n)), np.int64))


@contextmanager
def seeded_initialisation(seed: int) -> Iterator[None]:
    """Run torch's own parameter initialisers from `seed`; the global CPU generator is restored."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
