"""A model of levels that can be played."""

import torch
from torch import Tensor

from zerosum.games.base import Inputs
from zerosum.modalities.levels.reading import levels_of
from zerosum.modalities.levels.space import LevelSpace
from zerosum.models.model import Model
from zerosum.models.steering import Weight, Where
from zerosum.rng import derive_seed

MOST_TRIES = 20
"""How often a level is made again until it can be played."""


class LevelModel(Model):
    """Makes levels; those that its rules cannot be played by are made again.

    A level is tried up to 20 times. `evaluate` judges levels as they first come, and says how many
    of those can be played.

    A level is the same whatever is asked for beside it.
    """

    @property
    def levels(self) -> LevelSpace:
        """The space, which is one of levels."""
        assert isinstance(self.space, LevelSpace)
        return self.space

    def _wanted(
        self, n: int, start: int, where: Where | None, in_turn: Where | None,
        weight: Weight | None, seed: int,
    ) -> Inputs:  # fmt: skip
        """Inputs of levels that can be played, from number `start` on."""
        wanted = super()._wanted(n, start, where, in_turn, weight, seed)
        if self.levels.rules is None:
            return wanted
        left = self._unplayable(wanted)
        at_once = n - len(left)
        for attempt in range(1, MOST_TRIES):
            if not len(left):
                break
            again = super()._wanted(
                n, start, where, in_turn, weight, derive_seed(seed, "again", attempt)
            )
            # Labels stay: several may have been allowed, and each level has its own.
            tried = Inputs(again.z[left], None if wanted.y is None else wanted.y[left])
            failed = self._unplayable(tried)
            solved = torch.ones(len(left), dtype=torch.bool)
            solved[failed] = False
            wanted.z[left[solved]] = tried.z[solved]
            left = left[failed]
        self.remark = f"{at_once:,} of {n:,} levels could be played as they first came"
        self.remark += (
            f", and {len(left):,} cannot be played even after {MOST_TRIES} tries." if len(left)
            else "." if at_once == n else "; the others were made again."
        )  # fmt: skip
        return wanted

    def _unplayable(self, inputs: Inputs) -> Tensor:
        """Which of the levels cannot be played, int64 `[K]`."""
        rules = self.levels.rules
        assert rules is not None
        made = [self.space.to_data(x).cpu() for x in self.generate(inputs, batch_size=256)]
        fails = [not rules.playable(grid) for grid in levels_of(torch.cat(made), self.levels)]
        return torch.tensor(fails, dtype=torch.bool).nonzero()[:, 0]
