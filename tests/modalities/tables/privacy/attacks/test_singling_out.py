"""Descriptions: how they are counted, and that they are alone among the synthetic rows."""

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.modalities.tables.privacy.attacks.victims import laid_out, rows
from zerosum.errors import EvaluationError
from zerosum.evaluation.judging.holdout import row_bytes
from zerosum.modalities.tables.privacy.attack import Attack, Attacker, SyntheticRelease
from zerosum.modalities.tables.privacy.attacks.singling_out import (
    Descriptions,
    MultivariateSinglingOut,
    UnivariateSinglingOut,
)

BOTH = (UnivariateSinglingOut(), MultivariateSinglingOut())
by_attack = pytest.mark.parametrize("attack", BOTH, ids=lambda one: one.name)


def counted_by_hand(found: Descriptions, values: Tensor) -> list[int]:
    """Counts row by row, with missing values below everything."""
    told = np.nan_to_num(values.numpy(), nan=-np.inf)
    columns, low, high = (part.numpy() for part in (found.column, found.low, found.high))
    return [
        int(((told[:, c] >= a) & (told[:, c] <= b)).all(1).sum())
        for c, a, b in zip(columns, low, high, strict=True)
    ]


def described(attack: Attack, values: Tensor, attacks: int) -> Descriptions:
    release, _ = laid_out(values, values, values, attacks=attacks)
    attacker: Attacker = attack.prepare(release)
    return vars(attacker)["_found"]


@by_attack
def test_descriptions_fit_one_synthetic_row(attack: Attack) -> None:
    made, others = rows(700, 0), rows(300, 1)
    different = {key: i for i, key in enumerate(row_bytes(made))}
    made = made[list(different.values())]
    found = described(attack, made, 60)
    assert len(found) == 60
    assert counted_by_hand(found, made) == [1] * 60
    assert found.counts(others).tolist() == counted_by_hand(found, others)
    keys = torch.cat([found.column.double(), found.low, found.high], 1)
    assert len({tuple(key) for key in keys.tolist()}) == 60


def test_rows_looked_at_in_parts_give_the_same() -> None:
    made = rows(5_000, 0)
    found = described(MultivariateSinglingOut(), made[:1_000], 200)
    alone = torch.nonzero(found.counts(made) == 1).flatten()
    assert torch.equal(found.alone_in(made), alone)
    assert 0 < len(alone) < 200


def test_copies_of_a_synthetic_row_do_not_hide_it() -> None:
    made = rows(200, 0)
    assert len(described(MultivariateSinglingOut(), torch.cat([made, made]), 50)) == 50


def test_numbers_are_met_by_what_is_more_extreme() -> None:
    found = described(MultivariateSinglingOut(), rows(700, 0), 60)
    numbers = (found.column == 1) | (found.column == 2)
    open_end = (found.low < -1e300) ^ (found.high > 1e300)
    gone = found.high == float("-inf")
    assert bool((open_end | gone)[numbers].all())
    assert torch.equal(found.low[~numbers], found.high[~numbers])


def test_the_control_has_the_size_of_the_training_data() -> None:
    """Two of four values are in a holdout of two: of as many rows as were trained on, all four."""
    values = torch.tensor([[1.0], [2.0], [3.0], [4.0]], dtype=torch.float64)
    release = SyntheticRelease(values, ("x",), torch.tensor([True]), known=values, attacks=4)
    attacker = UnivariateSinglingOut().prepare(release)
    strike = attacker.strike(laid_out(values, values + 10, values[:2])[1])
    assert strike.main.value == 0
    assert strike.control.value == 1
    assert strike.control.n == pytest.approx(2)
    taken = attacker.strike(laid_out(values, values, values)[1])
    assert (taken.main.value, taken.control.value) == (1, 0)


def test_a_table_without_a_row_that_is_alone_is_told_of() -> None:
    twice = torch.tensor([[0.0], [0.0], [1.0], [1.0]], dtype=torch.float64)
    crossed = torch.cat([twice, twice[[0, 2, 1, 3]]], 1)
    release = SyntheticRelease(
        crossed, ("a", "b"), torch.tensor([True, True]), known=twice, attacks=10
    )
    with pytest.raises(EvaluationError, match="no description fits exactly one"):
        UnivariateSinglingOut().prepare(release)
