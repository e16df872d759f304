"""One process at a time holds a run, whatever became of the one before."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from zerosum.errors import RunError
from zerosum.runs.lock import LOCK, claimed, held
from zerosum.runs.store import Run

HOLD = """
import sys
from pathlib import Path
from zerosum.runs.lock import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_one_is_refused_and_told_who_holds(tmp_path: Path) -> None:
    with held(tmp_path):
        here = rf"in use by process {os.getpid()} on {socket.gethostname()} since 20"
        with pytest.raises(RunError, match=here), held(tmp_path):
            pass
        assert claimed(tmp_path)
    assert not claimed(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_made_and_goes_again_if_nothing_came_of_it(tmp_path: Path) -> None:
    with held(tmp_path / "empty"):
        pass
    with held(tmp_path / "full"):
        (tmp_path / "full" / "x").write_text("")
    assert [path.name for path in tmp_path.rglob("*")] == ["full", "x"]


def test_the_lock_of_a_killed_process_is_taken_over_and_the_run_says_so(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    run = Run.create(tmp_path / "run", {})
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run.folder)], env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with pytest.raises(RunError, match=f"process {process.pid} on "), run.held():
        pass
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    with run.held():
        (event,) = run.events()
    assert (event["event"], event["pid"]) == ("abandoned", process.pid)
    with run.held():
        assert len(run.events()) == 1


def test_a_copy_of_a_run_that_is_held_is_free(tmp_path: Path) -> None:
    with held(tmp_path / "run"):
        shutil.copytree(tmp_path / "run", tmp_path / "copy")
        with held(tmp_path / "copy") as before:
            assert before is None


def test_a_run_that_is_held_and_moved_is_held_there(tmp_path: Path) -> None:
    with held(tmp_path / "run"):
        (tmp_path / "run").rename(tmp_path / "moved")
        with pytest.raises(RunError, match="in use by"), held(tmp_path / "moved"):
            pass


def _write_claim(folder: Path, **changes: object) -> None:
    (folder / LOCK).write_text("")
    claim = {"pid": 7, "host": "elsewhere", "boot": "x", "since": "2026", "file": 0}
    claim["file"] = (folder / LOCK).stat().st_ino
    (folder / LOCK).write_text(json.dumps(claim | changes))


def test_another_machine_is_not_known_to_have_died(tmp_path: Path) -> None:
    _write_claim(tmp_path)
    with (
        pytest.raises(RunError, match=r"process 7 on elsewhere.*another machine.*delete .*lock"),
        held(tmp_path),
    ):
        pass
    (tmp_path / LOCK).unlink()
    with held(tmp_path) as before:
        assert before is None


def test_a_machine_that_was_started_again_has_no_old_processes(tmp_path: Path) -> None:
    _write_claim(tmp_path, host=socket.gethostname(), pid=os.getpid())
    with held(tmp_path) as before:
        assert before is not None
        assert before.boot == "x"


@pytest.mark.parametrize("body", ["mine", "[]", '{"pid": "7"}', '{"pid": 7}', "[" * 4000])
def test_a_file_that_is_no_lock_is_kept(tmp_path: Path, body: str) -> None:
    (tmp_path / LOCK).write_text(body)
    with pytest.raises(RunError, match="is no lock of a run"), held(tmp_path):
        pass
    assert (tmp_path / LOCK).read_text() == body
    assert not claimed(tmp_path)


def _as_folder(path: Path) -> None:
    path.mkdir()


def _as_link(path: Path) -> None:
    path.symlink_to("elsewhere")


def _as_pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("make", [_as_folder, _as_link, _as_pipe])
def test_what_is_no_file_is_refused(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / LOCK)
    with pytest.raises(RunError, match=r"cannot lock|is no file"), held(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [LOCK]


def test_a_place_that_cannot_be_written_to() -> None:
    with (
        pytest.raises(RunError, match=r"cannot lock /proc.*copy it elsewhere"),
        held(Path("/proc")),
    ):
        pass


def test_of_many_at_once_one_makes_the_run(tmp_path: Path) -> None:
    def make(folder: Path) -> str:
        try:
            with held(folder):
                run = Run.create(folder, {}, lambda run: run.add_event("made"))
                return run.folder.name
        except RunError as error:
            assert "in use by" in str(error) or "exists already" in str(error)  # noqa: PT017
            return ""

    with ThreadPoolExecutor(4) as pool:
        for i in range(30):
            folder = tmp_path / f"run-{i}"
            if i % 2:
                folder.mkdir()
            made = list(pool.map(make, [folder] * 4))
            assert sorted(made) == ["", "", "", folder.name]
            assert [event["event"] for event in Run.open(folder).events()] == ["made"]
