"""Series through every verb: trained, sampled, walked, judged, compared, exported, begun again."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.csv
import pyarrow.parquet
import pytest
import torch

import zerosum as zs
from zerosum.catalogue import modality_of
from zerosum.evaluation.judging.figures import Evaluation
from zerosum.modalities.series.metrics.forecasting import forecast_errors
from zerosum.modalities.series.space import SeriesSpace
from zerosum.models.model import Model
from zerosum.runs.store import Run
from zerosum.workflows.data import open_data

QUICK: dict[str, Any] = {
    "precision": "fp32",
    "layout": "contiguous",
    "compile": False,
    "threads": 1,
}
SMALL = {
    "game.generator.width": 8, "game.generator.max_width": 8, "game.discriminator.width": 8,
    "game.discriminator.max_width": 8, "optimisation.record_every": 5,
}  # fmt: skip
DATA = {"length": 16, "num_samples": 500}


def trained(out: str, samples: int = 320, **more: Any) -> Model:
    return zs.train(
        "series_gan", data="waves", samples=samples, out=out, set=SMALL, quiet=True,
        options=DATA, **QUICK, **more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place, before = tmp_path_factory.mktemp("series"), Path.cwd()
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


def test_samples_are_series_of_time_and_channels(model: Model) -> None:
    samples = model.sample(6, seed=1)
    assert samples.x.shape == (6, 16, 3)
    assert samples.x.dtype == np.float32
    assert (samples.x[:, :, 2] >= samples.x[:, :, 1]).all()


def test_labels_are_asked_for(model: Model) -> None:
    assert model.sample(5, where={"label": "drift"}).labels == ["drift"] * 5
    assert model.sample(3, in_turn={"label": ["sine", "noise"]}).labels[:2] == ["sine", "noise"]


def test_streams_give_what_samples_give(model: Model) -> None:
    pieces = torch.cat([piece.tensor for piece in model.stream(100, seed=3)])
    assert torch.allclose(pieces, model.sample(100, seed=3).tensor, rtol=1e-5)


def test_they_are_saved_in_every_form(folder: Path, model: Model) -> None:
    samples = model.sample(6, seed=1)
    for name in ("a.png", "a.npz", "a.csv", "a.wide.csv", "a.parquet"):
        assert samples.save(folder / name).stat().st_size > 100
    long = pyarrow.csv.read_csv(folder / "a.csv")
    assert long.column_names == ["series", "step", "signal", "level", "high", "label"]
    assert np.allclose(long["level"].to_numpy().reshape(6, 16), samples.x[:, :, 1], rtol=1e-6)
    wide = pyarrow.csv.read_csv(folder / "a.wide.csv")
    assert (wide.num_rows, wide.column_names[:2]) == (6, ["signal@0", "signal@1"])
    assert wide["label"].to_pylist() == samples.labels
    assert pyarrow.parquet.read_table(folder / "a.parquet").num_rows == 96
    made = samples.save(folder / "each")
    assert len([*made.rglob("*.csv")]) == 6


def test_what_is_written_is_read_again(folder: Path, model: Model) -> None:
    samples = model.sample(20, seed=1)
    columns: dict[str, Any] = {"series": "series", "time": "step", "label": "label"}
    forms: dict[str, dict[str, Any]] = {"b.csv": columns, "b": {}, "b.npz": {}}
    for place, options in forms.items():
        again, _ = open_data(str(samples.save(folder / place)), spaces=("series",), **options)
        x = again.take(torch.arange(20))[0]
        assert len(again) == 20
        if place != "b":  # sorted by label
            assert torch.allclose(x, samples.tensor, rtol=1e-5, atol=1e-6)


def test_they_are_walked_through(folder: Path, model: Model) -> None:
    assert model.walk(frames=3, n=2).save(folder / "w.gif").is_file()


def test_they_are_judged_with_a_report(folder: Path, model: Model) -> None:
    report = zs.evaluate(
        model, holdout="waves", n=60, replicates=2, features="values", quiet=True
    )  # fmt: skip
    names = {figure.name for figure in report}
    assert {
        "c2st_series", "autocorrelation_distance", "cross_correlation_distance",
        "spectrum_distance", "extremes_distance", "forecast_error", "train_on_synthetic",
    } <= names  # fmt: skip
    page = report.save(folder / "e.html").read_text("utf-8")
    assert "Autocorrelation" in page
    assert "Samples over reals" in page
    said = json.loads((folder / "e.json").read_text("utf-8"))
    assert Evaluation.from_json(said).parts == report.parts


@pytest.mark.slow
def test_they_are_compared(folder: Path, model: Model) -> None:
    trained("other", samples=128)
    both = zs.compare(["run", "other"], holdout="waves", n=60, replicates=2, quiet=True)
    assert both.save(folder / "both.html").is_file()


def test_a_holdout_of_other_channels_is_refused(folder: Path, model: Model) -> None:
    np.savez(folder / "other.npz", x=np.random.default_rng(0).normal(size=(50, 9, 2)))
    with pytest.raises(zs.ZerosumError, match="series of 9 steps and 2 channels"):
        zs.evaluate(model, holdout="other.npz", quiet=True)


def test_they_go_on_and_begin_with_another(folder: Path, model: Model) -> None:
    trained("half", samples=160)
    zs.resume("half", samples=320, quiet=True)
    assert Run.open("half").manifest["state"] == "finished"
    assert zs.load("half").sample(2).x.shape == (2, 16, 3)
    trained("begun", samples=64, from_run="run")
    assert Run.open("begun").manifest["parent"]["shares"]["generator"] == 1.0


@pytest.mark.slow
def test_they_are_exported(folder: Path, model: Model) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    path = zs.export(model, folder / "g.onnx", quiet=True)
    session = onnxruntime.InferenceSession(str(path))
    inputs = model.draw(3, seed=0)
    assert inputs.y is not None
    fed = {"z": inputs.z.numpy(), "y": inputs.y.numpy()}
    scores = torch.from_numpy(session.run(None, fed)[0])
    assert torch.allclose(scores, model.game.generate(inputs), atol=1e-4)
    assert isinstance(model.space, SeriesSpace)
    assert "steps of the space" in model.space.units


def test_an_exported_model_makes_the_same_series(folder: Path, model: Model) -> None:
    again = zs.load(zs.export(model, folder / "m.safetensors", quiet=True))
    assert torch.equal(again.sample(4, seed=2).tensor, model.sample(4, seed=2).tensor)


def test_series_by_likelihood_hear_labels_and_have_no_graph(folder: Path) -> None:
    model = zs.train(
        "series", data="waves", samples=6_400, out="likely", quiet=True, options=DATA, **QUICK,
        set={"game.generator.width": 16, "game.generator.hidden": 16},
    )  # fmt: skip
    drift, calm = (
        model.sample(200, where={"label": label}, seed=0).x[:, :, 1] for label in ("drift", "sine")
    )
    moves = [float(np.diff(np.log(one), axis=1).std()) for one in (drift, calm)]
    assert moves[0] > 1.2 * moves[1]
    made = model.sample(200, seed=0).x
    assert (made[:, :, 2] == made[:, :, 1]).mean() == pytest.approx(0.5, abs=0.15)
    with pytest.raises(zs.ZerosumError, match="step by step"):
        zs.export(model, folder / "l.onnx", quiet=True)
    assert model.walk(frames=2, n=2).save(folder / "l.gif").is_file()


@pytest.fixture(scope="module")
def short(folder: Path) -> Path:
    """A run of likelihood that was ended early."""
    zs.train(
        "series", data="waves", samples=2_000, out="short", quiet=True, referee="off",
        options={"length": 8, "num_samples": 600}, **QUICK,
        set={"game.generator.width": 16, "game.generator.hidden": 16, "game.generator.lags": 1},
    )  # fmt: skip
    return folder / "short"


@pytest.mark.slow
def test_a_judge_corrects_a_likelihood_and_says_what_that_bought(short: Path) -> None:
    found = zs.refine(short, holdout="waves", rounds=1, out=short.with_name("fine"), quiet=True)
    assert found.kept == 1
    assert found.after.auc < found.before.auc - 0.02
    assert found.after.log_likelihood > found.before.log_likelihood
    refined = zs.load(found.run)
    assert refined.sample(4, where={"label": "sine"}, seed=0).labels == ["sine"] * 4
    assert not torch.equal(
        refined.sample(4, seed=0).tensor, zs.load(short).sample(4, seed=0).tensor
    )


def test_a_game_of_two_players_is_not_refined(model: Model) -> None:
    with pytest.raises(zs.ZerosumError, match=r"'series_gan'.* does not say how likely"):
        zs.refine(model, holdout="waves", quiet=True)


def test_the_fan_of_reals_lies_beneath() -> None:
    dataset, _ = open_data("waves", num_samples=100)
    x = dataset.take(torch.arange(100))[0]
    preview = modality_of(dataset.space).preview
    alone, beside = preview.draw(dataset.space, x), preview.draw(dataset.space, x, real=3 * x)
    assert alone.size == beside.size == (720, 340)
    assert alone.tobytes() != beside.tobytes()


def test_forecasts_are_learned_from_series_that_say_something() -> None:
    dataset, _ = open_data("waves", num_samples=900)
    x, y = dataset.take(torch.arange(900))
    sines = x[y == 0][:, :1]
    shuffled = sines[:, :, torch.randperm(32, generator=torch.Generator().manual_seed(0))]
    test = sines[200:]
    good, apart = forecast_errors(sines[:200], test, seed=0)
    bad, _ = forecast_errors(shuffled[:200], test, seed=0)
    assert good.mean() < 0.6 * apart.mean()
    assert bad.mean() > 1.2 * good.mean()
