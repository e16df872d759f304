"""Folders called train, val and test: parts of a data set, and no classes or domains."""

from pathlib import Path, PurePosixPath
from typing import Literal

from zerosum.data.archives import open_archive
from zerosum.faces import option
from zerosum.modalities.images.pixels import ENDINGS

Split = Literal["train", "test"]

_TRAIN = ("train", "training")
_HELD = ("test", "testing", "val", "valid", "validation", "eval")


def split_folders(path: Path) -> dict[str, Path]:
    """The folders that are splits of the folder or zip at `path`, by name; empty where none are.

    They are splits where all images lie in folders with such names, of which one is `train`. A
    folder in which everything lies is passed through.

    Raises:
        DataError: there is no such folder or zip.
    """
    names = open_archive(path).names
    parts = [
        PurePosixPath(name).parts for name in names if PurePosixPath(name).suffix.lower() in ENDINGS
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
    if flat or len(below) < 2 or not known <= {*_TRAIN, *_HELD} or not known & {*_TRAIN}:
        return {}
    return {name: above / name for name in sorted(below)}


def place_of_split(path: Path, split: Split) -> tuple[Path, str]:
    """Where images of a split lie, and what to tell of it; `path` itself without splits.

    Raises:
        DataError: there is no such folder or zip.
    """
    folders = split_folders(path)
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
