"""Simulated sounds: hits of drums, a bell and tones, made by formulas from a seed."""

import math
from collections.abc import Callable
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from zerosum.config import Count
from zerosum.data.base import DataConfig, Dataset, Progress
from zerosum.modalities.sound.space import Rate, SoundDataset, sound_space
from zerosum.rng import Noise, derive_seed

Seconds = Annotated[float, Field(ge=0.1, le=30)]

LABELS = ("bell", "hat", "kick", "snare", "tom", "tone")

_DRAWS = 6
"""Random numbers that a sound is made from, beside noise."""


class KitConfig(DataConfig):
    """Simulated sounds of six kinds, labelled `bell`, `hat`, `kick`, `snare`, `tom` and `tone`.

    Each is a formula with random pitch, decay and loudness; none is a recording.

    Attributes:
        rate: samples in a second.
        seconds: length of each.
        num_samples: how many.
        seed: which ones.
    """

    kind = "kit"
    spaces = ("sound",)
    built_in = True
    rate: Rate = 16_000
    seconds: Seconds = 0.5
    num_samples: Count = 2_000
    seed: int = 0

    def build(self, progress: Progress | None = None) -> Dataset:
        """Waves `[num_samples, 1, seconds * rate]`."""
        noise = Noise(derive_seed(self.seed, self.kind))
        waves, y = kit(self.num_samples, round(self.seconds * self.rate), self.rate, noise)
        counts = torch.bincount(y, minlength=len(LABELS)).tolist()
        space = sound_space(waves, self.rate, labels=LABELS, label_counts=counts)
        dataset = SoundDataset(waves, y, space, name=self.kind)
        dataset.notes = ("these sounds are simulated.",)
        return dataset


def kit(n: int, samples: int, rate: int, noise: Noise) -> tuple[Tensor, Tensor]:
    """`n` sounds, float32 `[n, 1, samples]` in [-1, 1], and their labels `[n]`.

    >>> waves, labels = kit(3, 1_000, 8_000, Noise(0))
    >>> waves.shape, labels.shape
    (torch.Size([3, 1, 1000]), torch.Size([3]))
    """
    y = noise.integers(n, high=len(LABELS))
    draws = noise.uniform(n, _DRAWS)
    hiss = noise.normal(n, samples)
    time = torch.arange(samples) / rate
    waves = torch.empty(n, samples)
    for label, name in enumerate(LABELS):
        rows = y == label
        if rows.any():
            waves[rows] = _MAKERS[name](time, draws[rows], hiss[rows])
    peaks = waves.abs().amax(1, keepdim=True).clamp_min(1e-6)
    loudness = 10 ** (-(1 + 11 * draws[:, -1:]) / 20)  # peaks from -12 to -1 dB
    ends = (time[-1] - time).div(0.01).clamp(0, 1)  # 10 ms
    return (waves / peaks * loudness * ends)[:, None], y


def _between(draws: Tensor, place: int, low: float, high: float) -> Tensor:
    """Numbers from `low` to `high` on a log scale, `[n, 1]`."""
    return low * (high / low) ** draws[:, place : place + 1]


def _glide(time: Tensor, pitch: Tensor, above: Tensor | float, fall: Tensor) -> Tensor:
    """A sine that falls from `above` times its pitch to its pitch, `[n, samples]`."""
    phase = pitch * (time + (above - 1) * fall * (1 - (-time / fall).exp()))
    return (2 * math.pi * phase).sin()


def _bright(hiss: Tensor) -> Tensor:
    """Noise without its low half."""
    once = torch.nn.functional.pad(hiss.diff(dim=1), (1, 0))
    return torch.nn.functional.pad(once.diff(dim=1), (1, 0))


def _kick(time: Tensor, draws: Tensor, hiss: Tensor) -> Tensor:
    fall, decay = _between(draws, 1, 0.02, 0.05), _between(draws, 2, 0.08, 0.2)
    body = _glide(time, _between(draws, 0, 42, 65), 1 + 3 * draws[:, 3:4], fall)
    return body * (-time / decay).exp() + 0.02 * hiss * (-time / 0.004).exp()


def _tom(time: Tensor, draws: Tensor, hiss: Tensor) -> Tensor:
    fall, decay = _between(draws, 1, 0.05, 0.1), _between(draws, 2, 0.12, 0.25)
    body = _glide(time, _between(draws, 0, 110, 260), 1.4, fall)
    return body * (-time / decay).exp() + 0.05 * hiss * (-time / 0.02).exp()


def _snare(time: Tensor, draws: Tensor, hiss: Tensor) -> Tensor:
    pitch, decay = _between(draws, 0, 170, 230), _between(draws, 2, 0.07, 0.16)
    body = (2 * math.pi * pitch * time).sin() + 0.6 * (2 * math.pi * 1.6 * pitch * time).sin()
    wires = torch.nn.functional.pad(hiss.diff(dim=1), (1, 0))
    share = 0.3 + 0.3 * draws[:, 1:2]
    return 0.7 * body * (-time / 0.05).exp() + share * wires * (-time / decay).exp()


def _hat(time: Tensor, draws: Tensor, hiss: Tensor) -> Tensor:
    return _bright(hiss) * (-time / _between(draws, 0, 0.015, 0.12)).exp()


def _bell(time: Tensor, draws: Tensor, _: Tensor) -> Tensor:
    pitch, decay = _between(draws, 0, 380, 900), _between(draws, 1, 0.15, 0.4)
    made = torch.zeros(len(draws), len(time))
    for ratio, share in ((1.0, 1.0), (2.0, 0.6), (2.76, 0.5), (5.4, 0.25)):  # of a struck bar
        made += share * (2 * math.pi * ratio * pitch * time).sin() * (-time * ratio / decay).exp()
    return made


def _tone(time: Tensor, draws: Tensor, _: Tensor) -> Tensor:
    pitch = 110 * 2 ** ((24 * draws[:, :1]).floor() / 12)  # semitones over two octaves
    made = torch.zeros(len(draws), len(time))
    for k in range(1, 9):
        made += (2 * math.pi * k * pitch * time).sin() / k ** (1 + draws[:, 1:2])
    rise = (time / _between(draws, 2, 0.01, 0.05)).clamp_max(1)
    return made * rise * (-time / 0.6).exp()


_MAKERS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "bell": _bell, "hat": _hat, "kick": _kick, "snare": _snare, "tom": _tom, "tone": _tone,
}  # fmt: skip
