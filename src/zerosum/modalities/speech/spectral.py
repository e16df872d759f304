"""How far waves are from others in their spectra, at several lengths of frames."""

import math

import torch
from torch import Tensor

from zerosum.modalities.sound.spectra import FLOOR, TOP, Frames, log_mels

DECIBELS = (TOP - FLOOR) / 2
"""What a difference of scaled levels is multiplied by."""

NEPERS = DECIBELS * math.log(10) / 20
"""The same for differences of natural logarithms of magnitudes, as papers state their weights."""

_SCALES = (0.125, 0.25, 0.5, 1.0, 2.0)
"""Lengths of frames beside the usual ones."""

_LEAST_FFT, _LEAST_MELS = 32, 5
_FINER = 2
"""Times as many bands as levels have, at the usual length; longer frames have more."""

_RESOLUTIONS = (0.5, 1.0, 2.0)
_LOWEST = 1e-4
"""Magnitude, beside that of a sine at full scale, below which bins are equally silent: -80 dB."""


def mel_distance(made: Tensor, real: Tensor, frames: Frames) -> Tensor:
    """Mean difference of mel levels at five lengths of frames, in nepers, a scalar.

    Short frames hear when the voice opens; long ones, which have more bands than levels, hear its
    harmonics. After the multi-scale mel loss of Kumar et al., "High-fidelity audio compression with
    improved RVQGAN", NeurIPS 2023, arXiv:2306.06546.

    Args:
        made: waves `[N, samples]`.
        real: waves of the same shape.
        frames: the usual frames.

    >>> frames = Frames(8_000, 512, 128, 64)
    >>> mel_distance(torch.zeros(1, 2_048), torch.zeros(1, 2_048), frames).item()
    0.0
    """
    parts = []
    for scale in _SCALES:
        n_fft = max(_LEAST_FFT, round(frames.n_fft * scale))
        mels = max(_LEAST_MELS, round(_FINER * frames.mels * scale))
        some = Frames(frames.rate, n_fft, n_fft // 4, mels)
        parts.append((log_mels(made, some) - log_mels(real, some)).abs().mean())
    return NEPERS * torch.stack(parts).mean()


def stft_distance(made: Tensor, real: Tensor, n_fft: int) -> Tensor:
    """Multi-resolution STFT distance of waves `[N, samples]`, `[N]`.

    For three lengths of frames: the spectral convergence, and the mean difference of natural
    logarithms of magnitudes (Yamamoto, Song and Kim, "Parallel WaveGAN", ICASSP 2020,
    arXiv:1910.11480, eqs. 4 to 6). Here magnitudes are held above -80 dB of full scale.

    >>> stft_distance(torch.ones(1, 2_048), torch.ones(1, 2_048), 512).tolist()
    [0.0]
    """
    total = made.new_zeros(len(made))
    for scale in _RESOLUTIONS:
        a, b = (_sizes(one, round(n_fft * scale)) for one in (made, real))
        gone = (a - b).flatten(1).norm(dim=1) / b.flatten(1).norm(dim=1).clamp_min(_LOWEST)
        apart = (a.clamp_min(_LOWEST).log() - b.clamp_min(_LOWEST).log()).abs()
        total = total + gone + apart.flatten(1).mean(1)
    return total / len(_RESOLUTIONS)


def _sizes(waves: Tensor, n_fft: int) -> Tensor:
    """Magnitudes of bins, of which a sine at full scale has 1."""
    window = torch.hann_window(n_fft, device=waves.device)
    spectra = torch.stft(
        waves.float(), n_fft, n_fft // 4, window=window, center=True, pad_mode="constant",
        return_complex=True,
    )  # fmt: skip
    return spectra.abs() * (2 / window.sum())
