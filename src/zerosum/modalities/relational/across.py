"""Constraints of a database: within one table, and between a row and the rows that it hangs below.

Within a table they are kept as in any table, by construction where that is possible. Between tables
columns are compared (`customers.joined <= orders.shipped`). The row above is there first. The row
below is drawn again while it breaks the order, a few times, and then its value is moved to the
nearest that keeps it.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from pydantic import NonNegativeInt
from torch import Tensor

from zerosum.config import Config
from zerosum.errors import ConstraintError, did_you_mean
from zerosum.faces import option
from zerosum.modalities.relational.layout import TableRows
from zerosum.modalities.relational.schema import DatabaseSchema
from zerosum.modalities.tables.calendar_fitting import orders_of
from zerosum.modalities.tables.constraints.base import Constraint
from zerosum.modalities.tables.constraints.bounds import Positive, Range, Rounded
from zerosum.modalities.tables.constraints.fitting import check_constraints
from zerosum.modalities.tables.constraints.inequality import Inequality
from zerosum.modalities.tables.constraints.sums import Formula
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.space import TableSpace

_MOVED = (Inequality, Positive, Range, Rounded)
"""Constraints that any row can be moved to obey."""


class Across(Config):
    """An order between a column of a table and one of a table above it.

    Attributes:
        order: of two columns with the names of their tables, `customers.joined <= orders.shipped`.
        column: of the table below, by its plain name.
        above: the table above.
        column_above: its column.
        place_above: where that is among the values of its table's rows.
    """

    kind = "across"
    order: Inequality
    column: str
    above: str
    column_above: str
    place_above: NonNegativeInt = 0

    def values(self, own: Tensor, above: Tensor) -> dict[str, Tensor]:
        """Values `[N]` of both columns, as the order names them."""
        upper = f"{self.above}.{self.column_above}"
        (mine,) = [name for name in self.order.columns if name != upper]
        return {mine: own, upper: above}

    def holds(self, own: Tensor, above: Tensor) -> Tensor:
        """Which values `[N]` keep the order with those above, bool `[N]`."""
        return self.order.holds(self.values(own, above))

    def moved(self, own: Tensor, above: Tensor) -> Tensor:
        """Values `[N]`, those that break the order moved to the nearest that keeps it."""
        values = self.values(own, above)
        upper = f"{self.above}.{self.column_above}"
        one = self.order.having(downwards=self.order.high == upper)
        (made,) = one.made
        distance = one.forward(values)[made].clamp_min(0)
        (mine,) = one.changes
        found = one.backward({upper: above, made: distance})[mine]
        return torch.where(self.holds(own, above), own, found)


def sorted_out(
    constraints: Sequence[Constraint], schema: DatabaseSchema, parents: Mapping[str, int | None],
    fields: Mapping[str, Sequence[Field]],
) -> tuple[dict[str, list[Constraint]], dict[str, list[Across]]]:  # fmt: skip
    """Constraints within each table, with plain names; and orders with tables above, by table.

    Args:
        constraints: with names such as `orders.shipped`.
        schema: of the database.
        parents: number of the reference to the parent, by table.
        fields: every column of each table.

    Raises:
        ConstraintError: a column is not there, or tables are not above one another.
    """
    within: dict[str, list[Constraint]] = {}
    across: dict[str, list[Across]] = {}
    known = {
        f"{name}.{field.name}": (name, field.name) for name, own in fields.items() for field in own
    }
    for one in constraints:
        for name in one.columns:
            if name not in known:
                raise ConstraintError(
                    f"{one.statement}: no table has a column {name!r}. Write table.column."
                    f"{did_you_mean(name, known)}"
                )
        tables = {known[name][0] for name in one.columns}
        if tables - parents.keys():
            raise ConstraintError(
                f"{one.statement}: {sorted(tables - parents.keys())[0]!r} is kept as it is, so "
                "nothing is made to hold there. Leave the constraint out."
            )
        pairs = [one]
        if len(tables) > 1:
            if not isinstance(one, Inequality):
                raise ConstraintError(
                    f"{one.statement}: between tables columns can be compared, and no more. Write "
                    "an inequality, or leave the constraint out."
                )
            pairs = [
                Inequality(a, "<" if one.strict else "<=", b) for a, b in pairwise(one.columns)
            ]
        for pair in pairs:
            names = [known[name] for name in pair.columns]
            mine = {table for table, _ in names}
            if len(mine) == 1:
                within.setdefault(names[0][0], []).append(_plain(pair, known))
                continue
            assert isinstance(pair, Inequality)
            (low, low_column), (high, high_column) = names
            if high in tables_above(schema, parents, low):
                below = Across(order=pair, column=low_column, above=high, column_above=high_column)
                across.setdefault(low, []).append(below)
            elif low in tables_above(schema, parents, high):
                below = Across(order=pair, column=high_column, above=low, column_above=low_column)
                across.setdefault(high, []).append(below)
            else:
                raise ConstraintError(
                    f"{pair.statement}: rows of {low!r} and of {high!r} do not hang below one "
                    "another. Compare a column with one of a table above it."
                )
    return within, across


def _plain(one: Constraint, known: Mapping[str, tuple[str, str]]) -> Constraint:
    """The constraint with plain names of columns."""

    def renamed(value: Any) -> Any:
        if isinstance(value, list):
            return [renamed(part) for part in value]
        if isinstance(value, dict):
            return {renamed(name): renamed(part) for name, part in value.items()}
        return known[value][1] if isinstance(value, str) and value in known else value

    plain = Constraint.from_json(renamed(one.to_json()))
    if not isinstance(plain, Formula):
        return plain
    shorter = {name: known[name][1] for name in plain.expression.names}
    return plain.having(formula=plain.expression.renamed(shorter))


def tables_above(schema: DatabaseSchema, parents: Mapping[str, int | None], name: str) -> list[str]:
    """The tables above one, its parent first."""
    found, number = [], parents.get(name)
    while number is not None:
        name = schema[name].refers[number].to
        found.append(name)
        number = parents.get(name)
    return found


def fitted_across(
    across: Sequence[Across], name: str, schema: DatabaseSchema, parents: Mapping[str, int | None],
    fields: Mapping[str, Sequence[Field]], rows: Mapping[str, TableRows],
) -> tuple[Across, ...]:  # fmt: skip
    """Orders with what they need to know of units of time.

    Raises:
        ConstraintError: columns cannot be compared, or rows break one.
    """
    if not across:
        return ()
    columns, named = joined(name, schema, parents, fields, rows)
    found = []
    for one in across:
        order = one.order.fit(columns, named)
        check_constraints([order], columns, named)
        found.append(one.model_copy(update={"order": order}))
    return tuple(found)


def joined(
    name: str, schema: DatabaseSchema, parents: Mapping[str, int | None],
    fields: Mapping[str, Sequence[Field]], rows: Mapping[str, TableRows],
) -> tuple[dict[str, Tensor], dict[str, Field]]:  # fmt: skip
    """Columns of a table's rows and of the rows above each, with the names of their tables.

    Returns:
        Values, float64 `[N]` each, NaN where there is no row above; and fields.
    """
    columns: dict[str, Tensor] = {}
    named: dict[str, Field] = {}
    at, to = np.arange(len(rows[name])), name
    while True:
        own = [field for field in fields[to] if field.modelled]
        for field in fields[to]:
            named[f"{to}.{field.name}"] = field.model_copy(update={"name": f"{to}.{field.name}"})
        place = torch.from_numpy(np.maximum(at, 0))
        for i, field in enumerate(own):
            column = rows[to].values[:, i][place] if len(rows[to]) else torch.zeros(0).double()
            columns[f"{to}.{field.name}"] = torch.where(
                torch.from_numpy(at >= 0), column, torch.nan
            )
        number = parents.get(to)
        if number is None:
            return columns, named
        link = rows[to].links[number]
        at = np.where(at >= 0, link[np.maximum(at, 0)], -1)
        to = schema[to].refers[number].to


def require_kept(space: TableSpace, name: str) -> None:
    """Refuse constraints within a table that neither hold by construction nor by moving rows.

    Raises:
        ConstraintError: there is one.
    """
    for one in space.constraints:
        if not one.constructed and not isinstance(one, _MOVED):
            raise ConstraintError(
                f"{one.statement} of {name!r} cannot be kept by construction, and rows of "
                "databases are not drawn again. Leave it out."
            )


def offered_across(
    schema: DatabaseSchema, parents: Mapping[str, int | None],
    fields: Mapping[str, Sequence[Field]], rows: Mapping[str, TableRows],
    constraints: Sequence[Constraint],
) -> Iterator[str]:  # fmt: skip
    """Sentences about orders of moments that all rows keep, and how to hold to them."""
    held = [set(one.columns) for one in constraints]
    for name in parents:
        columns, named = joined(name, schema, parents, fields, rows)
        for low, high in orders_of(columns, named):
            mine = [one.startswith(f"{name}.") for one in (low, high)]
            if any({low, high} <= one for one in held) or not any(mine):
                continue
            rule = f'[{{"kind": "inequality", "low": "{low}", "high": "{high}"}}]'
            yield (
                f"{low!r} is after {high!r} in no row. To keep it so in every row made, give "
                f"{option('constraints', 'FILE')} with a file that holds {rule}."
            )
