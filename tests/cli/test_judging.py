"""`zerosum evaluate` and `zerosum compare`: tables, JSON, reports, and how they say no."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zerosum.runs.store import Run

Zerosum = Callable[..., Any]
PLAIN = ("--features", "pixels", "-n", 100)


@pytest.fixture
def run(digits_run: Path, tmp_path: Path) -> Path:
    """A copy: a judgement writes into the run."""
    return Path(shutil.copytree(digits_run, tmp_path / "digits"))


def test_evaluate_prints_a_table_and_the_verdict(zerosum: Zerosum, run: Path) -> None:
    done = zerosum("evaluate", run, *PLAIN)
    assert done.code == 0
    first, head, *rows, blank, verdict = done.out.splitlines()
    assert first == "100 samples against training data, no holdout; features pixels"
    assert head.split() == ["figure", "value", "95", "%", "baseline", "reals"]
    assert any("Fréchet distance" in row and ("●" in row or "◀" in row) for row in rows)
    assert blank == ""
    assert verdict == Run.open(run).events()[-1]["verdict"]
    assert "warning: No holdout was given" in done.err


def test_evaluate_for_other_programs(zerosum: Zerosum, run: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    done = zerosum("evaluate", run, *PLAIN, "--json", "--out", report, "--seed", 3)
    found = json.loads(done.out)
    kept = json.loads((run / "report" / "evaluation.json").read_text("utf-8"))
    assert kept == found | {"parts": []}, "images of rows have no place in the run"
    assert found == json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert found["subject"]["seed"] == 3
    assert report.read_text("utf-8").startswith("<!doctype html>")
    assert zerosum("evaluate", run, *PLAIN, "--out", report).out.endswith(f"\n{report}\n")


def test_the_command_of_a_report_reproduces_it(zerosum: Zerosum, run: Path) -> None:
    first = json.loads(zerosum("evaluate", run, *PLAIN, "--json", "--seed", 3).out)
    words = first["subject"]["command"].split()
    assert words[:2] == ["zerosum", "evaluate"]
    again = json.loads(zerosum(*words[1:], "--json").out)
    assert again["figures"] == first["figures"]


def test_a_holdout_of_a_built_in_mixture(zerosum: Zerosum, ring_run: Path, tmp_path: Path) -> None:
    run = shutil.copytree(ring_run, tmp_path / "ring")
    found = json.loads(zerosum("evaluate", run, "--holdout", "ring", *PLAIN, "--json").out)
    assert found["subject"]["split"] == "holdout"
    assert found["warnings"] == []


def test_compare(zerosum: Zerosum, run: Path, tmp_path: Path) -> None:
    other = shutil.copytree(run, tmp_path / "other")
    done = zerosum("compare", run, other, *PLAIN, "--out", tmp_path / "both.html")
    assert done.code == 0
    assert "digits" in done.out.splitlines()[1]
    assert "other" in done.out.splitlines()[1]
    assert "\ndigits: " in done.out
    assert (tmp_path / "both.html").is_file()
    found = json.loads(zerosum("compare", run, other, *PLAIN, "--json").out)
    assert found["names"] == ["digits", "other"]
    assert set(found["best"].values()) == {None}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--holdout", "digits"), "EvaluationError: 1,797 of 1,797 rows of the holdout are also"),
        (("--holdout", "nowhere"), "DataError: no data at 'nowhere'"),
        (("--holdout", "moons"), "points of 2, and the model makes images of 1 x 8 x 8"),
        (("-n", 5_000), "-n is 5,000, and it may be 2 to"),
        (("--features", "pixel"), "Did you mean 'pixels'?"),
        (("--out", "report.pdf"), "Allowed: .html (a page, with the JSON beside it) and .json."),
        (("--data", "ring"), "this is not the data of"),
        (
            ("--target", "label"),
            "is a column of a table, and the model makes samples of kind image",
        ),
    ],
)
def test_what_is_refused(zerosum: Zerosum, run: Path, words: Any, message: str) -> None:
    done = zerosum("evaluate", run, "--features", "pixels", *words)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert len(done.err.splitlines()) == 1
    assert not (run / "report").exists()


def test_comparing_one_run_is_refused(zerosum: Zerosum, run: Path) -> None:
    assert "Name two or more" in zerosum("compare", run).err
    assert "named twice" in zerosum("compare", run, run).err


def test_audit_needs_rows_and_a_holdout(zerosum: Zerosum, run: Path) -> None:
    for words, message in (
        ((), "EvaluationError: an audit needs a holdout"),
        (("--holdout", "digits"), "attacks are known for table rows alone"),
        (("--holdout", "digits", "--attacks", 0), "--attacks is 0"),
        (("--holdout", "digits", "--out", "a.pdf"), "Allowed: .html"),
    ):
        done = zerosum("audit", run, *words)
        assert (done.code, done.out) == (2, "")
        assert message in done.err
    assert not (run / "report").exists()
