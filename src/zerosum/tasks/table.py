"""A trained model of table rows."""

import torch
from torch import Tensor

from zerosum.tables.space import TableSpace
from zerosum.tasks.model import Model


class TableModel(Model):
    """A generator of table rows."""

    @property
    def table(self) -> TableSpace:
        """The space, which is one of rows."""
        assert isinstance(self.space, TableSpace)
        return self.space

    def values(self, n: int, *, seed: int = 0, batch_size: int = 4_096) -> Tensor:
        """`n` rows in compact form, float64 `[n, D]`; row *i* of a seed is always the same."""
        inputs = self.draw(n, seed=seed)
        return torch.cat(
            [self.space.to_data(x) for x in self.generate(inputs, batch_size=batch_size)]
        )
