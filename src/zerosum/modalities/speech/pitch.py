"""How high a voice is: the median pitch of what is voiced, by autocorrelation."""

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


def median_pitch(waves: Tensor, rate: int) -> float:
    """The median pitch in Hz of waves `[N, samples]`; 0 where nothing is voiced.

    >>> time = torch.arange(8_000) / 8_000
    >>> buzz = sum((6.2832 * 125 * k * time).sin() for k in range(1, 6))
    >>> round(median_pitch(buzz[None], 8_000))
    125
    """
    size = round(_FRAME * rate)
    shortest, longest = round(rate / HIGHEST), min(round(rate / LOWEST), size - 2)
    pitches = [_pitches(one, rate, size, shortest, longest) for one in waves.split(64)]
    voiced = torch.cat(pitches)
    return float(voiced.median()) if len(voiced) else 0.0


def _pitches(waves: Tensor, rate: int, size: int, shortest: int, longest: int) -> Tensor:
    """Pitch of each voiced frame, `[F]`."""
    frames = waves.float().unfold(1, size, max(1, size // 2)).flatten(0, 1)
    frames = frames - frames.mean(1, keepdim=True)
    loud = frames.norm(dim=1)
    frames = frames[loud > max(_QUIET * float(loud.max()), 1e-3)]
    if not len(frames):
        return waves.new_zeros(0)
    spectra = torch.fft.rfft(frames, 2 * size)
    alike = torch.fft.irfft(spectra.abs().square())[:, : longest + 1]
    overlap = size / (size - torch.arange(longest + 1))
    alike = alike / alike[:, :1] * overlap
    alike[:, :shortest] = -1
    rising = alike[:, 1:-1] >= torch.maximum(alike[:, :-2], alike[:, 2:])
    peaks = torch.where(rising, alike[:, 1:-1], torch.full_like(alike[:, 1:-1], -1.0))
    best = peaks.amax(1, keepdim=True)
    first = (peaks >= _NEARLY * best).float().argmax(1) + 1
    return rate / first[best[:, 0] > _VOICED].float()
