"""Files in a folder or in a zip, read safely: nothing is unpacked to disk."""

import io
import lzma
import os
import struct
import threading
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from copy import copy
from pathlib import Path, PurePosixPath
from typing import IO

from zerosum.data.files import length_of, open_regular
from zerosum.errors import DataError

MAX_EXPANSION = 200
"""A zip may expand to this many times its size, or to `MAX_SMALL` bytes, whichever is more."""
MAX_SMALL = 1 << 30
MAX_MEMBER = 1 << 28
"""Bytes that one file in a folder or zip may have."""
MAX_DIRECTORY = 1 << 28
"""Bytes that the directory of a zip may have: a few million members, each of which takes memory."""

UNPACKING_ERRORS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, RuntimeError, OSError,
    ValueError, MemoryError, IndexError, OverflowError,
)  # fmt: skip
"""What the standard library raises on damaged, encrypted or unknown members of a zip."""

END, _END_64 = b"PK\x05\x06", b"PK\x06\x06"
_END_BYTES = (1 << 16) + 22
_NAME_LENGTH = 26
"""Where the header of a member says how long its name is."""
_UTF_8 = 0x800
"""The flag of names in UTF-8."""


def walk(path: Path) -> Iterator[tuple[Path, list[str]]]:
    """Folders below a folder, without hidden ones, and the names of their files.

    Links to folders are followed, but not into a folder that they lie in.

    Raises:
        DataError: a folder cannot be listed, or folders in folders are too deep.
    """
    try:
        yield from _walked(path)
    except RecursionError as error:
        raise DataError(f"{path} holds folders in folders too deep. Flatten it.") from error


def _walked(path: Path) -> Iterator[tuple[Path, list[str]]]:
    above: dict[str, frozenset[tuple[int, int]]] = {}
    for folder, inner, files in os.walk(path, onerror=_refuse, followlinks=True):
        own = Path(folder).stat()
        seen = above.pop(folder, frozenset()) | {(own.st_dev, own.st_ino)}
        kept = []
        for name in inner:
            if name[0] == ".":
                continue
            place = Path(folder) / name
            try:
                found = place.stat()
            except OSError:  # a link into nothing
                continue
            if (found.st_dev, found.st_ino) not in seen:
                kept.append(name)
                above[str(place)] = seen
        inner[:] = kept
        yield Path(folder), files


class Archive(ABC):
    """Named files that can be read by several threads.

    Attributes:
        names: relative paths with forward slashes, sorted.
        note: what was guessed of them, in a sentence; empty if nothing.
        above: where they are a part of others, these, and the folder of this part.
    """

    names: list[str]
    note: str = ""
    above: "tuple[Archive, str] | None" = None

    @abstractmethod
    def read(self, name: str) -> bytes:
        """The content of one file."""

    def open(self, name: str) -> IO[bytes]:
        """One file, to read as much of it as is needed."""
        return io.BytesIO(self.read(name))

    def stream(self, name: str) -> IO[bytes]:
        """As `open`; a file of a folder may have any length, since parts of it can be read."""
        return self.open(name)

    @abstractmethod
    def size(self, name: str) -> int:
        """Its length in bytes."""


class Folder(Archive):
    """The files below a folder, or `only` one of them; hidden ones are left out."""

    def __init__(self, path: Path, *, only: str | None = None) -> None:
        self._path = path
        self.names = [] if only is None else [only]
        if only is not None:  # the files beside it are not listed: there may be many
            return
        for folder, files in walk(path):
            below = folder.relative_to(path)
            self.names += [(below / name).as_posix() for name in files if name[0] != "."]
        self.names.sort()

    def read(self, name: str) -> bytes:
        """The content of one file."""
        with self.open(name) as handle:
            return handle.read()

    def open(self, name: str) -> IO[bytes]:
        """One file, to read as much of it as is needed."""
        if self.size(name) > MAX_MEMBER:
            raise DataError(f"{name} has more than {MAX_MEMBER:,} bytes.")
        return self.stream(name)

    def stream(self, name: str) -> IO[bytes]:
        """See `Archive.stream`."""
        return open_regular(self._path / name)

    def size(self, name: str) -> int:
        """Its length in bytes."""
        return length_of(self._path / name)


class Zip(Archive):
    """The files in a zip, or below one folder in it.

    Raises:
        DataError: not a zip, a name that leaves the archive, or one that expands without bound.
    """

    def __init__(self, path: Path, inside: str = "") -> None:
        self._lock = threading.Lock()
        self._zip = open_zip(path)
        prefix = f"{inside.strip('/')}/" if inside else ""
        named = [(_with_slashes(info.filename), info) for info in self._zip.infolist()]
        self._infos = {
            name.removeprefix(prefix): info
            for name, info in named
            if name.startswith(prefix) and not name.endswith("/")
        }
        hidden = ("__MACOSX/", ".")
        self.names = sorted(
            name
            for name in self._infos
            if not name.startswith("__MACOSX/")
            and not any(part.startswith(hidden) for part in PurePosixPath(name).parts)
        )

    def read(self, name: str) -> bytes:
        """The content of one file, never more than the directory promised."""
        info = self._infos[name]
        if info.file_size > MAX_MEMBER:
            raise DataError(f"{name} has more than {MAX_MEMBER:,} bytes.")
        try:
            with self._lock, self._zip.open(self._as_headed(info)) as handle:
                return handle.read(info.file_size)
        except UNPACKING_ERRORS as error:
            why = str(error) or type(error).__name__
            raise DataError(f"{name} cannot be unpacked: {why}.") from error

    def size(self, name: str) -> int:
        """Its length in bytes."""
        return self._infos[name].file_size

    def _as_headed(self, info: zipfile.ZipInfo) -> zipfile.ZipInfo:
        """A member as `zipfile` opens it: it wants the name that stands before the content.

        A file is called what the directory of the zip calls it. Programs that rename a file in a
        zip may write the new name there alone.
        """
        assert self._zip.fp is not None
        self._zip.fp.seek(info.header_offset + _NAME_LENGTH)
        length = int.from_bytes(self._zip.fp.read(2), "little")
        self._zip.fp.seek(2, os.SEEK_CUR)
        name = self._zip.fp.read(length)
        headed = copy(info)
        headed.orig_filename = name.decode("utf-8" if info.flag_bits & _UTF_8 else "cp437")
        return headed


def _with_slashes(name: str) -> str:
    """A name in a zip as it should be: some programs on Windows write backslashes."""
    return name.replace("\\", "/")


def _refuse(error: OSError) -> None:
    raise DataError(f"{error.filename} cannot be listed: {error.strerror}.") from error


def open_zip(path: Path, *, form: str = "a zip") -> zipfile.ZipFile:
    """A zip whose names and sizes were checked; `form` is what messages call it.

    Nothing in it is unpacked yet.

    Raises:
        DataError: it is not an archive, or damaged; a name leaves it or comes twice; or it
            expands without bound.
    """
    with open_regular(path) as handle:
        _require_small_directory(handle, path)
    try:
        archive = zipfile.ZipFile(path)
    except UNPACKING_ERRORS as error:
        raise DataError(
            f"{path} cannot be read as {form}: {error}. If it was cut off, fetch it again."
        ) from error
    try:
        _check_members(archive, path)
    except DataError:
        archive.close()
        raise
    return archive


def _require_small_directory(handle: IO[bytes], path: Path) -> None:
    """The list of members, which is read as a whole, is not too long, by what the zip's end says.

    Raises:
        DataError: it is.
    """
    handle.seek(0, os.SEEK_END)
    handle.seek(max(0, handle.tell() - _END_BYTES))
    tail = handle.read()
    at, at_64 = tail.rfind(END), tail.rfind(_END_64)
    size = int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0
    if at_64 >= 0:
        size = max(size % 0xFFFFFFFF, int.from_bytes(tail[at_64 + 40 : at_64 + 48], "little"))
    if size > MAX_DIRECTORY:
        raise DataError(
            f"{path} says that the names of its files take {size:,} bytes, and the limit is "
            f"{MAX_DIRECTORY:,}. Unpack it yourself and give the folder."
        )


def _check_members(archive: zipfile.ZipFile, path: Path) -> None:
    """Refuse names that leave the archive or come twice, and archives that expand without bound.

    Raises:
        DataError: one of these.
    """
    total, seen = 0, set[str]()
    for info in archive.infolist():
        if not info.filename:
            raise DataError(f"{path} is a damaged zip: a file in it has no name. Fetch it again.")
        name = _with_slashes(info.filename)
        if name in seen:
            raise DataError(f"{path} holds several files called {name!r}. Pack it again.")
        seen.add(name)
        parts = PurePosixPath(name)
        if parts.is_absolute() or ".." in parts.parts or parts.as_posix()[1:2] == ":":
            raise DataError(
                f"{path} names {info.filename!r}, which lies outside the archive. A zip of data "
                "has relative names without '..'; pack it again."
            )
        total += info.file_size
    packed = path.stat().st_size
    if total > max(MAX_SMALL, MAX_EXPANSION * packed):
        raise DataError(
            f"{path} would expand from {packed:,} to {total:,} bytes, more than "
            f"{MAX_EXPANSION} times. It may be a decompression bomb: unpack it yourself and give "
            "the folder."
        )
