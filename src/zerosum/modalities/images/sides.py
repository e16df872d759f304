"""The images of one domain, and how images of several domains belong together."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from zerosum.data.archives import Archive
from zerosum.data.base import Progress
from zerosum.data.places import open_archive
from zerosum.data.scanning import held_in
from zerosum.errors import DataError
from zerosum.modalities.images.decoding import in_threads
from zerosum.modalities.images.domains import pictures_in
from zerosum.modalities.images.pixels import ENDINGS, Half, ImageHeader
from zerosum.modalities.images.scanning import Scan, natural_channels, read_header

_LISTED = 10


@dataclass
class ImageDomain:
    """The images of one domain, by name, with what their headers say.

    Attributes:
        path: the folder, or the part of a zip.
        archive: what lies there.
        names: of the images.
        forms: the header of each, or why it cannot be read; empty before they are read.
        half: of images that hold a pair side by side, which half.
    """

    path: Path
    archive: Archive
    names: list[str]
    forms: list[ImageHeader | str]
    half: Half | None = None

    @classmethod
    def open(cls, path: Path, half: Half | None = None) -> "ImageDomain":
        """The images at `path`.

        Raises:
            DataError: it holds no images.
        """
        archive = open_archive(path)
        names = pictures_in(archive)
        if not names:
            raise DataError(
                f"no images in {path} ({held_in(archive)}). A translation needs images "
                f"of both domains; they end in {', '.join(sorted(ENDINGS))}."
            )
        return cls(path, archive, names, [], half)

    def read_headers(self, progress: Progress | None) -> None:
        """Look at each file."""
        look = in_threads(
            lambda name: read_header(self.archive, name), self.names, progress, "scanning images"
        )
        self.forms = [
            one if isinstance(one, str) or self.half is None else one._replace(width=one.width // 2)
            for one in look
        ]

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with some of them."""
        self.names = [self.names[i] for i in rows]
        self.forms = [self.forms[i] for i in rows] if self.forms else []

    @property
    def bad(self) -> dict[int, str]:
        """Why images cannot be read, by their numbers."""
        return {i: form for i, form in enumerate(self.forms) if isinstance(form, str)}

    @property
    def good(self) -> list[ImageHeader]:
        """The headers of those that can."""
        return [form for form in self.forms if not isinstance(form, str)]

    @property
    def deep(self) -> list[str]:
        """Names of images whose pixels have more than 8 bits."""
        forms = zip(self.names, self.forms, strict=True)
        return [name for name, form in forms if not isinstance(form, str) and form.deep]


def match(sides: Sequence[ImageDomain]) -> None:
    """Put all in the order of their common names.

    Raises:
        DataError: an image has no partner, or several.
    """
    stems = [_by_stem(side) for side in sides]
    shared = set(stems[0]).intersection(*stems[1:])
    alone = [
        f"{side.path}/{name}"
        for side, mine in zip(sides, stems, strict=True)
        for stem, name in mine.items()
        if stem not in shared
    ]
    if alone:
        counts = [f"{len(side.names)} in {side.path}" for side in sides[1:]]
        more = "" if len(sides) > 2 else ", or train cyclegan, which needs no pairs"
        raise DataError(
            f"{len(sides[0].names)} images in {sides[0].path} and {' and '.join(counts)}, and "
            f"{len(alone)} have no partner of the same name: {_listed(alone)}. Add or remove "
            f"them{more}."
        )
    for side, mine in zip(sides, stems, strict=True):
        side.names = [mine[stem] for stem in sorted(shared)]


def _by_stem(side: ImageDomain) -> dict[str, str]:
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


def require_same_sizes(sides: Sequence[ImageDomain]) -> None:
    """Refuse images of other sizes than their partners.

    Raises:
        DataError: there are some.
    """
    wrong = []
    for name, *forms in zip(sides[0].names, *(side.good for side in sides), strict=True):
        sizes = [f"{form.height} x {form.width}" for form in forms]
        if len(set(sizes)) > 1:
            wrong.append(f"{name} ({', '.join(sizes[:-1])} and {sizes[-1]})")
    if wrong:
        raise DataError(
            f"{len(wrong)} of {len(sides[0].names)} pairs hold images of different sizes: "
            f"{_listed(wrong)}. Pixels of a pair must lie on each other: bring its images to one "
            "size."
        )


def scan_of(sides: Iterable[ImageDomain]) -> Scan:
    """What several sides hold together."""
    forms = [form for side in sides for form in side.good]
    sizes = Counter((form.height, form.width) for form in forms)
    return Scan(len(forms), sizes, Counter(form.channels for form in forms), Counter(), [])


def channels_of(side: ImageDomain) -> int:
    """The channels that its images share.

    Raises:
        DataError: they differ.
    """
    try:
        return natural_channels(scan_of([side]))
    except DataError as error:
        raise DataError(f"{side.path}: {error}") from error


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"{', '.join(names[:_LISTED])}{more}"
