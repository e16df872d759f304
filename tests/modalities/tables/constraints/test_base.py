"""Each kind of constraint by itself: what obeys, what is moved where, what is missing."""

import json
from datetime import date

import pytest
import torch
from torch import Tensor

from zerosum.config import family_of
from zerosum.errors import ConfigError, ConstraintError
from zerosum.modalities.tables.constraints.base import Constraint, Values
from zerosum.modalities.tables.constraints.bounds import Positive, Range, Rounded
from zerosum.modalities.tables.constraints.groups import FixedCombinations, OneHot, Unique
from zerosum.modalities.tables.constraints.inequality import Inequality
from zerosum.modalities.tables.constraints.kinds import read_constraints
from zerosum.modalities.tables.constraints.sums import Formula, Sum
from zerosum.modalities.tables.fields import CategoryField, Field, FloatField, IntegerField
from zerosum.modalities.tables.time_fields import DateField, DatetimeField
from zerosum.modalities.tables.unmodelled_fields import ConstantField, KeyField

NAN = float("nan")

ONE_OF_EACH: list[Constraint] = [
    Inequality("a", "<=", "b", "<=", "c"),
    Range("a", 0, 10),
    Positive("a"),
    Rounded("a", 2),
    Sum(["a", "b"], "t"),
    Formula("t", "a * `b c`"),
    FixedCombinations(["a", "b"], [["x", 1], ["y", None]]),
    OneHot(["a", "b"]),
    Unique(["a", "b"]),
]


def table(**columns: list[float]) -> Values:
    return {name: torch.tensor(x, dtype=torch.float64) for name, x in columns.items()}


def floats(*names: str, places: int | None = None) -> dict[str, Field]:
    return {name: FloatField(name=name, places=places) for name in names}


def same(a: Tensor, b: list[float]) -> bool:
    return torch.allclose(
        a, torch.tensor(b, dtype=torch.float64), rtol=0, atol=1e-12, equal_nan=True
    )


def test_here_is_one_of_each() -> None:
    own = {k for k, c in family_of(Constraint).items() if c.__module__.startswith("zerosum.")}
    assert {one.kind for one in ONE_OF_EACH} == own


@pytest.mark.parametrize("one", ONE_OF_EACH, ids=lambda one: one.kind)
def test_it_survives_json(one: Constraint) -> None:
    assert Constraint.from_json(json.loads(json.dumps(one.to_json()))) == one
    assert one.statement


def test_json_is_short_to_write() -> None:
    plain = {"kind": "inequality", "low": "start", "high": "end", "strict": False}
    assert Constraint.from_json(plain) == Inequality("start", "<=", "end")
    assert Inequality("end", ">", "start") == Inequality("start", "<", "end")
    assert Range("day", date(2020, 1, 31)) == Range("day", "2020-01-31")


@pytest.mark.parametrize(
    "given", [("a", "<"), ("a", "b", "c"), ("a", "<", "b", "<=", "c"), ("a", "=", "b")]
)
def test_an_inequality_says_what_it_takes(given: tuple[str, ...]) -> None:
    with pytest.raises(ConstraintError, match="Inequality\\('start', '<=', 'end'\\)"):
        Inequality(*given)


def test_too_many_or_too_few_arguments() -> None:
    with pytest.raises(ConstraintError, match="It takes column, low, high"):
        Range("a", 0, 1, 2)  # pyright: ignore[reportCallIssue]
    with pytest.raises(ConfigError, match=r"range\.column is missing"):
        Range()  # pyright: ignore[reportCallIssue]


def test_a_chain_is_compared_across_gaps() -> None:
    values = table(a=[1, 1, NAN, 5], b=[2, NAN, 2, NAN], c=[2, 3, 1, 4])
    one = Inequality("a", "<=", "b", "<=", "c")
    assert one.holds(values).tolist() == [True, True, False, False]
    assert one.having(strict=True).holds(values).tolist() == [False, True, False, False]


def test_columns_in_the_wrong_order_are_swapped() -> None:
    values = table(a=[3, 9, NAN, 1], b=[1, NAN, 2, 1], c=[2, 4, 1, 1])
    fields = floats("a", "b", "c", places=0)
    moved = Inequality("a", "<=", "b", "<=", "c").fit(values, fields).project(values)
    assert same(moved["a"], [1, 4, NAN, 1])
    assert same(moved["b"], [2, NAN, 1, 1])
    assert same(moved["c"], [3, 9, 2, 1])
    strict = Inequality("a", "<", "b", "<", "c").fit(values, fields)
    assert same(torch.stack([*strict.project(values).values()])[:, 3], [1, 2, 3])


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    ("places_a", "places_b"), [(2, 0), (0, 2), (1, 1), (None, None), (2, None)]
)
def test_distances_hold_after_rounding(
    strict: bool, places_a: int | None, places_b: int | None
) -> None:
    noise = torch.Generator().manual_seed(0)
    a = torch.randn(500, generator=noise, dtype=torch.float64) * 3
    b = a + 0.3 + torch.rand(500, generator=noise, dtype=torch.float64) * 5
    a = a if places_a is None else (a - 0.5).round(decimals=places_a)
    b = b.ceil() + 1 if places_b == 0 else b if places_b is None else b.round(decimals=places_b)
    fields: dict[str, Field] = {
        "a": FloatField(name="a", places=places_a), "b": FloatField(name="b", places=places_b)
    }  # fmt: skip
    one = Inequality("a", "<" if strict else "<=", "b").fit({"a": a, "b": b}, fields)
    coded = one.forward({"a": a, "b": b})
    assert set(coded) == {"a", "b - a"}
    assert torch.allclose(one.backward(coded)["b"], b)
    least = coded | {"b - a": torch.full_like(a, 0.0)}
    back = one.backward(least)
    assert one.having(strict=strict).holds(back).all()
    assert torch.equal(back["a"], a)
    if places_b is not None:
        assert torch.allclose(back["b"], back["b"].round(decimals=places_b))


@pytest.mark.parametrize(
    ("a", "b", "constructed", "made"),
    [
        ([1, 2], [3, NAN], True, "b - a"),
        ([1, NAN], [3, 4], True, "b - a"),
        ([1, NAN], [NAN, 4], False, "b - a"),
    ],
)
def test_gaps_of_one_end_come_back(
    a: list[float], b: list[float], constructed: bool, made: str
) -> None:
    values = table(a=a, b=b)
    one = Inequality("a", "<=", "b").fit(values, floats("a", "b"))
    assert one.constructed == constructed
    assert one.made == (made,)
    if constructed:
        back = one.backward(one.forward(values))
        assert same(back["a"], a)
        assert same(back["b"], b)


def test_a_range_is_cut_to_the_columns_decimals() -> None:
    values = table(x=[0.1, 0.2, NAN])
    one = Range("x", 0.05, 0.28).fit(values, floats("x", places=1))
    assert (one.lowest, one.highest) == (0.1, 0.2)
    moved = one.project(table(x=[-3, 0.25, NAN, 0.1]))
    assert same(moved["x"], [0.1, 0.2, NAN, 0.1])
    assert one.holds(moved).all()


def test_what_is_not_positive_becomes_the_least_that_is() -> None:
    values = table(x=[0.5, 2, NAN])
    for places, least in ((2, 0.01), (None, 0.5)):
        one = Positive("x").fit(values, floats("x", places=places))
        assert one.holds(table(x=[0, NAN, 3])).tolist() == [False, True, True]
        assert same(one.project(table(x=[0, -1, 3]))["x"], [least, least, 3])


def test_numbers_are_rounded_and_other_constraints_see_it() -> None:
    from zerosum.modalities.tables.constraints.fitting import fit_constraints

    values = table(x=[100, 300, NAN, 200])
    fields: dict[str, Field] = {"x": IntegerField(name="x")}
    fitted = fit_constraints([Range("x", 50, 399), Rounded("x", -2)], values, fields)
    assert (fitted[0].lowest, fitted[0].highest) == (100, 300)  # pyright: ignore[reportAttributeAccessIssue]
    assert same(Rounded("x", -2).project(table(x=[149, 251]))["x"], [100, 300])
    assert Rounded("x", 1).holds(table(x=[0.1 + 0.2, 0.31, 1e7 + 0.3])).tolist() == [
        True, False, True,
    ]  # fmt: skip


def test_a_sum_holds_after_rounding() -> None:
    values = table(a=[0.1, 1.25, 2, NAN], b=[0.2, 1, NAN, 1], t=[0.3, 2.25, NAN, NAN])
    one = Sum(["a", "b"], "t").fit(values, floats("a", "b", "t", places=2))
    assert one.constructed
    coded = one.forward(values)
    assert set(coded) == {"a", "b"}
    assert same(one.backward(coded)["t"], [0.3, 2.25, NAN, NAN])
    assert one.holds(table(a=[0.1, 0.1], b=[0.2, 0.2], t=[0.31, 0.3])).tolist() == [False, True]


def test_a_total_with_gaps_of_its_own_is_not_constructed() -> None:
    values = table(a=[1, 2], b=[1, 2], t=[2, NAN])
    one = Sum(["a", "b"], "t").fit(values, floats("a", "b", "t", places=0))
    assert not one.constructed
    assert one.holds(values).all()
    assert same(one.project(table(a=[1], b=[2], t=[9]))["t"], [3])


def test_a_formula_determines_a_column() -> None:
    values = table(p=[2.5, 4, 1], q=[2, 0, 3], t=[1.25, NAN, 0.33])
    one = Formula("t", "p / q").fit(values, floats("p", "q", "t", places=2))
    assert one.constructed
    assert same(one.backward(one.forward(values))["t"], [1.25, NAN, 0.33])


def combinations() -> tuple[Values, dict[str, Field]]:
    values = table(city=[0, 0, 0, 1, 1, NAN, 0, 1], zip=[1, 1, 2, 3, 3, NAN, 1, 3])
    fields: dict[str, Field] = {
        "city": CategoryField(name="city", names=("Oslo", "Bergen")),
        "zip": IntegerField(name="zip"),
    }
    return values, fields


def test_combinations_are_one_column() -> None:
    values, fields = combinations()
    one = FixedCombinations(["city", "zip"]).fit(values, fields)
    coded = one.forward(values)
    assert set(coded) == {"city, zip"}
    assert one.combinations[:2] == ((0, 1), (1, 3))
    back = one.backward(coded)
    assert all(torch.equal(back[n].nan_to_num(-1), values[n].nan_to_num(-1)) for n in values)
    strange = table(city=[0, 1, NAN, 1], zip=[3, 1, 9, NAN])
    assert one.holds(strange).tolist() == [False, False, True, True]
    assert same(one.project(strange)["zip"][:2], [1, 3])
    assert float(one.forward(strange)["city, zip"][0]) == len(one.combinations)
    assert len(one.makes[0].categories) == len(one.combinations)


def test_combinations_may_be_given() -> None:
    values, fields = combinations()
    one = FixedCombinations(["city", "zip"], [["Oslo", 2], ["Bergen", 3]]).fit(values, fields)
    assert one.combinations == ((0, 2), (1, 3))
    assert one.holds(values).tolist() == [False, False, True, True, True, True, False, True]


def test_one_of_a_group_is_on() -> None:
    values = table(a=[1, 0, 0, NAN, 1], b=[1, 0, 1, NAN, 1])
    fields: dict[str, Field] = {
        "a": IntegerField(name="a"), "b": CategoryField(name="b", names=("yes", "no"))
    }  # fmt: skip
    one = OneHot(["a", "b"]).fit(values, fields)
    assert one.constructed
    assert one.on == (1, 0)
    assert one.holds(values).tolist() == [True, True, False, True, True]
    back = one.backward(one.forward(values))
    assert same(back["a"], [1, 0, 1, NAN, 1])
    assert same(back["b"], [1, 0, 1, NAN, 1])
    both = one.project(table(a=[1, 0], b=[0, 1]))
    assert same(both["a"], [1, 1])
    assert same(both["b"], [1, 1])


def test_only_repeated_rows_are_not_unique() -> None:
    one = Unique(["a", "b"])
    values = table(a=[1, 1, 1, NAN, NAN, 2], b=[1, 2, 1, 1, 1, 1])
    assert one.holds(values).tolist() == [True, True, False, True, True, True]


def test_made_columns_are_not_constrained() -> None:
    values, fields = combinations()
    fields |= {"same": ConstantField(name="same", dtype="int64"), "id": KeyField(name="id")}
    with pytest.raises(ConstraintError, match="made and not learned"):
        Range("same", 0).fit(values, fields)
    one = Unique(["same", "zip"]).fit(values, fields)
    assert not one.constructed
    assert one.holds(values).tolist() == [True, False, True, True, False, True, False, False]
    assert Unique(["same"]).fit(values, fields).holds(values).sum() == 1
    assert Unique(["id", "zip"]).fit(values, fields).constructed


def test_days_and_hours_are_compared_as_moments() -> None:
    values = table(day=[10, 20, 30], hour=[10 * 24, 20 * 24 + 5, 31 * 24])
    fields: dict[str, Field] = {
        "day": DateField(name="day"),
        "hour": DatetimeField(name="hour", dtype="timestamp[s]", resolution="hour"),
    }
    one = Inequality("day", "<=", "hour").fit(values, fields)
    assert one.constructed
    coded = one.forward(values)
    assert same(coded["hour - day"], [0, 5, 24])
    assert all(torch.equal(one.backward(coded)[name], values[name]) for name in values)
    assert one.holds(table(day=[10, 10], hour=[239, 240])).tolist() == [False, True]
    assert same(one.project(table(day=[12], hour=[11 * 24 + 7]))["day"], [11])
    down = Inequality("hour", "<", "day").having(downwards=True)
    late = table(day=[11, 21, 32], hour=[10 * 24, 20 * 24 + 5, 31 * 24])
    late["hour"][0] = NAN
    fitted = down.fit(late, fields)
    assert fitted.downwards
    back = fitted.backward(fitted.forward(late))
    assert all(torch.equal(back[n].nan_to_num(), late[n].nan_to_num()) for n in late)
    assert Range("day", "1970-01-11").fit(values, fields).lowest == 10
    fields["n"] = FloatField(name="n")
    with pytest.raises(ConstraintError, match="'n' holds numbers, and 'day' moments"):
        Inequality("day", "<=", "n").fit(values | {"n": values["day"]}, fields)
    with pytest.raises(ConstraintError, match="cannot be counted together"):
        Sum(["day"], "hour").fit(values, fields)


def test_constraints_are_read(tmp_path) -> None:
    path = tmp_path / "constraints.json"
    path.write_text(json.dumps([one.to_json() for one in ONE_OF_EACH]), encoding="utf-8")
    assert read_constraints(path) == tuple(ONE_OF_EACH)
    assert read_constraints([ONE_OF_EACH[0], {"kind": "positive", "column": "a"}]) == (
        ONE_OF_EACH[0], Positive("a"),
    )  # fmt: skip
    assert read_constraints({"kind": "positive", "column": "a"}) == (Positive("a"),)
    assert read_constraints(None) == ()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ('"range"', "Give a list"),
        ("[1", "cannot be read"),
        ('[{"kind": "rnge", "column": "a"}]', "Did you mean 'range'"),
        ("[3]", "is no constraint"),
    ],
)
def test_files_that_hold_no_constraints(tmp_path, given: str, message: str) -> None:
    path = tmp_path / "constraints.json"
    path.write_text(given, encoding="utf-8")
    with pytest.raises(ConstraintError, match=message):
        read_constraints(path)
    with pytest.raises(ConstraintError, match="cannot be read"):
        read_constraints(tmp_path / "nowhere.json")
