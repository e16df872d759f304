"""Songs as sound: harmonics that fade for pitches, noise and falling sines for drums."""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from zerosum.modalities.music.midi import PartNotes

RATE = 22_050
"""Samples in a second."""

_TAIL = 0.6
"""Seconds after the last note."""

_FAMILIES = (
    (8, (1.0, 0.5, 0.25, 0.15, 0.1, 0.06), 0.004, 0.7),  # pianos
    (16, (1.0, 0.1, 0.4, 0.05, 0.2), 0.002, 0.5),  # bells and mallets
    (24, (1.0, 0.6, 0.5, 0.4, 0.3, 0.2, 0.15), 0.02, math.inf),  # organs
    (32, (1.0, 0.7, 0.35, 0.2, 0.12, 0.08), 0.003, 0.45),  # guitars
    (40, (1.0, 0.4, 0.15, 0.05), 0.005, 0.8),  # basses
    (56, (1.0, 0.6, 0.45, 0.35, 0.25, 0.18, 0.12), 0.06, math.inf),  # strings, voices
    (72, (1.0, 0.8, 0.6, 0.5, 0.35, 0.25, 0.15), 0.03, math.inf),  # brass and reeds
    (80, (1.0, 0.25, 0.08, 0.03), 0.04, math.inf),  # flutes
    (128, (1.0, 0.5, 0.33, 0.25, 0.2), 0.01, 1.2),  # all others
)
"""Programs below a number: shares of harmonics, seconds of the rise and of the decay."""


def rendered(parts: Sequence[PartNotes], *, tempo: float, rate: int = RATE) -> np.ndarray:
    """A song as a wave, float32 `[1, samples]` in [-1, 1].

    Args:
        parts: what is played.
        tempo: quarter notes in a minute.
        rate: samples in a second.
    """
    beat = 60 / tempo
    end = max((note.end for part in parts for note in part.notes), default=0.0) * beat
    wave = np.zeros(round((end + _TAIL) * rate) + 1)
    for part in parts:
        gain = 0.5 if part.drums else 0.3
        for note in part.notes:
            if part.drums:
                made = _drum(note.pitch, rate)
            else:
                made = _tone(note.pitch, (note.end - note.start) * beat, part.program, rate)
            start = round(note.start * beat * rate)
            made = made[: len(wave) - start]
            wave[start : start + len(made)] += gain * made
    return (wave / max(float(np.abs(wave).max()), 1.0))[None].astype(np.float32)


def _tone(pitch: int, seconds: float, program: int, rate: int) -> np.ndarray:
    """A note: harmonics below half the rate, which rise, fade and end softly."""
    shares, rise, decay = next(one[1:] for one in _FAMILIES if program < one[0])
    release = 0.08
    time = np.arange(round((seconds + release) * rate)) / rate
    base = 440 * 2 ** ((pitch - 69) / 12)
    made = np.zeros_like(time)
    for k, share in enumerate(shares, 1):
        if k * base < rate / 2:
            made += share * np.sin(2 * np.pi * k * base * time) * np.exp(-time * (k - 1) / 2)
    fade = np.exp(-time / decay) * np.minimum(time / rise, 1)
    return made / sum(shares) * fade * np.clip((seconds + release - time) / release, 0, 1)


@lru_cache(maxsize=16)
def _drum(drum: int, rate: int) -> np.ndarray:
    """Kick, snare, closed and open hat, tom, cymbal, and a click for all others."""
    noise = np.random.default_rng(drum)
    pitch, decay, hiss, fall = (
        (50, 0.12, 0.02, 0.004), (190, 0.05, 0.7, 0.09), (0, 0.01, 0.35, 0.03),
        (0, 0.01, 0.35, 0.16), (130, 0.15, 0.05, 0.02), (0, 0.01, 0.4, 0.45),
        (800, 0.03, 0.1, 0.01),
    )[drum]  # fmt: skip
    time = np.arange(round(6 * max(decay, fall) * rate)) / rate
    body = np.sin(2 * np.pi * pitch * (time + 0.02 * (1 - np.exp(-time / 0.02))))
    rough = np.diff(noise.normal(size=len(time) + 1)) if drum in (2, 3, 5) else noise.normal(
        size=len(time)
    )  # fmt: skip
    sound = body * np.exp(-time / decay) + hiss * rough * np.exp(-time / fall)
    return sound * np.clip((time[-1] - time) / 0.01, 0, 1)
