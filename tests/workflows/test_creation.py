"""A run that is there goes on; one that was cut off while it was made is made again."""

import multiprocessing
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from zerosum.errors import RunError
from zerosum.runs.store import Run
from zerosum.workflows.train import resume, train

TrainSmall = Callable[..., Run]
SameRun = Callable[[Run, Run], None]


def _train_until(train_small: TrainSmall, folder: Path, renames: int) -> None:
    """Train, and be killed as the file of that number is about to be put in its place."""
    left = [renames]

    def on_event(name: str, _arguments: object) -> None:
        if name == "os.rename":
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(on_event)
    train_small(folder)


# The tensors, their record, the manifest, and the manifest that says that it is running.
@pytest.mark.parametrize("renames", [1, 2, 3, 4])
def test_killed_while_it_is_made(
    tmp_path: Path, train_small: TrainSmall, assert_same_run: SameRun, renames: int
) -> None:
    folder = tmp_path / "run"
    forked = multiprocessing.get_context("fork")
    process = forked.Process(target=_train_until, args=(train_small, folder, renames))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    if renames < 4:
        assert not (folder / "manifest.json").exists(), "what is no whole run yet is no run"
        with pytest.raises(RunError, match=r"no run at .*yet.*--out .*run again"):
            resume(folder)
        again = train_small(folder)
    else:
        with pytest.raises(RunError, match=r"exists already.*zerosum resume"):
            train_small(folder)
        again = resume(folder)
    assert_same_run(train_small(tmp_path / "straight"), again)
    assert list(again.folder.rglob(".*")) == []


@contextmanager
def _no_file_beyond(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("size", [0, 100, 3_000])  # of the lock, an event, the tensors
def test_a_full_disk_at_the_start_leaves_nothing(
    tmp_path: Path, train_small: TrainSmall, size: int
) -> None:
    with _no_file_beyond(size), pytest.raises(RunError, match=r"cannot write .*Free some space"):
        train_small(tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def _as_older_versions_left_it(run: Run) -> Run:
    """Killed after its manifest was written and before its first checkpoint was."""
    for name in ("checkpoints", "samples", "healthy"):
        shutil.rmtree(run.folder / name, ignore_errors=True)
    (run.folder / "history.jsonl").unlink(missing_ok=True)
    for name in ("step", "samples", "seconds", "model", "healthiest", "scores"):
        run.manifest.pop(name, None)
    run.update(state="running")
    return run


def test_a_run_without_checkpoints_is_begun_anew(
    tmp_path: Path, train_small: TrainSmall, assert_same_run: SameRun
) -> None:
    straight = train_small(tmp_path / "straight")
    left = _as_older_versions_left_it(train_small(tmp_path / "left", stop=2))
    resumed = resume(left.folder)
    assert_same_run(straight, resumed)
    (event,) = [e for e in resumed.events() if e["event"] == "resumed"]
    assert (event["step"], event["exact"]) == (0, True)
    left = _as_older_versions_left_it(train_small(tmp_path / "again", stop=2))
    assert_same_run(straight, train_small(left.folder))


def test_a_run_whose_only_checkpoint_is_damaged_at_step_0_is_begun_anew(
    tmp_path: Path, train_small: TrainSmall, assert_same_run: SameRun
) -> None:
    run = _as_older_versions_left_it(train_small(tmp_path / "run", stop=2))
    run.checkpoints.save({}, {"step": 0})
    (run.checkpoints.folder / "step-000000000.safetensors").write_bytes(b"")
    resumed = resume(run.folder)
    damaged = [e for e in resumed.events() if e["event"] == "checkpoint_damaged"]
    assert [event["used"] for event in damaged] == [0, 0]
    assert "cut off" in damaged[0]["problem"]
    assert_same_run(train_small(tmp_path / "straight"), resumed)


def test_what_was_trained_and_lost_is_not_begun_anew(
    tmp_path: Path, train_small: TrainSmall
) -> None:
    run = train_small(tmp_path / "run", stop=4)
    shutil.rmtree(run.checkpoints.folder)
    history = run.history()
    with pytest.raises(RunError, match=r"no usable checkpoint.*lost.*into another folder"):
        resume(run.folder)
    with pytest.raises(RunError, match=r"exists already"):
        train_small(run.folder)
    assert run.history() == history != []


def test_the_weights_of_another_run_are_given_again(
    tmp_path: Path, train_small: TrainSmall
) -> None:
    first = train_small(tmp_path / "first", stop=1)
    second = train_small(tmp_path / "second", stop=1, from_run=first)
    _as_older_versions_left_it(second)
    with pytest.raises(RunError, match=r"weights of .*first.*--from and --out .*second again"):
        resume(second.folder)
    assert train_small(second.folder, stop=1, from_run=first).manifest["step"] == 1


def test_a_folder_that_is_taken_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")

    def progress(*_words: Any) -> None:
        raise AssertionError("something long was done")

    with pytest.raises(RunError, match="exists already"):
        train("vanilla", "ring", out=tmp_path, minutes=60, progress=progress)
