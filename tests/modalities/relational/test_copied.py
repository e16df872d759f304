"""Columns that repeat what a row above says are copied, and found where all rows agree."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import zerosum as zs
from zerosum.modalities.relational.copied import Copied
from zerosum.modalities.relational.draws import Draws
from zerosum.modalities.relational.game import UnitGame
from zerosum.modalities.relational.limits import Limits
from zerosum.modalities.relational.model import RelationalModel
from zerosum.modalities.relational.space import RelationalSpace
from zerosum.workflows.data import open_data

QUICK: dict[str, Any] = {
    "precision": "fp32", "layout": "contiguous", "compile": False, "threads": 1, "quiet": True,
    "set": {"game.generator.rows.width": 48, "game.generator.context": 24},
}  # fmt: skip


def shop(n: int = 200) -> dict[str, Any]:
    """Orders that repeat their customer's country and age, and lines the order's day."""
    rng = np.random.default_rng(0)
    customers = pd.DataFrame(
        {
            "id": np.arange(n),
            "country": rng.choice(["NL", "NO", "PT"], n),
            "age": np.where(rng.random(n) < 0.2, np.nan, rng.integers(18, 80, n)),
        }
    )
    owner = np.repeat(np.arange(n), rng.integers(0, 4, n))
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 90, len(owner)), unit="D")
    orders = pd.DataFrame(
        {
            "id": np.arange(len(owner)),
            "customer_id": owner,
            "age_then": customers["age"].to_numpy()[owner],
            "land": customers["country"].to_numpy()[owner],
            "day": day,
            "amount": rng.gamma(2, 20, len(owner)).round(2),
        }
    )
    orders["with_fee"] = orders["amount"] + 3
    order = np.repeat(np.arange(len(owner)), rng.integers(0, 3, len(owner)))
    lines = pd.DataFrame(
        {
            "order_id": order,
            "day": day[order],
            "amount": orders["amount"].to_numpy()[order],
            "land": orders["land"].to_numpy()[order],
            "pieces": rng.integers(1, 9, len(order)),
        }
    )
    return {"customers": customers, "orders": orders, "lines": lines}


def found(data: dict[str, Any]) -> dict[str, str]:
    space = open_data(data, spaces=("relational",))[0].space
    assert isinstance(space, RelationalSpace)
    return {
        f"{side.name}.{one.column}": f"{one.above}.{one.column_above}"
        for side in space.sides
        for one in side.copied
    }


def test_they_are_found_where_all_rows_agree() -> None:
    assert found(shop()) == {
        "orders.land": "customers.country", "orders.age_then": "customers.age",
        "lines.day": "orders.day", "lines.amount": "orders.amount", "lines.land": "orders.land",
    }  # fmt: skip
    data = shop()
    data["orders"].loc[3, "land"] = "NL" if data["orders"]["land"][3] != "NL" else "PT"
    data["orders"].loc[5, "age_then"] = np.nan if data["orders"]["age_then"][5] > 0 else 30.0
    del data["lines"]
    assert not found(data)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> RelationalModel:
    held = [zs.Inequality("orders.amount", "<=", "orders.with_fee")]
    made = zs.train(
        "relational", shop(), out=tmp_path_factory.mktemp("shop") / "run", samples=1_000,
        options={"constraints": held}, **QUICK,
    )  # fmt: skip
    assert isinstance(made, RelationalModel)
    return made


@pytest.mark.parametrize("where", [None, {"orders.land": "NO"}, {"lines.pieces": ">=5"}])
def test_every_row_repeats_what_the_row_above_says(model: RelationalModel, where: Any) -> None:
    made = model.sample(150, where=where, seed=0)
    orders = made["orders"].merge(
        made["customers"], left_on="customer_id", right_on="id", suffixes=("", "_of")
    )
    assert len(orders) > 50
    assert (orders["land"] == orders["country"]).all()
    pd.testing.assert_series_equal(orders["age_then"], orders["age"], check_names=False)
    assert orders["age"].isna().any()
    assert (orders["amount"] <= orders["with_fee"]).all()
    lines = made["lines"].merge(orders, left_on="order_id", right_on="id", suffixes=("", "_of"))
    for column in ("day", "amount", "land"):
        assert (lines[column] == lines[f"{column}_of"]).all()
    if where == {"orders.land": "NO"}:
        assert set(made["customers"]["country"]) == set(orders["land"]) == {"NO"}


def test_a_row_without_one_above_keeps_its_own() -> None:
    one = Copied(column="land", above="customers", column_above="country", categories=(2, 0))
    own = torch.tensor([1.0, 1.0, 1.0, 1.0]).double()
    above = torch.tensor([0.0, 1.0, torch.nan, torch.inf]).double()
    assert one.values(own, above).nan_to_num(-1.0).tolist() == [2, 0, -1, 1]


def test_columns_after_them_see_what_is_copied(model: RelationalModel) -> None:
    side, game = model.units["orders"], model.game
    assert isinstance(game, UnitGame)
    n, network = 40, game.networks["orders"]
    above = {"land": torch.arange(n).double() % 3, "age_then": torch.full((n,), torch.nan)}
    above["land"][0] = torch.inf
    limits = Limits(side, [above[one.column].double() for one in side.copied])
    codes, names = limits.codes(), [codec.name for codec in side.rows.codecs]
    assert sorted(names[at] for at in codes) == ["age_then", "land"]
    draws = Draws(network, side, np.arange(n, dtype=np.uint64), None, {})
    x, _ = draws.rows(torch.arange(n), torch.zeros(n, network.out.out_features), limits=limits)
    values = limits.copied(side.rows.to_data(x))
    again = side.rows.to_model(values).floor()
    for at in codes:
        assert torch.equal(x.floor()[1:, at], again[1:, at])
