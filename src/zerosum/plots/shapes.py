"""What a plot consists of: lines, areas, boxes, dots and words, placed in pixels.

A chart arranges shapes and never says what they look like. Each shape has a *role*, which is a CSS
class in SVG and a colour where pixels are drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

Point = tuple[float, float]
"""Across and down, in pixels from the upper left corner."""

Role = Literal[
    "grid", "axis", "track", "made", "real", "band", "quiet", "ring", "guess", "cell", "unknown",
    "hover", "words", "title", "diagnosis", "remedy", "series-0", "series-1", "series-2",
    "series-3", "series-4", "series-5",
]  # fmt: skip
"""What a shape stands for. `hover` is invisible and carries a title."""

SERIES: tuple[Role, ...] = (
    "series-0", "series-1", "series-2", "series-3", "series-4", "series-5",
)  # fmt: skip
"""Roles of the curves of one chart, in turn."""


@dataclass(frozen=True)
class Shape:
    """A part of a plot.

    Attributes:
        points: where it is, `[N, 2]`.
        role: what it stands for.
        title: what a page shows when the shape is pointed at.
        strength: of its colour, from 0 to 1.
    """

    points: Sequence[Point]
    role: Role
    title: str = ""
    strength: float = 1.0

    def moved(self, across: float, down: float) -> Self:
        """The same shape elsewhere."""
        return replace(self, points=[(x + across, y + down) for x, y in self.points])


@dataclass(frozen=True)
class Line(Shape):
    """Points that are joined."""


@dataclass(frozen=True)
class Area(Shape):
    """A filled polygon."""


@dataclass(frozen=True)
class Box(Shape):
    """A filled rectangle; `points` are its upper left and its lower right corner."""


@dataclass(frozen=True)
class Dots(Shape):
    """A dot at each point.

    Attributes:
        radius: of a dot, in pixels.
    """

    radius: float = 4.0


@dataclass(frozen=True)
class Words(Shape):
    """A line of text, whose baseline begins, ends or has its middle at the one point.

    Attributes:
        text: what is written.
        anchor: what of the text is at the point.
        size: of the font, in pixels.
        upwards: whether it is turned, to be read from the bottom up.
    """

    text: str = ""
    anchor: Literal["start", "middle", "end"] = "start"
    size: int = 11
    upwards: bool = False


@dataclass(frozen=True)
class Plot:
    """Shapes on a sheet, later ones over earlier ones.

    Attributes:
        kind: of the chart; a CSS class.
        width: in pixels.
        height: in pixels.
        shapes: what is drawn.
        label: what the plot shows, for those who cannot see it.
    """

    kind: str
    width: int
    height: int
    shapes: Sequence[Shape]
    label: str = ""
