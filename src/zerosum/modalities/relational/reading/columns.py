"""What the columns of each table of a database are."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from zerosum.data.base import Progress
from zerosum.errors import DataError
from zerosum.faces import option
from zerosum.modalities.relational.columns import key_fields
from zerosum.modalities.relational.layout import TableRows
from zerosum.modalities.relational.reading.rows import LinkedTables
from zerosum.modalities.relational.schema import TableKeys
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.reading.checks import with_rare
from zerosum.modalities.tables.reading.infer import infer_schema

Kinds = Mapping[str, str | dict[str, Any]]
"""What is said of columns, by table and column: a kind, or attributes of a field."""

_MOST_RARE = 0.5
"""Share of the rows of a key's column that may have rare names."""


def columns_of_table(
    linked: LinkedTables, table: TableKeys, parent: int | None, *, kinds: Kinds,
    drop: Sequence[str], private: bool, progress: Progress | None,
) -> list[Field]:  # fmt: skip
    """Every column of one table.

    Args:
        linked: the tables.
        table: which.
        parent: number of the reference to its parent.
        kinds: what is said of columns, with the names of their tables.
        drop: columns to leave out, with the names of their tables.
        private: whether fields hold no value of a row.
        progress: called during work that takes long.

    Raises:
        DataError: a key is to be left out.
    """
    source, prefix = linked.sources[table.name], f"{table.name}."
    gone = [name.removeprefix(prefix) for name in drop if name.startswith(prefix)]
    lost = set(gone) & {*table.key, *(c for one in table.refers for c in one.columns)}
    if lost:
        raise DataError(
            f"{table.name}.{sorted(lost)[0]} is a key, so it cannot be dropped. Take it out of the "
            "schema first."
        )
    if table.kept:
        kept = {name: {"kind": "category"} for name in source.types if name not in gone}
        return list(infer_schema(source, overrides=kept, drop=gone, progress=progress).fields)
    taken = linked.taken[table.name]
    numbers = {
        name: _whole(linked.keys[table.name][name], taken) for name in table.key
    }  # fmt: skip
    types = {name: str(kind) for name, kind in source.types.items()}
    row = None if parent is None else linked.links[table.name][parent]
    known = key_fields(table, numbers, types, source.natives, row)
    told = stated_of(kinds, table.name)
    if len(table.key) == 1 and table.key[0] not in known and table.key[0] not in told:
        kind = source.types[table.key[0]]
        if str(kind).startswith(("int", "uint", "string", "large_string")):
            told[table.key[0]] = {"kind": "key"}
    rest = [name for name in source.types if name not in known and name not in gone]
    fields = dict(known)
    if rest:
        schema = infer_schema(
            source, overrides={n: k for n, k in told.items() if n in rest},
            drop=[*gone, *known], private=private, progress=progress,
        )  # fmt: skip
        fields |= {field.name: field for field in schema.fields}
    return [fields[name] for name in source.types if name in fields]


def stated_of(kinds: Kinds, table: str) -> dict[str, dict[str, Any]]:
    """What is said of columns of a table, by plain name."""
    return {
        name.removeprefix(f"{table}."): {"kind": one} if isinstance(one, str) else dict(one)
        for name, one in kinds.items()
        if name.startswith(f"{table}.")
    }


def _whole(column: Any, taken: np.ndarray) -> np.ndarray | None:
    """Whole numbers of a column, `[N]`; None where it holds others."""
    import pyarrow.types as pt

    if not pt.is_integer(column.type) or column.null_count:
        return None
    return column.to_numpy()[taken]


def checked_field(
    field: Field, own: list[Field], rows: TableRows, table: TableKeys, protect: int
) -> Field:
    """A field whose categories are known.

    Raises:
        DataError: it is a part of a key, and most rows have names that are too rare to be made.
    """
    at = [one.name for one in own if one.modelled].index(field.name)
    column = rows.values[:, at]
    if field.name in table.key and field.categories:
        times = torch.bincount(column[~column.isnan()].long())
        if int(times[times < protect].sum()) > _MOST_RARE * len(column):
            name = f"{table.name}.{field.name}"
            raise DataError(
                f"{name} is a part of a key, and holds {len(field.categories):,} names that come "
                f"fewer than {protect} times each, such as {field.categories[0]!r}. So rare names "
                "are not made. If these are moments or numbers, convert the column, or say so: "
                f"{option('kinds', {name: 'datetime'})}. If not, take it out of the key."
            )
    return with_rare(field, column, protect=protect)
