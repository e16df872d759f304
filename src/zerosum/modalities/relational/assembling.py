"""From rows that were made to the user's tables: keys are made, and references are filled in."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from zerosum.errors import DataError
from zerosum.modalities.relational.chance import chances, scrambled
from zerosum.modalities.relational.fields import PositionField, ReferenceField
from zerosum.modalities.relational.layout import families
from zerosum.modalities.relational.making import MadeRows
from zerosum.modalities.relational.matching import matched
from zerosum.modalities.relational.sides import GROUP, KeptTable, Side
from zerosum.modalities.relational.space import RelationalSpace
from zerosum.modalities.tables.reading.frames import to_table
from zerosum.modalities.tables.unmodelled_fields import UnlearnedField

_NATIVE = b"native"


def assembled(space: RelationalSpace, made: Mapping[str, MadeRows]) -> dict[str, pa.Table]:
    """The user's tables, each with all of its columns, in the order of the schema.

    Rows whose key would come twice are not taken, with all that hangs below them.

    Raises:
        DataError: a value does not fit the type of its column, there are no more keys of a
            pattern, or a reference cannot be filled.
    """
    schema = space.database
    tables = {one.name: _kept_table(one) for one in space.kept}
    rows: dict[str, MadeRows] = {}
    number: dict[str, np.ndarray] = {}
    for side in space.sides:
        own = made[side.name]
        up = space.parents.get(side.name)
        if up is not None:
            parent = np.where(own.parent >= 0, number[up][np.maximum(own.parent, 0)], -1)
            own = replace(own, parent=parent)
            own = own.some(parent != -2)
            before = np.flatnonzero(parent != -2)
        else:
            before = np.arange(len(own))
        links, lost = _links(space, side, own, rows, tables)
        taken = ~lost
        if side.apart:
            taken &= ~_again(space, side, own, links)
        if not taken.all():
            own = own.some(taken)
            links = {one: link[taken] for one, link in links.items()}
            again = np.cumsum(taken) - 1
            for one in side.matches:
                if schema[side.name].refers[one.reference].to == side.name:
                    at = links[one.reference]
                    links[one.reference] = np.where(at >= 0, again[np.maximum(at, 0)], at)
        number[side.name] = np.full(len(made[side.name]), -2)
        number[side.name][before[taken]] = np.arange(len(own))
        position, _ = families(own.parent)
        own = replace(own, position=position)
        rows[side.name] = own
        if side.parent is not None:
            links[side.parent] = own.parent
        tables[side.name] = _table(space, side, own, links, tables)
    return {name: tables[name] for name in schema.names}


def _links(
    space: RelationalSpace, side: Side, own: MadeRows, rows: Mapping[str, MadeRows],
    tables: Mapping[str, pa.Table],
) -> tuple[dict[int, np.ndarray], np.ndarray]:  # fmt: skip
    """What each row refers to other than its parent, and rows for which there is nothing left."""
    links: dict[int, np.ndarray] = {}
    lost = np.zeros(len(own), bool)
    for one in side.matches:
        to = space.database[side.name].refers[one.reference].to
        codes = own.values[:, side.rows.names.index(one.column)].numpy()
        if one.grouped:
            target, other = (own, side) if to == side.name else (rows[to], space[to])
            column = other.rows.names.index(GROUP + f"{side.name}.{one.reference}")
            groups = target.values[:, column].numpy().astype(np.int64)
            chance = chances(own.seed, 1, purpose=one.reference + 1)[:, 0]
            family = own.parent if one.apart else None
            found = matched(codes, groups, chance, families=family, earlier=to == side.name)
        else:
            found = np.where(np.isnan(codes), -1, np.nan_to_num(codes)).astype(np.int64)
            found = np.minimum(found, tables[to].num_rows - 1)
            if one.apart:
                pairs = own.parent * np.int64(tables[to].num_rows + 1) + found
                _, first = np.unique(pairs, return_index=True)
                again = np.ones(len(found), bool)
                again[first] = False
                lost |= again & (found >= 0)
        if to == side.name:  # the first row of all has none before it
            found = np.where(found == -2, -1, found)
        lost |= found == -2
        links[one.reference] = found
    return links, lost


def _again(
    space: RelationalSpace, side: Side, own: MadeRows, links: Mapping[int, np.ndarray]
) -> np.ndarray:
    """Rows whose key is that of an earlier one, bool `[N]`."""
    table = space.database[side.name]
    parts = [own.values[:, key_columns_of(side, table.key)].numpy()]
    for number, one in enumerate(table.refers):
        if set(one.columns) & set(table.key):
            link = own.parent if number == side.parent else links.get(number)
            parts += [] if link is None else [link[:, None].astype(float)]
    return repeated(np.concatenate(parts, axis=1))


def key_columns_of(side: Side, key: Sequence[str]) -> list[int]:
    """Places of those columns of a key that are learned, among the values of a table's rows."""
    names = [field.name for field in side.fields if field.modelled and field.name in key]
    return [side.rows.names.index(name) for name in names]


def repeated(keys: np.ndarray) -> np.ndarray:
    """Rows of `[N, K]` that equal an earlier one, bool `[N]`; missing values equal each other.

    >>> repeated(np.array([[1.0, np.nan], [2.0, 0.0], [1.0, np.nan]])).tolist()
    [False, False, True]
    """
    again = np.zeros(len(keys), bool)
    if keys.shape[1]:
        plain = np.where(np.isnan(keys), np.inf, keys + 0.0)
        _, first = np.unique(plain, axis=0, return_index=True)
        again[:] = True
        again[first] = False
    return again


def _table(
    space: RelationalSpace, side: Side, own: MadeRows, links: Mapping[int, np.ndarray],
    tables: Mapping[str, pa.Table],
) -> pa.Table:  # fmt: skip
    learned = to_table(own.values, side.rows)
    filled = _references(space, side, links, tables)
    arrays, fields = [], []
    for field in side.fields:
        if isinstance(field, ReferenceField):
            array = filled[field.name]
            if array.type != field.arrow_type:
                array = array.cast(field.arrow_type)
        elif isinstance(field, PositionField):
            array = field.at(own.position)
        elif isinstance(field, UnlearnedField):
            array = field.make(len(own))
        else:
            arrays.append(learned.column(field.name))
            fields.append(learned.schema.field(field.name))
            continue
        told: dict[bytes | str, bytes | str] | None = (
            {_NATIVE: field.native} if field.native else None
        )
        arrays.append(array)
        fields.append(pa.field(field.name, array.type, metadata=told))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _references(
    space: RelationalSpace, side: Side, links: Mapping[int, np.ndarray],
    tables: Mapping[str, pa.Table],
) -> dict[str, pa.Array]:  # fmt: skip
    """Columns of references, each the key of the row that is referred to."""
    refers = space.database[side.name].refers
    found: dict[str, pa.Array] = {}
    own_keys = {field.name: field for field in side.fields}
    order = [] if side.parent is None else [side.parent]
    order += [one.reference for one in side.matches]
    for number in order:
        one, row = refers[number], links[number]
        at = pa.array(np.maximum(row, 0), mask=row < 0)
        for name, key in zip(one.columns, one.keys, strict=True):
            if one.to == side.name:
                field = own_keys[key]
                if not isinstance(field, UnlearnedField) or isinstance(field, ReferenceField):
                    raise DataError(f"{side.name!r} refers to itself by {key!r}, which is no key.")
                column = field.make(len(row))
            else:
                column = tables[one.to].column(key).combine_chunks()
            found[name] = column.take(at) if len(column) else pa.nulls(len(row), column.type)
    return found


def _kept_table(one: KeptTable) -> pa.Table:
    values = one.values.numpy()
    arrays = [field.to_arrow(values[:, i]) for i, field in enumerate(one.fields)]
    return pa.Table.from_arrays(arrays, names=[field.name for field in one.fields])


def seeds_of(seed: int, n: int) -> np.ndarray:
    """Seeds of `n` rows that belong to no unit, uint64 `[n]`."""
    return scrambled(np.arange(n, dtype=np.uint64) + np.uint64(seed))
