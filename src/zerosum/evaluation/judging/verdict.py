"""A sentence about a model that follows from its figures."""

from collections.abc import Sequence
from math import isinf, isnan, sqrt
from statistics import median

from zerosum.evaluation.judging.figures import MetricResult
from zerosum.evaluation.reports.words import number

_HEADLINES = (
    (0.9, "Close to fresh reals"),
    (0.5, "Nearer to fresh reals than to the trivial baseline"),
    (0.1, "Nearer to the trivial baseline than to fresh reals"),
    (0.01, "Hardly better than the trivial baseline"),
    (float("-inf"), "No better than the trivial baseline"),
)
"""What is said when the median place between floor (0) and ceiling (1) is at least so much."""


_FEW = 500
"""Samples below which figures that find no difference say little."""


def verdict(figures: Sequence[MetricResult], *, split: str, count: int = _FEW) -> str:
    """A sentence that sums up figures.

    The first words follow from the median place between floor and ceiling alone. Beside them stands
    how many figures distinguish samples from fresh reals, and the worst of these.

    Args:
        figures: of one model.
        split: `holdout`, or `train` where nothing can be said of memorisation.
        count: samples that were judged.
    """
    judged = [f for f in figures if f.ceiling is not None and not f.memorisation]
    if not judged:
        return "Nothing can be said: no figure could be measured."
    clear = [f for f in judged if is_clear(f)]
    if clear:
        parts = [_headline(judged, clear), _worst(clear)]
    else:
        who = f"any of {len(judged)} figures" if len(judged) > 1 else "the one figure"
        parts = [f"Not distinguished from fresh reals by {who}"]
        if count < _FEW:
            parts.append(f"with {count} samples only large differences show")
    return "; ".join([*parts, *_copies(figures, split)]) + "."


def is_clear(figure: MetricResult) -> bool:
    """Whether samples are worse than fresh reals by more than both are uncertain.

    Fresh reals were read once too: they are taken for as uncertain as the samples.
    """
    return clearness(figure) > 1


def clearness(figure: MetricResult) -> float:
    """How much worse samples are than fresh reals, in units of the uncertainty of both."""
    if figure.ceiling is None or isnan(figure.value):
        return 0.0
    value = figure.badness(figure.value)
    if isinf(value):
        return value
    ends = [figure.badness(v) for v in (figure.low, figure.high) if v is not None]
    if figure.better == "one" and (figure.low or 0) <= 1 <= (figure.high or 0):
        ends.append(0.0)
    uncertain = sqrt(2) * (value - min([value, *ends]))
    gap = value - figure.badness(figure.ceiling)
    return gap / max(uncertain, 1e-12)


def _headline(judged: Sequence[MetricResult], clear: Sequence[MetricResult]) -> str:
    places = [p for f in judged if f.carries and (p := f.standing) is not None]
    many = f"{len(clear)} of {len(judged)} figures distinguish the samples from fresh reals"
    if len(judged) == 1:
        many = "the one figure distinguishes the samples from fresh reals"
    if 2 * len(places) < len(judged):
        blind = len(judged) - len(places)
        who = f"{blind} of {len(judged)} figures cannot" if len(judged) > 1 else "The figure cannot"
        return (
            f"{who} distinguish the trivial baseline from fresh reals, so there is no scale; {many}"
        )
    middle = round(median(places), 2) + 0.0  # as it is said; never -0
    words = next(words for least, words in _HEADLINES if middle >= least)
    who = f"the median of {len(places)} figures" if len(places) > 1 else "the one figure"
    return f"{words}: {who} lies {_place(middle)}; {many}"


def _place(place: float) -> str:
    if place < 0:
        return "below the trivial baseline"
    return f"{min(place, 1):.0%} of the way from the trivial baseline to fresh reals"


def _worst(clear: Sequence[MetricResult]) -> str:
    """The lowest place among figures that have one; where none has, the clearest."""
    placed = [(p, f) for f in clear if f.carries and (p := f.standing) is not None]
    worst = min(placed, key=lambda pair: pair[0])[1] if placed else max(clear, key=clearness)
    return f"weakest in {_beside(worst)}"


def _copies(figures: Sequence[MetricResult], split: str) -> list[str]:
    if split != "holdout":
        return ["memorisation was not judged, since there is no holdout"]
    worse = [f for f in figures if is_clear(f) and _is_sign(f)]
    return [f"signs of memorisation in {', '.join(map(_beside, worse))}"] if worse else []


def _is_sign(figure: MetricResult) -> bool:
    if figure.memorisation is None or figure.ceiling is None:
        return False
    # A baseline that knows no training row gives none back: what it has too is no sign.
    known = [one for one in (figure.ceiling, figure.floor) if one is not None]
    innocent = max(known, key=figure.badness)
    gap = figure.badness(figure.value) - figure.badness(innocent)
    return figure.memorisation.shows(gap, innocent)


def _beside(figure: MetricResult) -> str:
    value, ceiling = number(figure.value), number(figure.ceiling)
    return f"{figure.title}, {value} where fresh reals have {ceiling}"
