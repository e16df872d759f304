"""What constraints cost in the shape of columns."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp

from zerosum.evaluation.constraint_cost import column_distance, constraint_cost
from zerosum.tables.constraint_bounds import Range
from zerosum.tables.constraint_inequality import Inequality
from zerosum.tables.constraints import Values, settle
from zerosum.tables.fields import Field, FloatField

FIELDS: dict[str, Field] = {name: FloatField(name=name, places=1) for name in ("a", "b", "c")}


def test_the_distance_of_numbers_is_that_of_kolmogorov_and_smirnov() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=300).round(1), rng.normal(0.4, 2, size=500).round(1)
    found = column_distance(torch.from_numpy(a), torch.from_numpy(b), categorical=False)
    reference: Any = ks_2samp(a, b)
    assert found == pytest.approx(reference.statistic)


def test_the_distance_of_categories_is_the_total_variation() -> None:
    a, b = torch.tensor([0.0, 0, 1, 2]), torch.tensor([0.0, 3, 3, float("nan")])
    assert column_distance(a, b, categorical=True) == pytest.approx(2 / 3)


def test_a_distance_is_0_to_itself_and_symmetric_and_1_to_nothing() -> None:
    a, b = torch.randn(90, generator=torch.Generator().manual_seed(0)), torch.zeros(7)
    for categorical in (True, False):
        assert column_distance(a, a, categorical=categorical) == 0
        there = column_distance(a, b, categorical=categorical)
        assert there == pytest.approx(column_distance(b, a, categorical=categorical))
        assert column_distance(a, b[:0], categorical=categorical) == 1


def columns(seed: int) -> Values:
    noise = torch.Generator().manual_seed(seed)
    a, b = torch.randn(2, 2_000, generator=noise, dtype=torch.float64).round(decimals=1)
    return {"a": a, "b": torch.maximum(a, b), "c": b}


def test_what_a_constraint_costs_is_told_for_its_columns_alone() -> None:
    real, free = columns(0), columns(1)
    clipped = Range("a", -0.5, 0.5).fit(real, FIELDS)
    cost = constraint_cost([clipped], real, free, settle([clipped], free), FIELDS)
    assert cost.free.keys() == {"a"}
    assert cost.free["a"] < 0.05 < cost.bound["a"]
    assert cost.change == cost.bound["a"] - cost.free["a"]


def test_moving_rows_that_obey_costs_nothing() -> None:
    real, free = columns(0), columns(1)
    one = Inequality("a", "<=", "b").fit(real, FIELDS)
    assert constraint_cost([one], real, free, settle([one], free), FIELDS).change == 0
