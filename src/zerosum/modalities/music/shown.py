"""Songs as pictures of their notes, as MIDI files, and to be heard."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from zerosum.forms.base import Preview, Writer
from zerosum.forms.csv_cells import Cells
from zerosum.forms.labelled_files import file_names, write_labels
from zerosum.modalities.music.codes import FIRST, HOLD
from zerosum.modalities.music.midi import Note, PartNotes, midi_bytes
from zerosum.modalities.music.space import MusicSpace
from zerosum.modalities.music.synth import RATE, rendered
from zerosum.modalities.sound.loudness import evened
from zerosum.modalities.sound.shaping import faded
from zerosum.modalities.sound.shown import wav_bytes
from zerosum.spaces import Space

_INKS = (
    (37, 99, 235), (22, 163, 74), (234, 148, 20), (190, 24, 60), (124, 58, 237), (13, 148, 136),
    (180, 83, 9), (71, 85, 105),
)  # fmt: skip
_STEP, _TONE, _DRUM, _GAP = 3, 3, 4, 10
_LEAST_TONES = 24
_HEARD, _HEARD_SECONDS = 2, 10
"""Songs that a notebook plays."""


class MusicPreview(Preview):
    """Rolls, two in a row: time to the right, pitch upwards, a colour for each voice."""

    few: ClassVar[int] = 8

    def draw(self, space: Space, x: Tensor, *, real: Tensor | None = None) -> Image.Image:
        """Songs, uint8 `[N, W]`; reals are not drawn."""
        assert isinstance(space, MusicSpace)
        frame = _frame(space, x)
        rolls = [_roll(space, one, *frame) for one in x]
        across = min(2, len(rolls)) or 1
        wide = max((roll.width for roll in rolls), default=_GAP) + _GAP
        high = max((roll.height for roll in rolls), default=_GAP) + _GAP
        down = -(-len(rolls) // across)
        sheet = Image.new("RGB", (across * wide + _GAP, down * high + _GAP), "white")
        for i, roll in enumerate(rolls):
            sheet.paste(roll, (_GAP + i % across * wide, _GAP + i // across * high))
        return sheet

    def draw_one(self, space: Space, x: Tensor) -> Image.Image:
        """One song, uint8 `[W]`."""
        assert isinstance(space, MusicSpace)
        return _roll(space, x, *_frame(space, x[None]))

    def media(self, space: Space, x: Tensor) -> Mapping[str, bytes]:
        """The first ten seconds of the first two songs as `.wav` files, which notebooks keep."""
        assert isinstance(space, MusicSpace)
        waves = [_wave(space, one, None)[:, : _HEARD_SECONDS * RATE] for one in x[:_HEARD]]
        ends = (faded(wave, RATE, rise=False) for wave in waves)
        return {f"{i}.wav": wav_bytes(wave, RATE) for i, wave in enumerate(ends)}


class MusicWriter(Writer):
    """A folder with a `.mid` and a `.wav` for each song, and `labels.csv`; or one such file.

    In one file songs follow one another, with a bar of rest between them.
    """

    forms = ("folder", ".mid", ".wav")
    default = "songs"

    def write(
        self, path: Path, form: str, space: Space, pieces: Iterable[Tensor],
        labels: Sequence[str], cells: Cells,
    ) -> None:  # fmt: skip
        """Write songs, uint8 `[n, W]` each piece; see `Writer.write`.

        Raises:
            MissingExtraError: mido is not installed, for `.mid`.
        """
        assert isinstance(space, MusicSpace)
        x = torch.cat([*pieces])
        shown = labels or [None] * len(x)
        if form == "folder":
            names = file_names(len(x), ".mid", labels)
            for name, song, label in zip(names, x, shown, strict=True):
                (path / name).write_bytes(song_midi(space, song, label))
                (path / name).with_suffix(".wav").write_bytes(_heard(space, song, label))
            write_labels(path, names, labels, cells)
        elif form == ".wav":
            waves = [_wave(space, song, label) for song, label in zip(x, shown, strict=True)]
            path.write_bytes(wav_bytes(np.concatenate(waves, axis=1), RATE))
        else:
            path.write_bytes(_one_after_another(space, x, shown))


def parts_of(space: MusicSpace, song: Tensor) -> list[PartNotes]:
    """What is played of a song, uint8 `[W]`: voices whose names differ in a number are one part.

    >>> from zerosum.modalities.music.space import MusicSpace, Voice
    >>> space = MusicSpace(
    ...     voices=(Voice(name="melody"),), meters=((4, 4),), forms=((-1, 0, 0, 1, 1),), longest=1
    ... )
    >>> codes = torch.tensor([[[62]] + 7 * [[1]] + 8 * [[0]]]).view(1, 16, 1)
    >>> (song,) = space.compact(torch.tensor([[0, 0, 1, 0, 0]]), codes)
    >>> parts_of(space, song)[0].notes
    [Note(start=0.0, end=2.0, pitch=60)]
    """
    _, codes = space.parts(song[None])
    table = codes[0].numpy()
    table = table[: int((table[:, 0] >= 0).sum())]
    made: dict[str, PartNotes] = {}
    for i, voice in enumerate(space.voices):
        name = voice.name if voice.name.startswith("part") else re.sub(r" \d+$", "", voice.name)
        notes = [*_notes(table[:, i], space.grid, drums=voice.drums)]
        before = made[name].notes if name in made else []
        made[name] = PartNotes(name, voice.program, [*before, *notes], voice.drums)
    return [*made.values()]


def song_midi(space: MusicSpace, song: Tensor, label: str | None) -> bytes:
    """A song, uint8 `[W]`, as a MIDI file at the tempo of its label."""
    head, _ = space.parts(song[None])
    meter = space.meters[int(head[0, 0])]
    return midi_bytes(
        parts_of(space, song), meter=meter, key=int(head[0, 1]), tempo=_tempo(space, label),
        accents=meter[0] * 4 / meter[1],
    )  # fmt: skip


def _notes(line: np.ndarray, grid: int, *, drums: bool) -> Iterable[Note]:
    """Notes of a voice in quarter notes; of drums one for each that is struck."""
    for start in np.flatnonzero(line >= FIRST).tolist():
        code = int(line[start]) - FIRST
        if drums:
            yield from (
                Note(start / grid, (start + 1) / grid, bit) for bit in range(7) if code >> bit & 1
            )
            continue
        rest = np.flatnonzero(line[start + 1 :] != HOLD)
        end = start + 1 + (int(rest[0]) if len(rest) else len(line) - start - 1)
        yield Note(start / grid, end / grid, code)


def _one_after_another(space: MusicSpace, x: Tensor, labels: Sequence[str | None]) -> bytes:
    """All songs in one MIDI file, in the meter, key and tempo of the first."""
    whole: dict[str, PartNotes] = {}
    begin = 0.0
    head, _ = space.parts(x)
    for song, own in zip(x, head, strict=True):
        bar = space.steps[int(own[0])] / space.grid
        for part in parts_of(space, song):
            notes = [Note(one.start + begin, one.end + begin, one.pitch) for one in part.notes]
            before = whole[part.name].notes if part.name in whole else []
            whole[part.name] = PartNotes(part.name, part.program, [*before, *notes], part.drums)
        begin += (int(own[2]) + 1) * bar
    meter = space.meters[int(head[0, 0])]
    return midi_bytes(
        [*whole.values()], meter=meter, key=int(head[0, 1]), tempo=_tempo(space, labels[0]),
        accents=meter[0] * 4 / meter[1],
    )  # fmt: skip


def _wave(space: MusicSpace, song: Tensor, label: str | None) -> np.ndarray:
    return evened(rendered(parts_of(space, song), tempo=_tempo(space, label)), RATE)


def _heard(space: MusicSpace, song: Tensor, label: str | None) -> bytes:
    return wav_bytes(_wave(space, song, label), RATE)


def _tempo(space: MusicSpace, label: str | None) -> float:
    known = label in space.labels and label is not None
    return space.tempo[space.labels.index(label) if known else 0]


def _frame(space: MusicSpace, x: Tensor) -> tuple[int, int]:
    """Lowest and highest pitch that a picture of songs shows."""
    _, codes = space.parts(x)
    pitches = codes[..., : space.pitched]
    pitches = pitches[pitches >= FIRST] - FIRST
    low, high = (int(pitches.min()), int(pitches.max())) if len(pitches) else (60, 60)
    more = max(_LEAST_TONES - (high - low + 1), 0)
    return max(low - more // 2, 0), min(high + more - more // 2, 127)


def _roll(space: MusicSpace, song: Tensor, low: int, high: int) -> Image.Image:
    """One song: bars as lines, notes as boxes, drums below."""
    head, codes = space.parts(song[None])
    steps = int((codes[0, :, 0] >= 0).sum())
    tones = (high - low + 1) * _TONE if space.pitched else 0
    drums = 7 * _DRUM + 2 if space.voices[-1].drums else 0
    picture = Image.new("RGB", (max(steps * _STEP, 8) + 1, tones + drums + 1), (248, 250, 252))
    pen = ImageDraw.Draw(picture)
    bar = space.steps[int(head[0, 0])]
    for step in range(0, steps + 1, bar):
        pen.line([(step * _STEP, 0), (step * _STEP, picture.height)], fill=(203, 213, 225))
    for i, voice in reversed([*enumerate(space.voices)]):
        line = codes[0, :steps, i].numpy()
        for note in _notes(line, 1, drums=voice.drums):
            left, right = round(note.start) * _STEP, round(note.end) * _STEP - 1
            top = (high - note.pitch) * _TONE
            if voice.drums:
                top = tones + 2 + (6 - note.pitch) * _DRUM
            height = _DRUM if voice.drums else _TONE
            ink = _INKS[-1] if voice.drums else _INKS[i % (len(_INKS) - 1)]
            pen.rectangle((left + 1, top, max(right, left + 1), top + height - 1), fill=ink)
    return picture
