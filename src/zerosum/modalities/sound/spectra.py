"""From waves to log-mel magnitudes and back, by short-time Fourier transforms.

Back, the mel filters are undone by non-negative least squares with multiplicative steps (Lee and
Seung, "Algorithms for non-negative matrix factorization", NIPS 2000), and phases are found by the
fast Griffin-Lim algorithm (Perraudin, Balazs and Søndergaard, "A fast Griffin-Lim algorithm",
WASPAA 2013). It begins with the same random phases each time.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from zerosum.rng import Noise

FLOOR, TOP = -80.0, 6.0
"""Levels in dB that become -1 and 1; 0 is that of a sine at full scale."""

ITERATIONS = 32
"""Of Griffin-Lim."""

_MOMENTUM = 0.99
_STEPS = 12
"""Multiplicative steps that undo the mel filters."""

_HANN_LOBE = 1.5
"""Power of a sine over all bins that a Hann window spreads it to, beside that of its own bin."""

_TINY = 1e-10


@dataclass(frozen=True)
class Frames:
    """How a wave is cut into spectra.

    Attributes:
        rate: samples in a second.
        n_fft: samples in a frame.
        hop: samples from one frame to the next.
        mels: bands, evenly spread on the mel scale from 0 to half of the rate.
    """

    rate: int
    n_fft: int
    hop: int
    mels: int


def usual_frames(rate: int) -> Frames:
    """Frames of about 50 ms, four of which overlap, and 64 bands, or 80 above 16 kHz.

    >>> usual_frames(16_000)
    Frames(rate=16000, n_fft=1024, hop=256, mels=64)
    >>> usual_frames(44_100).n_fft
    2048
    """
    n_fft = max(64, 2 ** round(math.log2(0.05 * rate)))
    return Frames(rate, n_fft, n_fft // 4, 64 if rate <= 16_000 else 80)


def log_mels(waves: Tensor, frames: Frames) -> Tensor:
    """Levels of bands, scaled from `FLOOR` to `TOP` into [-1, 1].

    Args:
        waves: in [-1, 1], `[N, samples]`.
        frames: how they are cut.

    Returns:
        float32 `[N, mels, 1 + samples // hop]`.

    >>> log_mels(torch.zeros(1, 4_000), usual_frames(8_000)).unique()
    tensor([-1.])
    """
    spectra = _stft(waves.float(), frames)
    power = spectra.real.square() + spectra.imag.square()
    mels = mel_filters(frames).to(waves.device) @ (power * _scale(frames))
    levels = 10 * mels.clamp_min(10 ** (FLOOR / 10)).log10()
    return ((levels - FLOOR) * (2 / (TOP - FLOOR)) - 1).clamp(-1, 1)


def waves_of(mels: Tensor, frames: Frames, samples: int, *, iterations: int = ITERATIONS) -> Tensor:
    """Waves whose log-mel magnitudes are about those given; the same each time.

    Args:
        mels: scaled levels `[N, mels, frames]`.
        frames: how waves are cut.
        samples: in each wave.
        iterations: of Griffin-Lim.

    Returns:
        float32 `[N, samples]`.

    >>> frames = usual_frames(8_000)
    >>> silence = torch.full((2, frames.mels, 11), -1.0)
    >>> waves_of(silence, frames, 10 * frames.hop, iterations=2).abs().max() < 1e-3
    tensor(True)
    """
    sizes = magnitudes_of(mels, frames)
    return griffin_lim(sizes, frames, samples, iterations=iterations)


def magnitudes_of(mels: Tensor, frames: Frames) -> Tensor:
    """Magnitudes of the short-time spectra `[N, bins, frames]` of scaled levels of bands.

    Args:
        mels: scaled levels `[N, mels, frames]`.
        frames: how waves are cut.

    >>> frames = usual_frames(8_000)
    >>> magnitudes_of(torch.zeros(1, frames.mels, 3), frames).shape[1] == frames.n_fft // 2 + 1
    True
    """
    levels = (mels.float().clamp(-1, 1) + 1) * ((TOP - FLOOR) / 2) + FLOOR
    power = (10 ** (levels / 10) - 10 ** (FLOOR / 10)).clamp_min(0)
    filters = mel_filters(frames).to(mels.device)
    bins = (_inverse(frames).to(mels.device) @ power).clamp_min(0)
    bins = bins + 1e-3 * (filters.T @ power)  # so that none is stuck at 0
    wanted = filters.T @ power
    for _ in range(_STEPS):
        bins = bins * wanted / (filters.T @ (filters @ bins) + _TINY)
    return (bins / _scale(frames)).sqrt()


def griffin_lim(
    magnitudes: Tensor, frames: Frames, samples: int, *, iterations: int = ITERATIONS
) -> Tensor:
    """Waves `[N, samples]` whose spectra have about the magnitudes `[N, bins, frames]`."""
    phases = 2 * math.pi * Noise(0).uniform(*magnitudes.shape[1:]).to(magnitudes.device)
    spectra = torch.polar(magnitudes, phases.expand_as(magnitudes))
    before = torch.zeros_like(spectra)
    for _ in range(iterations):
        consistent = _stft(_istft(spectra, frames, samples), frames)
        ahead = consistent + _MOMENTUM * (consistent - before)
        before = consistent
        spectra = ahead * (magnitudes / ahead.abs().clamp_min(_TINY))
    return _istft(spectra, frames, samples)


@lru_cache(maxsize=16)
def mel_filters(frames: Frames) -> Tensor:
    """Triangles of height 1 over the bins of a spectrum, `[mels, bins]`.

    The scale is 2595 log10(1 + f / 700) (O'Shaughnessy, "Speech communication", 1987). A band that
    is narrower than a bin has the nearest one.

    >>> frames = usual_frames(8_000)
    >>> mel_filters(frames).shape == (frames.mels, frames.n_fft // 2 + 1)
    True
    """
    bins = torch.arange(frames.n_fft // 2 + 1).double() * frames.rate / frames.n_fft
    highest = 2595 * math.log10(1 + frames.rate / 2 / 700)
    edges = 700 * (10 ** (torch.linspace(0, highest, frames.mels + 2).double() / 2595) - 1)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (bins - low) / (middle - low)
    falling = (high - bins) / (high - middle)
    filters = torch.minimum(rising, falling).clamp_min(0)
    empty = filters.sum(1) < 0.5
    nearest = (bins - middle).abs().argmin(1)
    filters[empty, nearest[empty]] = 1.0
    return filters.float()


@lru_cache(maxsize=16)
def _inverse(frames: Frames) -> Tensor:
    return torch.linalg.pinv(mel_filters(frames).double()).float()


@lru_cache(maxsize=16)
def _window(n_fft: int) -> Tensor:
    return torch.hann_window(n_fft)


def _scale(frames: Frames) -> float:
    """What makes the power of a sine at full scale 1, over the bins that it is spread to."""
    return (2 / float(_window(frames.n_fft).sum())) ** 2 / _HANN_LOBE


def _stft(waves: Tensor, frames: Frames) -> Tensor:
    return torch.stft(
        waves, frames.n_fft, frames.hop, window=_window(frames.n_fft).to(waves.device),
        center=True, pad_mode="constant", return_complex=True,
    )  # fmt: skip


def _istft(spectra: Tensor, frames: Frames, samples: int) -> Tensor:
    return torch.istft(
        spectra, frames.n_fft, frames.hop, window=_window(frames.n_fft).to(spectra.device),
        center=True, length=samples,
    )  # fmt: skip
