"""What series have once: read from files, made with the series, and asked for exactly."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import zerosum as zs
from zerosum.errors import ConditionError, DataError, RecipeError
from zerosum.modalities.series.model import SeriesModel, SeriesSamples
from zerosum.modalities.series.space import SeriesSpace
from zerosum.workflows.data import open_data, open_holdout, scan_data

QUICK: dict[str, Any] = {
    "precision": "fp32", "layout": "contiguous", "compile": False, "threads": 1, "quiet": True,
    "referee": "off",
}  # fmt: skip
STATIC: dict[str, Any] = {"static": "age,sex"}


def pulses(n: int = 600, seed: int = 0) -> dict[str, np.ndarray]:
    """Series of 8 steps about a level of age and sex, wild where one is ill; the old often are."""
    rng = np.random.default_rng(seed)
    age, sex = rng.integers(20, 80, n), rng.choice(["f", "m"], n)
    ill = rng.random(n) < np.where(age > 50, 0.8, 0.2)
    level = 60 + age * 0.5 + np.where(sex == "m", 20, 0)
    spread = np.where(ill, 8, 1)[:, None]
    x = level[:, None] + spread * rng.normal(size=(n, 8))
    return {"x": x[:, :, None], "y": np.where(ill, "ill", "well"), "age": age, "sex": sex}


def saved(path: Path, **arrays: Any) -> str:
    np.savez(path, **arrays)
    return str(path)


def space_of(data: Any, **options: Any) -> SeriesSpace:
    space = open_data(data, spaces=("series",), **options)[0].space
    assert isinstance(space, SeriesSpace)
    return space


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("attributes")


@pytest.fixture(scope="module")
def model(folder: Path) -> SeriesModel:
    data = saved(folder / "p.npz", **pulses())
    small = {"game.generator.width": 24, "game.generator.hidden": 24, "game.attributes.width": 48}
    return zs.train(
        "series", data=data, samples=12_800, options=STATIC, set=small, out=folder / "run", **QUICK
    )


def frame_of(samples: Any) -> pd.DataFrame:
    assert isinstance(samples, SeriesSamples)
    return samples.attributes.to_pandas().assign(label=samples.labels, level=samples.x.mean((1, 2)))


def test_series_come_with_what_they_have_once(model: SeriesModel) -> None:
    made, truth = frame_of(model.sample(400, seed=0)), pulses()
    assert made.columns.tolist() == ["age", "sex", "label", "level"]
    assert made["age"].mean() == pytest.approx(truth["age"].mean(), abs=4)
    assert np.corrcoef(made["age"], made["level"])[0, 1] > 0.3
    level = made.groupby("sex")["level"].mean()
    assert level["m"] - level["f"] == pytest.approx(20, abs=7)


def test_conditions_on_them_hold_exactly_and_together(model: SeriesModel) -> None:
    made = frame_of(model.sample(300, where={"age": ">=60", "sex": "m"}, seed=1))
    assert made["age"].min() >= 60
    assert set(made["sex"]) == {"m"}
    assert 0.6 < (made["label"] == "ill").mean() < 0.95  # as it is among the old, not among all
    ill = frame_of(model.sample(300, where={"label": "ill"}, seed=1))
    well = frame_of(model.sample(300, where={"label": "well"}, seed=1))
    assert set(ill["label"]) == {"ill"}
    assert ill["age"].mean() > well["age"].mean() + 8
    assert frame_of(model.sample(4, in_turn={"sex": ["f", "m"]}, seed=1))["sex"].tolist() == [
        "f", "m", "f", "m",
    ]  # fmt: skip


def test_the_same_seed_makes_the_same_series_however_many(model: SeriesModel) -> None:
    whole = model.sample(70, where={"sex": "f"}, seed=3).tensor
    assert torch.equal(model.sample(9, where={"sex": "f"}, seed=3).tensor, whole[:9])
    pieces = [one.tensor for one in model.stream(70, where={"sex": "f"}, seed=3, batch_size=32)]
    assert torch.allclose(torch.cat(pieces), whole, rtol=1e-5)
    again = zs.load(Path(str(model.run)))
    assert torch.equal(again.sample(9, where={"sex": "f"}, seed=3).tensor, whole[:9])


@pytest.mark.parametrize(
    ("where", "said"),
    [({"age": 500}, "no row has age 500"), ({"sexx": "m"}, "Did you mean 'sex'"),
     ({"sex": "x"}, "no value 'x'")],
)  # fmt: skip
def test_what_cannot_be_asked_is_said(model: SeriesModel, where: dict[str, Any], said: str) -> None:
    with pytest.raises(ConditionError, match=said):
        model.sample(3, where=where)


def test_they_are_written_and_read_again(model: SeriesModel, folder: Path) -> None:
    samples = model.sample(30, seed=0)
    long = {"series": "series", "time": "step", "label": "label", **STATIC}
    forms = {"s.npz": STATIC, "s.csv": long, "s.wide.csv": {}, "s.wide.parquet": {}}
    for name, options in forms.items():
        place = str(samples.save(folder / name))
        dataset, _ = open_data(place, spaces=("series",), **options)
        space = space_of(place, **options)
        assert space.attributes is not None
        assert space.attributes.names == ("label", "age", "sex"), name
        x = dataset.take(torch.arange(30))[0]
        assert torch.allclose(x[:, 0], samples.tensor[:, 0], rtol=1e-5), name
        assert torch.equal(x[:, 2], samples.tensor[:, 2]), name
    assert "age, sex: of no step" in str(scan_data(str(folder / "s.wide.csv"), spaces=("series",)))
    assert "age" in pd.read_csv(next((samples.save(folder / "each")).rglob("*.csv"))).columns


def test_they_are_judged_by_what_does_not_say_the_label(model: SeriesModel, folder: Path) -> None:
    held = saved(folder / "held.npz", **pulses(200, seed=1))
    report = zs.evaluate(
        model, holdout=held, n=100, replicates=2, features="values", quiet=True
    )  # fmt: skip
    assert report["c2st_series"].value < report["c2st_series"].floor
    assert report["train_on_real"].value < 0.99


def test_a_holdout_is_read_by_the_fields_of_the_training(model: SeriesModel, folder: Path) -> None:
    arrays = pulses(40, seed=2)
    rows = np.flatnonzero(arrays["sex"] == "m")
    one = saved(folder / "m.npz", **{name: values[rows] for name, values in arrays.items()})
    _, like = open_data(str(folder / "p.npz"), spaces=("series",), **STATIC)
    dataset, _ = open_holdout(one, space=model.space, like=like)
    assert dataset.take(torch.arange(len(rows)))[0][:, 3, 0].tolist() == [1] * len(rows)
    bare = saved(folder / "bare.npz", x=arrays["x"])
    with pytest.raises(DataError, match="no array 'age'"):
        open_holdout(bare, space=model.space, like=like)


class TestRefused:
    def test_recipes_that_make_none(self, folder: Path) -> None:
        with pytest.raises(RecipeError, match=r"makes no attributes, .* label, age, sex"):
            zs.train("series_gan", data=str(folder / "p.npz"), options=STATIC, quiet=True)

    def test_arrays_in_memory(self) -> None:
        with pytest.raises(DataError, match="array in memory has neither"):
            open_data(pulses()["x"], spaces=("series",), static="age")

    def test_arrays_that_are_not_there_or_of_another_length(self, tmp_path: Path) -> None:
        arrays = pulses(30) | {"short": np.arange(3)}
        place = saved(tmp_path / "p.npz", **arrays)
        with pytest.raises(DataError, match=r"no array 'agee'.*'age'"):
            open_data(place, spaces=("series",), static="agee")
        with pytest.raises(DataError, match="30 series have one value each"):
            open_data(place, spaces=("series",), static="short")

    def test_columns_that_change_within_a_series(self) -> None:
        rows = pd.DataFrame({"who": np.arange(40) // 4, "v": np.random.default_rng(0).random(40)})
        rows["mood"] = np.arange(40) % 3
        with pytest.raises(DataError, match="'mood', which changes within 10 of 10 series"):
            open_data(rows, spaces=("series",), series="who", static="mood")

    def test_wide_tables_with_holes(self) -> None:
        frame = pd.DataFrame({f"v@{i}": np.arange(9.0) for i in (0, 1, 3)})
        with pytest.raises(DataError, match="no column v@2"):
            open_data(frame, spaces=("series",))
        with pytest.raises(DataError, match="window is about rows"):
            open_data(frame, spaces=("series",), window=3)
