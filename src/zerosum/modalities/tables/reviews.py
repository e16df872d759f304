"""Simulated product reviews: a table of known structure, so that what was learned can be checked.

Nothing in it is real. A review comes about in steps, each given those before it:

1. A customer belongs to one of four *segments*, which the table does not hold.
2. The segment decides which of 200 products is bought, by its category and price tier; a few
   products are bought often, most seldom. The price paid is the list price less a discount, and
   discounts are more frequent in November.
3. The rating, 1 to 5, is an ordered logit: what the product is worth, and how well its tier pleases
   the segment.
4. Segment and rating decide which features are praised.
5. Words of praise and of complaint are Poisson counts. Praise grows with the rating, the number of
   praised features, and how warm reviews of the category are; complaint with a low rating and a
   high tier; both with how much the segment writes. `sentiment` is their difference over their sum,
   missing where there are no such words.
6. The rating decides whether the purchase was verified, and this whether the customer's preference
   is known; it is the segment's own in most cases.
7. Reviews grow more frequent from 2022 to 2024, with seasons that depend on the category.
8. Most reviews have no helpful votes. Those of extreme ratings and with many praised features more
   often have some, and old ones have more.

The products are the same for every seed. `reviews_truth` has the exact probabilities, means and
correlations.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from pydantic import PositiveInt

from zerosum.config import Count
from zerosum.data.base import DataConfig, Dataset, Progress
from zerosum.data.subsets import rows_apart
from zerosum.modalities.tables.constraints.base import Constraint
from zerosum.modalities.tables.fields import (
    BooleanField,
    CategoryField,
    Field,
    FloatField,
    IntegerField,
)
from zerosum.modalities.tables.reading.dataset import LEAST, TableDataset, fit_space
from zerosum.modalities.tables.reading.frames import to_table
from zerosum.modalities.tables.reading.readers import open_table_holdout
from zerosum.modalities.tables.space import TableSpace
from zerosum.modalities.tables.time_fields import DateField
from zerosum.rng import Noise, derive_seed
from zerosum.spaces import Space

SEGMENTS = ("value seeker", "performance-focused", "convenience-first", "durability-minded")
CATEGORIES = ("audio", "kitchen", "home", "outdoor", "toys", "beauty")
TIERS = ("budget", "middle", "premium")
FEATURES = ("durable", "easy_setup", "powerful", "good_value")
NUM_PRODUCTS = 200
FIRST_DAY, NUM_DAYS = np.datetime64("2022-01-01"), 1_096

NO_PRICE = 0.03
"""Share of prices that are missing, whatever else the row holds."""
DISCOUNTS = np.array([0.0, 0.1, 0.25])

_SEGMENT_SHARES = np.array([0.35, 0.25, 0.22, 0.18])
_CATEGORY_SHARES = np.array([0.25, 0.20, 0.18, 0.15, 0.12, 0.10])
_TIER_SHARES = np.array([0.4, 0.4, 0.2])
_LIST_PRICES = np.array([[9, 30], [30, 90], [90, 300]])
"""Of the cheapest and the dearest product in each tier."""
_TAIL = 0.9
"""The product of rank r is bought in proportion to 1 / r to this power."""

_BUYS_CATEGORY = np.array(
    [
        [0.8, 1.2, 1.3, 0.8, 1.3, 1.2],
        [2.2, 0.8, 0.7, 1.3, 0.6, 0.5],
        [0.8, 1.8, 1.6, 0.5, 0.8, 1.0],
        [0.6, 1.0, 1.0, 2.4, 1.2, 0.4],
    ]
)
_BUYS_TIER = np.array([[2.2, 0.9, 0.25], [0.4, 1.0, 2.5], [0.9, 1.3, 0.8], [0.5, 1.2, 1.7]])
_PLEASED = np.array([[0.7, 0.0, -1.4], [-1.3, 0.0, 1.1], [0.0, 0.4, 0.1], [-1.1, 0.1, 0.8]])
"""How well each tier pleases each segment, in logits of the rating."""
_WORTH_OF_CATEGORY = np.array([0.1, 0.3, 0.1, 0.0, -0.6, -0.2])
_WORTH_OF_PRODUCT = 0.8
"""Standard deviation of what products of one category are worth, in logits of the rating."""
_CUTS = np.array([-2.2, -1.6, -0.9, 0.2])
"""Between the ratings 1 to 5."""

_PRAISES = np.array(
    [[-2.0, -1.8, -2.2, 0.9], [-1.8, -2.2, 1.0, -1.9],
     [-2.2, 1.0, -2.0, -1.6], [1.0, -2.0, -1.6, -2.0]]
)  # fmt: skip
"""Logits with which each segment praises each feature at a rating of 4."""
_PRAISE_STEP = np.array([0.35, 0.4, 0.4, 0.5])
"""What each star adds to them."""

_WRITES = np.array([0.8, 1.3, 0.7, 1.1])
_WARMTH = np.array([1.0, 1.1, 0.8, 1.0, 1.5, 1.3])
_CRITICISM = np.array([0.7, 1.0, 1.6])
_POSITIVE = np.array([0.3, 0.5, 1.0, 1.8, 2.4])
_NEGATIVE = np.array([2.6, 1.9, 1.0, 0.4, 0.15])
_PER_FEATURE = 0.3
"""What each praised feature adds to the words of praise, as a share."""

_VERIFIED = np.array([0.75, 0.88, 0.92, 0.93, 0.86])
_UNSTATED = np.array([0.3, 0.06])
"""Share of preferences that are missing: of unverified reviews, of verified ones."""
_OWN = 0.88
"""Share of known preferences that are the segment's own; the others are as frequent each."""

_GROWTH = 0.35
"""Logarithm of how much more frequent reviews are a year later."""
_SEASON = np.array([1.1, 0.9, 0.9, 0.9, 0.95, 0.95, 1.0, 0.95, 0.9, 1.0, 1.3, 1.5])
_SEASON_OF = {
    "outdoor": np.array([0.6, 0.7, 0.9, 1.2, 1.5, 1.6, 1.5, 1.3, 1.0, 0.8, 0.6, 0.6]),
    "toys": np.array([1.3, 0.8, 0.8, 0.8, 0.9, 0.9, 0.9, 0.9, 0.9, 1.0, 1.6, 2.4]),
}
_DISCOUNTED = np.array([[0.72, 0.2, 0.08], [0.35, 0.3, 0.35]])
"""Shares of the discounts: in most months, in November."""

_MOST_WORDS = 60


@dataclass(frozen=True)
class Structure:
    """Every probability and rate that rows come from.

    Segments are G, products P, features F, days D.

    Attributes:
        category, tier: of each product, int64 `[P]`.
        list_price: of each product, `[P]`.
        segment: share of each, `[G]`.
        product: probability given the segment, `[G, P]`.
        rating: probability of 1 to 5 given segment and product, `[G, P, 5]`.
        praised: probability of each feature given segment and rating, `[G, 5, F]`.
        verified: probability given the rating, `[5]`.
        stated: probability of each preference, the last that none is known, given whether the
            review is verified, and the segment: `[2, G, G + 1]`.
        day: probability given the category, `[6, D]`.
        discount: probability of each of `DISCOUNTS` given the day, `[D, 3]`.
        age: of a review of each day, in years, at the end of the last, `[D]`.
    """

    category: np.ndarray
    tier: np.ndarray
    list_price: np.ndarray
    segment: np.ndarray
    product: np.ndarray
    rating: np.ndarray
    praised: np.ndarray
    verified: np.ndarray
    stated: np.ndarray
    day: np.ndarray
    discount: np.ndarray
    age: np.ndarray


@cache
def structure() -> Structure:
    """What rows come from; the same for every seed."""
    noise = Noise(derive_seed(0, "products of the reviews"))
    category = noise.choice(NUM_PRODUCTS, torch.from_numpy(_CATEGORY_SHARES)).numpy()
    tier = noise.choice(NUM_PRODUCTS, torch.from_numpy(_TIER_SHARES)).numpy()
    cheap, dear = np.log(_LIST_PRICES[tier]).T
    list_price = np.exp(cheap + (dear - cheap) * noise.uniform(NUM_PRODUCTS).double().numpy())
    worth = _WORTH_OF_CATEGORY[category]
    worth = worth + _WORTH_OF_PRODUCT * noise.normal(NUM_PRODUCTS).double().numpy()

    bought = np.arange(1, NUM_PRODUCTS + 1) ** -_TAIL
    product = bought * _BUYS_CATEGORY[:, category] * _BUYS_TIER[:, tier]
    above = logistic((worth + _PLEASED[:, tier])[..., None] - _CUTS)
    ends = np.ones((*above.shape[:2], 1)), np.zeros((*above.shape[:2], 1))
    rating = -np.diff(np.concatenate([ends[0], above, ends[1]], axis=2))
    stars = np.arange(1, 6)[:, None]
    others = (1 - _OWN) / (len(SEGMENTS) - 1)
    known = np.full((len(SEGMENTS),) * 2, others) + np.eye(len(SEGMENTS)) * (_OWN - others)
    stated = np.stack([np.column_stack([(1 - m) * known, np.full(4, m)]) for m in _UNSTATED])

    days = FIRST_DAY + np.arange(NUM_DAYS)
    month = days.astype("datetime64[M]").astype(int) % 12
    season = np.stack([_SEASON * _SEASON_OF.get(name, 1.0) for name in CATEGORIES])
    age = (NUM_DAYS - np.arange(NUM_DAYS)) / 365.25
    day = np.exp(-_GROWTH * age) * season[:, month]
    return Structure(
        category=category, tier=tier, list_price=np.floor(list_price) + 0.99,
        segment=_SEGMENT_SHARES, product=product / product.sum(1, keepdims=True), rating=rating,
        praised=logistic(_PRAISES[:, None] + _PRAISE_STEP * (stars - 4)), verified=_VERIFIED,
        stated=stated, day=day / day.sum(1, keepdims=True),
        discount=_DISCOUNTED[(month == 10).astype(int)], age=age,
    )  # fmt: skip


def word_rates(
    segment: np.ndarray,
    category: np.ndarray,
    tier: np.ndarray,
    stars: np.ndarray,
    praised: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Expected words of praise and of complaint; `stars` are 0 to 4, `praised` counts features."""
    positive = (
        _POSITIVE[stars] * _WRITES[segment] * _WARMTH[category] * (1 + _PER_FEATURE * praised)
    )
    return positive, _NEGATIVE[stars] * _WRITES[segment] * _CRITICISM[tier]


def vote_rates(stars: np.ndarray, praised: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probability of any helpful votes, and how many more than one follow for each year of age."""
    some = logistic(-1.7 + 0.5 * np.abs(stars - 2) + 0.35 * praised)
    return some, 0.6 + 0.5 * praised


def review_fields() -> tuple[Field, ...]:
    """The columns, in order."""
    return (
        CategoryField(name="product_id", names=tuple(f"P{i:03}" for i in range(NUM_PRODUCTS))),
        CategoryField(name="category", names=CATEGORIES),
        CategoryField(name="price_tier", names=TIERS, ordered=True),
        FloatField(name="list_price", places=2),
        FloatField(name="price", places=2),
        IntegerField(name="rating"),
        IntegerField(name="positive_words"),
        IntegerField(name="negative_words"),
        FloatField(name="sentiment", places=2),
        *(BooleanField(name=name) for name in FEATURES),
        CategoryField(name="customer_preference", names=SEGMENTS),
        BooleanField(name="verified"),
        IntegerField(name="helpful_votes"),
        DateField(name="review_date"),
    )


def simulate(num_rows: int, *, seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Simulated reviews.

    Returns:
        Values of every column, float64 `[N]`, and the segment of each row, int64 `[N]`.
    """
    s = structure()
    chance = Noise(derive_seed(seed, "reviews")).uniform(num_rows, 14).double().numpy().T
    segment = _pick(s.segment[None], np.zeros(num_rows, np.int64), chance[0])
    product = _pick(s.product, segment, chance[1])
    category, tier = s.category[product], s.tier[product]
    stars = _pick(s.rating.reshape(-1, 5), segment * NUM_PRODUCTS + product, chance[2])
    praised = chance[3:7] < s.praised[segment, stars].T
    day = _pick(s.day, category, chance[7])
    discount = DISCOUNTS[_pick(s.discount, day, chance[8])]
    verified = (chance[9] < s.verified[stars]).astype(int)
    known = s.stated.reshape(-1, len(SEGMENTS) + 1)
    stated = _pick(known, verified * len(SEGMENTS) + segment, chance[10])

    rates = word_rates(segment, category, tier, stars, praised.sum(0))
    positive, negative = _poisson(rates[0], chance[11]), _poisson(rates[1], chance[12])
    words = positive + negative
    some, more = vote_rates(stars, praised.sum(0))
    mean = more * s.age[day]
    tail = (1 - chance[13] / some).clip(2**-24, 1)  # uniform in (0, 1] where there are votes
    further = np.floor(np.log(tail) / np.log(mean / (1 + mean)))  # a geometric number
    votes = np.where(chance[13] < some, 1 + further, 0)

    missing = Noise(derive_seed(seed, "reviews", "price")).uniform(num_rows).numpy() < NO_PRICE
    columns: Mapping[str, np.ndarray] = {
        "product_id": product,
        "category": category,
        "price_tier": tier,
        "list_price": s.list_price[product],
        "price": np.where(missing, np.nan, np.round(s.list_price[product] * (1 - discount), 2)),
        "rating": stars + 1,
        "positive_words": positive,
        "negative_words": negative,
        "sentiment": np.where(
            words, np.round((positive - negative) / np.maximum(words, 1), 2), np.nan
        ),
        **dict(zip(FEATURES, praised, strict=True)),
        "customer_preference": np.where(stated < len(SEGMENTS), stated, np.nan),
        "verified": verified,
        "helpful_votes": votes,
        "review_date": FIRST_DAY.astype(int) + day,
    }
    return {name: values.astype(float) for name, values in columns.items()}, segment


class ReviewsConfig(DataConfig):
    """Simulated product reviews, 17 columns; see the module for how they hang together.

    Attributes:
        num_rows: how many.
        seed: which; the products are always the same.
        constraints: what holds in every row.
        protect: rows that must share a value before it is learned as one of its own.
    """

    kind = "reviews"
    spaces = ("table",)
    built_in = True
    num_rows: Count = 10_000
    seed: int = 0
    constraints: tuple[Constraint, ...] = ()
    protect: PositiveInt = LEAST

    @classmethod
    def open_like(
        cls, data: Any, space: Space, *, like: DataConfig | None = None, holdout: bool = False,
        progress: Progress | None = None,
    ) -> tuple[Dataset, DataConfig | None]:  # fmt: skip
        """See `DataConfig.open_like`; rows are read by the fields of `space`."""
        made, config = super().open_like(data, space, like=like, holdout=holdout, progress=progress)
        assert isinstance(made, TableDataset)
        assert isinstance(made.space, TableSpace)
        assert isinstance(space, TableSpace)
        rows = open_table_holdout(to_table(made.resident[0], made.space), space)
        rows.name = made.name
        return rows, config

    def build(self, progress: Progress | None = None) -> TableDataset:
        """The table; `simulate` also returns the segments of its rows."""
        columns, _ = simulate(self.num_rows, seed=self.seed)
        values = torch.from_numpy(np.stack([columns[f.name] for f in review_fields()], axis=1))
        held = None
        if self.holdout is not None:
            rows, others = rows_apart(len(values), self.holdout)
            values, held = values[rows], values[others]
        space = fit_space(review_fields(), values, constraints=self.constraints, least=self.protect)
        made = TableDataset(values, space, name=self.kind)
        if held is not None:
            made.keep_apart(held)
        return made


def logistic(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))


def _pick(odds: np.ndarray, row: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """The index at a share `chance` `[N]` of rows `row` `[N]` of probabilities `[R, K]`."""
    edges = odds.cumsum(axis=1)
    edges[:, -1] = 1
    steps = (edges + np.arange(len(odds))[:, None]).ravel()
    return np.searchsorted(steps, row + chance, side="right") - row * odds.shape[1]


def _poisson(rate: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Poisson counts at quantiles `chance`, both `[N]`."""
    count, term = np.zeros(len(rate), np.int64), np.exp(-rate)
    below = term.copy()
    for k in range(1, _MOST_WORDS):
        count += chance >= below
        term = term * rate / k
        below += term
    return count
