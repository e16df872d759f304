"""Folders called train, val and test: parts of a data set, and no classes or domains.

So are CycleGAN's trainA, trainB, testA and testB, of the two domains A and B.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from zerosum.data.archives import Archive
from zerosum.data.places import open_archive
from zerosum.faces import option

Split = Literal["train", "test"]

_TRAIN = ("train", "training")
_HELD = ("test", "testing", "val", "valid", "validation", "eval")
_OF_DOMAIN = re.compile(rf"({'|'.join((*_TRAIN, *_HELD))})[-_]?([ab])", re.IGNORECASE)


def split_folders(path: Path, endings: Collection[str]) -> dict[str, Path]:
    """The folders that are splits of the folder or zip at `path`, by name; empty where none are.

    They are splits where all files with these `endings`, such as `.png`, lie in folders with such
    names, of which one is `train`, or two are `trainA` and `trainB`. A folder in which everything
    lies is passed through.

    Raises:
        DataError: there is no such folder or zip.
    """
    names = open_archive(path).names
    parts = [PurePosixPath(name).parts for name in names if _ends(name, endings)]
    if not parts:
        return {}
    depth = 0
    while len({one[depth] for one in parts}) == 1 and all(len(one) > depth + 1 for one in parts):
        if _plain(parts[0][depth]) in (*_TRAIN, *_HELD):
            return {}
        depth += 1
    above = path.joinpath(*parts[0][:depth])
    below = {one[depth] for one in parts if len(one) > depth + 1}
    flat = any(len(one) == depth + 1 for one in parts)
    known = {_plain(name) for name in below}
    plain = len(below) > 1 and known <= {*_TRAIN, *_HELD} and bool(known & {*_TRAIN})
    domains = _domains(below)
    paired = len(domains) == len(below) and {
        domain for split, domain in domains.values() if split in _TRAIN
    } == {"A", "B"}
    return {} if flat or not (plain or paired) else {name: above / name for name in sorted(below)}


def open_split(path: Path, split: Split, endings: Collection[str]) -> tuple[Archive, str]:
    """The files of a split, and what to tell of it; all files without splits.

    Where splits are of two domains, the folders of this one are called `A` and `B`. Where each
    class has splits, as in `cats/train`, those of this one are called as the class is.

    Raises:
        DataError: there is no such folder or zip.
    """
    folders = split_folders(path, endings)
    domains = _domains(folders)
    if not folders and (inner := _inner_splits(path, endings)):
        return _open_inner(path, split, inner)
    if not domains:
        place, note = place_of_split(path, split, endings)
        archive = open_archive(place)
        if place != path and not archive.note:
            archive.above = open_archive(path), place.relative_to(path).as_posix()
        return archive, note
    there = {one for one, _ in domains.values()}
    order = (*_TRAIN, *_HELD) if split == "train" else (*_HELD, *_TRAIN)
    used = next(one for one in order if one in there)
    taken = {name: domain for name, (one, domain) in domains.items() if one == used}
    note = (
        f"{', '.join(folders)} are splits of two domains, not {len(folders)} classes: "
        f"{' and '.join(taken)} {'is' if len(taken) == 1 else 'are'} used, called "
        f"{' and '.join(taken.values())}"
    )
    if split == "train" and there & {*_HELD}:
        note += f"; judge with {option('holdout', str(path))}"
    inside = {folders[name].relative_to(path).as_posix(): new for name, new in taken.items()}
    return _Renamed(open_archive(path), inside), note


def has_splits(path: Path, endings: Collection[str]) -> bool:
    """Whether the files at `path` lie in folders that are splits.

    Raises:
        DataError: there is no such folder or zip.
    """
    return bool(split_folders(path, endings) or _inner_splits(path, endings))


def _inner_splits(path: Path, endings: Collection[str]) -> dict[str, str]:
    """The folders in folders of classes that are splits, and which; empty where none are."""
    names = [name for name in open_archive(path).names if _ends(name, endings)]
    folders = {str(PurePosixPath(name).parent): PurePosixPath(name).parent for name in names}
    splits = {folder: parent.name.lower() for folder, parent in folders.items()}
    classes = {parent.parent for parent in folders.values()}
    there = set(splits.values())
    inner = there <= {*_TRAIN, *_HELD} and there & {*_TRAIN} and there & {*_HELD}
    return splits if inner and len(classes) > 1 and PurePosixPath() not in classes else {}


def _open_inner(path: Path, split: Split, inner: Mapping[str, str]) -> tuple[Archive, str]:
    there = set(inner.values())
    order = (*_TRAIN, *_HELD) if split == "train" else (*_HELD, *_TRAIN)
    used = next(one for one in order if one in there)
    taken = {
        folder: str(PurePosixPath(folder).parent) for folder, one in inner.items() if one == used
    }
    note = f"{', '.join(sorted(there))} in each class are splits, not classes: {used} is used"
    if split == "train":
        note += f"; judge with {option('holdout', str(path))}"
    return _Renamed(open_archive(path), taken), note


def _plain(name: str) -> str:
    """The name of a folder in small letters, without the year that COCO's folders have.

    >>> _plain("train2017")
    'train'
    """
    return re.sub(r"(?<=[a-z])\d{4}$", "", name.lower())


def _ends(name: str, endings: Collection[str]) -> bool:
    return PurePosixPath(name).suffix.lower() in endings


class _Renamed(Archive):
    """The files in some folders of an archive, which are called otherwise."""

    def __init__(self, archive: Archive, folders: Mapping[str, str]) -> None:
        self._archive = archive
        self._own = dict(self._named(folders))
        self.names = sorted(self._own)

    def _named(self, folders: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        for name in self._archive.names:
            for above in map(str, PurePosixPath(name).parents):
                if above in folders:
                    yield f"{folders[above]}{name.removeprefix(above)}", name

    def read(self, name: str) -> bytes:
        """The content of one file."""
        return self._archive.read(self._own[name])

    def open(self, name: str) -> IO[bytes]:
        """One file, to read as much of it as is needed."""
        return self._archive.open(self._own[name])

    def stream(self, name: str) -> IO[bytes]:
        """See `Archive.stream`."""
        return self._archive.stream(self._own[name])

    def size(self, name: str) -> int:
        """Its length in bytes."""
        return self._archive.size(self._own[name])


def _domains(names: Collection[str]) -> dict[str, tuple[str, str]]:
    """Split and domain, `A` or `B`, of folders that are called so."""
    found = {name: _OF_DOMAIN.fullmatch(name) for name in sorted(names)}
    return {name: (one[1].lower(), one[2].upper()) for name, one in found.items() if one}


def place_of_split(path: Path, split: Split, endings: Collection[str]) -> tuple[Path, str]:
    """Where files of a split lie, and what to tell of it; `path` itself without splits.

    Raises:
        DataError: there is no such folder or zip.
    """
    folders = split_folders(path, endings)
    if not folders:
        return path, ""
    by_name = {_plain(name): place for name, place in folders.items()}
    order = _TRAIN if split == "train" else _HELD
    place = next((by_name[name] for name in order if name in by_name), None)
    if place is None:
        return path, ""
    held = [str(one) for name, one in folders.items() if _plain(name) in _HELD]
    note = f"{', '.join(folders)} are splits, not classes: {place.name} is used" + (
        f"; judge with {option('holdout', held[0])}" if split == "train" and held else ""
    )
    return place, note
