"""What is looked at in tables of reviews: conditional means, correlations, groups of customers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from zerosum.data.base import Dataset
from zerosum.modalities.tables.reading.frames import from_native, to_table
from zerosum.modalities.tables.reviews import FEATURES, SEGMENTS, ReviewsConfig, simulate
from zerosum.modalities.tables.reviews_truth import truth
from zerosum.modalities.tables.space import TableSpace

Rows = dict[str, np.ndarray]
"""Columns of a table: float64 with NaN for what is missing, or objects with None."""

_FRESH = 20_000


@dataclass(frozen=True)
class Mean:
    """The mean of a column over the rows in which other columns have these values."""

    column: str
    given: dict[str, Any]

    @property
    def name(self) -> str:
        """As it is printed."""
        told = (f"{n} {v}" if isinstance(v, int) else str(v) for n, v in self.given.items())
        return f"mean {self.column}: {', '.join(told)}"

    def of(self, rows: Rows) -> float:
        """In these rows; NaN where there are none of them."""
        chosen = np.all([rows[name] == value for name, value in self.given.items()], axis=0)
        known = rows[self.column][chosen & ~np.isnan(rows[self.column])]
        return float(known.mean()) if len(known) else np.nan

    def true(self) -> float:
        """In the simulated reviews, exactly."""
        return truth().mean(self.column, given=self.given)


@dataclass(frozen=True)
class Correlation:
    """Pearson's correlation of two columns."""

    a: str
    b: str

    @property
    def name(self) -> str:
        """As it is printed."""
        return f"correlation of {self.a} and {self.b}"

    def of(self, rows: Rows) -> float:
        """In these rows, where both are known."""
        both = np.stack([rows[self.a], rows[self.b]])
        return float(np.corrcoef(both[:, ~np.isnan(both).any(axis=0)])[0, 1])

    def true(self) -> float:
        """In the simulated reviews, exactly."""
        return truth().correlation(self.a, self.b)


def rows_of(data: Any) -> Rows:
    """Columns of a frame, or of a data set of rows; with the number of praised features."""
    if isinstance(data, Dataset):
        assert isinstance(data.space, TableSpace)
        values, _ = data.take(torch.arange(len(data)))
        table = to_table(values, data.space)
    else:
        table, _, _ = from_native(data)
    rows = {name: _plain(table[name]) for name in table.column_names}
    if set(FEATURES) <= rows.keys():
        rows["num_features"] = np.sum([rows[name] for name in FEATURES], axis=0)
    return rows


def fresh_reviews() -> Rows:
    """Simulated reviews that nothing was trained on, with the segment of each."""
    rows = rows_of(ReviewsConfig(num_rows=_FRESH, seed=2).build())
    return rows | {"segment": simulate(_FRESH, seed=2)[1]}


def agreement_with_preference(rows: Rows) -> float:
    """Whether customers who praise the same features prefer the same: an adjusted Rand index."""
    groups = _grouped(_features(rows)).predict(_features(rows))
    known = np.array([name is not None for name in rows["customer_preference"]])
    return float(adjusted_rand_score(rows["customer_preference"][known], groups[known]))


def agreement_with_segments(rows: Rows) -> float:
    """Whether groups of these rows sort fresh customers into their segments, which no table holds.

    Groups by preference and features are put over simulated reviews, and held against the segments
    of these: 1 is perfect, 0 is chance.
    """
    fresh = fresh_reviews()
    groups = _grouped(_marks(rows)).predict(_marks(fresh))
    return float(adjusted_rand_score(fresh["segment"], groups))


def _grouped(x: np.ndarray) -> KMeans:
    tries: Any = 10
    return KMeans(len(SEGMENTS), n_init=tries, random_state=0).fit(x)


def _features(rows: Rows) -> np.ndarray:
    """Praised features as zeros and ones, `[N, 4]`."""
    return np.stack([rows[name] for name in FEATURES], axis=1)


def _marks(rows: Rows) -> np.ndarray:
    """Features and preference as zeros and ones, `[N, 8]`."""
    stated = [rows["customer_preference"] == name for name in SEGMENTS]
    return np.column_stack([_features(rows), *stated]).astype(float)


def _plain(column: pa.ChunkedArray) -> np.ndarray:
    if pa.types.is_boolean(column.type):
        column = column.cast("int8")
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return np.asarray(column.cast("double").to_numpy(), float)
    return np.array(column.to_pylist(), object)
