"""How high a voice is: its pitch over time and its median, by autocorrelation."""

import torch
from torch import Tensor

LOWEST, HIGHEST = 60.0, 400.0
"""Hertz between which a pitch is looked for."""

_FRAME = 0.05
_VOICED = 0.5
"""How alike a frame and itself, a period later, are at least."""

_NEARLY = 0.9
"""A shorter period is taken if it is nearly as good as the best."""

_QUIET = 0.1
"""Size of a frame beside the largest below which it does not count."""

_WAVES, _TOGETHER = 64, 1_000
"""Waves, and frames of one wave, that are looked at together."""


def median_pitch(waves: Tensor, rate: int) -> float:
    """The median pitch in Hz of waves `[N, samples]`; 0 where nothing is voiced.

    >>> time = torch.arange(8_000) / 8_000
    >>> buzz = sum((6.2832 * 125 * k * time).sin() for k in range(1, 6))
    >>> round(median_pitch(buzz[None], 8_000))
    125
    """
    size = round(_FRAME * rate)
    found = [
        _periods(one.float().unfold(1, size, max(1, size // 2)).flatten(0, 1), rate)
        for one in waves.split(_WAVES)
    ]
    periods = torch.cat(found)
    voiced = periods[periods > 0]
    return rate / float(voiced.median()) if len(voiced) else 0.0


def periods_of(wave: Tensor, rate: int, hop: int) -> Tensor:
    """Samples of a period around every `hop`-th sample of a wave; 0 where it is not voiced.

    Args:
        wave: `[samples]`.
        rate: samples in a second.
        hop: samples from one place to the next.

    Returns:
        int64 `[1 + samples // hop]`.

    >>> time = torch.arange(800) / 8_000
    >>> buzz = sum((6.2832 * 125 * k * time).sin() for k in range(1, 6))
    >>> periods_of(buzz, 8_000, 200)[1:-1].tolist()
    [64, 64, 64]
    """
    size = round(_FRAME * rate)
    padded = torch.nn.functional.pad(wave.float(), (size // 2, size))
    frames = padded.unfold(0, size, hop)[: 1 + len(wave) // hop]
    return torch.cat([_periods(some, rate) for some in frames.split(_TOGETHER)])


def _periods(frames: Tensor, rate: int) -> Tensor:
    """Samples of a period of each frame `[F, size]`; 0 where it is not voiced, int64 `[F]`."""
    size = frames.shape[1]
    shortest, longest = round(rate / HIGHEST), min(round(rate / LOWEST), size - 2)
    frames = frames - frames.mean(1, keepdim=True)
    loud = frames.norm(dim=1)
    loud = loud > (_QUIET * loud.amax()).clamp_min(1e-3) if len(loud) else loud.bool()
    found = torch.zeros(len(frames), dtype=torch.int64)
    frames = frames[loud]
    if not len(frames):
        return found
    spectra = torch.fft.rfft(frames, 2 * size)
    alike = torch.fft.irfft(spectra.abs().square())[:, : longest + 1]
    overlap = size / (size - torch.arange(longest + 1))
    alike = alike / alike[:, :1] * overlap
    alike[:, :shortest] = -1
    rising = alike[:, 1:-1] >= torch.maximum(alike[:, :-2], alike[:, 2:])
    peaks = torch.where(rising, alike[:, 1:-1], torch.full_like(alike[:, 1:-1], -1.0))
    best = peaks.amax(1, keepdim=True)
    first = (peaks >= _NEARLY * best).float().argmax(1) + 1
    found[loud] = torch.where(best[:, 0] > _VOICED, first, 0)
    return found
