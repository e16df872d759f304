"""The rules that `tunes` obey, and a checker that reads them back."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zerosum.config import Config
from zerosum.modalities.music.codes import FIRST, HOLD
from zerosum.modalities.music.theory import NO_KEY, scale_of

REPEATED = (4, 5), (0, 1)
"""Bars of a tune of eight that are like others: the fifth and sixth, as the first and second."""


class TuneRules(Config):
    """What is asked of each tune, by its codes; see `obeyed`."""

    kind = "tune_rules"

    def obeyed(
        self, codes: np.ndarray, names: Sequence[str], *, key: int, bars: int
    ) -> Mapping[str, bool]:
        """Which rules a tune obeys.

        - `scale`: every note lies in the scale of its key;
        - `meter`: melody and bass begin a note at the begin of every bar;
        - `chord`: there the melody has a note of the chord that is played in the bar;
        - `repeat`: of eight bars, the melody of the fifth and sixth is that of the first two;
        - `half`: of eight bars, the fourth stands on the fifth step of the scale;
        - `cadence`: in the last bar the bass has the tonic, and the melody ends on it, half a bar
          long or longer.

        Args:
            codes: what each voice does at each step, `[T, V]`; see `MusicSpace`.
            names: of the voices.
            key: its code.
            bars: how many there are.
        """
        if key == NO_KEY or not {"melody", "bass"} <= {*names}:
            return {"scale": False, "meter": False, "chord": False, "cadence": False}
        by_bar = codes.astype(int).reshape(bars, -1, codes.shape[1])
        melody, bass = (by_bar[:, :, names.index(name)] for name in ("melody", "bass"))
        pitched = [i for i, name in enumerate(names) if name != "drums"]
        notes = by_bar[:, :, pitched]
        scale = set(scale_of(key))
        tonic = key % 12
        found = {
            "scale": {int(code - FIRST) % 12 for code in notes[notes >= FIRST]} <= scale,
            "meter": bool((melody[:, 0] >= FIRST).all() and (bass[:, 0] >= FIRST).all()),
            "chord": all(
                _class(melody[i, 0]) in _chord(by_bar[i], names) for i in range(bars)
            ),
            "cadence": _class(bass[-1, 0]) == tonic and _ends_on(melody[-1], tonic),
        }  # fmt: skip
        if bars == 8:
            later, earlier = (melody[[*some]] for some in REPEATED)
            found["repeat"] = bool((later == earlier).all())
            found["half"] = _class(bass[3, 0]) == (tonic + 7) % 12
        return found


def _class(code: Any) -> int:
    """Pitch class of a note by its code; -1 if no note begins."""
    return int(code - FIRST) % 12 if code >= FIRST else -1


def _chord(bar: np.ndarray, names: Sequence[str]) -> set[int]:
    """Pitch classes that bass and chords begin in a bar `[steps, V]`."""
    voices = [i for i, name in enumerate(names) if name == "bass" or name.startswith("chord")]
    notes = bar[:, voices]
    return {_class(code) for code in notes[notes >= FIRST]}


def _ends_on(melody: np.ndarray, tonic: int) -> bool:
    """Whether the last note of a bar is the tonic, held to the end, for half of it or more."""
    begins = np.flatnonzero(melody >= FIRST)
    if not len(begins) or _class(melody[begins[-1]]) != tonic:
        return False
    return bool((melody[begins[-1] + 1 :] == HOLD).all()) and begins[-1] <= len(melody) // 2
