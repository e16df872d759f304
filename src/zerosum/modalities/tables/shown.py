"""Rows of tables as a plot, and as files."""

import warnings
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from PIL import Image
from torch import Tensor

from zerosum.errors import RunError
from zerosum.forms.base import Preview, Writer
from zerosum.forms.csv_cells import Cells
from zerosum.modalities.tables.reading.frames import to_table
from zerosum.modalities.tables.sheet import draw_rows
from zerosum.modalities.tables.space import TableSpace
from zerosum.modalities.tables.unmodelled_fields import KeyField
from zerosum.modalities.tables.writing import write_csv, write_parquet
from zerosum.plots.points import scatter
from zerosum.plots.raster import to_image
from zerosum.spaces import Space

if TYPE_CHECKING:
    import pyarrow as pa

_FEW, _AS_ROWS = 2_500, 12


class TablePreview(Preview):
    """A plot of the first two columns; a few rows are drawn as a table."""

    few = _FEW
    draws_reals = True

    def draw(self, space: Space, x: Tensor, *, real: Tensor | None = None) -> Image.Image:
        """Values `[N, D]` as dots, over reals in grey if these are given.

        Up to 12 rows without reals are drawn as they are written.
        """
        if real is None and len(x) <= _AS_ROWS and isinstance(space, TableSpace):
            return draw_rows(to_table(x.double(), space, 0))
        return to_image(scatter(x, real=real))


class RowsWriter(Writer):
    """Samples as `.csv` or `.parquet`, in the columns and types of the training data."""

    forms = (".csv", ".parquet")
    default: ClassVar[str] = "samples.csv"

    def write(
        self, path: Path, form: str, space: Space, pieces: Iterable[Tensor],
        labels: Sequence[str], cells: Cells,
    ) -> None:  # fmt: skip
        """Write pieces as one table; see `Writer.write`."""
        write_rows(path, form, self.tables(space, pieces), cells)

    @abstractmethod
    def tables(self, space: Space, pieces: Iterable[Tensor]) -> "Iterable[pa.Table]":
        """Pieces of samples as arrow tables of the same columns."""


class TableWriter(RowsWriter):
    """A row for each sample."""

    labelled_forms = RowsWriter.forms

    def tables(self, space: Space, pieces: Iterable[Tensor]) -> "Iterable[pa.Table]":
        """See `RowsWriter.tables`: of values `[n, D]` each."""
        assert isinstance(space, TableSpace)
        return tables_of(space, pieces)

    def write_labelled(
        self, path: Path, form: str, space: Space, x: Tensor, labels: Sequence[str],
        synthetic: Sequence[bool], cells: Cells,
    ) -> list[str]:  # fmt: skip
        """Rows with a column `synthetic`; see `Writer.write_labelled`."""
        import pyarrow as pa

        assert isinstance(space, TableSpace)
        if any(field.name == "synthetic" for field in space.fields):
            raise RunError(
                "the table has a column 'synthetic' already, which says here what a model made. "
                "Rename it in the data, and train again."
            )
        keys = [field.name for field in space.fields if isinstance(field, KeyField)]
        if keys:
            warnings.warn(
                f"keys are numbered anew, those of reals too: {', '.join(keys)}.", stacklevel=2
            )
        table = to_table(x, space).append_column("synthetic", pa.array(synthetic, pa.bool_()))
        write_rows(path, form, [table], cells)
        return []


def write_rows(path: Path, form: str, tables: "Iterable[pa.Table]", cells: Cells) -> None:
    """Write tables of the same columns as one file, `.csv` or `.parquet`."""
    if form == ".csv":
        write_csv(path, iter(tables), cells)
    else:
        write_parquet(path, iter(tables))


def tables_of(space: TableSpace, pieces: Iterable[Tensor]) -> "Iterator[pa.Table]":
    """Values of rows, float64 `[n, D]` each, as arrow tables; keys are counted across pieces."""
    start = 0
    for piece in pieces:
        yield to_table(piece, space, start)
        start += len(piece)
