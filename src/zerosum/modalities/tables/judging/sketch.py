"""What a report draws of a table: columns, pairs, groups and some rows, samples beside reals."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from dataclasses import fields as fields_of
from itertools import combinations
from typing import Any

import numpy as np
from torch import Tensor

from zerosum.evaluation.metrics.base import SampleSet
from zerosum.evaluation.reports.words import number
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.judging.constraint_cost import ConstraintCost, constraint_cost
from zerosum.modalities.tables.metrics.clusters import clustering_of
from zerosum.modalities.tables.metrics.column_pairs import columns_of, pair_of
from zerosum.modalities.tables.metrics.shapes import column_shape
from zerosum.modalities.tables.space import TableSpace

MISSING = "–"
"""How a cell is written in which nothing is."""

_MOST_BARS, _MOST_BINS = 10, 24
_SPIKE = 0.3
"""Share of a column above which a single number is shown apart from the others."""

_TAILS, _ROWS_BEYOND, _ROWS_WITH_TAILS = (1e-4, 1e-3, 1e-2), 10, 1_000
"""Shares of reals that lie in a tail, of which the first is taken that has so many rows."""

SHOWN_ROWS = 8
_MOST_CLUSTERED = 10_000
_NUM_TRAITS = 3


@dataclass(frozen=True)
class ColumnSketch:
    """How one column is distributed.

    Attributes:
        name: of the column.
        score: its shape, see `column_shape`.
        labels: of each bar or step.
        real: share of the reals in each bar or step.
        made: share of the samples in it.
        ends: where a line of numbers begins and ends, whose steps they are; None for bars.
        notes: what is not drawn, such as what is missing.
    """

    name: str
    score: float
    labels: tuple[str, ...]
    real: tuple[float, ...]
    made: tuple[float, ...]
    ends: tuple[str, str] | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ClusterSketch:
    """A group of reals, and the samples that belong to it.

    Attributes:
        real: its share of the reals.
        made: its share of the samples.
        traits: in what its reals differ most from all reals.
    """

    real: float
    made: float
    traits: tuple[str, ...]


@dataclass(frozen=True)
class Lookalike:
    """Cells of a sample, of the training row nearest to it, and how far these are in features."""

    sample: tuple[str, ...]
    nearest: tuple[str, ...]
    distance: float


@dataclass(frozen=True, eq=False)
class TableSketch:
    """Everything that is drawn.

    Attributes:
        names: of the columns.
        columns: the worst first.
        trends: how alike pairs hang together, `[D, D]`; NaN if not known.
        real: correlation or association of pairs among reals, `[D, D]`.
        made: the same among samples.
        clusters: the largest first.
        samples: cells of some samples.
        reals: cells of as many reals.
        lookalikes: samples closest to training rows.
        cost: what constraints cost; None without constraints.
    """

    names: tuple[str, ...]
    columns: tuple[ColumnSketch, ...]
    trends: np.ndarray
    real: np.ndarray
    made: np.ndarray
    clusters: tuple[ClusterSketch, ...]
    samples: tuple[tuple[str, ...], ...]
    reals: tuple[tuple[str, ...], ...]
    lookalikes: tuple[Lookalike, ...] = ()
    cost: ConstraintCost | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, from which `read` makes an equal sketch."""
        matrices = {name: getattr(self, name).tolist() for name in _MATRICES}
        plain = {
            field.name: _plain(getattr(self, field.name))
            for field in fields_of(self)
            if field.name not in _MATRICES
        }
        return plain | matrices

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> "TableSketch":
        """What `to_json` described."""
        return cls(
            names=tuple(data["names"]),
            columns=tuple(_column_of(one) for one in data["columns"]),
            clusters=tuple(
                ClusterSketch(one["real"], one["made"], tuple(one["traits"]))
                for one in data["clusters"]
            ),
            lookalikes=tuple(
                Lookalike(tuple(one["sample"]), tuple(one["nearest"]), one["distance"])
                for one in data["lookalikes"]
            ),
            cost=None if data["cost"] is None else ConstraintCost.read(data["cost"]),
            samples=tuple(map(tuple, data["samples"])),
            reals=tuple(map(tuple, data["reals"])),
            trends=np.array(data["trends"], float),
            real=np.array(data["real"], float),
            made=np.array(data["made"], float),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TableSketch) and str(self.to_json()) == str(other.to_json())

    def __hash__(self) -> int:
        return hash(self.names)


_MATRICES = ("trends", "real", "made")


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _column_of(data: Mapping[str, Any]) -> ColumnSketch:
    return ColumnSketch(
        name=data["name"],
        score=data["score"],
        labels=tuple(data["labels"]), real=tuple(data["real"]), made=tuple(data["made"]),
        ends=None if data["ends"] is None else (data["ends"][0], data["ends"][1]),
        notes=tuple(data["notes"]),
    )  # fmt: skip


def sketch_table(
    space: TableSpace,
    samples: SampleSet,
    reals: SampleSet,
    *,
    lookalikes: Sequence[tuple[Tensor, Tensor, float]] = (),
    as_made: Tensor | None = None,
    shown: int = SHOWN_ROWS,
    seed: int = 0,
) -> TableSketch:
    """Summarise samples and reals for a report.

    Args:
        space: what the rows are.
        samples: of the model, N rows, values `[N, D]`.
        reals: M rows to compare them with, values `[M, D]`.
        lookalikes: samples, the training rows nearest to them, and how far these are.
        as_made: rows of the model, `[N, D]`, before any was moved to obey a constraint.
        shown: how many reals the report shows.
        seed: of the clusters.
    """
    made, real, fields = samples.x.numpy(), reals.x.numpy(), space.modelled
    columns = [_column(field, real[:, i], made[:, i]) for i, field in enumerate(fields)]
    trends, theirs, ours = _pairs(real, made, fields)
    return TableSketch(
        names=space.names,
        columns=tuple(sorted(columns, key=lambda one: np.nan_to_num(one.score, nan=-1.0))),
        trends=trends,
        real=theirs,
        made=ours,
        clusters=_clusters(space, samples, reals, seed) if len(real) > 1 else (),
        samples=cells(made[:SHOWN_ROWS], fields),
        reals=cells(real[:shown], fields),
        lookalikes=tuple(_lookalike(*one, fields) for one in lookalikes),
        cost=None if as_made is None else _cost(space, as_made, reals.x),
    )


def _cost(space: TableSpace, as_made: Tensor, reals: Tensor) -> ConstraintCost:
    fields = {field.name: field for field in space.fields}
    rows = space.columns(as_made), space.columns(reals)
    return constraint_cost(space.constraints, *rows, fields)


def _lookalike(
    sample: Tensor, nearest: Tensor, distance: float, fields: Sequence[Field]
) -> Lookalike:
    first, second = cells(np.stack([sample.numpy(), nearest.numpy()]), fields)
    return Lookalike(first, second, distance)


def cells(values: np.ndarray, fields: Sequence[Field]) -> tuple[tuple[str, ...], ...]:
    """Values `[N, D]` as the user would read them, N rows of D texts."""
    columns = [texts(field, values[:, i]) for i, field in enumerate(fields)]
    return tuple(zip(*columns, strict=True))


def texts(field: Field, values: np.ndarray) -> list[str]:
    """Values `[N]` of one column as the user would read them."""
    return [_text(value) for value in field.to_arrow(values).to_pylist()]


def _text(value: Any) -> str:
    if value is None:
        return MISSING
    if isinstance(value, float):
        return f"{value:,.10g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _column(field: Field, real: np.ndarray, made: np.ndarray) -> ColumnSketch:
    notes = _told("missing", np.isnan(real), np.isnan(made))
    score = column_shape(real, made, categorical=bool(field.categories))
    known = real[~np.isnan(real)]
    distinct, times = np.unique(known, return_counts=True)
    if field.categories or len(distinct) <= _MOST_BARS:
        order = np.sort(np.argsort(-times, kind="stable")[:_MOST_BARS])
        kept = distinct[order]
        labels = texts(field, kept)
        shares = [[float((side == value).mean()) for value in kept] for side in (real, made)]
        others = [float((~np.isnan(side) & ~np.isin(side, kept)).mean()) for side in (real, made)]
        if any(others):
            labels.append("all others")
            shares = [[*side, other] for side, other in zip(shares, others, strict=True)]
        return ColumnSketch(
            field.name, score, tuple(labels), tuple(shares[0]), tuple(shares[1]), None, notes
        )
    notes += _tails(field, known, made[~np.isnan(made)])
    spikes = distinct[times > _SPIKE * len(real)]
    for spike in spikes:
        notes += _told(texts(field, np.array([spike]))[0], real == spike, made == spike)
    rest = known[~np.isin(known, spikes)]
    edges = _edges(rest, field.decimals)
    shares = [_shares(side[~np.isin(side, spikes)], edges, len(side)) for side in (real, made)]
    lows = texts(field, edges[:-1])
    highs = texts(field, edges[1:] - (0.0 if field.decimals is None else 10.0**-field.decimals))
    labels = tuple(a if a == b else f"{a} to {b}" for a, b in zip(lows, highs, strict=True))
    return ColumnSketch(
        field.name, score, labels, shares[0], shares[1], (lows[0], highs[-1]), notes
    )


def _told(what: str, real: np.ndarray, made: np.ndarray) -> tuple[str, ...]:
    """A note on a value that is not drawn, where it occurs at all."""
    if not real.any() and not made.any():
        return ()
    return (f"{what}: {made.mean():.1%} of samples, {real.mean():.1%} of reals",)


def _tails(field: Field, real: np.ndarray, made: np.ndarray) -> tuple[str, ...]:
    """Notes on how many samples lie beyond all but few reals, at both ends."""
    if len(real) < _ROWS_WITH_TAILS or not len(made):
        return ()
    share = next(one for one in _TAILS if one * len(real) >= _ROWS_BEYOND)
    low, high = np.quantile(real, [share, 1 - share], method="nearest")
    ends = texts(field, np.array([low, high]))
    return tuple(
        f"{way} {end}: {beyond(made):.2%} of samples, {beyond(real):.2%} of reals"
        for way, end, beyond in (
            ("below", ends[0], lambda side: (side < low).mean()),
            ("above", ends[1], lambda side: (side > high).mean()),
        )
        if beyond(made) or beyond(real)
    )


def _edges(known: np.ndarray, decimals: int | None) -> np.ndarray:
    """Borders of at most 24 steps of equal width over all but the outermost of the numbers."""
    low, high = np.quantile(known, [0.005, 0.995])
    if low == high:
        low, high = known.min(), known.max()
    if decimals is None:
        return np.linspace(low, high, _MOST_BINS + 1)
    unit = 10.0**-decimals  # steps that hold equally many of the values that can be
    width = max(1, np.ceil((high - low + unit) / unit / _MOST_BINS)) * unit
    count = int(np.ceil((high - low + unit) / width - 1e-9))
    return low + width * np.arange(count + 1)


def _shares(values: np.ndarray, edges: np.ndarray, of: int) -> tuple[float, ...]:
    """Share of `of` rows in each step; what lies beyond is in the outermost."""
    at = np.searchsorted(edges, values[~np.isnan(values)] + 1e-9, side="right") - 1
    counts = np.bincount(at.clip(0, len(edges) - 2), minlength=len(edges) - 1)
    return tuple((counts / of).tolist())


def _pairs(
    real: np.ndarray, made: np.ndarray, fields: Sequence[Field]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    columns = columns_of(real, made, fields)
    trends, theirs, ours = (np.full((len(fields), len(fields)), np.nan) for _ in range(3))
    weights = np.ones((1, len(made)))
    for i, j in combinations(range(len(fields)), 2):
        pair = pair_of(columns[i], columns[j], weights)
        trends[i, j] = trends[j, i] = pair.trend[0]
        theirs[i, j] = theirs[j, i] = pair.real
        ours[i, j] = ours[j, i] = pair.synthetic[0]
    return trends, theirs, ours


def _clusters(
    space: TableSpace, samples: SampleSet, reals: SampleSet, seed: int
) -> tuple[ClusterSketch, ...]:
    """The groups of reals, as `Clusters` finds them."""
    features = reals.features[:_MOST_CLUSTERED]
    clusters = clustering_of(features, seed=seed)
    theirs, ours = clusters.labels(features), clusters.labels(samples.features)
    values = reals.x[:_MOST_CLUSTERED].numpy()
    found = [
        ClusterSketch(
            float((theirs == k).mean()),
            float((ours == k).mean()),
            _traits(space.modelled, values, theirs == k),
        )
        for k in range(len(clusters.centres))
    ]
    return tuple(sorted(found, key=lambda one: -one.real))


def _traits(fields: Sequence[Field], values: np.ndarray, mine: np.ndarray) -> tuple[str, ...]:
    """In what some of the rows `[N, D]` differ most from all: three sentences at most."""
    if not mine.any():
        return ()
    found: list[tuple[float, str]] = []
    for i, field in enumerate(fields):
        column = values[:, i]
        known = ~np.isnan(column)
        if not known.any() or not known[mine].any():
            continue
        if field.categories:
            size = len(field.categories) + 1
            every, here = (
                np.bincount(column[rows].astype(int), minlength=size) / rows.sum()
                for rows in (known, known & mine)
            )
            most = int(np.argmax(here - every))
            spread = np.sqrt(max(every[most] * (1 - every[most]), 1e-12))
            name = texts(field, np.array([float(most)]))[0] if most < size - 1 else "unknown"
            words = f"{field.name} {name}: {here[most]:.0%}, of all {every[most]:.0%}"
            found.append(((here[most] - every[most]) / spread, words))
            continue
        everywhere, here = column[known], column[known & mine]
        gap = abs(here.mean() - everywhere.mean()) / max(float(everywhere.std()), 1e-12)
        both = np.array([np.median(here), np.median(everywhere)])
        medians = [
            number(value) if isinstance(value, float) else _text(value)
            for value in field.to_arrow(both).to_pylist()
        ]
        found.append((gap, f"{field.name}: median {medians[0]}, of all {medians[1]}"))
    return tuple(words for _, words in sorted(found, key=lambda one: -one[0])[:_NUM_TRAITS])
