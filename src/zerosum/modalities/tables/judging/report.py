"""What a report draws of a table, as its template takes it: columns, pairs, groups and rows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import isnan
from typing import Any

import numpy as np

from zerosum.evaluation.reports.words import number
from zerosum.modalities.tables.judging.sketch import ClusterSketch, ColumnSketch, TableSketch
from zerosum.plots.charts import Cell, bars, heat_map, steps
from zerosum.plots.shapes import Plot

WORST = 10
"""Columns that are shown at once; the others can be unfolded."""

_MOST_NAMED = 32
"""Columns of a heat map at most: those whose pairs are worst."""

_FULL_TREND, _FULL_GAP = 0.2, 0.4
"""How bad a pair must be for the full colour."""


@dataclass(frozen=True)
class HeatMap:
    """A square of pairs of columns, with what it shows."""

    caption: str
    plot: Plot


def table_view(sketch: TableSketch, *, reals: str) -> dict[str, Any]:
    """What `table.html.jinja` is given; `reals` says what samples are held against."""
    return {
        "sketch": sketch,
        "reals": reals,
        "columns": sketch.columns[:WORST],
        "more_columns": sketch.columns[WORST:],
        "column_plot": column_plot,
        "maps": _maps(sketch) if len(sketch.names) > 1 else (),
        "num_mapped": min(len(sketch.names), _MOST_NAMED),
        "clusters": [(one, _group_plot(one, sketch)) for one in sketch.clusters],
    }


def column_plot(one: ColumnSketch) -> Plot:
    """How samples and reals of a column are distributed."""
    titles = [
        f"{name}: {made:.1%} of samples, {real:.1%} of reals"
        for name, made, real in zip(one.labels, one.made, one.real, strict=True)
    ]
    label = f"{one.name}: shape {number(one.score)}"
    if one.ends is not None:
        return steps(one.real, one.made, ends=one.ends, titles=titles, label=label)
    most = max(*one.real, *one.made)
    return bars(one.labels, one.real, one.made, most=most, titles=titles, label=label)


def _group_plot(one: ClusterSketch, sketch: TableSketch) -> Plot:
    """How large a group of rows is among samples and among reals."""
    most = max(max(group.real, group.made) for group in sketch.clusters)
    label = f"{one.made:.1%} of samples, {one.real:.1%} of reals"
    return bars([""], [one.real], [one.made], most=most, titles=[label], label=label)


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
            f"{1 - _FULL_TREND:g}", heat_map(names, list(_cells(shown, trend))),
        ),
        HeatMap(
            "Differences of correlations (of categories: Cramér's V), full colour at "
            f"{_FULL_GAP:g}", heat_map(names, list(_cells(shown, gap))),
        ),
    )  # fmt: skip


def _cells(shown: Sequence[int], look: Callable[[int, int], tuple[float, str]]) -> Iterator[Cell]:
    for (row, i), (column, j) in product(enumerate(shown), repeat=2):
        if row == column:
            continue
        strength, words = look(i, j)
        if isnan(strength):
            yield Cell(row, column, None, "not known")
        else:
            yield Cell(row, column, min(max(strength, 0.03), 1.0), words)


def _worst_named(trends: np.ndarray) -> list[int]:
    """Columns that are shown, in their order."""
    mean = np.nansum(1 - trends, axis=0) / np.maximum((~np.isnan(trends)).sum(axis=0), 1)
    return sorted(np.argsort(-mean, kind="stable")[:_MOST_NAMED].tolist())
