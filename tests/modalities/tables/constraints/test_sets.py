"""Several constraints at once hold together in every row, whatever the codes."""

import json
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.modalities.tables.shop import FIELDS, TRUE, breaks, of, shop
from zerosum.errors import ConstraintError
from zerosum.modalities.tables.constraints.base import Constraint, backward_all, obeying, settle
from zerosum.modalities.tables.constraints.bounds import Positive, Range, Rounded
from zerosum.modalities.tables.constraints.fitting import (
    check_constraints,
    fit_constraints,
    later_constraints,
)
from zerosum.modalities.tables.constraints.groups import FixedCombinations, OneHot, Unique
from zerosum.modalities.tables.constraints.inequality import Inequality
from zerosum.modalities.tables.constraints.sums import Formula, Sum
from zerosum.modalities.tables.reading.dataset import fit_space
from zerosum.modalities.tables.space import TableSpace
from zerosum.spaces import Space

NAMED = {field.name: field for field in FIELDS}


def rows_of(values: dict[str, Tensor]) -> Tensor:
    return torch.stack([values[field.name] for field in FIELDS], dim=1)


def random_codes(space: TableSpace, n: int, rng: np.random.Generator) -> Tensor:
    """Any codes that may be drawn, at any place, each column by itself."""
    columns = []
    for codec in space.codecs:
        allowed = np.setdiff1d(np.arange(codec.size), codec.forbidden)
        columns.append(torch.from_numpy(rng.choice(allowed, n) + rng.random(n) * 0.9995))
    return torch.stack(columns, dim=1).float()


def test_the_rows_obey_what_the_tests_use() -> None:
    for one in TRUE:
        assert not breaks(one, shop()).any(), one.statement


@pytest.mark.parametrize("seed", range(20))
def test_random_sets_hold_for_random_codes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    chosen = [TRUE[i] for i in rng.permutation(len(TRUE))[: rng.integers(1, len(TRUE) + 1)]]
    space = fit_space(FIELDS, rows_of(shop()), constraints=chosen)
    assert sorted(one.statement for one in space.constraints) == sorted(c.statement for c in chosen)
    values = space.columns(space.to_data(random_codes(space, 500, rng)))
    for one in space.constraints:
        assert torch.equal(breaks(one, values), ~one.holds(values)), one.statement
        assert one.holds(values).all(), one.statement


def test_without_constraints_random_codes_break_most() -> None:
    space = fit_space(FIELDS, rows_of(shop()))
    values = space.columns(space.to_data(random_codes(space, 500, np.random.default_rng(0))))
    broken = [one for one in TRUE if breaks(one, values).any()]
    assert len(broken) >= 9


def test_rows_come_back_through_codes() -> None:
    rows = rows_of(shop())
    space = fit_space(FIELDS, rows, constraints=TRUE)
    back = space.to_data(space.to_model(rows))
    assert torch.equal(back.isnan(), rows.isnan())
    exact = ["city", "zip", "is_a", "is_b", "is_c", "start", "hundreds", "quantity"]
    for field, a, b in zip(FIELDS, back.unbind(1), rows.unbind(1), strict=True):
        near = (a - b).nan_to_num().abs() <= (
            0 if field.name in exact else 0.05 * b.nan_to_num().abs() + 0.3
        )
        assert near.double().mean() > 0.97, field.name


def test_a_space_with_constraints_survives_json() -> None:
    space = fit_space(FIELDS, rows_of(shop()), constraints=TRUE)
    again = Space.from_json(json.loads(json.dumps(space.to_json())))
    assert again == space
    assert isinstance(again, TableSpace)
    x = random_codes(space, 50, np.random.default_rng(1))
    assert torch.equal(again.to_data(x).nan_to_num(), space.to_data(x).nan_to_num())


def test_what_reads_a_column_is_constructed_with_what_changes_it() -> None:
    pair = [Inequality("start", "<=", "middle"), Inequality("middle", "<", "end")]
    for chosen in (pair, pair[::-1]):
        fitted = fit_constraints(chosen, shop(), NAMED)
        assert all(one.constructed for one in fitted)
    nested = [Formula("total", "price * quantity"), Sum(["total", "tax"], "gross")]
    for chosen in (nested, nested[::-1]):
        assert all(one.constructed for one in fit_constraints(chosen, shop(), NAMED))


def test_the_later_of_two_that_change_a_column_moves_rows() -> None:
    chosen = [Inequality("start", "<=", "end"), Inequality("middle", "<", "end")]
    first, second = fit_constraints(chosen, shop(), NAMED)
    assert (first.constructed, second.constructed) == (True, False)
    values = {"start": [5.0], "middle": [9.0], "end": [7.0]}
    moved = settle([first, second], {k: torch.tensor(v).double() for k, v in values.items()})
    assert obeying([first, second], moved).all()


def test_rows_that_cannot_be_moved_are_told() -> None:
    values = {name: x[shop()["total"] <= 60] for name, x in shop().items()}
    chosen = [Formula("total", "price * quantity"), Range("total", 0, 60)]
    fitted = fit_constraints(chosen, values, NAMED)
    made = {
        "price": torch.tensor([2.0, 40.0]).double(),
        "quantity": torch.tensor([3.0, 2.0]).double(),
    }
    back = backward_all(fitted, made)
    assert back["total"].tolist() == [6, 80]
    assert obeying(fitted, back).tolist() == [True, False]


def test_broken_rows_are_shown() -> None:
    values = shop()
    values["start"][[3, 8]] = 500
    values["city"][3] = torch.nan
    fitted = [one.fit(values, NAMED) for one in (Inequality("start", "<=", "middle"),)]
    with pytest.raises(
        ConstraintError, match=r"2 of 1,500 rows do not: row 3 \(start=500, middle="
    ):
        check_constraints(fitted, values, NAMED)
    with pytest.raises(ConstraintError, match=r"no row obeys: row 0 .*, and 1,495 more"):
        fit_constraints([Range("hundreds", 10_000, None)], values, NAMED)
    with pytest.raises(ConstraintError, match=r"row \d+ \(city=Oslo, quantity=\d\)"):
        fit_constraints([Unique(["city", "quantity"])], values, NAMED)


CONFLICTS: list[tuple[Sequence[Constraint], str]] = [
    ([Inequality("start", "<=", "end"), Inequality("end", "<=", "start")], "in a circle"),
    (
        [Inequality("a", "<=", "b"), Inequality("b", "<", "c"), Inequality("c", "<=", "a")],
        "a <= b; b < c; c <= a: they go in a circle",
    ),
    ([Sum(["a", "b"], "t"), Formula("t", "a * 2")], "both say what 't' is"),
    ([Sum(["a", "b"], "c"), Sum(["c", "d"], "a")], "each needs another first"),
    ([Range("start", 5, 4)], "no such value"),
    ([Range("start", 4.2, 4.7)], "no such value with 0 decimals"),
    ([Range("start")], "no bound"),
    ([Range("starts", 0)], "no column 'starts'. Did you mean 'start'"),
    ([Range("city", 0)], "holds categories"),
    ([Rounded("city")], "holds categories"),
    ([Inequality("start", "<=", "city")], "holds categories"),
    ([Inequality("start", "<=", "start")], "compared with itself"),
    ([Sum(["total", "tax"], "total")], "cannot determine itself"),
    ([Sum([], "total")], "Name one column"),
    ([OneHot(["is_a", "quantity"])], "'quantity' holds numbers"),
    ([OneHot(["is_a"])], "Name two columns"),
    ([FixedCombinations(["city"])], "Name two columns"),
    ([FixedCombinations(["price", "weight"])], "most of them in one row alone"),
    ([FixedCombinations(["city", "zip"], [["Oslo"]])], "1 values for 2 columns"),
    ([Unique([])], "unique without columns"),
    ([Positive("day")], "no column 'day'"),
]


@pytest.mark.parametrize(("chosen", "message"), CONFLICTS, ids=[m for _, m in CONFLICTS])
def test_what_cannot_be_is_explained(chosen: Sequence[Constraint], message: str) -> None:
    with pytest.raises(ConstraintError, match=message.replace("(", r"\(")):
        fit_constraints(chosen, shop(), NAMED)


def test_after_training_rows_are_moved_and_nothing_is_constructed() -> None:
    fields = of(["start", "middle", "end", "city", "zip"])
    names = [field.name for field in fields]
    space = fit_space(fields, torch.stack([shop()[name] for name in names], dim=1))
    values = space.columns(space.to_data(random_codes(space, 500, np.random.default_rng(0))))
    named = {field.name: field for field in fields}
    given = [Inequality("start", "<=", "middle", "<=", "end"), Range("end", None, 120)]
    given.append(FixedCombinations(["city", "zip"], [["Oslo", 0], ["Oslo", 1], ["Bergen", 1_002]]))
    assert not obeying(later_constraints(given, values, named), values).all()
    later = later_constraints(given, values, named)
    assert not any(one.constructed for one in later)
    moved = settle(later, values)
    pairs = set(zip(moved["city"].tolist(), moved["zip"].tolist(), strict=True))
    told = ~obeying(later, moved)
    assert 0 < told.double().mean() < 0.5
    assert (moved["city"][told] > 1).all()  # nothing near is allowed
    assert pairs >= {(0.0, 0.0), (0.0, 1.0), (1.0, 1_002.0)}


def test_after_training_what_cannot_be_is_explained() -> None:
    trained = fit_constraints([Inequality("start", "<=", "middle")], shop(), NAMED)
    with pytest.raises(ConstraintError, match="circle"):
        later_constraints([Inequality("middle", "<=", "start")], shop(), NAMED, trained=trained)
    with pytest.raises(ConstraintError, match="after training"):
        later_constraints([FixedCombinations(["city", "zip"])], shop(), NAMED)
    with pytest.raises(ConstraintError, match="not one of 1,500 rows"):
        later_constraints([Formula("quantity", "quantity2 * 0 - 1"), Range("quantity", 0)],
                          shop() | {"quantity2": shop()["quantity"]},
                          NAMED | {"quantity2": NAMED["quantity"]})  # fmt: skip
