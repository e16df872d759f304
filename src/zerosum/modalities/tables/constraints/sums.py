"""Columns that others determine: a sum, a formula.

By construction: the column is not coded, and worked out from the others, rounded to its decimals.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Self

import torch
from pydantic import field_validator
from torch import Tensor

from zerosum.errors import ConstraintError
from zerosum.modalities.tables.calendars import steps_per_day
from zerosum.modalities.tables.constraints.base import (
    Constraint,
    Values,
    fields_of,
    nature_of,
    number_fields_of,
)
from zerosum.modalities.tables.constraints.formula import Expression
from zerosum.modalities.tables.fields import Field, Places
from zerosum.modalities.tables.rounding import round_to
from zerosum.modalities.tables.time_fields import StepField


class Determined(Constraint):
    """A column that follows from others.

    Attributes:
        total: the column.
        decimals: those of that column; None where it is not rounded.
    """

    total: str
    decimals: Places | None = None

    @property
    @abstractmethod
    def sources(self) -> tuple[str, ...]:
        """The columns that it follows from."""

    @abstractmethod
    def work_out(self, values: Values) -> Tensor:
        """The column before rounding, float64 `[N]`; NaN where a part is missing."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The sources, and what they determine."""
        return (*self.sources, self.total)

    @property
    def changes(self) -> tuple[str, ...]:
        """`(total,)`."""
        return (self.total,)

    def holds(self, values: Values) -> Tensor:
        """Bool `[N]`: whether the total is right up to rounding and noise, or a part is missing."""
        wanted, total = self.work_out(values), values[self.total]
        largest = torch.stack([values[name].abs() for name in self.columns]).amax(dim=0)
        largest = torch.maximum(largest, wanted.abs())
        rounding = 1e-6 * largest if self.decimals is None else 0.5 * 10.0**-self.decimals
        return ~((wanted - total).abs() > rounding + 1e-12 * largest)  # NaN compares false

    def fit(self, values: Values, fields: Mapping[str, Field]) -> Self:
        """Constructed where the column is missing in just the rows in which a part is."""
        if self.total in self.sources:
            raise ConstraintError(
                f"{self.statement}: {self.total!r} cannot determine itself. Name other columns."
            )
        self._check_natures(fields)
        same = torch.equal(self.work_out(values).isnan(), values[self.total].isnan())
        return self.having(decimals=fields[self.total].decimals, constructed=same)

    def forward(self, values: Values) -> Values:
        """Without the column."""
        return {name: x for name, x in values.items() if name != self.total}

    def backward(self, values: Values) -> Values:
        """With the column."""
        return values | {self.total: round_to(self.work_out(values), self.decimals)}

    def project(self, values: Values) -> Values:
        """The column set to what it must be."""
        return self.backward(values)

    def _check_natures(self, fields: Mapping[str, Field]) -> None:
        found = number_fields_of(self, fields)
        if any(nature_of(field) != "numbers" for field in found) and (
            nature_of(found[0]) == "moments" or len({field.dtype for field in found}) > 1
        ):
            given = ", ".join(f"{field.name} ({field.dtype})" for field in found)
            raise ConstraintError(
                f"{self.statement}: {given} cannot be counted together. Only numbers can, and "
                "durations of one resolution: leave the constraint out, or change the schema."
            )


class Sum(Determined):
    """`total` is the sum of `parts`: `Sum(["a", "b"], "total")`.

    Attributes:
        parts: the columns that are added.
    """

    kind = "sum"
    positional = ("parts", "total")
    parts: tuple[str, ...]

    if TYPE_CHECKING:

        def __init__(self, parts: Sequence[str], total: str) -> None: ...

    @property
    def sources(self) -> tuple[str, ...]:
        """`parts`."""
        return self.parts

    @property
    def statement(self) -> str:
        """`total = a + b`."""
        return f"{self.total} = {' + '.join(self.parts)}"

    def work_out(self, values: Values) -> Tensor:
        """The sum of the parts, float64 `[N]`."""
        return torch.stack([values[name] for name in self.parts]).sum(dim=0)

    def fit(self, values: Values, fields: Mapping[str, Field]) -> Self:
        """See `Determined.fit`."""
        if not self.parts or len(set(self.parts)) < len(self.parts):
            raise ConstraintError(
                f"a sum of {list(self.parts)}. Name one column or more, each once."
            )
        return super().fit(values, fields)


class Formula(Determined):
    """`total` is what a formula gives: `Formula("total", "price * quantity")`.

    Attributes:
        formula: see `zerosum.modalities.tables.constraints.formula.Expression`. Moments and lengths
            of time are counted in days: `Formula("due", "ordered + 30")`.
        days: for columns of moments or lengths of time the steps in one day, and their zero in
            days; empty where all columns are numbers.
    """

    kind = "formula"
    positional = ("total", "formula")
    formula: str
    days: dict[str, tuple[float, float]] = {}

    if TYPE_CHECKING:

        def __init__(self, total: str, formula: str) -> None: ...

    @field_validator("formula")
    @classmethod
    def _understood(cls, text: str) -> str:
        Expression(text)
        return text

    @cached_property
    def expression(self) -> Expression:
        """The formula, parsed."""
        return Expression(self.formula)

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns that the formula names."""
        return self.expression.names

    @property
    def statement(self) -> str:
        """`total = price * quantity`."""
        return f"{self.total} = {self.formula}"

    def fit(self, values: Values, fields: Mapping[str, Field]) -> Self:
        """See `Determined.fit`; moments and lengths of time are counted in days."""
        found = fields_of(self, fields)
        natures = {field.name: nature_of(field) for field in found}
        alike = len({field.dtype for field in found}) == 1 and "moments" not in natures.values()
        if alike or set(natures.values()) == {"numbers"} or "categories" in natures.values():
            return super().fit(values, fields)
        days = {field.name: _in_days(field) for field in found if natures[field.name] != "numbers"}
        one = self.having(days=days)
        later = {
            name: values[name] + days[name][0] if natures[name] == "moments" else values[name]
            for name in self.sources
        }
        moved = one._in_total_days(later) - one._in_total_days(values)
        wanted = float(natures[self.total] == "moments")
        if bool(((moved - wanted).abs() > 1e-3).any()):
            raise ConstraintError(
                f"{self.statement}: it makes no {natures[self.total]}. Add days to a moment, or "
                "take one moment from another, which gives days."
            )
        return super(Formula, one).fit(values, fields)

    def work_out(self, values: Values) -> Tensor:
        """The value of the formula, float64 `[N]`."""
        result = self._in_total_days(values)
        per_day, zero = self.days.get(self.total, (1.0, 0.0))
        return (result - zero) * per_day

    def _in_total_days(self, values: Values) -> Tensor:
        """The value of the formula, in days if the total is a moment or a length of time."""
        counted = {
            name: values[name] / self.days[name][0] + self.days[name][1]
            if name in self.days
            else values[name]
            for name in self.sources
        }
        return self.expression(counted)

    def _check_natures(self, fields: Mapping[str, Field]) -> None:
        if not self.days:
            super()._check_natures(fields)


def _in_days(field: Field) -> tuple[float, float]:
    """Steps of a field of time in one day, and its zero in days."""
    per_day = float(steps_per_day(field))
    if not isinstance(field, StepField):
        return per_day, 0.0
    return per_day, field.offset / field.step / per_day
