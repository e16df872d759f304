"""Speech of any length is cut into windows, and what is odd about files is said."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.modalities.speech.voices import RATE, voice, write
from zerosum.errors import DataError
from zerosum.modalities.sound.files import SoundsConfig
from zerosum.modalities.speech.reading import SpeechConfig
from zerosum.modalities.speech.space import SpeechSpace
from zerosum.workflows.data import open_data, open_holdout, reader_for

SPEECH = ("speech",)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for i, seconds in enumerate((9.0, 3.3, 7.7)):
        write(tmp_path / "speech" / "anna" / f"{i}.wav", voice(seconds, seed=i))
    return tmp_path / "speech"


def test_files_of_any_length_become_windows(folder: Path) -> None:
    dataset, config = open_data(folder, spaces=SPEECH)
    assert isinstance(dataset.space, SpeechSpace)
    samples = dataset.space.sounds.samples
    assert samples % dataset.space.sounds.hop == 0
    assert samples / RATE == pytest.approx(1.0, abs=0.05)
    assert 18 <= len(dataset) <= 21
    windows, labels = dataset.take(torch.arange(len(dataset)))
    assert labels is None
    first = voice(9.0, seed=0)
    assert torch.allclose(windows[0, 0], torch.from_numpy(first[:samples]), atol=1e-4)
    assert torch.allclose(windows[1, 0], torch.from_numpy(first[samples : 2 * samples]), atol=1e-4)
    assert config is not None
    again, _ = open_data(config)
    assert again.fingerprint == dataset.fingerprint


def test_without_a_recipe_a_folder_holds_sounds(folder: Path) -> None:
    assert reader_for(folder) is SoundsConfig
    assert reader_for(folder, SPEECH) is SpeechConfig


def test_a_holdout_has_the_form_of_the_data(folder: Path, tmp_path: Path) -> None:
    dataset, config = open_data(folder, spaces=SPEECH)
    write(tmp_path / "later" / "x.wav", voice(30.0, seed=9, rate=8_000), 8_000)
    held, _ = open_holdout(tmp_path / "later", space=dataset.space, like=config)
    assert dataset.space.mismatch(held.space, "the holdout") is None
    assert len(held) == 29


def test_long_files_are_read_in_pieces(tmp_path: Path) -> None:
    wave = voice(130.0)
    write(tmp_path / "hour.flac", wave)
    dataset, _ = open_data(tmp_path / "hour.flac", spaces=SPEECH)
    assert 125 <= len(dataset) <= 130


def test_what_is_odd_is_said(folder: Path) -> None:
    write(folder / "silent.wav", np.zeros(2 * RATE, np.float32))
    write(folder / "loud.wav", np.clip(20 * voice(3.0), -1, 1))
    write(folder / "wide.wav", np.stack([voice(3.0, rate=8_000)] * 2, 1), 8_000)
    dataset, _ = open_data(folder, spaces=SPEECH)
    told = " ".join(dataset.notes)
    assert "silent, and left out: silent.wav" in told
    assert "clipped, which a model learns too: loud.wav" in told
    assert "all are brought to 4,000 Hz" in told
    assert "of other channels, which are mixed or copied: wide.wav" in told


def test_files_shorter_than_a_window_are_named(tmp_path: Path) -> None:
    write(tmp_path / "long.wav", voice(20.0))
    write(tmp_path / "short.wav", voice(0.4))
    dataset, _ = open_data(tmp_path, spaces=SPEECH)
    assert "shorter than 1.02 s, so that silence follows: short.wav." in dataset.notes


def test_broken_files_are_refused_or_skipped(folder: Path) -> None:
    (folder / "broken.wav").write_bytes(b"RIFF....WAVEfmt nothing")
    (folder / "empty.wav").write_bytes(b"")
    with pytest.raises(DataError, match="2 unreadable files: broken"):
        open_data(folder, spaces=SPEECH)
    dataset, _ = open_data(folder, spaces=SPEECH, skip_bad=True)
    assert any("unreadable, and left out: broken.wav" in note for note in dataset.notes)


def test_too_little_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "few" / "a.wav", voice(3.0))
    with pytest.raises(DataError, match="holds 3 windows in which something is heard"):
        open_data(tmp_path / "few", spaces=SPEECH)
    write(tmp_path / "none" / "a.wav", np.zeros(30 * RATE, np.float32))
    with pytest.raises(DataError, match="holds 0 windows"):
        open_data(tmp_path / "none", spaces=SPEECH)


def test_arrays_are_cut_too() -> None:
    waves = np.stack([voice(10.0, seed=i) for i in range(8)])
    dataset, _ = open_data(waves, spaces=SPEECH, rate=RATE)
    assert len(dataset) == 80
    with pytest.raises(DataError, match="how many samples a second has"):
        open_data(waves, spaces=SPEECH)


def test_options_of_sounds_that_mean_nothing_are_refused(folder: Path) -> None:
    assert {"rate", "seconds", "skip_bad", "limit", "holdout"} == set(SpeechConfig.options())
    with pytest.raises(DataError, match="channels does not apply"):
        SpeechConfig.describing(folder, {"channels": 2})
