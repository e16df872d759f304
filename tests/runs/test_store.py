"""Run folders: made, found, listed, and read after a crash."""

import json
from pathlib import Path

import pytest

from zerosum.errors import RunError
from zerosum.runs.store import SCHEMA, Run, list_runs, new_folder


def test_a_run_is_made_and_opened(tmp_path: Path) -> None:
    made = Run.create(tmp_path / "a" / "run", {"seed": 3})
    made.update(state="running")
    opened = Run.open(str(tmp_path / "a" / "run"))
    assert opened.manifest == made.manifest
    assert opened.manifest["schema"] == SCHEMA
    assert opened.name == "run"
    assert opened.history() == opened.events() == []


def test_newer_schema(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", {})
    run.update(schema=SCHEMA + 1)
    with pytest.raises(RunError, match=rf"newer zerosum \(schema {SCHEMA + 1}.*Upgrade"):
        Run.open(run.folder)


def test_missing_runs_suggest_near_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Run.create(tmp_path / "runs" / "cgan-digits", {})
    with pytest.raises(RunError, match=r"no run at .*cgan-digts.* Did you mean '.*cgan-digits'"):
        Run.open(tmp_path / "runs" / "cgan-digts")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match="Did you mean 'runs/cgan-digits'"):
        Run.open("cgan-digits")
    with pytest.raises(RunError, match=r"no run at nowhere/run"):
        Run.open("nowhere/run")


def test_a_manifest_that_is_no_object(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("[1]")
    with pytest.raises(RunError, match="damaged"):
        Run.open(tmp_path)


def test_rows_that_were_cut_off_are_left_out_and_stay_apart(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", {})
    run.add_history({"step": 1, "samples": 1})
    run.add_event("one")
    for name in ("history.jsonl", "events.jsonl"):
        with (run.folder / name).open("ab") as handle:
            handle.write(b'{"step": 2, "a\xff')
    assert [row["step"] for row in run.history()] == [1]
    assert [row["event"] for row in run.events()] == ["one"]
    run.add_history({"step": 3, "samples": 3})
    run.add_event("two")
    assert [row["step"] for row in run.history()] == [1, 3]
    assert [row["event"] for row in run.events()] == ["one", "two"]


def test_rewinding_drops_later_rows_only(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", {})
    run.rewind(3)
    assert not (run.folder / "history.jsonl").exists()
    rows = [{"step": step, "samples": step, "loss": 0.1 * step} for step in range(1, 6)]
    for row in rows:
        run.add_history(row)
    run.rewind(3)
    assert run.history() == rows[:3]


def test_rewinding_keeps_what_happened_to_the_run(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", {})
    again = ["measured", "diagnosis", "remedy", "outcome", "of a hook of the user's own"]
    stays = ["resumed", "failed", "ended", "evaluated", "audited", "checkpoint_damaged"]
    facts = {"samples": 9, "name": "x", "words": "y", "problem": "z", "used": 0}
    for name in again + stays:
        for step in (3, 4):
            run.add_event(name, **(facts | {"step": step}))
    run.add_event("remedy", **facts, step=4, by="hand")
    run.add_event("execution_chosen")
    before = run.events()
    run.rewind(3)
    assert run.events() == [e for e in before if not (e.get("step") == 4 and e["event"] in again)
                            or e.get("by") == "hand"]  # fmt: skip


def test_many_runs_are_listed_from_their_manifests_alone(tmp_path: Path) -> None:
    for i in range(300):
        folder = tmp_path / f"run-{i:03d}"
        folder.mkdir()
        created = f"2026-01-{1 + i % 28:02d}T{i % 24:02d}:00:00+00:00"
        manifest = {"schema": SCHEMA, "created": created, "state": "finished"}
        (folder / "manifest.json").write_text(json.dumps(manifest))
        (folder / "history.jsonl").mkdir()  # reading it would be an error
        (folder / "checkpoints").write_bytes(b"")
    (tmp_path / "no-run").mkdir()
    (tmp_path / "file").write_text("")
    broken = {"a": b"{", "b": b"[]", "c": b"\xff\xff", "d": b"null"}
    for name, body in broken.items():
        (tmp_path / f"broken-{name}").mkdir()
        (tmp_path / f"broken-{name}" / "manifest.json").write_bytes(body)
    runs = list_runs(tmp_path)
    assert len(runs) == 304
    created = [run.manifest["created"] for run in runs[:300]]
    assert created == sorted(created, reverse=True)
    assert {run.name for run in runs[300:]} == {f"broken-{name}" for name in broken}
    assert {run.manifest["state"] for run in runs[300:]} == {"unreadable"}


def test_no_runs(tmp_path: Path) -> None:
    assert list_runs(tmp_path) == list_runs(tmp_path / "missing") == []


@pytest.mark.parametrize(
    ("data", "start"),
    [
        ("ring", "r3gan-ring-"),
        ("some/where/My photos/", "r3gan-My-photos-"),
        ("/data/faces.zip", "r3gan-faces-zip-"),
    ],
)
def test_folders_are_named_readably(tmp_path: Path, data: str, start: str) -> None:
    first, second = (new_folder(tmp_path, "r3gan", data) for _ in range(2))
    assert first.parent == tmp_path
    assert first.name.startswith(start)
    assert first != second


def test_a_manifest_with_half_a_character_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", {})
    path = run.folder / "manifest.json"
    body = path.read_text().replace("{", r'{"zz": "\ud800",', 1)
    path.write_text(body)
    with pytest.raises(RunError, match="half of a character"):
        Run.open(run.folder)
    assert path.read_text() == body


def test_an_event_may_speak_of_a_file_whose_name_is_no_text(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", {})
    run.add_event("failed", message="caf\udce9.png cannot be read")
    assert run.events()[-1]["message"] == "caf?.png cannot be read"
