"""Simulated product reviews: a table of known structure, so that what was learned can be checked.

Nothing in it is real. Every review comes from a hidden *segment* of customers, whose stated
preference is the segment's own nine times in ten. The segment decides what is bought, in which
price tier, and how well that tier pleases; the product adds its quality. The rating decides the
words, and these the sentiment; the segment decides which features are mentioned; date and rating
decide how many found the review helpful. `truth` gives the exact joint distribution of segment,
preference, tier, product and rating.
"""

import datetime
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from pydantic import PositiveInt

from zerosum.data.base import DataConfig, Dataset, Progress
from zerosum.data.tables import TableDataset, fit_space
from zerosum.tables.fields import BooleanField, CategoryField, Field, FloatField, IntegerField
from zerosum.tables.moments import DateField

SEGMENTS = ("value seeker", "performance-focused", "design lover", "occasional buyer")
TIERS = ("budget", "middle", "premium")
CATEGORIES = ("audio", "kitchen", "outdoor", "toys", "beauty")
FEATURES = ("mentions_durability", "mentions_setup", "mentions_price", "mentions_looks")

_SHARES = np.array([0.35, 0.25, 0.15, 0.25])
"""Of the segments."""
_STATED = 0.9
"""How often the stated preference is the segment's own."""
_TIER_OF = np.array([[0.7, 0.25, 0.05], [0.1, 0.4, 0.5], [0.15, 0.45, 0.4], [0.4, 0.45, 0.15]])
_CATEGORY_OF = np.array(
    [
        [0.2, 0.3, 0.15, 0.2, 0.15],
        [0.45, 0.2, 0.25, 0.05, 0.05],
        [0.15, 0.2, 0.1, 0.1, 0.45],
        [0.2, 0.2, 0.2, 0.25, 0.15],
    ]
)
_PLEASED = np.array([[0.6, 0.2, -0.7], [-0.8, 0.2, 0.7], [-0.3, 0.3, 0.5], [0.0, 0.2, 0.1]])
"""How much each segment likes each tier, in standard deviations of a rating."""
_CUTS = np.array([-1.7, -1.1, -0.5, 0.3])
"""Between the ratings 1 to 5, on the scale of how pleased a customer is."""
_MENTIONED = np.array(
    [[0.25, 0.2, 0.7, 0.1], [0.6, 0.3, 0.1, 0.15], [0.1, 0.1, 0.15, 0.75], [0.15, 0.4, 0.3, 0.2]]
)
"""How often each segment mentions each feature."""
_PRICES = np.array([[25, 60, 180], [15, 45, 150], [20, 70, 220], [10, 25, 70], [8, 22, 60]])
"""Typical price of each category in each tier."""
_PRODUCTS_EACH = 6
_QUALITY = 0.5
"""Standard deviation of the products' qualities."""
_NO_PRICE, _NO_VOTES = 0.04, 0.55
_FIRST_DAY, _DAYS = datetime.date(2023, 1, 1).toordinal() - 719_163, 1_096


@dataclass(frozen=True)
class Truth:
    """The exact distribution that rows come from.

    Attributes:
        joint: probability of segment, stated preference, tier, product of the tier and rating,
            `[4, 4, 3, 30, 5]`.
    """

    joint: np.ndarray

    def rating_given(self, *, preference: str, tier: str) -> np.ndarray:
        """Probability of each rating, 1 to 5, `[5]`."""
        part = self.joint[:, SEGMENTS.index(preference), TIERS.index(tier)].sum((0, 1))
        return part / part.sum()

    def tier_given(self, preference: str) -> np.ndarray:
        """Probability of each price tier, `[3]`."""
        part = self.joint[:, SEGMENTS.index(preference)].sum((0, 2, 3))
        return part / part.sum()

    def mean_rating(self, *, preference: str, tier: str) -> float:
        """The mean rating."""
        return float(self.rating_given(preference=preference, tier=tier) @ np.arange(1, 6))


@cache
def truth() -> Truth:
    """What `reviews` are drawn from; the same for every seed."""
    stated = np.full((4, 4), (1 - _STATED) / 3) + np.eye(4) * (_STATED - (1 - _STATED) / 3)
    product, quality = _products()
    pleased = _PLEASED[:, :, None] + quality[None]
    beyond = np.concatenate(
        [np.ones((4, 3, 30, 1)), _normal_cdf(pleased[..., None] - _CUTS), np.zeros((4, 3, 30, 1))],
        axis=3,
    )
    rating = beyond[..., :-1] - beyond[..., 1:]
    bought = (_CATEGORY_OF[:, None, :, None] * product[None]).reshape(4, 3, 30)
    joint = (
        _SHARES[:, None, None, None, None]
        * stated[:, :, None, None, None]
        * _TIER_OF[:, None, :, None, None]
        * bought[:, None, :, :, None]
        * rating[:, None]
    )
    return Truth(joint)


class ReviewsConfig(DataConfig):
    """Simulated product reviews, 14 columns; see the module for how they hang together."""

    kind = "reviews"
    num_rows: PositiveInt = 10_000
    seed: int = 0

    def build(self, progress: Progress | None = None) -> Dataset:
        """A table of `num_rows` simulated reviews."""
        columns = simulate(self.num_rows, seed=self.seed)[0]
        values = torch.from_numpy(np.stack([columns[f.name] for f in review_fields()], axis=1))
        return TableDataset(values, fit_space(review_fields(), values), name=self.kind)


def review_fields() -> tuple[Field, ...]:
    """The columns, in order."""
    return (
        CategoryField(name="product_id", names=_product_names()),
        CategoryField(name="category", names=CATEGORIES),
        CategoryField(name="price_tier", names=TIERS, ordered=True),
        FloatField(name="price", places=2),
        IntegerField(name="rating"),
        CategoryField(name="customer_preference", names=SEGMENTS),
        IntegerField(name="positive_words"),
        IntegerField(name="negative_words"),
        FloatField(name="sentiment", places=2),
        *(BooleanField(name=name) for name in FEATURES),
        DateField(name="review_date"),
        IntegerField(name="helpful_votes"),
        BooleanField(name="verified"),
    )


def simulate(num_rows: int, *, seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Values of every column, float64 `[N]`, and the hidden segment of each row, int64 `[N]`."""
    rng = np.random.default_rng([seed, 20_230_101])
    joint = truth().joint
    cell = rng.choice(joint.size, size=num_rows, p=joint.ravel() / joint.sum())
    segment, stated, tier, item, rating = np.unravel_index(cell, joint.shape)
    category, rating = item // _PRODUCTS_EACH, rating + 1
    price = np.round(
        _PRICES[category, tier] * (0.8 + 0.08 * (item % _PRODUCTS_EACH))
        * rng.lognormal(0, 0.05, num_rows), 2,
    )  # fmt: skip
    price[rng.random(num_rows) < _NO_PRICE] = np.nan
    positive = rng.poisson(0.4 + 1.1 * np.maximum(rating - 2, 0))
    negative = rng.poisson(0.3 + 1.2 * np.maximum(3 - rating, 0) + 0.3 * (rating == 3))
    mentioned = rng.random((num_rows, len(FEATURES))) < _MENTIONED[segment]
    mentioned[:, 1] |= (category == 0) & (rng.random(num_rows) < 0.2)
    # More reviews as time goes on, and twice as many in December.
    day = _FIRST_DAY + np.floor(_DAYS * np.sqrt(rng.uniform(0.05, 1, num_rows)))
    december = rng.random(num_rows) < 0.1
    year = rng.integers(0, 3, num_rows)
    day[december] = (_FIRST_DAY + 334 + 365 * year + rng.integers(0, 31, num_rows))[december]
    age = (_FIRST_DAY + _DAYS - day) / _DAYS
    votes = rng.poisson(1.0 + 4.0 * age * (1 + (rating <= 2)))
    votes[rng.random(num_rows) < _NO_VOTES] = 0
    columns = {
        "product_id": tier * len(CATEGORIES) * _PRODUCTS_EACH + item,
        "category": category,
        "price_tier": tier,
        "price": price,
        "rating": rating,
        "customer_preference": stated,
        "positive_words": positive,
        "negative_words": negative,
        "sentiment": np.round((positive - negative) / (positive + negative + 1), 2),
        **{name: mentioned[:, i] for i, name in enumerate(FEATURES)},
        "review_date": day,
        "helpful_votes": votes,
        "verified": rng.random(num_rows) < 0.85 - 0.25 * (rating == 1),
    }
    return {name: values.astype(float) for name, values in columns.items()}, segment


def _products() -> tuple[np.ndarray, np.ndarray]:
    """Share of each product within its category, `[3, 5, 6]`, and quality, `[3, 30]`."""
    rng = np.random.default_rng(7)
    popular = 1.0 / np.arange(1, _PRODUCTS_EACH + 1)
    share = np.broadcast_to(popular / popular.sum(), (3, len(CATEGORIES), _PRODUCTS_EACH))
    return share, _QUALITY * rng.standard_normal((3, len(CATEGORIES) * _PRODUCTS_EACH))


def _product_names() -> tuple[str, ...]:
    return tuple(
        f"{category[:2].upper()}-{tier[:1].upper()}{number}"
        for tier in TIERS
        for category in CATEGORIES
        for number in range(1, _PRODUCTS_EACH + 1)
    )


def _normal_cdf(x: np.ndarray) -> np.ndarray:
    return torch.special.ndtr(torch.from_numpy(x)).numpy()
