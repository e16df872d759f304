"""Samples in the user's units, and the forms they are saved in."""

import csv
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from zerosum.errors import RunError
from zerosum.pictures import draw_samples, to_pil
from zerosum.runs.files import make_folder, write_whole
from zerosum.spaces import ImageSpace, Space
from zerosum.tasks.csv_cells import Cells

FORMS = (".png", ".npz", ".csv", ".parquet", "a folder")


class Samples:
    """What a model made.

    Attributes:
        x: uint8 `[N, H, W, C]` for pictures, float32 `[N, D]` for points.
        y: int64 label codes `[N]`, or None.
        labels: name of each sample's label; empty without labels.
    """

    def __init__(self, x: Tensor, y: Tensor | None, space: Space) -> None:
        self._x, self._space = x, space
        self.y = None if y is None else y.numpy()
        self.labels = [] if y is None else [space.labels[int(code)] for code in y]

    def __len__(self) -> int:
        return len(self._x)

    @property
    def x(self) -> np.ndarray:
        """The samples, channels last."""
        x = self._x
        return (x.permute(0, 2, 3, 1).contiguous() if self._is_image else x).numpy()

    @property
    def tensor(self) -> Tensor:
        """The samples as torch holds them: uint8 `[N, C, H, W]` or float32 `[N, D]`."""
        return self._x

    def picture(self) -> Any:
        """A grid of pictures or a plot of points, as a Pillow image."""
        return draw_samples(self._space, self._x)

    def save(self, path: Path | str, *, safe_csv: bool = False) -> Path:
        """Write to `path`; its ending decides the form.

        `.png` is a grid (or a plot), `.npz` arrays `x` and `y`, `.csv` and `.parquet` a table of
        points, and a path without an ending, or one that ends in a slash, is a folder with one file
        for each sample and a `labels.csv`. With `safe_csv`, labels in a .csv file that a
        spreadsheet would take for formulas begin with `'`.

        Raises:
            RunError: the form does not suit these samples, or cannot be written.
        """
        as_folder = str(path).endswith(("/", os.sep))
        path = Path(path)
        form = "" if as_folder or path.is_dir() else path.suffix.lower()
        if safe_csv and form not in (".csv", ""):
            raise RunError(
                f"safe_csv (--safe-csv) is for .csv files and folders, not for {path.name!r}. "
                "Leave it out."
            )
        cells = Cells(safe=safe_csv)
        make_folder(path.parent)
        if form == ".png":
            picture = self.picture()
            write_whole(path, lambda aside: picture.save(aside, format="PNG"))
        elif form == ".npz":
            write_whole(path, self._save_arrays)
        elif form in (".csv", ".parquet"):
            self._save_table(path, cells)
        elif form == "":
            self._save_folder(path, cells)
        else:
            raise RunError(f"cannot save as {form}. Allowed: {', '.join(FORMS)}.")
        cells.warn()
        return path

    def _repr_png_(self) -> bytes:
        from io import BytesIO

        buffer = BytesIO()
        self.picture().save(buffer, format="PNG")
        return buffer.getvalue()

    @property
    def _is_image(self) -> bool:
        return isinstance(self._space, ImageSpace)

    def _save_arrays(self, path: Path) -> None:
        with path.open("wb") as handle:  # given a name, numpy would add an ending of its own
            if self.y is None:
                np.savez_compressed(handle, x=self.x)
            else:
                np.savez_compressed(handle, x=self.x, y=self.y)

    def _save_table(self, path: Path, cells: Cells) -> None:
        if self._is_image:
            raise RunError(
                f"pictures do not fit a {path.suffix} table. Save as .png, .npz or a folder."
            )
        import pyarrow as pa
        import pyarrow.csv
        import pyarrow.parquet

        columns: dict[str, Any] = {f"x{i}": column for i, column in enumerate(self.x.T)}
        if self.labels:
            columns["label"] = self.labels
        table = pa.table(columns)
        write: Any = pyarrow.parquet.write_table
        if path.suffix.lower() == ".csv":
            write, table = pyarrow.csv.write_csv, cells.table(table)
        write_whole(path, lambda aside: write(table, aside))

    def _save_folder(self, path: Path, cells: Cells) -> None:
        if not self._is_image:
            raise RunError("points are saved as .csv, .parquet, .npz or .png, not as a folder.")
        made = not path.exists()
        make_folder(path)
        try:
            full = any(path.iterdir())
        except OSError as error:
            raise RunError(f"cannot look into {path}: {error.strerror or error}.") from error
        if full:
            raise RunError(f"{path} is not empty. Choose a new folder.")
        try:
            self._fill_folder(path, cells)
        except OSError as error:
            # Half of the samples, without labels, would pass for all.
            names = [*self._names(), "labels.csv"]
            with suppress(OSError):
                for name in names:
                    (path / name).unlink(missing_ok=True)
                if made:
                    path.rmdir()
            raise RunError(
                f"cannot write {path}: {error.strerror or error}. Free some space or choose "
                "another place, then do this again."
            ) from error

    def _names(self) -> list[str]:
        width = len(str(max(len(self) - 1, 1)))
        return [f"{i:0{width}d}.png" for i in range(len(self))]

    def _fill_folder(self, path: Path, cells: Cells) -> None:
        names = self._names()
        for name, pixels in zip(names, self.x, strict=True):
            to_pil(pixels).save(path / name)
        with (path / "labels.csv").open("w", newline="", encoding="utf-8") as handle:
            writer = csv.writer(handle)
            writer.writerow(["file", "label"])
            labels = cells.texts("label", self.labels or [""] * len(self))
            writer.writerows(zip(names, labels, strict=True))
