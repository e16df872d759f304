"""Sounds of any length, such as rain, from overlapping windows.

Windows are joined as levels and not as waves: their power is cross-faded, and phases are found for
the whole, so there is no place in the wave where two sounds meet.
"""

import math

import torch
from torch import Tensor

from zerosum.modalities.sound.spectra import FLOOR, TOP

_EDGE = 2
"""Spectra at both ends of a window that hear the silence beside it: half of four that overlap."""

_OVERLAP = 4
"""A window shares one part in so many with the next."""


def windows_for(frames: int, own: int) -> int:
    """How many windows of `own` spectra make `frames` of them.

    >>> windows_for(100, 36), windows_for(20, 36)
    (4, 1)
    """
    used = own - 2 * _EDGE
    step = used - _shared(used)
    return 1 + max(math.ceil((frames - used) / step), 0)


def stitched(windows: Tensor, frames: int) -> Tensor:
    """Levels of one long sound.

    Args:
        windows: scaled levels of the windows in order, `[K, channels, mels, own]`; K is that of
            `windows_for`.
        frames: spectra of the whole.

    Returns:
        Scaled levels `[channels, mels, frames]`.

    >>> stitched(torch.full((4, 1, 8, 36), 0.5), 100).unique()
    tensor([0.5000])
    """
    inner = windows[..., _EDGE : windows.shape[-1] - _EDGE]
    used = inner.shape[-1]
    shared = _shared(used)
    step = used - shared
    ramp = (torch.arange(used, device=windows.device) + 1.0) / (shared + 1)
    weight = torch.minimum(ramp, ramp.flip(0)).clamp_max(1.0)
    scale = (TOP - FLOOR) / 20
    power = 10 ** (scale * inner.double())
    many = step * (len(windows) - 1) + used
    whole = power.new_zeros(*windows.shape[1:3], many)
    total = power.new_zeros(many)
    for i, one in enumerate(power):
        whole[..., i * step : i * step + used] += weight * one
        total[i * step : i * step + used] += weight
    return ((whole / total)[..., :frames].log10() / scale).float()


def _shared(used: int) -> int:
    return max(used // _OVERLAP, 1)
