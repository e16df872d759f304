"""Simulated tunes with known rules: a melody over chords, in three styles."""

import random
from collections.abc import Sequence
from typing import Annotated

import numpy as np
import torch
from pydantic import Field

from zerosum.config import Count
from zerosum.data.base import DataConfig, Dataset, Progress, encode_labels
from zerosum.modalities.music.codes import FIRST, HOLD, REST
from zerosum.modalities.music.reading import music_dataset
from zerosum.modalities.music.rules import TuneRules
from zerosum.modalities.music.space import MOST_BARS, Voice
from zerosum.rng import derive_seed

VOICES = (
    Voice(name="melody", program=73), Voice(name="chord 1", program=24),
    Voice(name="chord 2", program=24), Voice(name="bass", program=32),
    Voice(name="drums", drums=True),
)  # fmt: skip
METERS = ((3, 4), (4, 4), (6, 8))
_MELODY, _LOW, _HIGH, _BASS, _DRUMS = range(5)

_SCALES = {0: (0, 2, 4, 5, 7, 9, 11), 1: (0, 2, 3, 5, 7, 8, 11)}
_CHORDS = {
    0: {"1": (0, 4, 7), "2": (2, 5, 9), "4": (5, 9, 0), "5": (7, 11, 2), "6": (9, 0, 4)},
    1: {"1": (0, 3, 7), "2": (8, 0, 3), "4": (5, 8, 0), "5": (7, 11, 2), "6": (8, 0, 3)},
}
"""Chords on steps of major and minor, root first."""


class Style:
    """How tunes of a style go.

    Attributes:
        meter: place in `METERS`.
        steps: of a bar.
        minor: whether it is in minor.
        rhythms: lengths of the notes of a bar, of which one is drawn.
        bass: steps at which the bass begins, with its note of the chord.
        chords: steps at which chords begin.
        drums: step and drum.
    """

    def __init__(
        self, meter: int, steps: int, minor: int, rhythms: Sequence[Sequence[int]],
        bass: Sequence[tuple[int, int]], chords: Sequence[int],
        drums: Sequence[tuple[int, int]] = (),
    ) -> None:  # fmt: skip
        self.meter, self.steps, self.minor = meter, steps, minor
        self.rhythms, self.bass, self.chords, self.drums = rhythms, bass, chords, drums


STYLES = {
    "jig": Style(
        2, 12, 1, ((4, 2, 4, 2), (2, 2, 2, 4, 2), (6, 6), (2, 2, 2, 2, 2, 2), (6, 4, 2)),
        ((0, 0), (6, 0)), (4, 10),
    ),
    "march": Style(
        1, 16, 0, ((4, 4, 4, 4), (8, 4, 4), (4, 2, 2, 4, 4), (6, 2, 4, 4), (8, 8)),
        ((0, 0), (8, 2)), (4, 12), ((0, 0), (4, 1), (8, 0), (12, 1)),
    ),
    "waltz": Style(
        0, 12, 0, ((4, 4, 4), (8, 4), (12,), (4, 2, 2, 4), (6, 2, 4)),
        ((0, 0),), (4, 8),
    ),
}  # fmt: skip
"""Styles by their label."""


class TunesConfig(DataConfig):
    """Simulated tunes of eight bars, labelled `jig`, `march` and `waltz`, in all keys.

    Notes lie in the scale; a bar begins with a note of its chord; the second half repeats the
    begin of the first; the fourth bar stands on the dominant, and the last one on the tonic.

    Attributes:
        num_samples: how many.
        seed: which ones.
    """

    kind = "tunes"
    spaces = ("music",)
    built_in = True
    num_samples: Annotated[Count, Field(le=1_000_000)] = 2_000
    seed: int = 0

    def build(self, progress: Progress | None = None) -> Dataset:
        """The tunes."""
        chance = random.Random(derive_seed(self.seed, self.kind))
        heads, codes, labels = [], [], []
        for _ in range(self.num_samples):
            label = chance.choice([*STYLES])
            head, own = tune(label, chance)
            heads.append(head)
            codes.append(own)
            labels.append(label)
        longest = max(map(len, codes))
        x = np.stack([np.pad(one.astype(int), ((0, longest - len(one)), (0, 0)),
                             constant_values=-1) for one in codes])  # fmt: skip
        y, names = encode_labels(labels)
        tempos = {"jig": 100.0, "march": 112.0, "waltz": 150.0}
        dataset = music_dataset(
            torch.tensor(heads), torch.from_numpy(x), VOICES, METERS, grid=4, longest=MOST_BARS,
            y=y, labels=names, tempo=[tempos[name] for name in names], name=self.kind,
            rules=TuneRules(),
        )  # fmt: skip
        dataset.notes = ("these tunes are simulated.",)
        return dataset


def tune(label: str, chance: random.Random) -> tuple[list[int], np.ndarray]:
    """A tune: its head and codes `[T, V]`.

    >>> head, codes = tune("waltz", random.Random(0))
    >>> head[2:], codes.shape
    ([8, 0, 0], (96, 5))
    """
    style, tonic = STYLES[label], chance.randrange(12)
    chords = ["1", chance.choice("1456"), chance.choice("1246"), "5"]
    chords += [*chords[:2], chance.choice("45"), "1"]
    codes = np.full((8 * style.steps, len(VOICES)), REST, np.uint8)
    degree, begin = chance.choice((0, 2, 4)), 60 + tonic
    for bar, name in enumerate(chords):
        here = codes[bar * style.steps : (bar + 1) * style.steps]
        chord = _CHORDS[style.minor][name]
        _accompany(here, style, chord, tonic, last=bar == 7)
        if bar in (4, 5):
            here[:, _MELODY] = codes[(bar - 4) * style.steps :][: style.steps, _MELODY]
            continue
        rhythm = (style.steps,) if bar == 7 else chance.choice(style.rhythms)
        place = 0
        for i, length in enumerate(rhythm):
            if not i:
                degree = 0 if bar == 7 else _nearest(degree, chord, style.minor, chance)
            else:
                degree = _step(degree, chance)
            pitch = begin + _above(degree, style.minor)
            _put(here, _MELODY, place, length, pitch)
            place += length
    return [style.meter, tonic + 12 * style.minor, 8, 0, 0], codes


def _accompany(
    here: np.ndarray, style: Style, chord: Sequence[int], tonic: int, *, last: bool
) -> None:
    """Bass, chords and drums of a bar."""
    bass = [36 + (tonic + above) % 12 for above in chord]
    upper = sorted(52 + (tonic + above - 4) % 12 for above in chord[1:])
    if last:
        _put(here, _BASS, 0, style.steps, bass[0])
        for voice, pitch in zip((_LOW, _HIGH), upper, strict=True):
            _put(here, voice, 0, style.steps, pitch)
    else:
        ends = [at for at, _ in style.bass[1:]] + [style.steps]
        for (at, which), end in zip(style.bass, ends, strict=True):
            _put(here, _BASS, at, min(end - at, 8), bass[which])
        for at in style.chords:
            for voice, pitch in zip((_LOW, _HIGH), upper, strict=True):
                _put(here, voice, at, 2, pitch)
    for at, drum in style.drums:
        if not last or not at:
            here[at, _DRUMS] = FIRST + (1 << drum)


def _put(here: np.ndarray, voice: int, at: int, length: int, pitch: int) -> None:
    here[at : at + length, voice] = HOLD
    here[at, voice] = FIRST + pitch


def _above(degree: int, minor: int) -> int:
    """Semitones of a step of the scale above the tonic."""
    octave, step = divmod(degree, 7)
    return 12 * octave + _SCALES[minor][step]


def _nearest(degree: int, chord: Sequence[int], minor: int, chance: random.Random) -> int:
    """One of the two notes of a chord that are next to a step."""
    fits = [one for one in range(-3, 10) if _above(one, minor) % 12 in chord]
    return chance.choice(sorted(fits, key=lambda one: abs(one - degree))[:2])


def _step(degree: int, chance: random.Random) -> int:
    """The step after another: most often its neighbour."""
    move = chance.choice((-1, 1, -1, 1, -1, 1, 0, -2, 2, 3))
    return min(max(degree + move, -3), 9)
