"""From waves to log-mel magnitudes and back, by short-time Fourier transforms.

Back, phases are found by the fast Griffin-Lim algorithm (Perraudin, Balazs and Søndergaard, "A fast
Griffin-Lim algorithm", WASPAA 2013), which begins with the same random phases each time. We deviate
in what is kept: not magnitudes of bins, which mel bands do not tell, but the power of the bands. In
each iteration the bins of a consistent spectrum are multiplied so that bands are as loud as they
should be. That misses levels by half as much as if the bands were spread over bins beforehand, by
non-negative least squares, and takes no longer.
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
_MOST_GAIN = 1e4
"""By which the power of a bin grows in one iteration at most."""

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
    power = _power(stft(waves.float(), frames)) * _scale(frames)
    mels = mel_filters(frames).to(waves.device) @ power
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

    >>> waves_of(-torch.ones(1, 64, 32), usual_frames(8_000), 4_000).abs().max()
    tensor(0.)
    """
    bins = frames.n_fft // 2 + 1
    phases = 2 * math.pi * Noise(0).uniform(bins, mels.shape[2]).to(mels.device)
    sizes = spread_over_bins(mels, frames)
    begun = torch.polar(sizes, phases.expand_as(sizes))
    return inverse_stft(found_spectra(mels, begun, frames, samples, iterations), frames, samples)


def found_spectra(
    mels: Tensor, begun: Tensor, frames: Frames, samples: int, iterations: int
) -> Tensor:
    """Spectra whose bands are as loud as levels say, after iterations of Griffin-Lim.

    Args:
        mels: scaled levels `[N, mels, frames]`.
        begun: spectra to begin from, complex `[N, n_fft // 2 + 1, frames]`.
        frames: how waves are cut.
        samples: in each wave.
        iterations: how many.

    Returns:
        complex64 `[N, n_fft // 2 + 1, frames]`.

    >>> frames = usual_frames(8_000)
    >>> levels, begun = -torch.ones(1, 64, 5), torch.ones(1, 257, 5, dtype=torch.complex64)
    >>> found_spectra(levels, begun, frames, 512, 2).abs().max()
    tensor(0.)
    """
    filters = mel_filters(frames).to(mels.device)
    shares = _shares(filters)
    wanted = _power_of(mels) / _scale(frames)
    spectra, before = begun, torch.zeros_like(begun)
    for _ in range(iterations):
        consistent = stft(inverse_stft(spectra, frames, samples), frames)
        ahead = consistent + _MOMENTUM * (consistent - before)
        before = consistent
        heard = filters @ _power(ahead)
        gains = shares.T @ (wanted / heard.clamp_min(_TINY))
        spectra = ahead * gains.clamp_max(_MOST_GAIN).sqrt()
    return spectra


def spread_over_bins(mels: Tensor, frames: Frames) -> Tensor:
    """Magnitudes of bins whose bands are about as loud as levels say, evenly within each band.

    Args:
        mels: scaled levels `[N, mels, frames]`.
        frames: how waves are cut.

    Returns:
        float32 `[N, n_fft // 2 + 1, frames]`.

    >>> spread_over_bins(-torch.ones(1, 64, 2), usual_frames(8_000)).unique()
    tensor([0.])
    """
    filters = mel_filters(frames).to(mels.device)
    wanted = _power_of(mels) / _scale(frames)
    return (_shares(filters).T @ (wanted / filters.sum(1)[:, None])).sqrt()


def stft(waves: Tensor, frames: Frames) -> Tensor:
    """Spectra of waves `[N, samples]`, complex `[N, n_fft // 2 + 1, 1 + samples // hop]`."""
    return torch.stft(
        waves, frames.n_fft, frames.hop, window=_window(frames.n_fft).to(waves.device),
        center=True, pad_mode="constant", return_complex=True,
    )  # fmt: skip


def inverse_stft(spectra: Tensor, frames: Frames, samples: int) -> Tensor:
    """Waves `[N, samples]` of spectra."""
    return torch.istft(
        spectra, frames.n_fft, frames.hop, window=_window(frames.n_fft).to(spectra.device),
        center=True, length=samples,
    )  # fmt: skip


@lru_cache(maxsize=16)
def mel_filters(frames: Frames) -> Tensor:
    """Triangles of height 1 over the bins of a spectrum, `[mels, bins]`.

    The scale is 2595 log10(1 + f / 700) (O'Shaughnessy, "Speech communication", 1987). A band that
    is narrower than a bin has the nearest one.

    >>> mel_filters(usual_frames(8_000)).shape
    torch.Size([64, 257])
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
def _window(n_fft: int) -> Tensor:
    return torch.hann_window(n_fft)


def _shares(filters: Tensor) -> Tensor:
    """How much of a bin each of the bands has that hear it, `[mels, bins]`."""
    return filters / filters.sum(0).clamp_min(_TINY)


def _scale(frames: Frames) -> float:
    """What makes the power of a sine at full scale 1, over the bins that it is spread to."""
    return (2 / float(_window(frames.n_fft).sum())) ** 2 / _HANN_LOBE


def _power_of(mels: Tensor) -> Tensor:
    """Power of bands of scaled levels; 0 of the lowest level."""
    levels = (mels.float().clamp(-1, 1) + 1) * ((TOP - FLOOR) / 2) + FLOOR
    return (10 ** (levels / 10) - 10 ** (FLOOR / 10)).clamp_min(0)


def _power(spectra: Tensor) -> Tensor:
    return spectra.real.square() + spectra.imag.square()
