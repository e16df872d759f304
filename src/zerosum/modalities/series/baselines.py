"""Simple makers of series, which benchmarks show figures beside.

Each takes scores of reals, float32 `[M, C, L]`, and makes as many as are asked for.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from zerosum.rng import Noise

_ORDER = 3
_RIDGE = 1e-3
_MOST = 10_000
"""Reals that a regression is fitted to at most."""
_ROWS = 100_000
"""Places of them, about."""


def shuffled(real: Tensor, n: int, noise: Noise) -> Tensor:
    """Series whose places in time are shuffled, all channels alike, `[n, C, L]`.

    >>> made = shuffled(torch.arange(6.0).reshape(1, 1, 6), 1, Noise(0))
    >>> sorted(made.flatten().tolist())
    [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    """
    rows = real[noise.integers(n, high=len(real))]
    order = noise.uniform(n, real.shape[2]).argsort(dim=1)
    return rows.gather(2, order[:, None].expand_as(rows))


def autoregressive(real: Tensor, n: int, noise: Noise, *, order: int = _ORDER) -> Tensor:
    """Series of a vector autoregression AR(p), `[n, C, L]`.

    Each place is a linear function of the `order` places before it plus what that function misses
    in a real that is drawn at random, so channels keep how they depend on each other. The first
    place is one of a real.

    Args:
        real: scores `[M, C, L]`.
        n: how many to make.
        noise: where randomness comes from.
        order: p.

    >>> autoregressive(Noise(0).normal(20, 2, 9), 5, Noise(1)).shape
    torch.Size([5, 2, 9])
    """
    length = real.shape[2]
    own = real[noise.uniform(len(real)).argsort()[:_MOST]].double()
    made = own[noise.integers(n, high=len(own)), :, 0][:, :, None]
    weights = missed = own.new_zeros(0)
    for place in range(1, length):
        p = min(order, place)
        if place <= order:  # one function holds for all later places
            weights, missed = _fitted(own, range(p, length) if p == order else [place], p)
        drawn = missed[noise.integers(n, high=len(missed))]
        made = torch.cat([made, (_past(made, place, p) @ weights + drawn)[:, :, None]], dim=2)
    return made.float()


def block_bootstrap(real: Tensor, n: int, noise: Noise) -> Tensor:
    """Series of blocks of about √L places, each at its place from another real, `[n, C, L]`.

    >>> block_bootstrap(torch.arange(4.0).expand(3, 1, 4), 1, Noise(0))
    tensor([[[0., 1., 2., 3.]]])
    """
    length = real.shape[2]
    width = max(1, round(math.sqrt(length)))
    blocks = -(-length // width)
    rows = noise.integers(n, blocks, high=len(real)).repeat_interleave(width, dim=1)[:, :length]
    return real[rows, :, torch.arange(length)].transpose(1, 2).contiguous()


def _past(x: Tensor, place: int, p: int) -> Tensor:
    """The `p` places before `place` and a one, `[N, 1 + p * C]`."""
    past = x[:, :, place - p : place].flatten(1)
    return torch.cat([past.new_ones(len(past), 1), past], dim=1)


def _fitted(x: Tensor, places: Sequence[int], p: int) -> tuple[Tensor, Tensor]:
    """Weights of a linear function of the past `[1 + p * C, C]`, and what it misses `[K, C]`."""
    places = [*places][:: max(1, len(x) * len(places) // _ROWS)]
    inputs = torch.cat([_past(x, at, p) for at in places])
    targets = torch.cat([x[:, :, at] for at in places])
    square = inputs.T @ inputs
    ridge = _RIDGE * len(inputs) * torch.eye(len(square), dtype=square.dtype)
    weights = torch.linalg.solve(square + ridge, inputs.T @ targets)
    return weights, targets - inputs @ weights
