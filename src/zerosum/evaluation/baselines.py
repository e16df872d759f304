"""Trivial generators: the floors that every figure is shown beside.

They know each pixel's or column's own distribution and nothing of how these hang together.
"""

import torch
from torch import Tensor

from zerosum.rng import Noise
from zerosum.spaces import ImageSpace, Space


def trivial_samples(space: Space, real: Tensor, n: int, noise: Noise) -> Tensor:
    """`n` samples of the trivial generator that was fitted on reals `[M, ...]`, compact.

    Pictures: every pixel from a Gaussian of its own. Everything else: every column drawn
    independently from the reals' values.
    """
    flat = real.flatten(1)
    if isinstance(space, ImageSpace):
        values = flat.double()
        spread = values.std(dim=0, correction=0)
        made = values.mean(dim=0) + spread * noise.normal(n, flat.shape[1]).double()
        made = made.round().clamp(0, 255).to(torch.uint8)
    else:
        rows = noise.integers(n, flat.shape[1], high=len(flat))
        made = flat.gather(0, rows)
    return made.unflatten(1, real.shape[1:])
