"""Label measures on real digits: high on reals, at chance on shuffled labels."""

import numpy as np
import pytest
import torch

from zerosum.data.toy import DigitsConfig
from zerosum.evaluation.labels import label_agreement, train_on_synthetic

DIGITS = DigitsConfig().build()
# In an order of their own, since the set is sorted by writer.
CHOSEN = torch.from_numpy(np.random.default_rng(1).permutation(len(DIGITS))[:1_000])
X, Y = (half.numpy() for half in DIGITS.take(CHOSEN) if half is not None)
SHUFFLED = np.random.default_rng(0).permutation(Y)


@pytest.mark.parametrize("measure", [label_agreement, train_on_synthetic])
def test_reals_agree_with_reals(measure) -> None:
    assert measure(X[:500], Y[:500], X[500:], Y[500:]) > 0.93


@pytest.mark.parametrize("measure", [label_agreement, train_on_synthetic])
def test_shuffled_labels_are_at_chance(measure) -> None:
    assert measure(X[:500], Y[:500], X[500:], SHUFFLED[500:]) < 0.25


def test_one_judges_samples_and_the_other_learns_from_them() -> None:
    noise = np.random.default_rng(0).integers(0, 256, X[500:].shape)
    mixed = np.concatenate([X[500:700], noise[200:]])
    # Two in five samples are good: the judge of samples sees it, the judge of reals learns anyway.
    assert label_agreement(X[:500], Y[:500], mixed, Y[500:]) < 0.6
    assert train_on_synthetic(X[:500], Y[:500], mixed, Y[500:]) > 0.75


def test_a_half_right_sample_scores_half() -> None:
    wrong = np.where(np.arange(500) % 2, Y[500:], (Y[500:] + 1) % 10)
    assert label_agreement(X[:500], Y[:500], X[500:], wrong) == pytest.approx(0.48, abs=0.05)


def test_the_same_seed_gives_the_same_score() -> None:
    scores = {label_agreement(X[:200], Y[:200], X[500:], Y[500:], seed=3) for _ in range(2)}
    assert len(scores) == 1
