"""Rounding to decimals, up and down too, of values that carry the noise of floating point."""

import torch
from torch import Tensor

_NOISE = 4 * torch.finfo(torch.float64).eps


def round_to(x: Tensor, decimals: int | None) -> Tensor:
    """The nearest numbers with so many decimals, `[...]`; unchanged if `decimals` is None.

    >>> round_to(torch.tensor([1.26, 149.0]), 1)
    tensor([  1.3000, 149.0000])
    """
    return x if decimals is None else _unscaled(_scaled(x, decimals).round(), decimals)


def ceil_to(x: Tensor, decimals: int | None) -> Tensor:
    """The least numbers with so many decimals that are not below `x`, float64 `[...]`.

    >>> ceil_to(torch.tensor([0.1 + 0.2, 0.31], dtype=torch.float64), 1)
    tensor([0.3000, 0.4000], dtype=torch.float64)
    """
    if decimals is None:
        return x
    scaled = _scaled(x, decimals)
    whole = scaled.round()
    noise = (scaled.abs() * _NOISE).clamp_min(1e-6)
    return _unscaled(torch.where((scaled - whole).abs() <= noise, whole, scaled.ceil()), decimals)


def floor_to(x: Tensor, decimals: int | None) -> Tensor:
    """The greatest numbers with so many decimals that are not above `x`, float64 `[...]`.

    >>> floor_to(torch.tensor([0.3, 0.39], dtype=torch.float64), 1)
    tensor([0.3000, 0.3000], dtype=torch.float64)
    """
    return -ceil_to(-x, decimals)


def _scaled(x: Tensor, decimals: int) -> Tensor:
    return x * 10.0**decimals if decimals >= 0 else x / 10.0**-decimals


def _unscaled(x: Tensor, decimals: int) -> Tensor:
    return x / 10.0**decimals if decimals >= 0 else x * 10.0**-decimals
