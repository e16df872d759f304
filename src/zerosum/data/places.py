"""Where named files lie: in a folder, in a zip, or in the rows of a table."""

import zipfile
from pathlib import Path
from typing import Any

from zerosum.data.archives import END, Archive, Folder, Zip
from zerosum.data.files import look_at, open_regular
from zerosum.data.row_files import RowFiles, holds_files, place_in_rows
from zerosum.errors import DataError
from zerosum.faces import option


def is_archive(data: Any) -> bool:
    """Whether `data` is the path of a folder, of a zip or a part of one, or of rows of files."""
    if not isinstance(data, str | Path):
        return False
    path = Path(data)
    zips = [place for place in (path, *path.parents) if place.suffix.lower() == ".zip"]
    packed = any(look_at(place) == "file" for place in zips)
    return look_at(path) == "folder" or packed or holds_files(path)


def is_zip(data: str | Path) -> bool:
    """Whether a zip lies there."""
    path = Path(data)
    return path.suffix.lower() == ".zip" and look_at(path) == "file"


def open_archive(path: Path) -> Archive:
    """The files at `path`; `data.zip/train` is the folder `train` in `data.zip`.

    Raises:
        DataError: there is no such folder or zip.
    """
    rows = place_in_rows(path)
    if rows is not None:
        return RowFiles(*rows)
    for parent in [path, *path.parents]:
        found = look_at(parent)
        if found == "folder" and parent == path:
            return Folder(path)
        if found == "file":
            _require_zip(parent)
            return Zip(parent, path.relative_to(parent).as_posix().removeprefix("."))
    raise DataError(
        f"no file or folder at {path}. Give a folder, .zip, .npz, "
        f"idx file or a name; if it has moved, say where with {option('data')}."
    )


def _require_zip(path: Path) -> None:
    """There is a zip at `path`, as far as its ends tell.

    Raises:
        DataError: it is something else, or was cut off.
    """
    with open_regular(path) as handle:
        if zipfile.is_zipfile(handle):
            return
        handle.seek(0)
        begins = handle.read(4)
    if begins in (b"PK\x03\x04", END) or (path.suffix.lower() == ".zip" and begins[:2] == b"PK"):
        raise DataError(
            f"{path} is a damaged zip: its end is missing, or it was cut off. Fetch it again."
        )
    raise DataError(
        f"{path} is neither a folder nor a zip. Other files are known by their names: .npz, .csv, "
        ".tsv, .parquet, and idx files by one such as x-idx3-ubyte, x-idx3-ubyte.gz or x.idx."
    )
