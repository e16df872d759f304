"""Conditions on rows, each as the values of its column that it allows; all must be obeyed."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zerosum.conditions import (
    MISSING,
    AnyOf,
    Condition,
    Missing,
    Other,
    Span,
    Value,
    read_condition,
    read_turns,
)
from zerosum.errors import ConditionError, DataError, did_you_mean
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.space import TableSpace
from zerosum.modalities.tables.time_fields import DatetimeField

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_MOMENTS = ("date", "datetime")


@dataclass(frozen=True)
class Allowed:
    """The values of one column that a condition allows.

    Attributes:
        ranges: disjoint, in order, both ends included.
        missing: whether what is missing is allowed.
        step: distance of neighbouring values; 0 where any real number is one.
    """

    ranges: tuple[tuple[float, float], ...]
    missing: bool
    step: float

    @classmethod
    def of(cls, ranges: Iterable[tuple[float, float]], *, missing: bool, step: float) -> "Allowed":
        """Ranges in any order; those that meet are joined."""
        joined: list[tuple[float, float]] = []
        for low, high in sorted(ranges):
            if joined and low <= joined[-1][1] + step * 1.001:
                joined[-1] = (joined[-1][0], max(joined[-1][1], high))
            else:
                joined.append((low, high))
        return cls(tuple(joined), missing, step)

    def holds(self, values: Tensor) -> Tensor:
        """Which values `[N]` are allowed, bool `[N]`."""
        if not self.ranges:
            return values.isnan() & self.missing
        at = torch.searchsorted(self._ends[0], values.nan_to_num(), right=True) - 1
        inside = (at >= 0) & (values <= self._ends[1][at.clamp_min(0)])
        return torch.where(values.isnan(), self.missing, inside)

    def nearest(self, values: Tensor) -> Tensor:
        """Values `[N]`, those that are known and not allowed moved to the nearest that is."""
        if not self.ranges:
            return values
        lows, highs = self._ends
        after = torch.searchsorted(lows, values.nan_to_num(), right=True)
        below, above = highs[(after - 1).clamp_min(0)], lows[after.clamp_max(len(lows) - 1)]
        near = torch.where((values - below).abs() <= (values - above).abs(), below, above)
        return torch.where(values.isnan() | self.holds(values), values, near)

    def others(self, *, missing: bool) -> "Allowed":
        """All other values, with or without what is missing."""
        edges = [-math.inf, *(end for pair in self.ranges for end in pair), math.inf]
        gaps = [
            (_next(low, self.step, 1), _next(high, self.step, -1))
            for low, high in zip(edges[::2], edges[1::2], strict=True)
        ]
        return Allowed(tuple(gap for gap in gaps if gap[0] <= gap[1]), missing, self.step)

    def meets(self, other: "Allowed") -> bool:
        """Whether there is a value that both allow."""
        shared = any(a <= d and c <= b for a, b in self.ranges for c, d in other.ranges)
        return shared or (self.missing and other.missing)

    @cached_property
    def _ends(self) -> tuple[Tensor, Tensor]:
        """First and last values of the ranges, float64 `[R]` each."""
        lows, highs = zip(*self.ranges, strict=True)
        return torch.tensor(lows, dtype=torch.float64), torch.tensor(highs, dtype=torch.float64)


Conditions = Mapping[str, Allowed]
"""What is asked of rows: for each column the values that are allowed."""


def parse_where(where: Mapping[str, Any], space: TableSpace) -> dict[str, Allowed]:
    """What `where` allows in each of its columns.

    Raises:
        ConditionError: there is no such column, or no such value.
    """
    fields = {name: field_of(space, name) for name in where}
    return {fields[name].name: parse_condition(fields[name], one) for name, one in where.items()}


def field_of(space: TableSpace, name: str) -> Field:
    """The field that a condition is on; spaces around its name may be left out.

    Raises:
        ConditionError: there is no such column, or nothing is learned about it.
    """
    fields = {field.name: field for field in space.fields}
    bare = [one for one in fields if one.strip() == name.strip()]
    name = bare[0] if name not in fields and len(bare) == 1 else name
    if name not in fields:
        raise ConditionError(f"there is no column {name!r}.{did_you_mean(name, space.names)}")
    if not fields[name].modelled:
        raise ConditionError(
            f"column {name!r} is a {fields[name].kind}: it is made anew for each row, and no "
            f"condition can be put on it. Conditions are on: {', '.join(space.names)}."
        )
    return fields[name]


def parse_condition(field: Field, wanted: Any) -> Allowed:
    """What one condition allows.

    Raises:
        ConditionError: there is no such value.
    """
    if isinstance(wanted, Allowed):
        return wanted
    return _allowed(field, read_condition(field.name, wanted, field.categories))


def parse_turns(field: Field, wanted: Any) -> list[Allowed]:
    """What each of several conditions allows that are taken in turn.

    Raises:
        ConditionError: there is no such value.
    """
    return [_allowed(field, one) for one in read_turns(field.name, wanted, field.categories)]


def shown(field: Field, allowed: Allowed) -> str:
    """A condition as messages say it: `age 30..40`, `city Oslo, missing`."""
    parts = []
    for low, high in allowed.ranges[:6]:
        ends = [_called(field, end) for end in (low, high)]
        parts.append(ends[0] if low == high else "..".join(ends))
    parts += ["…"] if len(allowed.ranges) > 6 else []
    return f"{field.name} {', '.join([*parts, *([MISSING] if allowed.missing else [])])}"


def step_of(field: Field) -> float:
    """Distance of neighbouring values; 0 where any real number is one."""
    return 0.0 if field.decimals is None else 10.0**-field.decimals


def _allowed(field: Field, condition: Condition) -> Allowed:
    match condition:
        case Value(value):
            return _value(field, value)
        case Span(low, high, strict):
            allowed = _range(field, low, high)
            for end in (low, high) if strict else ():
                allowed = allowed if end is None else _without(field, allowed, end)
            return allowed
        case AnyOf(parts):
            return _any_of(field, [_allowed(field, part) for part in parts])
        case Other(part):
            return _allowed(field, part).others(missing=False)
        case Missing():
            return Allowed((), True, step_of(field))


def _without(field: Field, allowed: Allowed, end: Any) -> Allowed:
    """A range that does not hold its end."""
    low, high = allowed.ranges[0]
    (first, last), step = _ends_of(field, end), allowed.step
    low = _next(last, step, 1) if low == first else low
    high = _next(first, step, -1) if high == last else high
    return Allowed(((low, high),), False, step)


def _any_of(field: Field, parts: Sequence[Allowed]) -> Allowed:
    ranges = [one for part in parts for one in part.ranges]
    return Allowed.of(ranges, missing=any(part.missing for part in parts), step=step_of(field))


def _value(field: Field, wanted: Any) -> Allowed:
    (value, last), step = _ends_of(field, wanted), step_of(field)
    if last > value:
        return Allowed(((value, last),), False, step)
    nearest = _on_grid(value, field.decimals, round)
    if abs(nearest - value) > step * 1e-6:
        raise ConditionError(
            f"{field.name} is {wanted!r}, which is no value of the column: it has "
            f"{field.decimals} decimals. Give such a value, or a range: {field.name}=LOW..HIGH."
        )
    return Allowed(((nearest, nearest),), False, step)


def _range(field: Field, low: Any, high: Any) -> Allowed:
    if field.categories and not getattr(field, "ordered", False):
        raise ConditionError(
            f"{field.name} has no order, so it has no ranges. Name its values: "
            f"{field.name}={','.join(field.categories[:2])}."
        )
    first = -math.inf if low is None else _ends_of(field, low)[0]
    last = math.inf if high is None else _ends_of(field, high)[1]
    if first > last:
        raise ConditionError(
            f"{field.name} from {low} to {high} is no range: it ends before it begins. Write the "
            "lower end first."
        )
    first = _on_grid(first, field.decimals, math.ceil)
    last = _on_grid(last, field.decimals, math.floor)
    if first > last:
        raise ConditionError(
            f"{field.name} has no values from {low} to {high}: it has {field.decimals} decimals. "
            "Widen the range."
        )
    return Allowed(((first, last),), False, step_of(field))


def _ends_of(field: Field, wanted: Any) -> tuple[float, float]:
    """The first and the last value that is meant."""
    month = _MONTH.fullmatch(str(wanted).strip()) if field.kind in _MOMENTS else None
    if month is not None:
        first = np.datetime64(month[0], "M")
        last = (first + 1).astype("datetime64[D]") - 1
        return _ends_of(field, str(first.astype("datetime64[D]")))[0], _ends_of(field, str(last))[1]
    try:
        value = field.value_of(wanted)
        ends = field.span_of(wanted) if isinstance(field, DatetimeField) else (value, value)
    except DataError as error:
        raise ConditionError(str(error)) from None
    if not all(map(math.isfinite, ends)):
        raise ConditionError(f"{field.name} is {wanted!r}, which is no value. Give another.")
    return ends


def _on_grid(value: float, decimals: int | None, to: Any) -> float:
    """`value` brought to so many decimals by `round`, `math.ceil` or `math.floor`."""
    if decimals is None or math.isinf(value):
        return value
    scaled = value * 10.0**decimals
    near = round(scaled)
    whole = near if abs(scaled - near) < 1e-6 else to(scaled)
    return round(whole / 10.0**decimals, decimals)


def _next(value: float, step: float, way: int) -> float:
    """The neighbouring value, upwards (`way` 1) or downwards (-1)."""
    if math.isinf(value):
        return value
    if not step:
        return math.nextafter(value, way * math.inf)
    return round(value + way * step, max(0, round(-math.log10(step))))


def _called(field: Field, value: float) -> str:
    """How users call a value."""
    if math.isinf(value):
        return ""
    if field.categories:
        return field.categories[int(value)] if value < len(field.categories) else "(unknown)"
    plain = field.to_arrow(np.array([value]))[0].as_py()
    if isinstance(plain, float):
        return f"{plain:g}" if field.decimals is None else f"{plain:.{field.decimals}f}"
    return str(plain)
