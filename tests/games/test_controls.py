"""Controls choose values by conditions."""

import json
from typing import Any

import pytest
import torch

from zerosum.conditions import Between, read_condition
from zerosum.errors import ConditionError
from zerosum.games.controls import ChoiceControl, RangeControl
from zerosum.rng import Noise

CHANCE = Noise(0).uniform(20_000)


def pick(control: ChoiceControl | RangeControl, wanted: Any) -> torch.Tensor:
    return control.pick("c", read_condition("c", wanted, control.names), CHANCE)


def test_labels_are_as_frequent_as_in_the_data() -> None:
    control = ChoiceControl(("a", "b", "c", "d"), (10, 30, 60, 0))
    assert set(pick(control, "b").tolist()) == {1}
    shares = pick(control, "a,b").bincount(minlength=4) / len(CHANCE)
    torch.testing.assert_close(shares, torch.tensor([0.25, 0.75, 0.0, 0.0]), atol=0.02, rtol=0)
    shares = pick(control, "!=c").bincount(minlength=4) / len(CHANCE)
    torch.testing.assert_close(shares, torch.tensor([0.25, 0.75, 0.0, 0.0]), atol=0.02, rtol=0)
    assert set(pick(control, "d").tolist()) == {3}
    assert set(pick(control, ["d", "d"]).tolist()) == {3}


def test_names_without_counts_are_as_likely() -> None:
    shares = pick(ChoiceControl(("a", "b", "c")), ["a", "!=a"]).bincount(minlength=3) / len(CHANCE)
    torch.testing.assert_close(shares, torch.full((3,), 1 / 3), atol=0.02, rtol=0)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("e", "c has no value 'e'. Allowed: a, b"),
        (None, "c has no value None"),
        (["a", None], "c has no value None"),
        ("a..b", "c has no order.*Name its values: c=a,b"),
        ("!=a,b", "no value of c obeys !='a', 'b'"),
    ],
)
def test_what_names_do_not_take(wanted: Any, message: str) -> None:
    with pytest.raises(ConditionError, match=message):
        pick(ChoiceControl(("a", "b")), wanted)


@pytest.mark.parametrize(
    ("wanted", "low", "high"),
    [
        (Between(0.5, 0.7), 0.5, 0.7),
        ("0.5..0.7", 0.5, 0.7),
        (">=1.5", 1.5, 2),
        (">1.5", 1.5, 2),
        ("<0.5", 0, 0.5),
        ("-9..0.5", 0, 0.5),
        ("..", 0, 2),
    ],
)
def test_numbers_within_a_range(wanted: Any, low: float, high: float) -> None:
    made = pick(RangeControl(0, 2), wanted)
    assert low <= float(made.min()) < low + 0.01 * (high - low)
    assert high - 0.01 * (high - low) < float(made.max()) <= high
    assert float(made.mean()) == pytest.approx((low + high) / 2, abs=0.02)


def test_any_of_several_numbers() -> None:
    made = pick(RangeControl(-1, 1), "0.5,-1..-0.5")
    single = made == 0.5
    assert float(single.float().mean()) == pytest.approx(0.5, abs=0.02)
    assert bool((made[~single] <= -0.5).all())
    assert pick(RangeControl(-1, 1), 0.1).unique().tolist() == torch.tensor([0.1]).tolist()


@pytest.mark.parametrize("wanted", [3, "3", ">=3", ">2,5", "!=1", None, "far", "far..1", [0, 3]])
def test_what_numbers_do_not_take(wanted: Any) -> None:
    with pytest.raises(ConditionError, match=r"c is .*; it takes numbers from 0 to 2: one,"):
        pick(RangeControl(0, 2), wanted)


def test_json() -> None:
    told = {
        "label": ChoiceControl(("a",), (3,)), "x": RangeControl(-1.0, 1.0),
        "sum": RangeControl(-torch.inf, torch.inf),
        "day": RangeControl(0, 1, ("1970-01-01", "1970-01-02")),
    }  # fmt: skip
    assert json.loads(json.dumps({name: one.to_json() for name, one in told.items()})) == {
        "label": {"kind": "choice", "names": ["a"]},
        "x": {"kind": "range", "low": -1.0, "high": 1.0},
        "sum": {"kind": "range", "low": None, "high": None},
        "day": {"kind": "range", "low": "1970-01-01", "high": "1970-01-02"},
    }
