"""Constraints: what holds in every row of a table.

A constraint holds by construction where it can: columns are changed before they are coded, and
changed back after (`forward`, `backward`), so that no row can break it. Where it cannot, rows are
moved to the nearest that obeys (`project`), and what is left is drawn again.

A row in which a part of a constraint is missing obeys it.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from zerosum.config import Config
from zerosum.errors import ConstraintError, did_you_mean
from zerosum.modalities.tables.fields import Field

Values = dict[str, Tensor]
"""Columns of values, float64 `[N]` each, by name."""

ROUNDS = 8
"""How often rows are moved for every constraint in turn, until they are drawn again."""


class Constraint(Config):
    """Something that holds in every row; see the module.

    In Python the attributes that a user gives may be positional: `Range("age", 0, 120)`.

    Attributes:
        constructed: whether the columns are changed so that it holds; decided by `fit`.
    """

    positional: ClassVar[tuple[str, ...]] = ()
    constructed: bool = False

    def __init__(self, *given: Any, **values: Any) -> None:
        if len(given) > len(self.positional):
            raise ConstraintError(
                f"{self.kind} has {len(given)} arguments: {', '.join(map(repr, given))}. It takes "
                f"{', '.join(self.positional)}."
            )
        super().__init__(**dict(zip(self.positional, given, strict=False)), **values)

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """The columns that it is about."""

    @property
    def statement(self) -> str:
        """What holds, as messages say it: `start <= end`."""
        return f"{self.kind} of {', '.join(self.columns)}"

    @property
    def changes(self) -> tuple[str, ...]:
        """Those of its columns that are not coded as they are where it is constructed."""
        return ()

    @property
    def makes(self) -> tuple[Field, ...]:
        """Fields of columns to be coded that are not the table's, or not coded as these are."""
        return ()

    @abstractmethod
    def holds(self, values: Values) -> Tensor:
        """Which rows obey, bool `[N]`; a row that lacks a value it depends on does."""

    def fit(self, values: Values, fields: Mapping[str, Field]) -> "Constraint":
        """The constraint with what it needs to know of training rows, which may break it.

        Args:
            values: the modelled columns, as the table has them.
            fields: every field of the table.

        Raises:
            ConstraintError: a column is not there or not of the kind it needs.
        """
        return self

    def forward(self, values: Values) -> Values:
        """Columns to be coded in place of the table's."""
        return values

    def backward(self, values: Values) -> Values:
        """The table's columns again, so that it holds."""
        return values

    def project(self, values: Values) -> Values:
        """The nearest values that obey, for rows that do not, where there is a way.

        `values` holds its own columns alone.
        """
        return values

    def having(self, **values: Any) -> Self:
        """A copy with other attributes, checked."""
        return type(self).from_json(self.to_json() | values)


def forward_all(constraints: Sequence[Constraint], values: Values) -> Values:
    """Columns to be coded."""
    for one in constraints:
        values = one.forward(values) if one.constructed else values
    return values


def backward_all(constraints: Sequence[Constraint], values: Values) -> Values:
    """The table's columns: what is constructed holds, and other rows are moved where they can."""
    return settle(constraints, construct(constraints, values))


def construct(constraints: Sequence[Constraint], values: Values) -> Values:
    """The table's columns: what is constructed holds, and whatever else may be broken."""
    for one in reversed(constraints):
        values = one.backward(values) if one.constructed else values
    return values


def settle(constraints: Sequence[Constraint], values: Values) -> Values:
    """Rows moved until they obey every constraint, as far as there is a way; others stay as is."""
    values = dict(values)
    for _ in range(ROUNDS):
        moved = [_move(one, values) for one in reversed(constraints)]
        if not any(moved):
            break
    return values


def obeying(constraints: Sequence[Constraint], values: Values) -> Tensor:
    """Which rows obey every constraint, bool `[N]`.

    >>> from zerosum.modalities.tables.constraints.inequality import Inequality
    >>> values = {"low": torch.tensor([1.0, 5.0]), "high": torch.tensor([2.0, 3.0])}
    >>> obeying([Inequality("low", "<=", "high")], values)
    tensor([ True, False])
    """
    ok = torch.ones(len(next(iter(values.values()))), dtype=torch.bool)
    for one in constraints:
        ok &= one.holds(values)
    return ok


def _move(one: Constraint, values: Values) -> bool:
    """Move the rows that break one constraint, in place; whether any was moved."""
    rows = (~one.holds(values)).nonzero()[:, 0]
    if not len(rows):
        return False
    mine = {name: values[name][rows] for name in one.columns if name in values}
    moved = False
    for name, column in one.project(mine).items():
        if not torch.equal(column.nan_to_num(), mine[name].nan_to_num()):
            values[name] = values[name].index_put((rows,), column)
            moved = True
    return moved


def fields_of(one: Constraint, fields: Mapping[str, Field]) -> list[Field]:
    """The fields of a constraint's columns.

    Raises:
        ConstraintError: one is not in the table, or a key or constant.
    """
    found = []
    for name in one.columns:
        if name not in fields:
            raise ConstraintError(
                f"{one.statement}: the table has no column {name!r}.{did_you_mean(name, fields)}"
            )
        if not fields[name].modelled:
            raise ConstraintError(
                f"{one.statement}: column {name!r} is of kind {fields[name].kind}, made and not "
                "learned. Leave the constraint out, or give the column another kind in the schema."
            )
        found.append(fields[name])
    return found


def number_fields_of(one: Constraint, fields: Mapping[str, Field]) -> list[Field]:
    """The same for columns of numbers, moments or durations, all of one nature.

    Raises:
        ConstraintError: one holds categories, or two cannot be compared.
    """
    found = fields_of(one, fields)
    natures = [nature_of(field) for field in found]
    for field, nature in zip(found, natures, strict=True):
        if nature == "categories" or nature != natures[0]:
            raise ConstraintError(
                f"{one.statement}: column {field.name!r} holds {nature}, and {found[0].name!r} "
                f"{natures[0]}. It takes numbers, moments or durations, all alike: give the column "
                "another kind in the schema, or leave the constraint out."
            )
    return found


def nature_of(field: Field) -> str:
    """What a field's values are: `categories`, `numbers`, `moments` or `durations`."""
    if field.categories:
        return "categories"
    if field.dtype.startswith(("timestamp", "date")):
        return "moments"
    return "durations" if field.dtype.startswith(("duration", "time")) else "numbers"
