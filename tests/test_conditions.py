"""The language of conditions, read alone."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from zerosum.conditions import (
    AnyOf,
    Between,
    Missing,
    Other,
    Span,
    Value,
    read_condition,
    read_pairs,
    read_shares,
    read_turns,
    require_apart,
)
from zerosum.errors import ConditionError


@pytest.mark.parametrize(
    ("wanted", "read"),
    [
        (3, Value(3)),
        ("a", Value("a")),
        ("a,b", AnyOf((Value("a"), Value("b")))),
        (["a", 2], AnyOf((Value("a"), Value(2)))),
        (("a",), AnyOf((Value("a"),))),
        ({"a"}, AnyOf((Value("a"),))),
        (np.array([1, 2]), AnyOf((Value(1), Value(2)))),
        (torch.tensor(0.5), Value(0.5)),
        (np.float64(0.5), Value(0.5)),
        (pd.Series(["a"]), AnyOf((Value("a"),))),
        (Between(1, 2), Span(1, 2)),
        ("30..40", Span("30", "40")),
        (">=30", Span("30", None)),
        ("<= 30", Span(None, "30")),
        (">30", Span("30", None, strict=True)),
        ("<5", Span(None, "5", strict=True)),
        ("!=x", Other(Value("x"))),
        ("!=x,y", Other(AnyOf((Value("x"), Value("y"))))),
        ("missing", Missing()),
        (None, Missing()),
        (float("nan"), Missing()),
    ],
)
def test_every_form(wanted: Any, read: object) -> None:
    assert read_condition("name", wanted) == read


def test_names_come_first() -> None:
    known = ("missing", ">50K", "a,b", "1..2")
    for name in known:
        assert read_condition("name", name, known) == Value(name)
    assert read_condition("name", ">50K,x", known) == AnyOf((Value(">50K"), Value("x")))


def test_turns() -> None:
    assert read_turns("name", "a, b") == [Value("a"), Value("b")]
    assert read_turns("name", "a,b", ("a,b",)) == [Value("a,b")]
    assert read_turns("name", range(2)) == [Value(0), Value(1)]
    assert read_turns("name", np.array([0.5])) == [Value(0.5)]
    assert read_turns("name", Between(0, 1)) == [Span(0, 1)]
    assert read_turns("name", ["0..1", None]) == [Span("0", "1"), Missing()]


@pytest.mark.parametrize("read", [read_condition, read_turns])
def test_lists_have_values(read: Any) -> None:
    with pytest.raises(ConditionError, match="name has no values"):
        read("name", [])


def test_a_name_has_one_of_both() -> None:
    require_apart({"a": 1}, {"b": 1})
    with pytest.raises(ConditionError, match="b is in where and in in_turn"):
        require_apart({"a": 1, "b": 2}, {"b": 1})


def test_words_of_a_command_line() -> None:
    assert read_pairs(["a=1", "b=x=y", "c>=3", "d=>=3", "e!=x"]) == {
        "a": "1", "b": "x=y", "c": ">=3", "d": ">=3", "e": "!=x",
    }  # fmt: skip
    assert read_shares(["a=x:0.5", "a=y:0.1"]) == {"a": {"x": 0.5, "y": 0.1}}
    with pytest.raises(ConditionError, match="is not a condition"):
        read_pairs(["a"])
    with pytest.raises(ConditionError, match="a has two conditions"):
        read_pairs(["a=1", "a=2"])
    with pytest.raises(ConditionError, match="is no share"):
        read_shares(["a=x"])
