"""What is true of the simulated reviews: exact probabilities, means and correlations.

Everything follows from `reviews.structure` by enumeration. A *cell* is a segment, a product, a
rating, a set of praised features, whether the purchase was verified, and a preference: 640,000 in
all. In each, whatever else a row holds has a known mean and mean square.
"""

from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any, NamedTuple

import numpy as np

from zerosum.errors import DataError, did_you_mean
from zerosum.modalities.tables.reviews import (
    CATEGORIES,
    DISCOUNTS,
    FEATURES,
    NO_PRICE,
    SEGMENTS,
    TIERS,
    Structure,
    review_fields,
    structure,
    vote_rates,
    word_rates,
)

_MOST_WORDS = 60


class TrueMoments(NamedTuple):
    """What is known of a number in each cell; arrays that broadcast to all cells.

    Attributes:
        known: probability that it is not missing.
        mean: where it is known.
        square: mean of its square, where it is known.
    """

    known: np.ndarray
    mean: np.ndarray
    square: np.ndarray


class Truth:
    """The distribution that simulated reviews come from.

    Columns are called as in the table; beside them there is `segment`, which no table holds, and
    `num_features`, the number of praised features. `given` names values of columns, one or a list
    of them: `{"price_tier": "premium", "rating": [4, 5]}`. None is what is missing.
    """

    def __init__(self, structure: Structure) -> None:
        self._structure = structure
        fields = {field.name: field for field in review_fields()}
        self._values: dict[str, tuple[Any, ...]] = {
            "segment": SEGMENTS,
            "product_id": fields["product_id"].categories,
            "category": CATEGORIES,
            "price_tier": TIERS,
            "list_price": tuple(sorted(set(structure.list_price.tolist()))),
            "rating": (1, 2, 3, 4, 5),
            **dict.fromkeys(FEATURES, (False, True)),
            "num_features": tuple(range(len(FEATURES) + 1)),
            "verified": (False, True),
            "customer_preference": (*SEGMENTS, None),
        }

    def share(self, given: Mapping[str, Any]) -> float:
        """Probability that a review is so."""
        return float(self._weights(given).sum())

    def distribution(
        self, column: str, *, given: Mapping[str, Any] | None = None
    ) -> dict[Any, float]:
        """Probability of each value of a column.

        Raises:
            DataError: cells do not depend on that column.
        """
        self._require(column, self._values)
        at = np.broadcast_to(self._codes[column], self._cells.shape)
        weights = self._weights(given or {})
        values = self._values[column]
        odds = np.bincount(at.ravel(), weights.ravel(), minlength=len(values))
        return dict(zip(values, (odds / odds.sum()).tolist(), strict=True))

    def mean(self, column: str, *, given: Mapping[str, Any] | None = None) -> float:
        """Mean of a number where it is known; of true and false, the share of true."""
        one = self._moments_of(column)
        weights = self._weights(given or {}) * one.known
        return float((weights * one.mean).sum() / weights.sum())

    def correlation(self, a: str, b: str, *, given: Mapping[str, Any] | None = None) -> float:
        """Pearson's correlation of two numbers over the rows in which both are known.

        Raises:
            DataError: within a cell neither is fixed, so that it does not follow from the means.
        """
        if not {a, b} & self._exact.keys():
            raise DataError(
                f"the correlation of {a!r} and {b!r} is not computed. Give one of "
                f"{', '.join(self._exact)} and any other number."
            )
        x, y = self._moments_of(a), self._moments_of(b)
        weights = self._weights(given or {}) * x.known * y.known
        weights = weights / weights.sum()
        mean_x, mean_y = (weights * x.mean).sum(), (weights * y.mean).sum()
        spread = (weights * x.square).sum() - mean_x**2, (weights * y.square).sum() - mean_y**2
        both = (weights * x.mean * y.mean).sum() - mean_x * mean_y
        return float(both / np.sqrt(spread[0] * spread[1]))

    @cached_property
    def _cells(self) -> np.ndarray:
        """Probability of each cell, `[4, 200, 5, 2, 2, 2, 2, 2, 5]`."""
        s = self._structure
        praised = [np.stack([1 - p, p], axis=-1) for p in np.moveaxis(s.praised, -1, 0)]
        verified = np.stack([1 - s.verified, s.verified], axis=-1)
        return np.einsum(
            "g,gp,gpr,gra,grb,grc,grd,rv,vgs->gprabcdvs",
            s.segment, s.product, s.rating, *praised, verified, s.stated, optimize=True,
        )  # fmt: skip

    @cached_property
    def _codes(self) -> dict[str, np.ndarray]:
        """Index of each column's value in each cell; arrays that broadcast to all cells."""
        s = self._structure
        segment, product, stars, *praised, verified, stated = np.ix_(*map(range, self._cells.shape))
        prices = self._values["list_price"]
        return {
            "segment": segment,
            "product_id": product,
            "category": s.category[product],
            "price_tier": s.tier[product],
            "list_price": np.searchsorted(prices, s.list_price)[product],
            "rating": stars,
            **dict(zip(FEATURES, praised, strict=True)),
            "num_features": sum(praised, np.zeros((1,) * self._cells.ndim, np.int64)),
            "verified": verified,
            "customer_preference": stated,
        }

    @cached_property
    def _exact(self) -> dict[str, TrueMoments]:
        """Numbers that are the same throughout a cell."""
        names = ("list_price", "rating", *FEATURES, "num_features", "verified")
        values = {name: np.array(self._values[name], float)[self._codes[name]] for name in names}
        return {name: TrueMoments(np.ones(1), v, v**2) for name, v in values.items()}

    @cached_property
    def _others(self) -> dict[str, TrueMoments]:
        """Numbers that vary within a cell."""
        s, at = self._structure, self._codes
        stars, count, always = at["rating"], at["num_features"], np.ones(1)
        positive, negative = word_rates(
            at["segment"], at["category"], at["price_tier"], stars, count
        )
        paid = (s.day @ s.discount)[at["category"]]
        price, kept = s.list_price[at["product_id"]], 1 - DISCOUNTS
        some, more = vote_rates(stars, count)
        age, age_square = (s.day @ s.age**power for power in (1, 2))
        mean = more * age[at["category"]]
        mean_square = more**2 * age_square[at["category"]]
        return {
            "positive_words": TrueMoments(always, positive, positive + positive**2),
            "negative_words": TrueMoments(always, negative, negative + negative**2),
            "sentiment": _sentiment(positive, negative),
            "price": TrueMoments(
                always - NO_PRICE, price * (paid @ kept), price**2 * (paid @ kept**2)
            ),
            "helpful_votes": TrueMoments(
                always, some * (1 + mean), some * (1 + 3 * mean + 2 * mean_square)
            ),
        }

    def _moments_of(self, column: str) -> TrueMoments:
        numbers = self._exact | self._others
        self._require(column, numbers)
        return numbers[column]

    def _weights(self, given: Mapping[str, Any]) -> np.ndarray:
        """Probability of each cell that is as given; 0 for all others."""
        weights = self._cells
        for column, wanted in given.items():
            self._require(column, self._values)
            allowed = np.array([
                value in (wanted if isinstance(wanted, list | tuple | set) else (wanted,))
                for value in self._values[column]
            ])  # fmt: skip
            if not allowed.any():
                raise DataError(
                    f"{column} has no value {wanted!r}. It has "
                    f"{', '.join(map(repr, self._values[column][:8]))}."
                )
            weights = weights * allowed[self._codes[column]]
        return weights

    def _require(self, column: str, known: Mapping[str, Any]) -> None:
        if column not in known:
            raise DataError(
                f"nothing of this kind is known of {column!r}; it is of {', '.join(known)}."
                f"{did_you_mean(column, known)}"
            )


@cache
def truth() -> Truth:
    """What is true of the data set `reviews`, whatever its seed."""
    return Truth(structure())


def _sentiment(positive: np.ndarray, negative: np.ndarray) -> TrueMoments:
    """Of (p - n) / (p + n), with Poisson counts p and n of these rates, where one is above 0.

    Given their sum k, p is binomial of k draws and a share s = positive / (positive + negative), so
    the mean is 2s - 1, and the mean square (2s - 1)^2 + 4s(1 - s) / k.
    """
    rate = positive + negative
    share = positive / rate
    known = 1 - np.exp(-rate)
    term, inverse = np.exp(-rate), np.zeros_like(rate)
    for k in range(1, _MOST_WORDS):
        term = term * rate / k
        inverse += term / k
    mean = 2 * share - 1
    return TrueMoments(known, mean, mean**2 + 4 * share * (1 - share) * inverse / known)
