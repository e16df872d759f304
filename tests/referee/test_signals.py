"""Surprise: how unusual a row is beside those before."""

import json

import pytest

from zerosum.referee.signals import GONE, Trace, even_scale
from zerosum.rng import Noise

ROW = {"discriminator/accuracy": 0.8, "generator/slope": 2.0, "generator/codes": 1.5}


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


def test_one_spike_is_no_surprise_but_of_a_speed() -> None:
    """Terms spike in sound duels too; weights do not."""
    trace = Trace()
    for row in rows(30):
        trace.add(row | {"generator/speed": 0.01})
    trace.add(ROW | {"generator/codes": 40.0, "generator/speed": 1.0})
    surprise = trace.add(ROW | {"generator/speed": 0.01})
    assert abs(surprise["generator/codes"]) < 2
    assert surprise["generator/speed"] > 5


def test_a_slow_drift_is_followed() -> None:
    trace = Trace()
    scores = [trace.add({"generator/codes": 1 + 0.005 * i}) for i in range(200)]
    assert max(abs(z) for row in scores for z in row.values()) < 2


def test_a_term_that_comes_anew_is_no_surprise_and_one_that_goes_missing_is() -> None:
    trace = Trace()
    for row in rows(30):
        trace.add(row)
    changed = {"discriminator/r1": 1.0, "generator/slope": 2.0, "generator/codes": 1.5}
    trace.add(changed)
    surprise = trace.add(changed)
    assert "discriminator/r1" not in surprise
    assert surprise["discriminator/accuracy"] == GONE


def test_terms_whose_offset_is_free_are_left_out() -> None:
    trace = Trace()
    for row in rows(30):
        trace.add(row | {"discriminator/real": 0.5})
    assert "discriminator/real" not in trace.add(ROW | {"discriminator/real": 90.0})


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
