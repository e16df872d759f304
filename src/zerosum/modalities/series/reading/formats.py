"""Readers of series in formats of their own: `.ts` of the UCR archive, and records of PhysioNet."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from zerosum.data.base import Dataset, Progress, encode_labels
from zerosum.data.files import look_at, open_regular
from zerosum.errors import DataError, MissingExtraError
from zerosum.modalities.series.arrays import SeriesOptions
from zerosum.modalities.series.reading.files import FILE, WindowOptions, files_below, holds_files
from zerosum.modalities.series.reading.windows import Cut, Windows, cut_rows, require_similar


class UcrFile(SeriesOptions):
    """A `.ts` file of the UCR and UEA archives: labelled series.

    Attributes:
        path: the file; a holdout `NAME_TEST.ts` is a file of its own.
    """

    kind = "series_ucr"
    path: str

    @classmethod
    def claims(cls, data: Any) -> float:
        """Files that end in `.ts`."""
        if not isinstance(data, str | Path) or Path(data).suffix.lower() != ".ts":
            return 0.0
        return 0.9 if look_at(Path(data)) == "file" else 0.0

    def build(self, progress: Progress | None = None) -> Dataset:
        """Read it.

        Raises:
            DataError: it is no such file, or its series are too different in length.
        """
        path = Path(self.path)
        found = read_ucr(path)
        y, names = (None, ()) if found.y is None else encode_labels(found.y)
        return self.series(found.x, y, names, found.names, name=path.name, static=found.static)


class WfdbRecords(WindowOptions):
    """Records of PhysioNet: a folder of `.hea` files with their signals, or one of them.

    Attributes:
        path: the folder, or a `.hea` file.
    """

    kind = "series_wfdb"
    path: str

    @classmethod
    def claims(cls, data: Any) -> float:
        """`.hea` files, and folders with some."""
        if not isinstance(data, str | Path):
            return 0.0
        path = Path(data)
        here = look_at(path)
        header = here == "file" and path.suffix.lower() == ".hea"
        return 0.9 if header or (here == "folder" and holds_files(path, (".hea",))) else 0.0

    def build(self, progress: Progress | None = None) -> Dataset:
        """Read and cut them.

        Raises:
            DataError: a record cannot be read, or records have different channels.
            MissingExtraError: wfdb is not installed.
        """
        return self._at_its_rate().dataset_of_windows(self.windows(), name=Path(self.path).name)

    def _at_its_rate(self) -> "WfdbRecords":
        rate = next(iter(_records(Path(self.path))))[2]
        return self.model_copy(update={"sampling_rate": self.sampling_rate or rate})

    def windows(self) -> Windows:
        """See `WindowOptions.windows`."""
        for option in ("time", "series_column", "label"):
            if getattr(self, option) is not None:
                raise DataError(
                    f"{type(self).option_names.get(option, option)} names a column, and records "
                    "of PhysioNet have none beside their channels. Leave it out."
                )
        parts: list[pa.Table] = []
        for path, values, _, names in _records(Path(self.path)):
            if parts and parts[0].column_names[:-1] != names:
                raise DataError(
                    f"{path} has the channels {', '.join(names)}, and others have "
                    f"{', '.join(parts[0].column_names[:-1])}. Records have the same channels."
                )
            columns: dict[str, Any] = dict(zip(names, values.T, strict=True))
            parts.append(pa.table(columns | {FILE: [path.stem] * len(values)}))
        one = self.cut
        cut = Cut(one.window, one.stride, None, FILE, None, one.channels, one.gap)
        found = cut_rows(pa.concat_tables(parts), cut, name=str(self.path))
        found.notes.insert(0, f"{len(parts):,} records")
        return found


def read_ucr(path: Path) -> Windows:
    """Series and labels of a `.ts` file; a target of a regression is an attribute.

    `?` is a missing value, and NaN follows the end of a series.

    Raises:
        DataError: it is no such file, or its series are too different in length.
    """
    with open_regular(path) as handle:
        try:
            lines = handle.read().decode("utf-8").splitlines()
        except UnicodeError as error:
            raise DataError(f"{path} is not UTF-8.") from error
    body, labelled, targeted, began = [], False, False, False
    for number, line in enumerate(map(str.strip, lines), 1):
        if not line or line.startswith(("#", "%")):
            continue
        if line.startswith("@"):
            words = line.lower().split()
            labelled |= words[0] == "@classlabel" and words[1:2] == ["true"]
            targeted |= words[0] == "@targetlabel" and words[1:2] == ["true"]
            if words[0] == "@timestamps" and words[1:2] == ["true"]:
                raise DataError(f"{path} has time stamps, which are not read. Write it as CSV.")
            began |= words[0] == "@data"
        elif began:
            body.append((number, line))
        else:
            raise DataError(f"line {number} of {path} comes before @data: it is no .ts file.")
    labels, series = [], []
    for number, line in body:
        parts = line.split(":")
        if labelled or targeted:
            labels.append(parts.pop().strip())
        try:
            channels = [
                [np.nan if one.strip() in ("?", "NaN") else float(one) for one in part.split(",")]
                for part in parts
            ]
        except ValueError as error:
            raise DataError(f"line {number} of {path}: {error}.") from error
        if len({len(one) for one in channels}) != 1 or (
            series and len(channels) != series[0].shape[1]
        ):
            raise DataError(
                f"line {number} of {path} has other channels than those before, or channels of "
                "different lengths."
            )
        series.append(np.array(channels).T)
    if not series:
        raise DataError(f"{path} holds no series after @data.")
    lengths = np.array([len(one) for one in series])
    require_similar(lengths, name=str(path))
    x = np.full((len(series), lengths.max(), series[0].shape[1]), np.nan)
    for row, one in zip(x, series, strict=True):
        row[: len(one)] = one
    names = tuple(f"c{i}" for i in range(x.shape[2]))
    if not targeted:
        return Windows(x, np.array(labels, np.str_) if labelled else None, names)
    try:
        targets = pa.table({"target": [float(one) for one in labels]})
    except ValueError as error:
        raise DataError(f"a target of {path} is no number: {error}.") from error
    return Windows(x, None, names, static=targets)


def _records(path: Path) -> Iterator[tuple[Path, np.ndarray, float, list[str]]]:
    """Path, values `[L, C]`, rate and names of channels of each record."""
    try:
        import wfdb  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise MissingExtraError(
            "records of PhysioNet are read with wfdb, which is not installed: pip install "
            "'zerosum[wfdb]'."
        ) from error
    heads = [path] if path.suffix.lower() == ".hea" else files_below(path, (".hea",))
    for head in heads:
        try:
            record = wfdb.rdrecord(str(head.with_suffix("")))
        except (OSError, ValueError, IndexError, KeyError) as error:
            raise DataError(f"{head} cannot be read: {error}.") from error
        yield head, record.p_signal, float(record.fs), [*record.sig_name]
