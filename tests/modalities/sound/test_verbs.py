"""Sounds through every verb: trained, sampled, heard, judged, exported, resumed."""

import csv
import io
import os
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import zerosum as zs
from tests.workflows.conftest import QUICK
from zerosum.catalogue import modality_of
from zerosum.cli.app import main
from zerosum.errors import EvaluationError
from zerosum.evaluation.features.self_network import LARGEST_SIDE, as_seen, shrink, shrunk_size
from zerosum.evaluation.judging.figures import Evaluation
from zerosum.modalities.sound.classes import SoundClasses
from zerosum.modalities.sound.kit import LABELS
from zerosum.modalities.sound.loudness import TARGET, loudness
from zerosum.modalities.sound.space import SoundSpace
from zerosum.models.model import Model
from zerosum.rng import Noise
from zerosum.runs.store import Run
from zerosum.workflows.data import open_data

pytestmark = pytest.mark.usefixtures("small_judges")

RATE, SAMPLES = 2_000, 500
DATA = {"rate": RATE, "seconds": SAMPLES / RATE, "num_samples": 300}
SMALL = {
    "game.generator.width": 8, "game.generator.max_width": 8, "game.discriminator.width": 8,
    "game.discriminator.max_width": 8, "optimisation.record_every": 5,
}  # fmt: skip


def trained(out: str, samples: int = 320, **more: Any) -> Model:
    options: dict[str, Any] = {**QUICK, "set": SMALL, "options": DATA, **more}
    return zs.train("sound", data="kit", samples=samples, out=out, **options)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place, before = tmp_path_factory.mktemp("sound"), Path.cwd()
    cache = os.environ.get("ZEROSUM_CACHE")
    os.chdir(place)
    os.environ["ZEROSUM_CACHE"] = str(place / "cache")
    yield place
    os.chdir(before)
    os.environ.pop("ZEROSUM_CACHE")
    if cache is not None:
        os.environ["ZEROSUM_CACHE"] = cache


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    return trained("run", referee="act")


@pytest.fixture(scope="module")
def report(model: Model) -> Evaluation:
    return zs.evaluate("run", holdout="kit", n=60, replicates=2, quiet=True)


def heard(file: bytes | Path) -> tuple[int, np.ndarray]:
    """Rate and wave `[samples, channels]` of a file of 16 bits."""
    with wave.open(io.BytesIO(file) if isinstance(file, bytes) else str(file), "rb") as handle:
        assert handle.getsampwidth() == 2
        data = np.frombuffer(handle.readframes(handle.getnframes()), "<i2")
        return handle.getframerate(), data.reshape(-1, handle.getnchannels()) / 32_768


def test_samples_are_waves_in_range(model: Model) -> None:
    samples = model.sample(6, seed=1)
    assert samples.x.shape == (6, 1, SAMPLES)
    assert samples.x.dtype == np.float32
    assert np.abs(samples.x).max() <= 1
    assert not samples.x[:, :, [0, -1]].any()
    assert "sounds of 0.25 s at 2,000 Hz, mono" in repr(samples)


def test_labels_are_asked_for(model: Model) -> None:
    assert model.sample(5, where={"label": "snare"}).labels == ["snare"] * 5
    assert {*model.sample(12, in_turn={"label": [*LABELS]}).labels} == {*LABELS}


def test_a_folder_has_one_file_each_evenly_loud(folder: Path, model: Model) -> None:
    model.sample(4, where={"label": "kick"}, seed=1).save("kit/")
    files = sorted(Path("kit").glob("*.wav"))
    assert [file.name for file in files] == [f"{i}-kick.wav" for i in range(4)]
    for file in files:
        rate, data = heard(file)
        assert (rate, len(data)) == (RATE, SAMPLES)
        peak = np.abs(data).max()
        assert peak <= 10 ** (-1 / 20) + 1e-3
        level = loudness(data.T, RATE)
        assert level == pytest.approx(TARGET, abs=0.2) or peak > 0.88
    with Path("kit/labels.csv").open() as handle:
        assert next(iter(csv.DictReader(handle))) == {"file": "0-kick.wav", "label": "kick"}


def test_what_was_written_is_read_again(folder: Path, model: Model) -> None:
    pytest.importorskip("soundfile", reason="the extra `sound` is not installed")
    model.sample(12, in_turn={"label": ["hat", "tone"]}, seed=1).save("again/")
    dataset, _ = open_data("again", spaces=("sound",), silence="keep")
    assert dataset.space.labels == ("hat", "tone")
    assert isinstance(dataset.space, SoundSpace)
    assert (dataset.space.rate, dataset.space.samples) == (RATE, SAMPLES)


def test_one_file_holds_all_with_pauses(folder: Path, model: Model) -> None:
    samples = model.sample(3, seed=1)
    _, data = heard(samples.save("all.wav"))
    assert len(data) == 3 * SAMPLES + 2 * RATE // 4
    samples.save("all.npz")
    assert np.load("all.npz")["x"].shape == (3, 1, SAMPLES)
    soundfile = pytest.importorskip("soundfile", reason="the extra `sound` is not installed")
    lossless, rate = soundfile.read(samples.save("all.flac"), always_2d=True)
    assert rate == RATE
    assert np.abs(lossless - data).max() < 1e-3
    with pytest.raises(zs.ZerosumError, match=r"Allowed: .png, .npz, folder, .wav, .flac"):
        samples.save("all.csv")


def test_notebooks_play_the_first_ones(model: Model) -> None:
    samples = model.sample(6, seed=1)
    assert [*samples.media()] == ["0.wav", "1.wav", "2.wav", "3.wav"]
    assert heard(samples.media()["0.wav"])[0] == RATE
    shown = samples._repr_html_()
    assert shown.count("<audio controls") == 4
    assert "data:audio/wav;base64,UklGR" in shown
    assert "<audio" not in zs.train(
        "vanilla", data="ring", samples=64, out="ring", **QUICK
    ).sample(2)._repr_html_()  # fmt: skip


def test_pictures_show_pitch_upwards(model: Model) -> None:
    space = model.space
    time = torch.arange(SAMPLES) / RATE
    low, high = (0.5 * (6.2832 * pitch * time).sin()[None] for pitch in (100, 800))
    preview = modality_of(space).preview
    rows = [np.asarray(preview.draw_one(space, x)).sum((1, 2)).argmax() for x in (low, high)]
    assert rows[1] < rows[0] / 2


def test_it_is_judged_beside_reals_and_noise(report: Evaluation) -> None:
    names = {figure.name for figure in report}
    assert {"c2st_sound", "intended_class", "frechet_distance", "coverage"} <= names
    judged = report["c2st_sound"]
    assert judged.ceiling is not None
    assert judged.floor is not None
    assert judged.ceiling < 0.75 < judged.floor
    assert report.part("samples")


def test_summary_features_are_offered(folder: Path, model: Model) -> None:
    report = zs.evaluate(
        "run", holdout="kit", features="summary", n=60, replicates=0, quiet=True
    )  # fmt: skip
    assert "summary" in report["frechet_distance"].protocol


def test_they_go_on_and_begin_with_another(folder: Path, model: Model) -> None:
    trained("half", 80, from_run="run")
    zs.resume("half", samples=96, quiet=True)
    manifest = Run.open("half").manifest
    assert (manifest["state"], manifest["parent"]["shares"]["generator"]) == ("finished", 1.0)


def test_an_exported_model_samples_the_same(folder: Path, model: Model) -> None:
    model.save("model.safetensors")
    again = zs.load("model.safetensors").sample(3, seed=5)
    assert np.allclose(again.x, model.sample(3, seed=5).x, atol=1e-4)


def test_the_command_line_makes_a_kit(
    folder: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["zerosum", "sample", "run", "-n", "3", "--where", "label=snare", "--out", "snares/"]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (0, None)
    assert len([*Path("snares").glob("*-snare.wav")]) == 3


def test_long_sounds_are_seen_small_by_self_features() -> None:
    dataset, _ = open_data("kit", num_samples=8, rate=RATE, seconds=2.0)
    space = dataset.space
    x = dataset.take(torch.arange(8))[0]
    assert max(space.shape) > LARGEST_SIDE
    assert shrink(space, x) is x
    assert as_seen(space, shrink(space, x)).shape[2:] == shrunk_size(space)


def test_no_class_is_filled_with_what_is_not_heard_as_it(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zerosum.evaluation.augmenting.labelled._SAMPLES", 512)
    with pytest.raises(EvaluationError, match=r"bell: 0 of 5 kept; .* 40 implausible"):
        model.augment("kit", amount={"bell": 5}, features="summary", seed=1)


def test_usual_ways_keep_what_is_heard() -> None:
    x = torch.full((64, 1, 8, 16), -1.0)
    x[..., 8] = 0.5
    ways = SoundClasses().alterations(SoundSpace(channels=1, samples=500, rate=2_000, n_fft=128,
                                                 hop=32, mels=8))  # fmt: skip
    later = ways["shifts"](x, Noise(0))
    assert {*later.argmax(3).flatten().tolist()} == {6, 7, 8, 9, 10}
    assert (later.amax(3) == 0.5).all()
    louder = ways["shifts and loudness"](x, Noise(0)).amax((1, 2, 3))
    assert louder.min() < 0.45
    assert 0.55 < louder.max() <= 0.5 + 6 / 43
