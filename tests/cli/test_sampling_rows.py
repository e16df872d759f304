"""`zerosum sample` for rows of a table."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.csv
import pyarrow.parquet
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
    data = people(1_000)
    assert isinstance(data.space, TableSpace)
    values, _ = data.resident
    path = write_tables(folder / "people.csv", iter([to_table(values, data.space)]))
    wishes = Wishes(precision="fp32", layout="contiguous", compile=False, threads=1)
    changes = {"game.generator.width": 32, "game.generator.depth": 1}
    train("table", path, out=folder / "run", samples=8_000, changes=changes, wishes=wishes)
    return folder / "run"


def test_rows_under_conditions(zerosum: Zerosum, rows_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.parquet"
    done = zerosum("sample", rows_run, "-n", 70, "--where", "city=Oslo,Å", "age>=30", "age!=31",
                   "--out", out)  # fmt: skip
    assert (done.code, "age has two conditions" in done.err) == (2, True)
    done = zerosum("sample", rows_run, "-n", 70, "--where", "city=Oslo,Å", "age>=30",
                   "income=missing", "--seed", 0, "--out", out, "--json")  # fmt: skip
    assert json.loads(done.out) == {"path": str(out), "n": 70, "seed": 0}
    made = pyarrow.parquet.read_table(out)
    assert set(made["city"].to_pylist()) <= {"Oslo", "Å"}
    assert min(made["age"].to_pylist()) >= 30
    assert made["income"].null_count == 70


def test_values_in_turn_and_what_can_be_asked(
    zerosum: Zerosum, rows_run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "x.csv"
    done = zerosum("sample", rows_run, "-n", 6, "--in-turn", "city=Oslo,Bergen", "--out", out)
    assert done.code == 0, done.err
    assert pyarrow.csv.read_csv(out)["city"].to_pylist() == ["Oslo", "Bergen"] * 3
    controls = json.loads(zerosum("show", rows_run, "--json").out)["controls"]
    assert list(controls) == ["city", "age", "income", "vip"]
    assert controls["vip"] == {"kind": "choice", "names": ["no", "yes"]}
    assert controls["age"]["kind"] == "range"
    assert "vip: no, yes" in zerosum("show", rows_run).out


def test_shares_and_the_default_file(
    zerosum: Zerosum, rows_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = zerosum("sample", rows_run, "--weight", "city=Å:0.5")
    assert (done.code, done.out.strip()) == (0, "samples.csv")
    made = pyarrow.csv.read_csv(tmp_path / "samples.csv")["city"].to_pylist()
    assert (len(made), made.count("Å")) == (64, 32)


def test_rows_are_completed(zerosum: Zerosum, rows_run: Path, tmp_path: Path) -> None:
    part = tmp_path / "part.csv"
    part.write_text("age,city\n40,\n,Bergen\n", "utf-8")
    out = tmp_path / "whole.csv"
    best = out.with_name("best.csv")
    assert zerosum("sample", rows_run, "--like", part, "--best", "--out", best).code == 0
    assert zerosum("sample", rows_run, "--like", part, "--out", out).code == 0
    made = pyarrow.csv.read_csv(out)
    assert made.column_names == ["city", "age", "income", "vip"]
    assert (made["age"].to_pylist()[0], made["city"].to_pylist()[1]) == (40, "Bergen")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--where", "cty=Oslo"), "no column 'cty'. Did you mean 'city'?"),
        (("--where", "city"), "'city' is not a condition"),
        (("--where", "age<5"), "no row has age ..4. Rows have age"),
        (("--weight", "city=Oslo"), "'city=Oslo' is no share"),
        (("--best",), "Give them with --like"),
        (("--like", "x.csv", "-n", "3"), "Drop -n, --scale, --where, --in-turn and --weight"),
        (("--out", "x.png"), "cannot save rows as 'x.png'. Allowed: .csv, .tsv"),
    ],
)
def test_what_cannot_be_sampled(
    zerosum: Zerosum, rows_run: Path, words: tuple[str, ...], message: str
) -> None:
    done = zerosum("sample", rows_run, *words)
    assert done.code == 2
    assert message in done.err
