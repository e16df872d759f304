"""Class measures against values known beforehand."""

from math import exp, log

import pytest
import torch
from torch import Tensor

from zerosum.evaluation.metrics.base import MetricContext, SampleSet
from zerosum.evaluation.metrics.classes import (
    ClassKl,
    ClassScore,
    IntendedClass,
    class_kl,
    class_score,
)
from zerosum.rng import Noise
from zerosum.spaces import PointSpace

BENCH = MetricContext(PointSpace(center=(0.0,), scale=(1.0,)), "pixels", "holdout", replicates=40)


def sure(classes: Tensor, num_classes: int) -> Tensor:
    return 50 * torch.nn.functional.one_hot(classes, num_classes).float()


def exhibit(classes: Tensor, num_classes: int = 4, y: Tensor | None = None) -> SampleSet:
    x = torch.zeros(len(classes), 1)
    return SampleSet(x, x, y, sure(classes, num_classes))


@pytest.mark.parametrize("num_classes", [2, 5, 10])
def test_sure_and_even_classes_score_their_number(num_classes: int) -> None:
    classes = torch.arange(20 * num_classes) % num_classes
    assert class_score(sure(classes, num_classes)) == pytest.approx(num_classes)
    assert class_score(sure(torch.zeros(50, dtype=torch.int64), num_classes)) == 1
    assert class_score(torch.zeros(50, num_classes)) == pytest.approx(1)


def test_the_score_is_the_formula() -> None:
    logits = 2 * Noise(0).normal(300, 6).double()
    p = logits.softmax(1)
    kl = (p * (p / p.mean(0)).log()).sum(1).mean()
    assert class_score(logits) == pytest.approx(exp(float(kl)))


def test_weights_are_repetitions() -> None:
    logits = Noise(0).normal(30, 4)
    rows = Noise(1).integers(30, high=30)
    weights = torch.bincount(rows, minlength=30)
    assert class_score(logits, weights) == pytest.approx(class_score(logits[rows]))


def test_a_known_divergence() -> None:
    samples, reals = torch.tensor([29, 9]), torch.tensor([19, 19])
    p = 29.5 / 39
    assert class_kl(samples, reals) == pytest.approx(p * log(2 * p) + (1 - p) * log(2 * (1 - p)))
    assert class_kl(reals, reals) == 0


@pytest.mark.parametrize("counts", [([0, 0, 90], [90, 0, 0]), ([0, 0, 0], [1, 2, 3])])
def test_the_divergence_is_finite_where_a_class_is_missing(counts) -> None:
    value = class_kl(*map(torch.tensor, counts))
    assert 0 < value < float("inf")


def test_the_divergence_is_of_what_the_classifier_sees_on_both_sides() -> None:
    one_of_four = exhibit(torch.zeros(400, dtype=torch.int64))
    even = exhibit(torch.arange(400) % 4)
    reading = ClassKl().read(one_of_four, even, BENCH)["class_kl"]
    assert reading.value == pytest.approx(log(4), rel=0.03)
    assert ClassKl().read(even, even, BENCH)["class_kl"].value == 0
    assert len(reading.replicates) == 40


def test_intended_classes_are_counted() -> None:
    asked = torch.arange(100) % 4
    made = torch.where(torch.arange(100) < 30, (asked + 1) % 4, asked)
    reading = IntendedClass().read(exhibit(made, y=asked), exhibit(asked), BENCH)["intended_class"]
    assert reading.value == pytest.approx(0.7)
    interval = reading.interval()
    assert interval is not None
    # ± 1.96 √(.7 · .3 / 100)
    assert interval == pytest.approx((0.61, 0.79), abs=0.05)


def test_each_asks_for_what_it_needs() -> None:
    classes = torch.arange(8) % 4
    without = SampleSet(torch.zeros(8, 1), torch.zeros(8, 1))
    unasked, asked = exhibit(classes), exhibit(classes, y=classes)
    assert not ClassScore().applies(without, unasked, BENCH)
    assert not ClassKl().applies(unasked, without, BENCH)
    assert ClassScore().applies(unasked, without, BENCH)
    assert ClassKl().applies(unasked, unasked, BENCH)
    assert not IntendedClass().applies(unasked, unasked, BENCH)
    assert IntendedClass().applies(asked, unasked, BENCH)
