"""Games of records: the columns of each as a row of a table, and then all that goes with it."""

from abc import abstractmethod

import torch
from torch import Tensor

from zerosum.games.base import Game, Inputs
from zerosum.modalities.tables.game import MaskedRows
from zerosum.rng import Noise


class RecordGame(Game):
    """A game that makes attributes as rows of a table are made, and the rest given these."""

    made_in_parts = True

    @abstractmethod
    def of_attributes(self) -> MaskedRows:
        """The game of attributes alone, by the same network."""

    @property
    @abstractmethod
    def num_chances(self) -> int:
        """Uniform numbers that the rest of a record takes."""

    @abstractmethod
    def rest_of(self, attributes: Tensor, chance: Tensor) -> Tensor:
        """What goes with attributes, as networks see it, float32 `[n, ...]`, on the CPU.

        Args:
            attributes: in compact form, `[n, A]`.
            chance: uniform numbers, `[n, num_chances]`.
        """

    def draw(self, n: int, noise: Noise) -> Inputs:
        """Uniform numbers: for attributes as `RowGame.draw`, then those of the rest."""
        first = 2 * len(self.of_attributes().table.codecs)
        return Inputs(noise.uniform(n, first + self.num_chances))

    def generate(self, inputs: Inputs) -> Tensor:
        """Records in model units, `[B, *shape]`."""
        rows = self.of_attributes()
        first = 2 * len(rows.table.codecs)
        x = rows.generate(Inputs(inputs.z[:, :first]))
        rest = self.rest_of(rows.table.to_data(x), inputs.z[:, first:])
        return torch.cat([x, rest.flatten(1).to(x)], dim=1)
