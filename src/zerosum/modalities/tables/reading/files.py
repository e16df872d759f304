"""Files of tables, each by the source that reads its form."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from zerosum.data.csv_text import suffix_of
from zerosum.data.layout import AS_USUAL, FileLayout
from zerosum.errors import DataError
from zerosum.faces import reading
from zerosum.modalities.tables.reading.csv_source import CsvSource
from zerosum.modalities.tables.reading.parquet_source import ParquetSource
from zerosum.modalities.tables.reading.sources import TableSource
from zerosum.modalities.tables.reading.whole_files import (
    WholeSource,
    flattened,
    read_excel,
    read_feather,
    read_json,
)

_WHOLE: Mapping[str, Callable[[Path], pa.Table]] = {
    ".feather": read_feather, ".arrow": read_feather,
    ".jsonl": read_json, ".ndjson": read_json, ".json": read_json,
}  # fmt: skip
_EXCEL = (".xlsx", ".xlsm")


def open_file(
    path: Path,
    *,
    texts: Collection[str] = (),
    told: Mapping[str, Mapping[str, Any]] | None = None,
    missing: Collection[str] = (),
    layout: FileLayout = AS_USUAL,
) -> TableSource:
    """The table in a file of one of `TABLE_SUFFIXES`.

    Args:
        path: the file.
        texts: columns that are text, whatever they look like.
        told: what is known of columns beforehand; see `Overrides`.
        missing: texts that stand for what is missing.
        layout: where the table lies in it.

    Raises:
        DataError: it cannot be read, or has no such layout.
        MissingExtraError: a library is not installed that reads it.
    """
    suffix = suffix_of(path)
    require_layout(path, suffix, layout)
    flat = layout.nested == "flatten"
    if suffix == ".parquet" and not flat:
        return ParquetSource(path, missing=missing)
    if suffix == ".parquet":
        table, remarks = pa.Table.from_batches(ParquetSource(path).batches()), ()
    elif suffix in _EXCEL:
        table, remarks = read_excel(path, layout)
    elif suffix in _WHOLE:
        table, remarks = _WHOLE[suffix](path), ()
    else:
        return CsvSource(path, texts=texts, told=told, missing=missing, layout=layout)
    table = flattened(table) if flat else table
    source = WholeSource(table, name=path.name, texts=texts, told=told, missing=missing)
    source.remarks = remarks
    return source


def require_layout(path: Path, suffix: str, layout: FileLayout) -> None:
    """A file of this form, or a table of a database, may have such a layout.

    Raises:
        DataError: it may not.
    """
    excel, other = suffix in _EXCEL, suffix in (".parquet", ".sqlite") or suffix in _WHOLE
    for name, value, lacking, of in (
        ("header", layout.header, other, "CSV and Excel files"),
        ("separator", layout.separator, other or excel, "CSV files"),
        ("sheet", layout.sheet, not excel, "Excel files"),
        ("nested", layout.nested, not other or suffix == ".sqlite", "JSON, Parquet and Feather"),
    ):
        if value is not None and lacking:
            raise DataError(f"{reading(**{name: value})} is for {of}, not for {path.name}.")
