"""The laws that every attack obeys; a new attack is under them as soon as it is registered."""

import inspect
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import ClassVar

import pytest
import torch
from torch import Tensor

from tests.modalities.tables.privacy.attacks.victims import laid_out, rows
from zerosum.errors import EvaluationError
from zerosum.evaluation.judging.holdout import row_bytes
from zerosum.evaluation.reports.words import percent
from zerosum.modalities.tables.privacy.attack import (
    REGISTRY,
    Attack,
    Attacker,
    AttackResult,
    SyntheticRelease,
    all_attacks,
)
from zerosum.modalities.tables.privacy.audit import Finding, strike_all
from zerosum.modalities.tables.privacy.rates import risk

SEEDS = range(4)
each_attack = pytest.mark.parametrize("one", all_attacks(), ids=lambda one: one.name)


def struck(
    one: Attack, synthetic: Tensor, train: Tensor, holdout: Tensor, seed: int
) -> AttackResult:
    release, victims = laid_out(synthetic, train, holdout, seed=seed)
    return one.prepare(release).strike(victims)


@each_attack
def test_a_model_that_gives_back_its_training_rows_is_caught(one: Attack) -> None:
    train = rows(800, 0)
    strike = struck(one, train, train, rows(800, 1), seed=0)
    assert risk(strike.main, strike.control, 0.999).low > 0
    assert strike.main.value > strike.control.value + 0.05
    if strike.baseline is not None:
        assert strike.main.value > strike.baseline.value


@each_attack
def test_a_leak_of_a_quarter_of_the_rows_shows_on_average(one: Attack) -> None:
    train, found = rows(800, 0), []
    for seed in SEEDS:
        synthetic = torch.cat([train[:200], rows(600, 100 + seed)])
        strike = struck(one, synthetic, train, rows(800, 200 + seed), seed=seed)
        found.append(risk(strike.main, strike.control).value)
    assert sum(found) / len(found) > 0.02


@each_attack
@pytest.mark.parametrize("held", [300, 800])
def test_fresh_rows_are_not_accused(one: Attack, held: int) -> None:
    """Each interval of 95 % leaves 0 below it in 2.5 % of all cases: of four, two at most do."""
    missed = 0
    for seed in SEEDS:
        sizes = enumerate((800, 800, held))
        made, train, holdout = (rows(n, 1_000 * i + seed) for i, n in sizes)
        strike = struck(one, made, train, holdout, seed=seed)
        found = risk(strike.main, strike.control)
        assert -1 <= found.low <= found.value <= found.high <= 1
        assert risk(strike.main, strike.control, 0.9999).low <= 0
        missed += found.low > 0
    assert missed <= 2


@each_attack
def test_the_same_seed_gives_the_same_numbers(one: Attack) -> None:
    made, train, holdout = rows(300, 0), rows(300, 1), rows(200, 2)
    assert struck(one, made, train, holdout, seed=3) == struck(one, made, train, holdout, seed=3)


@each_attack
def test_an_attack_gets_ready_from_the_release_alone(one: Attack) -> None:
    """Its guesses cannot look at training rows: there are none in what it is given."""
    given = list(inspect.signature(one.prepare).parameters.values())
    assert [parameter.annotation for parameter in given] == [SyntheticRelease]
    assert {field.name for field in fields(SyntheticRelease)} == {
        "rows", "names", "categorical", "known", "attacks", "seed",
    }  # fmt: skip
    release, victims = laid_out(rows(300, 0), rows(300, 1), rows(200, 2))
    assert {*row_bytes(release.known)} | {*row_bytes(victims.strangers)} == {
        *row_bytes(victims.holdout)
    }
    assert {*row_bytes(release.rows)} == {*row_bytes(rows(300, 0))}


@each_attack
def test_it_explains_itself(one: Attack) -> None:
    said = one.success.format(n="1", main=percent(0.5), control=percent(0.25))
    assert "50.0 %" in said
    assert "25.0 %" in said
    assert one.exposed.startswith("{count} in 1,000 ")
    assert one.title
    assert one.meaning.endswith(("?", "."))
    assert one.source


def test_names_are_unique() -> None:
    names = [one.name for one in all_attacks()]
    assert len(set(names)) == len(names) == 8


class Refused(Attack):
    """An attack that never can be made."""

    name: ClassVar[str] = "refused"
    title: ClassVar[str] = "Refused"

    def prepare(self, release: SyntheticRelease) -> Attacker:
        raise EvaluationError("there is nothing to try")


def test_an_attack_that_cannot_be_made_is_told_of() -> None:
    found, notes = strike_all(*laid_out(rows(99, 0), rows(99, 1), rows(99, 2)), attacks=[Refused()])
    assert found == ()
    assert notes == ("Refused was not tried: there is nothing to try.",)


def test_a_name_is_taken_once() -> None:
    with pytest.raises(ValueError, match="exists already"):
        REGISTRY.add(type(all_attacks()[0]))


def test_a_table_of_one_column_is_audited_as_far_as_it_goes() -> None:
    train, holdout = rows(300, 0)[:, 1:2], rows(300, 1)[:, 1:2]
    release, victims = laid_out(train, train, holdout)
    release = replace(release, names=("age",), categorical=torch.tensor([False]))
    found, notes = strike_all(release, victims)
    assert {"linkability", "attribute_inference"}.isdisjoint(one.name for one in found)
    assert {"singling_out_univariate", "membership_distance"} <= {one.name for one in found}
    assert sum("was not tried" in note for note in notes) == 8 - len(found)


def leaks(findings: Sequence[Finding]) -> set[str]:
    return {finding.name for finding in findings if finding.standing == "leak"}


def test_a_leak_is_told_from_chance() -> None:
    train, holdout = rows(800, 0), rows(800, 1)
    leaking, _ = strike_all(*laid_out(train, train, holdout))
    honest, _ = strike_all(*laid_out(rows(800, 2), train, holdout))
    assert leaks(leaking) == {one.name for one in all_attacks()}
    assert leaks(honest) == set()
