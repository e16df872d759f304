"""Rows of tables as a plot, and as files."""

import warnings
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


class TableWriter(Writer):
    """Rows as `.csv` or `.parquet`, in the columns and types of the training data."""

    forms = (".csv", ".parquet")
    labelled_forms = forms
    default: ClassVar[str] = "samples.csv"

    def write(
        self, path: Path, form: str, space: Space, pieces: Iterable[Tensor],
        labels: Sequence[str], cells: Cells,
    ) -> None:  # fmt: skip
        """Write pieces, values `[n, D]` each, as one table; see `Writer.write`."""
        assert isinstance(space, TableSpace)
        tables = tables_of(space, pieces)
        if form == ".csv":
            write_csv(path, tables, cells)
        else:
            write_parquet(path, tables)

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
        if form == ".csv":
            write_csv(path, iter([table]), cells)
        else:
            write_parquet(path, iter([table]))
        return []


def tables_of(space: TableSpace, pieces: Iterable[Tensor]) -> "Iterator[pa.Table]":
    """Values of rows, float64 `[n, D]` each, as arrow tables; keys are counted across pieces."""
    start = 0
    for piece in pieces:
        yield to_table(piece, space, start)
        start += len(piece)
