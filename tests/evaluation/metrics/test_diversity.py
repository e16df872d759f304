"""The spread of features, against its definition."""

import pytest
import torch

from zerosum.evaluation.metrics.base import MetricContext, SampleSet
from zerosum.evaluation.metrics.diversity import Diversity, mean_square_spread
from zerosum.rng import Noise
from zerosum.spaces import PointSpace

BENCH = MetricContext(PointSpace(center=(0.0,), scale=(1.0,)), "pixels", "holdout", replicates=5)


def ratio(samples: torch.Tensor, reals: torch.Tensor) -> float:
    sides = SampleSet(samples, samples), SampleSet(reals, reals)
    return Diversity().read(*sides, BENCH)["feature_spread"].value


def test_it_is_half_the_mean_squared_distance_of_two_rows() -> None:
    x = Noise(0).normal(40, 3).double() + 100
    between = torch.cdist(x, x).square().mean()
    assert mean_square_spread(x) == pytest.approx(float(between) / 2)
    assert mean_square_spread(x) == pytest.approx(float(torch.cov(x.T, correction=0).trace()))


def test_weights_are_repetitions() -> None:
    x, rows = Noise(0).normal(40, 3), Noise(1).integers(40, high=40)
    weights = torch.bincount(rows, minlength=40)
    assert mean_square_spread(x, weights) == pytest.approx(mean_square_spread(x[rows]))


@pytest.mark.parametrize("factor", [0.0, 0.5, 1.0, 3.0])
def test_what_is_stretched_spreads_as_much_more(factor: float) -> None:
    x = Noise(0).normal(100, 4)
    assert ratio(factor * x + 7, x) == pytest.approx(factor, abs=1e-5)


def test_reals_that_are_all_alike_give_a_finite_number() -> None:
    same = torch.ones(10, 2)
    assert ratio(same, same) == 1
    assert ratio(Noise(0).normal(10, 2), same) < float("inf")
