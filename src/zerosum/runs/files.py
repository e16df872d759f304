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
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise RunError(f"cannot read {path}: {error}.") from error
