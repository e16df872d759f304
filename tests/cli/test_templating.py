"""`zerosum templates` and `zerosum fill`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.csv
import pytest

from zerosum.modalities.strings.simulated.notes import contradictions, simulate_notes

Zerosum = Callable[..., Any]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    examples, rows = tmp_path / "notes.csv", tmp_path / "rows.csv"
    pyarrow.csv.write_csv(simulate_notes(600), examples)
    pyarrow.csv.write_csv(simulate_notes(50, seed=9).drop_columns(["note"]), rows)
    return examples, rows


def test_templates_are_found_written_and_filled(
    zerosum: Zerosum, files: tuple[Path, Path], tmp_path: Path
) -> None:
    examples, rows = files
    done = zerosum("templates", examples, "--with", "text=note", "--out", tmp_path / "t.json")
    assert done.code == 0, done.err
    first, slots, *_, last = done.out.splitlines()
    assert first.endswith("of 600 texts.")
    assert slots.startswith("slots: age 100%")
    assert last == str(tmp_path / "t.json")
    out = tmp_path / "texts.csv"
    filled = zerosum("fill", tmp_path / "t.json", rows, "--out", out, "--seed", "3")
    assert filled.code == 0, filled.err
    made = [row for row in pyarrow.csv.read_csv(out).to_pylist() if row["note"]]
    assert len(made) > 45
    assert not any(contradictions(row) for row in made)
    said = json.loads(zerosum("fill", tmp_path / "t.json", rows, "--out", out, "--json").out)
    assert said == {"path": str(out), "n": 50, "without": 50 - len(made)}
    found = json.loads(zerosum("templates", "logins", "--out", tmp_path / "l.json", "--json").out)
    assert found["text"] == "line"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--with", "txt=note"), "Did you mean 'text'?"),
        (("--with", "protect=few"), "no number of rows"),
        (("--with", "purpose=fun"), "Give training"),
        (("--with", "text=nte"), "no column 'nte'"),
    ],
)
def test_what_is_refused(
    zerosum: Zerosum, files: tuple[Path, Path], tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    done = zerosum("templates", files[0], "--out", tmp_path / "t.json", *words)
    assert done.code == 2
    assert message in done.err
