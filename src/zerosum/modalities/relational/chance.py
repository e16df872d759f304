"""Random numbers of rows, each from a seed that follows from what the row hangs below."""

import numpy as np
from torch import Tensor

SEEDS = 3
"""Uniform numbers, of 24 bits each, that a unit's seed is made of."""

_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def seeds_from(uniform: Tensor) -> np.ndarray:
    """A seed from uniform numbers `[N, SEEDS]`, uint64 `[N]`.

    >>> import torch
    >>> seeds_from(torch.tensor([[0.1, 0.2, 0.3], [0.1, 0.2, 0.4]])).tolist()
    [2867998482144235556, 16780049462449485287]
    """
    seeds = np.zeros(len(uniform), np.uint64)
    for column in uniform.double().mul(2.0**24).long().numpy().astype(np.uint64).T:
        seeds = scrambled(seeds ^ column)
    return seeds


def scrambled(numbers: np.ndarray) -> np.ndarray:
    """Numbers that look random, one to one, uint64 `[...]` (splitmix64).

    Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
    """
    z = numbers + _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * _MIX[0]
    z = (z ^ (z >> np.uint64(27))) * _MIX[1]
    return z ^ (z >> np.uint64(31))


def chances(seeds: np.ndarray, count: int, purpose: int = 0) -> np.ndarray:
    """Uniform numbers in [0, 1) that follow from seeds `[N]`, float64 `[N, count]`."""
    steps = np.arange(1, count + 1, dtype=np.uint64) + np.uint64(purpose << 32)
    words = scrambled(seeds[:, None] + steps * _GOLDEN)
    return (words >> np.uint64(11)) * 2.0**-53
