"""Files of tables, each by the source that reads its form."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from zerosum.data.csv_text import suffix_of
from zerosum.modalities.tables.reading.csv_source import CsvSource
from zerosum.modalities.tables.reading.parquet_source import ParquetSource
from zerosum.modalities.tables.reading.sources import TableSource
from zerosum.modalities.tables.reading.whole_files import (
    WholeSource,
    read_excel,
    read_feather,
    read_json,
)

_WHOLE: Mapping[str, Callable[[Path], pa.Table]] = {
    ".xlsx": read_excel, ".xlsm": read_excel, ".feather": read_feather, ".arrow": read_feather,
    ".jsonl": read_json, ".ndjson": read_json, ".json": read_json,
}  # fmt: skip


def open_file(
    path: Path,
    *,
    texts: Collection[str] = (),
    told: Mapping[str, Mapping[str, Any]] | None = None,
    missing: Collection[str] = (),
) -> TableSource:
    """The table in a file of one of `TABLE_SUFFIXES`.

    Args:
        path: the file.
        texts: columns that are text, whatever they look like.
        told: what is known of columns beforehand; see `Overrides`.
        missing: texts that stand for what is missing.

    Raises:
        DataError: it cannot be read.
        MissingExtraError: a library is not installed that reads it.
    """
    suffix = suffix_of(path)
    if suffix == ".parquet":
        return ParquetSource(path, missing=missing)
    if suffix in _WHOLE:
        return WholeSource(
            _WHOLE[suffix](path), name=path.name, texts=texts, told=told, missing=missing
        )
    return CsvSource(path, texts=texts, told=told, missing=missing)
