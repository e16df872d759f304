"""From the notes of songs to voices on a grid."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from zerosum.errors import DataError
from zerosum.modalities.music.codes import FIRST, HOLD, REST
from zerosum.modalities.music.midi import Note, Song
from zerosum.modalities.music.space import MOST_VOICES, Voice, steps_of
from zerosum.modalities.music.theory import key_of

CHORDS = 3
"""Notes of a chord that are kept, beside melody and bass."""

ROLES = ("melody", *(f"chord {i + 1}" for i in range(CHORDS)), "bass")
DRUMS = "drums"

_FOUR = ("soprano", "alto", "tenor", "bass")
_ALIKE = 0.95
_SELDOM = 0.02
"""Share of the songs in which a role or drums must be there, to become a voice."""

MOST_SONG = 100_000
"""Steps of a song at most."""

_APART = 0.15
"""Of a step: what lies farther from the grid is off it."""


@dataclass
class MusicFindings:
    """What was met while songs were brought to one form.

    Attributes:
        notes: how many there are.
        off_grid: how many lie between steps.
        dropped: how many no voice has room for.
        tempos: songs of several tempos.
        keys: songs that state several keys.
        meters: how many songs begin in each meter.
        other_meters: songs of which bars in other meters were left out.
        unreadable: files that cannot be read.
    """

    notes: int = 0
    off_grid: int = 0
    dropped: int = 0
    tempos: int = 0
    keys: int = 0
    meters: Counter[str] = field(default_factory=Counter)
    other_meters: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Measure:
    """A bar: its first step in the song, and its meter."""

    start: int
    meter: tuple[int, int]


@dataclass(frozen=True)
class Folded:
    """A song on the grid.

    Attributes:
        codes: what each voice does at each step, uint8 `[T, V]`.
        bars: in order, from the first with a note to the last.
        key: code of its key.
    """

    codes: np.ndarray
    bars: list[Measure]
    key: int


def names_for(songs: Sequence[Song], way: str) -> tuple[str, ...]:
    """Names of the voices that songs are folded into.

    Args:
        songs: all of them.
        way: `parts`, `roles`, or `auto`: parts if 95 % of the songs have as many, of one note at a
            time.
    """
    many = Counter(
        len(song.parts) for song in songs if all(_single(part) for part in song.parts.values())
    )
    usual, alike = many.most_common(1)[0] if many else (0, 0)
    if way == "auto":
        enough = alike >= _ALIKE * len(songs) and 1 < usual < MOST_VOICES
        way = "parts" if enough else "roles"
    if way == "parts":
        most = min(usual or max(len(song.parts) for song in songs), MOST_VOICES - 1)
        names = _FOUR if most == len(_FOUR) else tuple(f"part {i + 1}" for i in range(most))
    else:
        there: Counter[str] = Counter()
        for song in songs:
            there.update(by_role(song, 4)[0].keys())
        names = tuple(name for name in ROLES if there[name] > _SELDOM * len(songs))
    drums = sum(bool(song.drums) for song in songs) > _SELDOM * len(songs)
    return (*names, *((DRUMS,) if drums else ()))


def fold(song: Song, voices: Sequence[Voice], grid: int, found: MusicFindings) -> Folded:
    """A song on a grid of `grid` steps for each quarter note.

    Args:
        song: its notes.
        voices: what they become.
        grid: steps of a quarter note.
        found: is added to.

    Raises:
        DataError: its meter has no whole number of steps.
    """
    bars = _bars(song, grid)
    every = [note for part in [*song.parts.values(), song.drums] for note in part]
    found.notes += len(every)
    found.off_grid += sum(abs(one.start * grid - round(one.start * grid)) > _APART for one in every)
    last = bars[-1].start + (steps_of(bars[-1].meter, grid) or 0)
    codes = np.full((last, len(voices)), REST, np.uint8)
    if voices[0].name == ROLES[0]:
        lines, dropped = by_role(song, grid)
    else:
        lines, dropped = _by_part(song, [voice.name for voice in voices if not voice.drums])
    found.dropped += dropped
    for i, voice in enumerate(voices):
        if voice.drums:
            _strike(codes[:, i], song.drums, grid)
        elif voice.name in lines:
            _write(codes[:, i], lines[voice.name], grid)
    found.dropped += sum(
        len(line) for name, line in lines.items() if name not in {voice.name for voice in voices}
    )
    lengths = [0.0] * 12
    for part in song.parts.values():
        for note in part:
            lengths[note.pitch % 12] += note.end - note.start
    return Folded(codes, bars, key_of(lengths, song.key))


def by_role(song: Song, grid: int) -> tuple[dict[str, list[Note]], int]:
    """Notes by role, and how many have none.

    The melody is what lies on top of the highest part, the bass what lies lowest in the lowest one,
    and chords are what is left, three notes at a time. Parts that sound for less than a fifth of
    the time of another are neither.
    """
    parts = [part for part in song.parts.values() if part]
    if not parts:
        return {}, 0
    heard = [sum(note.end - note.start for note in part) for part in parts]
    full = [part for part, long in zip(parts, heard, strict=True) if long >= max(heard) / 5]
    height = [sum(note.pitch for note in part) / len(part) for part in full]
    upper, lower = full[int(np.argmax(height))], full[int(np.argmin(height))]
    melody = _outer(upper, grid, top=True)
    taken = {id(note) for note in melody}
    bass = [
        note for note in _outer(lower, grid, top=False)
        if lower is not upper or id(note) not in taken
    ]  # fmt: skip
    taken |= {id(note) for note in bass}
    rest: dict[int, dict[int, Note]] = defaultdict(dict)
    dropped = 0
    for part in parts:
        for note in part:
            if id(note) not in taken:
                dropped += note.pitch in rest[round(note.start * grid)]
                rest[round(note.start * grid)][note.pitch] = note
    lines: dict[str, list[Note]] = defaultdict(list)
    for _, chord in sorted(rest.items()):
        notes = [chord[pitch] for pitch in sorted(chord)]
        dropped += max(len(notes) - CHORDS, 0)
        for name, note in zip(ROLES[1:-1], notes[-CHORDS:], strict=False):
            lines[name].append(note)
    if melody:
        lines[ROLES[0]] = melody
    if bass:
        lines[ROLES[-1]] = bass
    return dict(lines), dropped


def windows_of(folded: Folded, bars: int) -> Iterator[tuple[int, int]]:
    """First and last bar (not included) of pieces of at most `bars` bars of one meter.

    The last piece of a longer run ends with it, so that endings are seen.
    """
    meters = [bar.meter for bar in folded.bars]
    begin = 0
    for i in range(1, len(meters) + 1):
        if i < len(meters) and meters[i] == meters[begin]:
            continue
        starts = [*range(begin, max(i - bars, begin) + 1, bars)]
        if starts[-1] + bars < i:
            starts.append(i - bars)
        for start in starts:
            yield start, min(start + bars, i)
        begin = i


def piece(folded: Folded, first: int, last: int, grid: int) -> np.ndarray:
    """Codes of bars `first` to `last`, `[T, V]`; a note that is held from before begins anew."""
    steps = steps_of(folded.bars[first].meter, grid) or 1
    cut = []
    for bar in folded.bars[first:last]:
        own = folded.codes[bar.start : bar.start + steps]
        cut.append(np.pad(own, ((0, steps - len(own)), (0, 0)), constant_values=REST))
    made = np.concatenate(cut)
    start = folded.bars[first].start
    for voice in np.flatnonzero(made[0] == HOLD):
        before = folded.codes[: start + 1, voice]
        made[0, voice] = before[np.flatnonzero(before != HOLD)[-1]]
    return made


def _bars(song: Song, grid: int) -> list[Measure]:
    """Bars from the first with a note to the last."""
    starts = [note.start for part in [*song.parts.values(), song.drums] for note in part]
    first, last = min(starts), song.end
    changes = [(round(at * grid), meter) for at, meter in song.meters]
    made, here = [], 0
    end = max(round(last * grid), round(first * grid) + 1)
    if end > MOST_SONG:
        raise DataError(f"it is {end:,} steps long, and a song has {MOST_SONG:,} at most")
    for i, (at, meter) in enumerate(changes):
        steps = steps_of(meter, grid)
        until = changes[i + 1][0] if i + 1 < len(changes) else end
        if steps is None:
            if until <= at:
                continue
            raise DataError(
                f"its bars of {meter[0]}/{meter[1]} are no whole number of steps, or too many"
            )
        here = max(here, at)
        while here < until:
            made.append(Measure(here, meter))
            here += steps
        here = min(here, until) if i + 1 < len(changes) else here
    silent = round(first * grid)
    while len(made) > 1 and made[1].start <= silent:
        made.pop(0)
    return made


def _by_part(song: Song, names: Sequence[str]) -> tuple[dict[str, list[Note]], int]:
    """Parts from the highest to the lowest, as many as there are names."""
    height = {name: np.mean([one.pitch for one in part]) for name, part in song.parts.items()}
    ordered = sorted(song.parts, key=lambda name: -height[name])
    lost = sum(len(song.parts[one]) for one in ordered[len(names) :])
    return dict(zip(names, (song.parts[one] for one in ordered), strict=False)), lost


def _outer(part: Sequence[Note], grid: int, *, top: bool) -> list[Note]:
    """The highest or the lowest of the notes that begin at each step."""
    best: dict[int, Note] = {}
    for note in part:
        step = round(note.start * grid)
        known = best.get(step)
        if known is None or (note.pitch > known.pitch) == top:
            best[step] = note
    return [best[step] for step in sorted(best)]


def _single(part: Sequence[Note]) -> bool:
    """Whether hardly two notes sound at once."""
    both = sum(b.start < a.end - 0.05 for a, b in pairwise(part))
    return both <= 0.02 * len(part)


def _write(line: np.ndarray, notes: Sequence[Note], grid: int) -> None:
    """Put a line of notes on the grid: each ends where the next begins."""
    for note in notes:
        start = round(note.start * grid)
        end = max(round(note.end * grid), start + 1)
        if start < len(line):
            line[start:end] = HOLD
            line[start] = note.pitch + FIRST
            if end < len(line) and line[end] == HOLD:
                line[end:] = REST


def _strike(line: np.ndarray, notes: Sequence[Note], grid: int) -> None:
    for note in notes:
        step = round(note.start * grid)
        if step < len(line):
            known = int(line[step]) - FIRST if line[step] >= FIRST else 0
            line[step] = FIRST + (known | 1 << note.pitch)
