"""Images of two domains: in aligned pairs, or each domain by itself."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, PositiveInt

from zerosum.data.base import ArrayDataset, DataConfig, Dataset, Progress, other_kind
from zerosum.data.places import is_archive
from zerosum.data.scanning import none_readable, unreadable_files
from zerosum.data.splits import Split, place_of_split
from zerosum.errors import DataError
from zerosum.faces import option, reading
from zerosum.modalities.images.decoding import (
    Decoder,
    StreamedImages,
    fingerprint_of_files,
)
from zerosum.modalities.images.domains import (
    are_double,
    are_several,
    named_domains,
    two_domains,
    two_folders,
)
from zerosum.modalities.images.folders import RESIDENT_BYTES
from zerosum.modalities.images.joined import JoinedImages
from zerosum.modalities.images.pair_space import PairSpace
from zerosum.modalities.images.paired import PairDataset
from zerosum.modalities.images.pixels import ENDINGS, Fit, Half, Sides, as_names
from zerosum.modalities.images.scanning import (
    natural_size,
    range_of,
)
from zerosum.modalities.images.sides import (
    ImageDomain,
    channels_of,
    match,
    require_same_sizes,
    scan_of,
)
from zerosum.spaces import Space

Names = Annotated[tuple[str, ...], BeforeValidator(as_names)]
"""Names of subfolders."""


class PairsConfig(DataConfig):
    """Two folders of images, or one folder or zip with two subfolders.

    Attributes:
        path: the folder or zip; with `targets`, that of the sources. Subfolders called A and B,
            source and target, or trainA and trainB are taken by their names, first the sources;
            else there must be two, which are taken in the order of the alphabet.
        targets: where targets lie, if not beside the sources in `path`.
        target: the subfolder of what is made, where there are several of sources, whose images are
            joined as channels; if not given and there are more than two, the last of the alphabet.
        sources: the subfolders of sources, in this order; if not given, all but the target.
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
    target: str | None = None
    sources: Names | None = None
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
        return 0.5 * bool(paths and all(map(is_archive, paths)))

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
        size = self.size or natural_size(scan_of(sides))
        channels = [self.channels or channels_of(side) for side in sides]
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
        *sources, targets = opened(sides, decoders, progress)
        places, notes = self._places()
        one = sources[0]
        if len(sources) > 1:
            names = [place.name for place in places]
            one = JoinedImages(dict(zip(names, sources, strict=False)), name=self.path)
        made = PairDataset(one, targets, aligned=self.aligned, name=self.name)
        made.notes = notes
        return made

    def open(self, data: Any, progress: Progress | None = None) -> tuple[Dataset, DataConfig]:
        """See `DataConfig.open`; names of several sources that were guessed are recorded."""
        made = self.build(progress)
        *sources, target = [place.name for place in self._places()[0]]
        named = {"sources": sources, "target": target} if len(sources) > 1 else {}
        return made, self.with_values(named)

    def scan(self, progress: Progress | None = None) -> str | None:
        """What the folders hold, from the files' headers alone.

        Raises:
            DataError: as `build`.
        """
        sides = self._scanned(progress)
        height, width = self.size or natural_size(scan_of(sides))
        *sources, targets = (f"{len(side.names):,} in {side.path}" for side in sides)
        what = "aligned pairs" if self.aligned else "unpaired images"
        return (
            f"{what}: {' and '.join(sources)} to {targets}; brought to {height} x {width} "
            f"({option('size')})"
        )

    def _places(self) -> tuple[list["_Place"], tuple[str, ...]]:
        """Where sources and, at last, targets lie, and what was guessed."""
        if self.targets is not None:
            self._refuse_names(f"in {self.path} and {self.targets}")
            return [_Place("source", Path(self.path)), _Place("target", Path(self.targets))], ()
        place, note = place_of_split(Path(self.path), self.split, ENDINGS)
        notes = [f"{note}."] if note else []
        order = self.side_by_side
        named = self.target is not None or self.sources is not None
        if order is None and not named and are_double(place):
            order = "A|B"
            notes.append(
                "each image holds a pair side by side: the left half is translated into the right "
                f"one ({reading(side_by_side='B|A')} for the other way)."
            )
        if order is not None:
            self._refuse_names("side by side")
            halves: list[Half] = ["left", "right"] if order == "A|B" else ["right", "left"]
            return [_Place(half, place, half) for half in halves], tuple(notes)
        if named or (self.aligned and are_several(str(place))):
            sources, target, guess = named_domains(str(place), self.sources, self.target)
            if len(sources) > 1 and not self.aligned:
                raise DataError(
                    f"{' and '.join(sources)} are several sources, which belong together by the "
                    "names of their files; cyclegan takes one that belongs to nothing. Train "
                    f"pix2pix, or name one: {reading(sources=next(iter(sources)))}."
                )
            notes += [guess] if guess else []
            places = [_Place(name, place / inside) for name, inside in sources.items()]
            return [*places, _Place(Path(target).name, place / target)], tuple(notes)
        return [_Place(name, place / name) for name in two_domains(str(place))], tuple(notes)

    def _refuse_names(self, where: str) -> None:
        given = [name for name in ("sources", "target") if getattr(self, name) is not None]
        if given:
            raise DataError(
                f"{given[0]} names subfolders of one folder, and pairs lie {where}; leave it out."
            )

    def _scanned(self, progress: Progress | None) -> list[ImageDomain]:
        """Sources and targets with their headers read, without what cannot be used."""
        sides = [ImageDomain.open(place.path, place.half) for place in self._places()[0]]
        if self.aligned:
            match(sides)
        for side in sides:
            side.keep(_spread(len(side.names), self.limit))
            side.read_headers(progress)
        self._drop_bad(sides, [side.bad for side in sides])
        if self.aligned:
            require_same_sizes(sides)
        return sides

    def _drop_bad(self, sides: list[ImageDomain], bad: list[dict[int, str]]) -> None:
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
                raise DataError(none_readable("image", side.path, listed))

    def _held(
        self, sides: list[ImageDomain], decoders: list[Decoder], progress: Progress | None
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
        self, sides: list[ImageDomain], decoders: list[Decoder], progress: Progress | None
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


@dataclass(frozen=True)
class _Place:
    """Where the images of a domain lie, and how it is called."""

    name: str
    path: Path
    half: Half | None = None


def _several(data: Any) -> list[Any]:
    return list(data) if isinstance(data, tuple | list) else [data]


def _spread(count: int, limit: int | None) -> list[int]:
    if limit is None or limit >= count:
        return list(range(count))
    return [i * count // limit for i in range(limit)]
