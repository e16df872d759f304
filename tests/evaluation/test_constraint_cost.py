"""What constraints cost in the shape of columns."""

from typing import Any

import pytest
import torch
from scipy.stats import ks_2samp

from zerosum.evaluation.constraint_cost import constraint_cost
from zerosum.tables.constraint_bounds import Range
from zerosum.tables.constraint_inequality import Inequality
from zerosum.tables.constraints import Values, settle
from zerosum.tables.fields import Field, FloatField

FIELDS: dict[str, Field] = {name: FloatField(name=name, places=1) for name in ("a", "b", "c")}


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


def test_distances_are_those_of_kolmogorov_and_smirnov() -> None:
    real, free = columns(0), columns(1)
    one = Inequality("a", "<=", "b").fit(real, FIELDS)
    cost = constraint_cost([one], real, free, free, FIELDS)
    for name in one.columns:
        reference: Any = ks_2samp(real[name].numpy(), free[name].numpy())
        assert cost.free[name] == pytest.approx(reference.statistic)


def test_moving_rows_that_obey_costs_nothing() -> None:
    real, free = columns(0), columns(1)
    one = Inequality("a", "<=", "b").fit(real, FIELDS)
    assert constraint_cost([one], real, free, settle([one], free), FIELDS).change == 0
