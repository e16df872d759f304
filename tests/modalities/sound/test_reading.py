"""Sounds from folders, zips, recordings and arrays, and what is refused or told in words."""

import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from zerosum.data.base import Dataset
from zerosum.errors import DataError, MissingExtraError
from zerosum.modalities.sound.files import SoundsConfig
from zerosum.modalities.sound.shown import wav_bytes
from zerosum.modalities.sound.space import SoundSpace
from zerosum.workflows.data import open_data, open_holdout, reader_for, scan_data

RATE = 8_000

try:  # the extra `sound`
    import soundfile
    import soxr  # noqa: F401
except ImportError:
    soundfile = None

needs_files = pytest.mark.skipif(soundfile is None, reason="the extra `sound` is not installed")


def tone(seconds: float = 0.4, *, rate: int = RATE, size: float = 0.5, pitch: float = 440.0) -> Any:
    time = np.arange(round(seconds * rate)) / rate
    return (size * np.sin(2 * np.pi * pitch * time)).astype(np.float32)


def write(path: Path, wave: np.ndarray, rate: int = RATE, **how: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert soundfile is not None
    soundfile.write(path, wave, rate, **how)


def folder_of(place: Path, n: int = 10, **how: Any) -> Path:
    for i in range(n):
        write(place / f"{i:02}.wav", tone(pitch=200 + 50 * i, **how))
    return place


def opened(data: Any, **options: Any) -> Dataset:
    return open_data(data, spaces=("sound",), **options)[0]


def space_of(dataset: Dataset) -> SoundSpace:
    assert isinstance(dataset.space, SoundSpace)
    return dataset.space


def refusal(data: Any, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        opened(data, **options)
    return str(caught.value)


@needs_files
def test_subfolders_are_labels_in_any_format(tmp_path: Path) -> None:
    forms = [("wav", {}), ("flac", {}), ("ogg", {}), ("mp3", {}), ("aiff", {})]
    for label in ("low", "high"):
        for ending, how in forms:
            write(tmp_path / label / f"a.{ending}", tone(), **how)
            write(tmp_path / label / f"b.{ending}", tone(), **how)
    dataset = opened(tmp_path)
    assert dataset.space.labels == ("high", "low")
    assert dataset.space.label_counts == (10, 10)
    assert (space_of(dataset).rate, space_of(dataset).channels) == (RATE, 1)
    x = dataset.take(torch.arange(20))[0]
    assert float(x.abs().amax((1, 2)).min()) > 0.4  # lossy or not
    assert "20 files of sound, 8.0 s; 20 of 8,000 Hz; 2 classes" in str(scan_data(tmp_path))


@needs_files
def test_labels_csv_is_read_and_a_zip_is_a_folder(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "in")
    rows = "".join(f"{i:02}.wav,{'even' if i % 2 == 0 else 'odd'}\n" for i in range(10))
    (folder / "labels.csv").write_text("file,label\n" + rows)
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, file.name)
    both = [opened(place) for place in (folder, tmp_path / "in.zip")]
    assert both[0].fingerprint == both[1].fingerprint
    assert both[0].space.label_counts == (5, 5)
    assert opened(folder, labels="none").space.labels == ()


@needs_files
def test_pcm_of_every_depth_is_the_same_wave(tmp_path: Path) -> None:
    kinds = ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "PCM_16", "PCM_16"]
    for i, kind in enumerate(kinds):
        write(tmp_path / f"{i}.wav", tone(), subtype=kind)
    x = opened(tmp_path).take(torch.arange(len(kinds)))[0]
    assert float((x - x[1]).abs().max()) < 0.03


@needs_files
def test_mixed_rates_come_to_the_most_frequent_one_and_that_is_told(tmp_path: Path) -> None:
    folder_of(tmp_path, 8)
    write(tmp_path / "cd.wav", tone(rate=44_100), 44_100)
    write(tmp_path / "studio.wav", tone(rate=192_000), 192_000)
    dataset = opened(tmp_path)
    assert space_of(dataset).rate == RATE
    assert any("all are brought to 8,000 Hz" in note for note in dataset.notes)
    x = dataset.take(torch.arange(10))[0]
    power = torch.fft.rfft(x[-1, 0, :3_200]).abs()
    assert float(power.argmax()) * RATE / 3_200 == pytest.approx(440, abs=5)


@needs_files
def test_rates_are_capped_unless_one_is_asked_for(tmp_path: Path) -> None:
    for i in range(8):
        write(tmp_path / f"{i}.wav", tone(rate=44_100), 44_100)
    assert space_of(opened(tmp_path)).rate == 16_000
    assert space_of(opened(tmp_path, rate=22_050)).rate == 22_050


@needs_files
def test_lengths_are_those_of_most_and_what_is_changed_is_told(tmp_path: Path) -> None:
    folder_of(tmp_path, 20)
    quiet = np.concatenate([0.1 * tone(0.5), 0.9 * tone(0.3)])
    write(tmp_path / "long.wav", quiet)
    write(tmp_path / "short.wav", tone(0.1))
    dataset = opened(tmp_path)
    assert space_of(dataset).seconds == pytest.approx(0.4, abs=0.01)
    said = " ".join(dataset.notes)
    assert "longer than 0.4 s, the length that 95 % have or less" in said
    assert "their loudest part is taken: long.wav." in said
    assert "shorter than 0.4 s, so that silence follows: short.wav." in said
    long = dataset.take(torch.tensor([20]))[0][0, 0]
    assert float(long.abs().max()) > 0.4  # the loudest part was taken
    assert float(long[0].abs()) < 0.01  # and fades where it is cut
    assert space_of(opened(tmp_path, seconds=1.0)).samples == RATE


@needs_files
def test_silence_at_the_ends_is_trimmed(tmp_path: Path) -> None:
    for i in range(8):
        write(tmp_path / f"{i}.wav", np.concatenate([np.zeros(3_000), tone(), np.zeros(3_000)]))
    assert space_of(opened(tmp_path)).seconds == pytest.approx(0.4, abs=0.01)
    assert space_of(opened(tmp_path, silence="keep")).seconds == pytest.approx(1.15)


@needs_files
def test_an_hour_is_read_as_windows(tmp_path: Path) -> None:
    piece = (32_767 * tone(1.0)).astype("<i2").tobytes()
    with (tmp_path / "hour.wav").open("wb") as handle:
        size = 3_600 * len(piece)
        head = bytearray(wav_bytes(np.zeros((1, 0)), RATE))
        head[4:8], head[40:44] = (36 + size).to_bytes(4, "little"), size.to_bytes(4, "little")
        handle.write(head)
        for _ in range(3_600):
            handle.write(piece)
    dataset = opened(tmp_path / "hour.wav", windows=50)
    assert len(dataset) == 50
    assert space_of(dataset).seconds == 1.0
    assert any("read as windows of 1 s, up to 50 of each" in note for note in dataset.notes)


@needs_files
def test_recordings_may_be_shorter_than_the_seconds_that_are_asked_for(tmp_path: Path) -> None:
    for i in range(8):
        write(tmp_path / f"{i}.wav", tone(11.0))
    dataset = opened(tmp_path, seconds=12.0)
    assert len(dataset) == 8
    assert any("shorter than 12 s, so that silence follows" in note for note in dataset.notes)


@needs_files
def test_stereo_is_kept_and_more_channels_are_mixed(tmp_path: Path) -> None:
    for i in range(8):
        write(tmp_path / f"{i}.wav", np.stack([tone(), 0.5 * tone()], axis=1))
    write(tmp_path / "six.wav", np.stack([tone()] * 6, axis=1))
    dataset = opened(tmp_path)
    assert space_of(dataset).channels == 2
    assert "of other channels, which are mixed or copied: six.wav." in dataset.notes
    assert space_of(opened(tmp_path, channels=1)).channels == 1


@needs_files
def test_silent_clipped_and_too_loud_files_are_told(tmp_path: Path) -> None:
    folder_of(tmp_path, 8)
    write(tmp_path / "silent.wav", np.zeros(4_000))
    write(tmp_path / "hot.wav", np.clip(3 * tone(), -1, 1))
    write(tmp_path / "over.wav", 3 * tone(), subtype="FLOAT")
    dataset = opened(tmp_path)
    assert len(dataset) == 10
    said = " ".join(dataset.notes)
    assert "silent, and left out: silent.wav" in said
    assert "hot.wav" in said.split("clipped")[1]
    assert "peaks above full scale, made quieter: over.wav" in said
    assert float(dataset.take(torch.arange(10))[0].abs().max()) <= 1


@needs_files
def test_broken_files_are_listed_with_their_reasons(tmp_path: Path) -> None:
    folder_of(tmp_path)
    (tmp_path / "text.wav").write_text("no sound")
    (tmp_path / "empty.wav").write_bytes(wav_bytes(np.zeros((1, 0)), RATE))
    write(tmp_path / "nan.wav", np.full(4_000, np.nan, np.float32), subtype="FLOAT")
    said = refusal(tmp_path)
    assert "2 unreadable files: empty.wav: it holds no samples; text.wav: it cannot be" in said
    assert "skip_bad=True" in said
    dataset = opened(tmp_path, skip_bad=True)
    assert len(dataset) == 10
    assert any("unreadable, and left out: empty.wav, text.wav, nan.wav" in n for n in dataset.notes)


@needs_files
def test_a_cut_file_is_read_or_refused_and_never_a_traceback(tmp_path: Path) -> None:
    write(tmp_path / "a.flac", tone())
    whole = (tmp_path / "a.flac").read_bytes()
    for share in (0.01, 0.1, 0.5, 0.9):
        place = tmp_path / str(share)
        folder_of(place)
        (place / "cut.flac").write_bytes(whole[: int(share * len(whole))])
        dataset = opened(place, skip_bad=True)
        cut = [note for note in dataset.notes if note.startswith("unreadable")]
        assert len(dataset) == 11 - len(cut), share
        if cut:
            assert "cut.flac" in refusal(place)


@needs_files
def test_what_is_no_data_set_is_refused_in_words(tmp_path: Path) -> None:
    folder_of(tmp_path / "few", 3)
    assert "holds 3 sounds, and a model learns from 8 or more" in refusal(tmp_path / "few")
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match=r"no sounds in .* Sounds end in \.aif"):
        SoundsConfig(path=str(tmp_path / "none")).build()
    for i in range(8):
        write(tmp_path / "dead" / f"{i}.wav", np.zeros(4_000))
    assert "are silent" in refusal(tmp_path / "dead")
    assert "a model needs" in refusal(folder_of(tmp_path / "blips"), seconds=0.01)


@needs_files
def test_a_holdout_is_brought_to_the_form_of_the_training_data(tmp_path: Path) -> None:
    folder_of(tmp_path / "train" / "a", 8)
    folder_of(tmp_path / "test" / "a", 8, seconds=0.7)
    dataset, config = open_data(tmp_path, spaces=("sound",))
    assert any("are splits, not classes" in note for note in dataset.notes)
    held, _ = open_holdout(tmp_path, space=dataset.space, like=config)
    assert held.space.shape == dataset.space.shape
    assert space_of(held).samples == space_of(dataset).samples
    assert dataset.space.mismatch(held.space, "the holdout") is None


def test_arrays_need_a_rate() -> None:
    waves = np.stack([tone() for _ in range(10)])
    said = refusal(waves)
    assert "does not say how many samples a second has" in said
    assert "'rate': 16000" in said
    dataset = opened(waves, rate=RATE)
    assert space_of(dataset).shape[0] == 1
    stereo = opened((waves[:, None].repeat(2, 1), list("ab" * 5)), rate=RATE)
    assert (space_of(stereo).channels, stereo.space.labels) == (2, ("a", "b"))


def test_whole_numbers_are_waves_and_wild_floats_are_not(tmp_path: Path) -> None:
    waves = np.stack([tone() for _ in range(10)])
    shorts = opened((32_767 * waves).astype(np.int16), rate=RATE)
    floats = opened(waves, rate=RATE)
    everything = torch.arange(10)
    assert torch.allclose(shorts.take(everything)[0], floats.take(everything)[0], atol=1e-4)
    assert "holds floats up to 1.5" in refusal(3 * waves, rate=RATE)
    assert "NaN or infinite" in refusal(np.full_like(waves, np.nan), rate=RATE)
    assert "real numbers" in refusal(waves.astype(complex), rate=RATE)
    assert "with 1 or 2 channels" in refusal(np.zeros((9, 5, 4_000)), rate=RATE)
    np.savez(tmp_path / "w.npz", x=waves, x_test=waves[:8], y=np.arange(10) % 2)
    dataset, config = open_data(tmp_path / "w.npz", spaces=("sound",), rate=RATE)
    assert dataset.space.label_counts == (5, 5)
    held, _ = open_holdout(tmp_path / "w.npz", space=dataset.space, like=config)
    assert len(held) == 8


def test_pictures_and_tables_are_not_taken_for_sounds(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    assert reader_for(tmp_path).kind == "images"
    assert reader_for("kit").kind == "kit"
    if soundfile is not None:
        shutil.rmtree(tmp_path)
        assert reader_for(folder_of(tmp_path / "in", 2)).kind == "sounds"


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.wav").write_bytes(wav_bytes(tone()[None], RATE))
    monkeypatch.setitem(__import__("sys").modules, "soundfile", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'zerosum\[sound\]'"):
        opened(tmp_path)


@needs_files
@pytest.mark.parametrize("packed", [False, True])
def test_the_folders_of_cyclegan_are_splits_of_two_domains(packed: bool, tmp_path: Path) -> None:
    for k, name in enumerate(("trainA", "trainB", "testA", "testB")):
        folder_of(tmp_path / "set" / name, 8 + k)
    place = tmp_path / "set"
    if packed:
        place = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "set"))
    dataset, config = open_data(str(place), spaces=("sound",))
    assert (dataset.space.labels, dataset.space.label_counts) == (("A", "B"), (8, 9))
    assert any("splits of two domains, not 4 classes" in note for note in dataset.notes)
    held, _ = open_holdout(str(place), space=dataset.space, like=config)
    assert held.space.label_counts == (10, 11)
