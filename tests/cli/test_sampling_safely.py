"""`zerosum sample --safe-csv`: text of the data that a spreadsheet would take for a formula."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zerosum.engine.choose import Wishes
from zerosum.workflows.train import train

Zerosum = Callable[..., Any]
FORMULAS = ("=1+1", "+x", "-", "@sum", "\tx", "\rx", "=é")
WISHES = Wishes(precision="fp32", layout="contiguous", compile=False, threads=1)


@pytest.fixture(scope="module")
def hostile_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    with (folder / "rows.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["cell", "=name", "minus", "code", "fine"])
        for i in range(210):
            code = ("-007", "+1.5", "-1e3", "0012")[i % 4]
            writer.writerow([FORMULAS[i % 7], "ab"[i % 2], -(i % 3) / 2, code, "a=b-"[i % 4 :]])
    changes = {"game.generator.width": 16, "game.generator.depth": 1}
    train("table", folder / "rows.csv", out=folder / "run", samples=2_000, changes=changes,
          wishes=WISHES)  # fmt: skip
    return folder / "run"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


@pytest.mark.filterwarnings("always")
def test_rows_come_out_as_the_data_had_them_with_one_warning(
    zerosum: Zerosum, hostile_run: Path, tmp_path: Path
) -> None:
    done = zerosum("sample", hostile_run, "-n", 5_000, "--out", tmp_path / "a.csv")
    assert done.code == 0
    warned = [line for line in done.err.splitlines() if line.startswith("warning: ")]
    assert len(warned) == 1
    assert "cells of '=name', 'cell', 'fine' for formulas" in warned[0]
    assert "--safe-csv" in warned[0]
    assert {row["cell"] for row in rows(tmp_path / "a.csv")} == set(FORMULAS)


def test_safe_rows(zerosum: Zerosum, hostile_run: Path, tmp_path: Path) -> None:
    done = zerosum("sample", hostile_run, "-n", 500, "--safe-csv", "--out", tmp_path / "a.csv")
    assert (done.code, "warning" in done.err) == (0, False)
    made = rows(tmp_path / "a.csv")
    assert list(made[0]) == ["cell", "'=name", "minus", "code", "fine"]
    assert {row["cell"] for row in made} == {f"'{cell}" for cell in FORMULAS}
    assert {row["fine"] for row in made} == {"a=b-", "'=b-", "b-", "'-"}
    assert {row["code"] for row in made} == {"-007", "+1.5", "-1e3", "0012"}
    assert {row["minus"] for row in made} == {"0", "-0.5", "-1"}


def test_completed_rows_are_made_safe_too(
    zerosum: Zerosum, hostile_run: Path, tmp_path: Path
) -> None:
    (tmp_path / "part.csv").write_text("cell,fine\n=1+1,\n", encoding="utf-8")
    done = zerosum("sample", hostile_run, "--like", tmp_path / "part.csv", "--safe-csv",
                   "--out", tmp_path / "a.csv", "--json")  # fmt: skip
    assert json.loads(done.out)["n"] == 1
    assert rows(tmp_path / "a.csv")[0]["cell"] == "'=1+1"


def test_other_forms_have_no_such_cells(
    zerosum: Zerosum, hostile_run: Path, tmp_path: Path
) -> None:
    done = zerosum("sample", hostile_run, "--safe-csv", "--out", tmp_path / "a.parquet")
    assert (done.code, "is for .csv, not for 'a.parquet'" in done.err) == (2, True)
    assert not (tmp_path / "a.parquet").exists()


@pytest.mark.filterwarnings("always")
def test_labels_of_points_and_pictures(zerosum: Zerosum, tmp_path: Path) -> None:
    y = np.array(["=a", "b"] * 64)
    points = np.random.default_rng(0).normal(size=(128, 2))
    images = np.zeros((128, 8, 8), np.uint8)
    images[::2] = 200
    for name, x, made in (("points", points, "x.csv"), ("images", images, "x/")):
        run = tmp_path / name
        train("cgan", (x, y), out=run, samples=64, wishes=WISHES)
        table = tmp_path / name / ("x.csv" if made == "x.csv" else "x/labels.csv")
        done = zerosum("sample", run, "-n", 8, "--where", "label==a", "--out", f"{run}/{made}")
        assert (done.code, done.err.count("for formulas")) == (0, 1)
        assert {row["label"] for row in rows(table)} == {"=a"}
        made = made.replace("x", "y")
        done = zerosum("sample", run, "-n", 8, "--where", "label==a", "--safe-csv",
                       "--out", f"{run}/{made}")  # fmt: skip
        assert (done.code, done.err.count("for formulas")) == (0, 0)
        table = Path(str(table).replace("/x", "/y"))
        assert {row["label"] for row in rows(table)} == {"'=a"}
    done = zerosum("sample", run, "--safe-csv", "--out", tmp_path / "a.png")
    assert (done.code, "is for .csv files and folders" in done.err) == (2, True)
