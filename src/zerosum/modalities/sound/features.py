"""Summary features of sounds: what people measure of them before they learn anything."""

import math

import torch
from torch import Tensor

from zerosum.evaluation.features.base import Extractor
from zerosum.modalities.sound.space import SoundSpace
from zerosum.modalities.sound.spectra import FLOOR, TOP

NUM_CEPSTRAL = 13
_ENVELOPE = 16
"""Places of the loudness over time."""

AUDIBLE = 10 ** (-60 / 20)
"""What is smaller than this beside full scale counts neither as a crossing nor as a frame."""

_TINY = 1e-8


class SummaryFeatures(Extractor):
    """Summary features of each sound; see `summaries`.

    Args:
        space: what a sound is.
    """

    name = "summary"

    def __init__(self, space: SoundSpace) -> None:
        self._space = space
        self.num_features = self.extract(torch.zeros(1, space.channels, space.samples)).shape[1]

    def extract(self, x: Tensor) -> Tensor:
        """Features of sounds `[B, channels, samples]`."""
        return summaries(x, self._space)


def summaries(x: Tensor, space: SoundSpace) -> Tensor:
    """What sounds are like, float32 `[B, F]`; channels are summed up one after another.

    The loudness over time in dB, the crossings of zero; centroid, 85 % rolloff and flatness of the
    spectrum, means and deviations over the frames that can be heard; and 13 mel-frequency cepstral
    coefficients, means and deviations (Davis and Mermelstein, IEEE TASSP 1980).

    Args:
        x: waves `[B, channels, samples]`.
        space: what a sound is.
    """
    levels = space.to_model(x).double()
    parts = [
        part
        for channel in range(space.channels)
        for part in _of_wave(x[:, channel].double(), levels[:, channel])
    ]
    return torch.cat(parts, dim=1).float()


def _of_wave(wave: Tensor, levels: Tensor) -> list[Tensor]:
    """Features of waves `[B, samples]` with scaled levels `[B, mels, frames]`."""
    pieces = torch.stack([one.square().mean(1) for one in wave.tensor_split(_ENVELOPE, dim=1)], 1)
    envelope = 10 * (pieces + _TINY).log10()
    loud = torch.maximum(wave[:, 1:].abs(), wave[:, :-1].abs()) > AUDIBLE
    crosses = (wave[:, 1:] < 0) != (wave[:, :-1] < 0)
    crossings = (crosses & loud).double().mean(1, keepdim=True)
    decibels = (levels + 1) * ((TOP - FLOOR) / 2) + FLOOR
    power = 10 ** (decibels / 10)
    total = power.sum(1)
    heard = (decibels.amax(1) > 20 * math.log10(AUDIBLE)).double()
    heard = torch.where(heard.sum(1, keepdim=True) > 0, heard, torch.ones_like(heard))
    bands = torch.arange(levels.shape[1]).double()[None, :, None]
    centroid = (bands * power).sum(1) / total
    rolloff = (power.cumsum(1) < 0.85 * total[:, None]).double().sum(1)
    flatness = decibels.mean(1) - 10 * power.mean(1).log10()
    cepstral = torch.einsum("km,bmf->bkf", _cosines(levels.shape[1]), levels)
    tracks = torch.cat([torch.stack([centroid, rolloff, flatness], dim=1), cepstral], dim=1)
    share = (heard / heard.sum(1, keepdim=True))[:, None]
    mean = (tracks * share).sum(2)
    deviation = ((tracks - mean[:, :, None]).square() * share).sum(2).sqrt()
    return [envelope, crossings, mean, deviation]


def _cosines(bands: int) -> Tensor:
    """The first rows of the orthonormal discrete cosine transform, float64 `[13, bands]`."""
    places = (2 * torch.arange(bands).double() + 1) * math.pi / (2 * bands)
    rows = torch.cos(torch.arange(NUM_CEPSTRAL).double()[:, None] * places)
    return rows * math.sqrt(2 / bands)
