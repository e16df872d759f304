"""What constraints cost: rows that are moved or drawn again, and columns that change by it."""

import pytest
import torch

from zerosum.modalities.tables.constraints.base import Values
from zerosum.modalities.tables.constraints.bounds import Range
from zerosum.modalities.tables.constraints.groups import Unique
from zerosum.modalities.tables.constraints.inequality import Inequality
from zerosum.modalities.tables.fields import Field, FloatField
from zerosum.modalities.tables.judging.constraint_cost import constraint_cost
from zerosum.modalities.tables.metrics.shapes import column_shape

FIELDS: dict[str, Field] = {name: FloatField(name=name, places=1) for name in ("a", "b", "c")}


def columns(seed: int) -> Values:
    noise = torch.Generator().manual_seed(seed)
    a, b = torch.randn(2, 2_000, generator=noise, dtype=torch.float64).round(decimals=1)
    return {"a": a, "b": torch.maximum(a, b), "c": b}


def test_rows_that_are_moved_cost_fidelity() -> None:
    real, free = columns(0), columns(1)
    clipped = Range("a", -0.5, 0.5).fit(real, FIELDS)
    cost = constraint_cost([clipped], free, real, FIELDS)
    outside = float((free["a"].abs() > 0.5).double().mean())
    assert cost.held[0].broken == cost.moved == pytest.approx(outside)
    assert cost.held[0].reals == pytest.approx(float((real["a"].abs() > 0.5).double().mean()))
    assert cost.again == 0
    assert cost.after.column_shapes < cost.before.column_shapes - 0.05
    assert cost.after.pair_trends < cost.before.pair_trends


def test_fidelity_is_the_mean_over_all_columns() -> None:
    real, free = columns(0), columns(1)
    shapes = [
        column_shape(real[n].numpy(), free[n].numpy(), categorical=False) for n in ("a", "b", "c")
    ]
    cost = constraint_cost([], free, real, FIELDS)
    assert cost.before.column_shapes == pytest.approx(sum(shapes) / 3)
    assert cost.before == cost.after


def test_moving_rows_that_obey_costs_nothing() -> None:
    real, free = columns(0), columns(1)
    cost = constraint_cost([Inequality("a", "<=", "b").fit(real, FIELDS)], free, real, FIELDS)
    assert (cost.moved, cost.again, cost.held[0].broken) == (0, 0, 0)
    assert cost.before == cost.after


def test_rows_that_cannot_be_moved_are_drawn_again() -> None:
    real, free = columns(0), columns(1)
    cost = constraint_cost([Unique(["a"]).fit(real, FIELDS)], free, real, FIELDS)
    repeats = 1 - len(free["a"].unique()) / 2_000
    assert (cost.moved, cost.again) == (0, pytest.approx(repeats))
    assert cost.to_json()["held"][0]["broken"] == pytest.approx(repeats)
