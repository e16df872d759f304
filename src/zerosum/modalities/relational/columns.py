"""Columns of the network of each table: the user's own, references, and numbers of rows below."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from zerosum.errors import DataError
from zerosum.modalities.relational.copied import Copied
from zerosum.modalities.relational.fields import PositionField, ReferenceField
from zerosum.modalities.relational.flat import UnitRows
from zerosum.modalities.relational.layout import Placed, TableRows, families
from zerosum.modalities.relational.schema import DatabaseSchema, TableKeys
from zerosum.modalities.relational.sides import COUNT, TO, KeptTable, Match
from zerosum.modalities.tables.fields import CategoryField, Field, IntegerField

NONE = CategoryField(name="(a row)", names=("is there",))
"""The column of a table that has none to learn."""


def unit_rows(values: Mapping[str, Tensor], placed: Mapping[str, Placed]) -> dict[str, UnitRows]:
    """Rows of each table, unit by unit."""
    return {name: UnitRows(values[name], placed[name].start) for name in placed}


def times_of(
    fields: Mapping[str, Sequence[Field]], rows: Mapping[str, TableRows]
) -> dict[str, np.ndarray]:
    """What orders the rows of one parent: the first column of moments, where there is one."""
    found = {}
    for name, own in fields.items():
        names = [field for field in own if field.modelled]
        at = next((i for i, one in enumerate(names) if one.kind in ("date", "datetime")), None)
        if at is not None:
            found[name] = np.nan_to_num(rows[name].values[:, at].numpy(), nan=-np.inf)
    return found


def matches_of(schema: DatabaseSchema, table: TableKeys, parent: int | None) -> tuple[Match, ...]:
    """The references that are no parent and do not follow from others.

    Raises:
        DataError: two references have a column in common, and neither follows from the other.
    """
    order = [number for number in range(len(table.refers)) if number != parent]
    order.sort(key=lambda number: -len(table.refers[number].columns))
    filled = set() if parent is None else set(table.refers[parent].columns)
    used = [] if parent is None else [parent]
    found = []
    for number in order:
        reference = table.refers[number]
        shared = filled & set(reference.columns)
        if shared:
            if not schema.follows(table, number, used):
                raise DataError(
                    f"two references of {table.name!r} have the column "
                    f"{sorted(shared)[0]!r} in common, and neither follows from the other. Leave "
                    f"out one of them in the schema: {'; '.join(map(str, table.refers))}."
                )
            continue
        filled |= set(reference.columns)
        used.append(number)
        mine = set(table.key) - ({*table.refers[parent].columns} if parent is not None else set())
        whole = parent is not None and bool(mine) and mine <= set(reference.columns)
        found.append(
            Match(
                reference=number, column=TO + ", ".join(reference.columns),
                grouped=not schema[reference.to].kept, apart=whole,
            )
        )  # fmt: skip
    return tuple(found)


def references_of(matches: Sequence[Match], rows: TableRows) -> dict[str, np.ndarray]:
    """The row that each row refers to, NaN for none, float64 `[N]` by column of codes."""
    return {
        one.column: np.where(link >= 0, link, np.nan)
        for one in matches for link in (rows.links[one.reference],)
    }  # fmt: skip


def counts_of(
    schema: DatabaseSchema, parents: Mapping[str, int | None], rows: Mapping[str, TableRows],
    name: str,
) -> dict[str, np.ndarray]:  # fmt: skip
    """How many rows of each table hang below each row, by table."""
    found = {}
    for child in schema.order:
        number = parents.get(child)
        if number is not None and schema[child].refers[number].to == name:
            link = rows[child].links[number]
            found[child] = np.bincount(link[link >= 0], minlength=len(rows[name])).astype(float)
    return found


def columns_of(
    schema: DatabaseSchema, name: str, fields: Sequence[Field], rows: Mapping[str, TableRows],
    matches: Sequence[Match], codes: Mapping[str, np.ndarray], counts: Mapping[str, np.ndarray],
    groups: Mapping[str, Mapping[str, np.ndarray]], copied: Sequence[Copied],
) -> tuple[Tensor, list[Field]]:  # fmt: skip
    """Values of all columns of a table's network `[N, D]`, and what they are.

    Those that are copied from rows above come first, so that all others are drawn given these.
    """
    parts: list[np.ndarray] = []
    found: list[Field] = []
    for one in matches:
        to = schema[name].refers[one.reference].to
        many = 64 if one.grouped else len(rows[to])
        parts.append(codes[one.column][:, None])
        found.append(CategoryField(name=one.column, names=tuple(map(str, range(many)))))
    own = [field for field in fields if field.modelled]
    parts.append(rows[name].values.numpy())
    found += own
    for child, many in counts.items():
        parts.append(many[:, None])
        found.append(IntegerField(name=COUNT + child))
    for column, group in groups.get(name, {}).items():
        parts.append(group[:, None].astype(float))
        found.append(CategoryField(name=column, names=tuple(map(str, range(64)))))
    if not found:
        parts, found = [np.zeros((len(rows[name]), 1))], [NONE]
    first = {one.column for one in copied}
    order = sorted(range(len(found)), key=lambda i: found[i].name not in first)
    values = torch.from_numpy(np.concatenate(parts, axis=1))
    return values[:, order], [found[i] for i in order]


def tells_rows(table: TableKeys, fields: Sequence[Field]) -> bool:
    """Whether a column that is learned is a part of the key."""
    kinds = {field.name: field for field in fields}
    return any(kinds[name].modelled for name in table.key)


def kept_table(name: str, fields: Sequence[Field], rows: TableRows) -> KeptTable:
    """A table that is kept as it is."""
    columns = [
        tuple(None if np.isnan(one) else int(one) for one in column)
        for column in rows.values.T.tolist()
    ]
    kept = tuple(field for field in fields if isinstance(field, CategoryField))
    return KeptTable(name=name, fields=kept, codes=tuple(columns))


def key_fields(
    table: TableKeys, columns: Mapping[str, np.ndarray | None], types: Mapping[str, str],
    natives: Mapping[str, str], parent_row: np.ndarray | None,
) -> dict[str, Field]:  # fmt: skip
    """Fields of columns that are keys: references, and numbers within a parent.

    Args:
        table: which columns are keys and references.
        columns: whole numbers of the columns of a compound key, `[N]`; None for others.
        types: arrow types of the columns, by name.
        natives: what their library calls them.
        parent_row: the parent of each row, -1 for none; None without one.
    """
    found: dict[str, Field] = {}
    for reference in table.refers:
        for name in reference.columns:
            found[name] = ReferenceField(name=name, dtype=types[name], native=natives.get(name, ""))
    if parent_row is None or len(table.key) < 2:
        return found
    for name in table.key:
        numbers = columns.get(name)
        if name in found or numbers is None:
            continue
        order = np.lexsort((numbers, parent_row))
        position, _ = families(parent_row[order])
        first = numbers[order] - position
        if len(first) and (first == first[0]).all() and int(first[0]) in (0, 1):
            found[name] = PositionField(
                name=name, dtype=types[name], native=natives.get(name, ""), first=int(first[0])
            )
    return found
