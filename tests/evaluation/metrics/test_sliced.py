"""The sliced Wasserstein distance against scipy, closed forms, and plain resampling."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from zerosum.evaluation.metrics.base import MetricContext, SampleSet
from zerosum.evaluation.metrics.sliced import (
    SlicedWasserstein,
    random_directions,
    sliced_wasserstein,
)
from zerosum.rng import Noise
from zerosum.spaces import PointSpace

SPACE = PointSpace(center=(0.0, 0.0), scale=(1.0, 1.0))
LINE = torch.ones(1, 1)


def rows(n: int, num_features: int = 2, *, seed: int = 0) -> Tensor:
    return torch.randn(n, num_features, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("n", "m"), [(12, 12), (4, 6), (12, 5), (7, 1)])
def test_on_a_line_it_is_the_cheapest_way_to_move_points(n: int, m: int) -> None:
    x, y = rows(n, 1), 2 * rows(m, 1, seed=1) + 1
    # Every point n·m / n times, so that both have as many and can be paired.
    many_x, many_y = x.double().repeat(m, 1), y.double().repeat(n, 1)
    cost = (many_x - many_y.T).abs().numpy()
    expected = cost[linear_sum_assignment(cost)].mean()
    assert sliced_wasserstein(x, y, LINE) == pytest.approx(expected)


def test_a_shift_is_seen_as_far_as_directions_see_it() -> None:
    x = rows(50, 3)
    shift = torch.tensor([3.0, 0.0, 4.0])
    directions = random_directions(4_000, 3, Noise(0))
    assert directions.norm(dim=1).numpy() == pytest.approx(np.ones(4_000))
    # In space θ·s is uniform between -|s| and |s|.
    found = sliced_wasserstein(x, x + shift, directions)
    assert found == pytest.approx(5 / 2, rel=0.02)


def test_two_gaussians_come_near_their_closed_form() -> None:
    # F⁻¹(u) - G⁻¹(u) is a Gaussian itself: the mean of |δ + sZ|, with δ of means, s of deviations.
    shift, spread = 1.0, 2.0
    folded = spread * math.sqrt(2 / math.pi) * math.exp(-(shift**2) / (2 * spread**2))
    expected = folded + shift * math.erf(shift / (spread * math.sqrt(2)))
    x, y = rows(20_000, 1), 3 * rows(15_000, 1, seed=1) + 1
    assert sliced_wasserstein(x, y, LINE) == pytest.approx(expected, rel=0.02)


def test_repeating_every_point_changes_nothing() -> None:
    x, y, directions = rows(30), rows(20, seed=1), random_directions(16, 2, Noise(0))
    once = sliced_wasserstein(x, y, directions)
    assert sliced_wasserstein(x.repeat(3, 1), y, directions) == pytest.approx(once)
    assert sliced_wasserstein(y, x, directions) == pytest.approx(once)
    assert sliced_wasserstein(x, x.repeat(2, 1), directions) == pytest.approx(0, abs=1e-12)


def test_replicates_are_distances_of_resampled_points() -> None:
    made, real = SampleSet(rows(40), rows(40)), SampleSet(rows(30, seed=1), rows(30, seed=1))
    context = MetricContext(SPACE, extractor="pixels", split="holdout", replicates=3)
    found = SlicedWasserstein().read(made, real, context)["sliced_wasserstein"]
    for drawn, value in zip(context.resamples(40, "sliced"), found.replicates, strict=True):
        again = SlicedWasserstein().read(made.rows(drawn), real, context)["sliced_wasserstein"]
        assert value == pytest.approx(again.value)
