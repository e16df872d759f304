"""The plots of a report: figures between floor and ceiling, and curves."""

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING

from markupsafe import Markup

from zerosum.evaluation.reports.words import number
from zerosum.plots.charts import Reading, curves, scale
from zerosum.plots.shapes import Role
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


def curve(
    points: Sequence[tuple[float, float]],
    *,
    label: str,
    marks: Sequence[float] = (),
    unit: str = "samples",
) -> Markup:
    """A small plot of `(samples, value)`, with marks as dashed lines."""
    finite = [point for point in points if all(map(isfinite, point))]
    if not finite:
        return _note("no finite values")
    label = f"{label}: from {number(finite[0][1])} to {number(finite[-1][1])}"
    lines: list[tuple[float, Role]] = [(mark, "diagnosis") for mark in marks]
    plot = curves({"": finite}, width=300, height=130, marks=lines, unit=unit, label=label)
    return to_svg(plot)


def _note(words: str) -> Markup:
    return Markup('<p class="note">{}</p>').format(words)
