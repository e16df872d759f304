"""Readers of series from tables with a row for each step: files, frames, and folders of files."""

import re
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import Field, PositiveFloat, PositiveInt

from zerosum.data.base import DataConfig, Dataset, Progress, encode_labels
from zerosum.data.files import look_at
from zerosum.errors import DataError
from zerosum.faces import option
from zerosum.modalities.series.arrays import SeriesOptions
from zerosum.modalities.series.reading.wide import cut_table
from zerosum.modalities.series.reading.windows import Cut, RowMeaning, Windows, cut_rows
from zerosum.modalities.series.space import SeriesSpace
from zerosum.modalities.tables.reading.files import open_file
from zerosum.modalities.tables.reading.layouts import LayoutOptions
from zerosum.modalities.tables.reading.places import is_table

_TABLES = (".csv", ".tsv", ".parquet")
_LOOKED_AT = 10_000


class WindowOptions(SeriesOptions):
    """What can be asked of series that are cut from rows: see `Cut`.

    Attributes:
        window: steps of one series; if not given, each series is taken whole.
        stride: steps from one window to the next.
        time: the column of times.
        series: the column that names series.
        label: the column of labels.
        channels: columns to take; if not given, all that hold numbers.
        gap: usual steps of time that two rows of a window may be apart at most.
        rows: what a row is: `steps`, or `series` where all columns of numbers are the steps of one
            channel; columns such as price@0 say so themselves.
    """

    window: int | None = Field(default=None, ge=2, le=65_536)
    stride: PositiveInt | None = None
    time: str | None = None
    series_column: str | None = None
    label: str | None = None
    channels: tuple[str, ...] = ()
    gap: PositiveFloat = 5.0
    rows: RowMeaning = "steps"
    option_names = {"series_column": "series"}

    @property
    def cut(self) -> Cut:
        """How rows become series."""
        return Cut(
            self.window, self.stride, self.time, self.series_column, self.label, self.channels,
            self.gap, self.static, self.rows,
        )  # fmt: skip

    def dataset_of_windows(self, found: Windows, *, name: str) -> Dataset:
        """The data set of what was cut.

        Raises:
            DataError: it cannot be used.
        """
        y, labels = (None, ()) if found.y is None else encode_labels(found.y)
        return self.series(found.x, y, labels, found.names, name=name, static=found.static)

    def windows(self) -> Windows:
        """What is cut from the rows of a file or folder.

        Raises:
            DataError: it cannot be read.
        """
        raise TypeError(f"{type(self).__name__} must define windows()")

    def scan(self, progress: Progress | None = None) -> str | None:
        """What is found and guessed, in a sentence."""
        try:
            found = self.windows()
            space = self.dataset_of_windows(found, name="data").space
        except DataError:
            return None  # training says why
        assert isinstance(space, SeriesSpace)
        classes = [f"{space.num_labels} classes"] if space.labels else []
        clauses = [f"{len(found.x):,} {space.description}", *classes, *found.notes, *space.facts]
        return "; ".join(clauses)


class TableFiles(LayoutOptions):
    """What can be asked of files with tables of numbers."""

    def table_of(self, path: Path) -> pa.Table:
        """The rows of a file.

        Raises:
            DataError: it cannot be read.
        """
        source = open_file(path, layout=self.layout)
        schema = pa.schema(list(source.types.items()))
        return pa.Table.from_batches(source.batches(), schema=schema)


class SeriesTableFile(WindowOptions, TableFiles):
    """A .csv, .tsv or .parquet file with a row for each step, or for each series.

    Attributes:
        path: the file.
    """

    kind = "series_table_file"
    path: str

    @classmethod
    def claims(cls, data: Any) -> float:
        """Files of tables, less surely than tables do."""
        if not isinstance(data, str | Path):
            return 0.0
        path = Path(data)
        return 0.5 if is_table(path) and look_at(path) == "file" else 0.0

    def windows(self) -> Windows:
        """See `WindowOptions.windows`; a wide table has a row for each series."""
        path = Path(self.path)
        table = self.table_of(path)
        return cut_table(table, self.cut, name=path.name)

    def build(self, progress: Progress | None = None) -> Dataset:
        """Read and cut it.

        Raises:
            DataError: it cannot be read or used.
        """
        return self.dataset_of_windows(self.windows(), name=Path(self.path).name)


class SeriesFrame(WindowOptions):
    """A data frame with a row for each step, or for each series, which the caller holds."""

    kind = "series_frame"

    @classmethod
    def claims(cls, data: Any) -> float:
        """Whatever offers itself as an arrow table, and is no array."""
        frame = isinstance(data, pa.Table) or (
            hasattr(data, "__arrow_c_stream__") and not hasattr(data, "__array_interface__")
        )
        return 0.5 if frame or _is_pandas(data) else 0.0

    def scan(self, progress: Progress | None = None) -> str | None:
        """Nothing: the frame is in the caller's hands."""
        return None

    def build(self, progress: Progress | None = None) -> Dataset:
        """Always an error: the frame is gone.

        Raises:
            DataError: say which data to use.
        """
        raise DataError(
            "this run was trained on a data frame held in memory. Give it again, or a file that "
            f"holds it, with {option('data')}."
        )

    def open(self, data: Any, progress: Progress | None = None) -> tuple[Dataset, DataConfig]:
        """Cut the frame.

        Raises:
            DataError: it cannot be used.
        """
        try:
            table = (
                pa.Table.from_pandas(data, preserve_index=False)
                if _is_pandas(data)
                else pa.table(data)
            )
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise DataError(f"the data frame cannot be read: {error}.") from error
        found = cut_table(table, self.cut, name="the data frame")
        return self.dataset_of_windows(found, name="the data frame"), self


class SeriesFolder(WindowOptions, TableFiles):
    """A folder of CSV or Parquet files, one series each; their subfolders are labels.

    Attributes:
        path: the folder.
    """

    kind = "series_folder"
    path: str

    @classmethod
    def claims(cls, data: Any) -> float:
        """Folders with such files."""
        if not isinstance(data, str | Path) or look_at(Path(data)) != "folder":
            return 0.0
        return 0.6 if holds_files(Path(data), _TABLES) else 0.0

    def windows(self) -> Windows:
        """See `WindowOptions.windows`: cut from all files, which name the series."""
        if self.series_column is not None:
            raise DataError("in a folder each file is one series; leave series out.")
        root = Path(self.path)
        files = files_below(root, _TABLES)
        parts: list[pa.Table] = []
        columns: list[str] = []
        for path in files:
            table = self.table_of(path)
            columns = columns or table.column_names
            if table.column_names != columns:
                raise DataError(
                    f"{path} has the columns {', '.join(table.column_names)}, and {files[0]} has "
                    f"{', '.join(columns)}. Files of a folder have the same columns; "
                    "tables that refer to each other are a database, for the recipe relational."
                )
            own = [path.relative_to(root).as_posix()] * len(table)
            parts.append(table.append_column(FILE, pa.array(own, pa.string())))
        folders = {path: path.relative_to(root).parent.as_posix() for path in files}
        by_folder = self.label is None and len(set(folders.values())) > 1
        if by_folder:
            parts = [
                table.append_column(FOLDER, pa.array([folders[path]] * len(table), pa.string()))
                for path, table in zip(files, parts, strict=True)
            ]
        try:
            table = pa.concat_tables(parts, promote_options="permissive")
        except pa.ArrowException as error:
            raise DataError(f"the files of {root} do not fit each other: {error}.") from error
        cut = Cut(
            self.window, self.stride, self.time, FILE,
            FOLDER if by_folder else self.label, self.channels, self.gap, self.static,
        )  # fmt: skip
        found = cut_rows(table, cut, name=str(root))
        found.notes.insert(0, f"{len(files):,} files")
        return found

    def build(self, progress: Progress | None = None) -> Dataset:
        """Read and cut them.

        Raises:
            DataError: they cannot be read or used.
        """
        return self.dataset_of_windows(self.windows(), name=Path(self.path).name)


FILE, FOLDER = "(file)", "(folder)"
"""Columns that are added for the file of a row, and for its folder."""


def holds_files(root: Path, endings: tuple[str, ...]) -> bool:
    """Whether a file with one of these endings is among the first 10,000 below `root`."""
    return any(one.suffix.lower() in endings for one in islice(root.rglob("*"), _LOOKED_AT))


def files_below(root: Path, endings: tuple[str, ...]) -> list[Path]:
    """Files with these endings, sorted so that 2 comes before 10."""
    found = [one for one in root.rglob("*") if one.suffix.lower() in endings and one.is_file()]

    def key(path: Path) -> list[tuple[bool, int, str]]:
        parts = re.split(r"(\d+)", path.relative_to(root).as_posix())
        return [(one.isdigit(), int(one) if one.isdigit() else 0, one) for one in parts]

    return sorted(found, key=key)


def _is_pandas(data: Any) -> bool:
    module = sys.modules.get("pandas")
    return module is not None and isinstance(data, module.DataFrame)
