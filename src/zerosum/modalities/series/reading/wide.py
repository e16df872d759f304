"""Wide tables: a row for each series, and a column for each channel at each step."""

import re
from collections.abc import Sequence
from dataclasses import fields
from posixpath import commonprefix

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from zerosum.errors import DataError
from zerosum.faces import reading
from zerosum.modalities.series.reading.windows import Cut, Windows, cut_rows

_STEP = re.compile(r"(.+)@([0-9]+)")


def is_wide(names: Sequence[str]) -> bool:
    """Whether columns are called as channels at steps, such as `price@0` and `price@1`.

    >>> is_wide(["price@0", "price@1", "label"]), is_wide(["price", "at@home"])
    (True, False)
    """
    steps = [found.group(2) for name in names if (found := _STEP.fullmatch(name))]
    return {"0", "1"} <= set(steps)


def cut_table(table: pa.Table, cut: Cut, *, name: str) -> Windows:
    """Series from a table with a row for each step, or for each series.

    Raises:
        DataError: it cannot be cut so; see `cut_rows` and `cut_wide`.
    """
    if is_wide(table.column_names):
        return cut_wide(table, cut, name=name)
    if cut.rows == "series":
        return cut_wide(_numbered(table, cut, name=name), cut, name=name)
    return cut_rows(table, cut, name=name)


def _numbered(table: pa.Table, cut: Cut, *, name: str) -> pa.Table:
    """A table of one channel whose columns of numbers, in their order, are called as its steps.

    Raises:
        DataError: it has fewer than two.
    """
    named = {cut.label or "label", *cut.static}
    steps = [
        field.name for field in table.schema
        if field.name not in named and (
            pt.is_integer(field.type) or pt.is_floating(field.type) or pt.is_decimal(field.type)
            or pt.is_null(field.type)
        )
    ]  # fmt: skip
    if len(steps) < 2:
        raise DataError(
            f"{name} has {len(steps)} column{'s' if len(steps) != 1 else ''} of numbers, and with "
            f"{reading(rows='series')} each of them is a step."
        )
    channel = commonprefix(steps).rstrip("0123456789_-. ") or "value"
    new = {column: f"{channel}@{step}" for step, column in enumerate(steps)}
    return table.rename_columns([new.get(column, column) for column in table.column_names])


def cut_wide(table: pa.Table, cut: Cut, *, name: str) -> Windows:
    """Series from a wide table.

    Columns that are no steps are the label, if it is named or called `label`, and attributes.

    Raises:
        DataError: a channel lacks a step, a step holds no numbers, or something is asked for that
            wide tables do not have.
    """
    plain = Cut()
    for one in fields(Cut):
        if one.name not in ("label", "static", "channels", "rows") and (
            getattr(cut, one.name) != getattr(plain, one.name)
        ):
            raise DataError(
                f"{one.name} is about rows that are steps, and {name} has a row for each series. "
                "Leave it out."
            )
    places: dict[str, dict[int, str]] = {}
    for column in table.column_names:
        if found := _STEP.fullmatch(column):
            places.setdefault(found.group(1), {})[int(found.group(2))] = column
    names = cut.channels or tuple(places)
    for one in names:
        if one not in places:
            raise DataError(f"channels names {one!r}; {name} has {', '.join(places)}.")
    length = max(max(own) for own in places.values()) + 1
    x = np.empty((table.num_rows, length, len(names)))
    for at, one in enumerate(names):
        for step in range(length):
            if step not in places[one]:
                raise DataError(
                    f"{name} has no column {one}@{step}, and others go to {length - 1}."
                )
            column = table[places[one][step]]
            try:
                x[:, step, at] = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
            except (pa.ArrowException, ValueError) as error:
                raise DataError(f"column {one}@{step} of {name} holds {column.type}.") from error
    rest = [column for column in table.column_names if not _STEP.fullmatch(column)]
    label = cut.label or ("label" if "label" in rest else None)
    for one in (*cut.static, *([label] if label else [])):
        if one not in rest:
            raise DataError(f"{name} has no column {one!r} beside steps; it has {rest}.")
    static = [one for one in (cut.static or rest) if one != label]
    notes = []
    if static and not cut.static:
        notes.append(f"{', '.join(static)}: of no step, so taken for what a series has once")
    y = None if label is None else np.array([str(one) for one in table[label].to_pylist()], np.str_)
    return Windows(x, y, names, notes, table.select(static) if static else None)
