"""What a run says of itself has a form; another one is refused by the name of the field."""

import json
from pathlib import Path
from typing import Any

import pytest

from zerosum.errors import RunError
from zerosum.runs.store import Run, list_runs

GOOD: dict[str, Any] = {
    "recipe": {"kind": "recipe", "name": "vanilla"},
    "space": {"kind": "point"},
    "data": {"config": None, "name": "ring", "fingerprint": "f", "count": 9},
    "seed": 0, "device": "cuda:1", "processes": 1, "execution": {}, "referee": "act",
    "versions": {"zerosum": "0.1"}, "step": 3, "samples": 12, "seconds": 1, "scores": None,
    "remedies": [{"step": 1, "name": "a", "by": "hand", "instead_of": {}}],
    "model": {"step": 2, "distance": 0.1, "last_distance": float("inf")},
    "parent": {"run": "r", "step": 1, "shares": {"g": 1}, "taken": 1, "fresh": [], "frozen": []},
    "privacy": {"epsilon": 1.0, "delta": 1e-6}, "unheard": {"of": [1]},
}  # fmt: skip


def _run(folder: Path, **changes: Any) -> Path:
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps(GOOD | changes))
    return folder


def test_what_zerosum_writes_is_opened(tmp_path: Path) -> None:
    assert Run.open(_run(tmp_path / "run")).manifest["seed"] == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *((name, []) for name in GOOD if name not in ("unheard", "scores", "remedies")),
        ("schema", "1"), ("schema", -1), ("created", 7), ("state", {}), ("samples", 1.5),
        ("samples", -1), ("seconds", float("nan")), ("seconds", -1), ("step", True),
        ("device", "\x1b[2J"), ("device", "meta"), ("processes", 0), ("seed", 2**64),
        ("referee", "off\n"), ("remedies", [{}]), ("remedies", 3), ("model", {"step": "2"}),
        ("parent", {"run": "r"}), ("versions", {"zerosum": 1}), ("scores", "x"),
        ("privacy", {"epsilon": "1", "delta": 0.1}), ("data", {"name": "x"}),
    ],
)  # fmt: skip
def test_a_field_of_another_form(tmp_path: Path, field: str, value: Any) -> None:
    folder = _run(tmp_path / "run", **{field: value})
    with pytest.raises(RunError, match=rf"manifest\.json is not as zerosum writes it: {field}"):
        Run.open(folder)
    (listed,) = list_runs(tmp_path)
    assert listed.manifest == {"state": "unreadable"}


def test_a_field_that_is_missing_is_named_where_it_is_needed(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", {})
    with pytest.raises(RunError, match=r"manifest\.json has no 'recipe'"):
        run.manifest["recipe"]
    assert run.manifest.get("recipe") is None


def test_a_long_value_is_not_said_in_full(tmp_path: Path) -> None:
    folder = _run(tmp_path / "run", samples="9" * 100_000)
    with pytest.raises(RunError) as caught:
        Run.open(folder)
    assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("events.jsonl", "3"),
        ("events.jsonl", '{"event": "x"}'),
        ("events.jsonl", '{"event": "measured", "time": "t"}'),
        ("events.jsonl", '{"event": "remedy", "time": "t", "step": 1, "name": [], "words": ""}'),
        ("history.jsonl", "[]"),
        ("history.jsonl", '{"step": 1}'),
        ("history.jsonl", '{"step": 1, "samples": 2, "loss": "x"}'),
        ("history.jsonl", '{"step": 1.5, "samples": 2}'),
    ],
)
def test_lines_of_another_form(tmp_path: Path, name: str, line: str) -> None:
    run = Run.create(tmp_path / "run", {})
    (run.folder / name).write_text(f"{line}\n")
    with pytest.raises(RunError, match=name):
        run.events() if name == "events.jsonl" else run.history()


def test_a_checkpoint_that_says_another_step(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", {})
    run.checkpoints.save({}, {"step": 4})
    for path in list(run.checkpoints.folder.iterdir()):
        path.rename(path.with_name(path.name.replace("4", "5")))
    with pytest.raises(RunError, match="says another step"):
        run.checkpoints.load(5)
