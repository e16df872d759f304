"""Tables in CSV files."""

import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.types as pt

from zerosum.data.csv_text import (
    broken_place,
    header_of,
    line_of,
    open_packed,
    require_closed_quotes,
    unusual_separator,
)
from zerosum.data.files import length_of
from zerosum.data.layout import AS_USUAL, FileLayout
from zerosum.errors import DataError
from zerosum.faces import reading
from zerosum.modalities.tables.arrow import functions, is_text
from zerosum.modalities.tables.reading.cells import find_columns
from zerosum.modalities.tables.reading.sources import TableSource, require_names, without

pc = functions()

_BLOCK_BYTES = 4 << 20
_HELD_BYTES = 128 << 20
"""Length of a file whose texts are held in memory between passes."""

_SHOWN = 4

INDEX = "Unnamed: 0"
"""How pandas calls an index that it wrote without a name, when it reads it again."""


class _Quotes(io.BufferedIOBase):
    """The bytes of a file, and how many quotes there were among them."""

    def __init__(self, path: Path) -> None:
        self._handle, self.count = open_packed(path), 0

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes."""
        block = self._handle.read(-1 if size is None else size)
        self.count += block.count(b'"')
        return block

    def close(self) -> None:
        """Close the file."""
        self._handle.close()
        super().close()


class CsvSource(TableSource):
    """A CSV or TSV file whose first row names the columns, in UTF-8; also packed as `.gz`.

    An empty cell is missing, unless it is quoted: `""` is an empty text. What columns hold is
    found by reading the whole file once, so that no later row can be a surprise. The texts of a
    file that is not too large are held for the passes after that.

    Args:
        path: the file.
        texts: columns that are text, whatever they look like.
        told: what is known of columns beforehand; see `Overrides`.
        missing: texts that stand for what is missing.
        layout: where the table lies in it.

    Raises:
        DataError: it cannot be read; the message says the line and the column.
    """

    def __init__(
        self,
        path: Path,
        *,
        texts: Collection[str] = (),
        told: Mapping[str, Mapping[str, Any]] | None = None,
        missing: Collection[str] = (),
        layout: FileLayout = AS_USUAL,
    ) -> None:
        self.name, self._path = path.name, path
        self.missing = tuple(missing)
        self._header = header = header_of(path, layout)
        self._columns, self._empty = header.names, 0
        if layout.separator is None and (mark := unusual_separator(path, header)):
            raise DataError(
                f"{path} has one column, called {header.names[0]!r}, by the separators that are "
                f"seen by themselves: commas, semicolons, tabs and |. If {mark!r} stands between "
                f"cells, say so: {reading(separator=mark)}; if columns are as wide as spaces make "
                f"them, write them with commas; if it is one column: {reading(separator=',')}."
            )
        if header.stated:
            self.remarks = (f"Its first line says that {header.separator!r} separates cells.",)
        nameless = self._name_the_nameless()
        self._require_names()
        self._held: list[pa.RecordBatch] | None = [] if length_of(path) <= _HELD_BYTES else None
        self._whole = False
        found, self.num_rows = find_columns(
            self._columns, self._texts, told=told or {}, texts=texts, place=self._place
        )
        self._found = found
        self.types = {name: column.type for name, column in found.items()}
        self.forms = {name: one.form for name, one in found.items() if one.form is not None}
        self.notes = {name: one.note for name, one in found.items() if one.note}
        self.left_out = {}
        if self._columns[0] == INDEX and self.num_rows and self._counts():
            self._leave_out(INDEX, "its first column only counts the rows")
        for name in nameless:
            if name in self.types and pt.is_null(self.types[name]):
                self._leave_out(name, "it has neither a name nor a value")
        unnamed = {name for name in nameless if name in self.types}
        require_names(["" if name in unnamed else name for name in self._columns], self.name)
        if self.num_rows and self._looks_like_a_row():
            shown = ", ".join(map(repr, self._columns[:_SHOWN]))
            self.remarks += (
                f"The first row ({shown}{', …' if len(self._columns) > _SHOWN else ''}) is taken "
                "for the names of columns, and all of them read like the values below. If it is a "
                "row of data, write a row of names above it.",
            )
        if self._empty:
            rows, hold = ("row", "holds") if self._empty == 1 else ("rows", "hold")
            self.remarks += (
                f"{self._empty:,} {rows} {hold} nothing but separators, and all of it is taken for "
                "missing. Remove what is no row of data.",
            )

    def _name_the_nameless(self) -> list[str]:
        """Call columns without a name as pandas does; these names."""
        made = []
        for at, name in enumerate(self._columns):
            called = f"Unnamed: {at}"
            if not name.strip() and len(self._columns) > 1 and called not in self._columns:
                self._columns[at] = called
                made.append(called)
        return made

    def _require_names(self) -> None:
        """Every column has a name of its own.

        Raises:
            DataError: see `require_names`; it says so where the first row may be one of data.
        """
        try:
            require_names(self._columns, self.name)
        except DataError as error:
            if not all(_is_number(name) for name in self._columns):
                raise
            raise DataError(
                f"{error} All of them are numbers: if the first row is one of data, write a row of "
                "names above it."
            ) from error

    def _leave_out(self, name: str, why: str) -> None:
        self.left_out = {**self.left_out, name: why}
        del self.types[name]

    def _looks_like_a_row(self) -> bool:
        """Whether every name reads as the values below it, and some as numbers or moments.

        Names that count are names all the same.
        """
        if _count_up([name.strip() for name in self.types]):
            return False
        texts = [name for name, kind in self.types.items() if is_text(kind)]
        others = [name for name in self.types if name not in texts]
        measured = [name for name in others if not pt.is_boolean(self.types[name])]
        return (
            bool(measured)
            and all(self._reads(name) for name in others)
            and all(self._holds(name) for name in texts)
        )

    def _reads(self, name: str) -> bool:
        """Whether the name of a column reads as its values do."""
        try:
            return not self._found[name].read(pa.array([name])).null_count
        except pa.ArrowException:
            return False

    def _holds(self, name: str) -> bool:
        """Whether the name of a column is one of its first values."""
        first = next(iter(self._texts()), None)
        return first is not None and pc.index(first.column(name), name).as_py() >= 0

    def read(self) -> Iterator[pa.RecordBatch]:
        """Blocks of the file, in the types that were found."""
        schema = pa.schema(self.types.items())
        for batch in self._texts():
            columns = [self._found[name].read(batch.column(name)) for name in self.types]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)

    def _counts(self) -> bool:
        """Whether the first column is 0, 1, 2, … or 1, 2, 3, …."""
        if self.types[INDEX] != pa.int64():
            return False
        start, first = 0, None
        for batch in self._texts():
            numbers = self._found[INDEX].read(batch.column(0))
            if numbers.null_count:
                return False
            own = numbers.to_numpy(zero_copy_only=False)
            first = own[0] if first is None and len(own) else first
            if first not in (0, 1) or (own != first + start + np.arange(len(own))).any():
                return False
            start += len(own)
        return True

    def _place(self, column: str, text: str) -> str:
        line = line_of(self._path, self._header, self._columns.index(column), text)
        return f"{self._path} line {line}" if line else str(self._path)

    def _texts(self) -> Iterator[pa.RecordBatch]:
        """Every cell as text."""
        if self._held is not None and self._whole:
            yield from self._held
            return
        for batch in self._parsed():
            known = without(batch, self.missing)
            self._empty += 0 if self._whole else _empty_rows(batch)
            if self._held is not None:
                self._held.append(known)
            yield known
        self._whole = True

    def _parsed(self) -> Iterator[pa.RecordBatch]:
        header = self._header
        if not header.more:
            return
        options = {
            "read_options": arrow_csv.ReadOptions(
                use_threads=False, block_size=_BLOCK_BYTES, column_names=self._columns,
                skip_rows=header.above, skip_rows_after_names=1,
            ),
            "parse_options": arrow_csv.ParseOptions(
                delimiter=header.separator, newlines_in_values=True,
                ignore_empty_lines=len(self._columns) > 1,
            ),
            "convert_options": arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(self._columns, pa.string()), null_values=[""],
                strings_can_be_null=True, quoted_strings_can_be_null=False,
            ),
        }  # fmt: skip
        try:
            with _Quotes(self._path) as handle:
                with arrow_csv.open_csv(handle, **options) as reader:
                    yield from reader
                odd = handle.count % 2
        except (pa.ArrowException, OSError, MemoryError) as error:
            require_closed_quotes(self._path, header.separator)
            place = broken_place(self._path, header.separator, self._columns, header.above)
            raise DataError(f"{self._path} cannot be read as CSV: {place or error}") from error
        if odd:
            require_closed_quotes(self._path, header.separator)


def _empty_rows(batch: pa.RecordBatch) -> int:
    """Rows in which all of several cells are missing."""
    if batch.num_columns < 2 or not all(column.null_count for column in batch.columns):
        return 0
    gone = np.ones(len(batch), bool)
    for column in batch.columns:
        gone &= column.is_null().to_numpy(zero_copy_only=False)
    return int(gone.sum())


def _count_up(names: Sequence[str]) -> bool:
    """Whether names are whole numbers that follow each other, such as years."""
    numbers = [int(name) for name in names if name.isdecimal()]
    first = numbers[0] if numbers else 0
    return len(names) > 1 and numbers == list(range(first, first + len(names)))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
