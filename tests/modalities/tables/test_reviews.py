"""The simulated reviews: what is said of them holds, and the truth is what many rows show."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pytest
import torch

from zerosum.config import Config
from zerosum.errors import DataError
from zerosum.modalities.tables.constraints.groups import FixedCombinations
from zerosum.modalities.tables.constraints.inequality import Inequality
from zerosum.modalities.tables.constraints.sums import Formula
from zerosum.modalities.tables.reading.dataset import TableDataset
from zerosum.modalities.tables.reading.frames import to_table
from zerosum.modalities.tables.reviews import (
    CATEGORIES,
    FEATURES,
    FIRST_DAY,
    NUM_DAYS,
    SEGMENTS,
    TIERS,
    ReviewsConfig,
    review_fields,
    simulate,
    structure,
)
from zerosum.modalities.tables.reviews_truth import truth
from zerosum.modalities.tables.space import TableSpace
from zerosum.workflows.data import open_data, open_holdout

N = 200_000
SENTIMENT = "(positive_words - negative_words) / (positive_words + negative_words)"

CONDITIONS: list[dict[str, Any]] = [
    {},
    {"price_tier": "premium", "rating": [1, 2]},
    {"customer_preference": None},
    {"customer_preference": "value seeker", "price_tier": "premium"},
    {"category": "toys", "good_value": True},
    {"segment": "durability-minded", "num_features": [2, 3, 4]},
]


@pytest.fixture(scope="module")
def simulated() -> dict[str, np.ndarray]:
    """Values of many rows, with the columns that only the truth has."""
    columns, segment = simulate(N, seed=3)
    features = sum((columns[name] for name in FEATURES), np.zeros(N))
    return {**columns, "segment": segment.astype(float), "num_features": features}


def fulfils(columns: dict[str, np.ndarray], given: dict[str, Any]) -> np.ndarray:
    """Rows as given; written apart from how the truth reads it."""
    values = {f.name: f.value_of for f in review_fields()}
    values |= {"segment": lambda name: float(SEGMENTS.index(name)), "num_features": float}
    rows = np.ones(N, bool)
    for name, told in given.items():
        if told is None:
            rows &= np.isnan(columns[name])
        else:
            several = told if isinstance(told, list) else [told]
            rows &= np.isin(columns[name], [values[name](one) for one in several])
    return rows


def table_of(dataset: TableDataset) -> pa.Table:
    assert isinstance(dataset.space, TableSpace)
    return to_table(dataset.resident[0], dataset.space)


def test_it_is_a_function_of_its_seed() -> None:
    first, again, other = (ReviewsConfig(num_rows=500, seed=s).build() for s in (0, 0, 1))
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert first.space.shape == (len(review_fields()),)
    segments = simulate(500, seed=0)[1]
    assert (segments == simulate(500, seed=0)[1]).all()
    assert set(segments) == set(range(len(SEGMENTS)))


def test_it_opens_by_its_name() -> None:
    dataset, config = open_data("reviews")
    assert len(dataset) == 10_000
    assert config == ReviewsConfig() == Config.from_json(ReviewsConfig().to_json())


@pytest.mark.parametrize("given", CONDITIONS, ids=str)
@pytest.mark.parametrize(
    "column",
    ["rating", "price", "list_price", "positive_words", "negative_words", "sentiment",
     "helpful_votes", "verified", "powerful", "num_features"],
)  # fmt: skip
def test_means_are_true(
    simulated: dict[str, np.ndarray], column: str, given: dict[str, Any]
) -> None:
    rows = simulated[column][fulfils(simulated, given)]
    known = rows[~np.isnan(rows)]
    error = known.std() / len(known) ** 0.5
    rounding = 0.005 if column in ("price", "sentiment") else 1e-9
    assert truth().mean(column, given=given) == pytest.approx(
        known.mean(), abs=4.5 * error + rounding
    )


@pytest.mark.parametrize("given", CONDITIONS, ids=str)
@pytest.mark.parametrize("column", ["rating", "price_tier", "customer_preference", "category"])
def test_distributions_are_true(
    simulated: dict[str, np.ndarray], column: str, given: dict[str, Any]
) -> None:
    rows = fulfils(simulated, given)
    told = truth().distribution(column, given=given)
    assert sum(told.values()) == pytest.approx(1)
    assert rows.mean() == pytest.approx(truth().share(given), abs=4.5 * (0.25 / N) ** 0.5)
    for value, probability in told.items():
        found = fulfils(simulated, {column: value})[rows].mean()
        error = (probability * (1 - probability) / rows.sum()) ** 0.5
        assert found == pytest.approx(probability, abs=4.5 * error + 1e-9), value


@pytest.mark.parametrize("given", [{}, {"category": "audio"}], ids=str)
@pytest.mark.parametrize("a", ["rating", "list_price", "num_features", "good_value", "verified"])
@pytest.mark.parametrize(
    "b", ["sentiment", "price", "helpful_votes", "positive_words", "negative_words", "powerful"]
)
def test_correlations_are_true(
    simulated: dict[str, np.ndarray], a: str, b: str, given: dict[str, Any]
) -> None:
    rows = fulfils(simulated, given)
    x, y = simulated[a][rows], simulated[b][rows]
    known = ~np.isnan(x + y)
    found = np.corrcoef(x[known], y[known])[0, 1]
    assert truth().correlation(a, b, given=given) == pytest.approx(
        found, abs=6 / known.sum() ** 0.5
    )
    assert truth().correlation(b, a, given=given) == pytest.approx(
        truth().correlation(a, b, given=given)
    )


def test_what_the_documentation_says_of_it() -> None:
    told = truth()
    assert told.correlation("rating", "sentiment") > 0.75
    assert told.correlation("num_features", "sentiment") > 0.25
    assert told.correlation("list_price", "sentiment") < -0.05
    by_category = [told.mean("sentiment", given={"category": name}) for name in CATEGORIES]
    assert max(by_category) > min(by_category) + 0.2
    for name, best in zip(SEGMENTS, ("budget", "premium", "middle", "premium"), strict=True):
        means = {t: told.mean("rating", given={"segment": name, "price_tier": t}) for t in TIERS}
        assert max(means, key=lambda tier: means[tier]) == best
    most = {name: told.distribution("customer_preference", given={"segment": name})
            for name in SEGMENTS}  # fmt: skip
    assert all(max(odds, key=lambda p: odds[p]) == name for name, odds in most.items())
    bought = sorted(told.distribution("product_id").values())
    assert sum(bought[-20:]) > 0.4
    assert sum(bought[:20]) < 0.03


def test_missing_values_and_zeros(simulated: dict[str, np.ndarray]) -> None:
    gone = {name: np.isnan(values) for name, values in simulated.items()}
    some = {name for name, mask in gone.items() if mask.any()}
    assert some == {"price", "sentiment", "customer_preference"}
    assert gone["price"].mean() == pytest.approx(0.03, abs=0.002)
    unstated = truth().share({"customer_preference": None})
    assert gone["customer_preference"].mean() == pytest.approx(unstated, abs=0.003)
    words = simulated["positive_words"] + simulated["negative_words"]
    assert (gone["sentiment"] == (words == 0)).all()
    assert 0.55 < (simulated["helpful_votes"] == 0).mean() < 0.7
    assert simulated["helpful_votes"].max() > 20


def test_dates_grow_and_have_seasons(simulated: dict[str, np.ndarray]) -> None:
    day = simulated["review_date"] - FIRST_DAY.astype(int)
    assert (day.min(), day.max()) == (0, NUM_DAYS - 1)
    years = np.histogram(day, [0, 365, 730, 1_096])[0]
    assert years[1] / years[0] == pytest.approx(np.exp(0.35), rel=0.03)
    month = (FIRST_DAY + day.astype(int)).astype("datetime64[M]").astype(int) % 12
    toys, outdoor = (simulated["category"] == CATEGORIES.index(n) for n in ("toys", "outdoor"))
    assert np.bincount(month[toys], minlength=12).argmax() == 11
    assert np.bincount(month[outdoor], minlength=12).argmax() in (4, 5, 6)
    cheaper = simulated["price"] < simulated["list_price"]
    assert cheaper[month == 10].mean() > cheaper[month != 10].mean() + 0.2


def test_its_rules_can_be_constraints() -> None:
    rules = [
        FixedCombinations(["product_id", "category", "price_tier", "list_price"]),
        Inequality("price", "<=", "list_price"),
        Formula("sentiment", SENTIMENT),
    ]
    dataset, config = open_data("reviews", constraints=rules)
    assert config is not None
    assert isinstance(dataset, TableDataset)
    assert isinstance(dataset.space, TableSpace)
    assert all(one.constructed for one in dataset.space.constraints)
    assert Config.from_json(config.to_json()) == config
    with pytest.raises(DataError, match="size does not apply to reviews data"):
        open_data("reviews", size=8)


def test_a_holdout_is_other_rows_of_the_same_space() -> None:
    dataset, config = open_data("reviews", protect=20)
    held, _ = open_holdout("reviews", space=dataset.space, like=config)
    assert held.fingerprint != dataset.fingerprint
    assert held.space == dataset.space
    again = ReviewsConfig(seed=1).build()
    every = torch.arange(len(held))
    assert torch.equal(held.take(every)[0].nan_to_num(-9), again.take(every)[0].nan_to_num(-9))


def test_a_holdout_has_the_columns_of_a_run_on_a_file(tmp_path: Path) -> None:
    dataset = ReviewsConfig(num_rows=3_000).build()
    arrow_csv.write_csv(table_of(dataset).drop_columns(["price"]), tmp_path / "reviews.csv")
    run, like = open_data(tmp_path / "reviews.csv")
    with pytest.warns(UserWarning, match="price"):
        held, _ = open_holdout("reviews", space=run.space, like=like)
    assert held.space == run.space
    assert held.name == "reviews"


def test_values_come_back_through_codes_and_arrow() -> None:
    dataset = ReviewsConfig(num_rows=4_000, protect=1).build()
    values, space = dataset.resident[0], dataset.space
    assert isinstance(space, TableSpace)
    back = space.to_data(space.to_model(values))
    assert torch.equal(back.isnan(), values.isnan())
    whole = [i for i, name in enumerate(space.names) if name not in ("price", "review_date")]
    assert torch.equal(back[:, whole].nan_to_num(-9), values[:, whole].nan_to_num(-9))
    table = table_of(dataset)
    assert table["review_date"].type == "date32[day]"
    assert set(table["price_tier"].to_pylist()) == set(TIERS)
    columns = [field.to_values(table[field.name]) for field in space.fields]
    np.testing.assert_array_equal(np.stack(columns, axis=1), values.numpy())


def test_the_truth_says_what_it_does_not_know() -> None:
    with pytest.raises(DataError, match="'price' and 'sentiment' is not computed"):
        truth().correlation("price", "sentiment")
    with pytest.raises(DataError, match=r"'ratings'.*Did you mean 'rating'"):
        truth().mean("ratings")
    with pytest.raises(DataError, match="price_tier has no value 'cheap'"):
        truth().share({"price_tier": "cheap"})
    with pytest.raises(DataError, match="nothing of this kind is known of 'review_date'"):
        truth().distribution("review_date")


def test_probabilities_sum_to_one() -> None:
    s = structure()
    for odds in (s.segment, s.product, s.rating, s.stated, s.day, s.discount):
        np.testing.assert_allclose(odds.sum(axis=-1), 1)
    for share in (s.praised, s.verified):
        assert ((share > 0) & (share < 1)).all()
