"""Wide tables: a row for each series, and a column for each channel at each step."""

import re
from collections.abc import Sequence
from dataclasses import fields

import numpy as np
import pyarrow as pa

from zerosum.errors import DataError
from zerosum.modalities.series.reading.windows import Cut, Windows

_STEP = re.compile(r"(.+)@([0-9]+)")


def is_wide(names: Sequence[str]) -> bool:
    """Whether columns are called as channels at steps, such as `price@0` and `price@1`.

    >>> is_wide(["price@0", "price@1", "label"]), is_wide(["price", "at@home"])
    (True, False)
    """
    steps = [found.group(2) for name in names if (found := _STEP.fullmatch(name))]
    return {"0", "1"} <= set(steps)


def cut_wide(table: pa.Table, cut: Cut, *, name: str) -> Windows:
    """Series from a wide table.

    Columns that are no steps are the label, if it is named or called `label`, and attributes.

    Raises:
        DataError: a channel lacks a step, a step holds no numbers, or something is asked for that
            wide tables do not have.
    """
    plain = Cut()
    for one in fields(Cut):
        if one.name not in ("label", "static", "channels") and (
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
