"""Keys, scales, consonance, and the key that notes are in."""

import re
from collections.abc import Sequence

import numpy as np

TONICS = {
    "major": ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"),
    "minor": ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B"),
}
KEYS = tuple(f"{tonic} {mode}" for mode, tonics in TONICS.items() for tonic in tonics)
"""Names of keys by their code: 12 of major, then 12 of minor."""

NO_KEY = len(KEYS)
"""The code of songs without pitches."""

MAJOR = (0, 2, 4, 5, 7, 9, 11)
MINOR = (0, 2, 3, 5, 7, 8, 9, 10, 11)
"""Semitones above the tonic; minor has the sixth and seventh step plain and raised."""

CONSONANT = (0, 3, 4, 5, 7, 8, 9)
"""Intervals that sound at rest: unison, thirds, fourth, fifth and sixths."""

_PROFILES = np.array(
    [
        [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88],
        [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17],
    ]
)
"""How well each pitch class fits C major and C minor (Krumhansl and Kessler 1982)."""

_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_FITS = 0.9
"""Share of the notes that lie in the scale of a key that a file states, for it to be believed."""


def scale_of(key: int) -> tuple[int, ...]:
    """Pitch classes of a key's scale; all twelve without a key.

    >>> scale_of(KEYS.index("G major"))
    (7, 9, 11, 0, 2, 4, 6)
    """
    if key == NO_KEY:
        return tuple(range(12))
    return tuple((key + step) % 12 for step in (MAJOR if key < 12 else MINOR))


def shift_of(key: int) -> int:
    """Semitones from C to the tonic, from -5 to 6; 0 without a key.

    >>> shift_of(KEYS.index("G major")), shift_of(KEYS.index("A minor"))
    (-5, -3)
    """
    return 0 if key == NO_KEY else (key % 12 + 5) % 12 - 5


def key_called(signature: str) -> int | None:
    """The code of a key as MIDI files spell it; None if it is no key.

    >>> KEYS[key_called("F#m")], KEYS[key_called("Cb")], key_called("H")
    ('F# minor', 'B major', None)
    """
    found = re.fullmatch("([A-G])([b#]?)(m?)", signature)
    if found is None:
        return None
    tonic = (_LETTERS[found[1]] + {"": 0, "b": -1, "#": 1}[found[2]]) % 12
    return tonic + (12 if found[3] else 0)


def signature_of(key: int) -> str:
    """How MIDI files spell a key.

    >>> signature_of(KEYS.index("G# minor"))
    'G#m'
    """
    tonic, mode = KEYS[key].split()
    return tonic + ("m" if mode == "minor" else "")


def key_of(lengths: Sequence[float], stated: int | None = None) -> int:
    """The key of notes.

    It is the stated one where nine tenths of the notes lie in its scale; else the one whose profile
    correlates best with them (Krumhansl, "Cognitive foundations of musical pitch", 1990).

    Args:
        lengths: how long each of the twelve pitch classes sounds.
        stated: what the file says, if it says anything.

    >>> KEYS[key_of([4, 0, 1, 0, 3, 1, 0, 3, 0, 1, 0, 1])]
    'C major'
    """
    told = np.asarray(lengths, float)
    if not told.any():
        return NO_KEY
    if stated is not None and told[list(scale_of(stated))].sum() >= _FITS * told.sum():
        return stated
    turned = np.stack([np.roll(one, tonic) for one in _PROFILES for tonic in range(12)])
    flat = told - told.mean()
    return int(((turned - turned.mean(1, keepdims=True)) @ flat).argmax())
