"""MIDI files of every sort: what becomes of them, and which are refused."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mido
import pytest
import torch

import zerosum as zs
from zerosum.errors import DataError
from zerosum.modalities.music.codes import FIRST, HOLD, REST
from zerosum.modalities.music.space import MusicSpace
from zerosum.modalities.music.theory import KEYS
from zerosum.workflows.data import open_data, open_holdout, scan_data

TICKS = 480
Played = Sequence[tuple[float, float, int]]
"""Start and end in quarter notes, and a pitch."""

SCALE = (60, 62, 64, 65, 67, 69, 71, 72)
LINE: Played = [(i / 2, i / 2 + 0.5, SCALE[i % 8]) for i in range(32)]


def track(notes: Played, channel: int = 0, program: int | None = None) -> mido.MidiTrack:
    events = sorted(
        [(round(a * TICKS), 1, p) for a, _, p in notes]
        + [(round(b * TICKS), 0, p) for _, b, p in notes]
    )
    made, now = mido.MidiTrack(), 0
    if program is not None:
        made.append(mido.Message("program_change", channel=channel, program=program))
    for at, on, pitch in events:
        kind = "note_on" if on else "note_off"
        made.append(mido.Message(kind, channel=channel, note=pitch, time=at - now))
        now = at
    return made


def save(path: Path, *tracks: mido.MidiTrack, head: Sequence[mido.MetaMessage] = ()) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = mido.MidiFile(ticks_per_beat=TICKS)
    file.tracks += [mido.MidiTrack(head), *tracks]
    file.save(path)


def meter(numerator: int, denominator: int, time: int = 0) -> mido.MetaMessage:
    return mido.MetaMessage(
        "time_signature", numerator=numerator, denominator=denominator, time=time
    )


def opened(path: Path, **options: Any) -> tuple[MusicSpace, torch.Tensor, torch.Tensor, str]:
    dataset, _ = open_data(path, spaces=("music",), **options)
    assert isinstance(dataset.space, MusicSpace)
    head, codes = dataset.space.parts(dataset.take(torch.arange(len(dataset)))[0])
    return dataset.space, head, codes, " ".join(dataset.notes)


def test_notes_become_steps_and_folders_labels(tmp_path: Path) -> None:
    for i in range(8):
        save(tmp_path / "ab"[i % 2] / f"{i}.mid", track(LINE), head=[meter(3, 4)])
    space, head, codes, _ = opened(tmp_path)
    assert (space.meter_names, space.labels) == (("3/4",), ("a", "b"))
    assert [voice.name for voice in space.voices] == ["melody"]
    assert (space.voices[0].low, space.voices[0].high) == (60, 72)
    assert head[0].tolist() == [0, KEYS.index("C major"), 6, 0, 0]
    assert codes[0, :4, 0].tolist() == [FIRST + 60, HOLD, FIRST + 62, HOLD]
    assert codes[0, 64:72, 0].tolist() == [REST] * 8  # the last bar is filled up
    assert (codes[0, 72:] == -1).all()


def test_long_songs_are_cut_and_know_where_they_are(tmp_path: Path) -> None:
    for i in range(8):
        save(tmp_path / f"{i}.mid", track(LINE))
    _, head, codes, said = opened(tmp_path, bars=3)
    assert head[:2, 2:].tolist() == [[3, 0, 1], [3, 1, 0]]
    assert "8 songs are 16 pieces of up to 3 bars; voices: melody." in said
    assert codes[1, 0, 0] == FIRST + SCALE[0]


def test_parts_are_voices_if_all_songs_have_as_many(tmp_path: Path) -> None:
    low: Played = [(i, i + 1, pitch - 24) for i, (_, _, pitch) in enumerate(LINE[:16])]
    for i in range(8):
        save(tmp_path / f"{i}.mid", track(low), track(LINE, 1, program=40))
    space, _, codes, _ = opened(tmp_path)
    assert [voice.name for voice in space.voices] == ["part 1", "part 2"]
    assert codes[0, 0].tolist() == [FIRST + 60, FIRST + 36]


def test_a_bass_of_long_notes_is_a_bass(tmp_path: Path) -> None:
    long: Played = [(4 * i, 4 * i + 4, 36 + i) for i in range(4)]
    for i in range(8):
        save(tmp_path / f"{i}.mid", track(LINE), track(long, channel=1))
    space, _, codes, _ = opened(tmp_path, voices="roles")
    assert [voice.name for voice in space.voices] == ["melody", "bass"]
    assert codes[0, 0, 1] == FIRST + 36


def test_a_piano_becomes_melody_chords_and_bass(tmp_path: Path) -> None:
    chords: Played = [(2 * i, 2 * i + 2, p) for i in range(8) for p in (36, 52, 55, 72)]
    for i in range(8):
        save(tmp_path / f"{i}.mid", track(chords))
    space, _, codes, _ = opened(tmp_path)
    names = [voice.name for voice in space.voices]
    assert names == ["melody", "chord 1", "chord 2", "bass"]
    assert (codes[0, 0] - FIRST).tolist() == [72, 52, 55, 36]


def test_drums_alone_have_no_key(tmp_path: Path) -> None:
    beat: Played = [(i, i + 0.25, 36 if i % 2 else 38) for i in range(16)]
    hats: Played = [(i / 2, i / 2 + 0.1, 42) for i in range(32)]
    for i in range(16):
        own = hats[: 32 - i]
        save(tmp_path / f"{i}.mid", track([*beat, *own], channel=9))
    space, head, codes, _ = opened(tmp_path)
    assert (space.pitched, [voice.drums for voice in space.voices]) == (0, [True])
    assert head[0, 1] == len(KEYS)
    assert codes[0, :3, 0].tolist() == [FIRST + 0b110, REST, FIRST + 0b100]
    model = zs.train(
        "music", data=tmp_path, samples=16, out=tmp_path / "run", quiet=True, referee="off",
        threads=1, precision="fp32", layout="contiguous", compile=False,
    )  # fmt: skip
    assert "key" not in model.controls
    model.sample(2, seed=0).save(tmp_path / "beats/")


def test_tempo_changes_do_not_move_beats(tmp_path: Path) -> None:
    tempos = [mido.MetaMessage("set_tempo", tempo=t, time=960) for t in (400_000, 900_000)]
    for i in range(8):
        save(tmp_path / "a" / f"{i}.mid", track(LINE))
        save(tmp_path / "b" / f"{i}.mid", track(LINE), head=tempos)
    _, _, plain, _ = opened(tmp_path / "a")
    _, _, changed, said = opened(tmp_path / "b")
    assert torch.equal(plain, changed)
    assert "the tempo changes in 8 of 8 songs: beats are kept." in said


def test_key_changes_are_told_and_drums_are_counted(tmp_path: Path) -> None:
    keys = [mido.MetaMessage("key_signature", key=key, time=960) for key in ("C", "Eb")]
    for i in range(8):
        save(tmp_path / f"{i}.mid", track(LINE), track([(0, 1, 36)], channel=9), head=keys)
    _, head, _, said = opened(tmp_path)
    assert "the key changes in 8 of 8 songs: the first is taken." in said
    assert head[0, 1] == KEYS.index("C major")
    assert scan_data(tmp_path) == f"8 songs with {8 * 33} notes"


def test_meters_may_change_and_odd_ones_are_left_out(tmp_path: Path) -> None:
    change = [meter(4, 4), meter(3, 4, time=8 * TICKS), meter(5, 16, time=3 * TICKS)]
    for i in range(8):
        save(tmp_path / f"{i}.mid", track(LINE), head=change)
    space, head, _, _ = opened(tmp_path)
    assert space.meter_names == ("3/4", "4/4", "5/16")
    assert head[:3, 0].tolist() == [1, 0, 2]
    _, head, _, said = opened(tmp_path, meters="4/4")
    assert head[:, 2].tolist() == [2] * 8
    assert "bars of other meters are left out: 0.mid, 1.mid, 2.mid" in said
    with pytest.raises(DataError, match="do not fit 1 steps for each quarter note"):
        opened(tmp_path, grid=1, meters="5/16")


def test_triplets_are_said_to_be_off_the_grid(tmp_path: Path) -> None:
    triplets: Played = [(i / 3, i / 3 + 0.3, 60 + i % 5) for i in range(48)]
    for i in range(8):
        save(tmp_path / f"{i}.mid", track(triplets))
    assert "67% of the notes lie between steps of a 1/16 note" in opened(tmp_path)[3]
    assert "lie between" not in opened(tmp_path, grid=12)[3]


def test_stated_keys_are_believed_where_notes_fit(tmp_path: Path) -> None:
    for key, place in (("Am", "fits"), ("F#", "does not")):
        for i in range(8):
            head = [mido.MetaMessage("key_signature", key=key)]
            save(tmp_path / place / f"{i}.mid", track(LINE), head=head)
    assert opened(tmp_path / "fits")[1][0, 1] == KEYS.index("A minor")
    assert opened(tmp_path / "does not")[1][0, 1] == KEYS.index("C major")


def test_files_that_cannot_be_read_are_listed(tmp_path: Path) -> None:
    for i in range(8):
        save(tmp_path / f"{i}.mid", track(LINE))
    whole = (tmp_path / "0.mid").read_bytes()
    (tmp_path / "cut.mid").write_bytes(whole[:60])
    (tmp_path / "text.mid").write_text("no music")
    (tmp_path / "film.mid").write_bytes(whole[:12] + b"\xe7\x28" + whole[14:])
    (tmp_path / "two.mid").write_bytes(whole[:8] + b"\x00\x02" + whole[10:])
    save(tmp_path / "empty.mid", track([]))
    with pytest.raises(DataError) as refused:
        opened(tmp_path)
    for part in ("5 unreadable files", "cut.mid", "film.mid: its time is counted in frames",
                 "two.mid: its tracks are songs of their own", "empty.mid: it has no notes",
                 "skip_bad=True"):  # fmt: skip
        assert part in str(refused.value)
    assert "unreadable, and left out: cut.mid" in opened(tmp_path, skip_bad=True)[3]


def test_endless_songs_and_missing_ones_are_refused(tmp_path: Path) -> None:
    for i in range(8):
        save(tmp_path / "far" / f"{i}.mid", track([(0, 1, 60), (90_000, 90_001, 60)]))
    with pytest.raises(DataError, match="music, and a model learns from 8 or more"):
        opened(tmp_path / "far")
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError):
        opened(tmp_path / "none")
    with pytest.raises(DataError, match="is no meter"):
        opened(tmp_path / "far", meters="waltz")


def test_a_holdout_is_brought_to_the_voices_of_the_data(tmp_path: Path) -> None:
    for i in range(16):
        place = "test" if i % 2 else "train"
        save(tmp_path / place / f"{i}.mid", track(LINE), head=[meter(4, 4)])
        if place == "train":
            drums = track([(0, 1, 36)], channel=9)
            save(tmp_path / place / f"{i}.mid", track(LINE), drums, head=[meter(4, 4)])
    dataset, config = open_data(tmp_path, spaces=("music",))
    held, _ = open_holdout(tmp_path, space=dataset.space, like=config)
    assert dataset.space.mismatch(held.space, "it") is None
    assert len(held) == 8
