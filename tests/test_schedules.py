"""Schedules against their curves."""

import math

import pytest

from zerosum.config import family_of
from zerosum.schedules import Constant, Cosine, Linear, Schedule

KINDS = [k for k, c in family_of(Schedule).items() if c.__module__.startswith("zerosum.")]


def test_constant() -> None:
    assert [Constant(value=0.3).at(p) for p in (0.0, 0.5, 1.0)] == [0.3] * 3


@pytest.mark.parametrize("progress", [0.0, 0.2, 0.35, 0.5, 0.79, 0.8, 1.0])
def test_ramps_between_two_moments(progress: float) -> None:
    share = min(max((progress - 0.2) / 0.6, 0), 1)
    body = {"start": 2.0, "end": 0.5, "begin": 0.2, "until": 0.8}
    assert Linear.from_json(body).at(progress) == pytest.approx(2 - 1.5 * share)
    expected = 0.5 + 0.75 * (1 + math.cos(math.pi * share))
    assert Cosine.from_json(body).at(progress) == pytest.approx(expected)


@pytest.mark.parametrize("ramp", [Linear, Cosine])
def test_a_ramp_without_length_is_a_jump(ramp: type[Linear] | type[Cosine]) -> None:
    jump = ramp(begin=0.5, until=0.5)
    assert [jump.at(p) for p in (0.0, 0.49, 0.5, 1.0)] == [1, 1, 0, 0]
    assert ramp(begin=0.0, until=0.0).at(0.0) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_every_schedule_is_finite_and_starts_at_its_start(kind: str) -> None:
    schedule = Schedule.from_json(kind)
    assert all(math.isfinite(schedule.at(i / 10)) for i in range(11))
    assert schedule.at(0.0) == 1
