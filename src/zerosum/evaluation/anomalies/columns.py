"""Columns of one length as a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_columns(columns: Mapping[str, Any], path: Path, form: str) -> None:
    """Write columns of one length by name, as `.csv` or `.parquet`."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    table = pa.table({name: pa.array(list(own)) for name, own in columns.items()})
    if form == ".parquet":
        parquet.write_table(table, str(path))
        return
    with path.open("wb") as handle:
        handle.write((",".join(columns) + "\n").encode())
        plain = csv.WriteOptions(include_header=False, quoting_style="needed")
        csv.write_csv(table, handle, plain)
