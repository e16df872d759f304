"""A vocoder through every verb: trained, asked for waves of levels and of waves, judged."""

import io
import json
import os
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import zerosum as zs
from tests.cli.conftest import Zerosum
from tests.modalities.speech.voices import RATE, voice, write
from tests.workflows.conftest import QUICK
from zerosum.errors import ConditionError, DataError, ExportError, RunError
from zerosum.evaluation.judging.figures import Evaluation
from zerosum.modalities.speech import vocoder_model
from zerosum.modalities.speech.space import SpeechSpace
from zerosum.modalities.speech.spectral import mel_distance, stft_distance
from zerosum.modalities.speech.vocoder_model import VocoderModel
from zerosum.runs.store import Run

pytestmark = pytest.mark.usefixtures("small_judges")

SMALL = {
    "game.generator.width": 16, "game.generator.depth": 1, "game.discriminator.width": 2,
    "game.discriminator.periods": [2], "game.discriminator.windows": [1.0],
    "game.begin": 0.8, "game.segment": 17, "optimisation.batch_size": 8,
    "optimisation.record_every": 5,
}  # fmt: skip
OPTIONS = {"rate": RATE, "seconds": 0.5}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place, before = tmp_path_factory.mktemp("speech"), Path.cwd()
    for i in range(4):
        write(place / "data" / f"{i}.wav", voice(16.0, pitch=90 + 20 * i, seed=i))
    os.chdir(place)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZEROSUM_CACHE", str(place / "cache"))
        yield place
    os.chdir(before)


@pytest.fixture(scope="module")
def model(folder: Path) -> VocoderModel:
    options: dict[str, Any] = {**QUICK, "referee": "act", "holdout": 0.3}
    return zs.train(
        "vocoder", data="data", samples=800, out="run", set=SMALL, options=OPTIONS, **options
    )


@pytest.fixture(scope="module")
def report(model: VocoderModel) -> Evaluation:
    return zs.evaluate("run", n=20, replicates=3, quiet=True)


def heard(path: Path) -> tuple[int, np.ndarray]:
    """Rate and wave `[channels, samples]` of a file of 16 bits."""
    with wave.open(io.BytesIO(path.read_bytes()), "rb") as handle:
        assert handle.getsampwidth() == 2
        data = np.frombuffer(handle.readframes(handle.getnframes()), "<i2")
        return handle.getframerate(), data.reshape(-1, handle.getnchannels()).T / 32_767


def test_it_learns(model: VocoderModel) -> None:
    rows = Run.open("run").history()
    mel = [row["generator/mel"] for row in rows]
    assert mel[-1] < 0.98 * mel[0]
    early = [row for row in rows if row["samples"] <= 600]
    assert not any("discriminator/fake" in row or "generator/matching" in row for row in early)
    assert {"discriminator/fake", "discriminator/real", "generator/matching"} <= rows[-1].keys()


@pytest.mark.parametrize("samples", [1, 700, 4_096, 12_345])
def test_waves_of_any_length_keep_it(model: VocoderModel, samples: int) -> None:
    made = model.translate(voice(4.0)[:samples], rate=RATE)
    assert made.shape == (1, samples)
    assert made.dtype == np.float32
    assert np.abs(made).max() <= 1


def test_pieces_have_no_joints(model: VocoderModel, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = voice(8.0, seed=3)
    once = model.translate(whole, rate=RATE)
    monkeypatch.setattr(vocoder_model, "PIECE", 40)
    assert np.abs(model.translate(whole, rate=RATE) - once).max() < 1e-4


def test_levels_give_what_their_wave_gives(model: VocoderModel) -> None:
    whole = voice(2.048, seed=4)
    levels = model.levels(whole, rate=RATE)
    made, again = model.translate(levels), model.translate(whole, rate=RATE)
    assert made.shape == again.shape
    assert np.abs(made - again).max() < 1e-4
    assert model.translate(np.stack([levels, levels])).shape == (2, made.shape[1])


def test_copies_sound_like_what_they_were_made_from(model: VocoderModel) -> None:
    reals = torch.from_numpy(np.stack([voice(2.048, pitch=p, seed=7) for p in (100, 150)]))
    made = torch.cat([torch.from_numpy(model.translate(one.numpy(), rate=RATE)) for one in reals])
    frames = model.speech.sounds.frames
    right, swapped = (mel_distance(one, reals, frames) for one in (made, made.flip(0)))
    assert right < 0.9 * swapped
    spectra = stft_distance(made, reals, frames.n_fft) < stft_distance(
        made.flip(0), reals, frames.n_fft
    )
    assert spectra.all()


def test_other_rates_and_channels(folder: Path, model: VocoderModel) -> None:
    two = np.stack([voice(1.0, rate=8_000), voice(1.0, seed=1, rate=8_000)])
    made = model.translate(two, rate=8_000)
    assert made.shape == (2, RATE)
    assert not np.allclose(made[0], made[1], atol=1e-2)
    path = write(folder / "one" / "wide.flac", two.T, 8_000)
    assert np.abs(model.translate(path) - made).max() < 1e-3


@pytest.mark.parametrize(
    ("given", "how", "words"),
    [
        (np.zeros((3, 4, 5, 6)), {"rate": RATE}, r"has shape \(3, 4, 5, 6\)"),
        (np.zeros(0), {"rate": RATE}, "A wave is"),
        (np.full(500, np.nan), {"rate": RATE}, "NaN or infinite"),
        (np.full(500, 3.0), {"rate": RATE}, "floats up to 3"),
        (np.zeros((7, 30)), {}, r"Levels are floats, \[64, frames\]"),
        (np.full((64, 30), -20.0), {}, r"numbers up to 20, and levels lie in \[-1, 1\]"),
        (np.full((64, 30), np.nan), {}, "NaN or infinite"),
        ("nowhere.wav", {}, "no file at nowhere.wav"),
        ("nowhere.npy", {}, "no file at nowhere.npy"),
    ],
)
def test_what_cannot_be_translated(
    model: VocoderModel, given: Any, how: dict[str, Any], words: str
) -> None:
    with pytest.raises(DataError, match=words):
        model.translate(given, **how)


def test_a_folder_of_waves_and_levels(folder: Path, model: VocoderModel, zerosum: Zerosum) -> None:
    place = folder / "mixed"
    write(place / "a" / "one.wav", voice(1.5))
    write(place / "two.flac", voice(1.0, rate=8_000), 8_000)
    levels = model.levels(voice(1.024), rate=RATE)
    np.save(place / "three.npy", levels)
    np.savez(place / "four.npz", first=levels, second=levels[:, :20])
    write(place / "silent.wav", np.zeros(RATE, np.float32))
    (place / "broken.wav").write_bytes(b"RIFF")
    (place / "broken.npy").write_bytes(b"\x93NUMPY")
    np.save(place / "whole.npy", np.arange(5))
    done = zerosum("translate", "run", place, "--out", "copies")
    assert done.code == 1
    names = sorted(p.relative_to("copies").as_posix() for p in Path("copies").rglob("*.wav"))
    assert names == ["a/one.wav", "four/first.wav", "four/second.wav", "three.wav", "two.wav"]
    for words in (
        "silent.wav is left out: it is silent throughout",
        "broken.wav is left out: it cannot be decoded",
        "broken.npy is left out", "whole.npy is left out: it holds no levels",
        "a real-time factor of",
    ):  # fmt: skip
        assert words in done.err
    rate, data = heard(Path("copies/a/one.wav"))
    assert (rate, data.shape) == (RATE, (1, round(1.5 * RATE)))


def test_a_single_file(folder: Path, model: VocoderModel, zerosum: Zerosum) -> None:
    source = write(folder / "single" / "in.wav", voice(1.0))
    done = zerosum("translate", "run", source, "--out", "out.wav", "--json")
    assert done.code == 0
    told = json.loads(done.out)
    assert (told["n"], told["seconds"]) == (1, 1.0)
    assert told["real_time_factor"] > 0
    assert np.abs(heard(Path("out.wav"))[1] - model.translate(source)).max() < 1e-3
    with pytest.raises(RunError, match="is the sound itself"):
        model.translate_files(source, source)
    with pytest.raises(RunError, match="not an empty folder"):
        model.translate_files(source, "data")
    with pytest.raises(DataError, match="nothing to translate in"):
        model.translate_files("run/samples", "nothing")


def test_wishes_of_images_mean_nothing(folder: Path, model: VocoderModel, zerosum: Zerosum) -> None:
    done = zerosum("translate", "run", "data", "--tile", "64", "--out", "never")
    assert done.code == 2
    assert "--tile means nothing to this model. Leave it out; it knows --sign." in done.err
    assert not Path("never").exists()
    with pytest.raises(ConditionError, match="a file says its rate itself"):
        model.translate("data/0.wav", rate=RATE)


def test_samples_are_copies_of_what_it_learned_from(model: VocoderModel) -> None:
    samples = model.sample(5, seed=1)
    space = model.speech
    assert samples.x.shape == (5, 1, space.sounds.samples)
    samples.save("copies.npz")
    assert len(samples.media()) == 4
    with pytest.raises(ConditionError, match="controls nothing"):
        model.sample(2, where={"label": "anna"})


def test_it_is_judged_beside_griffin_lim(report: Evaluation) -> None:
    for name in ("stft_distance", "mel_level_error"):
        figure = report[name]
        assert figure.ceiling == 0
        assert figure.floor is not None
        assert min(figure.floor, figure.value) > 0
        assert figure.floor < {"stft_distance": 2, "mel_level_error": 4}[name]
        assert "N=20" in figure.protocol
    assert "Griffin-Lim" in report["stft_distance"].meaning
    report.save("report.html")


def test_the_baseline_is_griffin_lim_row_by_row(model: VocoderModel) -> None:
    space = model.space
    assert isinstance(space, SpeechSpace)
    reals = torch.from_numpy(
        np.stack([voice(space.sounds.seconds, seed=i)[None] for i in range(3)])
    )
    made = space.independent(reals, 3, None)  # pyright: ignore[reportArgumentType]
    frames = space.sounds.frames
    for row in range(3):
        apart = [float(mel_distance(made[row], reals[i], frames)) for i in range(3)]
        assert min(apart) == apart[row]


def test_it_is_exported_and_resumed(folder: Path, model: VocoderModel) -> None:
    model.save("vocoder.safetensors")
    again = zs.load("vocoder.safetensors", recipe="vocoder")
    whole = voice(1.0)
    assert np.array_equal(again.translate(whole, rate=RATE), model.translate(whole, rate=RATE))
    with pytest.raises(ExportError, match="inverse Fourier transform"):
        model.save("vocoder.onnx")
    longer = zs.resume("run", samples=840, quiet=True)
    assert longer.step == 105


def test_pictures_are_no_speech(folder: Path) -> None:
    with pytest.raises(zs.ZerosumError, match="vocoder"):
        zs.train("vocoder", data="digits", samples=16, quiet=True)
