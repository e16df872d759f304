"""Classes of sounds: their labels, shifts in time and other loudness."""

from typing import ClassVar

import torch
from torch import Tensor

from zerosum.evaluation.augmenting.kit import OVERSAMPLING
from zerosum.evaluation.augmenting.labelled import Alteration, LabelClasses
from zerosum.modalities.sound.spectra import FLOOR, TOP
from zerosum.rng import Noise
from zerosum.spaces import Space

_SHIFT = 0.125
"""Share of a sound by which it comes later or earlier at most."""

_DECIBELS = 6.0
"""By which a sound is louder or quieter at most."""


class SoundClasses(LabelClasses):
    """Labels of sounds, which come later or earlier, and louder or quieter."""

    usual: ClassVar[tuple[str, ...]] = (OVERSAMPLING, "shifts", "shifts and loudness")

    def alterations(self, space: Space) -> dict[str, Alteration]:
        """Shifts in time, with silence where nothing was, and other loudness."""
        return {"shifts": _shifted, "shifts and loudness": _louder}


def _shifted(x: Tensor, noise: Noise) -> Tensor:
    """Levels `[B, C, bands, T]` later or earlier."""
    frames = x.shape[3]
    most = max(1, round(_SHIFT * frames))
    by = noise.integers(len(x), high=2 * most + 1) - most
    places = torch.arange(frames, device=x.device) - by[:, None]
    there = (places >= 0) & (places < frames)
    rows = places.clamp(0, frames - 1)[:, None, None].expand_as(x)
    return x.gather(3, rows).where(there[:, None, None], -1.0)


def _louder(x: Tensor, noise: Noise) -> Tensor:
    """The same, louder or quieter."""
    by = (2 * noise.uniform(len(x), 1, 1, 1) - 1) * _DECIBELS * 2 / (TOP - FLOOR)
    return (_shifted(x, noise) + by).clamp(-1, 1)
