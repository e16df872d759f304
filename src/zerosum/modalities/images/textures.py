"""Readers of textures: one picture, a few in a folder, arrays, and simulated surfaces."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

import numpy as np
import torch
from PIL import Image
from pydantic import Field
from torch import Tensor

from zerosum.data.archives import Archive, Folder
from zerosum.data.arrays import Labels, Names
from zerosum.data.base import DataConfig, Dataset, Progress, other_kind
from zerosum.data.files import look_at
from zerosum.data.labels import label_names
from zerosum.data.places import is_archive, open_archive
from zerosum.data.scanning import held_in, unreadable_files
from zerosum.errors import DataError, did_you_mean
from zerosum.faces import option, reading
from zerosum.modalities.images.crops import Picture, TextureCrops, crops_of
from zerosum.modalities.images.decoding import in_threads
from zerosum.modalities.images.forms import taken_in, with_channels
from zerosum.modalities.images.pixels import ENDINGS, Sides, read_pixels
from zerosum.modalities.images.scanning import read_header
from zerosum.modalities.images.surfaces import PATTERNS, draw_surface
from zerosum.modalities.images.texture_space import TextureSpace
from zerosum.spaces import Space

USUAL_SIDE = 256
"""Pixels of the shorter side that larger pictures are shrunk to."""


class TextureOptions(DataConfig):
    """What can be asked of textures.

    Attributes:
        size: `(height, width)` of the crops that are learned from; by default 48 x 48, or half of
            the smallest picture's shorter side.
        num_crops: how many places crops are taken from.
    """

    spaces = ("texture",)
    size: Sides | None = None
    num_crops: Annotated[int, Field(ge=2, le=1_000_000)] = 4_096

    @classmethod
    def options_like(cls, space: Space, like: DataConfig | None) -> dict[str, Any]:
        """See `DataConfig.options_like`: always crops of the size of `space`."""
        if not isinstance(space, TextureSpace):
            raise other_kind("textures", space)
        return super().options_like(space, like) | {"size": (space.height, space.width)}

    def crops(self, pictures: Sequence[Picture], name: str) -> TextureCrops:
        """Crops of pictures, which are brought to the same channels already.

        Raises:
            DataError: a picture is too small.
        """
        made = crops_of(
            pictures, size=self.size, count=self.num_crops, holdout=self.holdout, name=name
        )
        made.notes = (*made.notes, _about(made))
        return made


class TexturesConfig(TextureOptions):
    """One picture of a texture, or several of any sizes below a folder or in a zip.

    Attributes:
        path: the file, folder or zip.
        side: pixels of the shorter side that larger pictures are shrunk to.
        channels: 1 grey, 3 colour, 4 with alpha; if not given, what the pictures share.
        labels: `auto` takes the names of subfolders, or those in `labels.csv`, as textures that can
            be asked for.
        skip_bad: go on without unreadable files.
    """

    kind = "textures"
    path: str
    side: Annotated[int, Field(ge=16, le=8_192)] = USUAL_SIDE
    channels: Literal[1, 3, 4] | None = None
    labels: Labels = "auto"
    skip_bad: bool = False

    @classmethod
    def claims(cls, data: Any) -> float:
        """A file that is an image; folders and zips less surely than others do."""
        if is_archive(data):
            return 0.35
        if not isinstance(data, str | Path) or Path(data).suffix.lower() not in ENDINGS:
            return 0.0
        return 0.6 if look_at(Path(data)) == "file" else 0.0

    def build(self, progress: Progress | None = None) -> Dataset:
        """Read all pictures.

        Raises:
            DataError: there is no picture, some cannot be read, channels differ, or one is too
                small.
        """
        path = Path(self.path)
        single = look_at(path) == "file" and path.suffix.lower() in ENDINGS
        archive = Folder(path.parent, only=path.name) if single else open_archive(path)
        names = [name for name in archive.names if PurePosixPath(name).suffix.lower() in ENDINGS]
        if not names:
            raise DataError(
                f"no pictures in {path} ({held_in(archive)}). They end in "
                f"{', '.join(sorted(ENDINGS))}."
            )
        names, sizes, channels = self._scanned(archive, names, progress)
        labels = None
        if not single and self.labels == "auto":
            labels = label_names(archive, names)
        read = in_threads(
            lambda i: read_pixels(archive, names[i], sizes[i][1], "cover", channels),
            range(len(names)), progress, "decoding pictures",
        )  # fmt: skip
        pictures = [
            Picture(pixels, f"{path.name}" if single else names[i], labels[i] if labels else None)
            for i, pixels in enumerate(read)
        ]
        made = self.crops(pictures, self.path)
        shrunk = [(a, b) for a, b in sizes if a != b]
        if shrunk:
            (height, width), (h, w) = shrunk[0]
            many = "it is" if len(names) == 1 else f"{len(shrunk):,} pictures are"
            made.notes = (
                f"{many} shrunk, from {height} x {width} to {h} x {w} "
                f"({reading(side=min(height, width))} keeps the size).",
                *made.notes,
            )
        return made

    def _scanned(
        self, archive: Archive, names: list[str], progress: Progress | None
    ) -> tuple[list[str], list[tuple[tuple[int, int], tuple[int, int]]], int]:
        """Names that can be read, their sizes before and after shrinking, and the channels."""
        look = [*in_threads(lambda n: read_header(archive, n), names, progress, "scanning")]
        bad = [(n, one) for n, one in zip(names, look, strict=True) if isinstance(one, str)]
        if bad and (not self.skip_bad or len(bad) == len(names)):
            raise DataError(unreadable_files(bad))
        good = [(n, one) for n, one in zip(names, look, strict=True) if not isinstance(one, str)]
        counts = Counter(one.channels for _, one in good)
        if self.channels is None and len(counts) > 1:
            found = ", ".join(f"{n} with {c}" for c, n in sorted(counts.items()))
            raise DataError(
                f"mixed channels: {found}. Say {option('channels', 1)} (grey), 3 (colour) or 4 "
                "(alpha)."
            )
        sizes = [_shrunk((one.height, one.width), self.side) for _, one in good]
        return [n for n, _ in good], sizes, self.channels or next(iter(counts))


class HeldTextures(TextureOptions):
    """Pictures that the caller holds: an image or an array, or a list of them; labels beside."""

    kind = "held_textures"

    @classmethod
    def claims(cls, data: Any) -> float:
        """Pillow images, and arrays, which rather are images."""
        first = data[0] if isinstance(data, tuple | list) and data else data
        first = first[0] if isinstance(first, list) and first else first
        if isinstance(first, Image.Image):
            return 0.6
        if not isinstance(first, Tensor | np.ndarray) or first.ndim not in (2, 3, 4):
            return 0.0
        return 0.35 if first.dtype in (np.uint8, torch.uint8) else 0.0

    def build(self, progress: Progress | None = None) -> Dataset:
        """Always an error: the pictures are gone.

        Raises:
            DataError: say which data to use.
        """
        raise DataError(
            "this run was trained on pictures held in memory. Give them again, or a file that "
            f"holds them, with {option('data')}."
        )

    def open(self, data: Any, progress: Progress | None = None) -> tuple[Dataset, DataConfig]:
        """Crops of pictures, or of a pair of pictures and their labels.

        Raises:
            DataError: they are no pictures, channels differ, or one is too small.
        """
        held, y = data if isinstance(data, tuple) else (data, None)
        if isinstance(held, Tensor | np.ndarray) and not _is_one(held):
            held = [*held]
        held = held if isinstance(held, list) else [held]
        if y is not None and len(y) != len(held):
            raise DataError(f"{len(y)} labels for {len(held)} pictures; give one each.")
        pixels = [taken_in(one)[0] for one in held]
        channels = max(map(len, pixels))
        pictures = [
            Picture(
                with_channels(one, channels)[0].byte(), f"picture {i}",
                None if y is None else str(y[i]),
            )
            for i, one in enumerate(pixels)
        ]  # fmt: skip
        return self.crops(pictures, "pictures"), self


class SurfacesConfig(TextureOptions):
    """Simulated textures, whose periods are known: bricks, a weave and wood.

    Attributes:
        pattern: one of `bricks`, `weave` and `wood`, or several, which are labels then.
        side: pixels a side of the picture of each.
        seed: which.
    """

    kind = "surfaces"
    built_in = True
    pattern: Annotated[Names, Field(min_length=1)] = ("bricks",)
    side: Annotated[int, Field(ge=64, le=1_024)] = USUAL_SIDE
    seed: int = 0

    def build(self, progress: Progress | None = None) -> Dataset:
        """Crops of a picture of each pattern.

        Raises:
            DataError: there is no such pattern, or crops are larger than the picture.
        """
        for name in self.pattern:
            if name not in PATTERNS:
                raise DataError(f"no pattern {name!r}.{did_you_mean(name, PATTERNS)}")
        size, many = (self.side, self.side), len(self.pattern) > 1
        pictures = [
            Picture(draw_surface(name, size, seed=self.seed), name, name if many else None)
            for name in self.pattern
        ]
        return self.crops(pictures, self.kind)


def _is_one(held: Tensor | np.ndarray) -> bool:
    """Whether an array is one picture: [H, W], [H, W, C], or as a tensor [C, H, W]."""
    if held.ndim != 3:
        return held.ndim == 2
    return held.shape[0 if isinstance(held, Tensor) else 2] in (1, 3, 4)


def _shrunk(size: tuple[int, int], side: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """A size, and what it is shrunk to.

    >>> _shrunk((600, 900), 256), _shrunk((100, 90), 256)
    (((600, 900), (256, 384)), ((100, 90), (100, 90)))
    """
    factor = min(1.0, side / min(size))
    return size, (max(1, round(factor * size[0])), max(1, round(factor * size[1])))


def _about(crops: TextureCrops) -> str:
    space = crops.crop
    waves = ", ".join(dict.fromkeys(_period(*wave) for wave in space.waves))
    return f"crops of {space.height} x {space.width} ({option('size')}); " + (
        f"the pictures repeat {waves}." if waves else "nothing repeats evenly."
    )


def _period(down: float, right: float) -> str:
    """A wave as its length: `every 24.0 pixels down`, or `across`, or `at a slant`."""
    length = 1 / (down**2 + right**2) ** 0.5
    steep = abs(down) / max(abs(right), 1e-9)
    way = "down" if steep > 10 else "across" if steep < 0.1 else "at a slant"
    return f"every {length:.1f} pixels {way}"
