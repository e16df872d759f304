"""Units as rows of one table: a row of the main table, joined with what hangs below it.

Of each table below there are, for each unit, the number of its rows, the mean, least and largest of
its numbers, shares of its most frequent categories, and one of its rows as it is, the middle one.
That is what units are compared by, drawn and attacked as.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from zerosum.modalities.relational.sides import COUNT, Side
from zerosum.modalities.tables.codecs import CategoryCodec
from zerosum.modalities.tables.fields import Field, FloatField, IntegerField

_SHARES = 3
"""Categories whose shares are taken."""


@dataclass(frozen=True)
class UnitRows:
    """Rows of one table, unit by unit.

    Attributes:
        values: float64 `[N, D]`.
        start: the first row of each unit, and the number of rows; int64 `[U + 1]`.
    """

    values: Tensor
    start: np.ndarray


@dataclass(frozen=True)
class Below:
    """A table of units, as they are flattened.

    Attributes:
        side: the table.
        hops: how far it is from the main table.
        counted: whether units have the number of its rows already.
    """

    side: Side
    hops: int
    counted: bool


def tables_below(main: Side, sides: Sequence[Side], parents: Mapping[str, str]) -> list[Below]:
    """The tables that hang below the main one, near ones first.

    Args:
        main: the main table.
        sides: all that are modelled, parents before children.
        parents: name of the parent's table, by name.
    """
    hops = {main.name: 0}
    found = []
    for side in sides:
        to = parents.get(side.name)
        if to in hops:
            hops[side.name] = hops[to] + 1
            found.append(Below(side, hops[side.name], to == main.name))
    return sorted(found, key=lambda one: one.hops)


def flat_fields(main: Side, below: Sequence[Below]) -> tuple[list[Field], list[int]]:
    """What the columns of flat units are, and how many hops away each is from."""
    fields, hops = list(main.shown), [0] * len(main.shown)
    for i, field in enumerate(fields):
        hops[i] = int(field.name.startswith(COUNT))
    for one in below:
        own = _fields_of(one)
        fields += own
        hops += [one.hops] * len(own)
    return fields, hops


def flatten(main: Side, below: Sequence[Below], rows: Mapping[str, UnitRows]) -> Tensor:
    """Values of flat units, float64 `[U, D]`.

    Args:
        main: the main table, of which each unit has one row.
        below: see `tables_below`.
        rows: of each of the tables.
    """
    parts = [rows[main.name].values[:, main.shown_at].numpy()]
    parts += [_flattened(one, rows[one.side.name]) for one in below]
    return torch.from_numpy(np.concatenate(parts, axis=1))


def _fields_of(one: Below) -> list[Field]:
    name = one.side.name
    found: list[Field] = []
    if not one.counted:
        found.append(IntegerField(name=f"{name}: rows"))
    for field in one.side.shown:
        if field.categories:
            titles = [field.categories[code] for code in _frequent(one.side, field)]
            found += [FloatField(name=f"{name}.{field.name}={title}: share") for title in titles]
        else:
            for what in ("mean", "least", "largest"):
                found.append(FloatField(name=f"{name}.{field.name}: {what}"))
    found += [field.model_copy(update={"name": f"{name}.{field.name}"}) for field in one.side.shown]
    return found


def _frequent(side: Side, field: Field) -> list[int]:
    """The most frequent categories of a column; of two alone the second."""
    if len(field.categories) <= 2:
        return [len(field.categories) - 1]
    codec = next((codec for codec in side.rows.codecs if codec.name == field.name), None)
    if not isinstance(codec, CategoryCodec):
        return []
    times = dict(zip(codec.values, codec.counts, strict=False))
    best = sorted(times, key=lambda code: (-times[code], code))[:_SHARES]
    return [code for code in best if code < len(field.categories)]


def _flattened(one: Below, rows: UnitRows) -> np.ndarray:
    side, count = one.side, np.diff(rows.start)
    some = count > 0
    columns = []
    if not one.counted:
        columns.append(count.astype(float))
    values = rows.values[:, side.shown_at].numpy()
    for i, field in enumerate(side.shown):
        column = values[:, i]
        if field.categories:
            marks = [(column == code).astype(float) for code in _frequent(side, field)]
            columns += [_mean(mark, rows.start, some) for mark in marks]
            continue
        columns.append(_mean(column, rows.start, some))
        for reduce, empty in ((np.minimum, np.inf), (np.maximum, -np.inf)):
            found = _reduced(reduce, np.where(np.isnan(column), empty, column), rows.start, some)
            columns.append(np.where(np.isinf(found), np.nan, found))
    middle = np.where(some, rows.start[:-1] + count // 2, 0)
    picked = np.full((len(count), values.shape[1]), np.nan)
    if len(values):
        picked[some] = values[middle[some]]
    return np.concatenate([np.stack(columns, axis=1), picked], axis=1) if columns else picked


def _mean(column: np.ndarray, start: np.ndarray, some: np.ndarray) -> np.ndarray:
    """The mean of what is known in each unit; NaN where nothing is."""
    known = ~np.isnan(column)
    total = _reduced(np.add, np.where(known, column, 0.0), start, some)
    times = _reduced(np.add, known.astype(float), start, some)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(times > 0, total / times, np.nan)


def _reduced(
    reduce: np.ufunc, column: np.ndarray, start: np.ndarray, some: np.ndarray
) -> np.ndarray:
    found = np.full(len(some), np.nan)
    if some.any():
        found[some] = reduce.reduceat(column, start[:-1][some])
    return found
