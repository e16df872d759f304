"""Rows into files, block by block."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from zerosum.errors import RunError
from zerosum.faces import option
from zerosum.forms.csv_cells import Cells
from zerosum.modalities.tables.written.base import WRITTEN, WrittenForm
from zerosum.modalities.tables.written.clocks import ClockFormat
from zerosum.modalities.tables.written.counted import CountedMoments
from zerosum.modalities.tables.written.moments import MomentFormat
from zerosum.modalities.tables.written.numbers import NumberFormat
from zerosum.runs.files import make_folder, require_unicode, write_whole

if TYPE_CHECKING:
    import pyarrow as pa


_FORMS = {form.kind: form for form in (NumberFormat, MomentFormat, ClockFormat, CountedMoments)}


def write_tables(path: Path, tables: "Iterator[pa.Table]", *, safe_csv: bool = False) -> Path:
    """Write tables of the same columns into one .parquet or .csv file, one after another.

    With `safe_csv`, no cell of a .csv file is taken for a formula; see `Cells`. Without, a warning
    names the columns of which some would be.

    Raises:
        RunError: the form is another, the path is not UTF-8, or the file cannot be written.
    """
    require_unicode(path)
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise RunError(f"cannot save rows as {path.name!r}. Allowed: .csv, .parquet.")
    as_csv = path.suffix.lower() == ".csv"
    if safe_csv and not as_csv:
        raise RunError(f"{option('safe_csv')} is for .csv, not for {path.name!r}. Leave it out.")
    make_folder(path.parent)
    cells = Cells(safe=safe_csv)
    if as_csv:
        write_whole(path, lambda aside: write_csv(aside, tables, cells))
        cells.warn()
    else:
        write_whole(path, lambda aside: write_parquet(aside, tables))
    return path


def write_parquet(path: Path, tables: "Iterator[pa.Table]") -> None:
    """Write tables of the same columns into a .parquet file, one after another."""
    import pyarrow.parquet as parquet

    first = next(tables)
    with parquet.ParquetWriter(path, first.schema) as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(table)


def write_csv(path: Path, tables: "Iterator[pa.Table]", cells: Cells) -> None:
    """Write tables of the same columns into a .csv file, one after another.

    Cells are separated by commas; by semicolons where numbers have decimal commas.
    """
    import pyarrow.csv as csv

    head = next(tables)
    first = cells.table(_plain(head))
    options = csv.WriteOptions(delimiter=_separator(head))
    with csv.CSVWriter(path, first.schema, write_options=options) as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(cells.table(_plain(table)))


def _separator(table: "pa.Table") -> str:
    forms = [written[0] for field in table.schema if (written := _written_of(field.metadata))]
    return ";" if any(getattr(form, "point", ".") == "," for form in forms) else ","


def _plain(table: "pa.Table") -> "pa.Table":
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
