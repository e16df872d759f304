"""From the rows of a history to how unusual they are, measured against the rows just before.

Each signal is brought to a scale on which its noise is about even, and compared with the median of
the last rows in units of their median deviation. Nothing here knows what a signal means.
"""

import math
from collections.abc import Mapping
from statistics import median
from typing import Any

_WINDOW = 20
_LEAST = 10
_MAD_TO_STD = 1.4826
_USUAL_NOISE = {
    "slope": 0.25,
    "speed": 0.2,
    "accuracy": 0.4,
    "spread": 0.05,
    "real_sign": 0.3,
    "logit_gap": 0.25,
}
"""Changes of a signal, on its scale, that are never worth a word."""
_OTHER_NOISE = 0.15
_OFFSETS = {"real", "fake", "paired", "adversarial"}
"""Terms that may drift together in a sound duel, as only differences of logits mean anything."""
GONE = -9.0
"""Surprise at a signal that was there in every row and is missing."""


class Trace:
    """The last rows of a run's signals.

    `surprise` is a robust z-score by signal over the newest two rows: of speeds, which are steady,
    and where a signal is gone, their mean; of all others, which spike in sound duels too, the
    lesser, and 0 where they disagree.
    """

    def __init__(self) -> None:
        self._rows: list[dict[str, float]] = []
        self._scores: dict[str, float] = {}
        self._expected: set[str] = set()

    def add(self, values: Mapping[str, float]) -> dict[str, float]:
        """Take in a row and return how surprising it and the one before were, by signal.

        Empty until there are ten rows to compare with.
        """
        row = {
            name: even_scale(name, value)
            for name, value in values.items()
            if name.rpartition("/")[2] not in _OFFSETS
        }
        past = self._rows[-_WINDOW - 1 : -1] if self._rows else []
        scores = {}
        for name, value in row.items():
            known = [old[name] for old in past if name in old]
            if len(known) >= _LEAST:
                middle = median(known)
                spread = _MAD_TO_STD * median([abs(one - middle) for one in known])
                noise = _USUAL_NOISE.get(name.rpartition("/")[2], _OTHER_NOISE)
                scores[name] = (value - middle) / math.hypot(spread, noise)
        scores |= dict.fromkeys(sorted(self._always(past) - set(row)), GONE)
        before, self._scores = self._scores, scores
        self._rows = [*self._rows[-_WINDOW - 1 :], row]
        return {
            name: _together(name, before[name], z, gone=name not in row)
            for name, z in scores.items()
            if name in before
        }

    def _always(self, past: list[dict[str, float]]) -> set[str]:
        """Signals that are in every row, or were before the levels were forgotten."""
        if len(past) < _LEAST:
            return self._expected
        return set.intersection(*(set(old) for old in past))

    def clear(self) -> None:
        """Forget everything: what comes is not comparable with what was."""
        self._rows, self._scores, self._expected = [], {}, set()

    def forget_levels(self) -> None:
        """Forget how large signals were, and not which there were."""
        expected = self._always(self._rows[-_WINDOW:])
        self.clear()
        self._expected = expected

    def state(self) -> dict[str, Any]:
        """JSON values that `load_state` takes back."""
        return {
            "rows": self._rows, "scores": self._scores, "expected": sorted(self._expected),
        }  # fmt: skip

    def load_state(self, state: dict[str, Any]) -> None:
        """Continue where `state` was taken."""
        self._rows, self._scores = state["rows"], state["scores"]
        self._expected = set(state["expected"])


def _together(name: str, before: float, now: float, *, gone: bool) -> float:
    if gone or name.endswith("/speed"):
        return (before + now) / 2
    return min(before, now, key=abs) if before * now > 0 else 0.0


def even_scale(name: str, value: float) -> float:
    """A signal on a scale where its noise hardly depends on its size.

    >>> even_scale("discriminator/accuracy", 0.5)
    0.0
    """
    short = name.rpartition("/")[2]
    if short in ("slope", "speed"):
        return math.log(value + 1e-9)
    if short == "spread":
        return math.log(value + 1e-3)
    if short == "accuracy":
        share = min(max(value, 0.002), 0.998)
        return math.log(share / (1 - share))
    if short == "real_sign":
        return value
    return math.asinh(value if short == "logit_gap" else 3 * value)
