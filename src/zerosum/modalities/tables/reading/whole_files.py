"""Tables in files that are read whole: Excel, JSON lines, Feather."""

import json
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import pyarrow as pa
import pyarrow.feather as feather

from zerosum.data.archives import MAX_EXPANSION, MAX_SMALL
from zerosum.data.csv_text import lines_of, open_packed, suffix_of
from zerosum.data.files import length_of, open_regular
from zerosum.data.layout import AS_USUAL, FileLayout
from zerosum.errors import DataError, MissingExtraError, did_you_mean
from zerosum.faces import reading
from zerosum.modalities.tables.arrow import is_text, plain
from zerosum.modalities.tables.reading.cells import find_columns
from zerosum.modalities.tables.reading.parquet_source import DAMAGED
from zerosum.modalities.tables.reading.sources import MemorySource, require_names, without

_PLAIN = (bool, int, float, str, type(None), datetime, date, time, timedelta)


class WholeSource(MemorySource):
    """A table whose columns of text are taken for what they look like, as in a CSV file.

    Args:
        table: the table.
        name: how messages call it.
        texts: columns that are text, whatever they look like.
        told: what is known of columns beforehand; see `Overrides`.
        missing: texts that stand for what is missing.
        notes: what was guessed already, by column.
    """

    def __init__(
        self,
        table: pa.Table,
        *,
        name: str,
        texts: Collection[str] = (),
        told: Mapping[str, Mapping[str, Any]] | None = None,
        missing: Collection[str] = (),
    ) -> None:
        require_names(table.column_names, name)
        written = [field.name for field in table.schema if is_text(field.type)]
        some = pa.table({one: plain(table[one]) for one in written})

        def batches() -> Iterator[pa.RecordBatch]:
            return (without(batch, missing) for batch in some.to_batches())

        def place(column: str, text: str) -> str:
            at = some[column].to_pylist().index(text) if text in some[column].to_pylist() else 0
            return f"{name} row {at + 1}"

        found, _ = find_columns(written, batches, told=told or {}, texts=texts, place=place
        )  # fmt: skip
        read = {one: found[one].read(_known(some[one], missing)) for one in written}
        typed = {one: read.get(one, table[one]) for one in table.column_names}
        super().__init__(pa.table(typed), name=name, missing=missing)
        self.forms = {one: column.form for one, column in found.items() if column.form}
        self.notes = {one: column.note for one, column in found.items() if column.note}


def read_excel(path: Path, layout: FileLayout = AS_USUAL) -> tuple[pa.Table, tuple[str, ...]]:
    """A sheet of a workbook, the first if none is named, and what to say of it.

    Args:
        path: the workbook.
        layout: which sheet, and which of its rows names the columns; the first if not given.

    Raises:
        MissingExtraError: openpyxl is not installed.
        DataError: it cannot be read.
    """
    if find_spec("openpyxl") is None:
        raise MissingExtraError(
            "Excel files need openpyxl: pip install 'zerosum[excel]'. Or save the sheet as CSV."
        )
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with open_regular(path) as handle:
            _require_bounded(path)
            book = load_workbook(handle, read_only=True, data_only=True)
            sheets = [one.title for one in book.worksheets]
            which = layout.sheet or sheets[0]
            if which not in sheets:
                raise DataError(f"{path} has no sheet {which!r}.{did_you_mean(which, sheets)}")
            rows = [list(row) for row in book[which].iter_rows(values_only=True)]
            book.close()
    except (*DAMAGED, BadZipFile, InvalidFileException, LookupError, TypeError) as error:
        raise DataError(f"{path} cannot be read as an Excel file: {error}.") from error
    where, remarks = path.name, ()
    if len(sheets) > 1 and layout.sheet is None:
        other = reading(sheet=sheets[1])
        where = (
            f"the first sheet of {path.name}, {which!r}, beside {len(sheets) - 1} more ({other}),"
        )
        remarks = (f"Of its {len(sheets)} sheets the first, {which!r}, is read ({other}).",)
    numbered = {at: row for at, row in enumerate(rows, 1) if at >= (layout.header or 1)}
    numbered = {at: row for at, row in numbered.items() if any(cell is not None for cell in row)}
    rows = list(numbered.values())
    if len(rows) < 2:
        empty = "has no rows" if rows else "is empty"
        raise DataError(f"{where} {empty}. Its first row names the columns, and rows follow.")
    width = max((at for row in rows for at, cell in enumerate(row, 1) if cell is not None))
    names = ["" if name is None else str(name) for name in rows[0][:width]]
    names += [""] * (width - len(names))
    columns = [[row[at] if at < len(row) else None for row in rows[1:]] for at in range(width)]
    if not names[0].strip() and width > 1 and columns[0] in (
        list(range(len(rows) - 1)), list(range(1, len(rows)))
    ):  # fmt: skip
        names, columns = names[1:], columns[1:]
    _require_named(names, numbered, where)
    return pa.table(dict(zip(names, map(_array, columns), strict=True))), remarks


def _require_named(names: list[str], rows: Mapping[int, list[Any]], where: str) -> None:
    """Every column has a name.

    Args:
        names: of the columns.
        rows: by their numbers in the sheet.
        where: how messages call it.

    Raises:
        DataError: one has none; it says so where a row below seems to name them.
    """
    try:
        require_names(names, where)
    except DataError as error:
        below = ((at, row) for at, row in islice(rows.items(), 1, 10) if len(row) >= len(names))
        found = next((one for one in below if all(isinstance(cell, str) for cell in one[1])), None)
        if found is None or all(name.strip() for name in names):
            raise
        at, cells = found
        shown = f"{', '.join(cells[:3])}{', …' if len(cells) > 3 else ''}"
        raise DataError(
            f"{error} If row {at} names the columns ({shown}), say so: {reading(header=at)}."
        ) from error


def read_json(path: Path) -> pa.Table:
    """Rows of a JSON file: an object in each line, or one list of objects.

    Raises:
        DataError: it cannot be read.
    """
    rows: list[Any] = []
    number = 0
    try:
        with open_packed(path) as handle:
            if suffix_of(path) == ".json":
                _require_short(path)
                rows = json.load(handle)
            else:
                for line in lines_of(handle, path):
                    number += 1
                    rows += [json.loads(line)] if line.strip() else []
    except (ValueError, RecursionError, OSError) as error:
        where = f"{path} line {number}" if number else str(path)
        raise DataError(f"{where} cannot be read as JSON: {error}.") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError(
            f'{path} holds no rows. Each line is an object such as {{"age": 30}}, or the file is '
            "one list of these, as to_json(orient='records') of pandas writes it."
        )
    names = list(dict.fromkeys(name for row in rows for name in row))
    require_names(names, path.name)
    return pa.table({name: _array([row.get(name) for row in rows]) for name in names})


def flattened(table: pa.Table) -> pa.Table:
    """A table with a column for each part of an object.

    >>> flattened(pa.table({"user": [{"age": 30, "home": {"city": "Oslo"}}]})).column_names
    ['user.age', 'user.home.city']
    """
    while any(isinstance(field.type, pa.StructType) for field in table.schema):
        table = table.flatten()
    return table


def read_feather(path: Path) -> pa.Table:
    """The table of a Feather file.

    Raises:
        DataError: it cannot be read.
    """
    try:
        with open_regular(path) as handle:
            table = feather.read_table(handle, memory_map=False)
        table.validate(full=True)
    except DAMAGED as error:
        why = " ".join(str(error).split()).rstrip(".")
        raise DataError(f"{path} cannot be read as Feather: {why}. Write it again.") from error
    return table


def _array(cells: list[Any]) -> pa.Array:
    """Cells as one type; as text where they are of several."""
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds <= {int, float} and float in kinds:
        return pa.array([None if cell is None else float(cell) for cell in cells], pa.float64())
    if kinds == {datetime} and all(c is None or c.time() == time() for c in cells):
        return pa.array([None if cell is None else cell.date() for cell in cells], pa.date32())
    try:
        if len(kinds) < 2:
            return pa.array(cells)
    except (pa.ArrowException, OverflowError):
        pass
    if not kinds <= set(_PLAIN):  # lists and objects, which the table will refuse by name
        return pa.array([None if c is None else [json.dumps(c, default=str)] for c in cells])
    return pa.array([None if cell is None else str(cell) for cell in cells], pa.string())


def _known(column: pa.ChunkedArray, missing: Collection[str]) -> pa.Array:
    (batch,) = pa.table({"x": column}).combine_chunks().to_batches() or [None]
    if batch is None:
        return pa.array([], column.type)
    return without(batch, missing).column(0)


def _require_bounded(path: Path) -> None:
    with ZipFile(path) as archive:
        total = sum(member.file_size for member in archive.infolist())
    if total > max(MAX_SMALL, MAX_EXPANSION * length_of(path)):
        raise DataError(
            f"{path} would expand to {total:,} bytes. It may be a decompression bomb: save it as "
            "CSV yourself and give that."
        )


def _require_short(path: Path) -> None:
    if length_of(path) > MAX_SMALL:
        raise DataError(f"{path} is one list of more than {MAX_SMALL:,} bytes. Write JSON lines.")
