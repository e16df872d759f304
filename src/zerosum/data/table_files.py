"""Tables in files."""

from collections.abc import Collection, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet


class TableSource:
    """A table that is read batch by batch."""

    def __init__(self, table: pa.Table) -> None:
        self._table, self.num_rows = table, table.num_rows

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows."""
        yield from self._table.to_batches()


def open_file(path: Path, *, texts: Collection[str] = ()) -> TableSource:
    """The table in a .csv or .parquet file."""
    if path.suffix == ".parquet":
        return TableSource(pyarrow.parquet.read_table(path))
    types = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(texts, pa.string()), strings_can_be_null=True
    )
    return TableSource(pyarrow.csv.read_csv(path, convert_options=types))
