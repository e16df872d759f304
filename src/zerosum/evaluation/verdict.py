"""One sentence about a model, made from its figures and saying no more than they do."""

from collections.abc import Sequence
from statistics import median

from zerosum.evaluation.figures import Figure
from zerosum.evaluation.words import number, title

_HEADLINES = (
    (0.9, "Close to fresh reals"),
    (0.5, "Nearer to fresh reals than to the trivial baseline"),
    (0.1, "Nearer to the trivial baseline than to fresh reals"),
    (float("-inf"), "No better than the trivial baseline"),
)
"""What is said when the median place between floor (0) and ceiling (1) is at least so much."""

_ABOUT_COPIES = ("memoris", "copies", "copied", "closer_to_train")
"""How names of figures about memorisation begin; a trivial baseline is no floor for these."""


def verdict(figures: Sequence[Figure], *, split: str) -> str:
    """What the figures say together.

    The first words follow from the median place between floor and ceiling alone, and the weakest
    figure is named beside it, unless all of them reach the ceiling.

    Args:
        figures: of one model.
        split: `holdout`, or `train` where nothing can be said of memorisation.
    """
    places = {f.name: p for f in figures if carries(f) and (p := f.standing) is not None}
    if not places:
        return "Nothing can be said: no figure tells fresh reals from the trivial baseline."
    judged = {f.name: f for f in figures if f.name in places}
    parts = [_headline(judged, places), _weakest(judged, places), _copies(figures, split)]
    return "; ".join(part for part in parts if part) + "."


def carries(figure: Figure) -> bool:
    """Whether a figure tells fresh reals from the baseline, by more than it is uncertain."""
    if figure.ceiling is None or figure.floor is None or _about_copies(figure):
        return False
    gap = figure.badness(figure.floor) - figure.badness(figure.ceiling)
    uncertain = 0.0
    if figure.low is not None and figure.high is not None:
        uncertain = figure.high - figure.low
    return gap > max(uncertain, 1e-12)


def reaches_ceiling(figure: Figure) -> bool:
    """Whether the value, or an end of its interval, is as good as fresh reals are."""
    ends = [v for v in (figure.low, figure.value, figure.high) if v is not None]
    best = min(map(figure.badness, ends))
    if figure.better == "one" and min(ends) <= 1 <= max(ends):
        best = 0.0
    return figure.ceiling is not None and best <= figure.badness(figure.ceiling)


def _headline(judged: dict[str, Figure], places: dict[str, float]) -> str:
    alone = len(places) == 1
    if all(map(reaches_ceiling, judged.values())):
        who = "the one figure" if alone else f"any of {len(places)} figures"
        return f"Not told from fresh reals by {who}"
    middle = median(places.values())
    words = next(words for least, words in _HEADLINES if middle >= least)
    who = "the one figure" if alone else f"the median of {len(places)} figures"
    return f"{words}: {who} lies {_place(middle)}"


def _place(place: float) -> str:
    if place < 0:
        return "below the trivial baseline"
    return f"{min(place, 1):.0%} of the way from the trivial baseline to fresh reals"


def _weakest(judged: dict[str, Figure], places: dict[str, float]) -> str:
    name = min(places, key=lambda name: places[name])
    figure = judged[name]
    if reaches_ceiling(figure):
        return ""
    return f"weakest in {title(name)}, {_beside(figure)}"


def _copies(figures: Sequence[Figure], split: str) -> str:
    if split != "holdout":
        return "memorisation was not judged, for want of a holdout"
    worse = [f for f in figures if _about_copies(f) and not reaches_ceiling(f)]
    if not worse:
        return ""
    return "memorisation: " + ", ".join(f"{title(f.name)} {_beside(f)}" for f in worse)


def _about_copies(figure: Figure) -> bool:
    return figure.name.startswith(_ABOUT_COPIES)


def _beside(figure: Figure) -> str:
    return f"{number(figure.value)} where fresh reals have {number(figure.ceiling)}"
