"""The plots of a report: bars between floor and ceiling, and curves."""

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import TYPE_CHECKING

from markupsafe import Markup

from zerosum.evaluation.reports.rendering import render
from zerosum.evaluation.reports.words import number

if TYPE_CHECKING:
    from zerosum.evaluation.judging.figures import MetricResult

_LEFT, _RIGHT = 7.0, 93.0
"""Where floor and ceiling stand, in hundredths of a bar's width."""

_EDGES = 1.5, 98.5
"""Where what lies beyond is cut off."""


def bar(figure: "MetricResult") -> Markup:
    """A line from the floor (left) to the ceiling (right), the value on it, and its interval."""
    place = figure.standing
    if figure.memorisation:
        return _note("to be compared with fresh reals alone")
    if place is None or not figure.carries:
        return _note("no scale: these two are not told apart")
    dot = _across(place)
    return render(
        "bar.svg.jinja",
        {
            "left": _LEFT,
            "right": _RIGHT,
            "label": f"{place:.0%} of the way from the baseline to fresh reals",
            "band": _band(figure),
            "dot": dot,
            "arrow": "" if dot not in _EDGES
            else "M3 4.5v9l-7-4.5z" if place < 0 else "M-3 4.5v9l7-4.5z",
        },
    )  # fmt: skip


def _band(figure: "MetricResult") -> tuple[float, float] | None:
    """Where the interval begins, and how wide it is."""
    ends = [figure.place(v) for v in (figure.low, figure.high) if v is not None]
    known = [_across(end) for end in ends if end is not None]
    if len(known) < 2:
        return None
    if figure.better == "one" and (figure.low or 0) <= 1 <= (figure.high or 0):
        known.append(_across(figure.place(1.0) or 0.0))
    start = min(known)
    return start, max(max(known) - start, 0.2)


def _across(place: float) -> float:
    """From a place (0 floor, 1 ceiling) to hundredths of the width; what lies beyond is cut."""
    return min(max(_LEFT + place * (_RIGHT - _LEFT), _EDGES[0]), _EDGES[1])


def curve(
    points: Sequence[tuple[float, float]],
    *,
    label: str,
    marks: Sequence[float] = (),
    unit: str = "samples",
) -> Markup:
    """A small plot of `(images, value)`, with its range at the side and marks as dashed lines."""
    width, height, left, right, top, bottom = 300, 112, 46, 294, 8, 94
    points = [point for point in points if all(map(isfinite, point))]
    if not points:
        return _note("no finite values")
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    x0, x1, y0, y1 = min(xs), max(xs), min(ys), max(ys)

    def across(x: float) -> float:
        return left + ((x - x0) / (x1 - x0) if x1 > x0 else 0.5) * (right - left)

    def down(y: float) -> float:
        return bottom - ((y - y0) / (y1 - y0) if y1 > y0 else 0.5) * (bottom - top)

    def texts() -> Iterator[tuple[float, float, str, str]]:
        if y1 > y0:
            yield left - 5, top + 4, "end", number(y1)
        yield left - 5, bottom + 3, "end", number(y0)
        yield left, height - 4, "start", short_count(x0)
        yield right, height - 4, "end", f"{short_count(x1)} {unit}"

    return render(
        "curve.svg.jinja",
        {
            "width": width, "height": height, "left": left, "right": right, "top": top,
            "bottom": bottom,
            "label": f"{label}: from {number(points[0][1])} to {number(points[-1][1])}",
            "marks": [across(mark) for mark in marks if x0 <= mark <= x1],
            "points": [(across(x), down(y)) for x, y in points],
            "texts": list(texts()),
        },
    )  # fmt: skip


def _note(words: str) -> Markup:
    return Markup('<p class="note">{}</p>').format(words)


def short_count(n: float) -> str:
    """A large count in few characters.

    >>> short_count(950), short_count(12_800), short_count(2_500_000)
    ('950', '12.8k', '2.5M')
    """
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if n >= size:
            return f"{n / size:.3g}{unit}"
    return f"{n:.0f}"
