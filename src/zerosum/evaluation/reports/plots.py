"""The plots of a report: figures between floor and ceiling, and curves."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING

from markupsafe import Markup

from zerosum.evaluation.reports.words import number
from zerosum.plots.charts import Reading, curves, scale
from zerosum.plots.shapes import SERIES, Role
from zerosum.plots.svg import to_svg

if TYPE_CHECKING:
    from zerosum.evaluation.judging.figures import MetricResult


def bar(figure: "MetricResult") -> Markup:
    """A line from the floor (left) to the ceiling (right), the value on it, and its interval."""
    place = figure.standing
    if figure.memorisation:
        return _note("to be compared with fresh reals alone")
    if place is None or not figure.carries:
        return _note("no scale: these two do not differ")
    label = f"{place:.0%} of the way from the baseline to fresh reals"
    return to_svg(scale([Reading(place, _interval(figure))], label=label))


def _interval(figure: "MetricResult") -> tuple[float, float] | None:
    """Where the interval begins and ends, between floor (0) and ceiling (1)."""
    ends = [figure.place(v) for v in (figure.low, figure.high) if v is not None]
    known = [end for end in ends if end is not None]
    if len(known) < 2:
        return None
    if figure.better == "one" and (figure.low or 0) <= 1 <= (figure.high or 0):
        known.append(figure.place(1.0) or 0.0)
    return min(known), max(known)


_Points = Sequence[tuple[float, float]]


def curve(
    points: _Points, *, label: str, marks: Sequence[float] = (), unit: str = "samples"
) -> Markup:
    """A small plot of `(samples, value)`, with marks as dashed lines."""
    points = _finite(points)
    if not points:
        return _note("no finite values")
    label = f"{label}: from {number(points[0][1])} to {number(points[-1][1])}"
    lines: list[tuple[float, Role]] = [(mark, "diagnosis") for mark in marks]
    plot = curves({"": points}, width=300, height=130, marks=lines, unit=unit, label=label)
    return to_svg(plot)


def overlay(lines: Mapping[str, _Points], *, label: str, unit: str = "samples") -> Markup:
    """The same curve of several models in one plot, in the colours of `roles_of`."""
    kept = {name: _finite(points) for name, points in lines.items()}
    ends = [f"{name} ends at {number(one[-1][1])}" for name, one in kept.items() if one]
    if not ends:
        return _note("no finite values")
    label = f"{label}: {', '.join(ends)}"
    return to_svg(curves(kept, width=300, height=130, unit=unit, label=label, legend=False))


def roles_of(names: Sequence[str]) -> list[tuple[str, Role]]:
    """The names of curves that share a plot, each with the role that gives it its colour."""
    return [(name, SERIES[i % len(SERIES)]) for i, name in enumerate(names)]


def _finite(points: _Points) -> _Points:
    return [point for point in points if all(map(isfinite, point))]


def _note(words: str) -> Markup:
    return Markup('<p class="note">{}</p>').format(words)
