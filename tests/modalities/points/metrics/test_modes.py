"""Mode counts against cases counted by hand."""

import math
from dataclasses import replace

import pytest
import torch

from zerosum.errors import EvaluationError
from zerosum.evaluation.metrics.base import MetricContext, SampleSet
from zerosum.modalities.points.metrics.modes import Modes, count_modes
from zerosum.modalities.points.toy import RingConfig
from zerosum.spaces import PointSpace

CENTERS = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])


def test_by_hand() -> None:
    x = torch.tensor(
        [
            [0.0, 0.0],
            [0.0, 2.9],  # within three deviations of the first
            [0.0, 3.1],  # just outside
            [10.0, -1.0],
            [5.0, 0.0],  # between two modes
            [99.0, 99.0],
            [9.0, 0.5],
            [-2.0, -2.0],  # at a distance of 2.83
        ]
    )
    count = count_modes(x, CENTERS, 1.0)
    assert count.num_modes == 3
    assert count.covered == 2
    assert count.high_quality == 5 / 8
    expected = 0.6 * math.log(0.6 * 3) + 0.4 * math.log(0.4 * 3)
    assert count.kl == pytest.approx(expected)


def test_the_border_belongs_to_the_mode() -> None:
    on_border = torch.tensor([[3.0, 0.0]])
    assert count_modes(on_border, CENTERS, 1.0).covered == 1
    assert count_modes(on_border, CENTERS, 1.0, within=2.9).covered == 0


def test_even_coverage_has_no_divergence() -> None:
    count = count_modes(CENTERS.repeat(4, 1), CENTERS, 0.1)
    assert (count.covered, count.high_quality) == (3, 1.0)
    assert count.kl == pytest.approx(0, abs=1e-12)


def test_collapse_to_one_mode() -> None:
    count = count_modes(torch.zeros(9, 2), CENTERS, 0.1)
    assert (count.covered, count.high_quality) == (1, 1.0)
    assert count.kl == pytest.approx(math.log(3))


def test_nothing_near_a_mode_is_as_far_off_as_the_rarest_mode_alone() -> None:
    nowhere = torch.full((4, 2), 50.0)
    count = count_modes(nowhere, CENTERS, 1.0)
    assert (count.covered, count.high_quality) == (0, 0.0)
    assert count.kl == pytest.approx(math.log(3))
    weights = torch.tensor([0.5, 0.4, 0.1])
    assert count_modes(nowhere, CENTERS, 1.0, weights=weights).kl == pytest.approx(math.log(10))
    rarest = count_modes(CENTERS[2:], CENTERS, 1.0, weights=weights)
    assert rarest.kl == pytest.approx(math.log(10))


def test_modes_that_weigh_differently() -> None:
    weights = torch.tensor([3.0, 2.0, 1.0])  # of any sum
    even = CENTERS[[0, 0, 0, 1, 1, 2]]
    assert count_modes(even, CENTERS, 1.0, weights=weights).kl == pytest.approx(0, abs=1e-7)
    expected = sum(math.log(1 / 3 / share) / 3 for share in (1 / 2, 1 / 3, 1 / 6))
    uneven = count_modes(CENTERS, CENTERS, 1.0, weights=weights)
    assert uneven.kl == pytest.approx(expected)


@pytest.mark.parametrize("weights", [[1.0, 1.0], [1.0, 0.0, 1.0], [1.0, -1.0, 1.0]])
def test_weights_that_suit_no_mode_are_refused(weights: list[float]) -> None:
    with pytest.raises(EvaluationError, match="do not suit 3 modes"):
        count_modes(CENTERS, CENTERS, 1.0, weights=torch.tensor(weights))


def test_the_judge_needs_modes_and_uses_their_weights() -> None:
    space = PointSpace(center=(0.0, 0.0), scale=(1.0, 1.0))
    made = SampleSet(CENTERS.repeat(4, 1), CENTERS.repeat(4, 1))
    without = MetricContext(space, extractor="pixels", split="holdout")
    assert not Modes().applies(made, made, without)
    weights = torch.tensor([0.5, 0.25, 0.25])
    context = replace(without, modes=CENTERS, mode_std=1.0, mode_weights=weights, replicates=9)
    assert Modes().applies(made, made, context)
    found = Modes().read(made, made, context)
    expected = count_modes(made.x, CENTERS, 1.0, weights=weights).kl
    assert found["mode_kl"].value == pytest.approx(expected)
    assert {name: len(reading.replicates) for name, reading in found.items()} == {
        "modes_covered": 9,
        "high_quality": 9,
        "mode_kl": 9,
    }


def test_no_interval_holds_more_modes_than_there_are() -> None:
    """Two of three modes hang on one sample each, so most resamples miss one."""
    space = PointSpace(center=(0.0, 0.0), scale=(1.0, 1.0))
    x = CENTERS[[0] * 10 + [1, 2]]
    made = SampleSet(x, x)
    context = MetricContext(space, extractor="pixels", split="holdout", replicates=99)
    reading = Modes().read(made, made, replace(context, modes=CENTERS, mode_std=1.0))[
        "modes_covered"
    ]
    interval = reading.interval()
    assert interval is not None
    assert (reading.value, interval[1]) == (3, 3)
    assert interval[0] < 3
    assert replace(reading, most=4).interval() != interval


def test_the_data_itself_covers_every_mode() -> None:
    data = RingConfig(num_samples=4_000).build()
    assert data.modes is not None
    count = count_modes(data.take(torch.arange(4_000))[0], data.modes, data.mode_std)
    assert count.covered == 8
    # Of a Gaussian in the plane, 1 - exp(-9/2) lies within three deviations.
    assert count.high_quality == pytest.approx(1 - math.exp(-4.5), abs=0.01)
    assert count.kl < 0.01
