"""Shapes of columns and trends of pairs: against sdmetrics, scipy and cases known by hand."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import ks_2samp, pearsonr
from scipy.stats.contingency import association, crosstab

from zerosum.modalities.tables.metrics.column_pairs import Column, pair_of, pair_trend
from zerosum.modalities.tables.metrics.shapes import column_shape, shapes_of

CATEGORICAL = (False, False, True, True)


def table(rows: int, a: int, b: int) -> np.ndarray:
    """Two numbers, a category of three, a boolean; with gaps."""
    i = np.arange(rows)
    x = (i * a % 17).astype(float)
    y = x * 2 + i * b % 5
    y[i % 7 == 3] = np.nan
    c = (x > 8) + (i % b == 0).astype(float)
    c[i % 11 == 5] = np.nan
    return np.stack([x, y, c, (i % 3 == 0).astype(float)], axis=1)


REAL, SYNTHETIC = table(40, 5, 3), table(30, 7, 4)


def test_shapes_are_those_of_sdmetrics() -> None:
    # QualityReport of sdmetrics 0.32.0 on these two tables.
    known = [0.9583333333333334, 0.8846153846153846, 0.9537037037037037, 0.9833333333333334]
    found = [
        column_shape(REAL[:, i], SYNTHETIC[:, i], categorical=categorical)
        for i, categorical in enumerate(CATEGORICAL)
    ]
    assert found == pytest.approx(known, abs=1e-9)


def test_trends_are_those_of_sdmetrics() -> None:
    # The same report with both thresholds 0; with those it has itself, the third is left out.
    known = [0.9988088884723836, 0.625, 0.7666666666666667, 0.425, 0.65, 0.7166666666666667]
    columns = [
        Column.of(REAL[:, i], SYNTHETIC[:, i], categorical=categorical)
        for i, categorical in enumerate(CATEGORICAL)
    ]
    pairs = [pair_of(a, b, np.ones((1, 30))) for a, b in combinations(columns, 2)]
    assert [float(pair.trend[0]) for pair in pairs] == pytest.approx(known, abs=1e-12)
    assert [pair.associated for pair in pairs] == [True, True, False, True, True, True]
    associated = np.mean([pair.trend[0] for pair in pairs if pair.associated])
    assert associated == pytest.approx(0.6830951110278101, abs=1e-12)


def test_a_shape_is_the_complement_of_scipys_statistic() -> None:
    rng = np.random.default_rng(0)
    real, made = rng.normal(size=300).round(1), rng.normal(0.3, 1.2, 200).round(1)
    shape = column_shape(real, made, categorical=False)
    assert shape == pytest.approx(1 - np.array(ks_2samp(real, made))[0])


def test_weights_count_rows_more_than_once() -> None:
    rng = np.random.default_rng(0)
    real, made = rng.normal(size=300).round(1), rng.normal(0.3, 1.2, 50).round(1)
    made[::9] = np.nan
    rows = rng.integers(50, size=50)
    weights = np.bincount(rows, minlength=50)[None].astype(float)
    for categorical in (False, True):
        weighted = shapes_of(real, made, weights, categorical)[0]
        again = column_shape(real, made[rows], categorical=categorical)
        assert weighted == pytest.approx(again)


def test_correlation_and_association_are_scipys() -> None:
    rng = np.random.default_rng(1)
    a = rng.normal(size=400)
    b = a + rng.normal(size=400)
    b[::7] = np.nan
    first, second = (Column.of(x, x, categorical=False) for x in (a, b))
    known = ~np.isnan(b)
    pair = pair_of(first, second, np.ones((1, 400)))
    assert pair.real == pytest.approx(np.array(pearsonr(a[known], b[known]))[0])
    assert pair.trend[0] == pytest.approx(1)
    c, d = (a > 0).astype(float), (b > 1) + (a > 1).astype(float)
    first, second = (Column.of(x, x, categorical=True) for x in (c, d))
    counts = crosstab(c, d).count
    assert pair_of(first, second, np.ones((1, 400))).real == pytest.approx(
        association(counts, method="cramer")
    )


def test_many_categories_are_counted_without_a_table_of_all() -> None:
    rng = np.random.default_rng(2)
    a, b = (rng.integers(5_000, size=3_000).astype(float) for _ in range(2))
    assert pair_trend(a, b, a, b, categorical=(True, True)) == pytest.approx(1)
    assert pair_trend(a, b, a, b[::-1], categorical=(True, True)) < 0.1


def test_what_cannot_be_told_is_no_number() -> None:
    gone, same, some = np.full(5, np.nan), np.ones(5), np.arange(5.0)
    assert np.isnan(column_shape(some, gone, categorical=False))
    assert np.isnan(column_shape(gone, some, categorical=True))
    assert np.isnan(pair_trend(same, some, some, some, categorical=(False, False)))
    assert pair_trend(same, some, same, some, categorical=(True, False)) == 1
