"""Kappa and d′ against closed forms, scikit-learn and published tables."""

import random

import pytest
from sklearn.metrics import cohen_kappa_score

from zerosum.studio.agreement import cohen_kappa, detection, fleiss_kappa


def test_cohen_is_that_of_scikit_learn() -> None:
    dice = random.Random(0)
    first = [dice.choice("abc") for _ in range(200)]
    second = [one if dice.random() < 0.6 else dice.choice("abc") for one in first]
    found = cohen_kappa(first, second)
    assert found is not None
    assert found.value == pytest.approx(cohen_kappa_score(first, second), abs=1e-4)
    assert found.low < found.value < found.high


def test_fleiss_is_that_of_the_textbook() -> None:
    """The worked example that statsmodels and the literature share: ten items, 14 raters."""
    table = [
        (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
        (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
    ]  # fmt: skip
    votes = [[str(i) for i, n in enumerate(row) for _ in range(n)] for row in table]
    found = fleiss_kappa(votes)
    assert found is not None
    assert found.value == pytest.approx(0.2099, abs=1e-4)
    assert 0 < found.low < found.value < found.high < 0.3


def test_chance_gives_nothing_and_unison_everything() -> None:
    dice = random.Random(1)
    votes = [[dice.choice("ab") for _ in range(3)] for _ in range(2_000)]
    found = fleiss_kappa(votes)
    assert found is not None
    assert found.low < 0 < found.high
    whole = fleiss_kappa([["a"] * 3, ["b"] * 3])
    assert whole is not None
    assert whole.value == 1
    assert fleiss_kappa([["a"] * 3] * 5) is None
    assert fleiss_kappa([]) is None
    assert cohen_kappa(["a"] * 3, ["a"] * 3) is None
    with pytest.raises(ValueError, match="the same number of votes"):
        fleiss_kappa([["a"], ["a", "b"]])


def test_d_prime_is_found_again() -> None:
    """Intervals of somebody with a d′ of 1.5 hold it as often as they say."""
    dice, held = random.Random(2), 0
    for _ in range(300):
        hits = sum(dice.gauss(0.75, 1) > 0 for _ in range(100))
        alarms = sum(dice.gauss(-0.75, 1) > 0 for _ in range(100))
        found = detection(hits, 100, alarms, 100)
        assert found is not None
        held += found.d_prime.low <= 1.5 <= found.d_prime.high
    assert 0.92 <= held / 300 <= 0.98


def test_who_is_always_right_has_a_finite_d_prime() -> None:
    found = detection(20, 20, 0, 20)
    assert found is not None
    assert 3 < found.d_prime.value < 6
    assert detection(0, 0, 1, 5) is None
