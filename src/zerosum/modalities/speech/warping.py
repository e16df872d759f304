"""How one voice is moved to the pitch, the throat and the colour of another, without learning.

What is fine in the levels of a frame are the harmonics of its pitch; they are moved by the ratio of
both pitches. What is smooth is the envelope; it is moved by the ratio that brings the mean envelope
of one voice next to that of the other, as lengths of throats differ. The rest of the difference of
their means is added where something is heard. All of that is one matrix for two voices, which is
quick, and through which a network can learn. What is translated is moved as a wave, which keeps
more of the words; see `grains`. The same ratios say how.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

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
    silence = -1.0
    return coloured(silence + matrix @ (levels - silence), colour, _heard(levels))


def coloured(levels: Tensor, colour: Tensor, heard: Tensor | None = None) -> Tensor:
    """Levels `[B, bands, T]` with colours `[B, bands]` added where something is heard.

    Args:
        levels: of bands.
        colour: what is added.
        heard: how far each frame is heard, `[B, 1, T]`; if not given, by these levels.
    """
    share = _heard(levels) if heard is None else heard
    return (levels + share * colour[:, :, None]).clamp(-1, 1)


def _heard(levels: Tensor) -> Tensor:
    """How far each frame of levels `[B, bands, T]` is heard, from 0 to 1, `[B, 1, T]`."""
    return ((levels.amax(1, keepdim=True) - _HEARD) / _FULLY).clamp(0, 1)


def mean_level(levels: Tensor) -> Tensor:
    """Mean level of each band over frames in which something is heard, `[bands]`.

    Args:
        levels: `[N, bands, T]`.
    """
    frames = levels.transpose(1, 2).flatten(0, 1)
    heard = frames[frames.amax(1) > _HEARD + _FULLY]
    return heard.mean(0) if len(heard) else frames.mean(0)


@dataclass(frozen=True)
class Moves:
    """How each of S voices is moved to each other, from the first index to the second.

    Attributes:
        pitch: what the pitch is multiplied by, `[S, S]`.
        throat: what the frequencies of the envelope are multiplied by, `[S, S]`.
        matrix: what moves levels by both, `[S, S, bands, bands]`.
        colour: what is added to levels that the matrix moved, `[S, S, bands]`.
        rest: what is added to levels of a wave that was moved by both, `[S, S, bands]`.
    """

    pitch: Tensor
    throat: Tensor
    matrix: Tensor
    colour: Tensor
    rest: Tensor


def moves_between(pitches: Sequence[float], means: Tensor, frames: Frames) -> Moves:
    """How voices are moved to each other.

    Args:
        pitches: of the voices, in Hz; 0 where it is not known.
        means: their mean levels, `[S, bands]`.
        frames: how waves are cut.
    """
    count, bands = means.shape
    smooth = _smoothing(bands)
    fine = torch.eye(bands) - smooth
    pitch, throat = torch.ones(2, count, count)
    matrix = torch.eye(bands).repeat(count, count, 1, 1)
    colour, rest = torch.zeros(2, count, count, bands)
    above = means + 1
    for a, b in permutations(range(count), 2):
        if pitches[a] > 0 and pitches[b] > 0:
            pitch[a, b] = pitches[b] / pitches[a]
        throat[a, b] = _throat(smooth @ means[a], smooth @ means[b], frames)
        longer = _warp(float(throat[a, b]), bands, frames)
        matrix[a, b] = longer @ smooth + _warp(float(pitch[a, b]), bands, frames) @ fine
        colour[a, b] = above[b] - matrix[a, b] @ above[a]
        rest[a, b] = above[b] - longer @ above[a]
    return Moves(pitch, throat, matrix, colour, rest)


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
