"""Tables as batches of rows, in as many passes as are needed: CSV, Parquet, and memory."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as parquet
import pyarrow.types as pt

from zerosum.data.archives import MAX_EXPANSION, MAX_SMALL
from zerosum.data.csv_text import (
    broken_place,
    header_of,
    require_closed_quotes,
)
from zerosum.data.files import length_of, open_regular
from zerosum.errors import DataError
from zerosum.modalities.tables.arrow import (
    MISSING_MARKS,
    as_type,
    functions,
    is_length,
    is_number,
    is_text,
)

pc = functions()

_BLOCK_BYTES = 4 << 20
_BATCH_ROWS = 65_536
_A_FEW = 64
MAX_COLUMNS = 10_000
"""Columns that a table may have."""

_TYPES = (
    pa.int64(), pa.float64(), pa.bool_(), pa.date32(), pa.time64("us"), pa.timestamp("us"),
    pa.timestamp("ns"), pa.timestamp("us", "UTC"),
)  # fmt: skip
"""What text is taken for, the first that fits; what fits none stays text."""

_WIDER = {
    pa.int64(): (pa.float64(),),
    pa.date32(): (pa.timestamp("us"), pa.timestamp("ns")),
    pa.timestamp("us"): (pa.timestamp("ns"),),
}
"""Types that hold all values of another."""

_NO_NUMBER = r"^\s*-?(0\d+|\d{17,})\s*$"
"""Digits of a postal code or an identifier, some of which a number would lose."""


_DAMAGED = (pa.ArrowException, OSError, ValueError, MemoryError, OverflowError)
"""What reading a damaged Parquet file raises."""


class TableSource(ABC):
    """A table that is read batch by batch.

    Attributes:
        name: how messages call it.
        types: arrow types of its columns, by name, in order.
        natives: what the library it came from calls them; see `Field.native`.
        num_rows: how many rows it has.
    """

    name: str
    types: dict[str, pa.DataType]
    natives: Mapping[str, str]
    num_rows: int

    @abstractmethod
    def read(self) -> Iterator[pa.RecordBatch]:
        """All rows, in order."""

    def batches(self, limit: int | None = None) -> Iterator[pa.RecordBatch]:
        """All rows, or `limit` of them, evenly spread."""
        if limit is None or limit >= self.num_rows:
            yield from self.read()
            return
        rows = np.arange(limit) * self.num_rows // limit
        start = 0
        for batch in self.read():
            first, last = np.searchsorted(rows, (start, start + len(batch)))
            yield batch.take(pa.array(rows[first:last] - start))
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
                raise DataError(
                    f"column {name!r} of {self.name} holds {kind}. A column holds numbers, text, "
                    "categories, true and false, or times: convert it, or drop it before."
                )


class MemorySource(TableSource):
    """An arrow table."""

    def __init__(self, table: pa.Table, *, name: str, natives: Mapping[str, str]) -> None:
        require_names(table.column_names, name)
        self.name, self.natives, self._table = name, natives, table.unify_dictionaries()
        self.types = {field.name: field.type for field in table.schema}
        self.num_rows = table.num_rows

    def read(self) -> Iterator[pa.RecordBatch]:
        """Without a copy."""
        yield from self._table.to_batches(max_chunksize=_BATCH_ROWS)


class ParquetSource(TableSource):
    """A Parquet file.

    Raises:
        DataError: the file is not Parquet, is damaged, or would expand without bound.
    """

    def __init__(self, path: Path) -> None:
        self.name, self.natives, self._path = path.name, {}, path
        with self._open() as file:
            schema = file.schema_arrow
            require_names(schema.names, self.name)
            self.types = {field.name: field.type for field in schema}
            self.num_rows = file.metadata.num_rows
        _require_bounded(path, 8 * self.num_rows * len(self.types))

    def read(self) -> Iterator[pa.RecordBatch]:
        """Row groups in pieces, each of which is checked to be what it says it is."""
        read = 0
        with self._open(self._texts) as file:
            batches = file.iter_batches(_BATCH_ROWS, use_threads=False)
            while True:
                try:
                    batch = next(batches, None)
                    if batch is not None:
                        batch.validate(full=True)
                        batch = self._expanded(batch)
                except _DAMAGED as error:
                    raise _no_parquet(self._path, error) from error
                if batch is None:
                    break
                read += len(batch)
                yield batch
        if read != self.num_rows:
            raise DataError(
                f"{self._path} promises {self.num_rows:,} rows and holds {read:,}. Write it again."
            )

    @property
    def _texts(self) -> list[str]:
        return [name for name, kind in self.types.items() if is_text(kind)]

    def _expanded(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Texts in place of the numbers that stand for them, if there is memory for them."""
        total = 0
        for column in batch.columns:
            if isinstance(column, pa.DictionaryArray) and is_text(column.type.value_type):
                lengths = pc.binary_length(column.dictionary).take(column.indices)
                total += pc.sum(lengths).as_py() or 0
        if total > MAX_SMALL:
            raise DataError(
                f"{self._path} holds {total:,} bytes of text in {len(batch):,} rows, and the limit "
                f"is {MAX_SMALL:,}. It may be a decompression bomb: shorten the texts."
            )
        return batch.cast(pa.schema(self.types.items()))

    @contextmanager
    def _open(self, texts: Sequence[str] = ()) -> Iterator[parquet.ParquetFile]:
        """The file; `texts` are read as numbers that stand for them, which may be far shorter."""
        with open_regular(self._path) as handle:
            try:
                file = parquet.ParquetFile(
                    handle, read_dictionary=list(texts), page_checksum_verification=True
                )
            except _DAMAGED as error:
                raise _no_parquet(self._path, error) from error
            with file:
                yield file


class CsvSource(TableSource):
    """A CSV or TSV file whose first row names the columns, in UTF-8.

    An empty cell is missing, unless it is quoted: `""` is an empty text. What columns hold is
    found by reading the whole file once, so that no later row can be a surprise.

    Args:
        path: the file.
        texts: columns that are text, whatever they look like.

    Raises:
        DataError: it cannot be read; the message names the line and the column.
    """

    def __init__(self, path: Path, *, texts: Collection[str] = ()) -> None:
        self.name, self.natives, self._path = path.name, {}, path
        self._separator, self._columns, self._has_rows = header_of(path)
        require_names(self._columns, self.name)
        require_closed_quotes(path, self._separator)
        found: dict[str, pa.DataType | None] = dict.fromkeys(self._columns)
        found |= {name: pa.string() for name in texts if name in found}
        self.num_rows = 0
        for batch in self._texts():
            self.num_rows += len(batch)
            for name, column in zip(self._columns, batch.columns, strict=True):
                found[name] = _type_of(column, found[name])
        self.types = {name: kind or pa.null() for name, kind in found.items()}

    def read(self) -> Iterator[pa.RecordBatch]:
        """Blocks of the file, in the types that were found."""
        schema = pa.schema(self.types.items())
        for batch in self._texts():
            columns = [
                pa.nulls(len(batch)) if pt.is_null(kind) else as_type(column, kind)
                for column, kind in zip(batch.columns, self.types.values(), strict=True)
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)

    def _texts(self) -> Iterator[pa.RecordBatch]:
        """Every cell as text."""
        if not self._has_rows:
            return
        options = {
            "read_options": arrow_csv.ReadOptions(
                use_threads=False, block_size=_BLOCK_BYTES, column_names=self._columns,
                skip_rows_after_names=1,
            ),
            "parse_options": arrow_csv.ParseOptions(
                delimiter=self._separator, newlines_in_values=True,
                ignore_empty_lines=len(self._columns) > 1,
            ),
            "convert_options": arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(self._columns, pa.string()), null_values=[""],
                strings_can_be_null=True, quoted_strings_can_be_null=False,
            ),
        }  # fmt: skip
        try:
            with (
                open_regular(self._path) as handle,
                arrow_csv.open_csv(handle, **options) as reader,
            ):
                yield from reader
        except (pa.ArrowException, OSError, MemoryError) as error:
            place = broken_place(self._path, self._separator, self._columns)
            raise DataError(f"{self._path} cannot be read as CSV: {place or error}") from error


def open_file(path: Path, *, texts: Collection[str] = ()) -> TableSource:
    """The table in a .csv, .tsv or .parquet file.

    Raises:
        DataError: it cannot be read.
    """
    if path.suffix.lower() == ".parquet":
        return ParquetSource(path)
    return CsvSource(path, texts=texts)


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


def _no_parquet(path: Path, error: Exception) -> DataError:
    why = " ".join(str(error).split()).rstrip(".")
    return DataError(f"{path} cannot be read as Parquet: {why}. Write it again.")


def _require_bounded(path: Path, total: int) -> None:
    """All rows, as numbers, do not take far more memory than the file has bytes.

    Raises:
        DataError: they do.
    """
    packed = length_of(path)
    if total > max(MAX_SMALL, MAX_EXPANSION * packed):
        raise DataError(
            f"{path} would expand from {packed:,} to {total:,} bytes, more than {MAX_EXPANSION} "
            "times. It may be a decompression bomb: write it as CSV yourself and give that."
        )


def _simple(kind: pa.DataType) -> bool:
    moment = pt.is_timestamp(kind) or pt.is_date(kind) or is_length(kind)
    number = is_number(kind) and not pt.is_float16(kind)
    return number or is_text(kind) or moment or pt.is_boolean(kind) or pt.is_null(kind)


def _type_of(column: pa.Array, found: pa.DataType | None) -> pa.DataType | None:
    """The type of text cells, where those before were `found`; None where all are missing."""
    bare = pc.utf8_trim_whitespace(column).drop_null()
    marks = pc.is_in(bare, value_set=pa.array(MISSING_MARKS))
    if found == pa.string() or not len(bare) or pc.all(marks).as_py():
        return found
    if pc.any(pc.match_substring_regex(bare, _NO_NUMBER)).as_py():
        return pa.string()
    for kind in _TYPES if found is None else (found, *_WIDER.get(found, ())):
        # arrow tries every value before it gives up, so that a few are tried alone
        if all(_fits(part, kind) for part in (bare[:_A_FEW], bare)):
            return kind
    return pa.string()


def _fits(texts: pa.Array, kind: pa.DataType) -> bool:
    try:
        as_type(texts, kind)
    except pa.ArrowInvalid:
        return False
    return True
