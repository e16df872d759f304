"""Odd samples among normal ones: found, saved, explained, and what is answered to bad input."""

import csv
import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

import zerosum as zs
from tests.workflows.conftest import QUICK
from zerosum import testing
from zerosum.errors import ConditionError, DataError, EvaluationError, RunError
from zerosum.models.model import Model
from zerosum.workflows.anomalies import DETECTOR

SMALL = {"game.generator.width": 8, "game.discriminator.width": 8, "game.encoder.width": 8}


def _stripes(n: int, seed: int) -> np.ndarray:
    """Images of 12 x 12 with soft stripes of one direction, at any place."""
    random = np.random.default_rng(seed)
    phase = random.uniform(0, 2 * np.pi, (n, 1, 1))
    plain = np.sin(np.arange(12)[None, None] * np.pi / 3 + phase).repeat(12, axis=1)
    return (128 + 60 * plain + 4 * random.normal(size=(n, 12, 12))).clip(0, 255).astype(np.uint8)


def _sines(n: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    phase = random.uniform(0, 6.28, (n, 1, 1))
    return np.sin(np.arange(16)[None, :, None] * 0.6 + phase) + 0.05 * random.normal(
        size=(n, 16, 1)
    )


def _rows(n: int, seed: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    a = random.normal(size=n).round(2)
    kind = np.where(a > 0, "high", "low")
    return {"a": a, "b": (2 * a + 0.1 * random.normal(size=n)).round(2), "kind": kind}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("anomalies")


@pytest.fixture(scope="module")
def images(folder: Path) -> Model:
    place = folder / "normal"
    place.mkdir()
    for i, one in enumerate(_stripes(160, 0)):
        Image.fromarray(one).save(place / f"{i:03}.png")
    return zs.train("anomaly", place, out=folder / "images", samples=1_280, set=SMALL, **QUICK)


@pytest.fixture(scope="module")
def series(folder: Path) -> Model:
    return zs.train(
        "anomaly", _sines(160, 0), out=folder / "series", samples=960, set=SMALL, **QUICK
    )


@pytest.fixture(scope="module")
def rows(folder: Path) -> Model:
    return zs.train("anomaly", pa.table(_rows(400, 0)), out=folder / "rows", samples=6_400,
                    set=SMALL, **QUICK)  # fmt: skip


def _told_apart(found: zs.Anomalies, good: int) -> float:
    """The chance that an anomaly scores above a normal item."""
    normal, odd = found.scores[:good], found.scores[good:]
    return float((odd[:, None] > normal[None]).float().mean())


@pytest.mark.parametrize("plant", [testing.scratch, testing.stain, testing.missing_part])
def test_damaged_images_score_higher(images: Model, plant: Any) -> None:
    data = np.concatenate([_stripes(40, 1), plant(_stripes(40, 2)).x])
    assert _told_apart(zs.anomalies(images, data, quiet=True), 40) > 0.85


@pytest.mark.parametrize("plant", [testing.spike, testing.level_shift])
def test_altered_series_score_higher(series: Model, plant: Any) -> None:
    data = np.concatenate([_sines(40, 1), plant(_sines(40, 2)).x])
    assert _told_apart(series.anomalies(data), 40) > 0.85


@pytest.mark.parametrize("plant", [testing.extreme_cells, testing.swapped_cells])
def test_altered_rows_score_higher(rows: Model, plant: Any) -> None:
    good, odd = _rows(60, 1), plant(_rows(60, 2)).columns
    data = pa.table({name: np.concatenate([good[name], odd[name]]) for name in good})
    assert _told_apart(rows.anomalies(data), 60) > 0.75


def test_heat_is_where_the_damage_is(images: Model) -> None:
    planted = testing.stain(_stripes(30, 3), seed=1, contrast=0.5)
    heat = images.anomalies(planted.x).heat.numpy()
    assert heat[planted.mask].mean() > 2 * heat[~planted.mask].mean()


def test_the_column_that_is_extreme_is_named(rows: Model) -> None:
    planted = testing.extreme_cells(_rows(40, 3), seed=1)
    found = rows.anomalies(pa.table(planted.columns))
    assert found.places == ["a", "b", "kind"]
    assert (found.heat.argmax(1).numpy() == planted.mask.argmax(1)).mean() > 0.9


def test_normals_are_seldom_called_anomalous(images: Model) -> None:
    found = images.anomalies(_stripes(200, 4), false_alarms=0.1)
    assert 0 < found.share < 0.25
    assert found.false_alarms == 0.1


def test_scores_do_not_depend_on_what_is_beside_an_item(images: Model) -> None:
    data = _stripes(70, 5)
    many, few = images.anomalies(data).scores, images.anomalies(data[60:65]).scores
    assert torch.allclose(many[60:65], few, atol=1e-4)


def test_a_row_for_each_file_in_their_order(images: Model, tmp_path: Path) -> None:
    place = tmp_path / "new"
    place.mkdir()
    for name, one in zip("cab", _stripes(3, 6), strict=True):
        Image.fromarray(one).save(place / f"{name}.png")
    found = zs.anomalies(images, place, out=tmp_path / "scores.csv", quiet=True)
    with (tmp_path / "scores.csv").open(newline="") as handle:
        lines = list(csv.DictReader(handle))
    assert [line["item"] for line in lines] == ["a.png", "b.png", "c.png"]
    assert [float(line["score"]) for line in lines] == pytest.approx(found.scores.tolist())
    assert {line["anomalous"] for line in lines} <= {"true", "false"}


def test_forms_of_scores(rows: Model, tmp_path: Path) -> None:
    found = rows.anomalies(pa.table(_rows(9, 7)))
    table = pq.read_table(found.save(tmp_path / "new" / "scores.parquet"))
    assert table.column_names == ["row", "score", "anomalous"]
    assert table["row"].to_pylist() == list(range(9))
    said = json.loads(found.save(tmp_path / "scores.json").read_text())
    assert len(said["items"]) == 9
    assert said["items"][0]["parts"].keys() == set(found.part_names)
    with pytest.raises(EvaluationError, match=r"\.csv, \.parquet and \.json"):
        found.save(tmp_path / "scores.txt")


def test_heat_maps_of_images(images: Model, tmp_path: Path) -> None:
    zs.anomalies(images, _stripes(3, 8), heat=tmp_path / "heat", quiet=True)
    names = sorted(path.name for path in (tmp_path / "heat").iterdir())
    assert names == ["0.png", "1.png", "2.png"]
    with Image.open(tmp_path / "heat" / "0.png") as picture:
        assert picture.size == (96, 96)
    with pytest.raises(RunError, match="is there already"):
        images.anomalies(_stripes(3, 8), heat=tmp_path / "heat")


def test_steps_of_series_and_columns_of_rows(series: Model, rows: Model, tmp_path: Path) -> None:
    series.anomalies(_sines(8, 8), heat=tmp_path / "steps")
    lines = (tmp_path / "steps" / "heat.csv").read_text().splitlines()
    assert lines[0] == "row,step,heat"
    assert len(lines) == 1 + 8 * 16
    assert (tmp_path / "steps" / "oddest1.png").is_file()
    rows.anomalies(pa.table(_rows(5, 8)), heat=tmp_path / "columns")
    lines = (tmp_path / "columns" / "heat.csv").read_text().splitlines()
    assert lines[0] == "row,a,b,kind"
    assert len(lines) == 6


def test_it_says_what_it_found(images: Model) -> None:
    found = images.anomalies(_stripes(5, 9))
    assert "of 5 images are anomalous" in repr(found)
    assert len(repr(found).splitlines()) < 8
    assert "data:image/png" in found._repr_html_()


def test_data_of_another_kind_is_said_to_have_drifted(images: Model) -> None:
    turned = np.ascontiguousarray(_stripes(60, 10).transpose(0, 2, 1))
    found = images.anomalies(turned)
    assert any("another kind" in one for one in found.warnings)
    assert not any("another kind" in one for one in images.anomalies(_stripes(60, 11)).warnings)


def test_too_few_held_out_for_a_rate(images: Model) -> None:
    found = images.anomalies(_stripes(5, 9), false_alarms=0.001)
    assert any("32 held-out normals cannot show a rate of 0.001" in one for one in found.warnings)


def test_a_run_can_move_without_its_data(images: Model, folder: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(folder / "images", tmp_path / "moved")
    hidden = (folder / "normal").rename(folder / "hidden")
    try:
        again = zs.anomalies(moved, _stripes(4, 9), quiet=True)
        (moved / DETECTOR).unlink()
        with pytest.raises(DataError, match="normals="):
            zs.anomalies(moved, _stripes(4, 9), quiet=True)
        third = zs.anomalies(moved, _stripes(4, 9), normals=hidden, quiet=True)
    finally:
        hidden.rename(folder / "normal")
    assert torch.equal(again.scores, images.anomalies(_stripes(4, 9)).scores)
    assert torch.equal(again.scores, third.scores)


def test_a_damaged_detector_is_made_anew(folder: Path, images: Model, tmp_path: Path) -> None:
    moved = shutil.copytree(folder / "images", tmp_path / "moved")
    (moved / DETECTOR).write_bytes(b"nothing")
    with pytest.warns(UserWarning, match="made anew"):
        again = zs.anomalies(moved, _stripes(4, 9), quiet=True)
    assert torch.equal(again.scores, images.anomalies(_stripes(4, 9)).scores)


def test_a_fifth_is_kept_apart_unless_asked_otherwise(images: Model, tmp_path: Path) -> None:
    assert len(images.anomalies(_stripes(3, 9)).held_out) == 32
    other = zs.train("anomaly", _stripes(100, 0), out=tmp_path / "run", samples=64, holdout=0.4,
                     set=SMALL, **QUICK)  # fmt: skip
    assert len(other.anomalies(_stripes(3, 9)).held_out) == 40


def test_bad_input(images: Model, rows: Model, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="too few normals: 50, of which 10"):
        zs.train("anomaly", _stripes(50, 0), out=tmp_path / "few", samples=64, **QUICK)
    with pytest.raises(DataError, match="trained on images"):
        images.anomalies(pa.table(_rows(5, 0)))
    with pytest.raises(DataError, match="lacks the columns 'b'"):
        rows.anomalies(pa.table({"a": _rows(5, 0)["a"], "kind": _rows(5, 0)["kind"]}))
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(DataError, match="is empty"):
        images.anomalies(empty)
    with pytest.raises(EvaluationError, match="false_alarms=2"):
        images.anomalies(_stripes(3, 0), false_alarms=2)
    with pytest.raises(EvaluationError, match="scores"):
        images.anomalies(_stripes(3, 0), out=tmp_path / "x.xlsx")
    file = images.save(tmp_path / "model.safetensors")
    with pytest.raises(ConditionError, match="Name the run"):
        zs.anomalies(file, _stripes(3, 0), quiet=True)


def test_pictures_of_any_form_in_any_folders(images: Model, tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    for i, one in enumerate(_stripes(3, 5)):
        Image.fromarray(one).save(tmp_path / f"{i}.png")
    whole = images.anomalies(tmp_path)
    large = Image.fromarray(_stripes(1, 6)[0]).convert("RGB").resize((24, 30))
    large.save(tmp_path / "below" / "large.png")
    (tmp_path / "below" / "bad.png").write_bytes(b"no image")
    brought = pytest.warns(UserWarning, match="brought to the form of the normals: images of 1 x")
    with brought, pytest.warns(UserWarning, match="left out: below/bad.png: not an image"):
        found = images.anomalies(tmp_path)
    assert found.names == ["0.png", "1.png", "2.png", "below/large.png"]
    assert torch.allclose(found.scores[:3], whole.scores, rtol=1e-2)
    with pytest.raises(DataError, match="the folder that they lie in"):
        images.anomalies(tmp_path / "0.png")


def test_what_was_trained_on_is_not_too_plain(images: Model, folder: Path) -> None:
    found = images.anomalies(folder / "normal")
    apart = found.held_out
    assert float(found.scores.median()) < 2 * float(apart.median())
    assert found.share < 0.1


def test_a_run_of_another_recipe_says_which_recipes_can(tmp_path: Path) -> None:
    other = zs.train("vanilla", "ring", out=tmp_path / "run", samples=64, **QUICK)
    with pytest.raises(ConditionError, match=r"trained by vanilla.*Train anomaly"):
        zs.anomalies(other, "ring", quiet=True)


def test_an_unknown_category_is_odd(rows: Model) -> None:
    data = _rows(5, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = rows.anomalies(pa.table(data | {"kind": np.array(["strange"] * 5)}))
    assert bool(found.anomalous.all())
    assert set(found.heat.argmax(1).tolist()) == {2}


def test_resumed_runs_find_the_same(tmp_path: Path) -> None:
    data = _stripes(100, 0)
    straight, half = (
        zs.train("anomaly", data, out=tmp_path / str(many), samples=many, set=SMALL, **QUICK)
        for many in (320, 160)
    )
    some = _stripes(5, 1)
    early = half.anomalies(some).scores
    assert half.run is not None
    resumed = zs.resume(half.run, data=data, samples=320, quiet=True)
    assert not torch.equal(resumed.anomalies(some).scores, early)
    assert resumed.step == straight.step
