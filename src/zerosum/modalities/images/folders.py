"""Images from folders and zips: scanned before training, decoded with several threads."""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, PositiveInt

from zerosum.data.archives import Archive, is_folder_or_zip, walk
from zerosum.data.arrays import Labels
from zerosum.data.base import ArrayDataset, DataConfig, Dataset, Progress, encode_labels
from zerosum.data.labels import label_names, unread_tables
from zerosum.data.splits import Split, open_split, split_folders
from zerosum.errors import DataError
from zerosum.faces import option, reading
from zerosum.modalities.images.decoding import (
    Decoder,
    StreamedImages,
    fingerprint_of_files,
    in_threads,
)
from zerosum.modalities.images.mirrored import mirrored
from zerosum.modalities.images.pixels import (
    ENDINGS,
    Fit,
    ImageHeader,
    PixelRange,
    Range,
    Sides,
    as_names,
    read_form,
    read_range,
)
from zerosum.spaces import ImageSpace, Space

RESIDENT_BYTES = 4 << 30
"""Decoded images up to this size are held in memory; more are read from disk as needed."""

DEFAULT_SIDE = 64
"""What images of many sizes are brought to where no size is asked for."""

_LARGEST_NATIVE = 256
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
        unreadable: name and reason of each file that looks like an image but cannot be read.
        deep: names of those whose pixels have more than 8 bits.
        animated: how many hold more than one image.
        pixel_range: of deep pixels, what becomes 0 and 255.
    """

    count: int
    sizes: Counter[tuple[int, int]]
    channels: Counter[int]
    classes: Counter[str]
    unreadable: list[tuple[str, str]]
    deep: tuple[str, ...] = ()
    animated: int = 0
    pixel_range: Range | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What was guessed, in sentences."""
        lines = []
        if self.pixel_range is not None and self.deep:
            low, high = self.pixel_range
            lines.append(
                f"{len(self.deep):,} images have more than 8 bits; their values {low} to {high} "
                f"become 0 to 255 ({reading(pixel_range='LOW,HIGH')})."
            )
        if self.animated:
            lines.append(f"{self.animated:,} images hold several; the first of each is taken.")
        return tuple(lines)

    def __str__(self) -> str:
        sizes = ", ".join(f"{h} x {w}" for (h, w), _ in self.sizes.most_common(3))
        more = f" and {len(self.sizes) - 3} other sizes" if len(self.sizes) > 3 else ""
        kinds = ", ".join(f"{n} with {_counted(c)}" for c, n in sorted(self.channels.items()))
        classes = f"; {len(self.classes)} classes" if self.classes else ""
        bad = f"; {len(self.unreadable)} unreadable" if self.unreadable else ""
        return f"{self.count} images of {sizes}{more}; {kinds}{classes}{bad}"


class ImagesConfig(DataConfig):
    """Images below a folder, or in a zip (`data.zip`, or `data.zip/train` for a part of it).

    Pictures are turned upright as their EXIF block says; of an animation the first frame is taken.

    Attributes:
        path: the folder or zip.
        size: `(height, width)`; by default the images' own size if they share one of at most 256
            pixels a side, else 64 x 64.
        fit: how an image is brought to that size.
        channels: 1 grey, 3 colour, 4 with alpha; if not given, what the images share.
        labels: `auto` reads `labels.csv` (columns file, label) or StyleGAN's `dataset.json`, else
            takes the subfolder's name.
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
    not_options = frozenset({"path", "split"})
    path: str
    split: Split = "train"
    size: Sides | None = None
    fit: Fit = "cover"
    channels: Literal[1, 3, 4] | None = None
    pixel_range: PixelRange | None = None
    labels: Labels = "auto"
    attributes: Annotated[tuple[str, ...], BeforeValidator(as_names)] | None = None
    skip_bad: bool = False
    limit: PositiveInt | None = None
    mirror: bool = False

    def build(self, progress: Progress | None = None) -> Dataset:
        """Scan the files, then hold the decoded images or stream them.

        Raises:
            DataError: nothing there, nothing readable, unreadable files without `skip_bad`, or
                mixed channels without `channels`.
        """
        return self.open(self.path, progress)[0]

    def open(self, data: Any, progress: Progress | None = None) -> "tuple[Dataset, ImagesConfig]":
        """See `DataConfig.open`; a range of deep pixels that was found is recorded.

        Raises:
            DataError: as `build`.
        """
        archive, note = open_split(Path(self.path), self.split, ENDINGS)
        names, scan = _scan(archive, self, progress)
        images = self._opened(archive, names, scan, progress)
        made = mirrored(images) if self.mirror else images
        passed_over = self.labels == "auto" and self.attributes is None
        beside = unread_tables(Path(self.path)) if passed_over else ""
        told = (f"{note}." if note else "", *scan.notes, *images.notes, beside)
        made.notes = tuple(filter(None, told))
        return made, self.with_values({"pixel_range": scan.pixel_range}) if scan.deep else self

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
            raise DataError(f"no readable image in {self.path}. {unreadable_files(bad)}")
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
        if left_out := len(scan.unreadable) + len(bad):
            files = (
                "1 unreadable file is" if left_out == 1 else f"{left_out:,} unreadable files are"
            )
            made.notes = (f"{files} left out.",)
        return made

    @classmethod
    def claims(cls, data: Any) -> float:
        """Folders and zips; those without images weakly, so that the error says what they lack."""
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
        names, scan = _scan(archive, self, progress)
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
            raise DataError(f"no readable image in {self.path}. {unreadable_files(bad)}")
        whole = _scan(archive, self, progress, names=[names[i] for i in kept])[1]
        return replace(whole, unreadable=[*scan.unreadable, *bad])

    @classmethod
    def open_like(cls, data: Any, space: Space, **how: Any) -> tuple[Dataset, DataConfig | None]:
        """See `DataConfig.open_like`; of a holdout the test or val folder, where there is one."""
        config = cls.describing(data, cls.options_like(space, how.get("like")))
        if how.get("holdout") and split_folders(Path(config.path), ENDINGS):
            config = config.with_values({"split": "test"})
        return config.open(data, how.get("progress"))

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
    return _scan(archive, config, progress)[1]


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
    return f"{size}, {_counted(channels)} ({option('channels')})"


def _counted(channels: int) -> str:
    return f"{channels} channel{'s' if channels > 1 else ''}"


def _scan(
    archive: Archive,
    config: ImagesConfig,
    progress: Progress | None,
    names: list[str] | None = None,
) -> tuple[list[str], Scan]:
    if names is None:
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
    deep: list[str] = []
    animated = 0
    look = in_threads(lambda name: read_header(archive, name), names, progress, "scanning images")
    for name, found in zip(names, look, strict=True):
        if isinstance(found, str):
            bad.append((name, found))
            continue
        good.append(name)
        sizes[found[:2]] += 1
        channels[found.channels] += 1
        deep += [name] if found.deep else []
        animated += found.animated
    if not good:
        raise DataError(f"no readable image in {config.path}. {unreadable_files(bad)}")
    labels = label_names(archive, good, config.attributes) if config.labels == "auto" else None
    levels = config.pixel_range or range_of(archive, deep, progress)
    counts = Counter(labels or ())
    return good, Scan(
        len(good), sizes, channels, counts, bad, tuple(deep), animated, levels if deep else None
    )


def range_of(archive: Archive, names: list[str], progress: Progress | None) -> Range | None:
    """The smallest and largest value of deep pixels; those that cannot be read are passed over."""

    def look(name: str) -> Range | None:
        try:
            return read_range(archive, name)
        except DataError:
            return None

    found = [one for one in in_threads(look, names, progress, "reading deep pixels") if one]
    if not found:
        return None
    return min(low for low, _ in found), max(high for _, high in found)


def read_header(archive: Archive, name: str) -> ImageHeader | str:
    """What its header says, or why the file is no image."""
    try:
        return read_form(archive, name)
    except DataError as error:
        return str(error)


def natural_size(scan: Scan) -> tuple[int, int]:
    """The `(height, width)` that images are brought to if no size is given."""
    if len(scan.sizes) == 1:
        ((height, width),) = scan.sizes
        if max(height, width) <= _LARGEST_NATIVE:
            return height, width
    return DEFAULT_SIDE, DEFAULT_SIDE


def natural_channels(scan: Scan) -> int:
    """The channels that images share.

    Raises:
        DataError: images differ in their channels.
    """
    if len(scan.channels) > 1:
        found = ", ".join(f"{n} with {c}" for c, n in sorted(scan.channels.items()))
        raise DataError(
            f"mixed channels: {found}. Say {option('channels', 1)} (grey), 3 (colour) or 4 (alpha)."
        )
    return next(iter(scan.channels))


def unreadable_files(bad: list[tuple[str, str]]) -> str:
    """A message about files that are not images, by name and reason."""
    listed = "; ".join(f"{name}: {reason}" for name, reason in bad[:10])
    more = f"; and {len(bad) - 10} more" if len(bad) > 10 else ""
    return (
        f"{len(bad)} unreadable files: {listed}{more}. Mend or remove them, or say "
        f"{option('skip_bad', True)} to "
        "train without them."
    )
