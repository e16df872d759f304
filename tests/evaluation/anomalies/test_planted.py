"""Planted anomalies: exact masks, the same for a seed, and what was given stays as it is."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from zerosum import testing
from zerosum.errors import DataError

IMAGES = [testing.scratch, testing.stain, testing.shifted_part, testing.missing_part]
SERIES = [testing.spike, testing.level_shift, testing.flat_line]
ROWS = [testing.extreme_cells, testing.swapped_cells]


def _pixels(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(60, 190, shape).astype(np.uint8)


def _columns() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {
        "a": random.normal(size=30), "n": random.integers(0, 9, 30),
        "k": random.choice(["x", "y"], 30),
    }  # fmt: skip


@pytest.mark.parametrize("plant", IMAGES)
@pytest.mark.parametrize("shape", [(12, 20, 16), (12, 20, 16, 3), (4, 8, 8)])
def test_images(plant: Callable[..., testing.PlantedArrays], shape: tuple[int, ...]) -> None:
    given = _pixels(*shape)
    kept = given.copy()
    made, again, other = (plant(given, seed=seed) for seed in (1, 1, 2))
    changed = made.x != given
    assert np.array_equal(made.mask, changed if len(shape) == 3 else changed.any(-1))
    assert made.mask.any(axis=(1, 2)).all()
    assert made.mask.mean() < 0.5
    assert made.x.dtype == np.uint8
    assert np.array_equal(made.x, again.x)
    assert not np.array_equal(made.x, other.x)
    assert np.array_equal(given, kept)


@pytest.mark.parametrize("plant", SERIES)
def test_series(plant: Callable[..., testing.PlantedArrays]) -> None:
    given = np.random.default_rng(0).normal(size=(10, 24, 3))
    kept = given.copy()
    made, again = (plant(given, seed=1) for _ in range(2))
    assert np.array_equal(made.mask, made.x != given)
    assert (made.mask.any(axis=1).sum(axis=1) == 1).all()  # one channel of each series
    assert np.array_equal(made.x, again.x)
    assert np.array_equal(given, kept)


@pytest.mark.parametrize("plant", ROWS)
def test_rows(plant: Callable[..., testing.PlantedRows]) -> None:
    given = _columns()
    made, again = (plant(given, seed=1) for _ in range(2))
    assert made.mask.any(axis=1).all()
    for i, name in enumerate(given):
        assert np.array_equal(made.mask[:, i], made.columns[name] != given[name])
        assert np.array_equal(made.columns[name], again.columns[name])
        assert made.columns[name].dtype == given[name].dtype
        assert np.array_equal(given[name], _columns()[name])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: testing.scratch(np.zeros((2, 8, 8))), "uint8"),
        (lambda: testing.spike(np.zeros((2, 8))), r"\[N, L, C\]"),
        (lambda: testing.extreme_cells({"k": np.array(["x"])}), "column of numbers"),
        (lambda: testing.inconsistent_cells(_columns(), total="a", parts=("z",)), "no column 'z'"),
        (lambda: testing.inconsistent_cells(_columns(), total="a", parts=("n",)), "not the sum"),
    ],
)
def test_what_they_refuse(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        call()
