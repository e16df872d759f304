"""What is left of runs that were cut off: files, and folders in which nothing began."""

import re
import shutil
from pathlib import Path
from typing import Any

from zerosum.errors import RunError
from zerosum.runs.checkpoints import Checkpoints
from zerosum.runs.files import inside, read_json
from zerosum.runs.lock import LOCK, claimed

_MADE = ("manifest.json", "events.jsonl", "code", "checkpoints")
"""What is written when a run is made; the manifest goes first here, so that no run lacks parts."""

_FOLDERS = ("", "checkpoints", "healthy", "samples", "report", "code")

_ASIDE = re.compile(r"\..+\.part|\.tmp[A-Za-z0-9]{6}")
"""Files that were being written: ours, and those that safetensors writes first."""


def sweep(folder: Path) -> None:
    """Remove the files of a run that were being written when a process was killed.

    Only for who holds the run, since files of one that lives look the same.

    Raises:
        RunError: one cannot be removed.
    """
    for name in _FOLDERS:
        place = inside(folder, name) if name else folder
        for path in _names(place):
            if _ASIDE.fullmatch(path.name) and not path.is_dir():
                _remove(path)


def is_unbegun(folder: Path) -> bool:
    """Whether a folder is free for a new run: not there, empty, or left by one that never began.

    A run has begun once its manifest says so and a state is saved, be it the untrained one.

    Raises:
        RunError: it cannot be looked into.
    """
    names = {path.name for path in _names(folder) if not _ASIDE.fullmatch(path.name)}
    mine = LOCK in names and claimed(folder)
    rest = names - {LOCK} if mine else names
    if not rest:
        return True
    if not rest <= {*_MADE}:
        return False
    if "manifest.json" not in rest:
        return mine
    return never_began(folder, _manifest(folder))


def never_began(folder: Path, manifest: Any) -> bool:
    """Whether the run with this manifest neither saved nor recorded anything."""
    if not isinstance(manifest, dict) or not {"schema", "recipe", "execution"} <= manifest.keys():
        return False
    saved = Checkpoints(folder / "checkpoints").steps()
    return not saved and not manifest.get("step") and not (folder / "history.jsonl").exists()


def clear(folder: Path) -> None:
    """Remove what the making of a run has written.

    Raises:
        RunError: something cannot be removed.
    """
    for name in _MADE:
        path = inside(folder, name)
        if path.is_dir():
            try:
                shutil.rmtree(path)
            except OSError as error:
                raise _stuck(path, error) from error
        else:
            _remove(path)


def _manifest(folder: Path) -> Any:
    try:
        return read_json(folder / "manifest.json")
    except RunError:
        return None


def _names(folder: Path) -> list[Path]:
    """What lies in a folder; nothing if it does not exist.

    Raises:
        RunError: it cannot be read.
    """
    try:
        return list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise RunError(f"cannot look into {folder}: {error.strerror or error}.") from error


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _stuck(path, error) from error


def _stuck(path: Path, error: OSError) -> RunError:
    return RunError(
        f"cannot remove {path}: {error.strerror or error}. See that you may write to the folder, "
        "or remove it yourself, then do this again."
    )
