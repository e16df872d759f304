"""Drawing rows of one table column by column, within what is asked and what they must keep."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from zerosum.modalities.relational.chance import chances
from zerosum.modalities.relational.limits import TRIES, Fixed, Limits
from zerosum.modalities.relational.network import RowsNetwork
from zerosum.modalities.relational.sides import Side
from zerosum.modalities.tables.codecs import MIDDLE
from zerosum.modalities.tables.game import pick
from zerosum.modalities.tables.sampling.conditioning import CodeShares
from zerosum.networks.masked import MaskedState

_AGAIN = 500
"""Purpose of the chances by which a row is drawn once more, plus how often it was."""


class Draws:
    """Draws rows of one table, given their contexts.

    Args:
        network: of the table.
        side: the table.
        seeds: of all rows, uint64 `[N]`.
        forced: which of them have to obey what is wanted, bool `[N]`; None for all.
        wanted: what is allowed of codes, by coded column.
    """

    def __init__(
        self, network: RowsNetwork, side: Side, seeds: np.ndarray, forced: np.ndarray | None,
        wanted: Mapping[int, CodeShares],
    ) -> None:  # fmt: skip
        self._network, self._side, self._wanted = network.network, side, wanted
        self._seeds, self._forced = seeds, forced
        self._blocks = network.network.blocks()

    def rows(
        self, which: Tensor, context: Tensor, purpose: int = 0, limits: Limits | None = None
    ) -> tuple[Tensor, np.ndarray]:
        """Code + place of rows `[n, C]`, and how likely rows in their place obey; see `_drawn`."""
        mine, forced = which.numpy(), self._forced
        seeds, columns = self._seeds[mine], len(self._side.rows.codecs)
        chance = torch.from_numpy(chances(seeds, 2 * columns, purpose))
        state = self._network.rollout(len(mine), context=context, blocks=self._blocks)
        held = None if forced is None else forced[mine]
        fixed = {} if limits is None else limits.codes()
        return _drawn(state, self._side, chance, self._wanted, held, fixed)

    def inside(self, x: Tensor) -> np.ndarray:
        """Which rows `[n, C]` obey what is wanted, by their codes and places, bool `[n]`."""
        return _inside(x, self._wanted)

    def within(
        self, limits: Limits, x: Tensor, which: Tensor, context: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Rows that keep `limits`: those of `x`, or others; and their values `[n, D]`.

        Raises:
            ConstraintError: there is no way for some.
        """
        values = limits.copied(self._side.rows.to_data(x))
        for time in range(TRIES):
            broken = (~limits.hold(values)).nonzero()[:, 0]
            if not len(broken):
                break
            theirs = limits.of(broken)
            x[broken], _ = self.rows(which[broken], context[broken], _AGAIN + time, theirs)
            values[broken] = theirs.copied(self._side.rows.to_data(x[broken]))
        broken = (~limits.hold(values)).nonzero()[:, 0]
        values[broken] = limits.of(broken).moved(values[broken])
        return self._side.rows.to_model(values), values


def _inside(x: Tensor, wanted: Mapping[int, CodeShares]) -> np.ndarray:
    """Rows `[n, C]` whose codes and places are all allowed, bool `[n]`."""
    inside = np.ones(len(x), bool)
    for column, part in wanted.items():
        code = x[:, column].floor().long().numpy()
        place = x[:, column].double().numpy() - code
        mine = np.zeros(len(x), bool)
        pieces = zip(part.code.tolist(), part.first.tolist(), part.width.tolist(), strict=True)
        for one, first, width in () if part.exact else pieces:
            mine |= (code == one) & (place >= first) & (place <= first + width)
        inside &= mine
    return inside


def _drawn(
    state: MaskedState, side: Side, chance: Tensor, wanted: Mapping[int, CodeShares],
    forced: np.ndarray | None, fixed: Fixed,
) -> tuple[Tensor, np.ndarray]:  # fmt: skip
    """Rows by uniform numbers, and how likely rows in their place obey what is wanted.

    Args:
        state: of the network.
        side: the table.
        chance: uniform numbers, `[n, 2 C]`.
        wanted: what is allowed of codes, by coded column.
        forced: which rows have to obey, bool `[n]`.
        fixed: codes that are given, which columns after them then see.

    Returns:
        Code + place, float32 `[n, C]`, and probabilities `[n]`: of forced rows the ones by which
        they were drawn within what is allowed.
    """
    made = torch.ones(len(chance), dtype=torch.bool)
    made = made if forced is None else torch.from_numpy(forced)
    likely = np.ones(len(chance))
    columns = len(side.rows.codecs)
    for column, codec in enumerate(side.rows.codecs):
        odds = state.log_probs().exp()
        if codec.forbidden:
            odds[:, list(codec.forbidden)] = 0.0
        if column in wanted:
            weights = wanted[column].weights.to(odds.device)
            share = (odds.double() * weights).sum(1) / odds.double().sum(1)
            likely *= share.cpu().numpy()
            within = _within(odds, wanted[column])
            odds = torch.where(made[:, None].to(odds.device), within, odds.double())
        code = pick(odds, chance[:, column].to(odds))
        if column in fixed:
            there, given = fixed[column]
            code[there.to(code.device)] = given.to(code.device)
        state.put(code)
    codes = state.codes.cpu()
    place = chance[:, columns:].clamp(max=1 - MIDDLE * 2**-11)
    for column, part in wanted.items():
        within = part.place(codes[made, column], place[made, column])
        place[made, column] = within.to(place)
    return (codes + place).float(), likely


def _within(odds: Tensor, part: CodeShares) -> Tensor:
    """Odds of codes `[n, K]` within what is allowed; where none is likely, as in the data."""
    weights = part.weights.to(odds.device)
    inside = odds.double() * weights
    usual = weights * torch.tensor(part.codec.counts, dtype=torch.float64, device=odds.device)
    return torch.where(inside.sum(1, keepdim=True) > 0, inside, usual)
