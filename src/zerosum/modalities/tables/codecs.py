"""Codecs: a column of values as codes that a network can predict.

A code is a single value, an interval of values, a category, or what is missing. Networks see each
value as *code + place*: the whole part is the code, the rest is where in its interval the value
lies, by the quantiles of the data. So one float32 holds a value nearly as it was, and a value that
only its code is known of is drawn by its place.

Rare values are never codes of their own (`least`): what a handful of rows have in common with
nobody else is not learned, and not given back.
"""

from abc import abstractmethod
from functools import cached_property
from typing import Annotated

import numpy as np
import torch
from pydantic import Field, NonNegativeInt, model_validator
from torch import Tensor

from zerosum.config import Config
from zerosum.errors import ConfigError
from zerosum.modalities.tables import intervals as cut

MIDDLE = 0.5
"""Place of a value in a code that has but one."""

_LAST_PLACE = 1 - 2**-12
"""Places stay below 1 by so much that float32 keeps the code right, for up to 2,048 intervals."""


class Codec(Config):
    """From the values of one modelled column to codes.

    Attributes:
        name: of the column.
        counts: training rows with each code.
    """

    name: str
    counts: tuple[NonNegativeInt, ...] = Field(min_length=1)

    @property
    def size(self) -> int:
        """Number of codes."""
        return len(self.counts)

    def _require_codes(self, expected: int, what: str) -> None:
        if self.size != expected:
            raise ConfigError(
                f"the codes of {self.name!r} have {self.size} counts, and {what} make {expected} "
                "codes. Give one count for each."
            )

    @property
    def forbidden(self) -> tuple[int, ...]:
        """Codes that are learned but never drawn: rare values that could identify people."""
        return ()

    @abstractmethod
    def encode(self, values: Tensor) -> Tensor:
        """Code + place, float32 `[N]`, of values, float64 `[N]`."""

    @abstractmethod
    def decode(self, x: Tensor) -> Tensor:
        """Values, float64 `[N]`, of code + place `[N]`."""

    @abstractmethod
    def within(self, low: float, high: float) -> tuple[Tensor, Tensor]:
        """Which places of each code lie from `low` to `high`, both included.

        Returns:
            The first and the last place, float64 `[size]` each; a code that is out of the question
            has a first place of 1 and a last of 0. Nothing that is missing lies anywhere.
        """

    @property
    @abstractmethod
    def missing(self) -> int | None:
        """The code of what is missing; None where nothing is."""


class NumberCodec(Codec):
    """Numbers: frequent ones as codes of their own, all others in intervals.

    Attributes:
        knots: for each code its value, or the quantiles of its interval, equally far in rank.
        places: decimals that values are rounded to; None where they are not.
        has_missing: whether the last code stands for what is missing.
    """

    kind = "number_codes"
    knots: tuple[tuple[float, ...], ...]
    places: int | None = Field(default=None, ge=-300, le=300)
    has_missing: bool = False

    @model_validator(mode="after")
    def _codes_match(self) -> "NumberCodec":
        self._require_codes(len(self.knots) + self.has_missing, "values and intervals")
        lengths = {len(one) for one in self.knots} - {1}
        if len(lengths) > 1 or 0 in lengths or any(list(k) != sorted(k) for k in self.knots):
            raise ConfigError(
                f"the knots of {self.name!r} are no values and intervals: each has 1, or as many "
                "as all other intervals, in ascending order."
            )
        return self

    @classmethod
    def fit(
        cls,
        name: str,
        values: np.ndarray,
        *,
        places: int | None,
        least: int = 5,
        few: int = cut.MOST_VALUES,
        num_intervals: int = 64,
    ) -> "NumberCodec":
        """Codes for a column of values, float64 `[N]`.

        Where there are at most `few` different values, each that occurs `least` times is a code.
        Otherwise those are that occur as often as an interval has rows, and the rest is cut into
        intervals of as many rows each. The first and the last are cut in halves as long as their
        outer half is much wider than the other, so that tails are as long as in the data. No
        interval ends beyond the value that `least` rows reach, so no extreme row is given back.

        A short column has fewer codes: of a handful of rows each they would be learned by heart,
        and the network would know rows and not what they have in common.
        """
        known = np.sort(values[~np.isnan(values)])
        room = len(known) // cut.ROWS_FOR_A_CODE
        few = cut.most_values(len(known), few)
        num_intervals = min(num_intervals, max(cut.FEWEST_INTERVALS, room))
        distinct, times = np.unique(known, return_counts=True)
        spike = times >= max(least, 1)
        if len(distinct) > few:
            spike = cut.spikes(times, num_intervals, least)
        rest = np.repeat(distinct[~spike], times[~spike])
        pieces = cut.with_tails(cut.pieces(rest, num_intervals, least))
        num_knots = cut.num_knots(len(rest) // num_intervals)
        knots = [(float(value),) for value in distinct[spike]]
        knots += [cut.quantiles(piece, num_knots) for piece in pieces]
        counts = [*times[spike].tolist(), *map(len, pieces)]
        if pieces and least > 1:
            knots = cut.without_extremes(knots, known, least)
        order = sorted(range(len(knots)), key=lambda code: knots[code])
        has_missing = len(known) < len(values)
        missing = [len(values) - len(known)] if has_missing else []
        return cls(
            name=name, knots=tuple(knots[code] for code in order),
            counts=(*(counts[code] for code in order), *missing),
            places=places, has_missing=has_missing,
        )  # fmt: skip

    @property
    def missing(self) -> int | None:
        """The last code, where something is missing."""
        return self.size - 1 if self.has_missing else None

    def encode(self, values: Tensor) -> Tensor:
        """Code + place, float32 `[N]`, of frequent values, else of the nearest interval."""
        given = values.numpy()
        spikes, spike_codes, lows, interval_codes = self._search
        code = np.zeros(len(given), np.int64)
        known = ~np.isnan(given)
        if len(lows):
            at = np.clip(np.searchsorted(lows, given, side="right") - 1, 0, len(lows) - 1)
            code = interval_codes[at]
        if len(spikes):
            at = np.clip(np.searchsorted(spikes, given), 0, len(spikes) - 1)
            if not len(lows):  # no interval to fall into: the nearest value
                before = np.maximum(at - 1, 0)
                at = np.where(np.abs(given - spikes[before]) < np.abs(given - spikes[at]),
                              before, at)  # fmt: skip
                code = spike_codes[at]
            else:
                code = np.where(spikes[at] == given, spike_codes[at], code)
        place = self._place(np.where(known, given, 0.0), code)
        if self.missing is not None:
            code, place = np.where(known, code, self.missing), np.where(known, place, MIDDLE)
        return torch.from_numpy((code + place).astype(np.float32))

    def decode(self, x: Tensor) -> Tensor:
        """Values, float64 `[N]`: frequent ones, or quantiles of intervals, rounded."""
        given = x.double().numpy()
        code = np.clip(np.floor(given).astype(np.int64), 0, self.size - 1)
        missing = np.zeros(len(code), bool) if self.missing is None else code == self.missing
        code = np.where(missing, 0, code)
        table = self._table
        steps = table.shape[1] - 1
        at = np.clip(given - np.floor(given), 0, 1) * steps
        left = np.minimum(at.astype(np.int64), steps - 1) if steps else np.zeros(len(at), np.int64)
        start = table[code, left]
        values = start + (at - left) * (table[code, left + 1] - start) if steps else start
        if self.places is not None:
            values = np.round(values, self.places)
        return torch.from_numpy(np.where(missing, np.nan, values))

    def within(self, low: float, high: float) -> tuple[Tensor, Tensor]:
        """See `Codec.within`, `[size]` each; numbers that are rounded into the range lie in it."""
        half = 0.0 if self.places is None else 0.5 * 10.0**-self.places
        table = self._table
        first, last = np.ones(self.size), np.zeros(self.size)
        ranks = np.linspace(0, 1, table.shape[1])
        for code, knots in enumerate(self.knots):
            if len(knots) == 1:
                if low <= knots[0] <= high:
                    first[code], last[code] = 0.0, 1.0
                continue
            if knots[0] > high + half or knots[-1] < low - half:
                continue
            first[code] = np.interp(low - half, table[code], ranks)
            last[code] = np.interp(high + half, table[code], ranks)
        return torch.from_numpy(first), torch.from_numpy(last)

    @cached_property
    def _table(self) -> np.ndarray:
        """Knots of every code, `[codes, K]`; single values repeated."""
        longest = max((len(k) for k in self.knots), default=1)
        rows = [k if len(k) == longest else np.full(longest, k[0]) for k in self.knots]
        return np.array(rows if rows else [[0.0]], float)

    @cached_property
    def _search(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Frequent values and their codes; lower ends of intervals and their codes."""
        single = [c for c, k in enumerate(self.knots) if len(k) == 1]
        wide = [c for c, k in enumerate(self.knots) if len(k) > 1]
        return (
            np.array([self.knots[c][0] for c in single]), np.array(single, np.int64),
            np.array([self.knots[c][0] for c in wide]), np.array(wide, np.int64),
        )  # fmt: skip

    def _place(self, values: np.ndarray, code: np.ndarray) -> np.ndarray:
        """Where in its code each value lies, in [0, 1)."""
        place = np.full(len(values), MIDDLE)
        ranks = np.linspace(0, 1, self._table.shape[1])
        for one, knots in enumerate(self.knots):
            if len(knots) > 1:
                mine = code == one
                place[mine] = np.interp(values[mine], self._table[one], ranks)
        return np.minimum(place, _LAST_PLACE)


class CategoryCodec(Codec):
    """Categories: one code each; rare ones share a code.

    Attributes:
        values: the category's index for each code.
        num_rare: training rows of all other categories, which share one code.
        rare_value: the category's index that stands for all rare ones; None where these are
            never drawn.
        has_missing: whether the last code stands for what is missing.
    """

    kind = "category_codes"
    values: tuple[Annotated[int, Field(ge=0, le=2**24)], ...]
    num_rare: int = Field(default=0, ge=0, le=2**53)
    rare_value: int | None = Field(default=None, ge=0, le=2**24)
    has_missing: bool = False

    @model_validator(mode="after")
    def _codes_match(self) -> "CategoryCodec":
        expected = len(self.values) + bool(self.num_rare) + self.has_missing
        self._require_codes(expected, "categories")
        if len(set(self.values)) < len(self.values):
            raise ConfigError(f"two codes of {self.name!r} stand for one category. Give one each.")
        return self

    @classmethod
    def fit(
        cls, name: str, values: np.ndarray, *, least: int = 5, rare_value: int | None = None
    ) -> "CategoryCodec":
        """Codes for a column of category indices, float64 `[N]`, most frequent first."""
        known = values[~np.isnan(values)].astype(np.int64)
        times = np.bincount(known, minlength=1)
        order = np.argsort(-times, kind="stable")
        common = [int(index) for index in order if times[index] >= max(least, 1)]
        if not common and len(known):
            common = [int(order[0])]
        num_rare = int(times.sum() - times[common].sum())
        has_missing = len(known) < len(values)
        counts = [int(times[index]) for index in common]
        counts += [num_rare] if num_rare else []
        counts += [len(values) - len(known)] if has_missing else []
        return cls(
            name=name, values=tuple(common), counts=tuple(counts), num_rare=num_rare,
            rare_value=rare_value if num_rare else None, has_missing=has_missing,
        )  # fmt: skip

    @property
    def rare(self) -> int | None:
        """The code of all rare categories; None if no category is rare."""
        return len(self.values) if self.num_rare else None

    @property
    def missing(self) -> int | None:
        """The last code, where something is missing."""
        return self.size - 1 if self.has_missing else None

    @property
    def forbidden(self) -> tuple[int, ...]:
        """The code of rare categories, unless one category stands for all of them."""
        return (self.rare,) if self.rare is not None and self.rare_value is None else ()

    def encode(self, values: Tensor) -> Tensor:
        """Code + place, float32 `[N]`; unknown categories are rare, or the most frequent."""
        unknown = self.rare if self.rare is not None else 0
        known = ~values.isnan()
        index = values.nan_to_num(nan=0.0).long().clamp_min(0)
        most = max([*self.values, int(index.max()) if len(index) else 0, 0]) + 1
        table = torch.full((most,), unknown, dtype=torch.int64)
        table[torch.tensor(self.values, dtype=torch.int64)] = torch.arange(len(self.values))
        code = table[index]
        if self.missing is not None:
            code = torch.where(known, code, self.missing)
        return code.float() + MIDDLE

    def decode(self, x: Tensor) -> Tensor:
        """Indices of categories, float64 `[N]`; rare ones are `rare_value`, or missing."""
        table = torch.full((self.size,), float("nan"), dtype=torch.float64)
        table[: len(self.values)] = torch.tensor(self.values, dtype=torch.float64)
        if self.rare is not None and self.rare_value is not None:
            table[self.rare] = self.rare_value
        return table[x.floor().long().clamp(0, self.size - 1)]

    def within(self, low: float, high: float) -> tuple[Tensor, Tensor]:
        """See `Codec.within`, `[size]` each; the range is one of indices of categories."""
        first = torch.ones(self.size, dtype=torch.float64)
        last = torch.zeros(self.size, dtype=torch.float64)
        index = self.decode(torch.arange(self.size).float() + MIDDLE)
        inside = (index >= low) & (index <= high)
        first[inside], last[inside] = 0.0, 1.0
        return first, last
