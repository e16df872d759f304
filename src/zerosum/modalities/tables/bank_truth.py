"""What is true of the simulated bank: exact shares, rates and means.

Everything follows from `bank.structure` by enumeration. A *cell* is a segment, a region, a kind
(fraud apart from other online payments), a day and an hour; its weight is the expected number of
such transactions of one account. Shares are those among all transactions of many accounts.
"""

from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any

import numpy as np

from zerosum.errors import DataError, did_you_mean
from zerosum.modalities.tables.bank import KINDS, REGIONS, SEGMENTS, BankStructure, days, structure


class BankTruth:
    """The distribution that simulated accounts come from.

    `given` names values of columns, one or a list of them: `{"kind": "salary", "hour": [5, 6]}`.
    Columns are `segment`, `region`, `kind`, `is_fraud`, `weekday` (0 is Monday), `weekend`,
    `month_end` (whether the day is the last of its month), `day_of_month` and `hour`. Accounts
    themselves have `segment` and `region`.
    """

    def __init__(self, structure: BankStructure) -> None:
        self._structure = structure
        self._values: dict[str, tuple[Any, ...]] = {
            "segment": SEGMENTS,
            "region": REGIONS,
            "kind": KINDS,
            "is_fraud": (False, True),
            "weekday": tuple(range(7)),
            "weekend": (False, True),
            "month_end": (False, True),
            "day_of_month": tuple(range(1, 32)),
            "hour": tuple(range(24)),
        }

    def share(self, wanted: Mapping[str, Any], *, given: Mapping[str, Any] | None = None) -> float:
        """Share of the transactions as `given` that are as `wanted` too."""
        base = self._weights(given or {})
        return float((base * self._allowed(wanted)).sum() / base.sum())

    def distribution(
        self, column: str, *, given: Mapping[str, Any] | None = None
    ) -> dict[Any, float]:
        """Share of each value of a column among the transactions as `given`.

        Raises:
            DataError: there is no such column.
        """
        self._require(column)
        weights = self._weights(given or {})
        at = np.broadcast_to(self._codes[column], weights.shape)
        odds = np.bincount(at.ravel(), weights.ravel(), minlength=len(self._values[column]))
        return dict(zip(self._values[column], (odds / odds.sum()).tolist(), strict=True))

    def mean_amount(self, *, given: Mapping[str, Any] | None = None) -> float:
        """Mean amount of the transactions as `given`, before it is rounded to cents."""
        weights, s = self._weights(given or {}), self._structure
        mean = s.region_factor[:, None] * s.amount
        return float((weights.sum(axis=(0, 3, 4)) * mean).sum() / weights.sum())

    def mean_length(self, *, given: Mapping[str, Any] | None = None) -> float:
        """Expected transactions of an account as `given`; accounts without any count too."""
        parents = {k: v for k, v in (given or {}).items() if k in ("segment", "region")}
        s, allowed = self._structure, self._allowed(parents)[:, :, 0, 0, 0]
        accounts = (s.segment[:, None] * s.region * allowed).sum()
        return float(self._weights(given or {}).sum() / accounts)

    def burst_share(self, *, given: Mapping[str, Any] | None = None) -> float:
        """Share of the accounts of segments as `given` that see a burst of fraud."""
        s, allowed = self._structure, self._allowed(given or {})[:, :, 0, 0, 0]
        accounts = s.segment[:, None] * s.region * allowed
        return float((accounts * s.burst[:, None]).sum() / accounts.sum())

    @cached_property
    def _cells(self) -> np.ndarray:
        """Expected transactions of one account, `[S, R, K, D, 24]`."""
        s = self._structure
        fraud = s.burst[:, None, None] * s.burst_size * s.burst_day
        rate = np.concatenate([s.rate * s.observed, fraud], axis=1)
        return np.einsum("s,r,skd,kh->srkdh", s.segment, s.region, rate, s.hour, optimize=True)

    @cached_property
    def _codes(self) -> dict[str, np.ndarray]:
        """Index of each column's value in each cell; arrays that broadcast to all cells."""
        segment, region, kind, day, hour = np.ix_(*map(range, self._cells.shape))
        every = days()
        weekday = (every.astype(int) + 3) % 7
        day_of_month = (every - every.astype("datetime64[M]")).astype(int)
        last = (every + 1).astype("datetime64[M]") > every.astype("datetime64[M]")
        return {
            "segment": segment,
            "region": region,
            "kind": np.minimum(kind, len(KINDS) - 1),
            "is_fraud": (kind == len(KINDS)).astype(int),
            "weekday": weekday[day],
            "weekend": (weekday >= 5).astype(int)[day],
            "month_end": last.astype(int)[day],
            "day_of_month": day_of_month[day],
            "hour": hour,
        }

    def _weights(self, given: Mapping[str, Any]) -> np.ndarray:
        return self._cells * self._allowed(given)

    def _allowed(self, given: Mapping[str, Any]) -> np.ndarray:
        """1 in each cell that is as given, with five axes, of which some may have length 1."""
        every = np.ones((len(SEGMENTS), len(REGIONS), 1, 1, 1))
        for column, wanted in given.items():
            self._require(column)
            several = wanted if isinstance(wanted, list | tuple | set) else (wanted,)
            fits = np.array([value in several for value in self._values[column]])
            if not fits.any():
                raise DataError(
                    f"{column} has no value {wanted!r}. It has "
                    f"{', '.join(map(repr, self._values[column][:8]))}."
                )
            every = every * fits[self._codes[column]]
        return every

    def _require(self, column: str) -> None:
        if column not in self._values:
            raise DataError(
                f"nothing of this kind is known of {column!r}; it is of {', '.join(self._values)}."
                f"{did_you_mean(column, self._values)}"
            )


@cache
def bank_truth() -> BankTruth:
    """What is true of the data set `bank`, whatever its seed."""
    return BankTruth(structure())
