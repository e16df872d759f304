"""Copies: rare training rows that are given back, exactly or nearly.

Most synthetic rows that equal a training row are no copies: where columns have few values, so do
many fresh rows. A row that no other training row equals is another matter. It is counted how many
of these are among the synthetic rows, and how many of the rows that were never trained on and that
no training row equals: so many are there by chance.

Nobody attacks here, so there are no guesses to make: the release itself is looked through.
"""

from typing import ClassVar

import torch
from torch import Tensor

from zerosum.errors import EvaluationError
from zerosum.evaluation.judging.holdout import row_bytes
from zerosum.modalities.tables.judging.gower import Gower
from zerosum.modalities.tables.privacy.attack import (
    Attack,
    Attacker,
    AttackResult,
    SyntheticRelease,
    Targets,
    attack,
    share,
)

NEAR = 0.2
"""A near copy is so many times as near to a row as the nearest other training row is."""


class _ExactCopies(Attacker):
    def __init__(self, release: SyntheticRelease) -> None:
        self._made = set(row_bytes(release.rows))

    def strike(self, victims: Targets) -> AttackResult:
        """All rows that have no twin."""
        train, holdout = row_bytes(victims.train), row_bytes(victims.holdout)
        times: dict[bytes, int] = {}
        for row in train:
            times[row] = times.get(row, 0) + 1
        alone = [row for row in train if times[row] == 1]
        others = [row for row in holdout if row not in times]
        _require_rare(len(alone), len(others))
        main, control = self._given_back(alone), self._given_back(others)
        return AttackResult(share(main), share(control), tries=len(main))

    def _given_back(self, rows: list[bytes]) -> Tensor:
        return torch.tensor([row in self._made for row in rows])


class _NearCopies(Attacker):
    def __init__(self, release: SyntheticRelease) -> None:
        self._made, self._categorical = release.rows, release.categorical

    def strike(self, victims: Targets) -> AttackResult:
        """Some rows that have no twin, and how far the training rows around them are."""
        targets, others = (rows[: victims.attacks] for rows in (victims.train, victims.holdout))
        train = Gower(victims.train, self._categorical)
        apart = []
        for start, far in train.blocks(targets):
            rows = torch.arange(len(far))
            far[rows, start + rows] = float("inf")  # a target is one of the first training rows
            apart.append(far.amin(1))
        made = Gower(self._made, self._categorical, ranges=victims.train)
        main = _near(made, targets, torch.cat(apart))
        control = _near(made, others, train.nearest(others)[0][:, 0])
        _require_rare(len(main), len(control))
        return AttackResult(share(main), share(control), tries=len(main))


class _Copies(Attack):
    exposed: ClassVar[str] = "{count} in 1,000 people without a twin are given back because of it"


@attack
class ExactCopiesAttack(_Copies):
    """Every value is the same."""

    name: ClassVar[str] = "exact_copies"
    title: ClassVar[str] = "Exact copies of rare rows"
    meaning: ClassVar[str] = (
        "A synthetic row is, value by value, the row of a person who is like no other in the "
        "training data."
    )
    source: ClassVar[str] = "equality of values, of training rows without a twin"
    success: ClassVar[str] = (
        "{main} of the {n} training rows without a twin are among the synthetic rows, and "
        "{control} of rows never trained on and without a twin."
    )

    def prepare(self, release: SyntheticRelease) -> Attacker:
        """Know the synthetic rows by their values."""
        return _ExactCopies(release)


@attack
class NearCopiesAttack(_Copies):
    """Nearly every value is the same, in comparison with the rows around."""

    name: ClassVar[str] = "near_copies"
    title: ClassVar[str] = "Near copies of rare rows"
    meaning: ClassVar[str] = (
        "A synthetic row is at least five times as near to a person's row as any other training "
        "row is: where few rows are around, it is a blurred copy."
    )
    source: ClassVar[str] = "distances, against those to the nearest other training row"
    success: ClassVar[str] = (
        "{main} of {n} training rows without a twin have a near copy, and {control} of rows never "
        "trained on."
    )

    def prepare(self, release: SyntheticRelease) -> Attacker:
        """Know where the synthetic rows lie."""
        return _NearCopies(release)


def _near(made: Gower, rows: Tensor, apart: Tensor) -> Tensor:
    """Of the rows that are `apart` `[n]` from all training rows, which have a near copy."""
    rows, apart = rows[apart > 0], apart[apart > 0]
    return made.nearest(rows)[0][:, 0] <= NEAR * apart if len(rows) else apart > 0


def _require_rare(train: int, holdout: int) -> None:
    if not train or not holdout:
        raise EvaluationError("every row has a twin among the training rows, so none is rare")
