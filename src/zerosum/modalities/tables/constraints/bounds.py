"""Constraints on one column of numbers: a range, positive numbers, rounded numbers.

Codes never lead beyond the training rows, which obey; so these hold by construction, and clipping
is only for columns that another constraint computes.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Self

import torch
from pydantic import field_validator
from torch import Tensor

from zerosum.errors import ConstraintError
from zerosum.modalities.tables.constraints.base import Constraint, Values, number_fields_of
from zerosum.modalities.tables.fields import Field, FloatField, Places
from zerosum.modalities.tables.rounding import ceil_to, floor_to, round_to

Bound = float | str | date | timedelta | None
"""A bound as a user writes it; None is open."""


class Bounded(Constraint):
    """A column whose values lie between two bounds.

    Attributes:
        column: the column.
        lowest: the least value with the column's decimals that obeys; None if unbounded.
        highest: the greatest.
    """

    column: str
    lowest: float | None = None
    highest: float | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """`(column,)`."""
        return (self.column,)

    def holds(self, values: Values) -> Tensor:
        """Bool `[N]`: whether the value lies from `lowest` to `highest`, or is missing."""
        x = values[self.column]
        low = -torch.inf if self.lowest is None else self.lowest
        high = torch.inf if self.highest is None else self.highest
        return x.isnan() | ((x >= low) & (x <= high))

    def backward(self, values: Values) -> Values:
        """Clipped."""
        return values | self.project({self.column: values[self.column]})

    def project(self, values: Values) -> Values:
        """Clipped."""
        if self.lowest is None and self.highest is None:
            return values
        return {self.column: values[self.column].clamp(self.lowest, self.highest)}


class Range(Bounded):
    """`low <= column <= high`; a bound that is None is open.

    Attributes:
        low: the least value, as a user writes it: 0, `2024-01-31`.
        high: the greatest.
    """

    kind = "range"
    positional = ("column", "low", "high")
    low: float | str | None = None
    high: float | str | None = None

    if TYPE_CHECKING:

        def __init__(self, column: str, low: Bound = None, high: Bound = None) -> None: ...

    @field_validator("low", "high", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, date | timedelta) else value

    @property
    def statement(self) -> str:
        """`0 <= age <= 120`."""
        low = "" if self.low is None else f"{_told(self.low)} <= "
        return f"{low}{self.column}" + ("" if self.high is None else f" <= {_told(self.high)}")

    def fit(self, values: Values, fields: Mapping[str, Field]) -> Self:
        """With the bounds as values."""
        (field,) = number_fields_of(self, fields)
        low, high = (_bound(field, given) for given in (self.low, self.high))
        if low is None and high is None:
            raise ConstraintError(
                f"the range of {self.column!r} has no bound. Give a lowest value, a highest, or "
                "both."
            )
        lowest = None if low is None else float(ceil_to(low, field.decimals))
        highest = None if high is None else float(floor_to(high, field.decimals))
        if lowest is not None and highest is not None and lowest > highest:
            raise ConstraintError(
                f"{self.statement}: there is no such value with {field.decimals} decimals. Give a "
                "lowest value below the highest."
            )
        return self.having(lowest=lowest, highest=highest, constructed=True)


class Positive(Bounded):
    """`column > 0`; write `Range(column, 0)` for what may be 0."""

    kind = "positive"
    positional = ("column",)

    if TYPE_CHECKING:

        def __init__(self, column: str) -> None: ...

    @property
    def statement(self) -> str:
        """`price > 0`."""
        return f"{self.column} > 0"

    def fit(self, values: Values, fields: Mapping[str, Field]) -> Self:
        """With the least positive number: of these decimals, or of the rows."""
        (field,) = number_fields_of(self, fields)
        x = values[self.column]
        if field.decimals is not None:
            lowest = 10.0**-field.decimals
        elif (x > 0).any():
            lowest = float(x[x > 0].min())
        else:
            raise ConstraintError(f"{self.statement}: no row obeys. Leave the constraint out.")
        return self.having(lowest=lowest, constructed=True)


class Rounded(Constraint):
    """A column whose values have at most so many decimals; -2 means whole hundreds.

    Attributes:
        column: the column.
        decimals: how many.
    """

    kind = "rounded"
    positional = ("column", "decimals")
    column: str
    decimals: Places = 0

    if TYPE_CHECKING:

        def __init__(self, column: str, decimals: int = 0) -> None: ...

    @property
    def columns(self) -> tuple[str, ...]:
        """`(column,)`."""
        return (self.column,)

    @property
    def statement(self) -> str:
        """`price has 2 decimals at most`."""
        return f"{self.column} has {self.decimals} decimals at most"

    @property
    def makes(self) -> tuple[Field, ...]:
        """The column's own field, with fewer decimals: its codes are rounded like this."""
        return (FloatField(name=self.column, places=self.decimals),)

    def seen(self, field: Field) -> Field:
        """The field as other constraints see it."""
        fewest = self.decimals if field.decimals is None else min(self.decimals, field.decimals)
        return FloatField(name=field.name, dtype=field.dtype, places=fewest)

    def holds(self, values: Values) -> Tensor:
        """Bool `[N]`: whether the value is rounded, up to noise, or is missing."""
        x = values[self.column]
        noise = (1e-6 * x.abs().clamp_min(1)).clamp_max(0.01 * 10.0**-self.decimals)
        return x.isnan() | ((x - round_to(x, self.decimals)).abs() <= noise)

    def fit(self, values: Values, fields: Mapping[str, Field]) -> Self:
        """Held by the codes."""
        (field,) = number_fields_of(self, fields)
        places = self.seen(field).decimals
        return self.having(decimals=places, constructed=True)

    def backward(self, values: Values) -> Values:
        """Rounded; a codec may keep a frequent value as it came, with its noise."""
        return values | self.project({self.column: values[self.column]})

    def project(self, values: Values) -> Values:
        """Rounded."""
        return {self.column: round_to(values[self.column], self.decimals)}


def _told(bound: float | str) -> str:
    return bound if isinstance(bound, str) else f"{bound:g}"


def _bound(field: Field, given: float | str | None) -> Tensor | None:
    if given is None:
        return None
    return torch.tensor(field.value_of(given), dtype=torch.float64)
