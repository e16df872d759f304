"""Where tables are: files, tables of databases, and frames."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zerosum.data.csv_text import holds_rows
from zerosum.data.files import look_at
from zerosum.data.layout import AS_USUAL, FileLayout
from zerosum.errors import DataError
from zerosum.modalities.tables.sql import SQLITE, is_url, shown_place, table_name

if TYPE_CHECKING:
    from zerosum.modalities.tables.reading.sources import TableSource

TABLE_SUFFIXES = (
    ".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet", ".feather", ".arrow", ".xlsx", ".xlsm",
    ".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz", ".json",
)  # fmt: skip
"""Of files that hold tables."""


_PLAIN = (".dat", ".data", ".txt")
"""Endings of files that are read as CSV where their lines are rows of as many cells each."""


def is_table(path: Path) -> bool:
    """Whether a file is called as tables are, or holds rows in plain text."""
    if path.suffix.lower() in _PLAIN:
        return look_at(path) == "file" and holds_rows(path)
    return path.name.lower().endswith(TABLE_SUFFIXES)


def source_of(
    data: Any,
    texts: Sequence[str] = (),
    *,
    told: Mapping[str, Mapping[str, Any]] | None = None,
    missing: Sequence[str] = (),
    layout: FileLayout = AS_USUAL,
) -> "tuple[TableSource, str | None]":
    """A frame or file to read, and the library that it came from, if any.

    Args:
        data: a frame, the path of a file, or a table of a database.
        texts: columns that are read from a CSV file as they are written.
        told: what is known of columns beforehand.
        missing: texts that stand for what is missing.
        layout: where the table lies in a file.
    """
    from zerosum.modalities.tables.reading.files import open_file, require_layout
    from zerosum.modalities.tables.reading.frames import from_native, is_frame
    from zerosum.modalities.tables.reading.sources import MemorySource

    if not isinstance(data, str | Path):
        if not is_frame(data):
            kind = type(data).__name__
            raise DataError(
                f"a table is a data frame or the path of a file, and this is of type {kind}."
            )
        table, library, natives = from_native(data)
        return MemorySource(table, name="the data frame", natives=natives, missing=missing), library
    if (name := table_name(data)) is not None:
        from zerosum.modalities.tables.reading.whole_files import WholeSource
        from zerosum.modalities.tables.sql_tables import read_sql_table

        require_layout(Path(name.table), ".sqlite", layout)
        table = read_sql_table(name)
        return WholeSource(table, name=name.table, texts=texts, told=told, missing=missing), None
    path = Path(data)
    if look_at(path) != "file" or not is_table(path):
        database = is_url(data) or path.suffix.lower() in SQLITE
        if database:
            raise DataError(
                f"{shown_place(data)} is a database. Name one of its tables: {shown_place(data)}"
                "#orders."
            )
        raise DataError(
            f"no table at {str(data)!r}. Give a file that ends in {', '.join(TABLE_SUFFIXES)}; or "
            f"in {', '.join(_PLAIN)}, with rows of cells between tabs, |, ; or commas; or a table "
            "of a database, such as shop.sqlite#orders."
        )
    return open_file(path, texts=texts, told=told, missing=missing, layout=layout), None
