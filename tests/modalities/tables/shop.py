"""A table in which all kinds of constraints hold, for tests, and a check that does not use them."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from zerosum.modalities.tables.constraints.base import Constraint, Values
from zerosum.modalities.tables.constraints.bounds import Positive, Range, Rounded
from zerosum.modalities.tables.constraints.groups import FixedCombinations, OneHot, Unique
from zerosum.modalities.tables.constraints.inequality import Inequality
from zerosum.modalities.tables.constraints.sums import Formula, Sum
from zerosum.modalities.tables.fields import CategoryField, Field, FloatField, IntegerField

CITIES = ("Oslo", "Bergen", "Bodø", "Å")

FIELDS: tuple[Field, ...] = (
    IntegerField(name="start"),
    IntegerField(name="middle"),
    IntegerField(name="end"),
    FloatField(name="low", places=1),
    FloatField(name="high", places=2),
    FloatField(name="price", places=2),
    IntegerField(name="quantity"),
    FloatField(name="total", places=2),
    FloatField(name="tax", places=2),
    FloatField(name="gross", places=2),
    CategoryField(name="city", names=CITIES),
    IntegerField(name="zip"),
    IntegerField(name="is_a"),
    CategoryField(name="is_b", names=("yes", "no")),
    IntegerField(name="is_c"),
    IntegerField(name="hundreds"),
    FloatField(name="weight"),
)

TRUE: tuple[Constraint, ...] = (
    Inequality("start", "<=", "middle"),
    Inequality("middle", "<", "end"),
    Inequality("start", "<=", "middle", "<=", "end"),
    Inequality("high", ">=", "low"),
    Range("end", 0, 400),
    Range("start", None, 100),
    Range("gross", 0, 1e6),
    Formula("total", "price * quantity"),
    Formula("tax", "total / 4"),
    Sum(["total", "tax"], "gross"),
    FixedCombinations(["city", "zip"]),
    OneHot(["is_a", "is_b", "is_c"]),
    Rounded("hundreds", -2),
    Positive("price"),
    Positive("weight"),
    Rounded("low", 1),
    Unique(["start", "price", "weight"]),
    Inequality("quantity", "<=", "hundreds"),
)
"""All of these hold in every row of `shop`."""


def shop(n: int = 1_500, seed: int = 0) -> Values:
    rng = np.random.default_rng(seed)
    start = rng.integers(0, 101, n)
    middle = start + rng.geometric(0.2, n) - 1
    end = np.where(rng.random(n) < 0.2, np.nan, middle + rng.geometric(0.1, n))
    low = np.where(rng.random(n) < 0.1, np.nan, rng.normal(0, 3, n).round(1))
    high = (np.nan_to_num(low) + rng.exponential(2, n)).round(2)
    high[rng.random(n) < 0.1] = np.nan
    price, quantity = rng.lognormal(2, 0.7, n).round(2) + 0.01, rng.integers(1, 6, n)
    total = (price.round(2) * quantity).round(2)
    tax = (total / 4).round(2)
    city = rng.choice(4, n, p=[0.5, 0.3, 0.15, 0.05])
    kind = rng.choice(3, n, p=[0.6, 0.3, 0.1])
    columns = {
        "start": start, "middle": middle, "end": end, "low": low, "high": high,
        "price": price.round(2), "quantity": quantity, "total": total, "tax": tax,
        "gross": (total + tax).round(2), "city": city,
        "zip": 1_000 * city + rng.integers(0, 3, n),
        "is_a": kind == 0, "is_b": kind != 1, "is_c": kind == 2,
        "hundreds": rng.integers(1, 40, n) * 100, "weight": rng.gamma(2, size=n),
    }  # fmt: skip
    values = {name: torch.from_numpy(np.asarray(x, float)) for name, x in columns.items()}
    for name in ("is_a", "is_b", "is_c"):
        values[name][::9] = torch.nan
    return values


def breaks(constraint: Constraint, values: Values) -> Tensor:
    """Rows that break one of `TRUE`, found row by row in plain Python."""
    x = {name: values[name].tolist() for name in constraint.columns}
    pairs = set(zip(*(shop()[name].tolist() for name in ("city", "zip")), strict=True))
    seen: set[tuple[float, ...]] = set()
    broken = []
    for row in zip(*x.values(), strict=True):
        at = dict(zip(x, row, strict=True))
        broken.append(_breaks(constraint, at, pairs, seen))
    return torch.tensor(broken)


def _breaks(
    one: Constraint,
    at: dict[str, float],
    pairs: set[tuple[float, ...]],
    seen: set[tuple[float, ...]],
) -> bool:
    known = [v for v in at.values() if v == v]
    whole = len(known) == len(at)
    match one:
        case Inequality():
            rows = pairwise(known)
            return any(a > b or (one.strict and a == b) for a, b in rows)
        case Range() | Positive():
            low = 1e-300 if isinstance(one, Positive) else one.low
            high = None if isinstance(one, Positive) else one.high
            low = -np.inf if low is None else float(low)
            return any(v < low or v > (np.inf if high is None else float(high)) for v in known)
        case Rounded():
            return any(abs(v - round(v, one.decimals)) > 1e-9 for v in known)
        case Formula() | Sum():
            if not whole:
                return False
            wanted = {"total": lambda: at["price"] * at["quantity"], "tax": lambda: at["total"] / 4,
                      "gross": lambda: at["total"] + at["tax"]}[one.total]()  # fmt: skip
            return abs(wanted - at[one.total]) > 0.005 + 1e-9
        case FixedCombinations():
            return whole and (at["city"], at["zip"]) not in pairs
        case OneHot():
            return whole and (at["is_a"] == 1) + (at["is_b"] == 0) + (at["is_c"] == 1) != 1
        case Unique():
            again = whole and tuple(known) in seen
            seen.add(tuple(known))
            return again
    raise AssertionError(one)


def of(names: Sequence[str]) -> list[Field]:
    return [field for field in FIELDS if field.name in names]
