"""A simulated bank of known structure: customers, their accounts, and what is booked on these.

Nothing in it is real. Three tables come about in steps:

1. A customer has a main *segment* (student, employee, retired, self-employed), which decides the
   year of birth, and lives in one of three regions.
2. A customer has one to three accounts. An account is of the main segment in 85 of 100 cases, else
   of any. It was opened up to ten years before it is observed, for 20 to 100 days from some day of
   2023 on. Its lowest balance is never above its highest.
3. Incomes and rents are booked once a month: salaries and allowances on its last day, pensions and
   rents on its first. All other kinds are Poisson numbers for each day, with rates by segment and
   weekday: invoices are paid on workdays only, nobody shops on Sundays, and restaurants are full at
   weekends. The kind decides the hour.
4. Some accounts, more among the retired, see one burst of fraud: 3 to 8 online payments within half
   an hour of one night.
5. Amounts are log-normal by kind, and larger in cities. A fee is never above the amount.

Amounts are positive; the kind says which way they go. An account on which nothing was booked has
no transactions. `bank_truth` has the exact shares, rates and means.
"""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import torch

from zerosum.modalities.tables.constraints.inequality import Inequality
from zerosum.modalities.tables.game import pick
from zerosum.rng import Noise, derive_seed

SEGMENTS = ("student", "employee", "retired", "self-employed")
REGIONS = ("city", "town", "country")
KINDS = (
    "salary", "pension", "allowance", "rent", "invoice",
    "groceries", "restaurant", "transport", "cash", "online",
)  # fmt: skip
MONTHLY = KINDS[:4]
"""What is booked once a month."""
FRAUD = len(KINDS)
"""Index of online payments that are fraud, after those of the kinds."""

FIRST_DAY, NUM_STARTS = np.datetime64("2023-01-01"), 365
"""Accounts are observed from one of these days on."""
SPANS = (20, 100)
"""Fewest and most days for which an account is observed."""
NUM_DAYS = NUM_STARTS + SPANS[1] - 1
BURST = (3, 8)
"""Fewest and most payments of a burst of fraud."""

ACCOUNT_CONSTRAINTS = (Inequality(low="lowest_balance", high="highest_balance"),)
"""What holds in every account."""
TRANSACTION_CONSTRAINTS = (Inequality(low="fee", high="amount"),)
"""What holds in every transaction."""

_SEGMENT_SHARES = np.array([0.22, 0.42, 0.22, 0.14])
_REGION_SHARES = np.array([0.45, 0.35, 0.20])
_REGION_FACTORS = np.array([1.25, 1.0, 0.8])
"""What amounts of each region are multiplied by."""
_ACCOUNTS = np.array([0.70, 0.22, 0.08])
"""Shares of customers with one, two and three accounts."""
_LOYAL = 0.85
"""Share of accounts that are of the customer's main segment without being drawn."""
_BORN = np.array([[1996, 2006], [1960, 2000], [1935, 1960], [1955, 1998]])
_BALANCE = np.array([350.0, 1_800.0, 5_000.0, 3_000.0])
"""Median of the lowest balance by segment."""

_BOOKED = np.array(
    [[0.0, 0.0, 0.9, 0.6], [0.95, 0.0, 0.0, 0.5], [0.0, 0.98, 0.0, 0.2], [0.0, 0.0, 0.0, 0.7]]
)
"""Probability that what is booked once a month is, by segment."""
_RATES = np.array(
    [
        [0.00, 0.18, 0.16, 0.14, 0.05, 0.12],
        [0.00, 0.22, 0.10, 0.12, 0.05, 0.10],
        [0.00, 0.25, 0.05, 0.03, 0.10, 0.02],
        [0.12, 0.15, 0.12, 0.10, 0.06, 0.12],
    ]
)
"""Transactions of each other kind on a day, by segment, over a week of workdays and weekend."""
_WEEKDAYS = np.array(
    [
        [1.4, 1.4, 1.4, 1.4, 1.4, 0.0, 0.0],
        [1.0, 0.9, 0.9, 1.0, 1.4, 1.8, 0.0],
        [0.4, 0.5, 0.6, 0.8, 1.5, 2.0, 1.2],
        [1.2, 1.2, 1.2, 1.2, 1.2, 0.6, 0.4],
        [0.8, 0.8, 0.8, 1.0, 1.4, 1.4, 0.8],
        [1.0, 1.0, 1.0, 0.9, 0.8, 1.1, 1.2],
    ]
)
"""What these rates are multiplied by, Monday to Sunday."""
_AT = {"salary": 6, "pension": 6, "allowance": 8, "rent": 7}
_HOURS = {
    "invoice": (9, 17), "groceries": (8, 20), "restaurant": (11, 23), "transport": (6, 22),
    "cash": (8, 21), "online": (7, 24),
}  # fmt: skip
_PEAKS = {"restaurant": 20.0, "groceries": 17.0, "transport": 8.0, "online": 21.0}
"""Hours around which most is booked; elsewhere all are alike."""

_FRAUD = np.array([0.05, 0.08, 0.14, 0.06])
"""Probability that an account sees a burst of fraud, by segment."""
_NIGHT = 5
"""Bursts begin in one of the first hours of a day."""

_AMOUNTS = np.array([2_600, 1_500, 800, 750, 900, 35, 25, 9, 80, 40, 220], float)
"""Median by kind, the last of fraud."""
_SPREADS = np.array([0.3, 0.25, 0.2, 0.35, 0.8, 0.6, 0.5, 0.7, 0.5, 0.9, 0.4])
"""Deviation of the logarithm."""
_FEES = {"cash": 0.01, "invoice": 0.005}
"""Share of the amount that is the fee; others cost nothing."""

_PIECE = 1_000
"""Customers that are made at once."""
_MOST_A_DAY = 16


@dataclass(frozen=True)
class BankStructure:
    """Every probability and rate that rows come from.

    Segments are S, regions R, kinds K with fraud after them, days D.

    Attributes:
        segment: share of each, `[S]`.
        region: share of each, `[R]`.
        region_factor: what amounts are multiplied by, `[R]`.
        rate: transactions on a day that an account is observed, but for fraud, `[S, K - 1, D]`.
        hour: probability of each, `[K, 24]`.
        observed: probability that an account is observed on a day, `[D]`.
        burst: probability that an account sees a burst, `[S]`.
        burst_day: probability of its day, `[D]`.
        burst_size: its expected payments.
        amount: mean of an amount in a region of factor 1, `[K]`.
    """

    segment: np.ndarray
    region: np.ndarray
    region_factor: np.ndarray
    rate: np.ndarray
    hour: np.ndarray
    observed: np.ndarray
    burst: np.ndarray
    burst_day: np.ndarray
    burst_size: float
    amount: np.ndarray


class Bank(NamedTuple):
    """Three tables.

    Attributes:
        customers: `customer` (a key), `birth_year`, `region`.
        accounts: `account` (a key), `customer`, `segment`, `opened`, `lowest_balance`,
            `highest_balance`.
        transactions: `transaction` (a key), `account`, `booked_at`, `kind`, `amount`, `fee`,
            `is_fraud`; in the order of time.
    """

    customers: pa.Table
    accounts: pa.Table
    transactions: pa.Table


def days() -> np.ndarray:
    """Every day on which something may be booked, datetime64 `[D]`."""
    return FIRST_DAY + np.arange(NUM_DAYS)


@cache
def structure() -> BankStructure:
    """What rows come from; the same for every seed."""
    every = days()
    weekday = (every.astype(int) + 3) % 7  # 1970 began on a Thursday
    day_of_month = (every - every.astype("datetime64[M]")).astype(int) + 1
    last = (every + 1).astype("datetime64[M]") > every.astype("datetime64[M]")
    due = np.stack([last, day_of_month == 1, last, day_of_month == 1])
    spending = _RATES[:, :, None] * (_WEEKDAYS / _WEEKDAYS.mean(1, keepdims=True))[:, weekday]
    rate = np.concatenate([_BOOKED[:, :, None] * due, spending], axis=1)

    hour = np.zeros((len(KINDS) + 1, 24))
    for i, kind in enumerate(KINDS):
        if kind in _AT:
            hour[i, _AT[kind]] = 1
            continue
        first, stop = _HOURS[kind]
        hours = np.arange(first, stop)
        away = hours - _PEAKS.get(kind, 12.0)
        hour[i, first:stop] = np.exp(-0.5 * (away / 3) ** 2) + 0.1 if kind in _PEAKS else 1
    hour[FRAUD, :_NIGHT] = 1

    observed, burst_day = np.zeros(NUM_DAYS), np.zeros(NUM_DAYS)
    spans = np.arange(SPANS[0], SPANS[1] + 1)
    for span in spans:
        begun = np.convolve(np.full(NUM_STARTS, 1 / NUM_STARTS), np.ones(span))[:NUM_DAYS]
        observed[: len(begun)] += begun / len(spans)
        burst_day[: len(begun)] += begun / span / len(spans)
    return BankStructure(
        segment=_SEGMENT_SHARES, region=_REGION_SHARES, region_factor=_REGION_FACTORS, rate=rate,
        hour=hour / hour.sum(1, keepdims=True), observed=observed, burst=_FRAUD,
        burst_day=burst_day, burst_size=sum(BURST) / 2,
        amount=_AMOUNTS * np.exp(_SPREADS**2 / 2),
    )  # fmt: skip


def simulate_bank(num_customers: int, *, seed: int) -> Bank:
    """A simulated bank, a function of its seed.

    Args:
        num_customers: how many; there are about 1.38 accounts for each, and 30 transactions for
            each of these.
        seed: which.
    """
    pieces = [
        _simulate(min(_PIECE, num_customers - start), derive_seed(seed, "bank", start))
        for start in range(0, num_customers, _PIECE)
    ]
    people = np.cumsum([0, *(len(one["birth_year"]) for one, _, _ in pieces)])
    owned = np.cumsum([0, *(len(one["customer"]) for _, one, _ in pieces)])
    customers = {name: np.concatenate([c[name] for c, _, _ in pieces]) for name in pieces[0][0]}
    accounts = {name: np.concatenate([a[name] for _, a, _ in pieces]) for name in pieces[0][1]}
    booked = {name: np.concatenate([t[name] for _, _, t in pieces]) for name in pieces[0][2]}
    accounts["customer"] += np.repeat(people[:-1], np.diff(owned))
    booked["account"] += np.repeat(owned[:-1], [len(t["kind"]) for _, _, t in pieces])
    order = np.lexsort((booked["account"], booked["minute"]))
    return _tables(customers, accounts, {name: one[order] for name, one in booked.items()})


def accounts_with_transactions(bank: Bank) -> pa.Table:
    """One long table: each transaction with what is known of its account and its customer.

    Columns: `account`, `booked_at`, `kind`, `amount`, `fee`, `is_fraud`, then `segment`, `opened`,
    `lowest_balance`, `highest_balance`, `birth_year` and `region`.
    """
    parents = bank.accounts.join(bank.customers, "customer").drop_columns("customer")
    order = np.argsort(np.array(parents["account"].to_pylist(), str), kind="stable")
    parents = parents.take(pa.array(order))
    rows = bank.transactions.drop_columns("transaction")
    at = np.searchsorted(
        np.array(parents["account"].to_pylist(), str), np.array(rows["account"].to_pylist(), str)
    )
    said = parents.take(pa.array(at))
    for name in said.column_names[1:]:
        rows = rows.append_column(name, said[name])
    return rows


_Columns = dict[str, np.ndarray]


def _simulate(num_customers: int, seed: int) -> tuple[_Columns, _Columns, _Columns]:
    """Codes of customers, accounts and transactions, of which those of parents begin at 0."""
    s, noise = structure(), Noise(seed)
    main = _chosen(noise, num_customers, _SEGMENT_SHARES)
    first, last = _BORN[main].T
    born = first + (_uniform(noise, num_customers) * (last - first + 1)).astype(int)
    region = _chosen(noise, num_customers, s.region)
    owner = np.repeat(np.arange(num_customers), 1 + _chosen(noise, num_customers, _ACCOUNTS))

    n = len(owner)
    any_segment = _chosen(noise, n, s.segment)
    segment = np.where(_uniform(noise, n) < _LOYAL, main[owner], any_segment)
    start = noise.integers(n, high=NUM_STARTS).numpy()
    span = SPANS[0] + noise.integers(n, high=SPANS[1] - SPANS[0] + 1).numpy()
    age = noise.integers(n, high=3_650).numpy()
    low = _BALANCE[segment] * np.exp(0.6 * _normal(noise, n))
    above = 1 + np.exp(0.5 * _normal(noise, n)) * s.region_factor[region[owner]]

    days_seen = start[:, None] + np.arange(SPANS[1])
    seen = np.arange(SPANS[1]) < span[:, None]
    parts = []
    for kind in range(FRAUD):
        rate = s.rate[segment, kind][np.arange(n)[:, None], days_seen] * seen
        chance = noise.uniform(n, SPANS[1]).double().numpy()
        times = (chance < rate) * 1 if kind < len(MONTHLY) else _poisson(rate, chance)
        account, day = (np.repeat(at, times[times > 0]) for at in np.nonzero(times))
        hour = _chosen(noise, len(account), s.hour[kind])
        minute = noise.integers(len(account), high=60).numpy() * (kind >= len(MONTHLY))
        moment = ((start[account] + day) * 24 + hour) * 60 + minute
        parts.append((account, np.full(len(account), kind), moment))

    struck = np.flatnonzero(_uniform(noise, n) < s.burst[segment])
    size = BURST[0] + noise.integers(len(struck), high=BURST[1] - BURST[0] + 1).numpy()
    day = start[struck] + (_uniform(noise, len(struck)) * span[struck]).astype(int)
    begun = (day * 24 + _chosen(noise, len(struck), s.hour[FRAUD])) * 60
    begun += noise.integers(len(struck), high=32).numpy()
    gaps = (1 + noise.integers(len(struck), BURST[1], high=4).numpy()).cumsum(1) - 1
    burst, nth = np.nonzero(np.arange(BURST[1]) < size[:, None])
    gaps -= gaps[:, :1]
    parts.append((struck[burst], np.full(len(burst), FRAUD), begun[burst] + gaps[burst, nth]))

    account, kind, minute = (np.concatenate(one) for one in zip(*parts, strict=True))
    factor = s.region_factor[region[owner[account]]]
    logs = np.log(_AMOUNTS[kind]) + _SPREADS[kind] * _normal(noise, len(kind))
    amount = np.maximum(np.round(np.exp(logs) * factor, 2), 0.01)
    charge = np.array([_FEES.get(name, 0.0) for name in (*KINDS, "fraud")])
    return (
        {"birth_year": born, "region": region},
        {
            "customer": owner, "segment": segment, "opened": start - 1 - age,
            "lowest_balance": np.round(low, 2), "highest_balance": np.round(low * above, 2),
        },
        {
            "account": account, "minute": minute, "kind": kind, "amount": amount,
            "fee": np.round(amount * charge[kind], 2),
        },
    )  # fmt: skip


def _tables(customers: _Columns, accounts: _Columns, booked: _Columns) -> Bank:
    people, n = len(customers["region"]), len(accounts["customer"])
    names = np.array([f"C{i + 1:06}" for i in range(people)])
    numbers = np.array([f"A{i + 1:07}" for i in range(n)])
    kind = booked["kind"]
    moment = FIRST_DAY.astype("datetime64[s]") + booked["minute"].astype("timedelta64[m]")
    return Bank(
        customers=pa.table({
            "customer": names,
            "birth_year": customers["birth_year"],
            "region": np.array(REGIONS)[customers["region"]],
        }),
        accounts=pa.table({
            "account": numbers,
            "customer": names[accounts["customer"]],
            "segment": np.array(SEGMENTS)[accounts["segment"]],
            "opened": FIRST_DAY + accounts["opened"],
            "lowest_balance": accounts["lowest_balance"],
            "highest_balance": accounts["highest_balance"],
        }),
        transactions=pa.table({
            "transaction": np.arange(1, len(kind) + 1),
            "account": numbers[booked["account"]],
            "booked_at": moment,
            "kind": np.array((*KINDS, "online"))[kind],
            "amount": booked["amount"],
            "fee": booked["fee"],
            "is_fraud": kind == FRAUD,
        }),
    )  # fmt: skip


def _uniform(noise: Noise, n: int) -> np.ndarray:
    return noise.uniform(n).double().numpy()


def _normal(noise: Noise, n: int) -> np.ndarray:
    return noise.normal(n).double().numpy()


def _chosen(noise: Noise, n: int, shares: np.ndarray) -> np.ndarray:
    """Indices drawn by shares `[K]`, int64 `[n]`."""
    odds = torch.from_numpy(shares).expand(n, -1)
    return pick(odds, noise.uniform(n)).numpy()


def _poisson(rate: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Poisson counts at quantiles `chance`, both `[...]`; for rates of a few at most."""
    term = np.exp(-rate)
    count, below = np.zeros(rate.shape, np.int64), term.copy()
    for k in range(1, _MOST_A_DAY):
        count += chance >= below
        term = term * rate / k
        below += term
    return count
