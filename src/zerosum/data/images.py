"""Pictures from folders and zips: scanned before training, decoded with several threads."""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal, TypeVar

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from pydantic import PositiveInt
from torch import Tensor

from zerosum.data.archives import Archive, open_archive
from zerosum.data.base import ArrayDataset, DataConfig, Dataset, Progress, encode_labels
from zerosum.errors import DataError
from zerosum.spaces import ImageSpace

Fit = Literal["cover", "contain", "stretch", "crop"]
"""`cover` fills the size and cuts what is over, `contain` adds black borders, `stretch` ignores
proportions, `crop` takes the middle without resizing."""

Labels = Literal["auto", "none"]

ENDINGS = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"}
MAX_PIXELS = 64_000_000
RESIDENT_BYTES = 4 << 30
"""Decoded pictures up to this size are held in memory; more are read from disk as needed."""

_T = TypeVar("_T")
_R = TypeVar("_R")
_DEFAULT_SIDE = 64
_LARGEST_NATIVE = 256
_CHANNEL_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True)
class Scan:
    """What lies in a folder or zip.

    Attributes:
        count: readable pictures.
        sizes: how many there are of each `(height, width)`.
        channels: how many there are with 1 (grey), 3 (colour) and 4 (alpha) channels.
        classes: how many there are of each label; empty without labels.
        unreadable: name and reason of each file that looks like a picture and is none.
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
        return f"{self.count} pictures of {sizes}{more}; {kinds}{classes}{bad}"


class ImagesConfig(DataConfig):
    """Pictures below a folder, or in a zip (`data.zip`, or `data.zip/train` for a part of it).

    Attributes:
        path: the folder or zip.
        size: `(height, width)`; left out, the pictures' own size if they share one of at most 256
            pixels a side, else 64 x 64.
        fit: how a picture is brought to that size.
        channels: 1 grey, 3 colour, 4 with alpha; left out, what the pictures share.
        labels: `auto` reads `labels.csv` (columns file, label), else takes the subfolder's name.
        skip_bad: go on without unreadable files.
        limit: take this many only, evenly spread.
    """

    kind = "images"
    path: str
    size: tuple[PositiveInt, PositiveInt] | None = None
    fit: Fit = "cover"
    channels: Literal[1, 3, 4] | None = None
    labels: Labels = "auto"
    skip_bad: bool = False
    limit: PositiveInt | None = None

    def build(self, progress: Progress | None = None) -> Dataset:
        """Scan the files, then hold the decoded pictures or stream them.

        Raises:
            DataError: nothing there, nothing readable, unreadable files without `skip_bad`, or
                mixed channels without `channels`.
        """
        archive = open_archive(Path(self.path))
        names, scan = _scan(archive, self, progress)
        if scan.unreadable and not self.skip_bad:
            raise DataError(_unreadable(scan.unreadable))
        size, channels = self.size or _natural_size(scan), self.channels or _natural_channels(scan)
        values = label_names(archive, names) if self.labels == "auto" else None
        y, labels = encode_labels(values) if values else (None, ())
        decode = _Decoder(archive, names, size, self.fit, channels)
        fingerprint = _fingerprint(archive, names, self)
        if len(names) * channels * size[0] * size[1] > RESIDENT_BYTES:
            return StreamedImages(decode, y, labels, name=self.path, fingerprint=fingerprint)
        kept, pixels, bad = decode.all(progress)
        if bad and not self.skip_bad:
            raise DataError(_unreadable(bad))
        if not kept:
            raise DataError(f"no readable picture in {self.path}.")
        if y is not None and bad:
            y, labels = encode_labels([labels[int(code)] for code in y[kept]])
        return ArrayDataset(pixels, y, name=self.path, labels=labels, fingerprint=fingerprint)


class StreamedImages(Dataset):
    """Pictures that are decoded when they are needed."""

    def __init__(
        self,
        decode: "_Decoder",
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
        """Decode these pictures.

        Raises:
            DataError: a file cannot be read any more.
        """
        x = torch.stack([self._decode(int(i)) for i in indices])
        return x, None if self._y is None else self._y[indices]


class _Decoder:
    """Reads picture *i* of an archive as uint8 `[C, H, W]`."""

    def __init__(
        self, archive: Archive, names: list[str], size: tuple[int, int], fit: Fit, channels: int
    ) -> None:
        self.archive, self.names, self.size = archive, names, size
        self.fit: Fit = fit
        self.channels = channels

    def __call__(self, index: int) -> Tensor:
        name = self.names[index]
        try:
            with Image.open(io.BytesIO(self.archive.read(name))) as image:
                image.draft(_CHANNEL_MODES[self.channels], (self.size[1], self.size[0]))
                return fit_image(image, self.size, self.fit, self.channels)
        except DataError:
            raise
        except Exception as error:
            raise DataError(f"{name} cannot be decoded: {error}.") from error

    def all(self, progress: Progress | None) -> tuple[list[int], Tensor, list[tuple[str, str]]]:
        """Indices that could be decoded, their pixels `[N, C, H, W]`, and names that could not."""

        def one(index: int) -> Tensor | str:
            try:
                return self(index)
            except DataError as error:
                return str(error)

        pixels = torch.empty((len(self.names), self.channels, *self.size), dtype=torch.uint8)
        kept: list[int] = []
        bad: list[tuple[str, str]] = []
        done = _in_threads(one, range(len(self.names)), progress, "decoding pictures")
        for index, result in enumerate(done):
            if isinstance(result, str):
                bad.append((self.names[index], result))
                continue
            pixels[len(kept)] = result
            kept.append(index)
        return kept, pixels[: len(kept)], bad


def fit_image(image: Image.Image, size: tuple[int, int], fit: Fit, channels: int) -> Tensor:
    """One Pillow image as uint8 `[C, H, W]` of `size`.

    Raises:
        DataError: `crop` of a picture that is smaller.
    """
    image = _with_channels(image, channels)
    height, width = size
    if image.size != (width, height):
        image = _resized(image, height, width, fit)
    pixels = np.asarray(image, dtype=np.uint8)
    return torch.from_numpy(pixels.reshape(height, width, channels).transpose(2, 0, 1).copy())


def scan_images(config: ImagesConfig, progress: Progress | None = None) -> Scan:
    """Look at every file's header; nothing is decoded.

    Raises:
        DataError: no such folder, no pictures, or none that can be read.
    """
    return _scan(open_archive(Path(config.path)), config, progress)[1]


def label_names(archive: Archive, names: list[str]) -> list[str] | None:
    """The label of each file: from `labels.csv`, else its subfolder; None where there are none.

    Raises:
        DataError: `labels.csv` leaves files out, or some files lie in subfolders and some do not.
    """
    if "labels.csv" in archive.names:
        text = archive.read("labels.csv").decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text)))
        if not rows or not {"file", "label"} <= set(rows[0]):
            raise DataError("labels.csv needs the columns file and label.")
        table = {row["file"]: row["label"] for row in rows}
        missing = [name for name in names if name not in table]
        if missing:
            raise DataError(
                f"labels.csv has no label for {len(missing)} files, such as {missing[0]!r}. "
                "Add them, or say --labels none."
            )
        return [table[name] for name in names] if any(table[name] for name in names) else None
    folders = [PurePosixPath(name).parent.name for name in names]
    if len(set(folders)) == 1:
        return None
    if "" in folders:
        raise DataError(
            f"{folders.count('')} files lie beside class folders instead of in one. Move them into "
            "a class, or say --labels none."
        )
    return folders


def _scan(
    archive: Archive, config: ImagesConfig, progress: Progress | None
) -> tuple[list[str], Scan]:
    names = [name for name in archive.names if PurePosixPath(name).suffix.lower() in ENDINGS]
    if not names:
        raise DataError(
            f"no pictures in {config.path} ({len(archive.names)} files). "
            f"Pictures end in {', '.join(sorted(ENDINGS))}."
        )
    if config.limit is not None and config.limit < len(names):
        names = [names[i * len(names) // config.limit] for i in range(config.limit)]
    sizes: Counter[tuple[int, int]] = Counter()
    channels: Counter[int] = Counter()
    good: list[str] = []
    bad: list[tuple[str, str]] = []
    look = _in_threads(lambda name: _header(archive, name), names, progress, "scanning pictures")
    for name, found in zip(names, look, strict=True):
        if isinstance(found, str):
            bad.append((name, found))
            continue
        good.append(name)
        sizes[found[:2]] += 1
        channels[found[2]] += 1
    if not good:
        raise DataError(f"no readable picture in {config.path}. {_unreadable(bad)}")
    labels = label_names(archive, good) if config.labels == "auto" else None
    return good, Scan(len(good), sizes, channels, Counter(labels or ()), bad)


def _header(archive: Archive, name: str) -> tuple[int, int, int] | str:
    """Height, width and channels, or why the file is no picture."""
    data = b""
    try:
        data = archive.read(name)
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > MAX_PIXELS:
                return f"huge: {image.width} x {image.height} pixels, the limit is {MAX_PIXELS:,}"
            return image.height, image.width, _channels_of(image)
    except Image.DecompressionBombError:
        return "huge: a decompression bomb"
    except UnidentifiedImageError:
        return "empty" if not data else "not a picture"
    except Exception as error:
        return str(error)


def _channels_of(image: Image.Image) -> int:
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        return 4
    return 1 if image.mode in ("1", "L", "I", "I;16", "F") else 3


def _with_channels(image: Image.Image, channels: int) -> Image.Image:
    if channels == 3 and _channels_of(image) == 4:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    if image.mode.startswith("I"):  # 16 bits: keep the high byte, where Pillow would clip
        image = Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))
    return image.convert(_CHANNEL_MODES[channels])


def _resized(image: Image.Image, height: int, width: int, fit: Fit) -> Image.Image:
    if fit == "crop":
        if image.width < width or image.height < height:
            raise DataError(
                f"a picture of {image.height} x {image.width} is smaller than the crop of "
                f"{height} x {width}. Choose a smaller --size or --fit cover."
            )
        return _middle(image, height, width)
    if fit == "stretch":
        return image.resize((width, height), Image.Resampling.LANCZOS)
    across, down = width / image.width, height / image.height
    scale = max(across, down) if fit == "cover" else min(across, down)
    new = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    image = image.resize(new, Image.Resampling.LANCZOS)
    return _middle(image, height, width)


def _middle(image: Image.Image, height: int, width: int) -> Image.Image:
    """The middle of a picture; borders are black where it is smaller."""
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def _natural_size(scan: Scan) -> tuple[int, int]:
    if len(scan.sizes) == 1:
        ((height, width),) = scan.sizes
        if max(height, width) <= _LARGEST_NATIVE:
            return height, width
    return _DEFAULT_SIDE, _DEFAULT_SIDE


def _natural_channels(scan: Scan) -> int:
    if len(scan.channels) > 1:
        found = ", ".join(f"{n} with {c}" for c, n in sorted(scan.channels.items()))
        raise DataError(
            f"mixed channels: {found}. Say --channels 1 (grey), 3 (colour) or 4 (alpha)."
        )
    return next(iter(scan.channels))


def _unreadable(bad: list[tuple[str, str]]) -> str:
    listed = "; ".join(f"{name}: {reason}" for name, reason in bad[:10])
    more = f"; and {len(bad) - 10} more" if len(bad) > 10 else ""
    return (
        f"{len(bad)} unreadable files: {listed}{more}. Mend or remove them, or say --skip-bad to "
        "train without them."
    )


def _fingerprint(archive: Archive, names: list[str], config: ImagesConfig) -> str:
    """Names and lengths of all files, and how they are brought to size."""
    shape = (config.size, config.fit, config.channels, config.labels)
    digest = hashlib.sha256(repr(shape).encode())
    for name in names:
        digest.update(f"{name} {archive.size(name)}".encode())
    return digest.hexdigest()[:32]


def _in_threads(
    work: Callable[[_T], _R], items: Iterable[_T], progress: Progress | None, what: str
) -> Iterable[_R]:
    """Results in order; `progress` is told every hundredth."""
    todo = list(items)
    with ThreadPoolExecutor(4, thread_name_prefix="zerosum-read") as pool:
        for done, result in enumerate(pool.map(work, todo), start=1):
            if progress is not None and (done % 100 == 0 or done == len(todo)):
                progress(what, done, len(todo))
            yield result
