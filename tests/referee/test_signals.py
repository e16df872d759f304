"""Surprise: how unusual a row is beside those before."""

import json

import pytest

from zerosum.referee.signals import Trace, even_scale
from zerosum.rng import Noise

ROW = {"discriminator/accuracy": 0.8, "generator/slope": 2.0, "generator/adversarial": 1.5}


def rows(n: int) -> list[dict[str, float]]:
    noise = 1 + 0.05 * Noise(0).normal(n, len(ROW))
    return [dict(zip(ROW, (v * f for v, f in zip(ROW.values(), row.tolist(), strict=True)), strict=True)) for row in noise]  # fmt: skip  # noqa: E501


def test_nothing_is_surprising_before_there_is_something_to_compare_with() -> None:
    trace = Trace()
    assert all(not trace.add(row) for row in rows(12))
    assert set(trace.add(ROW)) == set(ROW)


def test_steady_signals_do_not_surprise_and_a_jump_does() -> None:
    trace = Trace()
    steady = [trace.add(row) for row in rows(60)]
    assert max(abs(z) for scores in steady for z in scores.values()) < 2
    jumped = ROW | {"generator/slope": 40.0}
    trace.add(jumped)
    surprise = trace.add(jumped)
    assert surprise["generator/slope"] > 5
    assert abs(surprise["discriminator/accuracy"]) < 2


def test_a_slow_drift_is_followed() -> None:
    trace = Trace()
    scores = [trace.add({"generator/adversarial": 1 + 0.005 * i}) for i in range(200)]
    assert max(abs(z) for row in scores for z in row.values()) < 2


def test_a_term_that_goes_missing_or_comes_anew_is_no_error() -> None:
    trace = Trace()
    for row in rows(30):
        trace.add(row)
    assert "discriminator/r1" not in trace.add({"discriminator/r1": 1.0, "generator/slope": 2.0})


def test_it_goes_on_from_its_state() -> None:
    straight, first = Trace(), Trace()
    many = rows(40)
    for row in many[:25]:
        straight.add(row)
        first.add(row)
    second = Trace()
    second.load_state(json.loads(json.dumps(first.state())))
    assert [straight.add(row) for row in many[25:]] == [second.add(row) for row in many[25:]]


def test_after_clearing_it_starts_over() -> None:
    trace = Trace()
    for row in rows(30):
        trace.add(row)
    trace.clear()
    assert not trace.add(ROW)


@pytest.mark.parametrize("name", ["a/slope", "a/spread", "a/accuracy", "a/real_sign", "a/x"])
def test_every_scale_keeps_the_order(name: str) -> None:
    values = [even_scale(name, v) for v in (0.01, 0.2, 0.5, 0.9)]
    assert values == sorted(values)
