"""Levels of one voice moved to the pitch, the throat and the colour of another, without learning.

What is fine in the levels of a frame are the harmonics of its pitch; they are moved by the ratio of
both pitches. What is smooth is the envelope; it is moved by the ratio that brings the mean envelope
of one voice next to that of the other, as lengths of throats differ. The rest of the difference of
their means is added where something is heard. All of that is one matrix for two voices.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

from zerosum.modalities.sound.spectra import Frames

_SMOOTH = 0.2
"""Share of the cosines over bands that make the envelope."""

_RATIOS = torch.linspace(-0.22, 0.22, 23).exp().tolist()
"""By which envelopes may be moved."""

_HEARD, _FULLY = -0.9, 0.4
"""Level of the loudest band from which on a frame is heard, and how far above it is heard fully."""


def moved(levels: Tensor, matrix: Tensor, colour: Tensor) -> Tensor:
    """Levels `[B, bands, T]` through matrices `[B, bands, bands]`, with colours `[B, bands]` added.

    >>> x = torch.zeros(1, 2, 3)
    >>> moved(x, torch.eye(2)[None], torch.ones(1, 2)).unique()
    tensor([1.])
    """
    loudest = levels.amax(1, keepdim=True)
    heard = ((loudest - _HEARD) / _FULLY).clamp(0, 1)
    silence = -1.0
    return (silence + matrix @ (levels - silence) + heard * colour[:, :, None]).clamp(-1, 1)


def mean_level(levels: Tensor) -> Tensor:
    """Mean level of each band over frames in which something is heard, `[bands]`.

    Args:
        levels: `[N, bands, T]`.
    """
    frames = levels.transpose(1, 2).flatten(0, 1)
    heard = frames[frames.amax(1) > _HEARD + _FULLY]
    return heard.mean(0) if len(heard) else frames.mean(0)


def matrices(
    pitches: Sequence[float], means: Tensor, frames: Frames
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """For each two voices the matrix and the colour that move one to the other.

    Args:
        pitches: of the voices, in Hz; 0 where it is not known.
        means: their mean levels, `[S, bands]`.
        frames: how waves are cut.

    Returns:
        `[S, S, bands, bands]` and `[S, S, bands]`, from the first index to the second.
    """
    count, bands = means.shape
    smooth = _smoothing(bands)
    fine = torch.eye(bands) - smooth
    whole, colours = torch.empty(count, count, bands, bands), torch.empty(count, count, bands)
    for a in range(count):
        for b in range(count):
            known = pitches[a] > 0 and pitches[b] > 0 and a != b
            ratio = pitches[b] / pitches[a] if known else 1.0
            throat = 1.0 if a == b else _throat(smooth @ means[a], smooth @ means[b], frames)
            matrix = _warp(throat, bands, frames) @ smooth + _warp(ratio, bands, frames) @ fine
            whole[a, b] = torch.eye(bands) if a == b else matrix
            colours[a, b] = means[b] + 1 - whole[a, b] @ (means[a] + 1)
    return whole, colours


def _throat(a: Tensor, b: Tensor, frames: Frames) -> float:
    """By what the frequencies of an envelope `[bands]` are multiplied to be most like another."""
    line = torch.linspace(-1, 1, len(a))
    apart = torch.stack([_warp(one, len(a), frames) @ a for one in _RATIOS]) - b
    apart = apart - apart.mean(1, keepdim=True)
    apart = apart - line * (apart @ line / (line @ line))[:, None]
    return _RATIOS[int(apart.square().sum(1).argmin())]


@lru_cache(maxsize=64)
def _warp(ratio: float, bands: int, frames: Frames) -> Tensor:
    """The matrix that multiplies frequencies by `ratio`: each band is read where it came from."""
    highest = 2595 * math.log10(1 + frames.rate / 2 / 700)
    mels = torch.arange(1, bands + 1).double() * highest / (bands + 1)
    hertz = 700 * (10 ** (mels / 2595) - 1) / ratio
    places = 2595 * (1 + hertz / 700).log10() * (bands + 1) / highest - 1
    places = places.clamp(0, bands - 1)
    low = places.floor().long().clamp_max(bands - 2)
    share = (places - low)[:, None]
    rows = torch.eye(bands).double()
    return ((1 - share) * rows[low] + share * rows[low + 1]).float()


def _smoothing(bands: int) -> Tensor:
    """The projection onto the slowest cosines over bands, `[bands, bands]`."""
    count = max(2, round(_SMOOTH * bands))
    places = (2 * torch.arange(bands).double() + 1) * math.pi / (2 * bands)
    rows = torch.cos(torch.arange(count).double()[:, None] * places)
    rows = rows / rows.norm(dim=1, keepdim=True)
    return (rows.T @ rows).float()
