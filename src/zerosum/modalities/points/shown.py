"""Points as a plot, and as a table of coordinates."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from zerosum.forms.base import Preview, Writer
from zerosum.forms.csv_cells import Cells
from zerosum.plots.points import scatter
from zerosum.plots.raster import to_image
from zerosum.spaces import Space

_FEW = 2_500


class PointPreview(Preview):
    """A plot of the first two dimensions."""

    few = _FEW
    draws_reals = True

    def draw(self, space: Space, x: Tensor, *, real: Tensor | None = None) -> Image.Image:
        """Float32 `[N, D]` as dots, over reals in grey if these are given."""
        return to_image(scatter(x, real=real))


class PointWriter(Writer):
    """Columns `x0`, `x1`, … and `label`, as `.csv` or `.parquet`."""

    forms = (".csv", ".parquet")

    def write(
        self, path: Path, form: str, space: Space, pieces: Iterable[Tensor],
        labels: Sequence[str], cells: Cells,
    ) -> None:  # fmt: skip
        """Write pieces, float32 `[n, D]` each, as one table; see `Writer.write`."""
        import pyarrow as pa
        import pyarrow.csv
        import pyarrow.parquet

        columns: dict[str, Any] = {
            f"x{i}": column for i, column in enumerate(space.to_numpy(torch.cat([*pieces])).T)
        }
        if labels:
            columns["label"] = labels
        table = pa.table(columns)
        if form == ".csv":
            pyarrow.csv.write_csv(cells.table(table), path)
        else:
            pyarrow.parquet.write_table(table, path)
