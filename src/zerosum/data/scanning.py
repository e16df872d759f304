"""Files below a folder or in a zip, looked at one by one before anything is decoded."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from pathlib import Path, PurePosixPath
from typing import TypeVar

from zerosum.data.archives import Archive, Folder, walk
from zerosum.data.base import Progress
from zerosum.data.files import look_at
from zerosum.data.places import open_archive
from zerosum.data.splits import Split, open_split
from zerosum.errors import DataError
from zerosum.faces import option

_LISTED, _LOOKED_AT = 10, 10_000

Header = TypeVar("Header")


def open_files(path: Path, split: Split, endings: Collection[str]) -> tuple[Archive, str]:
    """One file, or the files of a split of a folder or zip, and what to tell of it.

    Raises:
        DataError: there is no such file, folder or zip.
    """
    if path.suffix.lower() in endings and look_at(path) == "file":
        return Folder(path.parent, only=path.name), ""
    return open_split(path, split, endings)


def named(archive: Archive, endings: Collection[str]) -> list[str]:
    """Names of the files that end so, in order."""
    return [name for name in archive.names if PurePosixPath(name).suffix.lower() in endings]


def held_in(archive: Archive) -> str:
    """How many files there are, and which are the most."""
    count = len(archive.names)
    endings = Counter(PurePosixPath(name).suffix.lower() for name in archive.names)
    most = [ending for ending, _ in endings.most_common(2) if ending]
    files = f"{count} file{'s' if count != 1 else ''}"
    return f"{files}, such as {' and '.join(most)}" if most else files


def holds(path: Path, endings: Collection[str]) -> bool:
    """Whether a file that ends so lies among the first files below a folder, or in a zip."""
    if not path.is_dir():
        try:
            return bool(named(open_archive(path), endings))
        except DataError:
            return False
    seen = 0
    for _, names in walk(path):
        if any(PurePosixPath(name).suffix.lower() in endings for name in names):
            return True
        seen += len(names)
        if seen > _LOOKED_AT:
            break
    return False


def evenly(names: list[str], limit: int | None) -> list[str]:
    """So many names at most, evenly spread.

    >>> evenly(["a", "b", "c", "d"], 2)
    ['a', 'c']
    """
    if limit is None or limit >= len(names):
        return names
    return [names[i * len(names) // limit] for i in range(limit)]


def looked_at(
    names: Sequence[str], look: Callable[[str], Header], what: str, progress: Progress | None
) -> tuple[dict[str, Header], list[tuple[str, str]]]:
    """What headers of files say by name, and unreadable files with the reason.

    Args:
        names: of the files.
        look: reads a header; raises `DataError` where it cannot.
        what: they are, such as `sounds`, for `progress`.
        progress: called with how many are read.
    """
    headers, bad = {}, []
    for i, name in enumerate(names):
        try:
            headers[name] = look(name)
        except DataError as error:
            bad.append((name, str(error).rstrip(".")))
        if progress is not None:
            progress(f"scanning {what}", i + 1, len(names))
    return headers, bad


def unreadable_files(bad: Sequence[tuple[str, str]]) -> str:
    """A message about files that cannot be read, by name and reason."""
    files, them = ("file", "it") if len(bad) == 1 else ("files", "them")
    return (
        f"{len(bad)} unreadable {files}: {by_reason(bad)}. Mend or remove {them}, or say "
        f"{option('skip_bad', True)} to go on without."
    )


def none_readable(what: str, path: str | Path, bad: Sequence[tuple[str, str]]) -> str:
    """A message about a place in which no file can be read.

    >>> none_readable("image", Path("photos"), [("a.png", "it is empty")])
    'no readable image in photos: a.png: it is empty. Fetch or make them again.'
    """
    return f"no readable {what} in {path}: {by_reason(bad)}. Fetch or make them again."


def by_reason(bad: Sequence[tuple[str, str]]) -> str:
    """The first names of files, each with what is wrong with it.

    >>> by_reason([("a.png", "empty"), ("b.png", "not an image.")])
    'a.png: empty; b.png: not an image'
    """
    listed = "; ".join(f"{name}: {reason.rstrip('.')}" for name, reason in bad[:_LISTED])
    return f"{listed}; and {len(bad) - _LISTED} more" if len(bad) > _LISTED else listed
