"""The simulated reviews: what is said of them holds."""

import numpy as np
import pytest
import torch

from zerosum.data.open import open_data, open_holdout
from zerosum.data.reviews import SEGMENTS, TIERS, ReviewsConfig, simulate, truth

N = 40_000


def test_it_is_a_function_of_its_seed() -> None:
    first, again, other = (ReviewsConfig(num_rows=500, seed=s).build() for s in (0, 0, 1))
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert len(open_data("reviews")[0]) == 10_000


def test_a_holdout_is_drawn_from_another_seed_with_the_same_columns() -> None:
    dataset, config = open_data("reviews")
    held, _ = open_holdout("reviews", space=dataset.space, like=config)
    assert held.fingerprint != dataset.fingerprint
    assert held.space.shape == dataset.space.shape


def test_the_truth_is_what_a_large_simulation_shows() -> None:
    columns, segment = simulate(N, seed=3)
    assert truth().joint.sum() == pytest.approx(1)
    for i, preference in enumerate(SEGMENTS):
        mine = columns["customer_preference"] == i
        tiers = np.bincount(columns["price_tier"][mine].astype(int), minlength=3) / mine.sum()
        np.testing.assert_allclose(tiers, truth().tier_given(preference), atol=0.02)
        for j, tier in enumerate(TIERS):
            both = mine & (columns["price_tier"] == j)
            mean = columns["rating"][both].mean()
            tolerance = 4 * 1.4 / np.sqrt(both.sum())
            told = truth().mean_rating(preference=preference, tier=tier)
            assert mean == pytest.approx(told, abs=tolerance)
    agree = (segment == columns["customer_preference"]).mean()
    assert agree == pytest.approx(0.9, abs=0.01)


def test_sentiment_follows_rating_and_preference_meets_tier() -> None:
    columns, _ = simulate(N, seed=0)
    assert np.corrcoef(columns["rating"], columns["sentiment"])[0, 1] > 0.6
    told = truth()
    cheap, dear = (
        told.mean_rating(preference="value seeker", tier=tier) for tier in ("budget", "premium")
    )
    assert cheap > dear + 0.6
    assert np.isnan(columns["price"]).mean() == pytest.approx(0.04, abs=0.01)
    assert (columns["helpful_votes"] == 0).mean() > 0.5


def test_values_come_back_through_codes() -> None:
    dataset, _ = open_data("reviews")
    values, _ = dataset.take(torch.arange(1_000))
    back = dataset.space.to_data(dataset.space.to_model(values))
    assert torch.equal(back.isnan(), values.isnan())
    assert float((back == values).double().mean()) > 0.95
