"""Values that are missing inside series: where they are is learned, and made again."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import zerosum as zs
from zerosum.modalities.series.gaps import bridged
from zerosum.modalities.series.space import SeriesSpace
from zerosum.models.model import Model
from zerosum.workflows.data import open_data, open_holdout, scan_data

QUICK: dict[str, Any] = {
    "precision": "fp32", "layout": "contiguous", "compile": False, "threads": 1, "quiet": True,
    "referee": "off",
}  # fmt: skip
NAMES: dict[str, Any] = {"names": "low,high,heat"}


def machine(n: int = 400, length: int = 12, seed: int = 0) -> np.ndarray:
    """Series `[n, length, 3]`: low and high fail together for 4 steps, heat at times by itself."""
    rng = np.random.default_rng(seed)
    low = 50 * np.exp(0.02 * rng.normal(size=(n, length)).cumsum(1))
    high = low * (1 + 0.01 * rng.exponential(size=low.shape))
    heat = np.round(20 + rng.normal(size=(n, length)), 1)
    x = np.stack([low, high, heat], axis=2)
    begin = rng.integers(0, length - 4, n)[:, None]
    failed = (np.arange(length) >= begin) & (np.arange(length) < begin + 4)
    failed &= (rng.random(n) < 0.5)[:, None]
    x[failed, :2] = np.nan
    x[rng.random((n, length)) < 0.1, 2] = np.nan
    return x


def space_of(x: np.ndarray) -> SeriesSpace:
    space = open_data(x, spaces=("series",), **NAMES)[0].space
    assert isinstance(space, SeriesSpace)
    return space


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    out = tmp_path_factory.mktemp("gaps") / "run"
    small = {"game.generator.width": 24, "game.generator.hidden": 24}
    return zs.train(
        "series", data=machine(), samples=12_800, options=NAMES, set=small, out=out, **QUICK
    )


def test_gaps_are_found_and_undone() -> None:
    x = machine()
    dataset, _ = open_data(x, spaces=("series",), **NAMES)
    space, compact = space_of(x), dataset.take(torch.arange(len(x)))[0]
    found = " ".join(space.facts)
    assert "low is missing in 16.6 % of places, and so in samples" in found
    assert "low missing equals high missing" in found
    assert "high is never below low" in found
    assert "heat is of 1 decimal places" in found
    scores = space.to_model(compact)
    assert bool(scores.isfinite().all())
    again = space.to_data(scores)
    assert torch.equal(again.isnan(), compact.isnan())
    assert torch.allclose(again.nan_to_num(), compact.nan_to_num(), rtol=2e-6)
    assert torch.allclose(space.to_model(again), scores, atol=1e-5)


def test_lines_cross_gaps_and_go_on_beyond_the_ends() -> None:
    gone = torch.nan
    x = torch.tensor([[gone, 2.0, gone, gone, 8.0, gone], [gone] * 6], dtype=torch.float64)
    assert bridged(x, 7.0).tolist() == [[2, 2, 4, 6, 8, 8], [7] * 6]


def test_samples_have_gaps_like_those_of_the_data(model: Model) -> None:
    x, made = machine(), model.sample(400, seed=0).x
    gone, truth = np.isnan(made), np.isnan(x)
    assert gone.mean((0, 1)) == pytest.approx(truth.mean((0, 1)), abs=0.04)
    assert (gone[:, :, 0] == gone[:, :, 1]).all()
    runs = [(np.diff(one[:, :, 0].astype(int), axis=1) == 1).sum() for one in (gone, truth)]
    assert runs[0] < 1.8 * runs[1]  # marks drawn one by one would begin 3.5 times as many
    known = ~gone[:, :, 0]
    assert (made[:, :, 1] >= made[:, :, 0])[known].all()


def test_files_have_empty_cells(model: Model, tmp_path: Path) -> None:
    samples = model.sample(30, seed=0)
    with samples.save(tmp_path / "s.csv").open(encoding="utf-8") as file:
        rows = [*csv.DictReader(file)]
    assert {row["low"] for row in rows if row["high"] == ""} == {""}
    assert sum(row["heat"] == "" for row in rows) == np.isnan(samples.x[:, :, 2]).sum() > 0
    again, _ = open_data(str(tmp_path / "s.csv"), spaces=("series",), series="series", time="step")
    assert torch.equal(again.take(torch.arange(30))[0].isnan(), samples.tensor.isnan())
    assert samples.save(tmp_path / "s.png").is_file()


def test_they_are_judged(model: Model, tmp_path: Path) -> None:
    report = zs.evaluate(
        model, data=machine(), holdout=machine(seed=1), n=100, replicates=2, features="values",
        quiet=True,
    )  # fmt: skip
    assert all(np.isfinite(figure.value) for figure in report)
    assert report["c2st_series"].value < 0.95
    assert "Autocorrelation" in report.save(tmp_path / "e.html").read_text("utf-8")


def test_what_was_never_missing_is_refused_in_a_holdout() -> None:
    whole = machine()
    whole[:, :, 2] = 20 + np.random.default_rng(0).normal(size=whole.shape[:2])
    dataset, config = open_data(whole, spaces=("series",), **NAMES)
    with pytest.raises(zs.ZerosumError, match=r"'heat' .* had none in the training data"):
        open_holdout(machine(), space=dataset.space, like=config)


def test_they_are_told_or_refused_when_asked(tmp_path: Path) -> None:
    np.savez(tmp_path / "m.npz", x=machine())
    place = str(tmp_path / "m.npz")
    assert "c2 is missing in" in str(scan_data(place, spaces=("series",)))
    with pytest.raises(zs.ZerosumError, match=r"in 'c0', .* of 400 series.*'keep'"):
        open_data(place, spaces=("series",), missing="refuse")
    never = machine()
    never[:, :, 1] = np.nan
    with pytest.raises(zs.ZerosumError, match=r"'c1' of .* is missing everywhere"):
        open_data(never, spaces=("series",))


def test_a_game_of_two_players_makes_gaps_too() -> None:
    small = {
        "game.generator.width": 8, "game.generator.max_width": 8, "game.discriminator.width": 8,
        "game.discriminator.max_width": 8,
    }  # fmt: skip
    model = zs.train("series_gan", data=machine(), samples=640, options=NAMES, set=small, **QUICK)
    gone = np.isnan(model.sample(50, seed=0).x)
    assert (gone[:, :, 0] == gone[:, :, 1]).all()
    assert gone.any()
