"""Copies are found, and honest samples are not taken for copies."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from zerosum.evaluation.metrics.base import Metric, MetricContext, SampleSet
from zerosum.evaluation.metrics.memory import (
    CloserToTrain,
    ExactCopies,
    NearCopies,
    closer,
    identical,
)
from zerosum.rng import Noise
from zerosum.spaces import PointSpace

N = 500
SPACE = PointSpace(center=(0.0,) * 3, scale=(1.0,) * 3)


def exhibit(x: Tensor) -> SampleSet:
    return SampleSet(x, x)


def rows(seed: int, n: int = N) -> Tensor:
    return Noise(seed).normal(n, 3)


TRAIN, HOLDOUT, HONEST = exhibit(rows(0)), exhibit(rows(1)), exhibit(rows(2))
BENCH = MetricContext(SPACE, "pixels", "holdout", train=TRAIN, replicates=10)
EVERY = pytest.mark.parametrize("measure", [CloserToTrain(), ExactCopies(), NearCopies()])


def read(measure: Metric, samples: SampleSet, context: MetricContext = BENCH) -> float:
    (reading,) = measure.read(samples, HOLDOUT, context).values()
    assert len(reading.replicates) == context.replicates
    return reading.value


def test_honest_samples_copy_nothing() -> None:
    assert read(CloserToTrain(), HONEST) == pytest.approx(0.5, abs=0.06)
    assert read(ExactCopies(), HONEST) == 0
    assert read(NearCopies(), HONEST) < 0.04


def test_copies_are_found() -> None:
    mixed = exhibit(torch.cat([TRAIN.x[:100], HONEST.x[100:]]))
    assert read(ExactCopies(), mixed) == pytest.approx(0.2)
    assert read(NearCopies(), mixed) == pytest.approx(0.2, abs=0.04)
    assert read(CloserToTrain(), mixed) == pytest.approx(0.6, abs=0.06)


def test_near_copies_are_not_exact() -> None:
    near = exhibit(TRAIN.x + 1e-4)
    assert read(ExactCopies(), near) == 0
    assert read(NearCopies(), near) == 1
    assert read(CloserToTrain(), near) == 1


def test_samples_that_copy_the_holdout_count_as_a_half() -> None:
    assert read(CloserToTrain(), HOLDOUT) == 0.5


def test_many_training_rows_are_no_nearer_for_being_many() -> None:
    many = replace(BENCH, train=exhibit(rows(3, 10 * N)))
    assert read(CloserToTrain(), HONEST, many) == pytest.approx(0.5, abs=0.06)


def test_a_row_that_differs_in_one_value_is_no_copy() -> None:
    train = torch.zeros(3, 1, 2, 2, dtype=torch.uint8)
    x = torch.zeros(2, 1, 2, 2, dtype=torch.uint8)
    x[1, 0, 1, 1] = 1
    assert identical(x, train).tolist() == [True, False]


def test_ties_count_half() -> None:
    assert closer(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([2.0, 2.0, 2.0])).tolist() == [
        1.0, 0.5, 0.0
    ]  # fmt: skip


@EVERY
def test_training_rows_and_a_holdout_are_needed(measure: Metric) -> None:
    assert measure.applies(HONEST, HOLDOUT, BENCH)
    assert not measure.applies(HONEST, HOLDOUT, replace(BENCH, train=None))
    assert not measure.applies(HONEST, HOLDOUT, replace(BENCH, split="train"))
