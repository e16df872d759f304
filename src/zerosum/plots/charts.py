"""Charts: curves, clouds of points, values on a scale, distributions side by side, heat maps."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from zerosum.lettering import Lettering
from zerosum.plots.shapes import SERIES, Area, Box, Dots, Line, Plot, Point, Role, Shape, Words

_ROOMY = 300
"""Pixels from which a frame of curves has room for larger and more numbers at its sides."""
_WHOLE = 20.0
"""What an x axis spans at least to be labelled with whole numbers."""
_LONGEST_NAME = 17


def curves(
    series: Mapping[str, Sequence[Point]],
    *,
    width: int = 720,
    height: int = 480,
    marks: Sequence[tuple[float, Role]] = (),
    unit: str = "",
    label: str = "",
    legend: bool = True,
) -> Plot:
    """Named `(x, y)` curves in one frame with a legend; a curve of one point is a dot.

    The legend is at the top, on the side where it covers fewer points. Points that are not finite
    are not drawn.

    Args:
        series: points by the name of their curve; an empty name has no entry in the legend.
        width: of the plot, in pixels.
        height: of the plot, in pixels.
        marks: upright lines, each an x and its role; those outside the frame are not drawn.
        unit: of x.
        label: what the plot shows, for those who cannot see it.
        legend: whether the names are written into the frame.
    """
    roomy = height >= _ROOMY
    size, shares = (13, (0.0, 0.25, 0.5, 0.75, 1.0)) if roomy else (11, (0.0, 0.5, 1.0))
    left, right, top, bottom = 4.4 * size, width - 1.2 * size, size, height - 1.8 * size
    finite = {name: [p for p in line if all(map(isfinite, p))] for name, line in series.items()}
    points = [point for line in finite.values() for point in line]
    xs, ys = [p[0] for p in points] or [0.0], [p[1] for p in points] or [0.0]
    (x0, x1), (y0, y1) = (min(xs), max(xs)), (min(ys), max(ys))

    def place(x: float, y: float) -> Point:
        across = left + (x - x0) / max(x1 - x0, 1e-9) * (right - left)
        return across, bottom - (y - y0) / max(y1 - y0, 1e-9) * (bottom - top)

    shapes: list[Shape] = []
    for share in shares:
        y = bottom - share * (bottom - top)
        shapes.append(Line([(left, y), (right, y)], "grid"))
        if y1 > y0 or share == 0:
            value = f"{y0 + share * (y1 - y0):.3g}"
            shapes.append(Words([(left - 6, y + 0.35 * size)], "words", text=value,
                                anchor="end", size=size))  # fmt: skip
    several = x1 > x0
    shapes += _along(
        x0, x1, shares if several else (0.0,), unit if several else "", left=left, right=right,
        y=height - 0.5 * size, size=size,
    )  # fmt: skip
    shapes += [
        Line([place(x, y0), (place(x, y0)[0], top)], role) for x, role in marks if x0 <= x <= x1
    ]
    placed = {name: [place(*point) for point in line] for name, line in finite.items()}
    for i, line in enumerate(placed.values()):
        role = SERIES[i % len(SERIES)]
        if len(line) > 1:
            shapes.append(Line(line, role))
        elif line:
            shapes.append(Dots(line, role))
    if legend:
        shapes += _legend(placed, left=left, right=right, top=top, size=size)
    return Plot("curves", width, height, shapes, label)


def _along(
    x0: float, x1: float, shares: Sequence[float], unit: str, *, left: float, right: float,
    y: float, size: int,
) -> Iterator[Words]:  # fmt: skip
    """Numbers beneath an x axis: those of its ends, and of those between what has room."""
    ends = (0.0, 1.0)
    taken: list[tuple[float, float]] = []
    for share in sorted(shares, key=lambda one: one not in ends):
        x, across = x0 + share * (x1 - x0), left + share * (right - left)
        text = f"{x:,.0f}" if x1 - x0 >= _WHOLE else f"{round(x, 2):,.10g}"
        text += f" {unit}" if unit and share == 1 else ""
        long = Lettering(size).length(text)
        low = across - long * (share if share in ends else 0.5)
        if all(low - size >= end or low + long + size <= begin for begin, end in taken):
            taken.append((low, low + long))
            anchor = "start" if share == 0 else "end" if share == 1 else "middle"
            yield Words([(across, y)], "words", text=text, anchor=anchor, size=size)


def _legend(
    placed: Mapping[str, Sequence[Point]], *, left: float, right: float, top: float, size: int
) -> Iterator[Words]:
    """Names in the colours of their curves, at the side where they cover less."""
    long = max((Lettering(size).length(name) for name in placed), default=0.0)
    step = size + 4
    high = [x for line in placed.values() for x, y in line if y < top + step * len(placed)]
    sides = (left + size, right - size - long)
    start = min(sides, key=lambda x: sum(x - 16 <= at <= x + long + 16 for at in high))
    for i, name in enumerate(placed):
        if name:
            yield Words([(start, top + 4 + size + step * i)], SERIES[i % len(SERIES)],
                        text=name, size=size)  # fmt: skip


def frames(
    series: Mapping[str, Sequence[Point]],
    *,
    width: int = 300,
    height: int = 200,
    columns: int = 3,
    marks: Sequence[tuple[float, Role]] = (),
) -> Plot:
    """Named `(x, y)` curves, each in a frame of its own with its own scale and its name above.

    Args:
        series: points by the name of their curve.
        width: of a frame, in pixels.
        height: of a frame without its name, in pixels.
        columns: frames side by side at most.
        marks: see `curves`; the same in every frame.
    """
    alone = {name: {"": points} for name, points in series.items()}
    return overlays(alone, width=width, height=height, columns=columns, marks=marks)


def overlays(
    groups: Mapping[str, Mapping[str, Sequence[Point]]],
    *,
    width: int = 300,
    height: int = 200,
    columns: int = 3,
    marks: Sequence[tuple[float, Role]] = (),
) -> Plot:
    """Frames with a name above and named `(x, y)` curves in each, as `curves` draws them.

    Args:
        groups: curves by the name of their frame.
        width: of a frame, in pixels.
        height: of a frame without its name, in pixels.
        columns: frames side by side at most.
        marks: see `curves`; the same in every frame.
    """
    strip = 20
    across = max(1, min(columns, len(groups)))
    down = max(1, -(-len(groups) // across))
    shapes: list[Shape] = []
    for i, (name, series) in enumerate(groups.items()):
        left, top = i % across * width, i // across * (height + strip)
        shapes.append(Words([(left + 12, top + 15)], "title", text=name, size=13))
        frame = curves(series, width=width, height=height, marks=marks)
        shapes += [shape.moved(left, top + strip) for shape in frame.shapes]
    return Plot("curves", across * width, down * (height + strip), shapes, ", ".join(groups))


@dataclass(frozen=True)
class Reading:
    """A value on a scale.

    Attributes:
        at: where it is, in [0, 1]; beyond that, an arrow at the edge stands for it.
        interval: where its interval begins and ends; None if it has none.
        role: `made` for a dot, `ring` for a ring with a quiet interval.
    """

    at: float
    interval: tuple[float, float] | None
    role: Role = "made"


def scale(readings: Sequence[Reading], *, label: str, tick: float | None = None) -> Plot:
    """Values on a line from 0 to 1, one beneath the other.

    Args:
        readings: what is shown, from the top.
        label: what the plot shows, for those who cannot see it.
        tick: where a mark beneath the line is drawn, in [0, 1].
    """
    width, height, left, right = 372, 8 + 10 * len(readings), 26, 346
    edges, middle = (6.0, width - 6.0), height / 2

    def across(place: float) -> float:
        return min(max(left + place * (right - left), edges[0]), edges[1])

    shapes: list[Shape] = [Line([(left, middle), (right, middle)], "track")]
    shapes += [Line([(x, middle - 5), (x, middle + 5)], "track") for x in (left, right)]
    if tick is not None:
        shapes.append(Line([(across(tick), height - 8), (across(tick), height - 1)], "guess"))
    for i, one in enumerate(readings):
        y = middle + 8 * (i - (len(readings) - 1) / 2)
        if one.interval is not None:
            start, end = map(across, one.interval)
            band: Role = "quiet" if one.role == "ring" else "band"
            shapes.append(Box([(start, y - 3.5), (max(end, start + 1), y + 3.5)], band))
        x = across(one.at)
        if x in edges:
            tip = -4 if one.at < 0 else 4
            shapes.append(Area([(x + tip, y), (x - tip, y - 4.5), (x - tip, y + 4.5)], one.role))
        else:
            shapes.append(Dots([(x, y)], one.role, radius=4.25))
    return Plot("scale", width, height, shapes, label)


def dot_rows(
    rows: Mapping[str, Sequence[float]], *, strong: Sequence[str] = (), unit: str = "",
    label: str = "",
) -> Plot:  # fmt: skip
    """Numbers as dots on a row for each name, and their mean as a stroke.

    Args:
        rows: numbers by name, from the top; at least one.
        strong: names of rows that are drawn as samples are; the others are drawn as reals are.
        unit: of the numbers.
        label: what the plot shows, for those who cannot see it.
    """
    high, size = 28, 13
    left = 28 + max(Lettering(size).length(name) for name in rows)
    right = left + 430
    every = [value for values in rows.values() for value in values]
    most = max(every)
    low = min(*every, most - 0.01 * abs(most))  # closer numbers would have the same label
    bottom = 12.0 + high * len(rows)

    def across(value: float) -> float:
        return left + (value - low) / max(most - low, 1e-9) * (right - left)

    shapes: list[Shape] = []
    for share in (0.0, 0.5, 1.0):
        x, text = left + share * (right - left), f"{low + share * (most - low):.3g}"
        shapes.append(Line([(x, 6), (x, bottom)], "grid"))
        text += f" {unit}" if unit and share == 1 else ""
        shapes.append(Words([(x, bottom + 18)], "words", text=text, anchor="middle", size=size))
    for i, (name, values) in enumerate(rows.items()):
        y, role = 12.0 + high * (i + 0.5), "made" if name in strong else "real"
        mean = across(sum(values) / len(values))
        said = ", ".join(f"{value:.4g}" for value in values)
        shapes += [
            Words([(left - 14, y + 4)], "words", text=name, anchor="end", size=size),
            Line([(left, y), (right, y)], "grid"),
            Dots([(across(value), y) for value in values], role, f"{name}: {said}"),
            Box([(mean - 1.5, y - 9), (mean + 1.5, y + 9)], role),
        ]
    return Plot("dots", int(right) + 60, int(bottom) + 28, shapes, label)


def steps(
    real: Sequence[float],
    made: Sequence[float],
    *,
    ends: tuple[str, str],
    titles: Sequence[str],
    label: str,
) -> Plot:
    """Shares in intervals of a number: a filled outline for reals, a line for samples.

    Args:
        real: share of reals in each interval.
        made: share of samples in each.
        ends: where the first interval begins and the last ends.
        titles: what is said of each interval when it is pointed at.
        label: what the plot shows, for those who cannot see it.
    """
    width, bottom = 300, 92.0
    most, wide = max(*real, *made, 1e-12), width / len(real)

    def outline(shares: Sequence[float]) -> list[Point]:
        return [
            ((i + side) * wide, bottom - share / most * 88)
            for i, share in enumerate(shares)
            for side in (0, 1)
        ]

    shapes: list[Shape] = [
        Area([(0.0, bottom), *outline(real), (width, bottom)], "real"),
        Line(outline(made), "made"),
        Line([(0.0, bottom), (width, bottom)], "grid"),
        Words([(0.0, 104.0)], "words", text=ends[0]),
        Words([(width, 104.0)], "words", text=ends[1], anchor="end"),
    ]
    shapes += [
        Box([(i * wide, 0.0), ((i + 1) * wide, bottom)], "hover", title)
        for i, title in enumerate(titles)
    ]
    return Plot("steps", width, 108, shapes, label)


def bars(
    names: Sequence[str],
    real: Sequence[float],
    made: Sequence[float],
    *,
    most: float,
    titles: Sequence[str],
    label: str,
) -> Plot:
    """Two bars for each name, that of samples above that of reals.

    Args:
        names: of the rows; if all are empty, bars take the whole width.
        real: share of reals in each row.
        made: share of samples in each.
        most: share whose bar is as long as there is room.
        titles: what is said of each row when it is pointed at.
        label: what the plot shows, for those who cannot see it.
    """
    width, high = 300, 19
    left = 108.0 if any(names) else 0.0
    shapes: list[Shape] = []
    for i, (name, title) in enumerate(zip(names, titles, strict=True)):
        top, long = high * i, (width - left) / max(most, 1e-12)
        if name:
            shapes.append(Words([(left - 8, top + 12)], "words", text=_short(name), anchor="end"))
        shapes += [
            Box([(left, top + 2), (left + made[i] * long, top + 8)], "made"),
            Box([(left, top + 9), (left + real[i] * long, top + 15)], "real"),
            Box([(0.0, top), (width, top + high)], "hover", title),
        ]
    return Plot("bars", width, high * len(names), shapes, label)


@dataclass(frozen=True)
class Cell:
    """A pair of names on a heat map.

    Attributes:
        row: index of the one name.
        column: index of the other.
        strength: of the colour, 0 to 1; None if it is not known.
        words: what it stands for.
    """

    row: int
    column: int
    strength: float | None
    words: str


def heat_map(names: Sequence[str], cells: Sequence[Cell]) -> Plot:
    """A square of pairs of names."""
    margin, side = 108, 20
    size = margin + side * len(names)
    shapes: list[Shape] = []
    for i, name in enumerate(names):
        at, short = margin + (i + 0.5) * side + 4, _short(name)
        shapes += [
            Words([(margin - 6, at)], "words", name, text=short, anchor="end"),
            Words([(at, margin - 6)], "words", name, text=short, upwards=True),
        ]
    for one in cells:
        left, top = margin + side * one.column, margin + side * one.row
        role, strength = ("unknown", 1.0) if one.strength is None else ("cell", one.strength)
        title = f"{names[one.row]} and {names[one.column]}: {one.words}"
        shapes.append(Box([(left, top), (left + side - 1, top + side - 1)], role, title, strength))
    return Plot("heat", size, size, shapes, "a square of pairs of columns")


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
