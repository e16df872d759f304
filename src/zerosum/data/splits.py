"""Folders called train, val and test: parts of a data set, and no classes or domains.

So are CycleGAN's trainA, trainB, testA and testB, of the two domains A and B.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from zerosum.data.archives import Archive, open_archive
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
    parts = [
        PurePosixPath(name).parts for name in names if PurePosixPath(name).suffix.lower() in endings
    ]
    if not parts:
        return {}
    depth = 0
    while len({one[depth] for one in parts}) == 1 and all(len(one) > depth + 1 for one in parts):
        if parts[0][depth].lower() in (*_TRAIN, *_HELD):
            return {}
        depth += 1
    above = path.joinpath(*parts[0][:depth])
    below = {one[depth] for one in parts if len(one) > depth + 1}
    flat = any(len(one) == depth + 1 for one in parts)
    known = {name.lower() for name in below}
    plain = len(below) > 1 and known <= {*_TRAIN, *_HELD} and bool(known & {*_TRAIN})
    domains = _domains(below)
    paired = len(domains) == len(below) and {
        domain for split, domain in domains.values() if split in _TRAIN
    } == {"A", "B"}
    return {} if flat or not (plain or paired) else {name: above / name for name in sorted(below)}


def open_split(path: Path, split: Split, endings: Collection[str]) -> tuple[Archive, str]:
    """The files of a split, and what to tell of it; all files without splits.

    Where splits are of two domains, the folders of this one are called `A` and `B`.

    Raises:
        DataError: there is no such folder or zip.
    """
    folders = split_folders(path, endings)
    domains = _domains(folders)
    if not domains:
        place, note = place_of_split(path, split, endings)
        return open_archive(place), note
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


class _Renamed(Archive):
    """The files in some folders of an archive, which are called otherwise."""

    def __init__(self, archive: Archive, folders: Mapping[str, str]) -> None:
        self._archive = archive
        self._own = dict(self._named(folders))
        self.names = sorted(self._own)

    def _named(self, folders: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        for name in self._archive.names:
            for folder, new in folders.items():
                if name.startswith(f"{folder}/"):
                    yield f"{new}{name.removeprefix(folder)}", name

    def read(self, name: str) -> bytes:
        """The content of one file."""
        return self._archive.read(self._own[name])

    def open(self, name: str) -> IO[bytes]:
        """One file, to read as much of it as is needed."""
        return self._archive.open(self._own[name])

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
    by_name = {name.lower(): place for name, place in folders.items()}
    order = _TRAIN if split == "train" else _HELD
    place = next((by_name[name] for name in order if name in by_name), None)
    if place is None:
        return path, ""
    held = [str(one) for name, one in folders.items() if name.lower() in _HELD]
    note = f"{', '.join(folders)} are splits, not classes: {place.name} is used" + (
        f"; judge with {option('holdout', held[0])}" if split == "train" and held else ""
    )
    return place, note
