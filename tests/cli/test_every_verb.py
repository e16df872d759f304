"""What all verbs have in common: how a model is named, and how programs are answered."""

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zerosum.cli.app import app

Zerosum = Callable[..., Any]

INTO_THE_RUN = {"resume", "show", "remedy", "learn-direction", "learn-encoder"}
"""Verbs that are about the run, or put into it what they learn of its newest state."""
LONG_RUNNING = {"studio", "worker"}


OPTIONS = {
    command.name or command.callback.__name__: {
        name: one.default for name, one in inspect.signature(command.callback).parameters.items()
    }
    for command in app.registered_commands
    if command.callback is not None
}


@pytest.mark.parametrize("verb", [one for one, names in OPTIONS.items() if "code" in names])
def test_a_model_is_named_by_its_run_its_step_and_its_code(verb: str) -> None:
    assert "step" in OPTIONS[verb] or verb in INTO_THE_RUN


@pytest.mark.parametrize("verb", [one for one, names in OPTIONS.items() if "out" in names])
def test_no_place_of_output_is_fixed_where_something_may_be(verb: str) -> None:
    """What is not asked for by name takes a free name, so nothing is written over."""
    assert OPTIONS[verb]["out"] is None or verb == "copy"  # which adds to its table


def test_a_second_bundle_keeps_the_first(
    zerosum: Zerosum, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("a")
    names = [zerosum("bundle", "a.txt").out.strip() for _ in range(2)]
    assert names == ["bundle.zip", "bundle-2.zip"]


@pytest.mark.parametrize("verb", [one for one in OPTIONS if one not in LONG_RUNNING])
def test_programs_are_answered_in_json(verb: str) -> None:
    assert "as_json" in OPTIONS[verb]


@pytest.mark.parametrize(
    "verb",
    [
        ("sample",), ("walk",), ("evaluate",), ("audit",), ("export",), ("refine",), ("mix",),
        ("directions",), ("anomalies", "new.csv"), ("translate", "a.png"), ("compare", "runs/b"),
        ("augment", "--evaluate"), ("edit", "--direction", "age=1"),
    ],
    ids=lambda verb: verb[0],
)  # fmt: skip
def test_a_run_that_is_not_there_is_an_error_in_json(verb: tuple[str, ...], zerosum: Zerosum,
                                                     tmp_path: Path) -> None:  # fmt: skip
    done = zerosum(verb[0], tmp_path / "nothing", *verb[1:], "--json")
    assert done.code == 2
    assert json.loads(done.out)["error"] == "RunError"
    assert done.err == ""


def test_another_step_is_sampled_walked_and_judged(
    zerosum: Zerosum, digits_run: Path, tmp_path: Path
) -> None:
    words = {
        "sample": ("--seed", 1, "-n", 4, "--out", tmp_path / "s.png"),
        "walk": ("--seed", 1, "--frames", 2, "-n", 4, "--out", tmp_path / "w.gif"),
        "augment": ("--amount", "0=2", "--out", tmp_path / "more"),
    }
    for verb, more in words.items():
        done = zerosum(verb, digits_run, "--step", 3, *more)
        assert done.code == 2, verb
        assert "has no checkpoint of step 3. It has: [" in done.err
    done = zerosum("walk", digits_run, "--step", 5, *words["walk"], "--json")
    assert (done.code, json.loads(done.out)["frames"]) == (0, 2)


@pytest.mark.parametrize("name", ["nowhere", "digits"])
def test_a_folder_without_runs_that_is_named_is_a_mistake(
    name: str, zerosum: Zerosum, digits_run: Path, tmp_path: Path
) -> None:
    place = digits_run if name == "digits" else tmp_path / name
    done = zerosum("runs", place, "--json")
    told = json.loads(done.out)
    assert (done.code, told["error"]) == (2, "RunError")
    assert ("is a run itself" if name == "digits" else "no folder at") in told["message"]
