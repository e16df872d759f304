"""Readers of pictures with captions: a folder with a table, arrays, and simulated scenes."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from zerosum.config import Count
from zerosum.data.archives import Archive
from zerosum.data.arrays import shape_and_type
from zerosum.data.base import ArrayDataset, DataConfig, Dataset, Progress, other_kind
from zerosum.data.labels import Listed, read_listed
from zerosum.data.places import is_archive, open_archive
from zerosum.data.splits import place_of_split
from zerosum.errors import DataError, did_you_mean
from zerosum.faces import reading
from zerosum.modalities.images.arrays import HeldImages
from zerosum.modalities.images.captions import CaptionedDataset, CaptionedSpace
from zerosum.modalities.images.folders import ImagesConfig
from zerosum.modalities.images.pixels import ENDINGS
from zerosum.modalities.images.scenes import Combinations, draw_scenes
from zerosum.spaces import Space

_TABLES = ("captions.csv", "metadata.csv", "metadata.jsonl", "labels.csv")
_COLUMNS = ("caption", "text")
_ASKED = frozenset({"labels", "label_names", "attributes", "mirror"})
"""Options of readers of images that captions leave no room for."""


class CaptionedImages(ImagesConfig):
    """Images below a folder or in a zip, with a table of their captions.

    It is `captions.csv` or `labels.csv`, with the columns `file` and `caption`, or `text`; or the
    `metadata.csv` or `metadata.jsonl` of Hugging Face, with `file_name`. Without a table each image
    has a `.txt` file of its name with its caption.

    Attributes:
        column: the column of captions, if it is called otherwise and is not the only one.
    """

    kind = "captioned_images"
    spaces = ("captioned",)
    not_options = ImagesConfig.not_options | _ASKED
    column: str | None = None

    @classmethod
    def claims(cls, data: Any) -> float:
        """Folders and zips, less surely than readers of images."""
        return 0.35 if is_archive(data) else 0.0

    def open(self, data: Any, progress: Progress | None = None) -> tuple[Dataset, ImagesConfig]:
        """Read the images and their captions.

        Raises:
            DataError: as for images, or captions are missing, empty or of other files.
        """
        table = self._captions()
        images, config = self.with_values({"labels": "none"}).of_images(progress)
        missing = [name for name in images.items if name not in table]
        if missing:
            raise DataError(
                f"{len(missing)} of {len(images)} images have no caption, such as {missing[0]!r}. "
                "Add a row for each to the table, named as it lies below it; without a table, a "
                ".txt file beside each."
            )
        captions = [table[name] for name in images.items]
        return CaptionedDataset(images, captions, name=self.path), config

    def of_images(self, progress: Progress | None) -> tuple[Dataset, ImagesConfig]:
        """The images alone."""
        return super().open(self.path, progress)

    def _captions(self) -> dict[str, str]:
        place, _ = place_of_split(Path(self.path), self.split, ENDINGS)
        archive = open_archive(place)
        tables = [name for name in archive.names if PurePosixPath(name).name in _TABLES]
        if not tables:
            beside = _captions_beside(archive)
            if beside:
                return beside
            raise DataError(
                f"no captions in {place}: there is no {_TABLES[0]} with the columns file and "
                "caption, and a row for each image. Write one, or a .txt file for each image."
            )
        tables.sort(key=lambda name: _TABLES.index(PurePosixPath(name).name))
        return _read_captions(archive, tables[0], self.column)

    @classmethod
    def open_like(cls, data: Any, space: Space, **how: Any) -> tuple[Dataset, DataConfig | None]:
        """See `DataConfig.open_like`; captions are in the words of `space`."""
        dataset, config = super().open_like(data, _captioned(space), **how)
        return _in_words(dataset, space), config


class HeldCaptioned(HeldImages):
    """A pair of an array of images and their captions, that the caller holds."""

    kind = "held_captioned"
    spaces = ("captioned",)
    not_options = HeldImages.not_options | _ASKED

    @classmethod
    def claims(cls, data: Any) -> float:
        """A pair of images and as many texts."""
        if not isinstance(data, tuple | list) or len(data) != 2 or isinstance(data[1], str):
            return 0.0
        known = shape_and_type(data[0])
        listed = isinstance(data[1], Sequence | np.ndarray) and len(data[1]) > 0
        if known is None or len(known[0]) not in (3, 4) or not listed:
            return 0.0
        return 0.35 if isinstance(data[1][0], str) else 0.0

    def open(self, data: Any, progress: Progress | None = None) -> tuple[Dataset, DataConfig]:
        """Images with their captions.

        Raises:
            DataError: they cannot be used.
        """
        images, captions = data
        if len(images) != len(captions):
            raise DataError(
                f"{len(captions):,} captions for {len(images):,} images; give one for each."
            )
        if self.limit is not None and self.limit < len(images):
            captions = [captions[i * len(images) // self.limit] for i in range(self.limit)]
        made = self.dataset(images, None, name="array")
        return CaptionedDataset(made, [str(one) for one in captions], name="array"), self

    @classmethod
    def open_like(cls, data: Any, space: Space, **how: Any) -> tuple[Dataset, DataConfig | None]:
        """See `DataConfig.open_like`; captions are in the words of `space`."""
        dataset, config = super().open_like(data, _captioned(space), **how)
        return _in_words(dataset, space), config


class ScenesConfig(DataConfig):
    """Simulated scenes, 32 x 32, of one to three things each, with captions.

    Attributes:
        num_samples: how many.
        combinations: `seen`, or `held_out` for pairs of colour and shape that training never sees.
        seed: which.
    """

    kind = "scenes"
    spaces = ("captioned",)
    built_in = True
    num_samples: Count = 20_000
    combinations: Combinations = "seen"
    seed: int = 0

    def build(self, progress: Progress | None = None) -> Dataset:
        """uint8 images `[num_samples, 3, 32, 32]` with their captions."""
        x, scenes = draw_scenes(self.num_samples, seed=self.seed, combinations=self.combinations)
        images = ArrayDataset(x, name=self.kind)
        return CaptionedDataset(images, [scene.caption for scene in scenes], name=self.kind)

    @classmethod
    def open_like(cls, data: Any, space: Space, **how: Any) -> tuple[Dataset, DataConfig | None]:
        """See `DataConfig.open_like`; captions are in the words of `space`."""
        dataset, config = super().open_like(data, _captioned(space), **how)
        return _in_words(dataset, space), config


def _captioned(space: Space) -> CaptionedSpace:
    if not isinstance(space, CaptionedSpace):
        raise other_kind("images with captions", space)
    return space


def _in_words(dataset: Dataset, space: Space) -> Dataset:
    assert isinstance(dataset, CaptionedDataset)
    return dataset.with_words_of(_captioned(space))


def _read_captions(archive: Archive, path: str, column: str | None) -> dict[str, str]:
    """Captions by the name of their file, from a table of files and captions.

    Where no column is called `file`, it is the one whose first cell names a file that is there;
    where none is called `caption`, it is the only other one.
    """
    listed = read_listed(archive, path)
    header = listed.header
    if column is not None and column not in header:
        raise DataError(f"{path} has no column {column!r}.{did_you_mean(column, header)}")
    listed = replace(listed, file=listed.file or _naming_files(archive, listed))
    others = [one for one in header if one != listed.file]
    only = others[0] if len(others) == 1 else None
    name = column or next((one for one in _COLUMNS if one in header), only)
    if name is None or not listed.file or not listed.rows:
        known = f" Or name the one of captions with {reading(column=others[0])}." if others else ""
        raise DataError(
            f"{path} needs the columns file and caption, and a row for each image; it has "
            f"{len(listed.rows):,} rows below the columns {', '.join(header) or '(none)'}. Rename "
            f"them.{known if listed.file else ''}"
        )
    table = listed.columns([name])
    empty = [file for file, caption in table.items() if not caption.strip()]
    if empty:
        raise DataError(
            f"{path} leaves the caption of {len(empty)} files empty, such as {empty[0]!r}. Fill "
            "them in, or take these images away."
        )
    return table


def _naming_files(archive: Archive, listed: Listed) -> str:
    """The column whose first cell is the name of a file that is there; empty without one."""
    there, below = set(archive.names), PurePosixPath(listed.path).parent
    return next(
        (
            name
            for name, cell in zip(
                listed.header, listed.rows[0] if listed.rows else (), strict=False
            )
            if str(below / cell.replace("\\", "/")) in there
        ),
        "",
    )


def _captions_beside(archive: Archive) -> dict[str, str]:
    """Captions by the name of their image, from a `.txt` file beside it; empty without any.

    Raises:
        DataError: one is no text, or empty.
    """
    there, found = set(archive.names), dict[str, str]()
    for name in archive.names:
        place = PurePosixPath(name).with_suffix(".txt")
        if PurePosixPath(name).suffix.lower() not in ENDINGS or str(place) not in there:
            continue
        try:
            caption = archive.read(str(place)).decode("utf-8-sig").strip()
        except UnicodeDecodeError as error:
            raise DataError(f"{place} is not UTF-8 text: {error}. Save it as UTF-8.") from error
        if not caption:
            raise DataError(f"{place} is empty. Write a caption, or take its image away.")
        found[name] = caption
    return found
