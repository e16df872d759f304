"""Readers of clips below a folder or in a zip: animations, videos, folders of frames."""

import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import torch
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor

from zerosum.data.archives import Archive
from zerosum.data.base import DataConfig, Dataset, Progress, encode_labels, other_kind
from zerosum.data.file_folders import FilesConfig
from zerosum.data.files import look_at
from zerosum.data.labels import label_names
from zerosum.data.places import is_archive, open_archive
from zerosum.data.scanning import (
    evenly,
    held_in,
    looked_at,
    named,
    none_readable,
    open_files,
    unreadable_files,
)
from zerosum.errors import DataError
from zerosum.faces import Blank, reading
from zerosum.modalities.clips.arrays import RATE, Frames, dataset_of_clips
from zerosum.modalities.clips.decoding import (
    ANIMATIONS,
    ENDINGS,
    MOST_READ,
    VIDEOS,
    ClipHeader,
    read_clip,
    read_header,
)
from zerosum.modalities.clips.space import LEAST_FRAMES, ClipSpace
from zerosum.modalities.images.pixels import ENDINGS as IMAGES
from zerosum.modalities.images.pixels import Fit, Sides
from zerosum.spaces import Space

USUAL_FRAMES = 16
"""Frames of a clip at most where no number is asked for."""

DEFAULT_SIDE = 32
"""What frames of many sizes are brought to where no size is asked for."""

MOST_BYTES = 4 << 30
"""Clips are held in memory, up to so many bytes."""

_LARGEST_NATIVE = 64
_SHORT = 0.05
"""Share of files that may be too short where no number of frames is asked for."""

_NAMED = 5


class ClipsConfig(FilesConfig):
    """Clips below a folder or in a zip, or one video: .gif, .mp4 and others, or folders of frames.

    Attributes:
        frames: in each clip; longer files are cut into as many. If not given, what 95 % of the
            files have or more, at most 16.
        rate: frames in a second that files are brought to; if not given, what most files have.
        size: `(height, width)`; if not given, the frames' own if they share one of at most 64
            pixels a side, else 32 x 32.
        fit: how a frame is brought to that size.
        channels: 1 grey, 3 colour; if not given, grey only if all files are.
        windows: clips that one file is cut into at most, evenly spread.
    """

    kind = "clips"
    spaces = ("clip",)
    split_endings = ENDINGS
    frames: Frames | None = None
    rate: PositiveFloat | None = None
    size: Sides | None = None
    fit: Fit = "cover"
    channels: Literal[1, 3] | None = None
    windows: PositiveInt = 200

    @classmethod
    def claims(cls, data: Any) -> float:
        """Folders and zips with videos, and a video; less those of animations or frames."""
        ending = Path(data).suffix.lower() if isinstance(data, str | Path) else ""
        if ending in ENDINGS and look_at(Path(data)) == "file":
            return 0.9 if ending in VIDEOS else 0.35
        if not is_archive(data):
            return 0.0
        try:
            names = open_archive(Path(data)).names
        except DataError:
            return 0.0
        found = {PurePosixPath(name).suffix.lower() for name in names}
        return 0.65 if found & VIDEOS else 0.4 if found & (ANIMATIONS | IMAGES) else 0.3

    def open(self, data: Any, progress: Progress | None = None) -> "tuple[Dataset, ClipsConfig]":
        """See `DataConfig.open`; the form that was found is recorded.

        Raises:
            DataError: nothing there, nothing readable, or unreadable files without `skip_bad`.
            MissingExtraError: there are videos, and PyAV is not installed.
        """
        scan = _scan(self, progress)
        if scan.bad and not self.skip_bad:
            raise DataError(unreadable_files(scan.bad))
        form = _form(self, scan)
        pieces, origins, bad = _read(self, scan, form, progress)
        if bad and not self.skip_bad:
            raise DataError(unreadable_files(bad))
        if not pieces:
            raise DataError(f"no clip of {form.frames} frames in {self.path}.")
        y, labels = None, ()
        if scan.labels is not None:
            y, labels = encode_labels([scan.labels[name] for name in origins])
        dataset = dataset_of_clips(torch.stack(pieces), y, labels, rate=form.rate, name=self.path)
        dataset.notes = _notes(self, scan, form, Counter(origins))
        dataset.items = tuple(origins)
        found = {
            "frames": form.frames, "rate": form.rate, "size": form.size, "channels": form.channels
        }  # fmt: skip
        return dataset, self.with_values(found)

    def scan(self, progress: Progress | None = None) -> str | None:
        """How many clips of which size, rate and length."""
        found = _scan(self, progress)
        sizes = Counter((one.height, one.width) for one in found.headers.values())
        shown = ", ".join(f"{n:,} of {h} x {w}" for (h, w), n in sizes.most_common(3))
        shown += f" and {len(sizes) - 3} other sizes" if len(sizes) > 3 else ""
        lengths = sorted(one.frames for one in found.headers.values())
        many = f"{lengths[0]} to {lengths[-1]}" if lengths[0] < lengths[-1] else lengths[0]
        classes = f"; {len({*found.labels.values()})} classes" if found.labels else ""
        bad = f"; {len(found.bad)} unreadable" if found.bad else ""
        return f"{len(found.headers):,} clips: {shown}; {many} frames{classes}{bad}"

    @classmethod
    def options_like(cls, space: Space, like: DataConfig | None) -> dict[str, Any]:
        """See `DataConfig.options_like`; size, frames, rate and channels are those of `space`."""
        if not isinstance(space, ClipSpace):
            raise other_kind("clips", space)
        return {
            **super().options_like(space, like),
            "size": (space.height, space.width), "frames": space.frames, "rate": space.rate,
            "channels": space.channels,
        }  # fmt: skip


@dataclass(frozen=True)
class _Scan:
    """What lies there: headers and images of frames by the name of a clip, and what is bad."""

    archive: Archive
    headers: dict[str, ClipHeader]
    images: dict[str, tuple[str, ...]]
    labels: dict[str, str] | None
    bad: list[tuple[str, str]]
    note: str


@dataclass(frozen=True)
class _Form:
    """What clips are brought to."""

    frames: int
    rate: float
    size: tuple[int, int]
    channels: int


def _scan(config: ClipsConfig, progress: Progress | None) -> _Scan:
    """Headers of all clips.

    Raises:
        DataError: no such place, no clips, or none that can be read.
        MissingExtraError: there are videos, and PyAV is not installed.
    """
    archive, note = open_files(Path(config.path), config.split, ENDINGS)
    images = _clips_in(archive)
    names = evenly([*images], config.limit)
    if not names:
        raise DataError(
            f"no clips in {config.path} ({held_in(archive)}). Clips end in "
            f"{', '.join(sorted(ENDINGS))}, or are folders of {LEAST_FRAMES} images or more."
        )
    headers, bad = looked_at(
        names, lambda name: read_header(archive, name, images[name]), "clips", progress
    )
    if not headers:
        raise DataError(none_readable("clip", config.path, bad))
    labels = label_names(archive, [*headers]) if config.labels == "auto" else None
    by_name = None if labels is None else dict(zip(headers, labels, strict=True))
    return _Scan(archive, headers, images, by_name, bad, note)


def _clips_in(archive: Archive) -> dict[str, tuple[str, ...]]:
    """Names of files that are clips; without any, folders of images with these, in their order."""
    files = named(archive, ENDINGS)
    if files:
        return dict.fromkeys(files, ())
    folders: dict[str, list[str]] = {}
    for name in archive.names:
        if PurePosixPath(name).suffix.lower() in IMAGES:
            folders.setdefault(str(PurePosixPath(name).parent), []).append(name)
    return {
        folder: tuple(sorted(names, key=_by_number))
        for folder, names in sorted(folders.items())
        if folder != "." and len(names) >= LEAST_FRAMES
    }


def _by_number(name: str) -> tuple[list[tuple[int, str]], str]:
    """Orders names as people count: 2 before 10.

    >>> sorted(["a10.png", "a2.png"], key=_by_number)
    ['a2.png', 'a10.png']
    """
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], name


def _form(config: ClipsConfig, scan: _Scan) -> _Form:
    """What clips are brought to, as asked or as most of them are."""
    headers = [*scan.headers.values()]
    rates = Counter(one.rate for one in headers if one.rate is not None)
    rate = config.rate or float(rates.most_common(1)[0][0] if rates else RATE)
    lengths = sorted(one.frames_at(rate) for one in headers)
    usual = min(lengths[int(_SHORT * len(lengths))], USUAL_FRAMES)
    frames = config.frames or max(LEAST_FRAMES, usual)
    sizes = {(one.height, one.width) for one in headers}
    own = next(iter(sizes))
    size = config.size or (
        own if len(sizes) == 1 and max(own) <= _LARGEST_NATIVE else (DEFAULT_SIDE, DEFAULT_SIDE)
    )
    channels = config.channels or (1 if all(one.channels == 1 for one in headers) else 3)
    return _Form(frames, rate, size, channels)


def _read(
    config: ClipsConfig, scan: _Scan, form: _Form, progress: Progress | None
) -> tuple[list[Tensor], list[str], list[tuple[str, str]]]:
    """Clips uint8 `[T, C, H, W]`, the name of the file of each, and files that cannot be read."""
    pieces: list[Tensor] = []
    origins: list[str] = []
    bad: list[tuple[str, str]] = []
    for i, (name, header) in enumerate(scan.headers.items()):
        starts = _starts(header, form, config.windows)
        wanted = [start + k for start in starts for k in range(form.frames)]
        try:
            read = read_clip(
                scan.archive, name, wanted, rate=form.rate, size=form.size, fit=config.fit,
                channels=form.channels, frames=scan.images[name],
            ) if wanted else None  # fmt: skip
        except DataError as error:
            bad.append((name, str(error).rstrip(".")))
            continue
        if read is not None:
            pieces += read.split(form.frames)
            origins += [name] * len(starts)
        if sum(one.numel() for one in pieces[-1:]) * len(pieces) > MOST_BYTES:
            raise DataError(
                f"the clips in {config.path} take more than {MOST_BYTES >> 30} GiB of memory. "
                f"Take fewer ({reading(limit=1000)}) or smaller ones ({reading(size=32)})."
            )
        if progress is not None:
            progress("reading clips", i + 1, len(scan.headers))
    return pieces, origins, bad


def _starts(header: ClipHeader, form: _Form, most: int) -> list[int]:
    """Where the clips of a file begin, one after another."""
    count = min(header.frames_at(form.rate), MOST_READ) // form.frames
    starts = [i * form.frames for i in range(count)]
    return starts if count <= most else [starts[i * count // most] for i in range(most)]


def _notes(config: ClipsConfig, scan: _Scan, form: _Form, clips: Counter[str]) -> tuple[str, ...]:
    """What was guessed and what is not used, in sentences."""
    lines = [f"{scan.note}."] if scan.note else []
    rates = Counter(one.rate for one in scan.headers.values())
    if None in rates and config.rate is None:
        lines.append(f"folders of frames have no rate: {form.rate:g} frames a second are assumed.")
    elif any(rate is not None and rate != Fraction(form.rate) for rate in rates):
        listed = ", ".join(
            f"{n:,} of {float(rate):g}" for rate, n in rates.most_common(3) if rate is not None
        )
        lines.append(
            f"frames a second: {listed}; all files are brought to {form.rate:g} "
            f"({reading(rate=Blank('RATE'))})."
        )
    short = [name for name in scan.headers if not clips[name]]
    longer = [name for name, count in clips.items() if count > 1]
    if longer:
        files = "1 file is" if len(longer) == 1 else f"{len(longer):,} files are"
        lines.append(
            f"{files} longer than {form.frames} frames and cut into "
            f"{sum(clips[name] for name in longer):,} clips ({reading(frames=Blank('FRAMES'))})."
        )
    if short:
        lines.append(f"shorter than {form.frames} frames, and not used: {_some(short)}.")
    sizes = {(one.height, one.width) for one in scan.headers.values()}
    if config.size is None and sizes != {form.size}:
        height, width = form.size
        lines.append(
            f"frames are brought to {height} x {width} pixels ({reading(size=Blank('SIDE'))})."
        )
    if scan.bad:
        lines.append(f"unreadable, and not used: {_some([name for name, _ in scan.bad])}.")
    return tuple(lines)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
