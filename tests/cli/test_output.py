"""Standard output that nobody takes, and names of files that are no text."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.forks import Forks
from zerosum.runs.store import Run

Zerosum = Callable[..., Any]


def _into(target: str, words: list[str], forks: Forks) -> tuple[int, str]:
    """Exit code and standard error of `zerosum WORDS > TARGET`; `|` is a pipe nobody reads."""
    if target == "|":
        reading, number = os.pipe()
        os.close(reading)
    else:
        number = os.open(target, os.O_WRONLY)
    try:
        done = forks.run("-m", "zerosum", *words, streams={1: number})
    finally:
        os.close(number)
    return done.returncode, done.stderr


@pytest.mark.parametrize("target", ["/dev/full", "|"])
def test_what_nobody_reads_does_not_change_how_a_command_ends(
    target: str, ring_run: Path, tmp_path: Path, forks: Forks
) -> None:
    out = tmp_path / "made.csv"
    run = str(ring_run)
    for words in (
        ["sample", run, "--seed", "0", "--out", str(out)],
        ["show", run, "--json"],
        ["recipes"],
    ):
        assert _into(target, words, forks) == (0, "")
    assert len(out.read_text().splitlines()) == 65
    code, said = _into(target, ["show", str(tmp_path / "none")], forks)
    assert code == 2
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("verb", "name"),
    [
        ("sample", "a\udcfe.csv"), ("sample", "a\udcfe.npz"), ("walk", "a\udcfe.gif"),
        ("export", "a\udcfe.safetensors"), ("evaluate", "a\udcfe.html"),
    ],
)  # fmt: skip
def test_names_that_are_no_text_are_refused(
    zerosum: Zerosum, ring_run: Path, tmp_path: Path, verb: str, name: str
) -> None:
    done = zerosum(verb, ring_run, "--out", tmp_path / name)
    assert done.code == 2
    assert r"a\udcfe" in done.err
    assert "is not UTF-8" in done.err
    assert not list(tmp_path.iterdir())


def test_a_training_is_refused_before_anything_is_measured(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    bare = {
        "PATH": environment["PATH"], "PYTHONPATH": environment["PYTHONPATH"], "LC_ALL": "C",
        "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0",
    }  # fmt: skip
    words = [sys.executable, "-m", "zerosum", "train", "vanilla", "--data", "ring", "--out"]
    done = subprocess.run(
        [*words, "tblé"], env=bare, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "RunError: the path" in done.stderr
    assert "LC_ALL=C.UTF-8" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_run_in_a_folder_whose_name_is_no_text_keeps_its_checkpoints(
    zerosum: Zerosum, ring_run: Path, tmp_path: Path
) -> None:
    steps = Run.open(ring_run).checkpoints.steps()
    moved = tmp_path / "v\udcfe"
    shutil.copytree(ring_run, moved)
    for verb in ("resume", "show", "sample"):
        done = zerosum(verb, moved)
        assert done.code == 2
        assert r"v\udcfe' is not UTF-8" in done.err
    assert len(list((moved / "checkpoints").iterdir())) == 2 * len(steps)


def test_an_empty_word_is_not_the_folder_one_is_in(zerosum: Zerosum) -> None:
    done = zerosum("train", "vanilla", "--data", "")
    assert (done.code, done.out) == (2, "")
    assert "DataError: --data is empty" in done.err
