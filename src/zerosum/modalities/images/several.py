"""What a model translates: images one by one, or several by name that are joined as channels."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import torch
from torch import Tensor

from zerosum.data.archives import Archive
from zerosum.data.places import open_archive
from zerosum.errors import DataError, did_you_mean
from zerosum.faces import either
from zerosum.modalities.images.forms import open_image, read_image, taken_in, with_channels
from zerosum.modalities.images.pair_space import JoinedSpace
from zerosum.modalities.images.pixels import ENDINGS
from zerosum.modalities.images.scanning import no_images
from zerosum.spaces import ImageSpace

_LISTED = 10


@dataclass(frozen=True)
class Readable:
    """What is translated into one file.

    Attributes:
        name: of the file, below a folder.
        read: opens it, `[C, H, W]` with values from 0 to 255; raises `DataError` if it cannot.
    """

    name: str
    read: Callable[[], Tensor]


def seen_as(picture: Any, space: ImageSpace | None) -> tuple[Tensor, Callable[[Tensor], Any]]:
    """An image, or several by name, as `[C, H, W]`, and a function that gives the form back.

    Args:
        picture: whatever `taken_in` takes; for a `JoinedSpace` a mapping of these by name.
        space: what the model translates.

    Raises:
        DataError: it is not an image, names do not fit, or sizes differ.
    """
    if not isinstance(space, JoinedSpace):
        if isinstance(picture, Mapping):
            raise DataError(
                f"{', '.join(map(str, picture))} are several images, and this model makes an image "
                "from one. Give that one."
            )
        return taken_in(picture)
    if not isinstance(picture, Mapping):
        raise _names_needed(space)
    _require_names(picture, space)
    taken = {name: taken_in(picture[name]) for name in space.names}
    back = taken[space.names[0]][1]
    return joined({name: pixels for name, (pixels, _) in taken.items()}, space), back


def joined(pictures: Mapping[str, Tensor], space: JoinedSpace) -> Tensor:
    """Images `[c, H, W]` by name as one, float32 `[C, H, W]` in [0, 255].

    Raises:
        DataError: their sizes differ.

    >>> space = JoinedSpace(channels=4, height=8, width=8, names=("a", "b"), depths=(3, 1))
    >>> joined({"a": torch.zeros(3, 5, 6), "b": torch.zeros(3, 5, 6)}, space).shape
    torch.Size([4, 5, 6])
    """
    sizes = {name: f"{x.shape[1]} x {x.shape[2]}" for name, x in pictures.items()}
    if len(set(sizes.values())) > 1:
        listed = ", ".join(f"{name} is {size}" for name, size in sizes.items())
        raise DataError(f"{listed}. Their pixels must lie on each other: bring them to one size.")
    pieces = zip(space.names, space.depths, strict=True)
    return torch.cat([with_channels(pictures[name], depth)[0] for name, depth in pieces])


def single(source: Any, space: ImageSpace | None) -> Readable | None:
    """One image, or one of each name, as files; None where folders are given.

    Raises:
        DataError: one file is given where several are needed, or names do not fit.
    """
    if isinstance(source, Mapping):
        if not isinstance(space, JoinedSpace):
            seen_as(source, space)  # which refuses it
        assert isinstance(space, JoinedSpace)
        _require_names(source, space)
        paths = {name: Path(source[name]) for name in space.names}
        folders = [name for name, path in paths.items() if not _is_image(path)]
        if len(folders) == len(paths):
            return None
        if folders:
            raise DataError(
                f"{folders[0]} is {paths[folders[0]]}, which is no image. Give an image of each "
                "name, or a folder of each."
            )
        first = paths[space.names[0]].name
        return Readable(first, lambda: joined({n: open_image(p) for n, p in paths.items()}, space))
    if not _is_image(Path(source)):
        return None
    if isinstance(space, JoinedSpace):
        raise _names_needed(space)
    return Readable(Path(source).name, partial(open_image, Path(source)))


def listed(source: Any, space: ImageSpace | None) -> list[Readable]:
    """All images below a folder or in a zip; of a `JoinedSpace` those of equal names.

    Raises:
        DataError: no images lie there, a subfolder is missing, or an image has no partner.
    """
    if isinstance(space, JoinedSpace):
        return _partners(_places(source, space), space)
    archive = open_archive(Path(source))
    names = _images_in(archive)
    if not names:
        raise DataError(no_images(archive, str(source)))
    return [Readable(name, partial(read_image, archive, name)) for name in names]


def _places(source: Any, space: JoinedSpace) -> dict[str, Archive]:
    """The images of each name: in folders that are given, or in subfolders of one."""
    if isinstance(source, Mapping):
        return {name: open_archive(Path(source[name])) for name in space.names}
    whole = open_archive(Path(source))
    there = {PurePosixPath(name).parts[0] for name in whole.names if "/" in name}
    missing = [name for name in space.names if name not in there]
    if missing:
        raise DataError(
            f"{source} has no subfolder {missing[0]!r}; this model makes an image from "
            f"{' and '.join(space.names)}, so there must be a subfolder of each."
            f"{did_you_mean(missing[0], there)}"
        )
    return {name: open_archive(Path(source, name)) for name in space.names}


def _partners(places: Mapping[str, Archive], space: JoinedSpace) -> list[Readable]:
    stems = {
        name: {PurePosixPath(one).with_suffix("").as_posix(): one for one in _images_in(archive)}
        for name, archive in places.items()
    }
    every = set().union(*stems.values())
    alone = [
        f"{stem} in {name}" for name in places for stem in sorted(every) if stem not in stems[name]
    ]
    if alone or not every:
        more = f" and {len(alone) - _LISTED} more" if len(alone) > _LISTED else ""
        what = f": there is no {', no '.join(alone[:_LISTED])}{more}" if alone else ""
        raise DataError(
            f"{' and '.join(space.names)} need images of equal names{what}. Add or remove some."
        )

    def read(stem: str) -> Tensor:
        pictures = {n: read_image(archive, stems[n][stem]) for n, archive in places.items()}
        return joined(pictures, space)

    first = stems[space.names[0]]
    return [Readable(first[stem], partial(read, stem)) for stem in sorted(every)]


def _images_in(archive: Archive) -> list[str]:
    return [name for name in archive.names if PurePosixPath(name).suffix.lower() in ENDINGS]


def _is_image(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in ENDINGS


def _require_names(given: Mapping[str, Any], space: JoinedSpace) -> None:
    unknown = [str(name) for name in given if name not in space.names]
    missing = [name for name in space.names if name not in given]
    if unknown or missing:
        wrong = f"{unknown[0]} is none of them" if unknown else f"{missing[0]} is missing"
        raise DataError(
            f"this model makes an image from {' and '.join(space.names)}; {wrong}."
            f"{did_you_mean(unknown[0], space.names) if unknown else ''}"
        )


def _names_needed(space: JoinedSpace) -> DataError:
    names: Sequence[str] = space.names
    python = "{" + ", ".join(f"{name!r}: ..." for name in names) + "}"
    shell = "a folder with these subfolders, or " + " ".join(
        f"--with {name}=FILE" for name in names
    )
    return DataError(
        f"this model makes an image from {' and '.join(names)}, which belong together. Give "
        f"{either(python=python, shell=shell)}."
    )
