"""Images from folders and zips: scanned before training, decoded with several threads."""

from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from zerosum.data.annotations import annotations
from zerosum.data.archives import Archive, walk
from zerosum.data.base import ArrayDataset, DataConfig, Dataset, Progress, encode_labels
from zerosum.data.file_folders import FilesConfig
from zerosum.data.labels import LISTS, label_names, unread_tables
from zerosum.data.places import is_archive
from zerosum.data.row_files import holds_files
from zerosum.data.scanning import by_reason, none_readable, unreadable_files
from zerosum.data.splits import open_split
from zerosum.errors import DataError
from zerosum.faces import option
from zerosum.modalities.images.decoding import (
    Decoder,
    StreamedImages,
    fingerprint_of_files,
)
from zerosum.modalities.images.mirrored import mirrored
from zerosum.modalities.images.pixels import ENDINGS, Fit, PixelRange, Sides, as_names
from zerosum.modalities.images.scanning import (
    DEFAULT_SIDE,
    Scan,
    counted,
    natural_channels,
    natural_size,
    scan_files,
)
from zerosum.spaces import ImageSpace, Space

RESIDENT_BYTES = 4 << 30
"""Decoded images up to this size are held in memory; more are read from disk as needed."""

_LOOKED_AT = 10_000
"""Files among which one image is looked for before a folder is taken to hold none."""


class ImagesConfig(FilesConfig):
    """Images below a folder, or in a zip (`data.zip`, or `data.zip/train` for a part of it).

    Pictures are turned upright as their EXIF block says; of an animation the first frame is taken.

    Attributes:
        path: the folder or zip.
        size: `(height, width)`; by default the images' own size if they share one of at most 256
            pixels a side, else 64 x 64.
        fit: how an image is brought to that size.
        channels: 1 grey, 3 colour, 4 with alpha; if not given, what the images share.
        labels: `auto` reads `labels.csv` (columns file, label) or StyleGAN's `dataset.json`, else
            takes the subfolder's name; see `label_names`.
        attributes: columns of a table beside the images, whose values become labels: `coat, dark`.
        split: where all images lie in folders called train, val or test, which of them is taken; of
            trainA, trainB, testA and testB, which two.
        pixel_range: of pixels of 16 or 32 bits, the values that become 0 and 255; if not given, the
            smallest and the largest of all images.
        skip_bad: go on without unreadable files; data too large for memory is decoded once before
            the training to find them.
        limit: take this many only, evenly spread.
        mirror: show each image mirrored as well, left and right exchanged.
    """

    kind = "images"
    spaces = ("image",)
    split_endings = ENDINGS
    size: Sides | None = None
    fit: Fit = "cover"
    channels: Literal[1, 3, 4] | None = None
    pixel_range: PixelRange | None = None
    attributes: Annotated[tuple[str, ...], BeforeValidator(as_names)] | None = None
    mirror: bool = False

    def open(self, data: Any, progress: Progress | None = None) -> "tuple[Dataset, ImagesConfig]":
        """See `DataConfig.open`; a range of deep pixels that was found is recorded.

        Raises:
            DataError: nothing there, nothing readable, unreadable files without `skip_bad`, or
                mixed channels without `channels`.
        """
        archive, note = open_split(Path(self.path), self.split, ENDINGS)
        names, scan = scan_files(archive, self, progress)
        images = self._opened(archive, names, scan, progress)
        made = mirrored(images) if self.mirror else images
        beside = ""
        if self.labels == "auto" and self.attributes is None and not archive.note:
            beside = self._beside(archive, names, labelled=bool(made.space.labels))
        told = (f"{note}." if note else "", archive.note, *scan.notes, *images.notes, beside)
        made.notes = tuple(filter(None, told))
        return made, self.with_values({"pixel_range": scan.pixel_range}) if scan.deep else self

    def _beside(self, archive: Archive, names: list[str], *, labelled: bool) -> str:
        """What to say of annotations and tables beside the images."""
        found = annotations(archive, names)
        listed = any(PurePosixPath(name).name in LISTS for name in archive.names)
        if found is not None and not listed:
            return found.note
        return unread_tables(Path(self.path), labelled=labelled)

    def _opened(
        self, archive: Archive, names: list[str], scan: Scan, progress: Progress | None
    ) -> Dataset:
        if scan.unreadable and not self.skip_bad:
            raise DataError(unreadable_files(scan.unreadable))
        size, channels = self.form_of(scan)
        values = label_names(archive, names, self.attributes) if self.labels == "auto" else None
        decode = Decoder(archive, names, size, self.fit, channels, pixel_range=scan.pixel_range)
        pixels = None
        if len(names) * channels * size[0] * size[1] <= RESIDENT_BYTES:
            kept, pixels, bad = decode.all(progress)
        else:
            kept, bad = decode.check(progress) if self.skip_bad else (range(len(names)), [])
        if bad and not self.skip_bad:
            raise DataError(unreadable_files(bad))
        if not kept:
            raise DataError(none_readable("image", self.path, bad))
        y, labels = encode_labels([values[i] for i in kept]) if values else (None, ())
        fingerprint = fingerprint_of_files(decode, values)
        if pixels is not None:
            made: Dataset = ArrayDataset(
                pixels, y, name=self.path, labels=labels, fingerprint=fingerprint
            )
        else:
            decode.names = [names[i] for i in kept]
            made = StreamedImages(decode, y, labels, name=self.path, fingerprint=fingerprint)
        made.items = tuple(names[i] for i in kept)
        if left_out := [*scan.unreadable, *bad]:
            files = (
                "1 unreadable file is"
                if len(left_out) == 1
                else f"{len(left_out):,} unreadable files are"
            )
            made.notes = (f"{files} left out: {by_reason(left_out)}.",)
        return made

    @classmethod
    def claims(cls, data: Any) -> float:
        """Folders and zips; those without images weakly, so that the error says what they lack."""
        if not is_archive(data):
            return 0.0
        path = Path(data)
        return 0.6 if not path.is_dir() or _holds_images(path) or holds_files(path) else 0.1

    @classmethod
    def options_like(cls, space: Space, like: DataConfig | None) -> dict[str, Any]:
        """See `DataConfig.options_like`; images of many sizes come to the size of the others."""
        if not isinstance(space, ImageSpace):
            return {}
        size = space.height, space.width
        if like is None:
            return {"size": size, "channels": space.channels}
        options = super().options_like(space, like)
        options.pop("mirror", None)  # other reals are compared as they are
        if isinstance(like, ImagesConfig) and like.size is None and size == (DEFAULT_SIDE,) * 2:
            options["size"] = size
        if "size" not in options:  # how to reach a size is said of a size
            options.pop("fit", None)
        return options

    def scan(self, progress: Progress | None = None) -> str | None:
        """What the folder holds, and the form that images are brought to.

        With `skip_bad` all are decoded, so that those are counted which are trained on.
        """
        archive, _ = open_split(Path(self.path), self.split, ENDINGS)
        names, scan = scan_files(archive, self, progress)
        if scan.unreadable and not self.skip_bad:
            return str(scan)  # the training will refuse them, and list them
        form = describe_form(self, scan)
        if self.skip_bad:
            scan = self._whole(archive, names, scan, progress)
        return f"{scan}; {form}"

    def _whole(
        self, archive: Archive, names: list[str], scan: Scan, progress: Progress | None
    ) -> Scan:
        """What is found without images whose headers are good, and which cannot be decoded."""
        size, channels = self.form_of(scan)
        decode = Decoder(archive, names, size, self.fit, channels, pixel_range=scan.pixel_range)
        kept, bad = decode.check(progress)
        if not bad:
            return scan
        if not kept:
            raise DataError(none_readable("image", self.path, bad))
        whole = scan_files(archive, self, progress, names=[names[i] for i in kept])[1]
        return replace(whole, unreadable=[*scan.unreadable, *bad])

    def form_of(self, scan: Scan) -> tuple[tuple[int, int], int]:
        """The `(height, width)` and the channels that the scanned images are brought to.

        Raises:
            DataError: mixed channels without `channels`.
        """
        return self.size or natural_size(scan), self.channels or natural_channels(scan)


def _holds_images(folder: Path) -> bool:
    """Whether an image lies among the first files below a folder."""
    found = 0
    for _, names in walk(folder):
        if any(PurePosixPath(name).suffix.lower() in ENDINGS for name in names):
            return True
        found += len(names)
        if found > _LOOKED_AT:
            break
    return False


def scan_images(config: ImagesConfig, progress: Progress | None = None) -> Scan:
    """Read every file's header, without decoding images.

    Raises:
        DataError: no such folder, no images, or none that can be read.
    """
    archive, _ = open_split(Path(config.path), config.split, ENDINGS)
    return scan_files(archive, config, progress)[1]


def describe_form(config: ImagesConfig, scan: Scan) -> str:
    """How the scanned images are brought to one form, for people.

    Raises:
        DataError: mixed channels without `channels`.
    """
    (height, width), channels = config.form_of(scan)
    if set(scan.sizes) == {(height, width)}:
        size = f"kept at {height} x {width}"
    else:
        size = (
            f"brought to {height} x {width} (height x width; {option('size')}) with "
            f"{option('fit', config.fit)}"
        )
    return f"{size}, {counted(channels)} ({option('channels')})"
