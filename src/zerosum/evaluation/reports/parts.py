"""Parts of a report that differ from one kind of data to another: what samples look like.

A part is data: it is made once, when a model is judged, goes through JSON without loss, and becomes
markup when a page is written.
"""

import base64
import io
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from PIL import Image
from torch import Tensor

from zerosum.errors import EvaluationError, did_you_mean
from zerosum.evaluation.measures.base import Exhibit
from zerosum.evaluation.reports.markup import Markup, element
from zerosum.evaluation.reports.words import number
from zerosum.forms.base import Preview
from zerosum.models.model import Model
from zerosum.spaces import Space

_WIDEST_SHEET = 1_024
_THUMB = 128
_GROUPS = {"closest": "Samples closest to a training row", "random": "Samples at random"}


@dataclass(frozen=True)
class Neighbour:
    """A sample beside the training rows that it is nearest to.

    Attributes:
        sample: the sample, compact.
        nearest: training rows, nearest first, compact `[k, ...]`.
        distances: how far they are, in features.
        chosen: why this sample is shown: `closest` to the training rows, or at `random`.
    """

    sample: Tensor
    nearest: Tensor
    distances: tuple[float, ...]
    chosen: str


@dataclass(frozen=True)
class Shown:
    """What a report may show of one model that was judged.

    Attributes:
        model: what was judged.
        space: what a sample is.
        samples: what it made.
        reference: reals that these were held against.
        reals: what the reference is part of: `holdout` or `training data`.
        neighbours: samples beside training rows; empty if these cannot be shown.
        pool: how many training rows the neighbours were looked for in.
        private: whether no real may be shown.
        seed: of everything random.
    """

    model: Model
    space: Space
    samples: Exhibit
    reference: Exhibit
    reals: str
    neighbours: tuple[Neighbour, ...]
    pool: int
    private: bool
    seed: int


class Part(ABC):
    """A part of a report. A subclass with a `kind` is found again when JSON is read."""

    kind: ClassVar[str]
    _kinds: ClassVar[dict[str, type["Part"]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        Part._kinds[cls.kind] = cls

    @abstractmethod
    def markup(self) -> tuple[Markup | None, ...]:
        """Sections of a page."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, from which `read` makes an equal part."""

    @classmethod
    @abstractmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """The part that `to_json` described."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Part":
        """The part of the kind that `data` names.

        Raises:
            EvaluationError: no such kind is known; the package that defines it is not loaded.
        """
        kind = data["kind"]
        if kind not in cls._kinds:
            raise EvaluationError(f"no part {kind!r} of a report.{did_you_mean(kind, cls._kinds)}")
        return cls._kinds[kind].read(data)


@dataclass(frozen=True)
class Drawn:
    """A picture with its caption.

    Attributes:
        png: the file.
        caption: what it shows.
        plot: whether it is a plot, which is shown larger than a grid of samples.
    """

    png: bytes
    caption: str
    plot: bool = False

    def markup(self) -> Markup:
        """A figure with its caption."""
        return element(
            "figure", embedded(self.png, alt=self.caption), element("figcaption", self.caption),
            class_="plot" if self.plot else None,
        )  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """The file as base64."""
        return {"png": _text(self.png), "caption": self.caption, "plot": self.plot}

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """What `to_json` described."""
        return cls(_bytes(data["png"]), data["caption"], data["plot"])


@dataclass(frozen=True)
class SamplesPart(Part):
    """Samples, and perhaps reals beside them or under them.

    Attributes:
        heading: of the section.
        samples: the picture of the samples.
        reals: that of reals; None if they are in the same picture, or may not be shown.
    """

    kind: ClassVar[str] = "samples"
    heading: str
    samples: Drawn
    reals: Drawn | None = None

    def markup(self) -> tuple[Markup | None, ...]:
        """One section."""
        shown = [self.samples.markup()]
        if self.reals is not None:
            shown.append(self.reals.markup())
        body = element("div", *shown, class_="pair") if len(shown) > 1 else shown[0]
        return (element("section", element("h2", self.heading), body),)

    def to_json(self) -> dict[str, Any]:
        """See `Part.to_json`."""
        reals = None if self.reals is None else self.reals.to_json()
        return {
            "kind": self.kind, "heading": self.heading,
            "samples": self.samples.to_json(), "reals": reals,
        }  # fmt: skip

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """See `Part.read`."""
        reals = None if data["reals"] is None else Drawn.read(data["reals"])
        return cls(data["heading"], Drawn.read(data["samples"]), reals)


@dataclass(frozen=True)
class Card:
    """A sample beside training rows, as PNG files, with their distances."""

    sample: bytes
    nearest: tuple[bytes, ...]
    distances: tuple[float, ...]
    chosen: str


@dataclass(frozen=True)
class NeighboursPart(Part):
    """Samples beside the training rows that are nearest to them.

    Attributes:
        cards: one for each sample.
        pool: how many training rows they were looked for in.
    """

    kind: ClassVar[str] = "neighbours"
    cards: tuple[Card, ...]
    pool: int

    def markup(self) -> tuple[Markup | None, ...]:
        """One section."""
        parts: list[Markup] = []
        for chosen in dict.fromkeys(one.chosen for one in self.cards):
            parts.append(element("h3", _GROUPS.get(chosen, "Samples")))
            cards = [_card(one) for one in self.cards if one.chosen == chosen]
            parts.append(element("div", *cards, class_="cards"))
        words = (
            f"Each sample (framed) with the nearest of {self.pool:,} training rows, and how far "
            "these are in features. A copy would look the same as its neighbour."
        )
        note = element("p", words, class_="note")
        return (element("section", element("h2", "Nearest training rows"), note, *parts),)

    def to_json(self) -> dict[str, Any]:
        """See `Part.to_json`."""
        cards = [
            {
                "sample": _text(one.sample), "nearest": [_text(png) for png in one.nearest],
                "distances": list(one.distances), "chosen": one.chosen,
            }
            for one in self.cards
        ]  # fmt: skip
        return {"kind": self.kind, "cards": cards, "pool": self.pool}

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """See `Part.read`."""
        cards = tuple(
            Card(
                _bytes(one["sample"]), tuple(map(_bytes, one["nearest"])),
                tuple(one["distances"]), one["chosen"],
            )
            for one in data["cards"]
        )  # fmt: skip
        return cls(cards, data["pool"])


def beside_reals(shown: Shown, preview: Preview, *, most: int) -> Iterator[Part]:
    """Samples in one picture, reals in another, and samples beside their nearest training rows."""
    n = min(most, len(shown.samples))
    samples = Drawn(
        png_of(preview.draw(shown.space, shown.samples.x[:n])), f"{n} samples, not selected"
    )
    reals = None
    if not shown.private:
        real = shown.reference.x[:most]
        words = f"{len(real)} reals of the {shown.reals}"
        reals = Drawn(png_of(preview.draw(shown.space, real)), words)
    yield SamplesPart("Samples beside reals" if reals else "Samples", samples, reals)
    if shown.neighbours:
        yield NeighboursPart(tuple(_drawn(one, shown.space, preview) for one in shown.neighbours),
                             shown.pool)  # fmt: skip


def over_reals(shown: Shown, preview: Preview, *, most: int) -> Iterator[Part]:
    """Samples drawn over reals in one plot."""
    x = shown.samples.x[:most]
    real = None if shown.private else shown.reference.x[:most]
    words = f"{len(x):,} samples in blue" + ("" if real is None else " over reals in grey")
    words += ", the first two of their dimensions" if shown.space.size > 2 else ""
    heading = "Samples" if real is None else "Samples over reals"
    plot = Drawn(png_of(preview.draw(shown.space, x, real=real)), words, plot=True)
    yield SamplesPart(heading, plot)


def png_of(image: Image.Image, *, widest: int = _WIDEST_SHEET) -> bytes:
    """A picture as a PNG file, made smaller where it is wider than `widest` pixels."""
    if image.width > widest:
        height = max(1, round(image.height * widest / image.width))
        image = image.resize((widest, height), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def embedded(png: bytes, *, alt: str) -> Markup:
    """A PNG file as part of a page."""
    with Image.open(io.BytesIO(png)) as image:
        width, height = image.size
    return element(
        "img", src=f"data:image/png;base64,{_text(png)}", alt=alt, width=width, height=height
    )


def _drawn(one: Neighbour, space: Space, preview: Preview) -> Card:
    def thumb(x: Tensor) -> bytes:
        image = preview.draw_one(space, x)
        zoom = max(1, _THUMB // max(image.size) // 2)
        larger = (image.width * zoom, image.height * zoom)
        return png_of(image.resize(larger, Image.Resampling.NEAREST), widest=_THUMB)

    return Card(thumb(one.sample), tuple(map(thumb, one.nearest)), one.distances, one.chosen)


def _card(one: Card) -> Markup:
    first = element(
        "figure", embedded(one.sample, alt="sample"), element("figcaption", "sample"),
        class_="sample",
    )  # fmt: skip
    rest = [
        element("figure", embedded(png, alt="training row"), element("figcaption", number(far)))
        for png, far in zip(one.nearest, one.distances, strict=True)
    ]
    return element("div", first, *rest, class_="card")


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)
