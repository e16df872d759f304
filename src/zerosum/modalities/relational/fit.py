"""What is learned of a database before any network: fields, parents, groups, codes, flat units."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from zerosum.errors import DataError
from zerosum.faces import several
from zerosum.modalities.relational.across import (
    Across,
    fitted_across,
    require_kept,
    sorted_out,
)
from zerosum.modalities.relational.copied import Copied, find_copied
from zerosum.modalities.relational.fields import PositionField, ReferenceField
from zerosum.modalities.relational.flat import UnitRows, flat_fields, flatten, tables_below
from zerosum.modalities.relational.layout import (
    Placed,
    TableRows,
    families,
    main_table,
    parents_of,
    place,
)
from zerosum.modalities.relational.matching import grouped
from zerosum.modalities.relational.schema import DatabaseSchema, TableKeys
from zerosum.modalities.relational.sides import COUNT, GROUP, TO, KeptTable, Match, Side
from zerosum.modalities.relational.space import RelationalSpace
from zerosum.modalities.tables.constraints.base import Constraint
from zerosum.modalities.tables.fields import CategoryField, Field, IntegerField
from zerosum.modalities.tables.reading.dataset import LEAST, fit_space
from zerosum.modalities.tables.space import TableSpace

_Above = TypeVar("_Above", Across, Copied)

_NONE = CategoryField(name="(a row)", names=("is there",))
"""The column of a table that has none to learn."""


@dataclass(frozen=True)
class Fitted:
    """A database in units.

    Attributes:
        space: what a unit is.
        placed: where rows stand, by table.
        values: of the columns of each table's network, unit by unit, float64 `[N, D]`.
        flat: values of flat units, float64 `[U, D]`.
    """

    space: RelationalSpace
    placed: Mapping[str, Placed]
    values: Mapping[str, Tensor]
    flat: Tensor


def fit_database(
    schema: DatabaseSchema,
    fields: Mapping[str, Sequence[Field]],
    rows: Mapping[str, TableRows],
    *,
    least: int = LEAST,
    constraints: Sequence[Constraint] = (),
) -> Fitted:
    """Fit codes, groups and flat units to rows.

    Args:
        schema: how tables refer to each other.
        fields: every column of each table.
        rows: of each table; values of the modelled fields.
        least: rows that must share a value before it is learned as one of its own.
        constraints: what holds in rows, with names such as `orders.shipped`.

    Raises:
        DataError: every table is to be kept as it is.
        ConstraintError: a constraint cannot hold, or rows break one.
    """
    parents = parents_of(schema, rows)
    if not parents:
        raise DataError("all tables are to be kept as they are, so there is nothing to learn.")
    within, across = sorted_out(constraints, schema, parents, fields)
    main = main_table(schema, parents, {name: len(one) for name, one in rows.items()})
    placed = place(schema, parents, main, rows, _times(fields, rows))
    plain = {name: _plain_space(fields[name], rows[name].values, least=least) for name in parents}
    matches = {name: _matches(schema, schema[name], parents[name]) for name in parents}
    codes: dict[str, dict[str, np.ndarray]] = {name: {} for name in parents}
    groups: dict[str, dict[str, np.ndarray]] = {name: {} for name in parents}
    for name, own in matches.items():
        for one in own:
            reference = schema[name].refers[one.reference]
            link = rows[name].links[one.reference]
            if one.grouped:
                found = grouped(
                    _embedded(plain[reference.to], rows[reference.to].values),
                    _embedded(plain[name], rows[name].values), link,
                )  # fmt: skip
                groups[reference.to][GROUP + f"{name}.{one.reference}"] = found
                codes[name][one.column] = np.where(link >= 0, found[np.maximum(link, 0)], np.nan)
            else:
                codes[name][one.column] = np.where(link >= 0, link, np.nan)
    sides, values = [], {}
    for name in schema.order:
        if name not in parents:
            continue
        counts = _counts(schema, parents, rows, name)
        columns, own = _columns(
            schema, name, fields[name], rows, matches[name], codes[name], counts, groups
        )
        order = torch.from_numpy(placed[name].order)
        values[name] = columns[order]
        number = parents[name]
        learned = fit_space(own, values[name], constraints=within.get(name, ()), least=least)
        require_kept(learned, name)
        sides.append(
            Side(
                name=name, fields=tuple(fields[name]), parent=number, matches=matches[name],
                rows=learned,
                across=_placed(
                    sides,
                    fitted_across(across.get(name, ()), name, schema, parents, fields, rows),
                ),
                copied=_placed(sides, find_copied(name, schema, parents, fields, rows)),
                loose=0 if number is None else int((rows[name].links[number] < 0).sum()),
                apart=_tells_rows(schema[name], fields[name]),
            )
        )  # fmt: skip
    kept = tuple(
        _kept(table.name, fields[table.name], rows[table.name])
        for table in schema.tables if table.kept
    )  # fmt: skip
    mine = next(side for side in sides if side.name == main)
    up = {s.name: schema[s.name].refers[s.parent].to for s in sides if s.parent is not None}
    below = tables_below(mine, sides, up)
    flat = flatten(mine, below, _unit_rows(values, placed))
    space = fit_space(flat_fields(mine, below)[0], flat, least=least)
    whole = RelationalSpace(
        fields=space.fields, calendars=space.calendars, codecs=space.codecs,
        num_rows=space.num_rows, database=schema, main=main, sides=tuple(sides), kept=kept,
    )  # fmt: skip
    return Fitted(whole, placed, values, flat)


def _placed(sides: Sequence[Side], found: Iterable[_Above]) -> tuple[_Above, ...]:
    """With the places of columns among the values of rows above."""
    rows = {side.name: side.rows for side in sides}
    return tuple(
        one.model_copy(update={"place_above": rows[one.above].names.index(one.column_above)})
        for one in found
    )


def apply_database(space: RelationalSpace, rows: Mapping[str, TableRows]) -> Tensor:
    """Values of flat units, float64 `[U, D]`, of other rows of a database that is known."""
    schema = space.database
    parents: dict[str, int | None] = {side.name: side.parent for side in space.sides}
    fields = {side.name: side.fields for side in space.sides}
    placed = place(schema, parents, space.main, rows, _times(fields, rows))
    values = {}
    for side in space.sides:
        name, link = side.name, rows[side.name].links
        codes = {
            one.column: np.where(link[one.reference] >= 0, link[one.reference], np.nan)
            for one in side.matches
        }
        counts = _counts(schema, parents, rows, name)
        unknown = {
            field.name: np.zeros(len(rows[name]))
            for field in side.rows.modelled if field.name.startswith(GROUP)
        }  # fmt: skip
        columns, _ = _columns(
            schema, name, side.fields, rows, side.matches, codes, counts, {name: unknown}
        )
        values[name] = columns[torch.from_numpy(placed[name].order)]
    return flatten(space[space.main], space.below, _unit_rows(values, placed))


def _unit_rows(values: Mapping[str, Tensor], placed: Mapping[str, Placed]) -> dict[str, UnitRows]:
    """Rows of each table, unit by unit."""
    return {name: UnitRows(values[name], placed[name].start) for name in placed}


def require_learnable(name: str, fields: Sequence[Field]) -> None:
    """No column of a table is free text.

    Raises:
        DataError: one is; it says what to do.
    """
    texts = [field.name for field in fields if field.kind == "text"]
    if texts:
        column = f"{name}.{texts[0]}"
        drop = several("drop", [column])
        raise DataError(
            f"{', '.join(f'{name}.{one}' for one in texts)}: free text, of which nothing is "
            f"learned. Drop it ({drop}), or give it a kind in the schema."
        )


def _plain_space(fields: Sequence[Field], values: Tensor, *, least: int) -> TableSpace | None:
    """The space of a table by itself; None where it has nothing to learn."""
    if not any(field.modelled for field in fields):
        return None
    return fit_space(fields, values, least=least)


def _embedded(space: TableSpace | None, values: Tensor) -> np.ndarray:
    if space is None:
        return np.zeros((len(values), 0))
    return space.embed(space.to_model(values)).double().numpy()


def _times(
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


def _matches(schema: DatabaseSchema, table: TableKeys, parent: int | None) -> tuple[Match, ...]:
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
            if not _follows(schema, table, number, used):
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


def _follows(schema: DatabaseSchema, table: TableKeys, number: int, used: Sequence[int]) -> bool:
    """Whether another reference leads to a row that refers to the same: by the same columns."""
    mine = table.refers[number]
    for other in used:
        theirs = table.refers[other]
        leads = dict(zip(theirs.columns, theirs.keys, strict=True))
        if not set(mine.columns) <= leads.keys():
            continue
        through = tuple(leads[column] for column in mine.columns)
        if any(
            (r.columns, r.to, r.keys) == (through, mine.to, mine.keys)
            for r in schema[theirs.to].refers
        ):
            return True
    return False


def _counts(
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


def _columns(
    schema: DatabaseSchema, name: str, fields: Sequence[Field], rows: Mapping[str, TableRows],
    matches: Sequence[Match], codes: Mapping[str, np.ndarray], counts: Mapping[str, np.ndarray],
    groups: Mapping[str, Mapping[str, np.ndarray]],
) -> tuple[Tensor, list[Field]]:  # fmt: skip
    """Values of all columns of a table's network `[N, D]`, and what they are."""
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
        parts, found = [np.zeros((len(rows[name]), 1))], [_NONE]
    return torch.from_numpy(np.concatenate(parts, axis=1)), found


def _tells_rows(table: TableKeys, fields: Sequence[Field]) -> bool:
    """Whether a column that is learned is a part of the key."""
    kinds = {field.name: field for field in fields}
    return any(kinds[name].modelled for name in table.key)


def _kept(name: str, fields: Sequence[Field], rows: TableRows) -> KeptTable:
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
