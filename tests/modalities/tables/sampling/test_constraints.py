"""Conditions where constraints change columns, and constraints that are added after training."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.modalities.tables.chain import ChainGame, people, table_model
from tests.modalities.tables.sampling.test_completion import bounded
from tests.modalities.tables.shop import FIELDS, TRUE, shop
from zerosum.errors import ConditionError, ConstraintError
from zerosum.modalities.tables.constraints.base import obeying
from zerosum.modalities.tables.constraints.bounds import Range
from zerosum.modalities.tables.constraints.groups import Unique
from zerosum.modalities.tables.constraints.inequality import Inequality
from zerosum.modalities.tables.model import TableModel
from zerosum.modalities.tables.reading.dataset import TableDataset, fit_space
from zerosum.modalities.tables.sampling.conditioning import readings_of
from zerosum.modalities.tables.sampling.conditions import parse_where


@pytest.fixture(scope="module")
def model() -> TableModel:
    return table_model(ChainGame(people()))


def test_a_column_of_combinations_is_steered_by_each_of_its_columns() -> None:
    model = bounded()
    readings = readings_of(model.table)
    assert readings["city"][0] == readings["zip"][0]
    assert "end" not in readings
    made = model.values(500, where={"zip": [5, 305]}, seed=1)
    assert set(made[:, 1].tolist()) == {5.0, 305.0}
    assert set(made[:, 0].tolist()) == {0.0, 3.0}
    with pytest.raises(ConditionError, match="no row has city Oslo together with"):
        model.values(5, where={"zip": 305, "city": "Oslo"})
    with pytest.raises(ConditionError, match=r"no row has zip 7. There are: 5 \(1,\d+ rows\), 105"):
        model.values(5, where={"zip": 7})


def test_a_column_that_is_computed_is_asked_for_by_drawing_on() -> None:
    model = bounded()
    made = model.values(800, where={"end": "40..45", "city": "Bergen"}, seed=1)
    assert bool(((made[:, 3] >= 40) & (made[:, 3] <= 45) & (made[:, 0] == 1)).all())
    assert bool(obeying(model.table.constraints, model.table.columns(made)).all())


def test_constraints_added_after_training_hold_in_all_rows(
    model: TableModel, tmp_path: Path
) -> None:
    later = [Range("age", 20, 60), Inequality("age", "<=", "income")]
    made = model.values(5_000, constraints=later, seed=1)
    assert made.shape == (5_000, 4)
    assert bool(((made[:, 1] >= 20) & (made[:, 1] <= 60)).all())
    path = tmp_path / "later.json"
    path.write_text(json.dumps([one.to_json() for one in later]))
    again = model.values(5_000, constraints=path, seed=1)
    assert torch.equal(made.nan_to_num(), again.nan_to_num())
    both = model.values(300, constraints=later, where={"vip": "yes", "age": ">=55"})
    assert bool(((both[:, 1] >= 55) & (both[:, 1] <= 60) & (both[:, 3] == 1)).all())
    with pytest.raises(ConstraintError, match="Did you mean 'age'"):
        model.values(5, constraints=[Range("agee", 1, 2)])


def test_rows_are_unique_across_blocks(model: TableModel) -> None:
    made = model.values(9_000, constraints=[Unique(["income", "age"])], seed=1)
    known = made[~made[:, 2].isnan(), 1:3]
    assert len(known.unique(dim=0)) == len(known)
    few = model.values(6_000, constraints=[Unique(["income", "age"])], seed=1)
    assert torch.equal(few.nan_to_num(), made[:6_000].nan_to_num())
    with pytest.raises(ConditionError, match="rows drawn obey city, vip unique"):
        model.values(20, constraints=[Unique(["city", "vip"])])
    with pytest.raises(ConditionError, match="made apart"):
        model.values(9, constraints=[Unique(["age"])], weight={"city": {"Å": 0.5}})


@pytest.mark.parametrize(
    "where",
    [{}, {"city": "Bergen"}, {"start": "10..20", "is_a": 1}, {"total": ">=100", "is_b": "yes"}],
    ids=str,
)
def test_every_kind_of_constraint_holds_beside_conditions(where: dict[str, Any]) -> None:
    columns = shop(2_000)
    rows = torch.stack([columns[field.name] for field in FIELDS], dim=1)
    space = fit_space(FIELDS, rows, constraints=TRUE)
    game = ChainGame(TableDataset(rows, space, name="shop"))
    model = table_model(game)
    made = space.columns(model.values(1_500, where=where, seed=2))
    assert bool(obeying(space.constraints, made).all())
    for name, allowed in parse_where(where, space).items():
        assert bool(allowed.holds(made[name]).all())
