"""Rows of measurements, one for each step, cut into series."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from zerosum.errors import DataError, did_you_mean
from zerosum.faces import Blank, reading

_MOST_WINDOWS = 100_000
"""Windows that are cut where no stride is given."""

_LONGER = 8
"""Times that the longest series may have the usual length."""

_MANY = 8
"""Numbered columns that may be the steps of a series."""


RowMeaning = Literal["steps", "series"]


@dataclass(frozen=True)
class Cut:
    """How rows become series.

    Attributes:
        window: steps of one series; None to take each whole series.
        stride: steps from the start of one window to that of the next; None for every step, or as
            many as give 100,000 windows.
        time: the column of times; None for the first one of a type for times.
        series: the column that names series; None if all rows are one.
        label: the column of labels; None for none.
        channels: columns to take; empty for all that hold numbers.
        gap: usual steps of time that two rows of a window may be apart at most.
        static: columns that never change within a series.
        rows: what a row is: a step, or a whole series.
    """

    window: int | None = None
    stride: int | None = None
    time: str | None = None
    series: str | None = None
    label: str | None = None
    channels: tuple[str, ...] = ()
    gap: float = 5.0
    static: tuple[str, ...] = ()
    rows: RowMeaning = "steps"


@dataclass
class Windows:
    """Series that were cut from rows.

    Attributes:
        x: float64 `[N, L, C]`.
        y: label of each, or None.
        names: of the channels.
        notes: what was guessed or skipped; a clause each.
        static: a row of attributes for each series, if there are any.
    """

    x: np.ndarray
    y: np.ndarray | None
    names: tuple[str, ...]
    notes: list[str] = field(default_factory=list)
    static: pa.Table | None = None


def cut_rows(table: pa.Table, cut: Cut, *, name: str) -> Windows:
    """Series from a table with one row for each step.

    Raises:
        DataError: a column is missing or of the wrong kind, times are unsorted or unreadable,
            lengths are too different, or no window fits.
    """
    if not table.num_rows:
        raise DataError(f"{name} has no rows.")
    notes: list[str] = []
    cut = _as_called(table, cut, notes)
    time = _time_column(table, cut, notes, name=name)
    for option in ("series", "label"):
        _require_column(table, getattr(cut, option), option, name=name)
    for one in cut.static:
        _require_column(table, one, "static", name=name)
    taken = {one for one in (time, cut.series, cut.label, *cut.static) if one is not None}
    names = _channels(table, cut, taken, name=name)
    values = np.column_stack([_numbers(table[one]) for one in names])
    moments = None if time is None else _moments(table[time], time)
    ids = None if cut.series is None else _codes(table[cut.series], cut.series)
    labels = None if cut.label is None else _texts(table[cut.label])
    if ids is None:
        groups = [np.arange(len(values))]
    else:
        order = np.argsort(ids, kind="stable")
        groups = np.split(order, np.flatnonzero(np.diff(ids[order])) + 1)
    runs: list[np.ndarray] = []
    for rows in groups:
        runs += [rows] if moments is None else _without_gaps(rows, moments[rows], cut, name=name)
    if len(runs) > len(groups):
        cuts = len(runs) - len(groups)
        notes.append(f"{cuts:,} gap{'s' if cuts > 1 else ''} in time, which no window crosses")
    rows = _windows(runs, groups, cut, notes, names, name=name)
    y = None
    if labels is not None:
        own = labels[rows]
        same = (own == own[:, :1]).all(axis=1)
        if not same.all():
            notes.append(f"{int((~same).sum()):,} windows in which {cut.label} changes, left out")
        rows, y = rows[same], own[same, 0]
    x = values[rows]
    x[:, 1:][rows[:, 1:] == rows[:, :-1]] = np.nan  # the last row again stands for none
    return Windows(x, y, names, notes, _attributes(table, cut, rows, name=name))


def _attributes(table: pa.Table, cut: Cut, rows: np.ndarray, *, name: str) -> pa.Table | None:
    """What series of these rows `[N, L]` have once; None where nothing is asked for.

    Raises:
        DataError: something of it changes within a series.
    """
    if not cut.static:
        return None
    for one in cut.static:
        codes = table[one].combine_chunks()
        if not isinstance(codes.type, pa.DictionaryType):
            codes = codes.dictionary_encode("encode")
        own = codes.indices.fill_null(-1).to_numpy(zero_copy_only=False)[rows]
        odd = int((own != own[:, :1]).any(axis=1).sum())
        if odd:
            raise DataError(
                f"static names {one!r}, which changes within {odd:,} of {len(rows):,} series of "
                f"{name}. Leave it out, or make it a channel."
            )
    return table.select([*cut.static]).take(pa.array(rows[:, 0]))


def _as_called(table: pa.Table, cut: Cut, notes: list[str]) -> Cut:
    """With columns called `series` and `label` for these, where nothing else is asked for."""
    found = {}
    for option in ("series", "label"):
        free = getattr(cut, option) is None and option not in (*cut.channels, *cut.static, cut.time)
        if free and option in table.column_names:
            found[option] = option
            notes.append(f"{option} is taken from the column {option}")
    return replace(cut, **found)


def _require_column(table: pa.Table, column: str | None, option: str, *, name: str) -> None:
    if column is not None and column not in table.column_names:
        raise DataError(
            f"{option} names {column!r}, which is no column of {name}."
            f"{did_you_mean(column, table.column_names)}"
        )


def _time_column(table: pa.Table, cut: Cut, notes: list[str], *, name: str) -> str | None:
    if cut.time is not None:
        _require_column(table, cut.time, "time", name=name)
        return cut.time
    for column in table.schema:
        if pt.is_timestamp(column.type) or pt.is_date(column.type):
            notes.append(f"time is taken from {column.name}")
            return column.name
    return None


def _channels(table: pa.Table, cut: Cut, taken: set[str], *, name: str) -> tuple[str, ...]:
    for one in cut.channels:
        _require_column(table, one, "channels", name=name)
    names = cut.channels or tuple(one for one in table.column_names if one not in taken)
    for one in names:
        kind = table.schema.field(one).type
        if not (pt.is_integer(kind) or pt.is_floating(kind) or pt.is_boolean(kind)
                or pt.is_decimal(kind) or pt.is_null(kind)):  # fmt: skip
            raise DataError(
                f"column {one!r} of {name} holds {kind}, and channels are numbers. If it names "
                f"the series, the label or the time, say so: {reading(series=one)}, or `label` or "
                "`time` in place of `series`. Else name the channels: "
                f"{reading(channels=Blank('A,B'))}.{_if_wide(names)}"
            )
    if not names:
        raise DataError(f"{name} has no column of numbers beside those of time, series and label.")
    return names


def _if_wide(names: Sequence[str]) -> str:
    """What to do if each row is a series, where columns are numbered as its steps may be."""
    numbered = [one for one in names if one[-1:].isdigit()]
    if len(numbered) < _MANY:
        return ""
    return f" If each row is a series, say so: {reading(rows='series')}."


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    return column.cast(pa.float64()).to_numpy(zero_copy_only=False)


def _texts(column: pa.ChunkedArray) -> np.ndarray:
    if pt.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return np.array(["" if one is None else str(one) for one in column.to_pylist()], dtype=np.str_)


def _codes(column: pa.ChunkedArray, name: str) -> np.ndarray:
    if column.null_count:
        raise DataError(
            f"column {name!r} names the series and is missing in {column.null_count:,} rows."
        )
    own = column.cast(column.type.value_type) if pt.is_dictionary(column.type) else column
    encoded = own.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    return encoded.indices.to_numpy(zero_copy_only=False)


def _moments(column: pa.ChunkedArray, name: str) -> np.ndarray:
    """Times as numbers, float64."""
    if column.null_count:
        raise DataError(f"column {name!r} has {column.null_count:,} rows without a time.")
    kind = column.type
    if pt.is_integer(kind) or pt.is_floating(kind):
        return column.cast(pa.float64()).to_numpy()
    if not (pt.is_timestamp(kind) or pt.is_date(kind)):
        try:
            column = column.cast(pa.timestamp("us"))
        except pa.ArrowException as error:
            raise DataError(
                f"column {name!r} cannot be read as times: {error}. Give numbers, or times as in "
                "2026-01-31 13:00:00."
            ) from error
    return column.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy().astype(np.float64)


def _without_gaps(
    rows: np.ndarray, moments: np.ndarray, cut: Cut, *, name: str
) -> list[np.ndarray]:
    """Runs of rows without a gap.

    Raises:
        DataError: times are not in order.
    """
    if len(rows) < 2:
        return [rows]
    steps = np.diff(moments)
    if (steps <= 0).any():
        at = int((steps <= 0).argmax())
        again = "is there twice" if steps[at] == 0 else "is not in order"
        raise DataError(
            f"{name}: the time of row {int(rows[at + 1]) + 1:,} {again}. Sort the rows by time; if "
            f"they are of several series, name the column that tells them apart: "
            f"{reading(series=Blank('NAME'))}."
        )
    usual = float(np.median(steps))
    return np.split(rows, np.flatnonzero(steps > cut.gap * usual) + 1)


def _windows(
    runs: list[np.ndarray], groups: list[np.ndarray], cut: Cut, notes: list[str],
    names: Sequence[str], *, name: str,
) -> np.ndarray:  # fmt: skip
    """Rows of each series, `[N, L]`; after the end of a series its last row again.

    Raises:
        DataError: there is one series only, lengths are too different, or no window fits.
    """
    if cut.window is None:
        if cut.series is None:
            raise DataError(
                f"{name} holds one series of {len(groups[0]):,} steps. Cut it into windows with "
                f"{reading(window=Blank('LENGTH'))}, or name the column that tells series apart "
                f"with {reading(series=Blank('NAME'))}.{_if_wide(names)}"
            )
        if len(runs) > len(groups):
            raise DataError(
                f"{len(runs) - len(groups):,} series of {name} have a gap in time. Cut them into "
                f"windows, which no gap crosses, with {reading(window=Blank('LENGTH'))}; or allow "
                f"longer gaps with {reading(gap=Blank('TIMES'))}."
            )
        lengths = np.array([len(rows) for rows in runs])
        require_similar(lengths, name=name)
        places = np.minimum(np.arange(lengths.max()), lengths[:, None] - 1)
        return np.stack([rows[own] for rows, own in zip(runs, places, strict=True)])
    places = [len(rows) - cut.window + 1 for rows in runs]
    total = sum(max(0, one) for one in places)
    if not total:
        longest = max(len(rows) for rows in runs)
        raise DataError(
            f"no window of {cut.window:,} steps fits into {name}: its longest stretch without a "
            f"gap has {longest:,}. Give a smaller window."
        )
    stride = cut.stride
    if stride is None:
        stride = max(1, -(-total // _MOST_WINDOWS))
        notes.append(f"windows begin at every {'step' if stride == 1 else f'{stride} steps'}")
    short = sum(one <= 0 for one in places)
    if short:
        notes.append(f"{short:,} stretches shorter than a window, left out")
    steps = np.arange(cut.window)
    return np.concatenate(
        [
            rows[np.arange(0, many, stride)[:, None] + steps]
            for rows, many in zip(runs, places, strict=True)
            if many > 0
        ]
    )


def require_similar(lengths: np.ndarray, *, name: str) -> None:
    """Series may end early, but not most of them long before the longest.

    Raises:
        DataError: they do.
    """
    usual = int(np.median(lengths))
    if lengths.max() > _LONGER * usual:
        raise DataError(
            f"the series of {name} have {lengths.min():,} to {lengths.max():,} steps, and half of "
            f"them {usual:,} or fewer; the longest may have {_LONGER} times as many. Leave it out, "
            f"or cut all into pieces of one length: {reading(window=Blank('LENGTH'))} where the "
            "data is a table or a folder."
        )
