"""A run from a stranger may hold links; none is followed, and nothing outside the run changes."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from zerosum.errors import RunError
from zerosum.runs.checkpoints import Checkpoints
from zerosum.runs.files import append_line, inside, open_plain, read_json, write_json
from zerosum.runs.store import Run, list_runs


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run.create(tmp_path / "run", {})
    run.checkpoints.save({"w": torch.ones(2)}, {"step": 1})
    run.add_event("resumed", step=1)
    run.subfolder("report")
    return run


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Another folder of the user's, with a file and a run's checkpoints."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "bashrc").write_text("precious\n")
    Checkpoints(folder).save({"w": torch.zeros(2)}, {"step": 7})
    return folder


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    "name", ["events.jsonl", "history.jsonl", "samples", "healthy", "notes.txt", "report/x.json"]
)
def test_a_run_with_a_link_is_refused_by_name(run: Run, elsewhere: Path, name: str) -> None:
    (run.folder / name).unlink(missing_ok=True)
    (run.folder / name).symlink_to(elsewhere)
    with pytest.raises(RunError, match=rf"{name} is a link, .* Remove the link"):
        Run.open(run.folder)


def test_a_link_that_leads_nowhere_and_one_that_stays_inside(run: Run) -> None:
    (run.folder / "healthy").symlink_to("checkpoints")
    with pytest.raises(RunError, match="healthy is a link"):
        Run.open(run.folder)
    (run.folder / "healthy").unlink()
    (run.folder / "samples").symlink_to("nowhere")
    with pytest.raises(RunError, match="samples is a link"):
        Run.open(run.folder)


@pytest.mark.parametrize("name", ["events.jsonl", "checkpoints/step-000000002.json", "x"])
def test_a_pipe_is_refused_and_not_waited_for(run: Run, name: str) -> None:
    (run.folder / name).unlink(missing_ok=True)
    os.mkfifo(run.folder / name)
    with pytest.raises(RunError, match=f"{name} is neither a file nor a folder"):
        Run.open(run.folder)


def test_the_run_folder_may_be_reached_through_a_link(run: Run, tmp_path: Path) -> None:
    (tmp_path / "runs").symlink_to(run.folder.parent)
    opened = Run.open(tmp_path / "runs" / "run")
    opened.add_event("evaluated")
    opened.checkpoints.save({"w": torch.ones(2)}, {"step": 2})
    (tmp_path / "direct").symlink_to(run.folder)
    assert Run.open(tmp_path / "direct").checkpoints.steps() == [1, 2]


def test_the_list_stands_a_run_with_links(run: Run, elsewhere: Path) -> None:
    (run.folder / "samples").symlink_to(elsewhere)
    (listed,) = list_runs(run.folder.parent)
    assert listed.manifest["state"] == "unreadable"


WRITERS: dict[str, tuple[str, Callable[[Run], object]]] = {
    "event": ("events.jsonl", lambda run: run.add_event("x")),
    "history": ("history.jsonl", lambda run: run.add_history({"step": 1})),
    "rewind": ("history.jsonl", lambda run: run.rewind(1)),
    "save": ("checkpoints", lambda run: run.checkpoints.save({}, {"step": 9})),
    "retain": ("healthy", lambda run: run.healthy.retain([])),
    "tidy": ("checkpoints", lambda run: run.checkpoints.tidy(0)),
    "load": ("checkpoints", lambda run: run.checkpoints.load_newest()),
    "samples": ("samples", lambda run: run.subfolder("samples")),
    "report": ("report", lambda run: run.subfolder("report")),
    "code": ("code", lambda run: run.subfolder("code")),
}


@pytest.mark.parametrize(("name", "write"), WRITERS.values(), ids=WRITERS)
def test_no_writer_follows_a_link_that_came_after_the_run_was_opened(
    run: Run, elsewhere: Path, name: str, write: Callable[[Run], object]
) -> None:
    path = run.folder / name
    if path.is_dir():
        path.rename(run.folder / "before")
    path.unlink(missing_ok=True)
    path.symlink_to(elsewhere if path.suffix == "" else elsewhere / "bashrc")
    before = _contents(elsewhere)
    with pytest.raises(RunError, match="is a link"):
        write(run)
    assert _contents(elsewhere) == before


@pytest.mark.parametrize("name", ["manifest.json", "checkpoints/step-000000001.json"])
def test_a_file_that_is_a_link_is_replaced_and_not_written_through(
    run: Run, elsewhere: Path, name: str
) -> None:
    path = run.folder / name
    path.unlink()
    path.symlink_to(elsewhere / "bashrc")
    run.save_manifest()
    run.checkpoints.save({}, {"step": 1})
    assert (elsewhere / "bashrc").read_text() == "precious\n"
    assert not path.is_symlink()


def test_nothing_is_appended_to_what_lies_elsewhere_too(tmp_path: Path) -> None:
    (tmp_path / "bashrc").write_text("precious\n")
    (tmp_path / "events.jsonl").hardlink_to(tmp_path / "bashrc")
    with pytest.raises(RunError, match=r"hard link.*Copy the run"):
        append_line(tmp_path / "events.jsonl", "x")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RunError, match="neither a file nor a folder"):
        append_line(tmp_path / "pipe", "x")
    assert (tmp_path / "bashrc").read_text() == "precious\n"


def test_what_is_read_is_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RunError, match="neither a file nor a folder"):
        open_plain(tmp_path / "pipe")
    write_json(tmp_path / "a.json", 1)
    (tmp_path / "b.json").symlink_to("a.json")
    with pytest.raises(RunError, match="is a link"):
        read_json(tmp_path / "b.json")


def test_a_name_on_the_way_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(RunError, match="a is no folder"):
        inside(tmp_path, "a", "b")
    assert inside(tmp_path, "c", "d") == tmp_path / "c" / "d"


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 5000, "\ud800"])
def test_json_that_is_none_or_no_good(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(RunError, match=r"cannot read .*a\.json"):
        read_json(tmp_path / "a.json")


def test_json_of_absurd_length(tmp_path: Path) -> None:
    with (tmp_path / "a.json").open("wb") as handle:
        handle.truncate(2**27)
    with pytest.raises(RunError, match="more than 67,108,864 bytes"):
        read_json(tmp_path / "a.json")


def test_events_are_read_whole(run: Run) -> None:
    assert json.loads((run.folder / "events.jsonl").read_text())["event"] == "resumed"
