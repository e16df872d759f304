"""Series that end early: when they do is learned, and made again."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import zerosum as zs
from zerosum.modalities.series.space import SeriesSpace
from zerosum.models.model import Model
from zerosum.workflows.data import open_data, open_holdout, scan_data

QUICK: dict[str, Any] = {
    "precision": "fp32", "layout": "contiguous", "compile": False, "threads": 1, "quiet": True,
    "referee": "off",
}  # fmt: skip
NAMES: dict[str, Any] = {"names": "low,high"}


def visits(n: int = 300, length: int = 12, seed: int = 0) -> np.ndarray:
    """Series `[n, length, 2]` of 4 to `length` steps; those that begin high end after 8 or more."""
    rng = np.random.default_rng(seed)
    low = 50 * np.exp(0.02 * rng.normal(size=(n, length)).cumsum(1)) * rng.choice([1, 3], (n, 1))
    x = np.stack([low, low * (1 + 0.01 * rng.exponential(size=low.shape))], axis=2)
    lengths = np.where(low[:, 0] > 100, rng.integers(8, length + 1, n), rng.integers(4, 8, n))
    x[np.arange(length) >= lengths[:, None]] = np.nan
    return x


def lengths_of(x: np.ndarray) -> np.ndarray:
    return (~np.isnan(x[:, :, 0])).sum(1)


def of_files(x: np.ndarray) -> pd.DataFrame:
    """A row for each step."""
    parts = [
        pd.DataFrame(one[~np.isnan(one[:, 0])], columns=pd.Index(["low", "high"])).assign(id=i)
        for i, one in enumerate(x)
    ]
    return pd.concat(parts)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    out = tmp_path_factory.mktemp("ends") / "run"
    small = {"game.generator.width": 24, "game.generator.hidden": 24}
    return zs.train(
        "series", data=visits(), samples=12_800, options=NAMES, set=small, out=out, **QUICK
    )


def test_ends_are_found_and_undone() -> None:
    dataset, _ = open_data(visits(), spaces=("series",), **NAMES)
    space, compact = dataset.space, dataset.take(torch.arange(300))[0]
    assert isinstance(space, SeriesSpace)
    assert space.facts[0] == "series end after 4 to 12 steps, and so do samples"
    assert "high is never below low" in space.facts
    assert space.description == "series of up to 12 steps and 2 channels"
    scores = space.to_model(compact)
    assert bool(scores.isfinite().all())
    again = space.to_data(scores)
    assert torch.equal(again.isnan(), compact.isnan())
    assert torch.allclose(again.nan_to_num(), compact.nan_to_num(), rtol=2e-6)
    counted = space.counted(scores)
    assert counted is not None
    known = int((~compact.isnan()).sum())
    assert int(counted.sum()) - known == sum(np.minimum(lengths_of(visits()) + 1, 12))


def test_a_clock_is_the_same_in_every_series() -> None:
    x = visits(20)
    clock = np.where(np.isnan(x[:, :, :1]), np.nan, np.arange(12)[:, None] / 10)
    x = np.concatenate([x, clock, np.where(np.isnan(clock), np.nan, 5.0)], axis=2)
    dataset, _ = open_data(x, spaces=("series",), names="low,high,seconds,volt")
    space, compact = dataset.space, dataset.take(torch.arange(20))[0]
    assert isinstance(space, SeriesSpace)
    assert {"seconds is the same in every series", "volt is always 5"} < set(space.facts)
    assert space.coded == ("end", "low", "high")
    again = space.to_data(space.to_model(compact))
    assert torch.allclose(again, compact, rtol=2e-6, equal_nan=True)


def test_samples_end_as_the_data_does(model: Model) -> None:
    x, made = visits(), model.sample(400, seed=0).x
    gone = np.isnan(made)
    assert (np.diff(gone.astype(int), axis=1) >= 0).all()
    assert (gone[:, :, 0] == gone[:, :, 1]).all()
    own, truth = lengths_of(made), lengths_of(x)
    assert own.min() >= 4
    assert own.mean() == pytest.approx(truth.mean(), abs=0.8)
    assert (
        own[made[:, 0, 0] > 100].mean() - own[made[:, 0, 0] < 100].mean() > 1.5
    )  # 4.5 in the data
    assert (made[:, :, 1] >= made[:, :, 0])[~gone[:, :, 0]].all()


def test_files_have_no_rows_after_an_end(model: Model, tmp_path: Path) -> None:
    samples = model.sample(30, seed=0)
    with samples.save(tmp_path / "s.csv").open(encoding="utf-8") as file:
        rows = [*csv.DictReader(file)]
    assert len(rows) == lengths_of(samples.x).sum()
    assert all(row["low"] for row in rows)
    for place in (tmp_path / "s.csv", samples.save(tmp_path / "s.wide.csv")):
        how: dict[str, Any] = {} if ".wide" in place.name else {"series": "series", "time": "step"}
        again, _ = open_data(str(place), spaces=("series",), **how)
        assert torch.equal(again.take(torch.arange(30))[0].isnan(), samples.tensor.isnan())
    folder = samples.save(tmp_path / "s")
    assert len((folder / "00.csv").read_text().split()) == 1 + lengths_of(samples.x)[0]
    assert samples.save(tmp_path / "s.png").is_file()


def test_they_are_judged_with_a_holdout_of_shorter_ones(model: Model) -> None:
    x = visits(seed=1)
    shorter = x[lengths_of(x) < 11]
    report = zs.evaluate(
        model, data=visits(), holdout=shorter[:, :10], n=60, replicates=2, features="values",
        quiet=True,
    )  # fmt: skip
    assert all(np.isfinite(figure.value) for figure in report)
    _, config = open_data(visits(), spaces=("series",), **NAMES)
    held, _ = open_holdout(shorter[:, :10], space=model.space, like=config)
    assert held.space.shape == model.space.shape
    x[0, 2, 1] = np.nan
    with pytest.raises(zs.ZerosumError, match=r"'high' .* had none in the training data"):
        open_holdout(x, space=model.space, like=config)
    longer = np.pad(visits(), ((0, 0), (0, 2), (0, 0)), constant_values=np.nan)
    longer[:3] = [60.0, 61.0]
    with pytest.raises(zs.ZerosumError, match=r"3 of 300 series of .* more than 12 steps"):
        open_holdout(longer, space=model.space, like=config)


def test_what_follows_an_end_is_not_missing() -> None:
    for missing in ("refuse", "interpolate", "drop"):
        dataset, _ = open_data(visits(), spaces=("series",), missing=missing)
        assert len(dataset) == 300
    x = visits()
    x[lengths_of(x) > 5, 2, 1] = np.nan
    with pytest.raises(zs.ZerosumError, match="missing"):
        open_data(x, spaces=("series",), missing="refuse")


def test_files_of_different_lengths_are_read(tmp_path: Path) -> None:
    x = visits(20)
    frame = of_files(x)
    frame.to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "in").mkdir()
    for i, part in frame.groupby("id"):
        part.drop(columns="id").to_csv(tmp_path / "in" / f"{i}.csv", index=False)
    bodies = [
        ":".join(",".join(f"{v:.9g}" for v in one[~np.isnan(one)]) for one in series.T)
        for series in x
    ]
    (tmp_path / "t.ts").write_text("@classLabel false\n@data\n" + "\n".join(bodies), "utf-8")
    places: dict[str, dict[str, Any]] = {"t.csv": {"series": "id"}, "in": {}, "t.ts": {}}
    for place, how in places.items():
        held, _ = open_data(str(tmp_path / place), spaces=("series",), **how)
        again = held.take(torch.arange(20))[0].transpose(1, 2).numpy()
        assert np.allclose(again, x, rtol=1e-6, equal_nan=True)
        told = str(scan_data(str(tmp_path / place), spaces=("series",), **how))
        assert "series end after 4 to 12 steps" in told
    long = pd.concat([frame, frame[frame["id"] == 0].sample(80, replace=True).assign(id=99)])
    with pytest.raises(zs.ZerosumError, match=r"have 4 to 80 steps, and half .*'window': LENGTH"):
        open_data(long, spaces=("series",), series="id")


@pytest.mark.parametrize("recipe", ["series_gan", "anomaly"])
def test_games_of_two_players_make_ends_too(recipe: str) -> None:
    small = {} if recipe == "anomaly" else {
        "game.generator.width": 8, "game.generator.max_width": 8, "game.discriminator.width": 8,
        "game.discriminator.max_width": 8,
    }  # fmt: skip
    model = zs.train(recipe, data=visits(), samples=320, options=NAMES, set=small, **QUICK)
    gone = np.isnan(model.sample(50, seed=0).x)
    assert (np.diff(gone.astype(int), axis=1) >= 0).all()
