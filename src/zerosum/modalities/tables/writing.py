"""Rows into files and into tables of databases, block by block."""

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zerosum.errors import MissingExtraError, RunError
from zerosum.faces import option
from zerosum.forms.csv_cells import Cells
from zerosum.modalities.tables.sql import SQLITE, is_url, shown_place, table_name
from zerosum.modalities.tables.written.base import WRITTEN, WrittenForm
from zerosum.modalities.tables.written.clocks import ClockFormat
from zerosum.modalities.tables.written.counted import CountedMoments
from zerosum.modalities.tables.written.moments import MomentFormat
from zerosum.modalities.tables.written.numbers import NumberFormat
from zerosum.models.provenance import Provenance, Signer
from zerosum.runs.files import make_folder, require_unicode, write_whole

if TYPE_CHECKING:
    import pyarrow as pa


_FORMS = {form.kind: form for form in (NumberFormat, MomentFormat, ClockFormat, CountedMoments)}


def write_tables(path: Path | str, tables: "Iterator[pa.Table]", *, safe_csv: bool = False) -> Path:
    """Write tables of the same columns into one file, or table of a database, one after another.

    With `safe_csv`, no cell of a .csv file is taken for a formula; see `Cells`. Without, a warning
    names the columns of which some would be.

    Args:
        path: a file that ends as one of `FORMS` does, `NAME.sqlite#TABLE`, or a URL with `#TABLE`.
        tables: at least one.
        safe_csv: see above.

    Raises:
        RunError: the form is another, the path is not UTF-8, or it cannot be written.
        MissingExtraError: a library is not installed that writes this form.
    """
    require_unicode(Path(path))
    form = form_of_rows(path)
    if safe_csv and form not in _CSV:
        name = Path(path).name
        raise RunError(f"{option('safe_csv')} is for .csv, not for {name!r}. Leave it out.")
    name = table_name(path)
    if name is not None:
        from zerosum.modalities.tables.sql_tables import write_sql_table

        if not is_url(name.database):
            make_folder(Path(name.database).parent)
        write_sql_table(name, tables)
        return Path(str(path))
    path = Path(path)
    make_folder(path.parent)
    if form in _CSV:
        cells = Cells(safe=safe_csv)
        write_whole(path, lambda aside: write_csv(aside, tables, cells, form=form))
        cells.warn()
    else:
        write_whole(path, lambda aside: _WRITERS[form](aside, tables))
    return path


def write_signed(
    path: Path | str, tables: "Iterator[pa.Table]", *, safe_csv: bool, sign: Signer | None,
    made: Callable[[], Provenance],
) -> Path:  # fmt: skip
    """Write as `write_tables`, and sign what was `made` with `sign`, if it is given.

    Raises:
        RunError: it cannot be written, or not be signed there.
        OriginError: it cannot be signed.
    """
    if sign is None:
        return write_tables(path, tables, safe_csv=safe_csv)
    if form_of_rows(path) == "sql":
        raise RunError(f"tables of databases are not signed; leave out {option('sign')}.")
    return sign.write(
        Path(path), lambda place: write_tables(place, tables, safe_csv=safe_csv), made()
    )


def form_of_rows(path: Path | str) -> str:
    """The form that rows are written in at `path`: one of `FORMS`, or `sql`.

    Raises:
        RunError: there is no such form.
    """
    if table_name(path) is not None:
        return "sql"
    name = Path(path).name
    form = next((one for one in sorted(FORMS, key=len)[::-1] if name.lower().endswith(one)), None)
    if form is None or is_url(path):
        database = is_url(path) or Path(path).suffix.lower() in SQLITE
        shown = shown_place(path) if database else name
        advice = f" Rows go into a table of a database: {shown}#rows." if database else ""
        raise RunError(
            f"cannot save rows as {shown!r}. Allowed: {', '.join(FORMS)}, and tables of databases, "
            f"such as shop.sqlite#orders.{advice}"
        )
    return form


def write_parquet(path: Path, tables: "Iterator[pa.Table]") -> None:
    """Write tables of the same columns into a .parquet file, one after another."""
    import pyarrow.parquet as parquet

    first = next(tables)
    with parquet.ParquetWriter(path, first.schema) as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(table)


def write_csv(
    path: Path, tables: "Iterator[pa.Table]", cells: Cells, *, form: str = ".csv"
) -> None:
    """Write tables of the same columns into a .csv file, one after another.

    Cells are separated by commas; by semicolons where numbers have decimal commas; by tabs in a
    .tsv file.
    """
    import pyarrow as pa
    import pyarrow.csv as csv

    head = next(tables)
    first = cells.table(plain_cells(head))
    separator = "\t" if form.startswith(".tsv") else _separator(head)
    options = csv.WriteOptions(delimiter=separator)
    with (
        pa.output_stream(path, compression="gzip" if form.endswith(".gz") else None) as stream,
        csv.CSVWriter(stream, first.schema, write_options=options) as writer,
    ):
        writer.write_table(first)
        for table in tables:
            writer.write_table(cells.table(plain_cells(table)))


def write_feather(path: Path, tables: "Iterator[pa.Table]") -> None:
    """Write tables of the same columns into a Feather file, one after another."""
    import pyarrow as pa

    first = next(tables)
    options = pa.ipc.IpcWriteOptions(compression="lz4", unify_dictionaries=True)
    with pa.ipc.new_file(path, first.schema, options=options) as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(table)


def write_json_lines(path: Path, tables: "Iterator[pa.Table]", *, packed: bool = False) -> None:
    """Write each row as a JSON object in a line of its own; moments are text."""
    with gzip.GzipFile(path, "wb", mtime=0) if packed else path.open("wb") as handle:
        for table in tables:
            for row in plain_cells(table).to_pylist():
                line = json.dumps(row, ensure_ascii=False, default=_as_text)
                handle.write(line.encode() + b"\n")


def write_excel(path: Path, tables: "Iterator[pa.Table]") -> None:
    """Write rows into the first sheet of a workbook, below the names of the columns.

    Raises:
        MissingExtraError: openpyxl is not installed.
        RunError: a sheet cannot hold so many rows, or such text.
    """
    if find_spec("openpyxl") is None:
        raise MissingExtraError(
            "Excel files need openpyxl: pip install 'zerosum[excel]'. Or write .csv."
        )
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.utils.exceptions import IllegalCharacterError

    book = Workbook(write_only=True)
    sheet = book.create_sheet("rows")

    def cell(value: Any) -> Any:
        if isinstance(value, datetime) and value.tzinfo is not None:
            value = value.isoformat(" ")
        if not isinstance(value, str):
            return value
        made = WriteOnlyCell(sheet, value)
        made.data_type = "s"  # text is never a formula
        return made

    rows = 1
    try:
        for table in tables:
            table = plain_cells(table)
            rows += table.num_rows
            if rows > _MOST_IN_SHEET:
                raise RunError(
                    f"a sheet of Excel holds {_MOST_IN_SHEET - 1:,} rows, and more are to be "
                    "written. Write .csv or .parquet."
                )
            if rows == table.num_rows + 1:
                sheet.append([cell(name) for name in table.column_names])
            for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
                sheet.append([cell(value) for value in row])
    except IllegalCharacterError as error:
        raise RunError(
            f"a sheet of Excel cannot hold the text {str(error)[:60]!r}. Write .csv or .parquet."
        ) from error
    finally:
        sheet.close()
    book.save(path)


def _as_text(value: object) -> object:
    """What JSON has no type for."""
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return float(value) if isinstance(value, Decimal) else str(value)


_CSV = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
_MOST_IN_SHEET = 1_048_576
_WRITERS: "dict[str, Callable[[Path, Iterator[pa.Table]], None]]" = {
    ".parquet": write_parquet,
    ".feather": write_feather, ".arrow": write_feather,
    ".jsonl": write_json_lines, ".ndjson": write_json_lines,
    ".jsonl.gz": partial(write_json_lines, packed=True),
    ".xlsx": write_excel,
}  # fmt: skip
FORMS = (*_CSV, *_WRITERS)
"""Endings of files that rows are written into."""


def _separator(table: "pa.Table") -> str:
    forms = [written[0] for field in table.schema if (written := _written_of(field.metadata))]
    return ";" if any(getattr(form, "point", ".") == "," for form in forms) else ","


def plain_cells(table: "pa.Table") -> "pa.Table":
    """Categories as the text that they are, and columns in the form that the data had."""
    import pyarrow as pa

    for at, field in enumerate(table.schema):
        if written := _written_of(field.metadata):
            form, places = written
            texts = form.write(table.column(at), places)
            table = table.set_column(at, pa.field(field.name, texts.type), texts)
    fields = [
        field.with_type(field.type.value_type) if isinstance(field.type, pa.DictionaryType)
        else field
        for field in table.schema
    ]  # fmt: skip
    return table.cast(pa.schema(fields))


def _written_of(metadata: Mapping[bytes, bytes] | None) -> tuple[WrittenForm, int | None] | None:
    """The form that metadata of an arrow column name, with decimals; None where they name none."""
    told = (metadata or {}).get(WRITTEN)
    if told is None:
        return None
    body = json.loads(told)
    return _FORMS[body["kind"]](**body["form"]), body["places"]
