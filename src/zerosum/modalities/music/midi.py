"""MIDI files: the notes in them by part, in quarter notes, and songs as such files."""

import io
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zerosum.errors import DataError, MissingExtraError
from zerosum.modalities.music.theory import NO_KEY, key_called, signature_of

MOST_BYTES = 8 << 20
"""Bytes of a file at most; a MIDI file of an hour has less than one million."""

DRUM_CHANNEL = 9
_TICKS = 480
_OF_DRUMS = (
    (35, 36), (37, 38, 39, 40), (42, 44), (46,), (41, 43, 45, 47, 48, 50),
    (49, 51, 52, 53, 55, 57, 59), (),
)  # fmt: skip
"""Keys of General MIDI of each of seven drums; the last has all others."""

_STRUCK = (36, 38, 42, 46, 45, 49, 56)
"""The key that each of them is written as."""

_DRUM = {key: i for i, keys in enumerate(_OF_DRUMS) for key in keys}


@dataclass(frozen=True)
class Note:
    """A note.

    Attributes:
        start: in quarter notes.
        end: in quarter notes.
        pitch: of MIDI, 60 is the middle C; of drums, which of seven it is.
    """

    start: float
    end: float
    pitch: int


@dataclass
class Song:
    """What a file holds.

    Attributes:
        parts: notes in order of their start, by track and channel.
        programs: instrument of each part.
        drums: what is struck, in order.
        meters: from which quarter note on a meter holds, in order; the first is at 0.
        key: code of the key that the file states; None if it states none.
        tempo: quarter notes in a minute, at first.
        tempos: how many tempos there are.
        modulates: whether the file states another key later.
    """

    parts: dict[tuple[int, int], list[Note]] = field(default_factory=dict)
    programs: dict[tuple[int, int], int] = field(default_factory=dict)
    drums: list[Note] = field(default_factory=list)
    meters: list[tuple[float, tuple[int, int]]] = field(default_factory=list)
    key: int | None = None
    tempo: float = 120.0
    tempos: int = 1
    modulates: bool = False

    @property
    def end(self) -> float:
        """Where the last note ends, in quarter notes."""
        notes = [*self.parts.values(), self.drums]
        return max((note.end for part in notes for note in part), default=0.0)


def read_song(raw: bytes) -> Song:
    """The notes of a MIDI file.

    Raises:
        DataError: it is damaged, has no notes, or is of a form that has no bars.
        MissingExtraError: mido is not installed.
    """
    mido = require_mido()
    if len(raw) > MOST_BYTES:
        raise DataError(f"it has {len(raw):,} bytes, and a song has {MOST_BYTES:,} at most")
    try:
        file = mido.MidiFile(file=io.BytesIO(raw), clip=True)
    except MemoryError as error:
        raise DataError("it is damaged (a length in it is not possible)") from error
    except Exception as error:  # mido raises what its parsing stumbles over
        raise DataError(f"it is damaged ({str(error) or type(error).__name__})") from error
    if file.type == 2:
        raise DataError("its tracks are songs of their own (type 2)")
    if file.ticks_per_beat <= 0:
        raise DataError("its time is counted in frames of a film, and not in beats")
    song = Song()
    meters: dict[float, tuple[int, int]] = {0.0: (4, 4)}
    tempos: dict[float, float] = {}
    parts: dict[tuple[int, int], list[Note]] = defaultdict(list)
    for track, messages in enumerate(file.tracks):
        _read_track(track, messages, file.ticks_per_beat, song, parts, meters, tempos)
    song.parts = {part: sorted(parts[part], key=_by_start) for part in sorted(parts)}
    song.drums.sort(key=_by_start)
    if not song.parts and not song.drums:
        raise DataError("it has no notes")
    song.meters = sorted(meters.items())
    if tempos:
        song.tempo, song.tempos = tempos[min(tempos)], len({*tempos.values()})
    return song


def _read_track(
    track: int, messages: Any, ticks: int, song: Song,
    parts: dict[tuple[int, int], list[Note]], meters: dict[float, tuple[int, int]],
    tempos: dict[float, float],
) -> None:  # fmt: skip
    """Add what one track holds."""
    now, open_notes = 0, defaultdict(list)
    for message in messages:
        now += message.time
        at = now / ticks
        match message.type:
            case "note_on" if message.velocity > 0:
                open_notes[message.channel, message.note].append(at)
            case "note_on" | "note_off":
                starts = open_notes[message.channel, message.note]
                if starts:
                    _add(track, message.channel, message.note, starts.pop(0), at, song, parts)
            case "program_change" if message.channel != DRUM_CHANNEL:
                song.programs.setdefault((track, message.channel), message.program)
            case "time_signature":
                meters[at] = (message.numerator, message.denominator)
            case "key_signature":
                key = key_called(message.key)
                song.key = key if song.key is None else song.key
                song.modulates |= key != song.key
            case "set_tempo" if message.tempo > 0:
                tempos[at] = 60_000_000 / message.tempo
    for (channel, pitch), starts in open_notes.items():  # never ended
        for start in starts:
            _add(track, channel, pitch, start, now / ticks, song, parts)


def _add(
    track: int, channel: int, pitch: int, start: float, end: float, song: Song,
    parts: dict[tuple[int, int], list[Note]],
) -> None:  # fmt: skip
    if channel == DRUM_CHANNEL:
        song.drums.append(Note(start, end, _DRUM.get(pitch, len(_OF_DRUMS) - 1)))
    else:
        parts[track, channel].append(Note(start, end, pitch))


def _by_start(note: Note) -> tuple[float, int]:
    return note.start, note.pitch


@dataclass(frozen=True)
class PartNotes:
    """A part of a song that is written.

    Attributes:
        name: of its track.
        program: instrument of General MIDI, from 0.
        notes: in quarter notes.
        drums: whether these are drums.
    """

    name: str
    program: int
    notes: Sequence[Note]
    drums: bool = False


def midi_bytes(
    parts: Sequence[PartNotes], *, meter: tuple[int, int], key: int, tempo: float, accents: float
) -> bytes:
    """A MIDI file of type 1: a track of meter, key and tempo, and one for each part.

    Args:
        parts: what is played.
        meter: beats of a bar, and what part of a whole note a beat is.
        key: code of the key.
        tempo: quarter notes in a minute.
        accents: quarter notes of a bar; notes at its begin are played louder.

    Raises:
        MissingExtraError: mido is not installed.
    """
    mido = require_mido()
    file = mido.MidiFile(type=1, ticks_per_beat=_TICKS)
    head = mido.MidiTrack()
    head.append(mido.MetaMessage("set_tempo", tempo=round(60_000_000 / tempo)))
    head.append(mido.MetaMessage("time_signature", numerator=meter[0], denominator=meter[1]))
    if key != NO_KEY:
        head.append(mido.MetaMessage("key_signature", key=signature_of(key)))
    head.append(mido.MetaMessage("end_of_track"))
    file.tracks.append(head)
    channels = [channel for channel in range(16) if channel != DRUM_CHANNEL]
    for i, part in enumerate(parts):
        channel = DRUM_CHANNEL if part.drums else channels[i % len(channels)]
        file.tracks.append(_track(mido, part, channel, accents))
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def _track(mido: Any, part: PartNotes, channel: int, accents: float) -> Any:
    track = mido.MidiTrack()
    track.append(mido.MetaMessage("track_name", name=part.name))
    if not part.drums:
        track.append(mido.Message("program_change", channel=channel, program=part.program))
    events = []
    for note in part.notes:
        first, last = round(note.start * _TICKS), round(note.end * _TICKS)
        loud = 96 if not first % max(round(accents * _TICKS), 1) else 80
        pitch = _STRUCK[note.pitch] if part.drums else note.pitch
        events += [(first, 1, pitch, loud), (last, 0, pitch, 0)]
    now = 0
    for at, begins, pitch, loud in sorted(events):
        kind = "note_on" if begins else "note_off"
        message = mido.Message(kind, channel=channel, note=pitch, velocity=loud, time=at - now)
        track.append(message)
        now = at
    track.append(mido.MetaMessage("end_of_track"))
    return track


def usual_program(programs: Sequence[Mapping[Any, int]]) -> int:
    """The instrument that most parts have; the piano if none says."""
    counts = Counter(program for one in programs for program in one.values())
    return counts.most_common(1)[0][0] if counts else 0


def require_mido() -> Any:
    """The library for MIDI files.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import mido
    except ImportError as error:
        raise MissingExtraError(
            "MIDI files are read and written with mido, which is not installed. Install the extra: "
            "pip install 'zerosum[music]'."
        ) from error
    return mido
