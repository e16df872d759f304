"""Rates and risks, against scipy and against draws."""

import numpy as np
import pytest
import torch
from scipy import stats

from zerosum.modalities.tables.privacy.attack import share
from zerosum.modalities.tables.privacy.rates import Rate, risk


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (1, 7), (50, 100), (999, 1_000), (30, 30)])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.999])
def test_intervals_are_wilsons(hits: int, n: int, confidence: float) -> None:
    expected = stats.binomtest(hits, n).proportion_ci(confidence, "wilson")
    assert Rate(hits / n, n).interval(confidence) == pytest.approx(tuple(expected), abs=1e-12)


@pytest.mark.parametrize(("p", "q"), [(0.2, 0.2), (0.03, 0.01), (0.9, 0.5), (0.6, 0.6)])
def test_the_interval_of_a_risk_holds_it(p: float, q: float) -> None:
    rng = np.random.default_rng(0)
    truth, held = (p - q) / (1 - q), 0
    for a, b in zip(rng.binomial(500, p, 400), rng.binomial(300, q, 400), strict=True):
        found = risk(Rate(a / 500, 500), Rate(b / 300, 300))
        held += found.low <= truth <= found.high
    assert 0.91 < held / 400 < 0.985


def test_the_ends_of_a_risk() -> None:
    assert risk(Rate(1.0, 100), Rate(0.0, 100)).value == 1
    assert risk(Rate(0.3, 100), Rate(0.3, 100)).value == 0
    nothing = risk(Rate(1.0, 100), Rate(1.0, 100))
    assert (nothing.value, nothing.low, nothing.high) == (0, -1, 1)


def test_shares_that_vary_little_count_for_more() -> None:
    whole = share(torch.tensor([1.0, 0.0, 1.0, 0.0]))
    parts = share(torch.tensor([0.6, 0.4, 0.6, 0.4]))
    assert (whole.value, whole.n) == (0.5, 4)
    assert parts.n == pytest.approx(100, rel=1e-5)
    assert share(torch.ones(5)) == Rate(1.0, 5)
