"""Rows of a database in units: a row of the main table, with everything that hangs below it.

Each row has at most one *parent*, so that rows make trees; what else it refers to is matched (see
`matching`). Trees are dealt out to as many *units* as the main table has rows. In a schema that is
a tree, a unit is one row of it with all that hangs below. Rows of other tables without a parent are
dealt out evenly.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from zerosum.modalities.relational.schema import DatabaseSchema


@dataclass(frozen=True)
class TableRows:
    """Rows of one table as they came.

    Attributes:
        values: of the modelled fields, float64 `[N, D]`.
        links: for each reference of the table the row that is referred to, -1 for nothing; int64
            `[N]` each.
    """

    values: Tensor
    links: tuple[np.ndarray, ...]

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Placed:
    """Where the rows of one table stand in units.

    Attributes:
        order: numbers of the rows as they came, unit by unit and parent by parent; int64 `[N]`.
        parent: place of each row's parent in the order of its own table, -1 without one; `[N]`.
        position: how many rows of the same parent come before it, `[N]`.
        family: rows that its parent has, itself among them, `[N]`.
        start: the first row of each unit, and the number of rows; int64 `[U + 1]`.
    """

    order: np.ndarray
    parent: np.ndarray
    position: np.ndarray
    family: np.ndarray
    start: np.ndarray

    @property
    def unit(self) -> np.ndarray:
        """The unit of each row, `[N]`."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))


def parents_of(schema: DatabaseSchema, rows: Mapping[str, TableRows]) -> dict[str, int | None]:
    """Number of the reference that leads to the parent, for each table that is not kept.

    It is the one to the table of most rows, so that parents have few children each; references
    that are missing in some rows come last. Nothing that is kept, and no table itself, is a parent.
    """
    found: dict[str, int | None] = {}
    for table in schema.tables:
        if table.kept:
            continue
        best: tuple[bool, int] | None = None
        found[table.name] = None
        for number, reference in enumerate(table.refers):
            if reference.to == table.name or schema[reference.to].kept:
                continue
            link = rows[table.name].links[number]
            if len(link) and (link < 0).all():
                continue
            rank = (bool((link >= 0).all()), len(rows[reference.to]))
            if best is None or rank > best:
                best, found[table.name] = rank, number
    return found


def main_table(
    schema: DatabaseSchema, parents: Mapping[str, int | None], counts: Mapping[str, int]
) -> str:
    """The table without a parent below which most rows hang; the first of several."""
    below = {name: counts[name] for name in parents}
    for name in reversed(schema.order):
        number = parents.get(name)
        if number is not None:
            below[schema[name].refers[number].to] += below[name]
    tops = [name for name in schema.order if name in parents and parents[name] is None]
    return max(tops, key=lambda name: below[name])


def place(
    schema: DatabaseSchema,
    parents: Mapping[str, int | None],
    main: str,
    rows: Mapping[str, TableRows],
    times: Mapping[str, np.ndarray],
) -> dict[str, Placed]:
    """Rows of all tables that are not kept, in units.

    Args:
        schema: how tables refer to each other.
        parents: see `parents_of`.
        main: the table whose rows are the units.
        rows: of each table.
        times: for some tables what orders the rows of one parent, `[N]`; others stay as they came.
    """
    units = max(len(rows[main]), 1)
    unit_of: dict[str, np.ndarray] = {}
    rank_of: dict[str, np.ndarray] = {}
    found: dict[str, Placed] = {}
    for name in schema.order:
        if name not in parents:
            continue
        n, number = len(rows[name]), parents[name]
        link = np.full(n, -1)
        unit, rank = np.zeros(n, np.int64), np.full(n, -1)
        if number is not None:
            link = rows[name].links[number]
            to, has = schema[name].refers[number].to, link >= 0
            unit[has], rank[has] = unit_of[to][link[has]], rank_of[to][link[has]]
        tops = np.flatnonzero(link < 0)
        unit[tops] = np.arange(len(tops)) * units // max(len(tops), 1)
        when = times.get(name, np.zeros(n))
        order = np.lexsort((np.arange(n), when, rank, unit))
        rank_of[name] = np.empty(n, np.int64)
        rank_of[name][order] = np.arange(n)
        unit_of[name] = unit
        start = np.searchsorted(unit[order], np.arange(units + 1))
        found[name] = Placed(order, rank[order], *families(rank[order]), start)
    return found


def families(parent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Position within its family, and size of the family, of rows in the order of parents `[N]`.

    Rows without a parent (-1) are families of their own.

    >>> position, family = families(np.array([0, 0, 1, -1, -1]))
    >>> position.tolist(), family.tolist()
    ([0, 1, 0, 0, 0], [2, 2, 1, 1, 1])
    """
    n = len(parent)
    if not n:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    new = np.ones(n, bool)
    new[1:] = (parent[1:] != parent[:-1]) | (parent[1:] < 0)
    first = np.flatnonzero(new)
    sizes = np.diff(np.append(first, n))
    return np.arange(n) - np.repeat(first, sizes), np.repeat(sizes, sizes)


def ranges(start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """All numbers from `start` up to `stop`, pair after pair, int64.

    >>> ranges(np.array([0, 5]), np.array([2, 8])).tolist()
    [0, 1, 5, 6, 7]
    """
    sizes = stop - start
    shift = np.repeat(start - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes)
    return np.arange(len(shift)) + shift


def some_rows(
    schema: DatabaseSchema, rows: Mapping[str, TableRows], taken: Mapping[str, np.ndarray]
) -> dict[str, TableRows]:
    """Some rows of each table; what refers to others refers to nothing."""
    number = {name: np.where(mask, np.cumsum(mask) - 1, -1) for name, mask in taken.items()}
    found = {}
    for name, one in rows.items():
        links = tuple(
            np.where(link >= 0, number[reference.to][np.maximum(link, 0)], -1)[taken[name]]
            for reference, link in zip(schema[name].refers, one.links, strict=True)
        )
        found[name] = TableRows(one.values[torch.from_numpy(taken[name])], links)
    return found
