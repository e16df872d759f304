"""Learning from samples and from reals: high on reals, at chance on shuffled labels."""

import pytest
import torch

from zerosum.evaluation.metrics.base import MetricContext, SampleSet
from zerosum.evaluation.metrics.utility import (
    TrainOnReal,
    TrainOnSynthetic,
    read_rightly,
    train_on_real,
    train_on_synthetic,
)
from zerosum.modalities.images.digits import DigitsConfig
from zerosum.rng import Noise
from zerosum.spaces import ImageSpace

DIGITS = DigitsConfig().build()
# In an order of their own, since the set is sorted by writer.
X, labels = DIGITS.take(Noise(1).uniform(len(DIGITS)).argsort()[:1_000])
assert labels is not None
Y = labels
SHUFFLED = Y[Noise(0).uniform(1_000).argsort()]
BOTH = pytest.mark.parametrize("measure", [train_on_real, train_on_synthetic])


@BOTH
def test_reals_agree_with_reals(measure) -> None:
    assert measure(X[:500], Y[:500], X[500:], Y[500:]) > 0.93


@BOTH
def test_shuffled_labels_are_at_chance(measure) -> None:
    assert measure(X[:500], Y[:500], X[500:], SHUFFLED[500:]) < 0.25


def test_one_judges_samples_and_the_other_learns_from_them() -> None:
    noise = Noise(0).integers(*X[500:].shape, high=256).to(torch.uint8)
    mixed = torch.cat([X[500:700], noise[200:]])
    # Two in five samples are good: the judge of samples sees it, the judge of reals learns anyway.
    assert train_on_real(X[:500], Y[:500], mixed, Y[500:]) < 0.6
    assert train_on_synthetic(X[:500], Y[:500], mixed, Y[500:]) > 0.75


def test_a_half_right_sample_scores_half() -> None:
    wrong = torch.where(torch.arange(500) % 2 == 1, Y[500:], (Y[500:] + 1) % 10)
    assert train_on_real(X[:500], Y[:500], X[500:], wrong) == pytest.approx(0.48, abs=0.05)


def test_it_is_the_support_vector_machine_of_scikit_learn() -> None:
    from sklearn.svm import SVC

    rows = X.flatten(1).double().numpy()
    machine = SVC(C=10.0, gamma="scale").fit(rows[:500], Y[:500].numpy())
    expected = machine.score(rows[500:], Y[500:].numpy())
    assert train_on_real(X[:500], Y[:500], X[500:], Y[500:]) == pytest.approx(expected)


def test_samples_of_one_class_teach_that_class() -> None:
    only = torch.full((50,), 3)
    share = float((Y == 3).double().mean())
    assert train_on_synthetic(X, Y, X[:50], only) == pytest.approx(share)


def test_at_most_2000_rows_are_used_and_the_seed_chooses_them() -> None:
    x = torch.cat([X] * 5).double() + 40 * Noise(0).normal(5_000, *X.shape[1:])
    y = Y.repeat(5)
    right = read_rightly(x, y, x.flip(0), y.flip(0), seed=1)
    assert right.shape == (2_000,)
    assert right.equal(read_rightly(x, y, x.flip(0), y.flip(0), seed=1))
    assert not right.equal(read_rightly(x, y, x.flip(0), y.flip(0), seed=2))


@pytest.mark.parametrize("measure", [TrainOnReal(), TrainOnSynthetic()])
def test_labels_are_needed_on_both_sides(measure) -> None:
    context = MetricContext(DIGITS.space, "pixels", "holdout", replicates=5)
    some, others = SampleSet(X[:300], X[:300], Y[:300]), SampleSet(X[300:], X[300:], Y[300:])
    without = SampleSet(X, X)
    assert measure.applies(some, others, context)
    assert not measure.applies(some, without, context)
    assert not measure.applies(without, others, context)
    (reading,) = measure.read(some, others, context).values()
    assert reading.value > 0.9
    assert len(reading.replicates) == 5


def test_large_pictures_are_made_small_first() -> None:
    large = X.repeat_interleave(10, 2).repeat_interleave(10, 3)
    space = ImageSpace(
        channels=1, height=80, width=80,
        labels=DIGITS.space.labels, label_counts=DIGITS.space.label_counts,
    )  # fmt: skip
    some, others = SampleSet(large[:400], X, Y[:400]), SampleSet(large[400:700], X, Y[400:700])
    (reading,) = (
        TrainOnReal().read(some, others, MetricContext(space, "pixels", "holdout")).values()
    )
    assert reading.value > 0.9
