"""Files that are whole or absent: written aside, flushed, then renamed."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from zerosum.errors import RunError


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, then put it in place in one step.

    Raises:
        RunError: the disk is full or not writable; what was at `path` is untouched.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(aside)
        with aside.open("rb") as handle:
            os.fsync(handle.fileno())
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise RunError(
            f"cannot write {path}: {error.strerror or error}. What was there before is untouched. "
            "Free some space or choose another folder with --out, then resume."
        ) from error
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def make_folder(path: Path) -> None:
    """Make a folder where there is none yet.

    Raises:
        RunError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(
            f"cannot make {path}: {error.strerror or error}. Choose a folder that you may write to "
            "with --out."
        ) from error


def append_line(path: Path, line: str) -> None:
    """Append a line; a last line that a crash cut off is ended first, so that the two stay apart.

    Raises:
        RunError: the disk is full or not writable.
    """
    try:
        with path.open("a+b") as handle:
            if handle.tell():
                handle.seek(-1, os.SEEK_END)
                line = line if handle.read(1) == b"\n" else f"\n{line}"
            handle.write(f"{line}\n".encode())
    except OSError as error:
        raise RunError(
            f"cannot write {path}: {error.strerror or error}. Free some space, then resume."
        ) from error


def write_json(path: Path, data: Any) -> None:
    """Write `data` as JSON, whole or not at all."""
    text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    write_whole(path, lambda aside: aside.write_text(text, encoding="utf-8"))


def read_json(path: Path) -> Any:
    """What `write_json` wrote.

    Raises:
        RunError: the file is missing or not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"cannot read {path}: {error}.") from error
