"""Units of a database as it is read: whether these are few, and those that are kept apart."""

from collections.abc import Mapping

import numpy as np

from zerosum.data.subsets import rows_apart
from zerosum.faces import reading
from zerosum.modalities.relational.layout import (
    TableRows,
    main_table,
    parents_of,
    place,
    some_rows,
)
from zerosum.modalities.relational.schema import DatabaseSchema

_FEW = 10
"""Rows of the main table below which the rows below them are rather the units."""


def few_units(schema: DatabaseSchema, main: str, rows: Mapping[str, TableRows]) -> list[str]:
    """A sentence where all rows hang below a few, which are better kept as they are."""
    n = len(rows[main])
    children = [
        one.name for one in schema.tables
        if any(r.to == main for r in one.refers) and len(rows[one.name]) >= _FEW * max(n, 1)
    ]  # fmt: skip
    if n >= _FEW or not children:
        return []
    return [
        f"all rows hang below the {n:,} of {main!r}, so these are what is counted and made; with "
        f"{reading(keep=main)} they are kept as they are, and rows of {children[0]!r} are"
    ]


def split_units(
    schema: DatabaseSchema, rows: Mapping[str, TableRows], share: float
) -> tuple[dict[str, TableRows], dict[str, TableRows]]:
    """Rows of the units to train on, and of those that are kept apart.

    Rows of tables that do not hang below the main one are in both.

    Raises:
        DataError: a side would be empty.
    """
    parents = parents_of(schema, rows)
    main = main_table(schema, parents, {name: len(one) for name, one in rows.items()})
    placed = place(schema, parents, main, rows, {})
    below = {main}
    for name in schema.order:
        number = parents.get(name)
        if number is not None and schema[name].refers[number].to in below:
            below.add(name)
    sides = []
    for units in rows_apart(len(rows[main]), share):
        mine = np.zeros(len(rows[main]), bool)
        mine[units.numpy()] = True
        taken = {name: np.ones(len(one), bool) for name, one in rows.items()}
        for name in below:
            taken[name][placed[name].order] = mine[placed[name].unit]
        sides.append(some_rows(schema, rows, taken))
    return sides[0], sides[1]
