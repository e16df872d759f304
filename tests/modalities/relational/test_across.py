"""Constraints of databases: within a table, and between a row and the rows above it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import zerosum as zs
from zerosum.errors import ConstraintError
from zerosum.modalities.relational.model import RelationalModel
from zerosum.workflows.data import open_data

QUICK: dict[str, Any] = {
    "precision": "fp32", "layout": "contiguous", "compile": False, "threads": 1, "quiet": True,
    "set": {"game.generator.rows.width": 64, "game.generator.context": 32},
}  # fmt: skip
HELD = [
    zs.Inequality("customers.joined", "<=", "orders.ordered", "<=", "orders.shipped"),
    zs.Inequality("orders.amount", "<=", "customers.limit"),
    zs.Inequality("customers.joined", "<", "lines.packed"),
    zs.Range("lines.pieces", 1, 6),
    zs.Formula("lines.weight", "lines.pieces * 1.5 + 2"),
]


def shop(n: int = 300) -> dict[str, Any]:
    """Customers with a limit, orders after they joined and below it, lines packed later."""
    rng = np.random.default_rng(0)
    joined = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 600, n), unit="D")
    customers = pd.DataFrame(
        {"id": np.arange(n), "joined": joined, "limit": rng.integers(20, 900, n).astype(float)}
    )
    owner = np.repeat(np.arange(n), rng.integers(0, 5, n))
    ordered = joined[owner] + pd.to_timedelta(rng.integers(0, 60 * 24 * 9, len(owner)), unit="min")
    orders = pd.DataFrame(
        {
            "id": np.arange(len(owner)),
            "customer_id": owner,
            "ordered": ordered,
            "shipped": ordered + pd.to_timedelta(rng.integers(0, 900, len(owner)), unit="min"),
            "amount": (customers["limit"].to_numpy()[owner] * rng.random(len(owner))).round(2),
        }
    )
    order = np.repeat(np.arange(len(owner)), rng.integers(0, 3, len(owner)))
    lines = pd.DataFrame(
        {
            "order_id": order,
            "pieces": (pieces := rng.integers(1, 7, len(order))),
            "weight": pieces * 1.5 + 2,
            "packed": pd.DatetimeIndex(ordered[order]).normalize() + pd.Timedelta(days=1),
        }
    )
    return {"customers": customers, "orders": orders, "lines": lines}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> RelationalModel:
    made = zs.train(
        "relational", shop(), out=tmp_path_factory.mktemp("shop") / "run", samples=2_000,
        options={"constraints": HELD}, **QUICK,
    )  # fmt: skip
    assert isinstance(made, RelationalModel)
    return made


def all_hold(made: dict[str, Any]) -> None:
    orders = made["orders"].merge(
        made["customers"], left_on="customer_id", right_on="id", suffixes=("", "_of")
    )
    assert len(orders) == len(made["orders"]) > 100
    assert (orders["joined"] <= orders["ordered"]).all()
    assert (orders["ordered"] <= orders["shipped"]).all()
    assert (orders["amount"] <= orders["limit"]).all()
    lines = made["lines"].merge(orders, left_on="order_id", right_on="id")
    assert len(lines) == len(made["lines"]) > 50
    assert (lines["joined"] < lines["packed"]).all()
    assert lines["pieces"].between(1, 6).all()
    assert (lines["weight"] == lines["pieces"] * 1.5 + 2).all()


def test_they_hold_in_every_row(model: RelationalModel) -> None:
    all_hold(model.sample(400, seed=0))


def test_they_hold_under_conditions(model: RelationalModel) -> None:
    made = model.sample(150, where={"orders.amount": ">=300", "customers.limit": "..600"}, seed=1)
    all_hold(made)
    assert made["orders"]["amount"].min() >= 300
    assert made["customers"]["limit"].max() <= 600


def test_most_rows_are_drawn_and_not_moved(model: RelationalModel) -> None:
    made = model.sample(400, seed=2)
    orders = made["orders"].merge(made["customers"], left_on="customer_id", right_on="id")
    assert (orders["amount"] == orders["limit"]).mean() < 0.1
    assert (orders["joined"] == orders["ordered"]).mean() < 0.1


def test_a_run_keeps_them_and_they_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "held.json"
    path.write_text(
        json.dumps([{"kind": "inequality", "low": "orders.amount", "high": "customers.limit"}])
    )
    model = zs.train(
        "relational", shop(120), out=tmp_path / "run", samples=400,
        options={"constraints": str(path)}, **QUICK,
    )  # fmt: skip
    again = zs.load(tmp_path / "run", device="cpu")
    assert isinstance(model, RelationalModel)
    assert isinstance(again, RelationalModel)
    for made in (model.sample(200, seed=3), again.sample(200, seed=3)):
        both = made["orders"].merge(made["customers"], left_on="customer_id", right_on="id")
        assert (both["amount"] <= both["limit"]).all()


@pytest.mark.parametrize(
    ("constraint", "words"),
    [
        (
            zs.Inequality("orders.amount", "<=", "customers.limits"),
            "Did you mean 'customers.limit'",
        ),
        (zs.Inequality("amount", "<=", "customers.limit"), r"Write table\.column"),
        (zs.Inequality("customers.limit", "<=", "orders.amount"), "no row obeys"),
        (zs.Inequality("customers.limit", "<=", "orders.ordered"), "takes numbers, moments"),
        (zs.Inequality("visits.seen", ">=", "orders.ordered"), "do not hang below one another"),
        (zs.FixedCombinations(["customers.limit", "orders.amount"]), "columns can be compared"),
        (zs.Inequality("orders.id", "<=", "customers.limit"), "made and not learned"),
    ],
)
def test_what_cannot_hold_is_refused(constraint: Any, words: str) -> None:
    data = shop(60)
    data["visits"] = (
        data["customers"]
        .loc[:, ["id", "joined"]]
        .rename(columns={"id": "customer_id", "joined": "seen"})
    )
    with pytest.raises(ConstraintError, match=words):
        open_data(data, spaces=("relational",), constraints=[constraint])


def test_orders_that_all_rows_keep_are_offered() -> None:
    notes = open_data(shop(), spaces=("relational",))[0].notes
    offers = [one for one in notes if "in no row" in one]
    assert any("'customers.joined' is after 'orders.ordered'" in one for one in offers)
    assert any("'orders.ordered' is after 'orders.shipped'" in one for one in offers)
    notes = open_data(shop(), spaces=("relational",), constraints=HELD)[0].notes
    assert not any("'customers.joined' is after 'orders.ordered'" in one for one in notes)
