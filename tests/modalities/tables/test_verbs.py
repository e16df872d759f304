"""Rows by the verbs that every model has: what can be asked, values in turn, and streams."""

import json
from itertools import islice
from typing import Any

import pytest
import torch

from tests.modalities.tables.chain import ChainGame, people, table_model
from zerosum.conditions import Between
from zerosum.errors import ConditionError
from zerosum.games.controls import ChoiceControl, RangeControl
from zerosum.modalities.tables.constraints.groups import Unique
from zerosum.modalities.tables.fields import CategoryField
from zerosum.modalities.tables.model import TableModel
from zerosum.modalities.tables.reading.dataset import fit_space
from zerosum.modalities.tables.sampling.controls import controls_of
from zerosum.modalities.tables.time_fields import DateField


@pytest.fixture(scope="module")
def model() -> TableModel:
    return table_model(ChainGame(people()))


def records(frame: Any) -> list[dict[str, Any]]:
    return json.loads(frame.to_json(orient="records"))


def test_every_column_can_be_asked(model: TableModel) -> None:
    controls = model.controls
    assert list(controls) == list(model.table.names)
    for name, control in controls.items():
        ranges = () if isinstance(control, ChoiceControl) else (Between(control.low, control.high),)
        for wanted in (*control.names, *ranges):
            assert len(model.values(2, where={name: wanted})) == 2
    assert isinstance(controls["age"], RangeControl)
    assert isinstance(controls["city"], ChoiceControl)
    json.dumps({name: control.to_json() for name, control in controls.items()}, allow_nan=False)


def test_days_and_rare_names() -> None:
    rows = torch.tensor([[20_000.0 + i % 3, i % 2] for i in range(60)], dtype=torch.float64)
    rows[0, 1] = 2
    fields = [DateField(name="day"), CategoryField(name="c", names=("a", "b", "rare"))]
    told = controls_of(fit_space(fields, rows, least=5))
    assert told["day"].to_json() == {"kind": "range", "low": "2024-10-04", "high": "2024-10-06"}
    assert told["c"] == ChoiceControl(("a", "b"))


def test_values_in_turn(model: TableModel) -> None:
    asked = {"city": ["Oslo", "Bergen"], "age": [">=40", "<45", "30..50"]}
    made = model.values(200, in_turn=asked, where={"vip": "yes"}, seed=4)
    columns = dict(zip(model.table.names, made.unbind(1), strict=True))
    codes = {name: field.categories for name, field in
             zip(model.table.names, model.table.modelled, strict=True)}  # fmt: skip
    cities = [codes["city"][int(i)] for i in columns["city"]]
    assert cities == ["Oslo", "Bergen"] * 100
    assert bool((columns["age"][::3] >= 40).all())
    assert bool((columns["age"][1::3] < 45).all())
    assert torch.equal(model.values(50, in_turn=asked, where={"vip": "yes"}, seed=4).nan_to_num(),
                       made[:50].nan_to_num())  # fmt: skip


def test_a_stream_is_the_rows_in_pieces(model: TableModel) -> None:
    every: list[dict[str, Any]] = [
        {}, {"where": {"city": "Oslo"}}, {"in_turn": {"city": "Oslo,Bergen"}}
    ]  # fmt: skip
    for asked in every:
        whole = model.sample(250, seed=2, **asked)
        pieces = [*model.stream(250, seed=2, batch_size=100, **asked)]
        assert [len(piece) for piece in pieces] == [100, 100, 50]
        rows = [row for piece in pieces for row in records(piece)]
        assert rows == records(whole)
        first = next(islice(model.stream(seed=2, batch_size=60, **asked), 1))
        assert records(first) == rows[:60]


def test_what_rows_are_not_asked(model: TableModel) -> None:
    with pytest.raises(ConditionError, match="no column 'cty'"):
        model.stream(in_turn={"cty": "Oslo"})
    with pytest.raises(ConditionError, match="city is in where and in in_turn"):
        model.values(3, where={"city": "Oslo"}, in_turn={"city": "Oslo"})
    with pytest.raises(ConditionError, match="weight says shares of a number of rows"):
        model.stream(weight={"city": {"Oslo": 0.5}})
    with pytest.raises(ConditionError, match="comes round after 1,001 rows"):
        model.values(3, in_turn={"age": [30] * 1001})
    with pytest.raises(ConditionError, match="rows of different turns are made apart"):
        model.values(3, in_turn={"city": "Oslo,Bergen"}, constraints=[Unique(("age", "income"))])
    with pytest.raises(ConditionError, match="cannot be walked through"):
        model.walk(in_turn={"city": "Oslo"})
    with pytest.raises(ConditionError, match="takes no styles"):
        model.edit(3)
