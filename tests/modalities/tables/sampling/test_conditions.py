"""Which values a condition allows, as it is written."""

from math import nan
from typing import Any

import pytest
import torch

from zerosum.conditions import Between
from zerosum.modalities.tables.fields import FloatField, IntegerField
from zerosum.modalities.tables.sampling.conditions import parse_condition

NUMBERS = [-1.0, 29.0, 30.0, 31.0, 40.0, nan]
KNOWN = set(NUMBERS[:-1])


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (">30", {31.0, 40.0}),
        (">=30", {30.0, 31.0, 40.0}),
        ("<30", {-1.0, 29.0}),
        ("<=30", {-1.0, 29.0, 30.0}),
        ("30..31", {30.0, 31.0}),
        ("..29", {-1.0, 29.0}),
        (Between(31), {31.0, 40.0}),
        ("!=30", KNOWN - {30.0}),
        ("!=missing", KNOWN),
        ([29, 40], {29.0, 40.0}),
        (30, {30.0}),
        (None, set()),
    ],
)
def test_of_whole_numbers(wanted: Any, expected: set[float]) -> None:
    allowed = parse_condition(IntegerField(name="age"), wanted)
    *held, missing = allowed.holds(torch.tensor(NUMBERS).double()).tolist()
    assert {value for value, one in zip(NUMBERS, held, strict=False) if one} == expected
    assert missing == (wanted is None)


def test_of_numbers_with_one_decimal() -> None:
    field, values = FloatField(name="x", places=1), torch.tensor([1.4, 1.5, 1.6, 2.0]).double()
    above, below = (parse_condition(field, one).holds(values).tolist() for one in (">1.5", "<2"))
    assert above == [False, False, True, True]
    assert below == [True, True, True, False]
