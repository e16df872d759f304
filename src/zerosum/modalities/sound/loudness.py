"""How loud sounds are, after ITU-R BS.1770-4, and sounds brought to one loudness.

The K-weighting filters are designed for any rate as in De Man, "Evaluation of implementations of
the EBU R128 loudness measurement", AES 2018. They are applied to spectra, since phases do not
matter.
"""

import math

import numpy as np

TARGET = -20.0
"""LUFS that files are brought to."""

PEAK = 10 ** (-1 / 20)
"""The largest value in a file: -1 dB."""

_BLOCK, _STEP = 0.4, 0.1
"""Seconds of a block, and from one to the next."""

_SILENT, _BELOW = -70.0, -10.0
"""Blocks below this level do not count, nor those so far below the mean of the others."""


def loudness(wave: np.ndarray, rate: int) -> float:
    """Integrated loudness of a wave `[channels, samples]`, in LUFS; -inf of silence.

    A sound shorter than 0.4 s is one block.

    >>> time = np.arange(48_000) / 48_000
    >>> round(loudness(np.sin(2 * np.pi * 997 * time)[None], 48_000), 1)
    -3.0
    """
    power = np.square(_weighted(np.asarray(wave, np.float64), rate)).sum(axis=0)
    size, step = round(_BLOCK * rate), round(_STEP * rate)
    if len(power) <= size:
        blocks = np.array([power.mean()])
    else:
        sums = np.concatenate([[0.0], power.cumsum()])
        starts = np.arange(0, len(power) - size + 1, step)
        blocks = (sums[starts + size] - sums[starts]) / size
    loud = blocks[_lufs(blocks) > _SILENT]
    if not len(loud):
        return -math.inf
    loud = loud[_lufs(loud) > _lufs(loud.mean()) + _BELOW]
    return float(_lufs(loud.mean()))


def evened(wave: np.ndarray, rate: int, target: float = TARGET) -> np.ndarray:
    """A wave `[channels, samples]` at `target` LUFS, or as near as peaks of -1 dB allow.

    Silence stays silent, and where `target` is not finite, nothing is changed but such peaks.
    """
    level, peak = loudness(wave, rate), float(np.abs(wave).max(initial=0))
    gain = 10 ** ((target - level) / 20) if math.isfinite(level) and math.isfinite(target) else 1
    return wave * min(gain, PEAK / max(peak, 1e-9))


def _lufs(power: np.ndarray) -> np.ndarray:
    return -0.691 + 10 * np.log10(np.maximum(power, 1e-20))


def _weighted(wave: np.ndarray, rate: int) -> np.ndarray:
    """The wave through both K-weighting filters, apart from phases."""
    length = wave.shape[1]
    padded = length + round(_BLOCK * rate)
    turns = np.exp(-2j * np.pi * np.fft.rfftfreq(padded))
    gain = np.ones_like(turns)
    for b, a in (_shelf(rate), _high_pass(rate)):
        gain = gain * np.polyval(b[::-1], turns) / np.polyval(a[::-1], turns)
    return np.fft.irfft(np.fft.rfft(wave, padded) * gain, padded)[:, :length]


def _shelf(rate: int) -> tuple[list[float], list[float]]:
    """Coefficients of 1, z^-1 and z^-2 of the head's shelf."""
    q, k = 0.7071752369554196, math.tan(math.pi * 1681.974450955533 / rate)
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    a0 = 1 + k / q + k * k
    b = [high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k]
    return [one / a0 for one in b], [1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0]


def _high_pass(rate: int) -> tuple[list[float], list[float]]:
    q, k = 0.5003270373238773, math.tan(math.pi * 38.13547087602444 / rate)
    a0 = 1 + k / q + k * k
    return [1.0, -2.0, 1.0], [1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0]
