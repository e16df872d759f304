"""Images of two domains: in aligned pairs, or each domain by itself."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from pydantic import PositiveInt

from zerosum.data.archives import Archive, is_folder_or_zip, open_archive
from zerosum.data.base import ArrayDataset, DataConfig, Dataset, Progress, other_kind
from zerosum.data.splits import Split, place_of_split
from zerosum.errors import DataError
from zerosum.faces import option, reading
from zerosum.modalities.images.decoding import (
    Decoder,
    StreamedImages,
    fingerprint_of_files,
    in_threads,
)
from zerosum.modalities.images.domains import are_double, pictures_in, two_domains, two_folders
from zerosum.modalities.images.folders import RESIDENT_BYTES
from zerosum.modalities.images.pair_space import PairSpace
from zerosum.modalities.images.paired import PairDataset
from zerosum.modalities.images.pixels import ENDINGS, Fit, Half, ImageHeader, Sides
from zerosum.modalities.images.scanning import (
    Scan,
    natural_channels,
    natural_size,
    range_of,
    read_header,
    unreadable_files,
)
from zerosum.spaces import Space

_LISTED = 10


class PairsConfig(DataConfig):
    """Two folders of images, or one folder or zip with two subfolders.

    Attributes:
        path: the folder or zip; with `targets`, that of the sources. Subfolders called A and B,
            source and target, or trainA and trainB are taken by their names, first the sources;
            else there must be two, which are taken in the order of the alphabet.
        targets: where targets lie, if not beside the sources in `path`.
        side_by_side: where each image holds a pair, `A|B` if the left half is the source, or `B|A`;
            if not given, `A|B` where there are no two subfolders and all are twice as wide as high.
        split: where all images lie in folders called train, val or test, which of them is taken.
        aligned: whether a source and a target of the same name, without its ending, are a pair.
        size: `(height, width)`; by default the images' own size if they share one of at most 256
            pixels a side, else 64 x 64.
        fit: how an image is brought to that size.
        channels: of both; if not given, what the images of each domain share.
        skip_bad: go on without unreadable files, and without their partners.
        limit: take this many pairs, or images of each domain, evenly spread.
    """

    kind = "pairs"
    spaces = ("pair",)
    not_options = frozenset({"path", "targets", "split"})
    path: str
    targets: str | None = None
    split: Split = "train"
    side_by_side: Literal["A|B", "B|A"] | None = None
    aligned: bool = False
    size: Sides | None = None
    fit: Fit = "cover"
    channels: Literal[1, 3, 4] | None = None
    skip_bad: bool = False
    limit: PositiveInt | None = None

    @classmethod
    def claims(cls, data: Any) -> float:
        """A folder or zip, or several of these."""
        paths = _several(data)
        return 0.5 * bool(paths and all(map(is_folder_or_zip, paths)))

    @classmethod
    def place_of(cls, data: Any) -> dict[str, Any]:
        """One path, or that of sources and that of targets.

        Raises:
            DataError: no path is given, or more than two.
        """
        paths = _several(data)
        if not 1 <= len(paths) <= 2:
            raise DataError(
                "a translation takes a folder or zip with two subfolders, or two folders: "
                f"{two_folders()}."
            )
        return {"path": str(paths[0]), "targets": str(paths[1]) if len(paths) == 2 else None}

    @classmethod
    def options_like(cls, space: Space, like: DataConfig | None) -> dict[str, Any]:
        """See `DataConfig.options_like`: always the size of `space`."""
        if not isinstance(space, PairSpace):
            raise other_kind("pairs of images", space)
        size = {"size": (space.height, space.width), "aligned": space.aligned}
        return super().options_like(space, like) | size

    @property
    def name(self) -> str:
        """How messages call this data."""
        if self.targets is None:
            return self.path
        return f"{Path(self.path).name} to {Path(self.targets).name}"

    def build(self, progress: Progress | None = None) -> PairDataset:
        """Scan and match the files, then hold the decoded images or stream them.

        Raises:
            DataError: there are no two domains, one is empty, an image has no partner or one of
                another size, files are unreadable, or channels are mixed.
        """
        sides = self._scanned(progress)
        size = self.size or natural_size(_scan_of(sides))
        channels = [self.channels or _channels_of(side) for side in sides]
        decoders = [
            Decoder(
                side.archive,
                side.names,
                size,
                self.fit,
                count,
                pixel_range=range_of(side.archive, side.deep, progress),
                half=side.half,
            )
            for side, count in zip(sides, channels, strict=True)
        ]
        amount = sum(len(d.names) * d.channels * size[0] * size[1] for d in decoders)
        opened = self._held if amount <= RESIDENT_BYTES else self._streamed
        sources, targets = opened(sides, decoders, progress)
        made = PairDataset(sources, targets, aligned=self.aligned, name=self.name)
        made.notes = self._places()[1]
        return made

    def scan(self, progress: Progress | None = None) -> str | None:
        """What the folders hold, from the files' headers alone.

        Raises:
            DataError: as `build`.
        """
        sides = self._scanned(progress)
        height, width = self.size or natural_size(_scan_of(sides))
        sources, targets = (f"{len(side.names):,} in {side.path}" for side in sides)
        what = "aligned pairs" if self.aligned else "unpaired images"
        return f"{what}: {sources} to {targets}; brought to {height} x {width} ({option('size')})"

    def _places(self) -> tuple[list[tuple[Path, Half | None]], tuple[str, ...]]:
        """Where sources and targets lie, and what was guessed."""
        if self.targets is not None:
            return [(Path(self.path), None), (Path(self.targets), None)], ()
        place, note = place_of_split(Path(self.path), self.split, ENDINGS)
        notes = [f"{note}."] if note else []
        order = self.side_by_side
        if order is None and are_double(place):
            order = "A|B"
            notes.append(
                "each image holds a pair side by side: the left half is translated into the right "
                f"one ({reading(side_by_side='B|A')} for the other way)."
            )
        if order is not None:
            halves: list[Half] = ["left", "right"] if order == "A|B" else ["right", "left"]
            return [(place, half) for half in halves], tuple(notes)
        return [(place / name, None) for name in two_domains(str(place))], tuple(notes)

    def _scanned(self, progress: Progress | None) -> "list[_Side]":
        """Sources and targets with their headers read, without what cannot be used."""
        sides = [_Side.open(path, half) for path, half in self._places()[0]]
        if self.aligned:
            _match(*sides)
        for side in sides:
            side.keep(_spread(len(side.names), self.limit))
            side.read_headers(progress)
        self._drop_bad(sides, [side.bad for side in sides])
        if self.aligned:
            _require_same_sizes(*sides)
        return sides

    def _drop_bad(self, sides: "list[_Side]", bad: list[dict[int, str]]) -> None:
        """Leave unreadable images out; in both domains where they are aligned.

        Raises:
            DataError: there are some, and `skip_bad` is not set, or nothing else is left.
        """
        listed = [
            (f"{side.path}/{side.names[i]}", why)
            for side, found in zip(sides, bad, strict=True)
            for i, why in found.items()
        ]
        if not listed:
            return
        if not self.skip_bad:
            raise DataError(unreadable_files(listed))
        together = set().union(*bad)
        for side, found in zip(sides, bad, strict=True):
            out = together if self.aligned else set(found)
            side.keep([i for i in range(len(side.names)) if i not in out])
            if not side.names:
                raise DataError(f"no readable image in {side.path}. {unreadable_files(listed)}")

    def _held(
        self, sides: "list[_Side]", decoders: list[Decoder], progress: Progress | None
    ) -> list[Dataset]:
        found = [decode.all(progress) for decode in decoders]
        bad = []
        for side, (kept, _, problems) in zip(sides, found, strict=True):
            lost = sorted(set(range(len(side.names))) - set(kept))
            bad.append(dict(zip(lost, [why for _, why in problems], strict=True)))
        before = [list(side.names) for side in sides]
        self._drop_bad(sides, bad)
        held: list[Dataset] = []
        for side, names, decode, (kept, pixels, _) in zip(
            sides, before, decoders, found, strict=True
        ):
            left = set(side.names)
            rows = [row for row, i in enumerate(kept) if names[i] in left]
            decode.names = side.names
            pixels = pixels if len(rows) == len(pixels) else pixels[rows]
            fingerprint = fingerprint_of_files(decode, None)
            held.append(ArrayDataset(pixels, name=str(side.path), fingerprint=fingerprint))
        return held

    def _streamed(
        self, sides: "list[_Side]", decoders: list[Decoder], progress: Progress | None
    ) -> list[Dataset]:
        if self.skip_bad:
            bad = []
            for side, decode in zip(sides, decoders, strict=True):
                problems = dict(decode.check(progress)[1])
                bad.append({i: problems[n] for i, n in enumerate(side.names) if n in problems})
            self._drop_bad(sides, bad)
        for side, decode in zip(sides, decoders, strict=True):
            decode.names = side.names
        return [
            StreamedImages(
                decode, None, (), name=str(side.path),
                fingerprint=fingerprint_of_files(decode, None),
            )
            for side, decode in zip(sides, decoders, strict=True)
        ]  # fmt: skip


def _several(data: Any) -> list[Any]:
    return list(data) if isinstance(data, tuple | list) else [data]


@dataclass
class _Side:
    """The images of one domain, by name, with what their headers say."""

    path: Path
    archive: Archive
    names: list[str]
    forms: list[ImageHeader | str]
    half: Half | None = None

    @classmethod
    def open(cls, path: Path, half: Half | None = None) -> "_Side":
        archive = open_archive(path)
        names = pictures_in(archive)
        if not names:
            raise DataError(
                f"no images in {path} ({len(archive.names)} files). A translation needs images "
                f"of both domains; they end in {', '.join(sorted(ENDINGS))}."
            )
        return cls(path, archive, names, [], half)

    def read_headers(self, progress: Progress | None) -> None:
        look = in_threads(
            lambda name: read_header(self.archive, name), self.names, progress, "scanning images"
        )
        self.forms = [
            one if isinstance(one, str) or self.half is None else one._replace(width=one.width // 2)
            for one in look
        ]

    def keep(self, rows: Sequence[int]) -> None:
        self.names = [self.names[i] for i in rows]
        self.forms = [self.forms[i] for i in rows] if self.forms else []

    @property
    def bad(self) -> dict[int, str]:
        return {i: form for i, form in enumerate(self.forms) if isinstance(form, str)}

    @property
    def good(self) -> list[ImageHeader]:
        return [form for form in self.forms if not isinstance(form, str)]

    @property
    def deep(self) -> list[str]:
        """Names of images whose pixels have more than 8 bits."""
        forms = zip(self.names, self.forms, strict=True)
        return [name for name, form in forms if not isinstance(form, str) and form.deep]


def _spread(count: int, limit: int | None) -> list[int]:
    if limit is None or limit >= count:
        return list(range(count))
    return [i * count // limit for i in range(limit)]


def _match(sources: _Side, targets: _Side) -> None:
    """Put both in the order of their common names.

    Raises:
        DataError: an image has no partner, or several.
    """
    stems = [_by_stem(side) for side in (sources, targets)]
    alone = [
        f"{side.path}/{name}"
        for side, mine, other in ((sources, *stems), (targets, *stems[::-1]))
        for stem, name in mine.items()
        if stem not in other
    ]
    if alone:
        raise DataError(
            f"{len(sources.names)} images in {sources.path} and {len(targets.names)} in "
            f"{targets.path}, and {len(alone)} have no partner of the same name: {_listed(alone)}. "
            "Add or remove them, or train cyclegan, which needs no pairs."
        )
    for side, mine in zip((sources, targets), stems, strict=True):
        side.names = [mine[stem] for stem in sorted(stems[0])]


def _by_stem(side: _Side) -> dict[str, str]:
    stems: dict[str, str] = {}
    for name in side.names:
        stem = PurePosixPath(name).with_suffix("").as_posix()
        if stem in stems:
            raise DataError(
                f"{side.path} has both {stems[stem]} and {name}; pairs are found by their names "
                "without the ending. Remove or rename one of them."
            )
        stems[stem] = name
    return stems


def _require_same_sizes(sources: _Side, targets: _Side) -> None:
    wrong = [
        f"{name} ({a[0]} x {a[1]} and {b[0]} x {b[1]})"
        for name, a, b in zip(sources.names, sources.good, targets.good, strict=True)
        if a[:2] != b[:2]
    ]
    if wrong:
        raise DataError(
            f"{len(wrong)} of {len(sources.names)} pairs hold images of different sizes: "
            f"{_listed(wrong)}. Pixels of a pair must lie on each other: bring both images to "
            "one size."
        )


def _scan_of(sides: Iterable[_Side]) -> Scan:
    forms = [form for side in sides for form in side.good]
    sizes = Counter((form.height, form.width) for form in forms)
    return Scan(len(forms), sizes, Counter(form.channels for form in forms), Counter(), [])


def _channels_of(side: _Side) -> int:
    try:
        return natural_channels(_scan_of([side]))
    except DataError as error:
        raise DataError(f"{side.path}: {error}") from error


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"{', '.join(names[:_LISTED])}{more}"
