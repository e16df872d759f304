"""Parts of a report that differ from one kind of data to another: what samples look like.

A part is data: it is made once, when a model is judged, goes through JSON without loss, and is
rendered by its template when a page is written. A modality gives `SamplesPart`, or a part of its
own with a template in its own package.
"""

import base64
import io
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from jinja2 import BaseLoader
from markupsafe import Markup
from PIL import Image
from torch import Tensor

from zerosum.data.base import Dataset
from zerosum.errors import EvaluationError, did_you_mean
from zerosum.evaluation.metrics.base import SampleSet
from zerosum.evaluation.reports.rendering import TEMPLATES, render
from zerosum.forms.base import Preview
from zerosum.models.model import Model
from zerosum.spaces import Space

_WIDEST_SHEET = 1_024
_THUMB = 128
_GROUPS = {"closest": "Samples closest to a training row", "random": "Samples at random"}


@dataclass(frozen=True)
class Neighbour:
    """A sample with the training rows that are nearest to it.

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
        neighbours: samples with training rows; empty if these cannot be shown.
        pool: how many training rows the neighbours were looked for in.
        private: whether no real may be shown.
        seed: of everything random.
        target: the column that is to be predicted, or None.
        dataset: what the model was trained on, or None.
        others: real rows apart from the reference, of which a judge may learn; None without any.
        sources: what samples were made from, compact `[N, ...]`; None if from nothing.
        truth: what should have been made of these, compact `[N, ...]`; None where it is not known.
    """

    model: Model
    space: Space
    samples: SampleSet
    reference: SampleSet
    reals: str
    neighbours: tuple[Neighbour, ...]
    pool: int
    private: bool
    seed: int
    target: str | None = None
    dataset: Dataset | None = None
    others: SampleSet | None = None
    sources: Tensor | None = None
    truth: Tensor | None = None


class Part(ABC):
    """A part of a report. A subclass is found again by its `kind` when JSON is read.

    Attributes:
        kind: unique among parts.
        template: name of the template that renders it, as sections of a page.
        loader: finds the template; for one in the folder `templates` of a package, this is
            `jinja2.PackageLoader("the.package")`.
    """

    kind: ClassVar[str]
    template: ClassVar[str]
    loader: ClassVar[BaseLoader] = TEMPLATES
    _kinds: ClassVar[dict[str, type["Part"]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        Part._kinds[cls.kind] = cls

    def shown(self) -> Mapping[str, Any]:
        """What the template is given; the part itself if not overridden."""
        return {"part": self}

    def listing(self) -> tuple[str, Sequence[dict[str, str]]]:
        """A heading, and rows by column that a terminal shows; no rows if not overridden."""
        return "", ()

    def render(self) -> Markup:
        """Sections of a page."""
        return render(self.template, self.shown(), loader=self.loader)

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Plain values, from which `read` makes an equal part; numbers need not be finite."""

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

    def to_json(self) -> dict[str, Any]:
        """The file as base64."""
        return {"png": _text(self.png), "caption": self.caption, "plot": self.plot}

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """What `to_json` described."""
        return cls(_bytes(data["png"]), data["caption"], data["plot"])


@dataclass(frozen=True)
class SamplesPart(Part):
    """Samples, perhaps with reals next to them or under them.

    Attributes:
        heading: of the section.
        samples: the picture of the samples.
        reals: that of reals; None if they are in the same picture, or may not be shown.
    """

    kind: ClassVar[str] = "samples"
    template: ClassVar[str] = "samples.html.jinja"
    heading: str
    samples: Drawn
    reals: Drawn | None = None

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
    """A sample and training rows as PNG files, with their distances."""

    sample: bytes
    nearest: tuple[bytes, ...]
    distances: tuple[float, ...]
    chosen: str


@dataclass(frozen=True)
class NeighboursPart(Part):
    """Samples with the training rows that are nearest to them.

    Attributes:
        cards: one for each sample.
        pool: how many training rows they were looked for in.
    """

    kind: ClassVar[str] = "neighbours"
    template: ClassVar[str] = "neighbours.html.jinja"
    cards: tuple[Card, ...]
    pool: int

    @property
    def groups(self) -> list[tuple[str, list[Card]]]:
        """Cards by why they were chosen, with a heading for each."""
        return [
            (_GROUPS.get(why, "Samples"), [one for one in self.cards if one.chosen == why])
            for why in dict.fromkeys(one.chosen for one in self.cards)
        ]

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
    """Samples in one picture, reals in another, and samples with their nearest training rows."""
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


def _drawn(one: Neighbour, space: Space, preview: Preview) -> Card:
    def thumb(x: Tensor) -> bytes:
        image = preview.draw_one(space, x)
        zoom = max(1, _THUMB // max(image.size) // 2)
        larger = (image.width * zoom, image.height * zoom)
        return png_of(image.resize(larger, Image.Resampling.NEAREST), widest=_THUMB)

    return Card(thumb(one.sample), tuple(map(thumb, one.nearest)), one.distances, one.chosen)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)
