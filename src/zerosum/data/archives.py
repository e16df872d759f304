"""Files in a folder or in a zip, read safely: nothing is unpacked to disk."""

import io
import os
import threading
import zipfile
import zlib
from abc import ABC, abstractmethod
from pathlib import Path, PurePosixPath
from typing import IO, Any

from zerosum.errors import DataError

MAX_EXPANSION = 200
"""A zip may expand to this many times its size, or to `MAX_SMALL` bytes, whichever is more."""
MAX_SMALL = 1 << 30
MAX_MEMBER = 1 << 28
"""Bytes that one file in a folder or zip may have."""


def is_folder_or_zip(data: Any) -> bool:
    """Whether `data` is the path of a folder, of a zip, or of a part of a zip."""
    if not isinstance(data, str | Path):
        return False
    path = Path(data)
    zips = [place for place in (path, *path.parents) if place.suffix.lower() == ".zip"]
    return path.is_dir() or any(place.is_file() for place in zips)


class Archive(ABC):
    """Named files that can be read by several threads.

    Attributes:
        names: relative paths with forward slashes, sorted.
    """

    names: list[str]

    @abstractmethod
    def read(self, name: str) -> bytes:
        """The content of one file."""

    def open(self, name: str) -> IO[bytes]:
        """One file, to read as much of it as is needed."""
        return io.BytesIO(self.read(name))

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
        for folder, inner, files in os.walk(path, onerror=_refuse):
            inner[:] = [name for name in inner if name[0] != "."]
            below = Path(folder).relative_to(path)
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
        return (self._path / name).open("rb")

    def size(self, name: str) -> int:
        """Its length in bytes."""
        return (self._path / name).stat().st_size


class Zip(Archive):
    """The files in a zip, or below one folder in it.

    Raises:
        DataError: not a zip, a name that leaves the archive, or one that expands without bound.
    """

    def __init__(self, path: Path, inside: str = "") -> None:
        self._lock = threading.Lock()
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise DataError(f"{path} cannot be read as a zip: {error}.") from error
        try:
            check_zip(self._zip, path)
        except DataError:
            self._zip.close()
            raise
        prefix = f"{inside.strip('/')}/" if inside else ""
        self._infos = {
            info.filename.removeprefix(prefix): info
            for info in self._zip.infolist()
            if not info.is_dir() and info.filename.startswith(prefix)
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
            with self._lock, self._zip.open(info) as handle:
                return handle.read(info.file_size)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
            raise DataError(f"{name} cannot be unpacked: {error}.") from error  # damaged, encrypted

    def size(self, name: str) -> int:
        """Its length in bytes."""
        return self._infos[name].file_size


def _refuse(error: OSError) -> None:
    raise DataError(f"{error.filename} cannot be listed: {error.strerror}.") from error


def check_zip(archive: zipfile.ZipFile, path: Path) -> None:
    """Refuse names that leave the archive, and archives that expand without bound.

    Raises:
        DataError: either.
    """
    total = 0
    for info in archive.infolist():
        parts = PurePosixPath(info.filename.replace("\\", "/"))
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


def open_archive(path: Path) -> Archive:
    """The folder or zip at `path`; `data.zip/train` is the folder `train` in `data.zip`.

    Raises:
        DataError: there is no such folder or zip.
    """
    if path.is_dir():
        return Folder(path)
    for parent in [path, *path.parents]:
        if parent.is_file():
            if not zipfile.is_zipfile(parent):
                raise DataError(f"{parent} is neither a folder nor a zip.")
            return Zip(parent, path.relative_to(parent).as_posix().removeprefix("."))
    raise DataError(
        f"no file or folder at {path}. Give a folder, .zip, .npz, "
        "idx file or a name; if it has moved, say where with --data."
    )
