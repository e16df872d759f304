"""A trained model of table rows."""

import torch
from torch import Tensor

from zerosum.games.base import Inputs
from zerosum.rng import Noise, derive_seed
from zerosum.tables.space import TableSpace
from zerosum.tasks.model import Model

_BLOCK = 2_048


class TableModel(Model):
    """A generator of table rows."""

    @property
    def table(self) -> TableSpace:
        """The space, which is one of rows."""
        assert isinstance(self.space, TableSpace)
        return self.space

    def draw(self, n: int, *, seed: int) -> Inputs:
        """See `Model.draw`; in larger blocks."""
        blocks = [
            self.game.draw(_BLOCK, Noise(derive_seed(seed, "rows", block)))
            for block in range(-(-n // _BLOCK))
        ]
        return Inputs(torch.cat([block.z for block in blocks])).rows(0, n)

    def values(self, n: int, *, seed: int = 0, batch_size: int = 4_096) -> Tensor:
        """`n` rows in compact form, float64 `[n, D]`; row *i* of a seed is always the same."""
        inputs = self.draw(n, seed=seed)
        return torch.cat(
            [self.space.to_data(x) for x in self.generate(inputs, batch_size=batch_size)]
        )
