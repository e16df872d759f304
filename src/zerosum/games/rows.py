"""What a game of table rows offers beside samples: rows column by column, so that one can steer."""

from abc import abstractmethod
from typing import Protocol

from torch import Tensor

from zerosum.games.base import Game, Inputs
from zerosum.rng import Noise
from zerosum.tables.codecs import MIDDLE
from zerosum.tables.space import TableSpace


class Rollout(Protocol):
    """Rows that are made one column after another.

    Attributes:
        column: the column whose turn it is.
        codes: what was put so far, int64 `[n, C]`, in the space's order of columns.
    """

    column: int
    codes: Tensor

    def log_probs(self) -> Tensor:
        """Log-probabilities of that column's codes given what was put, `[n, sizes[column]]`."""
        ...

    def put(self, codes: Tensor) -> None:
        """Set that column, int64 `[n]`, and go on to the next."""
        ...

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows, int64 `[m]`, in place of the `n` there are; some perhaps twice."""
        ...


class RowGame(Game):
    """A game whose generator makes rows column by column."""

    @property
    def table(self) -> TableSpace:
        """The space, which is one of rows."""
        assert isinstance(self.space, TableSpace)
        return self.space

    @property
    @abstractmethod
    def order(self) -> tuple[int, ...]:
        """The coded columns in the order in which they are made."""

    @abstractmethod
    def rollout(self, n: int) -> Rollout:
        """`n` empty rows, on the device of the game; nothing of it is differentiated."""

    def draw(self, n: int, noise: Noise) -> Inputs:
        """Uniform numbers, `[n, 2 * C]`: for each column one that chooses the code, and a place.

        Each column has one number in every n-th part of [0, 1), in random order (Latin hypercube
        sampling, McKay et al., 1979): rows are as likely as ever, and their shares scatter less.
        """
        size = 2 * len(self.table.codecs)
        order = noise.uniform(n, size).argsort(dim=0).float()
        return Inputs((order + noise.uniform(n, size)) / n)

    def generate(self, inputs: Inputs) -> Tensor:
        """Code + place, `[B, C]`; codes that are never told of are not drawn."""
        columns = len(self.table.codecs)
        chance, place = inputs.z[:, :columns], inputs.z[:, columns:]
        rows = self.rollout(inputs.size)
        for column in self.order:
            odds = rows.log_probs().exp()
            forbidden = self.table.codecs[column].forbidden
            if forbidden:
                odds[:, list(forbidden)] = 0.0
            rows.put(pick(odds, chance[:, column]))
        return rows.codes + place.clamp(max=1 - MIDDLE * 2**-11)


def pick(odds: Tensor, chance: Tensor) -> Tensor:
    """The code at a share `chance` `[n]` of all odds `[n, K]`, int64 `[n]`: by the inverse CDF.

    >>> import torch
    >>> pick(torch.tensor([[1.0, 3.0]]), torch.tensor([0.2]))
    tensor([0])
    >>> pick(torch.tensor([[1.0, 3.0]]), torch.tensor([0.3]))
    tensor([1])
    """
    edges = odds.cumsum(dim=1)
    at = chance[:, None].to(edges) * edges[:, -1:]
    return (edges <= at).sum(dim=1).clamp_(max=odds.shape[1] - 1)
