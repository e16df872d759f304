"""Files that are whole or absent: written aside, flushed, then renamed; and never through a link.

A run may come from a stranger. So nothing in it is followed: what is written goes into a fresh file
of a name that nobody can guess, what is read or appended to is a regular file, and the folders
below the run are folders.
"""

import errno
import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path
from typing import Any

from zerosum.errors import RunError

_MOST_JSON = 64 * 2**20
"""Bytes of a JSON file that is read: far more than any run has."""

_MOST_DIGITS = 20
"""Of whole numbers in JSON: those of 64 bits, with their sign."""

_MOST_NESTED = 64
"""Levels of lists and objects in JSON: far more than any run has."""

_ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""Half of a character beyond 16 bits, as JSON writes it; two of them are one character."""

_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
"""Errors of writing that more room would mend."""

_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class DamageError(RunError):
    """A file of a run can be read, and what it holds is not what was written there."""


def require_unicode(path: Path) -> None:
    """Refuse a path that runs and reports could not name, before anything is done for it.

    Raises:
        RunError: it holds bytes that are not UTF-8.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise RunError(
            f"the path {str(path)!r} is not UTF-8, and runs and reports could not name it. Rename "
            "it, choose another, or set a locale of UTF-8, such as LC_ALL=C.UTF-8."
        ) from error


def inside(folder: Path, *parts: str) -> Path:
    """The path of `parts` below `folder`, none of which is a link; `folder` itself may be one.

    Raises:
        RunError: one is a link, or one that must be a folder is something else.
    """
    path = folder
    for i, part in enumerate(parts):
        path = path / part
        try:
            mode = path.lstat().st_mode
        except OSError:  # what is not there yet leads nowhere
            continue
        if stat.S_ISLNK(mode):
            raise _link(path)
        if i < len(parts) - 1 and not stat.S_ISDIR(mode):
            raise RunError(f"{path} is no folder. Move it out of the run.")
    return path


def require_plain(folder: Path) -> None:
    """Refuse a run folder that holds anything but files and folders.

    Raises:
        RunError: it holds a link, a pipe, a device or a socket; the message names it.
    """
    folders = [folder]
    while folders:
        try:
            entries = list(os.scandir(folders.pop()))
        except FileNotFoundError:  # a training that goes on may remove what was there
            continue
        except OSError as error:
            raise RunError(f"cannot read {folder}: {error.strerror or error}.") from error
        for entry in entries:
            if entry.is_symlink():
                raise _link(Path(entry.path))
            if entry.is_dir(follow_symlinks=False):
                folders.append(Path(entry.path))
            elif not entry.is_file(follow_symlinks=False) and os.path.lexists(entry.path):
                raise _no_file(Path(entry.path))


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, then put it in place in one step.

    A link at `path` is replaced, and what it leads to is untouched; for folders on the way see
    `inside`.

    Raises:
        RunError: the disk is full or not writable; what was at `path` is untouched.
    """
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    made = False
    try:
        number = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS, 0o666)
        made, mode = True, stat.S_IMODE(os.fstat(number).st_mode)
        os.close(number)
        write(aside)
        aside.chmod(mode)  # the umask's: safetensors puts another file there, for one user alone
        with aside.open("rb") as handle:
            os.fsync(handle.fileno())
        aside.replace(path)
    except OSError as error:
        if made:
            aside.unlink(missing_ok=True)
        raise RunError(
            f"cannot write {path}: {error.strerror or error}. What was there before is untouched. "
            f"{_way_out(error)}"
        ) from error
    except BaseException:
        if made:
            aside.unlink(missing_ok=True)
        raise


def write_folder(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a folder beside `path`, then put it in place in one step.

    Raises:
        RunError: `path` is there and not an empty folder, or the disk is full or not writable; then
            nothing is left.
    """
    if path.exists() and not path.is_dir():
        raise RunError(f"{path} is a file. Choose a new folder.")
    try:
        if path.is_dir() and any(path.iterdir()):
            raise RunError(f"{path} is not empty. Choose a new folder.")
    except OSError as error:
        raise RunError(f"cannot look into {path}: {error.strerror or error}.") from error
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        aside.mkdir()
        write(aside)
        aside.replace(path)  # which an empty folder gives way to
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise RunError(
            f"cannot write {path}: {error.strerror or error}. {_way_out(error)}"
        ) from error
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def make_folder(path: Path) -> None:
    """Make a folder if it does not exist.

    Raises:
        RunError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(
            f"cannot make {path}: {error.strerror or error}. Choose a folder that you may write to."
        ) from error


def unused(path: Path | str) -> Path:
    """A default place of output, or one beside it with a number if something is there.

    What was asked for by name is written over; what was not is never lost.
    """
    path, number = Path(path), 2
    free = path
    while free.exists() or free.is_symlink():
        free, number = path.with_name(f"{path.stem}-{number}{path.suffix}"), number + 1
    return free


def append_line(path: Path, line: str) -> None:
    """Append a line; a last line that a crash cut off is ended first, so that the two stay apart.

    Raises:
        RunError: the disk is full or not writable, or the file is a link, a hard link, or no file.
    """
    try:
        number = _open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        with os.fdopen(number, "a+b") as handle:
            if os.fstat(number).st_nlink > 1:
                raise RunError(
                    f"{path} is a hard link: the same file lies elsewhere too, and would change. "
                    "Copy the run folder, and use the copy."
                )
            if handle.seek(0, os.SEEK_END):
                handle.seek(-1, os.SEEK_END)
                line = line if handle.read(1) == b"\n" else f"\n{line}"
            handle.write(f"{line}\n".encode())
    except OSError as error:
        raise RunError(
            f"cannot write {path}: {error.strerror or error}. {_way_out(error)}"
        ) from error


def open_plain(path: Path) -> BufferedReader:
    """A regular file, open for reading; never waits for a pipe.

    Raises:
        RunError: it is a link, or no regular file.
        OSError: it cannot be opened.
    """
    return os.fdopen(_open(path, os.O_RDONLY), "rb")


def write_json(path: Path, data: Any) -> None:
    """Write `data` as JSON, whole or not at all.

    Raises:
        RunError: it cannot be written, or holds a name that is not UTF-8.
    """
    text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    try:
        body = text.encode()
    except UnicodeEncodeError as error:
        name = text[max(error.start - 40, 0) : error.end].rpartition('"')[2]
        raise RunError(
            f"cannot write {path}: it would name {name!r}, which is not UTF-8. Rename it."
        ) from error
    write_whole(path, lambda aside: aside.write_bytes(body))


def read_json(path: Path) -> Any:
    """What `write_json` wrote.

    Raises:
        RunError: the file is missing or cannot be read.
        DamageError: it is too large, or not JSON.
    """
    try:
        with open_plain(path) as handle:
            body = handle.read(_MOST_JSON + 1)
    except OSError as error:
        raise RunError(f"cannot read {path}: {error.strerror or error}.") from error
    if len(body) > _MOST_JSON:
        raise DamageError(f"cannot read {path}: it has more than {_MOST_JSON:,} bytes.")
    try:
        return parse_json(body)
    except ValueError as error:
        raise DamageError(f"cannot read {path}: {error}.") from error


def parse_json(text: str | bytes) -> Any:
    """A JSON value; `NaN` and `Infinity` are read too, as Python writes them.

    Raises:
        ValueError: it is no JSON, is not in UTF-8, is nested too deep, or holds a huge number or
            half a character.
    """
    try:
        text = text.decode() if isinstance(text, bytes) else text
        value = json.loads(text, parse_int=_whole)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    level: list[Any] = [value]
    for _ in range(_MOST_NESTED):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
        if not level:
            break
    else:
        raise ValueError("it is nested too deep")
    if _ESCAPED_HALF.search(text):
        _require_whole(value)
    return value


def _require_whole(value: Any) -> None:
    """Refuse text with one half of a character, which no file could hold again."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError("it holds text that is not Unicode: half of a character") from error


def _open(path: Path, flags: int) -> int:
    """Open a regular file by its own name; the descriptor is the caller's to close."""
    try:
        number = os.open(path, flags | _FLAGS, 0o666)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _link(path) from error
        raise
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise _no_file(path)
    return number


def _whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"it holds a whole number of {len(text)} digits")
    return int(text)


def _way_out(error: OSError) -> str:
    """What to do about a file that cannot be written."""
    if error.errno is None or error.errno in _FULL:
        return "Free some space or choose another place, then do this again."
    return "Choose a place that is there and that you may write to, then do this again."


def _link(path: Path) -> RunError:
    return RunError(
        f"{path} is a link, and a run holds none: what is written to it would land elsewhere. "
        "Remove the link, or put in its place a copy of what it leads to, if you trust that."
    )


def _no_file(path: Path) -> RunError:
    return RunError(f"{path} is neither a file nor a folder. Remove it from the run.")
