"""Inequalities between columns: `start <= end`, `low < middle < high`.

By construction: one end of the chain is coded as it is, and in place of each other column its
distance from the one before, which is never negative. Moments whose times of day are coded apart
(see `calendars`) stay as they are, and rows in the wrong order are moved.
"""

from collections.abc import Mapping
from typing import Any, Self

import torch
from torch import Tensor

from zerosum.errors import ConstraintError
from zerosum.modalities.tables.calendar_fitting import shows_times
from zerosum.modalities.tables.constraints.base import (
    Constraint,
    Values,
    nature_of,
    number_fields_of,
)
from zerosum.modalities.tables.fields import Field, FloatField, Places
from zerosum.modalities.tables.rounding import ceil_to, floor_to, round_to


class Inequality(Constraint):
    """Columns in ascending order: `Inequality("start", "<=", "end")`, or a longer chain.

    Columns of other resolutions, days and seconds, are compared as the moments they are.

    Attributes:
        low: the least column.
        high: the greatest.
        middle: columns between, ascending.
        strict: whether neighbours differ: `<` and not `<=`.
        downwards: whether the greatest column is the one that is coded as it is.
        decimals: of each column; None where it is not rounded.
        scales: steps of the finest column in one of each.
        origins: the zero of each, in steps of the finest.
        least: distance of neighbours that are not rounded, at least, where strict.
        made: names of the columns of distances.
    """

    kind = "inequality"
    low: str
    high: str
    middle: tuple[str, ...] = ()
    strict: bool = False
    downwards: bool = False
    decimals: tuple[Places | None, ...] = ()
    scales: tuple[float, ...] = ()
    origins: tuple[float, ...] = ()
    least: float = 0.0
    made: tuple[str, ...] = ()

    def __init__(self, *given: str, **values: Any) -> None:
        super().__init__(**(_read(given) if given else {}), **values)

    @property
    def columns(self) -> tuple[str, ...]:
        """Ascending."""
        return (self.low, *self.middle, self.high)

    @property
    def statement(self) -> str:
        """`start <= end`."""
        return (" < " if self.strict else " <= ").join(self.columns)

    @property
    def changes(self) -> tuple[str, ...]:
        """All but the first of the chain, in the direction in which it is coded."""
        return self._chain[1:]

    @property
    def makes(self) -> tuple[Field, ...]:
        """Distances, with as many decimals as the finest column."""
        known = [d for d in self.decimals if d is not None]
        places = max(known) if len(known) == len(self.decimals) else None
        return tuple(FloatField(name=name, places=places) for name in self.made)

    @property
    def _chain(self) -> tuple[str, ...]:
        return self.columns[::-1] if self.downwards else self.columns

    def holds(self, values: Values) -> Tensor:
        """Bool `[N]`: whether every known value is at least the greatest known one before it."""
        greatest = self._common(values, self.low)
        ok = torch.ones_like(greatest, dtype=torch.bool)
        for name in self.columns[1:]:
            x = self._common(values, name)
            broken = x <= greatest if self.strict else x < greatest
            ok &= ~broken  # NaN compares false
            greatest = torch.fmax(greatest, x)
        return ok

    def fit(self, values: Values, fields: Mapping[str, Field]) -> Self:
        """Constructed where no column but the last of the chain, up or down, has gaps."""
        if len(set(self.columns)) < len(self.columns):
            raise ConstraintError(
                f"{self.statement}: a column cannot be compared with itself. Name different ones."
            )
        found = number_fields_of(self, fields)
        scales, origins = _units(self, found, values)
        one = self.having(
            decimals=[field.decimals for field in found], scales=scales, origins=origins
        )
        gaps = [bool(values[name].isnan().any()) for name in self.columns]
        one = one.having(
            downwards=any(gaps[:-1]), constructed=not (any(gaps[:-1]) and any(gaps[1:]))
        )
        if any(shows_times(field, values[field.name].numpy()) for field in found):
            one = one.having(constructed=False)  # a distance would know nothing of hours
        names = []
        for before, name in zip(one._chain, one.changes, strict=False):
            pair = (before, name) if one.downwards else (name, before)
            names.append(_fresh(" - ".join(pair), fields))
        steps = [one._distance(values, i) for i in range(len(names))]
        wide = torch.cat(steps)
        wide = wide[wide > 0]
        return one.having(made=names, least=float(wide.min()) if len(wide) else 1e-6)

    def forward(self, values: Values) -> Values:
        """Distances in place of columns."""
        (field, *_) = self.makes
        made = {
            name: round_to(self._distance(values, i), field.decimals)
            for i, name in enumerate(self.made)
        }
        return {name: x for name, x in values.items() if name not in self.changes} | made

    def backward(self, values: Values) -> Values:
        """Columns again, each at its distance from the one before, rounded away from it."""
        back = {name: x for name, x in values.items() if name not in self.made}
        for before, name, made in zip(self._chain, self.changes, self.made, strict=False):
            base = self._common(back, before)
            step = -values[made] if self.downwards else values[made]
            nearest = round_to(self._own(base + step, name), self.decimals[self._at(name)])
            back[name] = self._beyond(nearest, base, name)
        return back

    def project(self, values: Values) -> Values:
        """What is known in ascending order, so that two columns in the wrong order are swapped."""
        common = torch.stack([self._common(values, name) for name in self.columns], dim=1)
        known = ~common.isnan()
        ordered = common.masked_fill(~known, torch.inf).sort(dim=1).values
        ordered = ordered.gather(1, (known.cumsum(1) - 1).clamp_min(0))
        moved: Values = {}
        greatest = torch.full_like(common[:, 0], torch.nan)
        upwards = self.having(downwards=False)
        for i, name in enumerate(self.columns):
            x = round_to(self._own(ordered[:, i], name), self.decimals[i])
            x = torch.where(greatest.isnan(), x, upwards._beyond(x, greatest, name))
            moved[name] = torch.where(known[:, i], x, torch.nan)
            greatest = torch.fmax(greatest, self._common(moved, name))
        return moved

    def _at(self, name: str) -> int:
        return self.columns.index(name)

    def _common(self, values: Values, name: str) -> Tensor:
        """A column in steps of the finest."""
        i = self._at(name)
        return values[name] * self.scales[i] + self.origins[i] if self.scales else values[name]

    def _own(self, common: Tensor, name: str) -> Tensor:
        i = self._at(name)
        return (common - self.origins[i]) / self.scales[i]

    def _distance(self, values: Values, i: int) -> Tensor:
        """From one column of the chain to the next."""
        step = self._common(values, self._chain[i + 1]) - self._common(values, self._chain[i])
        return -step if self.downwards else step

    def _beyond(self, x: Tensor, base: Tensor, name: str) -> Tensor:
        """A column's values `x` where they are beyond `base`, else the nearest that are."""
        sign, round_away = (-1, floor_to) if self.downwards else (1, ceil_to)
        decimals = self.decimals[self._at(name)]
        nearest = round_away(self._own(base, name), decimals)
        if self.strict:
            step = 10.0**-decimals if decimals is not None else self.least
            same = sign * (self._common({name: nearest}, name) - base) <= 0
            nearest = torch.where(same, round_to(nearest + sign * step, decimals), nearest)
        reached = sign * (self._common({name: x}, name) - base)
        ok = reached > 0 if self.strict else reached >= 0
        return torch.where(ok | x.isnan(), x, nearest)


def _read(given: tuple[str, ...]) -> dict[str, Any]:
    """The attributes of `"start", "<=", "end"`; `>` and `>=` are turned round."""
    columns, relations = list(given[::2]), set(given[1::2])
    if len(given) < 3 or len(given) % 2 == 0 or relations not in ({"<"}, {"<="}, {">"}, {">="}):
        raise ConstraintError(
            f"an inequality of {', '.join(map(repr, given))}. Write columns with one relation "
            "between them, <, <=, > or >=: Inequality('start', '<=', 'end')."
        )
    relation = relations.pop()
    if relation[0] == ">":
        columns.reverse()
    low, *middle, high = columns
    return {"low": low, "middle": middle, "high": high, "strict": len(relation) == 1}


def _units(one: Inequality, fields: list[Field], values: Values) -> tuple[list[float], list[float]]:
    """Scales and origins of fields of moments or durations, from what they are in microseconds."""
    same = [1.0] * len(fields), [0.0] * len(fields)
    if nature_of(fields[0]) == "numbers":
        return same
    ends = [_microseconds(field, torch.tensor([0.0, 1.0])).tolist() for field in fields]
    if all(end == ends[0] for end in ends):
        return same
    for field, (zero, first) in zip(fields, ends, strict=True):
        x = values[field.name][~values[field.name].isnan()]
        if not torch.allclose(_microseconds(field, x), zero + x * (first - zero), rtol=0, atol=1):
            raise ConstraintError(
                f"{one.statement}: {field.name!r} counts days of a time zone, which are not all as "
                "long. Give all columns of the chain one resolution in the schema."
            )
    finest = min(first - zero for zero, first in ends)
    scales = [(first - zero) / finest for zero, first in ends]
    return scales, [(zero - ends[0][0]) / finest for zero, _ in ends]


def _microseconds(field: Field, x: Tensor) -> Tensor:
    """The moments or durations that values stand for, float64 `[N]`."""
    import pyarrow as pa

    column = field.to_arrow(x.double().numpy())
    kind = column.type
    unit = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}.get(getattr(kind, "unit", ""), 1e3)
    if pa.types.is_date32(kind):
        unit = 86_400e6
    whole = column.cast("int32") if kind.bit_width == 32 else column
    return torch.tensor(whole.cast("int64").to_pylist(), dtype=torch.float64) * unit


def _fresh(name: str, taken: Mapping[str, Field]) -> str:
    """A name that no column has."""
    while name in taken:
        name += "'"
    return name
