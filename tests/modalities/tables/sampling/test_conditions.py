"""Which values a condition allows, as it is written."""

from math import nan
from typing import Any

import pytest
import torch

from zerosum.conditions import Between
from zerosum.modalities.tables.fields import FloatField, IntegerField
from zerosum.modalities.tables.sampling.conditions import parse_condition
from zerosum.modalities.tables.time_fields import DateField, DatetimeField

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


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("2024-02", "2024-02-01 00:00", "2024-02-29 23:59"),
        ("2024-01..2024-02", "2024-01-01 00:00", "2024-02-29 23:59"),
        ("2024-12-31", "2024-12-31 00:00", "2024-12-31 23:59"),
    ],
)
def test_a_day_or_month_is_all_of_it(wanted: str, first: str, last: str) -> None:
    field = DatetimeField(name="at", resolution="minute")
    assert parse_condition(field, wanted).ranges == ((field.value_of(first), field.value_of(last)),)
    day = DateField(name="day")
    days = day.value_of(first[:10]), day.value_of(last[:10])
    assert parse_condition(day, wanted).ranges == (days,)
