"""Games of table rows: they make rows column by column, so that rows can be steered."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from zerosum.games.base import Game, Inputs
from zerosum.modalities.tables.codecs import MIDDLE
from zerosum.modalities.tables.space import TableSpace
from zerosum.networks.masked import MaskedNetwork, MaskedState
from zerosum.rng import Noise
from zerosum.runtime import can_bfloat16


class AutoregressiveState(Protocol):
    """Rows that are made one column after another.

    Attributes:
        column: the column whose turn it is.
        codes: what was put so far, int64 `[n, C]`, in the space's order of columns.
    """

    @property
    def column(self) -> int:
        """See the class."""
        ...

    @property
    def codes(self) -> Tensor:
        """See the class."""
        ...

    def log_probs(self) -> Tensor:
        """Log-probabilities of that column's codes given what was put, `[n, sizes[column]]`."""
        ...

    def put(self, codes: Tensor) -> None:
        """Set that column, int64 `[n]`, and go on to the next."""
        ...

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows, int64 `[m]`, in place of the `n` there are; some perhaps twice."""
        ...


@runtime_checkable
class PicksWide(Protocol):
    """Rows in the making whose columns of very many codes need not have all odds worked out."""

    def pick_wide(self, chance: Tensor, forbidden: Sequence[int] = ()) -> Tensor | None:
        """The code at a share `chance` `[n]` of all odds, int64 `[n]`; None for other columns."""
        ...


class RowGame(Game):
    """A game whose generator makes rows column by column.

    Attributes:
        sampling_dtype: what hidden units are computed in where rows are made freely; under
            conditions, which need probabilities, it is float32, as it is where bfloat16 is slow.
    """

    samples_in_bfloat16 = True
    no_graph = (
        "rows of a table are made column by column, each drawn given those before it, and then "
        "decoded: that is a program and no graph of one network."
    )

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
    def rollout(self, n: int, *, dtype: torch.dtype = torch.float32) -> AutoregressiveState:
        """`n` empty rows, on the device of the game; nothing of it is differentiated.

        `dtype` is what hidden units are computed in.
        """

    def draw(self, n: int, noise: Noise) -> Inputs:
        """Uniform numbers, `[n, 2 * C]`: for each column one that chooses the code, and a place."""
        return Inputs(noise.uniform(n, 2 * len(self.table.codecs)))

    def generate(self, inputs: Inputs) -> Tensor:
        """Code + place, `[B, C]`; forbidden codes are not drawn."""
        columns = len(self.table.codecs)
        chance, place = inputs.z[:, :columns], inputs.z[:, columns:]
        quick = self.sampling_dtype == torch.float32 or can_bfloat16(inputs.z.device)
        rows = self.rollout(inputs.size, dtype=self.sampling_dtype if quick else torch.float32)
        for column in self.order:
            forbidden = self.table.codecs[column].forbidden
            if isinstance(rows, PicksWide):
                codes = rows.pick_wide(chance[:, column], forbidden)
                if codes is not None:
                    rows.put(codes)
                    continue
            odds = rows.log_probs().exp()
            if forbidden:
                odds[:, list(forbidden)] = 0.0
            rows.put(pick(odds, chance[:, column]))
        return rows.codes + place.clamp(max=1 - MIDDLE * 2**-11)


class MaskedRows(RowGame):
    """Rows by a masked network that another game trains, column by column as they come."""

    def __init__(self, network: MaskedNetwork, space: TableSpace) -> None:
        super().__init__()
        self.generator, self.space = network, space

    @property
    def order(self) -> tuple[int, ...]:
        """The columns as they come."""
        return tuple(range(len(self.table.codecs)))

    def rollout(self, n: int, *, dtype: torch.dtype = torch.float32) -> AutoregressiveState:
        """Rows column by column."""
        return self.generator.rollout(n, dtype=dtype)


class ReorderedRows:
    """Rows by a network that has its columns in another order than the space; no gradients.

    Args:
        rows: of the network.
        order: which column of the space each of the network's is.

    Attributes:
        column: the column of the space whose turn it is.
    """

    def __init__(self, rows: MaskedState, order: Sequence[int]) -> None:
        self._rows, self._order = rows, tuple(order)
        self._place = sorted(range(len(order)), key=lambda i: order[i])

    @property
    def column(self) -> int:
        """See `AutoregressiveState`; the number of columns where none is left."""
        done = self._rows.column
        return self._order[done] if done < len(self._order) else done

    @property
    def codes(self) -> Tensor:
        """What was put so far, int64 `[n, C]`, in the space's order."""
        return self._rows.codes[:, self._place]

    def log_probs(self) -> Tensor:
        """See `AutoregressiveState`."""
        return self._rows.log_probs()

    def pick_wide(self, chance: Tensor, forbidden: Sequence[int] = ()) -> Tensor | None:
        """See `PicksWide`."""
        return self._rows.pick_wide(chance, forbidden)

    def put(self, codes: Tensor) -> None:
        """See `AutoregressiveState`."""
        self._rows.put(codes)

    def keep(self, rows: Tensor) -> None:
        """See `AutoregressiveState`."""
        self._rows.keep(rows)


def pick(odds: Tensor, chance: Tensor) -> Tensor:
    """The code at a share `chance` `[n]` of all odds `[n, K]`, int64 `[n]`: by the inverse CDF.

    >>> pick(torch.tensor([[1.0, 3.0]]), torch.tensor([0.2]))
    tensor([0])
    >>> pick(torch.tensor([[1.0, 3.0]]), torch.tensor([0.3]))
    tensor([1])
    >>> pick(torch.tensor([[0.5, 0.5, 0.0]]), torch.tensor([1.0]))
    tensor([1])
    """
    edges = odds.cumsum(dim=1)
    total = edges[:, -1:]
    # Below the total, so that a code without odds is never chosen, whatever is rounded.
    at = torch.minimum(chance[:, None].to(edges) * total, total.nextafter(torch.zeros_like(total)))
    return torch.searchsorted(edges, at, right=True)[:, 0].clamp_(max=odds.shape[1] - 1)
