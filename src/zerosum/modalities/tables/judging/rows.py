"""Rows of a table as measures see them: values, weights of resampled rows, inputs of trees."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from torch import Tensor

from zerosum.evaluation.metrics.base import Metric, MetricContext, MetricValue, SampleSet
from zerosum.modalities.tables.calendars import (
    days_and_rest,
    is_moment,
    is_time_of_day,
    time_parts,
)
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.space import TableSpace
from zerosum.spaces import Space

_MOST_CATEGORIES = 254
"""Categories that trees distinguish; the least frequent ones beyond these count as one."""

_MOST_MOMENTS = 5

NUM_TREES = 100
"""Boosted trees of a fit; of a classifier as many for each class."""


class RowMeasure(Metric):
    """A metric that asks what the columns of a table are, and so suits rows of tables alone."""

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Rows of tables."""
        return isinstance(space, TableSpace)


def drawn_again(context: MetricContext, n: int, purpose: str) -> np.ndarray:
    """How often each of `n` rows counts: once at first, then as often as it was drawn again.

    float64 `[1 + replicates, n]`.
    """
    counts = [np.bincount(rows.numpy(), minlength=n) for rows in context.resamples(n, purpose)]
    return np.stack([np.ones(n), *counts]).astype(float)


def values_of(exhibit: SampleSet) -> np.ndarray:
    """Values of rows, float64 `[N, D]`."""
    return exhibit.x.numpy()


def fields_of(context: MetricContext) -> tuple[Field, ...]:
    """What the columns of the values are."""
    assert isinstance(context.space, TableSpace)
    return context.space.modelled


def mean_of_known(each: np.ndarray) -> np.ndarray:
    """The mean over the first axis of what is not NaN; NaN where nothing is."""
    known = ~np.isnan(each)
    count = known.sum(axis=0)
    return np.where(count, np.where(known, each, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)


def reading_of(replicates: np.ndarray) -> MetricValue:
    """A reading of numbers `[1 + R]`, of which the first is the value."""
    value, *others = replicates.tolist()
    return MetricValue(value, tuple(others))


def tree_inputs(values: np.ndarray, fields: Sequence[Field]) -> tuple[np.ndarray, np.ndarray]:
    """Values `[N, D]` for trees, and which columns hold categories, bool `[D]`.

    Categories are numbered by how frequent they are, so that trees can hold them.
    """
    inputs = values.copy()
    categorical = np.array([bool(field.categories) for field in fields])
    for i in np.flatnonzero(categorical):
        known = ~np.isnan(values[:, i])
        _, codes, times = np.unique(values[known, i], return_inverse=True, return_counts=True)
        rank = np.argsort(np.argsort(-times, kind="stable"))
        inputs[known, i] = np.minimum(rank[codes], _MOST_CATEGORIES - 1)
    return inputs, categorical


def moment_inputs(values: np.ndarray, fields: Sequence[Field]) -> np.ndarray:
    """What trees could hardly find in moments by themselves, `[N, P]`.

    That is the weekday, the day of the month (the last is always 31), the hour, the minute, and the
    days between two moments, of the first five of these.
    """
    found, moments = [], []
    for i, field in enumerate(fields):
        if is_moment(field) or is_time_of_day(field):
            found += time_parts(field, values[:, i])
        if is_moment(field):
            moments.append(days_and_rest(field, values[:, i])[0])
    found += [b - a for a, b in combinations(moments[:_MOST_MOMENTS], 2)]
    return np.stack(found, axis=1) if found else np.empty((len(values), 0))


def judge_inputs(space: Space, values: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """All that a judge sees of values `[N, D]`: `[N, K]`, and what holds categories `[K]`."""
    assert isinstance(space, TableSpace)
    return all_inputs(values.numpy(), space.modelled)


def all_inputs(values: np.ndarray, fields: Sequence[Field]) -> tuple[np.ndarray, np.ndarray]:
    """Values `[N, D]` for trees and what is in moments, `[N, K]`; what holds categories `[K]`."""
    inputs, categorical = tree_inputs(values, fields)
    moments = moment_inputs(values, fields)
    more = np.zeros(moments.shape[1], bool)
    return np.concatenate([inputs, moments], axis=1), np.append(categorical, more)


def tree_options(categorical: np.ndarray, seed: int) -> dict[str, Any]:
    """How trees are grown, for scikit-learn: as it does by default, but never stopped early."""
    return {
        "max_iter": NUM_TREES,
        "categorical_features": categorical,
        "early_stopping": False,
        "random_state": seed % 2**32,
    }


def auc(odds: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The area under the ROC curve, `[R]`; ½ where one of the sides is empty.

    The chance that a row that is positive has larger odds than one that is not; ties count half.

    Args:
        odds: `[N]`.
        positive: bool `[N]`.
        weights: how often each row counts, `[R, N]`.

    >>> auc(np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, False, True, True]), np.ones((1, 4)))
    array([0.875])
    """
    _, step = np.unique(odds, return_inverse=True)
    size = 1 + step.max(initial=0)
    found = []
    for each in weights:
        up = np.bincount(step[positive], each[positive], minlength=size)
        down = np.bincount(step[~positive], each[~positive], minlength=size)
        pairs = up.sum() * down.sum()
        below = np.cumsum(down) - down / 2
        found.append((up * below).sum() / pairs if pairs else 0.5)
    return np.array(found)
