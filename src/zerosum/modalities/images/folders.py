"""Images from folders and zips: scanned before training, decoded with several threads."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypeVar

import torch
from pydantic import PositiveInt
from torch import Tensor

from zerosum.data.archives import Archive, is_folder_or_zip, open_archive
from zerosum.data.arrays import Labels
from zerosum.data.base import ArrayDataset, DataConfig, Dataset, Progress, encode_labels
from zerosum.errors import DataError
from zerosum.modalities.images.labels import label_names
from zerosum.modalities.images.pixels import ENDINGS, Fit, Sides, read_form, read_pixels
from zerosum.spaces import ImageSpace, Space

RESIDENT_BYTES = 4 << 30
"""Decoded images up to this size are held in memory; more are read from disk as needed."""

_T = TypeVar("_T")
_R = TypeVar("_R")
DEFAULT_SIDE = 64
"""What images of many sizes are brought to where no size is asked for."""

_LARGEST_NATIVE = 256
_CHUNK = 1024
_LOOKED_AT = 10_000
"""Files among which one image is looked for before a folder is taken to hold none."""


@dataclass(frozen=True)
class Scan:
    """What lies in a folder or zip.

    Attributes:
        count: readable images.
        sizes: how many there are of each `(height, width)`.
        channels: how many there are with 1 (grey), 3 (colour) and 4 (alpha) channels.
        classes: how many there are of each label; empty without labels.
        unreadable: name and reason of each file that looks like an image and is none.
    """

    count: int
    sizes: Counter[tuple[int, int]]
    channels: Counter[int]
    classes: Counter[str]
    unreadable: list[tuple[str, str]]

    def __str__(self) -> str:
        sizes = ", ".join(f"{h} x {w}" for (h, w), _ in self.sizes.most_common(3))
        more = f" and {len(self.sizes) - 3} other sizes" if len(self.sizes) > 3 else ""
        kinds = ", ".join(f"{n} with {c} channels" for c, n in sorted(self.channels.items()))
        classes = f"; {len(self.classes)} classes" if self.classes else ""
        bad = f"; {len(self.unreadable)} unreadable" if self.unreadable else ""
        return f"{self.count} images of {sizes}{more}; {kinds}{classes}{bad}"


class ImagesConfig(DataConfig):
    """Images below a folder, or in a zip (`data.zip`, or `data.zip/train` for a part of it).

    Pictures are turned upright as their EXIF block says; of an animation the first frame is taken.

    Attributes:
        path: the folder or zip.
        size: `(height, width)`; left out, the images' own size if they share one of at most 256
            pixels a side, else 64 x 64.
        fit: how an image is brought to that size.
        channels: 1 grey, 3 colour, 4 with alpha; left out, what the images share.
        labels: `auto` reads `labels.csv` (columns file, label), else takes the subfolder's name.
        skip_bad: go on without unreadable files; data too large for memory is decoded once before
            the training to find them.
        limit: take this many only, evenly spread.
    """

    kind = "images"
    spaces = ("image",)
    path: str
    size: Sides | None = None
    fit: Fit = "cover"
    channels: Literal[1, 3, 4] | None = None
    labels: Labels = "auto"
    skip_bad: bool = False
    limit: PositiveInt | None = None

    def build(self, progress: Progress | None = None) -> Dataset:
        """Scan the files, then hold the decoded images or stream them.

        Raises:
            DataError: nothing there, nothing readable, unreadable files without `skip_bad`, or
                mixed channels without `channels`.
        """
        archive = open_archive(Path(self.path))
        names, scan = _scan(archive, self, progress)
        if scan.unreadable and not self.skip_bad:
            raise DataError(unreadable_files(scan.unreadable))
        size, channels = self.form_of(scan)
        values = label_names(archive, names) if self.labels == "auto" else None
        decode = Decoder(archive, names, size, self.fit, channels)
        pixels = None
        if len(names) * channels * size[0] * size[1] <= RESIDENT_BYTES:
            kept, pixels, bad = decode.all(progress)
        else:
            kept, bad = decode.check(progress) if self.skip_bad else (range(len(names)), [])
        if bad and not self.skip_bad:
            raise DataError(unreadable_files(bad))
        if not kept:
            raise DataError(f"no readable image in {self.path}. {unreadable_files(bad)}")
        y, labels = encode_labels([values[i] for i in kept]) if values else (None, ())
        fingerprint = fingerprint_of_files(decode, values)
        if pixels is not None:
            return ArrayDataset(pixels, y, name=self.path, labels=labels, fingerprint=fingerprint)
        decode.names = [names[i] for i in kept]
        return StreamedImages(decode, y, labels, name=self.path, fingerprint=fingerprint)

    @classmethod
    def claims(cls, data: Any) -> float:
        """Folders and zips; hardly those without images, so that it is said what they lack."""
        if not is_folder_or_zip(data):
            return 0.0
        path = Path(data)
        return 0.6 if not path.is_dir() or _holds_images(path) else 0.1

    @classmethod
    def options_like(cls, space: Space, like: DataConfig | None) -> dict[str, Any]:
        """See `DataConfig.options_like`; images of many sizes come to the size of the others."""
        if not isinstance(space, ImageSpace):
            return {}
        size = space.height, space.width
        if like is None:
            return {"size": size, "channels": space.channels}
        options = super().options_like(space, like)
        if isinstance(like, ImagesConfig) and like.size is None and size == (DEFAULT_SIDE,) * 2:
            options["size"] = size
        if "size" not in options:  # how to reach a size is said of a size
            options.pop("fit", None)
        return options

    def scan(self, progress: Progress | None = None) -> str | None:
        """What lies there, and the form that it is brought to."""
        scan = scan_images(self, progress)
        if scan.unreadable and not self.skip_bad:
            return str(scan)  # the training will refuse them, and list them
        return f"{scan}; {describe_form(self, scan)}"

    def form_of(self, scan: Scan) -> tuple[tuple[int, int], int]:
        """The `(height, width)` and the channels that the scanned images are brought to.

        Raises:
            DataError: mixed channels without `channels`.
        """
        return self.size or natural_size(scan), self.channels or natural_channels(scan)


class StreamedImages(Dataset):
    """Images that are decoded when they are needed."""

    def __init__(
        self,
        decode: "Decoder",
        y: Tensor | None,
        labels: tuple[str, ...],
        *,
        name: str,
        fingerprint: str,
    ) -> None:
        self._decode, self._y = decode, y
        self.name, self.fingerprint = name, fingerprint
        counts = () if y is None else tuple(torch.bincount(y, minlength=len(labels)).tolist())
        height, width = decode.size
        self.space = ImageSpace(
            channels=decode.channels, height=height, width=width,
            labels=labels, label_counts=counts,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self._decode.names)

    def take(self, indices: Tensor) -> tuple[Tensor, Tensor | None]:
        """Decode these images.

        Raises:
            DataError: a file cannot be read any more.
        """
        x = torch.stack([self._read(int(i)) for i in indices])
        return x, None if self._y is None else self._y[indices]

    def labels_of(self, indices: Tensor) -> Tensor | None:
        """The labels, without decoding anything."""
        return None if self._y is None else self._y[indices]

    def _read(self, index: int) -> Tensor:
        try:
            return self._decode(index)
        except DataError as error:
            raise DataError(
                f"{self.name}: {self._decode.names[index]}: {error}. Mend or remove it and start "
                "again, or say --skip-bad to have all images checked first."
            ) from error


class Decoder:
    """Reads image *i* of an archive as uint8 `[C, H, W]`."""

    def __init__(
        self, archive: Archive, names: list[str], size: tuple[int, int], fit: Fit, channels: int
    ) -> None:
        self.archive, self.names, self.size = archive, names, size
        self.fit: Fit = fit
        self.channels = channels

    def __call__(self, index: int) -> Tensor:
        """The image, or a `DataError` that says why there is none."""
        return read_pixels(self.archive, self.names[index], self.size, self.fit, self.channels)

    def all(self, progress: Progress | None) -> tuple[list[int], Tensor, list[tuple[str, str]]]:
        """Indices that could be decoded, their pixels `[N, C, H, W]`, and names that could not."""
        pixels = torch.empty((len(self.names), self.channels, *self.size), dtype=torch.uint8)
        kept: list[int] = []
        bad: list[tuple[str, str]] = []
        done = in_threads(self._try, range(len(self.names)), progress, "decoding images")
        for index, result in enumerate(done):
            if isinstance(result, str):
                bad.append((self.names[index], result))
                continue
            pixels[len(kept)] = result
            kept.append(index)
        return kept, pixels[: len(kept)], bad

    def check(self, progress: Progress | None) -> tuple[list[int], list[tuple[str, str]]]:
        """Indices that can be decoded, and names that cannot; no pixels are kept."""

        def problem(index: int) -> str | None:
            result = self._try(index)
            return result if isinstance(result, str) else None

        everything = range(len(self.names))
        problems = list(in_threads(problem, everything, progress, "checking images"))
        kept = [index for index in everything if problems[index] is None]
        return kept, [(n, p) for n, p in zip(self.names, problems, strict=True) if p is not None]

    def _try(self, index: int) -> Tensor | str:
        try:
            return self(index)
        except DataError as error:
            return str(error)


def _holds_images(folder: Path) -> bool:
    """Whether an image lies among the first files below a folder."""
    found = 0
    for _, _, names in os.walk(folder):
        if any(PurePosixPath(name).suffix.lower() in ENDINGS for name in names):
            return True
        found += len(names)
        if found > _LOOKED_AT:
            break
    return False


def scan_images(config: ImagesConfig, progress: Progress | None = None) -> Scan:
    """Look at every file's header; nothing is decoded.

    Raises:
        DataError: no such folder, no images, or none that can be read.
    """
    return _scan(open_archive(Path(config.path)), config, progress)[1]


def describe_form(config: ImagesConfig, scan: Scan) -> str:
    """How the scanned images are brought to one form, for people.

    Raises:
        DataError: mixed channels without `channels`.
    """
    (height, width), channels = config.form_of(scan)
    if set(scan.sizes) == {(height, width)}:
        size = f"kept at {height} x {width}"
    else:
        size = f"brought to {height} x {width} (height x width; --size) with --fit {config.fit}"
    return f"{size}, {channels} channel{'s' if channels > 1 else ''} (--channels)"


def _scan(
    archive: Archive, config: ImagesConfig, progress: Progress | None
) -> tuple[list[str], Scan]:
    names = [name for name in archive.names if PurePosixPath(name).suffix.lower() in ENDINGS]
    if not names:
        raise DataError(
            f"no images in {config.path} ({len(archive.names)} files). "
            f"Images end in {', '.join(sorted(ENDINGS))}."
        )
    if config.limit is not None and config.limit < len(names):
        names = [names[i * len(names) // config.limit] for i in range(config.limit)]
    sizes: Counter[tuple[int, int]] = Counter()
    channels: Counter[int] = Counter()
    good: list[str] = []
    bad: list[tuple[str, str]] = []
    look = in_threads(lambda name: read_header(archive, name), names, progress, "scanning images")
    for name, found in zip(names, look, strict=True):
        if isinstance(found, str):
            bad.append((name, found))
            continue
        good.append(name)
        sizes[found[:2]] += 1
        channels[found[2]] += 1
    if not good:
        raise DataError(f"no readable image in {config.path}. {unreadable_files(bad)}")
    labels = label_names(archive, good) if config.labels == "auto" else None
    return good, Scan(len(good), sizes, channels, Counter(labels or ()), bad)


def read_header(archive: Archive, name: str) -> tuple[int, int, int] | str:
    """Height, width and channels, or why the file is no image."""
    try:
        return read_form(archive, name)
    except DataError as error:
        return str(error)


def natural_size(scan: Scan) -> tuple[int, int]:
    """The `(height, width)` that images are brought to where none is asked for."""
    if len(scan.sizes) == 1:
        ((height, width),) = scan.sizes
        if max(height, width) <= _LARGEST_NATIVE:
            return height, width
    return DEFAULT_SIDE, DEFAULT_SIDE


def natural_channels(scan: Scan) -> int:
    """The channels that images share.

    Raises:
        DataError: they share none.
    """
    if len(scan.channels) > 1:
        found = ", ".join(f"{n} with {c}" for c, n in sorted(scan.channels.items()))
        raise DataError(
            f"mixed channels: {found}. Say --channels 1 (grey), 3 (colour) or 4 (alpha)."
        )
    return next(iter(scan.channels))


def unreadable_files(bad: list[tuple[str, str]]) -> str:
    """What is said of files, by name and reason, that are no images."""
    listed = "; ".join(f"{name}: {reason}" for name, reason in bad[:10])
    more = f"; and {len(bad) - 10} more" if len(bad) > 10 else ""
    return (
        f"{len(bad)} unreadable files: {listed}{more}. Mend or remove them, or say --skip-bad to "
        "train without them."
    )


def fingerprint_of_files(decode: Decoder, labels: list[str] | None) -> str:
    """Names, lengths and labels of all files, and how they are brought to size."""
    digest = hashlib.sha256(repr((decode.size, decode.fit, decode.channels)).encode())
    values = labels or [None] * len(decode.names)
    for name, label in zip(decode.names, values, strict=True):
        digest.update(repr((name, decode.archive.size(name), label)).encode())
    return digest.hexdigest()[:32]


def in_threads(
    work: Callable[[_T], _R], items: Sequence[_T], progress: Progress | None, what: str
) -> Iterator[_R]:
    """Results in order; `progress` is told every hundredth."""
    done = 0
    with ThreadPoolExecutor(4, thread_name_prefix="zerosum-read") as pool:
        for start in range(0, len(items), _CHUNK):  # a million waiting tasks would fill the memory
            for result in pool.map(work, items[start : start + _CHUNK]):
                done += 1
                if progress is not None and (done % 100 == 0 or done == len(items)):
                    progress(what, done, len(items))
                yield result
