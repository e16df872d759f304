"""What a report draws of a table, as its template takes it: columns, pairs, groups and rows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import isnan
from typing import Any

import numpy as np

from zerosum.evaluation.reports.words import number
from zerosum.modalities.tables.judging.sketch import TableSketch

WORST = 10
"""Columns that are shown at once; the others can be unfolded."""

_MOST_NAMED = 32
"""Columns of a heat map at most: those whose pairs are worst."""

_FULL_TREND, _FULL_GAP = 0.2, 0.4
"""How bad a pair must be for the full colour."""


@dataclass(frozen=True)
class Cell:
    """A pair of columns on a heat map.

    Attributes:
        row: index of the one column.
        column: index of the other.
        strength: of the colour, 0 to 1; None if it is not known.
        words: what it stands for.
    """

    row: int
    column: int
    strength: float | None
    words: str


@dataclass(frozen=True)
class HeatMap:
    """A square of pairs of columns."""

    caption: str
    names: tuple[str, ...]
    cells: tuple[Cell, ...]


def table_view(sketch: TableSketch, *, reals: str) -> dict[str, Any]:
    """What `table.html.jinja` is given; `reals` says what samples are held against."""
    return {
        "sketch": sketch,
        "reals": reals,
        "columns": sketch.columns[:WORST],
        "more_columns": sketch.columns[WORST:],
        "maps": _maps(sketch) if len(sketch.names) > 1 else (),
        "largest": max((max(one.real, one.made) for one in sketch.clusters), default=0.0),
    }


def _maps(sketch: TableSketch) -> tuple[HeatMap, HeatMap]:
    """Pair trends, and differences of correlations, of the columns whose pairs are worst."""
    shown = _worst_named(sketch.trends)
    names = tuple(sketch.names[i] for i in shown)

    def trend(i: int, j: int) -> tuple[float, str]:
        value = float(sketch.trends[i, j])
        return (1 - value) / _FULL_TREND, f"alike to {number(value)}"

    def gap(i: int, j: int) -> tuple[float, str]:
        made, real = float(sketch.made[i, j]), float(sketch.real[i, j])
        words = f"{number(made)} among samples, {number(real)} among reals"
        return abs(made - real) / _FULL_GAP, words

    return (
        HeatMap(
            "Pair trends: how alike contingency tables or correlations are, full colour at "
            f"{1 - _FULL_TREND:g}", names, tuple(_cells(shown, trend)),
        ),
        HeatMap(
            "Differences of correlations (of categories: Cramér's V), full colour at "
            f"{_FULL_GAP:g}", names, tuple(_cells(shown, gap)),
        ),
    )  # fmt: skip


def _cells(shown: Sequence[int], told: Callable[[int, int], tuple[float, str]]) -> Iterator[Cell]:
    for (row, i), (column, j) in product(enumerate(shown), repeat=2):
        if row == column:
            continue
        strength, words = told(i, j)
        if isnan(strength):
            yield Cell(row, column, None, "not known")
        else:
            yield Cell(row, column, min(max(strength, 0.03), 1.0), words)


def _worst_named(trends: np.ndarray) -> list[int]:
    """Columns that are shown, in their order."""
    mean = np.nansum(1 - trends, axis=0) / np.maximum((~np.isnan(trends)).sum(axis=0), 1)
    return sorted(np.argsort(-mean, kind="stable")[:_MOST_NAMED].tolist())
