"""`zerosum refine`: options, and what it says where it cannot say what was bought."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.csv
import pytest

from tests.modalities.tables.chain import people
from zerosum.engine.choose import Wishes
from zerosum.modalities.tables.reading.frames import to_table
from zerosum.modalities.tables.space import TableSpace
from zerosum.modalities.tables.writing import write_tables
from zerosum.workflows.train import train

Zerosum = Callable[..., Any]


@pytest.fixture(scope="module")
def rows_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rows")
    data = people(400)
    assert isinstance(data.space, TableSpace)
    values, _ = data.resident
    path = write_tables(folder / "people.csv", iter([to_table(values, data.space)]))
    wishes = Wishes(precision="fp32", layout="contiguous", compile=False, threads=1)
    changes = {"game.generator.width": 32, "game.generator.depth": 1}
    train(
        "table", path, out=folder / "run", samples=800, changes=changes, wishes=wishes,
        referee="off",
    )  # fmt: skip
    return folder / "run"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "train with --holdout 0.2"),
        (("--with", "jdge=trees"), "Did you mean 'judge'?"),
        (("--with", "judge=woods"), "no judge 'woods'"),
        (("--with", "rounds=few"), "no whole number"),
    ],
)
def test_what_cannot_be_refined(
    zerosum: Zerosum, rows_run: Path, words: tuple[str, ...], message: str
) -> None:
    done = zerosum("refine", rows_run, *words)
    assert done.code == 2
    assert message in done.err


def test_a_new_run_is_written_and_said(zerosum: Zerosum, rows_run: Path, tmp_path: Path) -> None:
    held = tmp_path / "held.csv"
    assert zerosum("sample", rows_run, "-n", "150", "--seed", "9", "--out", held).code == 0
    table = pyarrow.csv.read_csv(held).slice(0, 140)
    pyarrow.csv.write_csv(table, held)
    out = tmp_path / "new"
    done = zerosum(
        "refine", rows_run, "--with", "rounds=1", "--holdout", held, "--out", out, "--json"
    )
    assert done.code == 0
    said = json.loads(done.out)
    assert said["run"] == str(out)
    assert said["held"] == 140
    assert (out / "manifest.json").is_file()
