"""Controls: what a caller may fix when sampling, and how a condition chooses values of it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from zerosum.conditions import AnyOf, Condition, Missing, Other, Span, Value
from zerosum.errors import ConditionError, did_you_mean
from zerosum.spaces import Space


@dataclass(frozen=True)
class ChoiceControl:
    """A control that takes one of a few names.

    Attributes:
        names: all of them, in the order of their codes.
        counts: how often each occurs in the data; if not given, all are as likely.
    """

    names: tuple[str, ...]
    counts: tuple[int, ...] = ()

    def pick(self, name: str, condition: Condition, chance: Tensor) -> Tensor:
        """A code for each sample, int64 `[n]`.

        Where several will do, each is as likely as it is frequent in the data.

        Args:
            name: of the control.
            condition: what is asked.
            chance: what decides, in [0, 1), `[n]`.

        Raises:
            ConditionError: no name obeys the condition, or names have no such conditions.
        """
        codes = sorted(self._allowed(name, condition))
        if not codes:
            raise ConditionError(
                f"no value of {name} obeys {condition}. It takes: {', '.join(self.names)}."
            )
        odds = torch.tensor([self.counts[code] if self.counts else 1 for code in codes])
        edges = (odds if odds.any() else odds + 1).double().cumsum(0)
        at = torch.searchsorted(edges, chance.double() * edges[-1], right=True)
        return torch.tensor(codes)[at]

    def to_json(self) -> dict[str, Any]:
        """Kind and names."""
        return {"kind": "choice", "names": list(self.names)}

    def _allowed(self, name: str, condition: Condition) -> set[int]:
        match condition:
            case Value(value) if str(value) in self.names:
                return {self.names.index(str(value))}
            case AnyOf(parts):
                return {code for part in parts for code in self._allowed(name, part)}
            case Other(part):
                return set(range(len(self.names))) - self._allowed(name, part)
            case Span():
                raise ConditionError(
                    f"{name} has no order, so it has no ranges. Name its values: "
                    f"{name}={','.join(self.names[:2])}."
                )
        wanted = condition.value if isinstance(condition, Value) else None
        near = did_you_mean(str(wanted), self.names)
        raise ConditionError(f"{name} has no value {wanted!r}.{near}")


@dataclass(frozen=True)
class RangeControl:
    """A control that takes a number from `low` to `high`.

    Attributes:
        low: the least; minus infinity where it is not known.
        high: the greatest; infinity where it is not known.
        texts: the same as users write them where they are no numbers, such as dates.
    """

    names: ClassVar[tuple[str, ...]] = ()
    low: float
    high: float
    texts: tuple[str, str] | None = None

    def pick(self, name: str, condition: Condition, chance: Tensor) -> Tensor:
        """A number for each sample, float32 `[n]`: uniform within a range.

        Of several values and ranges, each is as likely as the others.

        Args:
            name: of the control.
            condition: what is asked.
            chance: what decides, in [0, 1), `[n]`.

        Raises:
            ConditionError: no number obeys the condition, or numbers have no such conditions.
        """
        pieces = torch.tensor(sorted(set(self._pieces(name, condition))), dtype=torch.float64)
        scaled = chance.double() * len(pieces)
        at = scaled.long()
        low, high = pieces[at].unbind(1)
        return (low + (scaled - at) * (high - low)).float()

    def to_json(self) -> dict[str, Any]:
        """Kind and ends, null where they are not known."""
        ends = self.texts or [end if math.isfinite(end) else None for end in (self.low, self.high)]
        return {"kind": "range", "low": ends[0], "high": ends[1]}

    def _pieces(self, name: str, condition: Condition) -> Iterator[tuple[float, float]]:
        """Ranges that are allowed; a single number is one whose ends meet."""
        match condition:
            case AnyOf(parts):
                for part in parts:
                    yield from self._pieces(name, part)
                return
            case Value(value):
                low = high = self._number(name, value)
                if self.low <= low <= self.high:
                    yield low, high
                    return
            case Span(low, high, strict):
                first = -math.inf if low is None else self._number(name, low)
                last = math.inf if high is None else self._number(name, high)
                if strict:
                    first, last = math.nextafter(first, math.inf), math.nextafter(last, -math.inf)
                first, last = max(first, self.low), min(last, self.high)
                if first <= last:
                    yield first, last
                    return
        raise ConditionError(self._refusal(name, condition))

    def _number(self, name: str, value: Any) -> float:
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if math.isnan(number):
            raise ConditionError(self._refusal(name, Value(value)))
        return number

    def _refusal(self, name: str, condition: Condition) -> str:
        wanted = None if isinstance(condition, Missing) else condition
        low, high = f"{self.low:g}", f"{self.high:g}"
        return (
            f"{name} is {wanted}; it takes numbers from {low} to {high}: one, several, or a range "
            f"such as {name}={low}..{high}."
        )


def label_controls(space: Space) -> dict[str, ChoiceControl]:
    """The control `label` over the classes of `space`."""
    return {"label": ChoiceControl(space.labels, space.label_counts)}
