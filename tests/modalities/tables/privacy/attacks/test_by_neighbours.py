"""Distances of mixed rows, and the attacks that follow neighbours, against plain loops."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.modalities.tables.privacy.attacks.victims import CATEGORICAL, laid_out, rows
from zerosum.modalities.tables.judging.gower import Gower
from zerosum.modalities.tables.privacy.attacks.copies import (
    NEAR,
    ExactCopiesAttack,
    NearCopiesAttack,
)
from zerosum.modalities.tables.privacy.attacks.inference import Guesser
from zerosum.modalities.tables.privacy.attacks.linkability import Linker
from zerosum.modalities.tables.privacy.attacks.membership import rate_at, upper_half

IS_CATEGORY = torch.tensor(CATEGORICAL)


def apart(one: list[float], other: list[float], reach: list[float], middle: list[float]) -> float:
    """Gower's distance of two rows, summed."""
    total = 0.0
    for i, (a, b) in enumerate(zip(one, other, strict=True)):
        if math.isnan(a) or math.isnan(b):
            known = [x for x in (a, b) if not math.isnan(x)]
            total += 0.5 + abs(known[0] - middle[i]) / reach[i] if known else 0.0
        elif CATEGORICAL[i]:
            total += a != b
        else:
            total += abs(a - b) / reach[i]
    return total


def by_hand(queries: Tensor, points: Tensor) -> Tensor:
    low, high = np.nanmin(points.numpy(), 0), np.nanmax(points.numpy(), 0)
    reach, middle = (high - low).tolist(), ((low + high) / 2).tolist()
    return torch.tensor(
        [[apart(q, p, reach, middle) for p in points.tolist()] for q in queries.tolist()]
    )


def distances(gower: Gower, queries: Tensor) -> Tensor:
    return torch.cat([block for _, block in gower.blocks(queries)])


def test_distances_are_gowers() -> None:
    points, queries = rows(60, 0), rows(30, 1)[:20]
    found, gower = by_hand(queries, points).float(), Gower(points, IS_CATEGORY)
    assert torch.allclose(distances(gower, queries), found, atol=1e-5)
    far, which = gower.nearest(queries, 3)
    assert torch.allclose(far, found.sort().values[:, :3], atol=1e-5)
    assert torch.allclose(found.gather(1, which), far, atol=1e-5)
    assert torch.equal(gower.nearest(points)[1][:, 0], torch.arange(60))


def test_each_column_adds_its_part() -> None:
    points, queries = rows(60, 0), rows(20, 1)
    gower = Gower(points, IS_CATEGORY)
    parts = [gower.added_by(queries, column) for column in range(4)]
    assert torch.allclose(distances(gower, queries), torch.stack(parts).sum(0), atol=1e-5)
    some = Gower(points, IS_CATEGORY, columns=torch.tensor([0, 2]))
    assert torch.allclose(distances(some, queries), parts[0] + parts[2], atol=1e-5)


def test_ranges_may_come_from_other_rows() -> None:
    points, wide = rows(60, 0), rows(600, 2)
    scaled = Gower(points, IS_CATEGORY, ranges=wide)
    whole = distances(Gower(wide, IS_CATEGORY), wide[:9])
    assert torch.allclose(distances(Gower(wide[:50], IS_CATEGORY, ranges=wide), wide[:9]),
                          whole[:, :50], atol=1e-5)  # fmt: skip
    assert float(distances(scaled, points).max()) <= 4


def test_values_are_guessed_from_all_other_columns() -> None:
    points, queries = rows(60, 0), rows(20, 1)
    release, _ = laid_out(points, points, points)
    guessed = Guesser(release).guesses(queries)
    gower = Gower(release.rows, IS_CATEGORY)
    for column in range(4):
        without = distances(gower, queries) - gower.added_by(queries, column)
        known = release.rows[:, column].nan_to_num(nan=-1)
        same = known == guessed[:, column, None].nan_to_num(nan=-1)
        best = torch.where(same, without, torch.inf).amin(1)
        assert torch.allclose(best, without.amin(1), atol=1e-5)


@pytest.mark.parametrize(("off", "right"), [(4, True), (5, False)])
def test_a_number_is_guessed_within_a_twentieth_of_the_middle(off: float, right: bool) -> None:
    ramp = torch.arange(101, dtype=torch.float64)[:, None]
    made = torch.cat([ramp, ramp], 1)
    release, victims = laid_out(made, made + torch.tensor([off, 0.0]), made)
    release = replace(release, names=("a", "b"), categorical=torch.tensor([False, False]))
    first, _ = Guesser(release).strike(victims).parts
    assert first.name == "a"
    assert (first.main.value, first.control.value) == (float(right), 1)


@pytest.mark.parametrize("k", [1, 3])
def test_halves_are_linked_that_share_a_near_row(k: int) -> None:
    made, queries = rows(80, 0), rows(30, 1)
    split = (torch.tensor([0, 1]), torch.tensor([2, 3]))
    release, _ = laid_out(made, made, made)
    near = []
    for half in split:
        far = distances(Gower(release.rows, IS_CATEGORY, columns=half), queries).tolist()
        near.append([{i for i, d in enumerate(each) if d <= sorted(each)[k - 1]} for each in far])
    expected = [bool(one & other) for one, other in zip(*near, strict=True)]
    assert Linker(release, [split], neighbours=k).links(queries).tolist() == expected
    assert any(expected)
    assert not all(expected)


def test_blind_links_are_as_rare_as_two_draws_that_meet() -> None:
    made = rows(10, 0)
    release, victims = laid_out(made, made, made)
    split = (torch.tensor([0]), torch.tensor([1]))
    blind = Linker(release, [split], neighbours=3).strike(victims).baseline
    assert blind is not None
    assert blind.value == pytest.approx(1 - math.comb(7, 3) / math.comb(10, 3))


def test_half_of_all_are_called() -> None:
    inside, outside = torch.tensor([3.0, 1.0, 1.0, 0.0]), torch.tensor([1.0, 1.0, 0.0, 0.0])
    called, accused = upper_half(inside, outside)
    assert called.tolist() == [1, 0.75, 0.75, 0]
    assert accused.tolist() == [0.75, 0.75, 0, 0]


def test_the_rate_at_few_false_alarms_spends_them_all() -> None:
    scores = torch.arange(100.0)
    assert rate_at(scores, scores, 0.01) == pytest.approx(0.01)
    assert rate_at(scores + 1_000, scores, 0.01) == 1
    assert rate_at(torch.zeros(50), torch.zeros(50), 0.01) == pytest.approx(0.01)


def test_only_rows_without_a_twin_count_as_copies() -> None:
    """One of three rare training rows is given back; the common ones are no matter."""
    rare, common = rows(4, 0), rows(9, 1)[:1]
    train = torch.cat([rare[:3], common, common])
    holdout = torch.cat([rare[3:], common, rare[:1]])
    strike = ExactCopiesAttack().prepare(laid_out(rare[:1], train, holdout)[0]).strike(
        laid_out(rare[:1], train, holdout)[1]
    )  # fmt: skip
    assert (strike.main.value, strike.tries) == (pytest.approx(1 / 3), 3)
    assert (strike.control.value, strike.control.n) == (0, 1)


def test_a_near_copy_is_nearer_than_any_other_training_row() -> None:
    line = torch.tensor([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0], [100.0, 0.0]], dtype=torch.float64)
    blurred = line[1:2] + torch.tensor([10 * NEAR - 0.01, 0.0])
    release, victims = laid_out(blurred, line, line + 5)
    release = replace(release, names=("a", "b"), categorical=torch.tensor([False, False]))
    strike = NearCopiesAttack().prepare(release).strike(victims)
    assert (strike.main.value, strike.tries) == (0.25, 4)
