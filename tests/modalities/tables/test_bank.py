"""The simulated bank: keys fit, what is said of it holds, and the truth is what many rows show."""

from typing import Any

import numpy as np
import pytest

from zerosum.errors import DataError
from zerosum.modalities.tables.arrow import functions
from zerosum.modalities.tables.bank import (
    BURST,
    FIRST_DAY,
    SPANS,
    Bank,
    accounts_with_transactions,
    simulate_bank,
)
from zerosum.modalities.tables.bank_truth import bank_truth

GIVEN: list[dict[str, Any]] = [
    {},
    {"segment": "retired"},
    {"kind": ["restaurant", "cash"], "region": "city"},
    {"is_fraud": True},
]


@pytest.fixture(scope="module")
def bank() -> Bank:
    return simulate_bank(4_000, seed=3)


@pytest.fixture(scope="module")
def rows(bank: Bank) -> dict[str, np.ndarray]:
    """Every transaction with its account and customer, and the parts of its moment."""
    table = accounts_with_transactions(bank)
    columns = {name: table[name].to_numpy() for name in table.column_names}
    day = columns["booked_at"].astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    weekday = (day.astype(int) + 3) % 7
    return columns | {
        "weekday": weekday,
        "weekend": weekday >= 5,
        "month_end": (day + 1).astype("datetime64[M]") > month,
        "day_of_month": (day - month).astype(int) + 1,
        "hour": columns["booked_at"].astype("datetime64[h]").astype(int) % 24,
        "day": (day - FIRST_DAY).astype(int),
    }


def fulfils(rows: dict[str, np.ndarray], given: dict[str, Any]) -> np.ndarray:
    fits = np.ones(len(rows["hour"]), bool)
    for name, wanted in given.items():
        fits &= np.isin(rows[name], wanted if isinstance(wanted, list) else [wanted])
    return fits


def close(found: float, told: float, n: float, deviation: float = 0.5) -> bool:
    """Rows of one account depend on each other, so a generous error."""
    return abs(found - told) < 8 * deviation / max(n, 1) ** 0.5 + 1e-9


def test_it_is_a_function_of_its_seed_and_of_whole_pieces() -> None:
    first, again, other = (simulate_bank(50, seed=s) for s in (0, 0, 1))
    assert first == again
    assert first.transactions != other.transactions
    whole, begun = simulate_bank(1_100, seed=0), simulate_bank(1_000, seed=0)
    assert whole.customers.slice(0, 1_000) == begun.customers


def test_keys_are_whole(bank: Bank) -> None:
    pc = functions()
    customers, accounts, transactions = bank
    for table, key in ((customers, "customer"), (accounts, "account")):
        assert len(pc.unique(table[key])) == len(table)
    assert pc.all(pc.is_in(accounts["customer"], customers["customer"].combine_chunks())).as_py()
    assert pc.all(pc.is_in(transactions["account"], accounts["account"].combine_chunks())).as_py()
    assert transactions["transaction"].to_pylist() == list(range(1, len(transactions) + 1))
    assert (np.diff(transactions["booked_at"].to_numpy()).astype(int) >= 0).all()


def test_order_of_columns_holds(bank: Bank) -> None:
    pc = functions()
    accounts, transactions = bank.accounts, bank.transactions
    assert pc.all(pc.less_equal(accounts["lowest_balance"], accounts["highest_balance"])).as_py()
    assert pc.all(pc.less_equal(transactions["fee"], transactions["amount"])).as_py()


def test_an_account_is_observed_for_a_while(rows: dict[str, np.ndarray]) -> None:
    order = np.argsort(rows["account"], kind="stable")
    account, day = rows["account"][order], rows["day"][order]
    starts = np.flatnonzero(np.r_[True, account[1:] != account[:-1]])
    spans = np.maximum.reduceat(day, starts) - np.minimum.reduceat(day, starts) + 1
    assert spans.max() <= SPANS[1]
    assert 50 < spans.mean() < 61


def test_a_burst_is_some_payments_of_one_hour(rows: dict[str, np.ndarray]) -> None:
    fraud = rows["is_fraud"]
    assert set(rows["kind"][fraud]) == {"online"}
    order = np.argsort(rows["account"][fraud], kind="stable")
    account, moment = rows["account"][fraud][order], rows["booked_at"][fraud][order]
    starts = np.flatnonzero(np.r_[True, account[1:] != account[:-1]])
    sizes = np.diff(np.r_[starts, len(account)])
    assert (sizes.min(), sizes.max()) == BURST
    lasting = np.maximum.reduceat(moment, starts) - np.minimum.reduceat(moment, starts)
    assert lasting.max() < np.timedelta64(30, "m")


@pytest.mark.parametrize("given", GIVEN, ids=str)
@pytest.mark.parametrize("column", ["kind", "weekday", "month_end", "hour", "segment"])
def test_distributions_are_true(
    rows: dict[str, np.ndarray], column: str, given: dict[str, Any]
) -> None:
    fits = fulfils(rows, given)
    told = bank_truth().distribution(column, given=given)
    assert sum(told.values()) == pytest.approx(1)
    for value, share in told.items():
        found = (rows[column][fits] == value).mean()
        spread = (share * (1 - share)) ** 0.5
        # Rows of one account share its segment, and those of one burst are alike.
        per_account = 5.5 if "is_fraud" in given else 40 if column == "segment" else 1
        n = fits.sum() / per_account
        assert close(found, share, n, spread), value


def test_calendars_are_true(rows: dict[str, np.ndarray]) -> None:
    truth = bank_truth()
    assert truth.share({"month_end": True}, given={"kind": "salary"}) == pytest.approx(1)
    assert rows["month_end"][rows["kind"] == "salary"].all()
    assert truth.share({"weekend": True}, given={"kind": "invoice"}) == 0
    assert not rows["weekend"][rows["kind"] == "invoice"].any()
    assert truth.share({"day_of_month": 1}, given={"kind": "rent"}) == pytest.approx(1)


@pytest.mark.parametrize("given", GIVEN, ids=str)
def test_means_are_true(rows: dict[str, np.ndarray], given: dict[str, Any]) -> None:
    amounts = rows["amount"][fulfils(rows, given)]
    told = bank_truth().mean_amount(given=given)
    assert close(amounts.mean(), told, len(amounts), amounts.std())


@pytest.mark.parametrize("segment", ["student", "employee", "retired", "self-employed"])
def test_lengths_and_bursts_are_true(bank: Bank, rows: dict[str, np.ndarray], segment: str) -> None:
    given = {"segment": segment}
    accounts = (np.array(bank.accounts["segment"].to_pylist()) == segment).sum()
    mine = rows["segment"] == segment
    length, told = mine.sum() / accounts, bank_truth().mean_length(given=given)
    assert length == pytest.approx(told, rel=0.06)
    share = bank_truth().burst_share(given=given)
    struck = len(set(rows["account"][mine & rows["is_fraud"]]))
    assert struck / accounts == pytest.approx(share, abs=4.5 * (share / accounts) ** 0.5)


def test_what_there_is_not_is_said() -> None:
    with pytest.raises(DataError, match=r"is known of 'weekdy'.*weekday"):
        bank_truth().distribution("weekdy")
    with pytest.raises(DataError, match="segment has no value 'child'"):
        bank_truth().share({"hour": 3}, given={"segment": "child"})
