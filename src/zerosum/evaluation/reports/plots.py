"""The pictures of a report: bars between floor and ceiling, curves, and samples as data."""

from collections.abc import Sequence
from math import isfinite

from zerosum.evaluation.judging.figures import Figure
from zerosum.evaluation.judging.verdict import about_copies, carries
from zerosum.evaluation.reports.markup import Markup, element
from zerosum.evaluation.reports.words import number

_LEFT, _RIGHT = 7.0, 93.0
"""Where floor and ceiling stand, in hundredths of a bar's width."""

_WIDEST_SHEET = 1_024
_THUMB = 128


def bar(figure: Figure) -> Markup:
    """A line from the floor (left) to the ceiling (right), the value on it, and its interval."""
    place = figure.standing
    if about_copies(figure):
        return element("p", "to be compared with fresh reals alone", class_="note")
    if place is None or not carries(figure):
        return element("p", "no scale: these two are not told apart", class_="note")
    parts = [
        element("line", x1=f"{_LEFT}%", x2=f"{_RIGHT}%", y1=9, y2=9, class_="track"),
        *(element("line", x1=f"{x}%", x2=f"{x}%", y1=4, y2=14, class_="track")
          for x in (_LEFT, _RIGHT)),
    ]  # fmt: skip
    ends = [figure.place(v) for v in (figure.low, figure.high) if v is not None]
    known = [_across(end) for end in ends if end is not None]
    if len(known) == 2:
        if figure.better == "one" and (figure.low or 0) <= 1 <= (figure.high or 0):
            known.append(_across(figure.place(1.0) or 0.0))
        start = min(known)
        parts.append(
            element("rect", x=f"{start:.2f}%", width=f"{max(max(known) - start, 0.2):.2f}%", y=5,
                    height=8, rx=2, class_="band")
        )  # fmt: skip
    parts.append(_marker(place))
    return element(
        "svg", *parts, width="100%", height=18, role="img",
        aria_label=f"{place:.0%} of the way from the baseline to fresh reals",
        class_="bar",
    )  # fmt: skip


def _across(place: float) -> float:
    """From a place (0 floor, 1 ceiling) to hundredths of the width; what lies beyond is cut."""
    return min(max(_LEFT + place * (_RIGHT - _LEFT), 1.5), 98.5)


def _marker(place: float) -> Markup:
    x = f"{_across(place):.2f}%"
    if 1.5 < _LEFT + place * (_RIGHT - _LEFT) < 98.5:
        return element("circle", cx=x, cy=9, r=4.5, class_="dot")
    arrow = "M3 4.5v9l-7-4.5z" if place < 0 else "M-3 4.5v9l7-4.5z"
    return element("svg", element("path", d=arrow, class_="dot"), x=x, overflow="visible")


def curve(
    points: Sequence[tuple[float, float]],
    *,
    label: str,
    marks: Sequence[float] = (),
    unit: str = "images",
) -> Markup:
    """A small plot of `(images, value)`, with its range at the side and marks as dashed lines."""
    width, height, left, bottom, top = 300, 112, 46, 18, 8
    points = [point for point in points if all(map(isfinite, point))]
    if not points:
        return element("p", "no finite values", class_="note")
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    x0, x1, y0, y1 = min(xs), max(xs), min(ys), max(ys)

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - x0) / (x1 - x0) if x1 > x0 else 0.5
        up = (y - y0) / (y1 - y0) if y1 > y0 else 0.5
        return (
            left + across * (width - left - 6),
            height - bottom - up * (height - bottom - top),
        )

    def text(x: float, y: float, words: str, anchor: str) -> Markup:
        return element("text", words, x=x, y=y, text_anchor=anchor)

    parts = [
        element("line", x1=left, x2=width - 6, y1=y, y2=y, class_="grid")
        for y in (top, height - bottom)
    ]
    parts += [
        element("line", x1=f"{x:.1f}", x2=f"{x:.1f}", y1=top, y2=height - bottom, class_="mark")
        for x in (place(mark, y0)[0] for mark in marks if x0 <= mark <= x1)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))
    parts.append(element("polyline", points=line, class_="line"))
    if len(points) == 1:
        x, y = place(*points[0])
        parts.append(element("circle", cx=x, cy=y, r=2.5, class_="dot"))
    if y1 > y0:
        parts.append(text(left - 5, top + 4, number(y1), "end"))
    parts += [
        text(left - 5, height - bottom + 3, number(y0), "end"),
        text(left, height - 4, short_count(x0), "start"),
        text(width - 6, height - 4, f"{short_count(x1)} {unit}", "end"),
    ]
    return element(
        "svg", *parts, viewBox=f"0 0 {width} {height}", role="img", class_="curve",
        aria_label=f"{label}: from {number(points[0][1])} to {number(points[-1][1])}",
    )  # fmt: skip


def short_count(n: float) -> str:
    """A large count in few characters.

    >>> short_count(950), short_count(12_800), short_count(2_500_000)
    ('950', '12.8k', '2.5M')
    """
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if n >= size:
            return f"{n / size:.3g}{unit}"
    return f"{n:.0f}"
