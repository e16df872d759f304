"""From sources of tables and a schema to linked rows: keys are checked, and orphans found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pyarrow as pa
import torch

from zerosum.data.base import Progress
from zerosum.errors import DataError
from zerosum.faces import option
from zerosum.modalities.relational.keys import ORPHAN, linked, require_unique
from zerosum.modalities.relational.layout import TableRows
from zerosum.modalities.relational.schema import DatabaseSchema, require_fit
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.reading.dataset import read_values
from zerosum.modalities.tables.reading.sources import TableSource

Orphans = Literal["refuse", "apart"]
"""What is done about rows that refer to something that is not there."""

Keys = dict[str, pa.ChunkedArray]
"""Columns of keys and references of one table, by name."""


@dataclass(frozen=True)
class LinkedTables:
    """Which rows of each table there are, and what they refer to.

    Attributes:
        sources: the tables.
        schema: how they refer to each other.
        keys: columns of keys and references, of all rows.
        taken: rows that are taken, bool `[N]` each.
        links: for each table and each of its references the row referred to, of those that are
            taken, or -1; int64 `[M]`.
        notes: what was set apart.
    """

    sources: Mapping[str, TableSource]
    schema: DatabaseSchema
    keys: Mapping[str, Keys]
    taken: Mapping[str, np.ndarray]
    links: Mapping[str, tuple[np.ndarray, ...]]
    notes: tuple[str, ...] = ()

    def rows(
        self, fields: Mapping[str, Sequence[Field]], progress: Progress | None = None
    ) -> "dict[str, TableRows]":
        """Values of the modelled fields of each table, with the links of its rows.

        Raises:
            DataError: a column holds what its field cannot.
        """
        found = {}
        for name, own in fields.items():
            values = read_values(self.sources[name], own, progress=progress)
            found[name] = TableRows(values[torch.from_numpy(self.taken[name])], self.links[name])
        return found


@dataclass
class _Taken:
    rows: dict[str, np.ndarray] = field(default_factory=dict)
    renumbered: dict[str, np.ndarray] = field(default_factory=dict)


def link_tables(
    sources: Mapping[str, TableSource], schema: DatabaseSchema, *, orphans: Orphans = "refuse"
) -> LinkedTables:
    """Check keys, and find what rows refer to.

    Args:
        sources: the tables.
        schema: how they refer to each other.
        orphans: `refuse` them, or set them `apart`, with all that hangs below them.

    Raises:
        DataError: a table or column is not there, a table has no rows, a key is not unique, or
            there are orphans and they are refused; some are listed.
    """
    require_fit(schema, {name: list(source.types) for name, source in sources.items()})
    keys: dict[str, Keys] = {}
    for table in schema.tables:
        source = sources[table.name]
        asked = [name for one in schema.tables for r in one.refers if r.to == table.name
                 for name in r.keys]  # fmt: skip
        own = [*table.key, *(name for one in table.refers for name in one.columns), *asked]
        source.check(list(dict.fromkeys(own)))
        keys[table.name] = key_columns(source, dict.fromkeys(own))
        if table.key:
            require_unique([keys[table.name][name] for name in table.key], table.key, table.name)
    for table in schema.tables:
        for one in table.refers:
            if one.keys != schema[one.to].key:
                require_unique([keys[one.to][name] for name in one.keys], one.keys, one.to)
    done, notes, refused = _Taken(), [], []
    links: dict[str, tuple[np.ndarray, ...]] = {}
    for name in schema.order:
        table, found = schema[name], []
        taken = np.ones(sources[name].num_rows, bool)
        for one in table.refers:
            link = linked([keys[name][c] for c in one.columns], [keys[one.to][c] for c in one.keys])
            row = link.row
            if link.num_orphans:
                refused.append(
                    f"{link.num_orphans:,} rows of {name!r} refer to rows of {one.to!r} that are "
                    f"not there, by {', '.join(one.columns)}: {'; '.join(link.examples)}"
                )
            if one.to != name:
                row = np.where(row >= 0, done.renumbered[one.to][np.maximum(row, 0)], row)
            taken &= row != ORPHAN
            found.append(row)
        taken = _without_lost(table.refers, name, found, taken)
        numbers = np.where(taken, np.cumsum(taken) - 1, ORPHAN)
        done.rows[name], done.renumbered[name] = taken, numbers
        links[name] = tuple(
            np.where(row >= 0, numbers[np.maximum(row, 0)], row)[taken] if one.to == name
            else row[taken]
            for one, row in zip(table.refers, found, strict=True)
        )  # fmt: skip
        if not taken.all():
            notes.append(f"{int((~taken).sum()):,} orphans of {name!r} are set apart")
        if not taken.any():
            raise DataError(f"no row of {name!r} is left: all are orphans. Look at its references.")
    if refused and orphans == "refuse":
        raise DataError(
            f"there are orphans: {'. '.join(refused)}. Mend them, take the reference out of the "
            f"schema, or leave such rows out with {option('orphans', 'apart')}."
        )
    return LinkedTables(sources, schema, keys, done.rows, links, tuple(notes))


def _without_lost(
    refers: Sequence, name: str, found: Sequence[np.ndarray], taken: np.ndarray
) -> np.ndarray:
    """Without rows that refer to rows of the same table that are not taken."""
    while True:
        before = int(taken.sum())
        for one, row in zip(refers, found, strict=True):
            if one.to == name:
                taken = taken & ((row < 0) | taken[np.maximum(row, 0)])
        if int(taken.sum()) == before:
            return taken


def key_columns(source: TableSource, names: "Mapping[str, None] | Sequence[str]") -> Keys:
    """Columns of a table, read whole."""
    names = list(names)
    if not names:
        return {}
    chunks = [batch.select(names) for batch in source.batches()]
    table = pa.Table.from_batches(chunks)
    return {name: table.column(name) for name in names}
