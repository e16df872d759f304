"""Linkability: two halves of a person's row, brought together by a synthetic row near to both.

Giomi et al., "A unified framework for quantifying privacy risk in synthetic data", PETS 2023,
arXiv:2211.10459, section 4.2. The attacker holds two tables with different columns of the same
people, and takes two rows for one person's where both are nearest to the same synthetic row.

Where we deviate: which columns the two tables have is not asked for. They are split in half at
random in ten ways, each for a tenth of the people. And where several synthetic rows are equally
near, all of them count as nearest, where the authors' program takes any one.
"""

from typing import ClassVar

import torch
from torch import Tensor

from zerosum.errors import EvaluationError
from zerosum.modalities.tables.judging.gower import Gower
from zerosum.modalities.tables.privacy.attack import (
    Attack,
    Attacker,
    AttackResult,
    SyntheticRelease,
    Targets,
    attack,
    strike_rows,
)
from zerosum.modalities.tables.privacy.rates import Rate


class Linker(Attacker):
    """Links two sets of columns, in one way or several.

    Args:
        release: what was given out.
        splits: pairs of sets of columns, int64 each; people take turns in them.
        neighbours: two halves are linked that share one of so many nearest synthetic rows, and of
            those that are as near.
    """

    def __init__(
        self, release: SyntheticRelease, splits: list[tuple[Tensor, Tensor]], *, neighbours: int = 1
    ) -> None:
        self._k = min(neighbours, len(release.rows))
        self._sides = [
            tuple(Gower(release.rows, release.categorical, columns=side) for side in split)
            for split in splits
        ]
        missed, rest = 1.0, len(release.rows)
        for i in range(self._k):
            missed *= max(rest - self._k - i, 0) / (rest - i)
        self._chance = 1 - missed

    def strike(self, victims: Targets) -> AttackResult:
        """Count rows whose halves are linked; a blind guess names synthetic rows at random."""
        blind = Rate(self._chance, min(victims.attacks, len(victims.train)))
        return strike_rows(self.links, victims, baseline=blind)

    def links(self, rows: Tensor) -> Tensor:
        """Whether both halves of each row `[n, D]` share a near synthetic row, bool `[n]`."""
        found = torch.zeros(len(rows), dtype=torch.bool)
        for turn, (one, other) in enumerate(self._sides):
            mine = torch.arange(turn, len(rows), len(self._sides))
            blocks = zip(one.blocks(rows[mine]), other.blocks(rows[mine]), strict=True)
            for (start, left), (_, right) in blocks:
                shared = self._near(left) & self._near(right)
                found[mine[start : start + len(left)]] = shared.any(1)
        return found

    def _near(self, far: Tensor) -> Tensor:
        """Which synthetic rows are among the nearest, of distances `[B, S]`."""
        if self._k == 1:
            return far <= far.amin(1, keepdim=True)
        return far <= far.topk(self._k, dim=1, largest=False).values[:, -1:]


@attack
class Linkability(Attack):
    """Random halves of the columns."""

    splits: ClassVar[int] = 10
    name: ClassVar[str] = "linkability"
    title: ClassVar[str] = "Linking two tables"
    meaning: ClassVar[str] = (
        "Two tables hold different columns of the same people, without names. Two rows are taken "
        "for one person's where the same synthetic row is nearest to both: does that bring "
        "people's halves together?"
    )
    source: ClassVar[str] = "Giomi et al. 2023, arXiv:2211.10459; ten random halves, 1 neighbour"
    success: ClassVar[str] = (
        "Both halves are brought together for {main} of {n} training rows, and for {control} of "
        "rows never trained on."
    )
    exposed: ClassVar[str] = "{count} in 1,000 people are linked because of it"

    def prepare(self, release: SyntheticRelease) -> Attacker:
        """Split the columns in ten ways."""
        columns = len(release.names)
        if columns < 2:
            raise EvaluationError("one column has no two halves to link")
        order = release.noise("linkability").uniform(self.splits, columns).argsort(dim=1)
        half = (columns + 1) // 2
        return Linker(release, [(one[:half], one[half:]) for one in order])
