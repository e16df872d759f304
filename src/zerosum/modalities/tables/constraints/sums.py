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
from zerosum.modalities.tables.constraints.base import (
    Constraint,
    Values,
    nature_of,
    number_fields_of,
)
from zerosum.modalities.tables.constraints.formula import Expression
from zerosum.modalities.tables.fields import Field, Places
from zerosum.modalities.tables.rounding import round_to


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
        number_fields_of(self, fields)
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
        found = [fields[name] for name in self.columns]
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
        formula: see `zerosum.modalities.tables.constraints.formula.Expression`.
    """

    kind = "formula"
    positional = ("total", "formula")
    formula: str

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

    def work_out(self, values: Values) -> Tensor:
        """The value of the formula, float64 `[N]`."""
        return self.expression(values)
