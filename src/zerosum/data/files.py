"""Regular files: what may be opened as data, so that a pipe or a device makes nobody wait."""

import stat
from pathlib import Path
from typing import IO, Literal

from zerosum.errors import DataError

_SPECIAL = (
    (stat.S_ISFIFO, "a named pipe, such as <(...) makes"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def look_at(path: Path) -> Literal["file", "folder"] | None:
    """What lies at a path; None where there is nothing.

    Raises:
        DataError: a pipe, a socket or a device, or a path that cannot be looked at.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:  # a loop of links, no permission, a NUL in the name
        raise DataError(f"{_short(path)} cannot be opened: {_reason(error)}.") from error
    if stat.S_ISDIR(mode):
        return "folder"
    if stat.S_ISREG(mode):
        return "file"
    what = next((words for holds, words in _SPECIAL if holds(mode)), "no regular file")
    raise DataError(
        f"{path} is {what}. Data is read more than once, so it must be a regular file: write it "
        "into one first."
    )


def open_regular(path: Path) -> IO[bytes]:
    """A regular file, to read bytes from.

    Raises:
        DataError: there is no such file, or it cannot be opened.
    """
    found = look_at(path)
    if found != "file":
        raise DataError(f"{path} is a folder." if found else f"there is no file {path}.")
    try:
        return path.open("rb")
    except OSError as error:
        raise DataError(f"{path} cannot be opened: {_reason(error)}.") from error


def what_else(start: bytes) -> str:
    """What a file is that was saved in the place of another, and what to do; else empty.

    >>> what_else(b"<!DOCTYPE html><html>")
    'a web page, such as one to log in at; fetch the file itself'

    Args:
        start: its first bytes.
    """
    bare = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if bare.startswith(b"version https://git-lfs"):
        return "a pointer of Git LFS; fetch the file itself with git lfs pull"
    if bare.startswith((b"<!doctype html", b"<html")):
        return "a web page, such as one to log in at; fetch the file itself"
    return ""


def length_of(path: Path) -> int:
    """Bytes in a regular file.

    Raises:
        DataError: it cannot be looked at.
    """
    try:
        return path.stat().st_size
    except OSError as error:
        raise DataError(f"{path} cannot be opened: {_reason(error)}.") from error


def require_unicode(text: str, what: str) -> None:
    """A name that is written into runs can be written as text.

    Raises:
        DataError: it holds bytes that are not UTF-8, as names of files may.
    """
    try:
        text.encode("utf-8")
    except UnicodeError as error:
        raise DataError(
            f"{what} {text!r} is not UTF-8, and a run could not name it. Rename it, or set a "
            "locale of UTF-8, such as LC_ALL=C.UTF-8."
        ) from error


def _short(path: Path) -> str:
    text = str(path)
    return text if len(text) <= 200 else f"{text[:200]}..."


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
