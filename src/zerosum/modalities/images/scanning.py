"""What lies in a folder or zip of images by their headers: sizes, channels, classes."""

from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol

from zerosum.data.archives import Archive
from zerosum.data.base import Progress
from zerosum.data.labels import label_names
from zerosum.data.scanning import evenly, held_in, named, none_readable
from zerosum.errors import DataError
from zerosum.faces import Blank, option, reading
from zerosum.modalities.images.decoding import in_threads
from zerosum.modalities.images.pixels import ENDINGS, ImageHeader, Range, read_form, read_range

DEFAULT_SIDE = 64
"""What images of many sizes are brought to where no size is asked for."""

_LARGEST_NATIVE = 256
_NAMED = 5
"""Classes up to which they are named."""

_FOREIGN = {
    ".ai", ".arw", ".avif", ".cr2", ".cr3", ".dcm", ".dng", ".eps", ".exr", ".hdr", ".heic",
    ".heif", ".j2k", ".jp2", ".jxl", ".nef", ".orf", ".pdf", ".psd", ".raf", ".raw", ".rw2",
    ".svg", ".tga", ".xcf",
} - ENDINGS  # fmt: skip
"""Endings of pictures in forms that are not read."""


class ScanOptions(Protocol):
    """What is asked of images that are scanned."""

    @property
    def path(self) -> str:
        """Where they lie."""
        ...

    @property
    def limit(self) -> int | None:
        """How many are taken at most."""
        ...

    @property
    def labels(self) -> str:
        """`auto` or `none`."""
        ...

    @property
    def attributes(self) -> tuple[str, ...] | None:
        """Columns of a table beside them whose values become labels."""
        ...

    @property
    def pixel_range(self) -> Range | None:
        """Of deep pixels, what becomes 0 and 255."""
        ...


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
        unread: what to say of pictures whose form is not read.
    """

    count: int
    sizes: Counter[tuple[int, int]]
    channels: Counter[int]
    classes: Counter[str]
    unreadable: list[tuple[str, str]]
    deep: tuple[str, ...] = ()
    animated: int = 0
    pixel_range: Range | None = None
    unread: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What was guessed, in sentences."""
        lines = []
        if self.pixel_range is not None and self.deep:
            low, high = self.pixel_range
            have = "1 image has" if len(self.deep) == 1 else f"{len(self.deep):,} images have"
            lines.append(
                f"{have} more than 8 bits; values {low} to {high} "
                f"become 0 to 255 ({reading(pixel_range=Blank('LOW,HIGH'))})."
            )
        if self.animated:
            hold = "1 image holds" if self.animated == 1 else f"{self.animated:,} images hold"
            lines.append(f"{hold} several; the first of each is taken.")
        if self.unread:
            lines.append(self.unread)
        return tuple(lines)

    def __str__(self) -> str:
        sizes = ", ".join(f"{h} x {w}" for (h, w), _ in self.sizes.most_common(3))
        left = len(self.sizes) - 3
        more = f" and {left} other size{'s' if left > 1 else ''}" if left > 0 else ""
        kinds = ", ".join(f"{n} with {counted(c)}" for c, n in sorted(self.channels.items()))
        named = f" ({', '.join(sorted(self.classes))})" if len(self.classes) <= _NAMED else ""
        classes = f"; {len(self.classes)} classes{named}" if self.classes else ""
        bad = f"; {len(self.unreadable)} unreadable" if self.unreadable else ""
        images = f"{self.count} image{'s' if self.count != 1 else ''}"
        return f"{images} of {sizes}{more}; {kinds}{classes}{bad}"


def counted(channels: int) -> str:
    """A number of channels in words."""
    return f"{channels} channel{'s' if channels > 1 else ''}"


def scan_files(
    archive: Archive,
    config: ScanOptions,
    progress: Progress | None,
    names: list[str] | None = None,
) -> tuple[list[str], Scan]:
    """The headers of images, without decoding these: the names that are good, and what they say.

    Args:
        archive: the folder or zip.
        config: what is asked for.
        progress: called with how many headers are read.
        names: of the files to look at; all images if not given.

    Raises:
        DataError: there are no images, or none that can be read.
    """
    if names is None:
        names = named(archive, ENDINGS)
    if not names:
        raise DataError(no_images(archive, config.path))
    names = evenly(names, config.limit)
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
        raise DataError(none_readable("image", config.path, bad))
    labels = label_names(archive, good, config.attributes) if config.labels == "auto" else None
    levels = config.pixel_range or range_of(archive, deep, progress)
    counts = Counter(labels or ())
    return good, Scan(
        len(good), sizes, channels, counts, bad, tuple(deep), animated, levels if deep else None,
        unread_pictures(archive),
    )  # fmt: skip


def no_images(archive: Archive, path: str) -> str:
    """What to say where no image lies at a path."""
    said = f"no images in {path} ({held_in(archive)}). Images end in {', '.join(sorted(ENDINGS))}."
    return " ".join(filter(None, (said, unread_pictures(archive))))


def unread_pictures(archive: Archive) -> str:
    """What to say of pictures whose form is not read; empty without any."""
    endings = Counter(PurePosixPath(name).suffix.lower() for name in archive.names)
    found = {ending: n for ending, n in endings.most_common() if ending in _FOREIGN}
    if not found:
        return ""
    files = ", ".join(f"{n} file{'s' if n > 1 else ''} {ending}" for ending, n in found.items())
    count = sum(found.values())
    is_, it = ("is", "it") if count == 1 else ("are", "them")
    return f"{files} {is_} not read: save {it} as PNG or JPEG."


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
