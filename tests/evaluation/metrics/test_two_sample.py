"""Judges of two samples: they cannot tell what is the same, and always tell what is apart."""

import pytest
import torch

from zerosum.evaluation.metrics.base import MetricContext, SampleSet
from zerosum.evaluation.metrics.two_sample import (
    C2stLinear,
    C2stStrong,
    linear_judge,
    strong_judge,
    told_apart,
)
from zerosum.rng import Noise
from zerosum.spaces import ImageSpace, PointSpace, Space

BOTH = pytest.mark.parametrize("judge", [linear_judge, strong_judge], ids=lambda j: j.__name__)
PICTURES = ImageSpace(channels=1, height=2, width=2)


def context(space: Space, replicates: int = 0) -> MetricContext:
    return MetricContext(space, "pixels", "holdout", replicates=replicates)


@BOTH
def test_what_is_the_same_cannot_be_told_apart(judge) -> None:
    noise = Noise(0)
    right = told_apart(noise.normal(600, 3), noise.normal(600, 3), judge, seed=0)
    assert right.shape == (2, 600)
    assert float(right.mean()) == pytest.approx(0.5, abs=0.05)


@BOTH
def test_what_is_apart_always_is(judge) -> None:
    noise = Noise(0)
    right = told_apart(noise.normal(100, 3), noise.normal(100, 3) + 20, judge, seed=0)
    assert float(right.mean()) == 1


def test_only_the_strong_judge_sees_a_spread() -> None:
    noise = Noise(0)
    wide, narrow = noise.normal(600, 4), 0.5 * noise.normal(600, 4)
    assert float(told_apart(wide, narrow, linear_judge, seed=0).mean()) < 0.56
    assert float(told_apart(wide, narrow, strong_judge, seed=0).mean()) > 0.75


def test_a_known_rate() -> None:
    # Two Gaussians whose means are 2 apart: the best line is right with probability Φ(1).
    noise = Noise(0)
    a, b = noise.normal(1_000, 1), noise.normal(1_000, 1) + 2
    assert float(told_apart(a, b, linear_judge, seed=0).mean()) == pytest.approx(0.841, abs=0.03)


def test_features_that_differ_are_found_among_many_that_do_not() -> None:
    noise = Noise(0)
    a, b = noise.normal(200, 400), noise.normal(200, 400)
    b[:, 371] += 5
    assert float(told_apart(a, b, strong_judge, seed=0).mean()) > 0.95


@BOTH
def test_features_that_never_vary_do_no_harm(judge) -> None:
    a, b = torch.zeros(60, 3), torch.zeros(60, 3)
    b[0, 1] = 1
    assert 0 <= float(told_apart(a, b, judge, seed=0).mean()) <= 1


@pytest.mark.parametrize("measure", [C2stLinear(), C2stStrong()])
def test_sides_are_balanced_and_less_than_a_half_is_a_half(measure) -> None:
    noise = Noise(0)
    many, few = noise.normal(700, 4), noise.normal(150, 4)
    exhibits = [SampleSet(x.to(torch.uint8), x) for x in (many, few)]
    (reading,) = measure.read(*exhibits, context(PICTURES, replicates=10)).values()
    # Were sides as they come, to say "sample" always would be right in 82 of 100 cases.
    assert 0.5 <= reading.value < 0.6
    assert len(reading.replicates) == 10
    copies = SampleSet(few.to(torch.uint8), few)
    (reading,) = measure.read(copies, copies, context(PICTURES)).values()
    assert reading.value == 0.5


def test_of_points_the_points_are_seen_whatever_the_features() -> None:
    space = PointSpace(center=(0.0,), scale=(1.0,))
    noise = Noise(0)
    blind = torch.zeros(90, 5)
    here = SampleSet(noise.normal(90, 1), blind)
    there = SampleSet(noise.normal(90, 1) + 9, blind)
    for measure in (C2stLinear(), C2stStrong()):
        (reading,) = measure.read(here, there, context(space)).values()
        assert reading.value > 0.95
