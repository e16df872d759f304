"""Tables as batches of rows, in as many passes as are needed, and those in memory."""

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from zerosum.errors import DataError
from zerosum.faces import reading, several
from zerosum.modalities.tables.arrow import functions, is_length, is_number, is_text
from zerosum.modalities.tables.written.base import WrittenForm

pc = functions()

BATCH_ROWS = 65_536
"""Rows that are looked at together."""

MAX_COLUMNS = 10_000
"""Columns that a table may have."""

_LEVELS = re.compile(r"__index_level_\d+__")
"""Columns that pandas makes of an index without a name."""


class TableSource(ABC):
    """A table that is read batch by batch.

    Attributes:
        name: how messages call it.
        types: arrow types of its columns, by name, in order.
        natives: what the library it came from calls them; see `Field.native`.
        num_rows: how many rows it has.
        forms: how columns of text are written, where that is not arrow's own way.
        notes: what was guessed of columns, by name.
        left_out: columns that are left out unasked, and why.
        missing: texts that stand for what is missing.
        remarks: what was found of the table as a whole, in sentences.
    """

    name: str
    types: dict[str, pa.DataType]
    natives: Mapping[str, str] = {}
    num_rows: int
    forms: Mapping[str, WrittenForm] = {}
    notes: Mapping[str, str] = {}
    left_out: Mapping[str, str] = {}
    missing: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @abstractmethod
    def read(self) -> Iterator[pa.RecordBatch]:
        """All rows, in order."""

    def batches(self, limit: int | None = None) -> Iterator[pa.RecordBatch]:
        """All rows, or `limit` of them, evenly spread."""
        if limit is None or limit >= self.num_rows:
            yield from (without(batch, self.missing) for batch in self.read())
            return
        rows = np.arange(limit) * self.num_rows // limit
        start = 0
        for batch in self.read():
            first, last = np.searchsorted(rows, (start, start + len(batch)))
            yield without(batch.take(pa.array(rows[first:last] - start)), self.missing)
            start += len(batch)

    def check(self, columns: Collection[str]) -> None:
        """It has rows, and these columns are of types that a table may have.

        Raises:
            DataError: it has not; the message says which.
        """
        if not self.num_rows:
            raise DataError(f"{self.name} has no rows. Give a table with at least one.")
        for name in columns:
            kind = self.types[name]
            if not _simple(kind.value_type if isinstance(kind, pa.DictionaryType) else kind):
                parts = isinstance(kind, pa.StructType)
                each = (
                    f", make a column of each part ({reading(nested='flatten')})" if parts else ""
                )
                raise DataError(
                    f"column {name!r} of {self.name} holds {kind}. A column holds numbers, text, "
                    f"categories, true and false, or times: convert it{each}, or leave it out "
                    f"({several('drop', [name])})."
                )


class MemorySource(TableSource):
    """An arrow table.

    Args:
        table: the table.
        name: how messages call it.
        natives: what the library it came from calls the types of its columns.
        missing: texts that stand for what is missing.
    """

    def __init__(
        self,
        table: pa.Table,
        *,
        name: str,
        natives: Mapping[str, str] | None = None,
        missing: Collection[str] = (),
    ) -> None:
        require_names(table.column_names, name)
        self.left_out = index_levels(table.schema)
        table = table.drop_columns(list(self.left_out))
        self.name, self.natives, self._table = name, natives or {}, table.unify_dictionaries()
        self.types = {field.name: field.type for field in table.schema}
        self.num_rows, self.missing = table.num_rows, tuple(missing)

    def read(self) -> Iterator[pa.RecordBatch]:
        """Without a copy."""
        yield from self._table.to_batches(max_chunksize=BATCH_ROWS)


def require_names(names: Sequence[str], where: str) -> None:
    """Every column has a name of its own, and they are not too many.

    Raises:
        DataError: one has none, or two have the same, or there are more than 10,000.
    """
    if len(names) > MAX_COLUMNS:
        raise DataError(
            f"{where} has {len(names):,} columns, and a table has at most {MAX_COLUMNS:,}. Leave "
            "some out before."
        )
    for number, name in enumerate(names, 1):
        if not name.strip():
            raise DataError(
                f"column {number} of {where} has no name. Give it one, or leave it out (an index "
                "that pandas wrote: to_csv(index=False))."
            )
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        raise DataError(
            f"{where} has several columns called {', '.join(map(repr, twice[:10]))}. Rename them: "
            "a column is known by its name."
        )


def without(batch: pa.RecordBatch, missing: Collection[str]) -> pa.RecordBatch:
    """Rows in which texts and numbers that stand for what is missing are missing."""
    if not missing:
        return batch
    columns = [_without(column, sorted(missing)) for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def _without(column: pa.Array, missing: Sequence[str]) -> pa.Array:
    if is_text(column.type):
        marks = pa.array(missing, pa.string()).cast(column.type)
        return pc.if_else(pc.is_in(pc.utf8_trim_whitespace(column), value_set=marks), None, column)
    if not pt.is_integer(column.type) and not pt.is_floating(column.type):
        return column
    numbers = []
    for text in missing:
        with suppress(ValueError, pa.ArrowInvalid):  # a text, or a number of another type
            numbers.append(pa.scalar(float(text)).cast(column.type).as_py())
    return pc.if_else(
        pc.is_in(column, value_set=pa.array(numbers, column.type)), None, column
    ) if numbers else column  # fmt: skip


def index_levels(schema: pa.Schema) -> dict[str, str]:
    """Columns of whole numbers that pandas made of an index, and why they are left out."""
    return {
        field.name: "pandas made it of an index without a name"
        for field in schema
        if _LEVELS.fullmatch(field.name) and pt.is_integer(field.type) and len(schema) > 1
    }


def _simple(kind: pa.DataType) -> bool:
    moment = pt.is_timestamp(kind) or pt.is_date(kind) or is_length(kind)
    number = is_number(kind) and not pt.is_float16(kind)
    return number or is_text(kind) or moment or pt.is_boolean(kind) or pt.is_null(kind)
