"""Conditions on rows below: units are as they are given that they have such rows."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

import zerosum as zs
from tests.modalities.relational.shops import orphans
from zerosum.errors import ConditionError
from zerosum.modalities.relational.choosing import (
    Taker,
    merged,
    obeying,
    on_the_way,
    restricted,
    weights_of,
)
from zerosum.modalities.relational.conditions import asked_below, by_table
from zerosum.modalities.relational.making import MadeRows, main_rows, make_below, make_loose
from zerosum.modalities.relational.model import RelationalModel

QUICK: dict[str, Any] = {
    "precision": "fp32", "layout": "contiguous", "compile": False, "threads": 1, "quiet": True,
    "set": {"game.generator.rows.width": 64, "game.generator.context": 32},
}  # fmt: skip
RETURNED = {"NL": 0.6, "NO": 0.2, "PT": 0.02}
"""Share of the orders that are returned; every customer has two."""

KEYS: dict[str, Any] = {
    "tables": [
        {"name": "customers", "key": ["id"]},
        {
            "name": "orders",
            "key": ["id"],
            "refers": [{"columns": ["customer"], "to": "customers"}],
        },
        {"name": "lines", "refers": [{"columns": ["order"], "to": "orders"}]},
    ]
}


def shop(n: int = 600) -> dict[str, pa.Table]:
    """Customers of three countries with two orders each and up to three lines of these."""
    rng = np.random.default_rng(0)
    country = np.array([*RETURNED])[rng.integers(0, 3, n)]
    owner = np.repeat(np.arange(n), 2)
    back = rng.random(2 * n) < np.array([RETURNED[one] for one in country[owner]])
    lines = np.repeat(np.arange(2 * n), rng.integers(0, 4, 2 * n))
    customer = pa.array([None if i % 10 == 0 else one for i, one in enumerate(owner.tolist())])
    return {
        "customers": pa.table({"id": np.arange(n), "country": country}),
        "orders": pa.table({
            "id": np.arange(2 * n), "customer": customer,
            "status": np.where(back, "returned", "paid"),
        }),
        "lines": pa.table({
            "order": lines, "pieces": 1 + rng.binomial(3, np.where(back[lines], 0.8, 0.2)),
        }),
    }  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> RelationalModel:
    """Customers with a steady number of orders, some of which have no customer."""
    made = zs.train(
        "relational", shop(), out=tmp_path_factory.mktemp("shop") / "run", samples=3_000,
        options={"schema": KEYS}, **QUICK,
    )  # fmt: skip
    assert isinstance(made, RelationalModel)
    return made


def share(rows: MadeRows, weights: np.ndarray, column: int = 0) -> np.ndarray:
    """How often each value of a column of categories comes, by weight."""
    return np.bincount(rows.values[:, column].long().numpy(), weights, 3) / weights.sum()


@pytest.mark.parametrize(
    "where",
    [
        {"orders.status": "returned"},
        {"lines.pieces": 4},
        {"orders.status": "paid", "lines.pieces": ">=3"},
    ],
)
def test_units_weigh_as_much_as_those_that_are_left_of_a_free_database(
    model: RelationalModel, where: dict[str, Any]
) -> None:
    space, n = model.units, 6_000
    asked, allowed = asked_below(space, by_table(space, where))
    way = on_the_way(space, "customers", asked)
    networks = getattr(model.game, "networks")  # noqa: B009 - of games of databases
    left, steered = (
        make_below(space, networks, {"customers": model._mains(n, {}, seed, n)}, asked=one)
        for seed, one in ((0, None), (1, way))
    )  # fmt: skip
    kept = obeying(space, left, "customers", way, allowed)["customers"]
    mine = obeying(space, steered, "customers", way, allowed)
    weights = weights_of(space, steered, "customers", way, mine)
    assert mine["customers"].mean() > kept.mean()  # one row below each was made to obey
    assert weights.mean() == pytest.approx(kept.mean(), rel=0.08)
    truth = share(left["customers"], kept.astype(float))
    assert share(steered["customers"], weights) == pytest.approx(truth, abs=0.03)
    taken = Taker(space, "customers", way, allowed).taken(steered, n)["customers"]
    assert len(taken) > 200
    assert share(taken, np.ones(len(taken))) == pytest.approx(truth, abs=0.09)


def test_customers_of_returned_orders_are_those_who_return(model: RelationalModel) -> None:
    """By Bayes: a customer returns one of two orders with 1 - (1 - share)²."""
    chance = {one: 1 - (1 - share) ** 2 for one, share in RETURNED.items()}
    made = model.sample(600, where={"orders.status": "returned"}, seed=0)
    found = made["customers"]["country"].to_pylist()
    total = sum(chance.values())
    for country, one in chance.items():
        assert found.count(country) / 600 == pytest.approx(one / total, abs=0.07)
    assert set(made["orders"]["status"].to_pylist()) == {"returned"}
    with_customer = {one for one in made["orders"]["customer"].to_pylist() if one is not None}
    assert with_customer == set(made["customers"]["id"].to_pylist())
    assert orphans(made, "orders", "customer", "customers", "id") == 0
    assert orphans(made, "lines", "order", "orders", "id") == 0
    assert made["lines"].num_rows > 600  # of returned orders, as many as there are


def test_rows_on_the_way_have_what_is_asked(model: RelationalModel) -> None:
    made = model.sample(
        80, where={"customers.country": "NL", "orders.status": "paid", "lines.pieces": 4}, seed=1
    )
    assert set(made["customers"]["country"].to_pylist()) == {"NL"}
    assert set(made["orders"]["status"].to_pylist()) == {"paid"}
    assert set(made["lines"]["pieces"].to_pylist()) == {4}
    assert set(made["lines"]["order"].to_pylist()) == set(made["orders"]["id"].to_pylist())


def test_the_first_units_are_the_same_however_many_there_are(model: RelationalModel) -> None:
    where = {"orders.status": "returned"}
    few, many = (model.sample(n, where=where, seed=2) for n in (5, 300))
    again = model.sample(5, where=where, seed=2, batch_size=512)
    assert few == again
    countries = [one["customers"]["country"].to_pylist() for one in (few, many)]
    assert countries[0] == countries[1][:5]
    assert len(countries[1]) == 300
    assert model.values(7, where=where, seed=2).shape[0] == 7


def test_rows_without_a_parent_are_weighed_too(model: RelationalModel) -> None:
    space = model.units
    asked, allowed = asked_below(space, by_table(space, {"lines.pieces": 4}))
    way = on_the_way(space, "orders", asked)
    assert [*way] == ["lines"]
    networks = getattr(model.game, "networks")  # noqa: B009 - of games of databases
    seeds = np.arange(4_000, dtype=np.uint64) * np.uint64(977)
    loose = make_loose(space, networks, space["orders"], seeds, np.arange(4_000))
    free = make_below(space, networks, {"orders": loose})
    kept = obeying(space, free, "orders", way, allowed)["orders"]
    made = make_below(space, networks, {"orders": loose}, asked=way)
    mine = obeying(space, made, "orders", way, allowed)
    weights = weights_of(space, made, "orders", way, mine)
    assert weights.mean() == pytest.approx(kept.mean(), rel=0.1)


def test_what_hardly_any_unit_has_is_refused(
    model: RelationalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    import zerosum.modalities.relational.drawing as whole

    monkeypatch.setattr(whole, "_MOST_TRIED", 1_024)
    monkeypatch.setattr(whole, "_MOST_TRIED_FOR_ONE", 1)
    with pytest.raises(ConditionError, match=r"of 1,024 rows of customers .* widen a condition"):
        model.sample(1_000, where={"orders.status": "returned", "lines.pieces": 4})


def test_groups_of_units_go_into_one_database(model: RelationalModel) -> None:
    space = model.units

    def group(parents: list[int]) -> dict[str, MadeRows]:
        n = len(set(parents))
        customers = main_rows(torch.arange(n).double()[:, None], np.arange(n).astype(np.uint64))
        k = len(parents)
        orders = MadeRows(
            torch.arange(k).double()[:, None], np.array(parents), np.zeros(k, int),
            np.array(parents), np.arange(k).astype(np.uint64),
        )  # fmt: skip
        return {"customers": customers, "orders": orders}

    first, second = group([0, 1, 1]), group([0])
    both = merged(space, [(first, np.array([0, 2])), (second, np.array([1]))])
    assert both["customers"].unit.tolist() == [0, 1, 2]
    assert both["orders"].parent.tolist() == [0, 1, 2, 2]
    assert both["orders"].values[:, 0].tolist() == [0, 0, 1, 2]
    kept = {"customers": np.array([True, False, True]), "orders": np.array([1, 1, 0, 1], bool)}
    some = restricted(space, both, kept)
    assert some["orders"].parent.tolist() == [0, 1]
    assert some["customers"].unit.tolist() == some["orders"].unit.tolist() == [0, 1]
