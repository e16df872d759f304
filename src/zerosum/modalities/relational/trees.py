"""Databases that are trees, so that each row belongs to one unit whatever others hold.

A promise of privacy is for a unit: a row of the main table with all that hangs below it. It can be
kept where the schema alone says which unit a row belongs to.
"""

from collections.abc import Callable, Mapping

import numpy as np

from zerosum.errors import PrivacyError
from zerosum.faces import option, reading
from zerosum.modalities.relational.layout import TableRows, place, some_rows
from zerosum.modalities.relational.schema import DatabaseSchema, TableKeys

_ELSE = "or learn its table by itself, by the recipe sequences"


def require_tree(schema: DatabaseSchema) -> tuple[dict[str, int | None], str]:
    """The reference to the parent of each table that is not kept, and the main table.

    Rows are not looked at.

    Raises:
        PrivacyError: a table refers to itself or to several that are learned, or several hang below
            none.
    """
    parents = {table.name: _parent(schema, table) for table in schema.tables if not table.kept}
    tops = [name for name, parent in parents.items() if parent is None]
    if not tops:
        raise PrivacyError(
            f"all tables are kept as they are, so {option('epsilon')} has nobody to protect."
        )
    if len(tops) > 1:
        below = {name: _num_below(schema, parents, name) for name in tops}
        main = max(tops, key=lambda name: below[name])
        others = [name for name in tops if name != main]
        raise PrivacyError(
            f"{option('epsilon')} protects a row of one table with all that hangs below it, which "
            f"would be {main!r}, and {', '.join(map(repr, others))} hang below nothing. If their "
            f"rows are public, keep them as they are ({reading(keep=','.join(others))}), or leave "
            "them out of the schema and learn them by themselves."
        )
    return parents, tops[0]


def _parent(schema: DatabaseSchema, table: TableKeys) -> int | None:
    """The reference to the only table that is learned; others must follow from it.

    Raises:
        PrivacyError: there are several, or the table refers to itself.
    """
    learned = [
        number for number, one in enumerate(table.refers) if not schema[one.to].kept
    ]  # fmt: skip
    for number in learned:
        if table.refers[number].to == table.name:
            raise PrivacyError(
                f"{table.name!r} refers to itself ({table.refers[number]}), so what one person's "
                f"rows tell of another's is not bounded, and {option('epsilon')} cannot hold. "
                f"Take the reference out of the schema and drop its column, {_ELSE}."
            )
    for number in learned:
        if all(other == number or schema.follows(table, other, [number]) for other in learned):
            return number
    if not learned:
        return None
    several = "; ".join(str(table.refers[number]) for number in learned)
    to = table.refers[learned[-1]].to
    raise PrivacyError(
        f"{table.name!r} refers to several tables that are learned ({several}), so its rows belong "
        f"to several persons, and {option('epsilon')} cannot hold. If one of these tables is "
        f"public, keep it as it is ({reading(keep=to)}); else take its reference out of the "
        f"schema and drop the column, {_ELSE}."
    )


def _num_below(schema: DatabaseSchema, parents: Mapping[str, int | None], top: str) -> int:
    """How many tables hang below one."""
    found = {top}
    for name in schema.order:
        number = parents.get(name)
        if number is not None and schema[name].refers[number].to in found:
            found.add(name)
    return len(found)


def require_parents(
    schema: DatabaseSchema, parents: Mapping[str, int | None], rows: Mapping[str, TableRows]
) -> None:
    """Every row below the main table has its parent.

    Raises:
        PrivacyError: some have none.
    """
    for name, number in parents.items():
        if number is not None and (rows[name].links[number] < 0).any():
            raise PrivacyError(
                f"some rows of {name!r} refer to no row by {schema[name].refers[number]}, so "
                f"nobody is protected who has them, and {option('epsilon')} cannot hold. Fill the "
                "reference, or leave these rows out of the data."
            )


def first_rows(
    schema: DatabaseSchema, parents: Mapping[str, int | None], main: str,
    rows: Mapping[str, TableRows], times: Mapping[str, np.ndarray],
    bound: Callable[[str, np.ndarray], int | None],
) -> dict[str, TableRows]:  # fmt: skip
    """Of each unit the first rows of each table; with a row goes what hangs below it.

    Args:
        schema: a tree; see `require_tree`.
        parents: number of the reference to the parent, by table.
        main: the table whose rows are the units.
        rows: of each table.
        times: for some tables what orders the rows of one parent; see `place`.
        bound: how many rows of a table are taken of each unit, from how many each has, `[U]`; None
            for all of them. It is asked for each table below the main one, parents first.
    """
    placed = place(schema, parents, main, rows, times)
    taken = {name: np.ones(len(one), bool) for name, one in rows.items()}
    for name in schema.order:
        number = parents.get(name)
        if number is None:
            continue
        own, link = placed[name], rows[name].links[number]
        there = taken[schema[name].refers[number].to][link][own.order]
        sums = np.concatenate([[0], np.cumsum(there)])
        begun = sums[own.start]
        most = bound(name, np.diff(begun))
        if most is not None:
            there &= sums[1:] - np.repeat(begun[:-1], np.diff(own.start)) <= most
        taken[name][own.order] = there
    return some_rows(schema, rows, taken)
