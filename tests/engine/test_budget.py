"""The share of a budget that is used, however often the budget is planned again."""

import pytest

from zerosum.engine.budget import Budget
from zerosum.errors import RunError


def test_a_budget_that_nothing_changes_is_a_plain_share() -> None:
    budget = Budget.of(640)
    assert [budget.progress(seen) for seen in (0, 64, 63, 640, 704)] == [
        0.0, 64 / 640, 63 / 640, 1.0, 1.0,
    ]  # fmt: skip


@pytest.mark.parametrize("total", [50, 60, 101, 5_000])
def test_the_share_does_not_jump_and_ends_with_the_new_total(total: int) -> None:
    before = Budget.of(100)
    after = before.replanned(50, total)
    assert after.progress(50) == (before.progress(50) if total > 50 else 1.0)
    assert after.progress(25) == before.progress(25)
    assert after.progress(total) == 1.0
    shares = [after.progress(seen) for seen in range(total)]
    assert shares == sorted(shares)
    assert after.total == total


def test_a_plan_of_the_same_moment_takes_the_place_of_the_other() -> None:
    assert Budget.of(100).replanned(50, 150).replanned(50, 200).plans == ((0, 100), (50, 200))
    assert Budget.of(100).replanned(0, 150).plans == ((0, 150),)


def test_no_total_is_below_what_was_seen() -> None:
    assert Budget.of(100).replanned(50, 10).plans[-1] == (50, 50)


def test_json_without_loss() -> None:
    budget = Budget.of(100).replanned(50, 150).replanned(90, 120)
    assert Budget.read(budget.to_json()) == budget


@pytest.mark.parametrize(
    "value",
    [
        None, [], {}, "x", [[0]], [[0, 1, 2]], [[1, 5]], [[0, 5], [0, 6]], [[0, -1]],
        [[0, 9], [5, 4]], [[0, 1.5]], [[0, True]], [[0, 10**30]], [[0, 9], [4, 9], [2, 9]],
    ],
)  # fmt: skip
def test_a_budget_of_a_stranger_is_refused(value: object) -> None:
    with pytest.raises(RunError, match=r"budget .* not as zerosum writes it"):
        Budget.read(value)
