"""Readers of MIDI files: below a folder, in a zip, or one file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from zerosum.data.archives import Archive
from zerosum.data.base import (
    ArrayDataset,
    DataConfig,
    Dataset,
    Progress,
    encode_labels,
    fingerprint_of,
)
from zerosum.data.file_folders import FilesConfig
from zerosum.data.files import look_at
from zerosum.data.labels import label_names
from zerosum.data.places import is_archive
from zerosum.data.scanning import evenly, held_in, holds, named, open_files
from zerosum.errors import DataError
from zerosum.faces import option, reading
from zerosum.modalities.music.codes import FIRST
from zerosum.modalities.music.folding import (
    DRUMS,
    MusicFindings,
    fold,
    names_for,
    piece,
    windows_of,
)
from zerosum.modalities.music.midi import Song, read_song, usual_program
from zerosum.modalities.music.rules import TuneRules
from zerosum.modalities.music.space import (
    MOST_BARS,
    MusicSpace,
    Voice,
    forms_of,
    lows_and_highs,
    steps_of,
)
from zerosum.spaces import Space

ENDINGS = (".mid", ".midi", ".kar")
LEAST = 8
"""Songs that there must be to learn from."""

_LISTED = 10


class MusicDataset(ArrayDataset):
    """Songs in memory, uint8 `[N, W]`."""

    space: MusicSpace


class MusicFiles(FilesConfig):
    """MIDI files below a folder or in a zip, or one file; subfolders are labels.

    Attributes:
        bars: of a piece; longer songs are cut.
        grid: steps of a quarter note: 4 for sixteenths, 12 where there are triplets too.
        voices: `parts` takes parts as they are; `roles` makes melody, chords and bass of whatever
            there is; `auto` takes parts where 95 % of the songs have as many, of single notes. Or
            names.
        meters: such as `3/4,4/4`; if not given, all that occur in more than 2 % of the songs.
    """

    kind = "midi"
    spaces = ("music",)
    split_endings = ENDINGS
    bars: Annotated[int, Field(ge=1, le=MOST_BARS)] = 8
    grid: Annotated[int, Field(ge=1, le=12)] = 4
    voices: Literal["auto", "parts", "roles"] | tuple[str, ...] = "auto"
    meters: str | None = None

    @classmethod
    def claims(cls, data: Any) -> float:
        """MIDI files, and folders and zips that hold some; others hardly."""
        if isinstance(data, str | Path) and Path(data).suffix.lower() in ENDINGS:
            return 0.95 if look_at(Path(data)) == "file" else 0.0
        if not is_archive(data):
            return 0.0
        return 0.75 if holds(Path(data), ENDINGS) else 0.1

    def open(self, data: Any, progress: Progress | None = None) -> "tuple[Dataset, MusicFiles]":
        """See `DataConfig.open`; the voices and meters that were found are recorded.

        Raises:
            DataError: nothing there, nothing readable, or unreadable files without `skip_bad`.
            MissingExtraError: mido is not installed.
        """
        archive, names, note = _files(self)
        found = MusicFindings()
        songs = _songs(archive, names, found, progress)
        bad = "; ".join(found.unreadable[:_LISTED])
        if found.unreadable and not (self.skip_bad and songs):
            more = f"; and {len(found.unreadable) - _LISTED} more" * (
                len(found.unreadable) > _LISTED
            )
            raise DataError(
                f"{len(found.unreadable)} unreadable files in {self.path}: {bad}{more}. Mend or "
                f"remove them, or say {option('skip_bad', True)} to train without them."
            )
        labels = label_names(archive, [*songs]) if self.labels == "auto" else None
        way = self.voices
        voice_names = names_for([*songs.values()], way) if isinstance(way, str) else way
        voices = [_voice(name, [*songs.values()]) for name in voice_names]
        meters = _meters(self, songs, found)
        heads, codes, owners = _pieces(self, songs, voices, meters, found)
        y, classes, tempo = None, (), [_tempo([*songs.values()])]
        if labels is not None:
            y, classes = encode_labels([labels[i] for i in owners])
            tempo = [
                _tempo([s for s, own in zip(songs.values(), labels, strict=True) if own == one])
                for one in classes
            ]
        dataset = music_dataset(
            heads, codes, voices, meters, grid=self.grid, longest=MOST_BARS, y=y, labels=classes,
            tempo=tempo, name=self.path,
        )  # fmt: skip
        said = _notes(self, songs, voice_names, len(codes), found)
        dataset.notes = (*((f"{note}.",) if note else ()), *said)
        spelled = tuple(f"{beats}/{part}" for beats, part in meters)
        return dataset, self.with_values({"voices": list(voice_names), "meters": ",".join(spelled)})

    def scan(self, progress: Progress | None = None) -> str | None:
        """How many files there are, and how many of them cannot be read."""
        archive, names, _ = _files(self)
        found = MusicFindings()
        songs = _songs(archive, names, found, progress)
        notes = sum(
            len(part) for song in songs.values() for part in (*song.parts.values(), song.drums)
        )
        bad = f"; {len(found.unreadable)} unreadable" if found.unreadable else ""
        return f"{len(songs):,} songs with {notes:,} notes{bad}"

    @classmethod
    def options_like(cls, space: Space, like: DataConfig | None) -> dict[str, Any]:
        """See `DataConfig.options_like`; voices, meters and grid are those of `space`."""
        options = super().options_like(space, like)
        if isinstance(space, MusicSpace):
            names = [voice.name for voice in space.voices]
            options |= {"voices": names, "meters": ",".join(space.meter_names), "grid": space.grid}
        return options


def music_dataset(
    heads: Tensor, codes: Tensor, voices: Sequence[Voice], meters: Sequence[tuple[int, int]], *,
    grid: int, longest: int, y: Tensor | None, labels: Sequence[str], tempo: Sequence[float],
    name: str, rules: TuneRules | None = None,
) -> MusicDataset:  # fmt: skip
    """Songs as a data set.

    Args:
        heads: int64 `[N, 5]`; see `MusicSpace`.
        codes: int64 `[N, T, voices]`, -1 beyond the end.
        voices: lines of notes; their lowest and highest pitches are found.
        meters: what meters in heads are.
        grid: steps of a quarter note.
        longest: bars that a song may have.
        y: labels `[N]`, or None.
        labels: names of these.
        tempo: quarter notes in a minute, for each label.
        name: how messages call this data.
        rules: what songs obey, if that is known.

    Raises:
        DataError: there are too few songs.
    """
    if len(codes) < LEAST:
        raise DataError(
            f"{name} holds {len(codes)} pieces of music, and a model learns from {LEAST} or more. "
            f"Cut songs into shorter pieces with {reading(bars=2)}, or give more."
        )
    space = MusicSpace(
        voices=lows_and_highs(codes, voices), meters=tuple(meters), grid=grid,
        tempo=tuple(tempo), forms=forms_of(heads, y), longest=longest, rules=rules,
        labels=tuple(labels),
        label_counts=() if y is None else tuple(torch.bincount(y, minlength=len(labels)).tolist()),
    )  # fmt: skip
    x = space.compact(heads, codes)
    fingerprint = fingerprint_of(x, y, (*labels, *space.meter_names, str(grid)))
    return MusicDataset(
        x, y, name=name, labels=tuple(labels), space=space, fingerprint=fingerprint
    )  # fmt: skip


def _files(config: MusicFiles) -> tuple[Archive, list[str], str]:
    """Where files are, their names, and what there is to say of it.

    Raises:
        DataError: it holds no MIDI files.
    """
    archive, note = open_files(Path(config.path), config.split, ENDINGS)
    names = evenly(named(archive, ENDINGS), config.limit)
    if not names:
        raise DataError(
            f"no MIDI files in {config.path} ({held_in(archive)}). They end in "
            f"{', '.join(ENDINGS)}."
        )
    return archive, names, note


def _songs(
    archive: Archive, names: Sequence[str], found: MusicFindings, progress: Progress | None
) -> dict[str, Song]:
    """Songs by the name of their file; those that cannot be read are noted."""
    songs = {}
    for i, name in enumerate(names):
        try:
            songs[name] = read_song(archive.read(name))
        except DataError as error:
            found.unreadable.append(f"{name}: {str(error).rstrip('.')}")
        if progress is not None:
            progress("reading songs", i + 1, len(names))
    return songs


def _meters(
    config: MusicFiles, songs: dict[str, Song], found: MusicFindings
) -> list[tuple[int, int]]:
    """The meters that are learned.

    Raises:
        DataError: one is no meter, or does not fit the grid.
    """
    for song in songs.values():
        found.meters.update({f"{beats}/{part}" for _, (beats, part) in song.meters})
    if config.meters is not None:
        wanted = [name.strip() for name in config.meters.split(",")]
    else:
        wanted = [
            name for name, count in found.meters.items()
            if count > 0.02 * len(songs) and steps_of(_meter(name), config.grid)
        ]  # fmt: skip
    made = sorted({_meter(name) for name in wanted})
    unfit = [one for one in made if steps_of(one, config.grid) is None]
    if unfit or not made:
        named = ", ".join(found.meters) if not made else "/".join(map(str, unfit[0]))
        raise DataError(
            f"bars of {named} do not fit {config.grid} steps for each quarter note. Give another "
            f"{reading(grid=12)}, or other meters."
        )
    return made[:16]


def _meter(name: str) -> tuple[int, int]:
    beats, _, part = name.partition("/")
    if not (beats.isdecimal() and part.isdecimal() and int(part)):
        raise DataError(f"{name!r} is no meter. Write {reading(meters='3/4,4/4')}.")
    return int(beats), int(part)


def _pieces(
    config: MusicFiles, songs: dict[str, Song], voices: Sequence[Voice],
    meters: list[tuple[int, int]], found: MusicFindings,
) -> tuple[Tensor, Tensor, list[int]]:  # fmt: skip
    """Heads, codes, and which song each piece is from."""
    heads, codes, owners = [], [], []
    for i, (name, song) in enumerate(songs.items()):
        found.tempos += song.tempos > 1
        found.keys += song.modulates
        try:
            folded = fold(song, voices, config.grid, found)
        except DataError as error:
            found.other_meters.append(f"{name} ({error})")
            continue
        for first, last in windows_of(folded, config.bars):
            meter = folded.bars[first].meter
            if meter not in meters:
                if name not in found.other_meters:
                    found.other_meters.append(name)
                continue
            own = piece(folded, first, last, config.grid)
            if (own >= FIRST).any():
                after = len(folded.bars) - last
                heads.append(
                    [meters.index(meter), folded.key, last - first, _far(first), min(after, 255)]
                )
                codes.append(own)
                owners.append(i)
    longest = max(map(len, codes), default=1)
    x = np.full((len(codes), longest, len(voices)), -1, np.int64)
    for row, own in zip(x, codes, strict=True):
        row[: len(own)] = own
    return torch.tensor(heads).view(-1, 5), torch.from_numpy(x), owners


def _far(bars: int) -> int:
    """Bars before a piece as one byte; of more than 252 the place within four is kept."""
    return bars if bars < 256 else 252 + bars % 4


def _voice(name: str, songs: Sequence[Song]) -> Voice:
    return Voice(name=name, drums=name == DRUMS, program=usual_program([s.programs for s in songs]))


def _tempo(songs: Sequence[Song]) -> float:
    return float(np.clip(np.median([song.tempo for song in songs]), 20, 400))


def _notes(
    config: MusicFiles, songs: dict[str, Song], voices: Sequence[str], pieces: int,
    found: MusicFindings,
) -> list[str]:  # fmt: skip
    """What was guessed and changed, in sentences."""
    many = len(songs)
    lines = [
        f"{many:,} songs are {pieces:,} pieces of up to {config.bars} bars; voices: "
        f"{', '.join(voices)}."
    ]
    if found.off_grid > 0.02 * found.notes:
        lines.append(
            f"{found.off_grid / found.notes:.0%} of the notes lie between steps of a 1/"
            f"{4 * config.grid} note, and are moved there; {reading(grid=12)} has more steps."
        )
    if found.dropped:
        lines.append(f"{found.dropped:,} of {found.notes:,} notes have no room, and are left out.")
    if found.tempos:
        lines.append(f"the tempo changes in {found.tempos:,} of {many:,} songs: beats are kept.")
    if found.keys:
        lines.append(f"the key changes in {found.keys:,} of {many:,} songs: the first is taken.")
    if found.other_meters:
        lines.append(f"bars of other meters are left out: {', '.join(found.other_meters[:3])}.")
    if found.unreadable:
        lines.append(f"unreadable, and left out: {'; '.join(found.unreadable[:3])}.")
    return lines
