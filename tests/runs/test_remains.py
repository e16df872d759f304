"""What a run leaves that was cut off is told from what is somebody's own, and removed."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from zerosum.errors import RunError
from zerosum.runs.lock import held
from zerosum.runs.store import Run, require_free

MANIFEST = {"schema": 1, "recipe": {}, "execution": {}, "state": "running"}


def _write(folder: Path, **files: object) -> None:
    for name, body in files.items():
        path = folder / name.replace("__", "/").replace("_json", ".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(body))


def _contents(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_files_cut_off_while_written_go_when_the_run_is_held(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", {})
    parts = [".manifest.json.12ab.part", "checkpoints/.tmpA1b2C3", "samples/.i.png.7.part"]
    parts += ["healthy/.step-000000001.safetensors.7.part", "report/.evaluation.json.7.part"]
    mine = ["notes.part", "samples/.hidden", "own/.x.part", ".tmp"]
    for name in parts + mine:
        (run.folder / name).parent.mkdir(exist_ok=True)
        (run.folder / name).write_text("half")
    with run.held():
        pass
    assert _contents(run.folder) == sorted([*mine, "manifest.json"])


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"manifest_json": MANIFEST},
        {"manifest_json": MANIFEST, "events.jsonl": 0, "code__mine.py": 0},
        {"manifest_json": MANIFEST, "checkpoints__step-000000000.safetensors": 0},
        {".manifest.json.7.part": 0},
    ],
)
def test_what_never_began_is_replaced(tmp_path: Path, files: dict[str, object]) -> None:
    _write(tmp_path, **files)
    Run.create(tmp_path, {"seed": 7})
    assert Run.open(tmp_path).manifest["seed"] == 7
    assert _contents(tmp_path) == ["manifest.json"]


@pytest.mark.parametrize(
    "files",
    [
        {"notes.txt": 0},
        {"code__app.js": 0},
        {"manifest_json": {"name": "a browser's extension"}, "code__app.js": 0},
        {"manifest_json": [1]},
        {"manifest_json": MANIFEST, "notes.txt": 0},
        {"manifest_json": MANIFEST, "history.jsonl": 0},
        {"manifest_json": MANIFEST | {"step": 9}},
        {"manifest_json": MANIFEST, "checkpoints__step-000000000.json": 0},
        {"lock": "mine"},
    ],
)
def test_what_is_somebodys_own_is_kept(tmp_path: Path, files: dict[str, object]) -> None:
    _write(tmp_path, **files)
    before = _contents(tmp_path)
    for make in (require_free, lambda folder: Run.create(folder, {})):
        with pytest.raises(RunError, match="exists already"):
            make(tmp_path)
    assert _contents(tmp_path) == before


def test_a_run_is_there_once_it_is_whole_and_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def fill(run: Run) -> None:
        run.add_event("made")
        run.checkpoints.save({"a": torch.ones(2)}, {"step": 0})
        with pytest.raises(RunError, match=r"no run at .* yet.*out='.*run' again"):
            Run.open(run.folder)
        raise RunError("the disk is full")

    with pytest.raises(RunError, match="is full"), held(tmp_path / "run"):
        Run.create(tmp_path / "run", {}, fill)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def readable() -> Iterator[Path]:
    """A run that all may see and only its owner may change or read in full."""
    root = Path(tempfile.mkdtemp())  # below pytest's own folder nobody else may look
    root.chmod(0o755)
    run = Run.create(root / "run", {})
    run.add_history({"step": 1})
    run.checkpoints.save({"a": torch.ones(2)}, {"step": 0})
    yield run.folder
    shutil.rmtree(root)


def _said_to_others(use: Callable[[], object]) -> str:
    """What a user without rights is told, in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            if os.getuid() == 0:
                os.setuid(65_534)
            use()
            said = "nothing"
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as handle:
        said = handle.read().decode()
    os.waitpid(child, 0)
    return said


def _hold(folder: Path) -> None:
    with Run.open(folder).held():
        pass


def _create(folder: Path) -> None:
    with held(folder / "new"):
        pass


def test_a_run_of_somebody_else_is_no_traceback(readable: Path) -> None:
    readable.chmod(0o555)
    assert _said_to_others(lambda: Run.open(readable).checkpoints.load_newest()) == "nothing"
    assert "RunError: cannot lock" in _said_to_others(lambda: _hold(readable))
    assert "RunError: cannot make" in _said_to_others(lambda: _create(readable))
    (readable / "history.jsonl").chmod(0)
    assert "RunError: cannot read" in _said_to_others(Run.open(readable).history)
    for path in (readable / "checkpoints").iterdir():
        path.chmod(0)
    # What may not be read is not damaged, and nothing is lost.
    assert "RunError: cannot read" in _said_to_others(Run.open(readable).checkpoints.load_newest)
    (readable / "checkpoints").chmod(0)
    assert "RunError: cannot look into" in _said_to_others(Run.open(readable).checkpoints.steps)
    (readable / "manifest.json").chmod(0)
    assert "RunError: cannot read" in _said_to_others(lambda: Run.open(readable))
    readable.chmod(0)
    assert "RunError: cannot look into" in _said_to_others(lambda: Run.open(readable))
