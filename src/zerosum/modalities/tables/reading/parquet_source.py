"""Tables in Parquet files, which may be damaged, or expand without bound."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet

from zerosum.data.archives import MAX_EXPANSION, MAX_SMALL
from zerosum.data.files import length_of, open_regular
from zerosum.errors import DataError
from zerosum.modalities.tables.arrow import functions, is_text
from zerosum.modalities.tables.reading.sources import (
    BATCH_ROWS,
    TableSource,
    index_levels,
    require_names,
)

pc = functions()

DAMAGED = (pa.ArrowException, OSError, ValueError, MemoryError, OverflowError)
"""What reading a damaged file raises."""


class ParquetSource(TableSource):
    """A Parquet file.

    Args:
        path: the file.
        missing: texts that stand for what is missing.

    Raises:
        DataError: it is not Parquet, is damaged, or it would expand without bound.
    """

    def __init__(self, path: Path, *, missing: Collection[str] = ()) -> None:
        self.name, self._path, self.missing = path.name, path, tuple(missing)
        with self._open() as file:
            schema = file.schema_arrow
            require_names(schema.names, self.name)
            self.left_out = index_levels(schema)
            self.types = {f.name: f.type for f in schema if f.name not in self.left_out}
            self.num_rows = file.metadata.num_rows
        _require_bounded(path, 8 * self.num_rows * (len(self.types) + len(self.left_out)))

    def read(self) -> Iterator[pa.RecordBatch]:
        """Row groups in pieces, each of which is checked to be what it says it is."""
        read = 0
        with self._open(self._texts) as file:
            batches = file.iter_batches(BATCH_ROWS, use_threads=False)
            while True:
                try:
                    batch = next(batches, None)
                    if batch is not None:
                        batch.validate(full=True)
                        batch = batch.select(list(self.types))
                        batch = self._expanded(batch)
                except DAMAGED as error:
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
            except DAMAGED as error:
                raise _no_parquet(self._path, error) from error
            with file:
                yield file


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
