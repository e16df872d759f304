"""Waves brought to one form: rate, channels and length, and what is found on the way."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from zerosum.errors import MissingExtraError

SILENCE = 10 ** (-60 / 20)
"""Peak below which a sound is silent, and beside a sound's peak what is trimmed at its ends."""

_CLIPPED, _RUN = 0.999, 3
"""A sound is clipped if so many samples in a row are at least so large."""

_BEFORE = 0.002
"""Seconds that are kept before the first sound."""

_FADE = 0.005
"""Seconds that a sound fades in where it was cut."""

_GRID = 0.01
"""Seconds from one window to the next, as the loudest is looked for."""


@dataclass
class SoundFindings:
    """What was met while sounds were brought to one form: names of files.

    Attributes:
        silent: those that hold no sound.
        clipped: those that were recorded too loud.
        loud: those with peaks above full scale, made quieter.
        cut: those longer than a sound.
        padded: those shorter than a sound.
        resampled: those of another rate.
        mixed: those whose channels were mixed, or copied.
        windows: recordings that were read as windows, and of how many each.
        skipped: how many windows of these hold no sound.
        unreadable: those that cannot be decoded.
        rates: how many files have each rate.
    """

    silent: list[str] = field(default_factory=list)
    clipped: list[str] = field(default_factory=list)
    loud: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    padded: list[str] = field(default_factory=list)
    resampled: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    windows: dict[str, int] = field(default_factory=dict)
    skipped: int = 0
    unreadable: list[str] = field(default_factory=list)
    rates: Counter[int] = field(default_factory=Counter)


def in_channels(wave: np.ndarray, channels: int) -> np.ndarray:
    """A wave `[C, samples]` with other channels: the mean of all, or a copy for each.

    >>> in_channels(np.array([[1.0], [3.0]]), 1).tolist()
    [[2.0]]
    """
    if len(wave) == channels:
        return wave
    return np.repeat(wave.mean(axis=0, keepdims=True), channels, axis=0)


def at_rate(wave: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """A wave `[C, samples]` at another rate.

    Raises:
        MissingExtraError: soxr is not installed.
    """
    if rate == wanted:
        return wave
    try:
        import soxr
    except ImportError as error:
        raise missing_extra("sounds are resampled with soxr") from error
    made = soxr.resample(np.ascontiguousarray(wave.T), rate, wanted)
    return np.ascontiguousarray(made.T, dtype=np.float32)


def missing_extra(what: str) -> MissingExtraError:
    """That a library of the extra `sound` is not installed; `what` it is needed for, in words."""
    return MissingExtraError(f"{what}, which is not installed: pip install 'zerosum[sound]'.")


def is_clipped(wave: np.ndarray) -> bool:
    """Whether several samples in a row are at full scale, in any channel of `[C, samples]`.

    >>> is_clipped(np.array([[0.5, 1.0, 1.0, 1.0]])), is_clipped(np.array([[1.0, 0.5, 1.0, 1.0]]))
    (True, False)
    """
    full = np.abs(wave) >= _CLIPPED
    runs = full[:, : 1 - _RUN].copy() if full.shape[1] >= _RUN else full[:, :0]
    for i in range(1, _RUN):
        runs &= full[:, i : full.shape[1] - _RUN + 1 + i]
    return bool(runs.any())


def trimmed(wave: np.ndarray, rate: int) -> np.ndarray:
    """A wave `[C, samples]` without silence at its ends; empty if it is silent throughout."""
    size = np.abs(wave).max(axis=0, initial=0)
    peak = size.max(initial=0)
    if peak < SILENCE:
        return wave[:, :0]
    heard = np.flatnonzero(size >= SILENCE * peak)
    return wave[:, max(0, heard[0] - round(_BEFORE * rate)) : heard[-1] + 1]


def fitted(wave: np.ndarray, samples: int, rate: int) -> np.ndarray:
    """A wave `[C, L]` of `samples`: the loudest part of a longer one, else with silence after it.

    Where it is cut, it fades.
    """
    length = wave.shape[1]
    if length <= samples:
        return np.pad(wave, ((0, 0), (0, samples - length)))
    start = _loudest(wave, samples, max(1, round(_GRID * rate)))
    piece = wave[:, start : start + samples]
    return faded(piece, rate, rise=start > 0, fall=start + samples < length)


def faded(wave: np.ndarray, rate: int, *, rise: bool = True, fall: bool = True) -> np.ndarray:
    """A wave `[C, L]` that begins in silence, ends in silence, or both."""
    made = wave.copy()
    fade = min(made.shape[1], max(1, round(_FADE * rate)))
    slope = np.linspace(0, 1, fade, dtype=np.float32)
    if rise:
        made[:, :fade] *= slope
    if fall:
        made[:, made.shape[1] - fade :] *= slope[::-1]
    return made


def _loudest(wave: np.ndarray, samples: int, grid: int) -> int:
    """Where the first of the loudest windows begins."""
    power = np.concatenate([[0.0], np.square(wave, dtype=np.float64).sum(axis=0).cumsum()])
    starts = np.arange(0, wave.shape[1] - samples + 1, grid)
    energy = power[starts + samples] - power[starts]
    return int(starts[np.argmax(energy >= 0.999 * energy.max())])


def notes_of(found: SoundFindings, samples: int, rate: int, *, asked: bool) -> list[str]:
    """What was guessed and changed, in sentences."""
    lines, length = [], f"{samples / rate:.3g} s"
    if len(found.rates) > 1 or found.resampled:
        shown = ", ".join(f"{n:,} of {one:,} Hz" for one, n in found.rates.most_common(4))
        lines.append(f"rates: {shown}; all are brought to {rate:,} Hz.")
    if found.windows:
        most = max(found.windows.values())
        lines.append(
            f"{_few([*found.windows])}: read as windows of {length}, up to {most:,} "
            "of each, evenly spread."
        )
    if found.skipped:
        lines.append(f"silent windows, which are left out: {found.skipped:,}.")
    how = "" if asked else ", the length that 95 % have or less"
    if found.cut:
        lines.append(
            f"longer than {length}{how}, so that their loudest part is taken: {_few(found.cut)}."
        )
    if found.padded:
        lines.append(f"shorter than {length}, so that silence follows: {_few(found.padded)}.")
    if found.mixed:
        lines.append(f"of other channels, which are mixed or copied: {_few(found.mixed)}.")
    if found.unreadable:
        lines.append(f"unreadable, and left out: {_few(found.unreadable)}.")
    if found.silent:
        lines.append(f"silent, and left out: {_few(found.silent)}.")
    if found.clipped:
        lines.append(f"clipped, which a model learns too: {_few(found.clipped)}.")
    if found.loud:
        lines.append(f"peaks above full scale, made quieter: {_few(found.loud)}.")
    return lines


def _few(names: Sequence[str]) -> str:
    """The first names of a list.

    >>> _few(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{', '.join(names[:3])}{more}"
