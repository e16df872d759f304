"""A long table, one row for each event, as sequences; and what of it cannot be one."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from zerosum.errors import DataError, did_you_mean
from zerosum.faces import Blank, reading, schema
from zerosum.modalities.sequences.dataset import Grouped, constant_columns, grouped, varying
from zerosum.modalities.sequences.time_axis import axis_of
from zerosum.modalities.tables.arrow import is_text
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.reading.dataset import read_values
from zerosum.modalities.tables.reading.infer import infer_schema
from zerosum.modalities.tables.reading.sources import MemorySource, TableSource
from zerosum.modalities.tables.schema import Overrides, field_of
from zerosum.modalities.tables.unmodelled_fields import KeyField

_SHOWN = 3


class LongTable(NamedTuple):
    """A long table as it was read.

    Attributes:
        table: all of its rows.
        source: where it is from.
        groups: its rows by entity.
        when: the field of time, and its values `[T]` in the order of `groups`; None without.
        sentences: what was guessed or done.
    """

    table: pa.Table
    source: TableSource
    groups: Grouped
    when: tuple[Field, Tensor] | None
    sentences: tuple[str, ...]

    def part(self, names: Sequence[str], rows: np.ndarray) -> MemorySource:
        """Some columns of some rows, as a table."""
        some = self.table.select(list(names)).take(pa.array(rows))
        made = MemorySource(some, name=self.source.name, natives=self.source.natives)
        made.forms, made.notes = self.source.forms, self.source.notes
        return made

    @property
    def firsts(self) -> np.ndarray:
        """The first row of each entity."""
        return self.groups.order[self.groups.first]


def read_long(
    source: TableSource, *, entity: str, time: str | None, told: Overrides,
    time_field: Field | None = None, least: int = 2, private: bool = False,
) -> LongTable:  # fmt: skip
    """The rows of a table by entity, sorted by time.

    Args:
        source: the table.
        entity: the column that says whose a row is.
        time: that of time; None where rows are in order.
        told: what is known of columns beforehand.
        time_field: what the column of time is, where that is known.
        least: entities that there must be.
        private: whether the field of time holds no value of a row, as for a private training.

    Raises:
        DataError: a column is not there, or holds what it cannot; or there are too few entities.
    """
    for role, name in (("entity", entity), ("time", time)):
        if name is not None and name not in source.types:
            raise DataError(
                f"{source.name} has no column {name!r} for the {role}."
                f"{did_you_mean(name, source.types)} It has {', '.join(source.types)}."
            )
    source.check([*source.types])
    table = pa.Table.from_batches([*source.batches()]).unify_dictionaries().combine_chunks()
    owner = _whole(table[entity])
    gone = _rows_of(owner.is_null())
    if len(gone):
        raise DataError(
            f"the entity {entity!r} is missing in {_shown(gone)}. Every row belongs to an entity: "
            "fill it, or leave these rows out."
        )
    sentences = []
    when = None
    if time is not None:
        field = time_field or _time_field(table, source, time, told, private)
        values = _moments(table[time], field)
        groups, moved = grouped(owner, values)
        if moved:
            sentences.append(
                f"rows of {moved:,} entities were not in the order of {time!r}, and are sorted."
            )
        when = field, torch.from_numpy(values[groups.order])
    else:
        groups, _ = grouped(owner, None)
    if len(groups.lengths) < least:
        raise DataError(
            f"{source.name} holds one entity only, {owner[0].as_py()!r} in {entity!r}. A model of "
            "sequences learns from many. Of one long record learn windows, by the recipe series "
            f"with {reading(window=24)}."
        )
    if least > 1 and groups.lengths.max() == 1:
        raise DataError(
            f"every {entity!r} of {source.name} has one row, so there are no sequences. Learn the "
            "rows as a table, by the recipe table; or name another column: "
            f"{reading(entity=Blank('NAME'))}."
        )
    return LongTable(table, source, groups, when, tuple(sentences))


def find_attributes(
    long: LongTable, names: Sequence[str], asked: Sequence[str] | None
) -> list[str]:
    """Columns that an entity has once: those that are asked for, or are found to be constant.

    Raises:
        DataError: one that is asked for is not there, or varies within an entity.
    """
    if asked is None:
        return constant_columns(long.table, long.groups, names)
    for name in asked:
        if name not in names:
            raise DataError(
                f"static names {name!r}, which is no column of {long.source.name} but entity and "
                f"time.{did_you_mean(name, names)}"
            )
        odd = varying(long.table[name], long.groups)
        if len(odd):
            raise DataError(
                f"static names {name!r}, which varies within {len(odd):,} of "
                f"{len(long.groups.lengths):,} entities. Leave it out, so that rows have it."
            )
    return list(asked)


def entity_field(long: LongTable, name: str, *, private: bool = False) -> Field:
    """What entities are called: keys of the form of the data's, which are made anew.

    Of a private one no key is looked at, so they count from 1.
    """
    ids = long.part([name], long.firsts)
    kind = ids.types[name]
    plain = kind.value_type if isinstance(kind, pa.DictionaryType) else kind
    if is_text(plain) or pa.types.is_integer(plain):
        cast = ids if plain == kind else MemorySource(
            pa.table({name: _whole(ids._table[name]).cast(plain)}), name=ids.name
        )  # fmt: skip
        return infer_schema(cast, overrides={name: {"kind": "key"}}, private=private).fields[0]
    return KeyField(name=name, dtype="int64")


def schema_of_part(
    source: MemorySource, told: Overrides, *, private: bool = False
) -> tuple[tuple[Field, ...], tuple[str, ...]]:
    """Fields of some columns, and what was guessed of them."""
    mine = {name: one for name, one in told.items() if name in source.types}
    schema = infer_schema(source, overrides=mine, private=private)
    return schema.fields, schema.notes


def values_by(source: MemorySource, fields: Sequence[Field]) -> Tensor:
    """Values `[N, D]` of the modelled fields, `[N, 0]` without any."""
    if not any(field.modelled for field in fields):
        return torch.empty(source.num_rows, 0, dtype=torch.float64)
    return read_values(source, fields)


def _time_field(
    table: pa.Table, source: TableSource, time: str, told: Overrides, private: bool
) -> Field:
    kind = table.schema.field(time).type
    plain = kind.value_type if isinstance(kind, pa.DictionaryType) else kind
    stated: Mapping[str, Any] = told.get(time, {})
    if "kind" not in stated:
        found = "datetime"
        if pa.types.is_date(plain):
            found = "date"
        elif pa.types.is_integer(plain):
            found = "integer"
        elif pa.types.is_floating(plain):
            raise DataError(
                f"the time {time!r} holds numbers with decimals. Time is moments, days, or whole "
                "numbers such as 1, 2, 3: convert it."
            )
        elif not (pa.types.is_timestamp(plain) or is_text(plain)):
            raise DataError(
                f"the time {time!r} holds {plain}. Time is moments, days, or whole numbers."
            )
        if is_text(plain):
            _require_moments(_whole(table[time]), time)
        stated = {**stated, "kind": found}
    one = MemorySource(table.select([time]), name=source.name, natives=source.natives)
    one.forms, one.notes = source.forms, source.notes
    field = infer_schema(one, overrides={time: dict(stated)}, private=private).fields[0]
    axis_of(field)
    return field_of(time, field.to_json())


def _moments(column: pa.ChunkedArray, field: Field) -> np.ndarray:
    values = field.to_values(column)
    gone = np.flatnonzero(np.isnan(values))
    if len(gone):
        raise DataError(
            f"the time {field.name!r} is missing in {_shown(gone)}. Every row has a time: fill it, "
            "or leave these rows out."
        )
    return values


def _require_moments(column: pa.Array, name: str) -> None:
    """Refuse texts that are no moments, by row.

    Raises:
        DataError: there are some.
    """
    texts = column.dictionary_encode()
    bad = [i for i, text in enumerate(texts.dictionary) if not _is_moment(text.as_py())]
    if not bad:
        return
    rows = np.flatnonzero(np.isin(texts.indices.fill_null(-1).to_numpy(zero_copy_only=False), bad))
    examples = ", ".join(repr(column[int(row)].as_py()) for row in rows[:_SHOWN])
    raise DataError(
        f"the time {name!r} cannot be read in {_shown(rows)}: {examples}. Write moments such as "
        "2024-01-31 10:30; or say how they are written: "
        f"{schema(name, {'kind': 'datetime', 'format': '%d/%m/%Y'})}."
    )


def _is_moment(text: str) -> bool:
    try:
        pa.array([text]).cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        return False
    return True


def _whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _rows_of(marks: pa.Array) -> np.ndarray:
    return np.flatnonzero(marks.to_numpy(zero_copy_only=False))


def _shown(rows: np.ndarray) -> str:
    """Rows as messages call them: `rows 3, 8, 9 and 12 more`, counted from 1."""
    named = ", ".join(f"{row + 1:,}" for row in rows[:_SHOWN].tolist())
    more = f" and {len(rows) - _SHOWN:,} more" if len(rows) > _SHOWN else ""
    return f"row{'s' * (len(rows) > 1)} {named}{more}"
