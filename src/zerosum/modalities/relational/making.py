"""Making rows below rows: table by table, and position by position among the rows of a parent.

Every random number follows from the unit's seed, the table, and the row's place below its parent.
So a unit is the same whatever else is made beside it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from zerosum.modalities.relational.flat import UnitRows
from zerosum.modalities.relational.layout import families
from zerosum.modalities.relational.network import RowsNetwork, places_of
from zerosum.modalities.relational.sides import Side
from zerosum.modalities.relational.space import RelationalSpace
from zerosum.modalities.tables.codecs import MIDDLE
from zerosum.modalities.tables.game import pick
from zerosum.modalities.tables.sampling.conditioning import CodeShares
from zerosum.networks.masked import MaskedState

SEEDS = 3
"""Uniform numbers, of 24 bits each, that a unit's seed is made of."""

_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)

_AT_ONCE = 16_384
"""Rows that a network makes together."""

Asked = Mapping[str, Mapping[int, CodeShares]]
"""What is asked of rows below: for each table and coded column what is allowed of its codes."""


@dataclass(frozen=True)
class MadeRows:
    """Rows of one table that were made, unit by unit and parent by parent.

    Attributes:
        values: float64 `[N, D]`.
        parent: number of the parent's row in its own table, -1 without one; int64 `[N]`.
        position: how many rows of the same parent come before, `[N]`.
        unit: which unit each belongs to, `[N]`.
        seed: of each row, uint64 `[N]`.
    """

    values: Tensor
    parent: np.ndarray
    position: np.ndarray
    unit: np.ndarray
    seed: np.ndarray

    def __len__(self) -> int:
        return len(self.values)

    def in_units(self, n: int) -> UnitRows:
        """The rows of `n` units."""
        return UnitRows(self.values, np.searchsorted(self.unit, np.arange(n + 1)))


def seeds_from(uniform: Tensor) -> np.ndarray:
    """A seed from uniform numbers `[N, SEEDS]`, uint64 `[N]`.

    >>> seeds_from(torch.tensor([[0.1, 0.2, 0.3], [0.1, 0.2, 0.4]])).tolist()
    [2867998482144235556, 16780049462449485287]
    """
    seeds = np.zeros(len(uniform), np.uint64)
    for column in uniform.double().mul(2.0**24).long().numpy().astype(np.uint64).T:
        seeds = scrambled(seeds ^ column)
    return seeds


def scrambled(numbers: np.ndarray) -> np.ndarray:
    """Numbers that look random, one to one, uint64 `[...]` (splitmix64).

    Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
    """
    z = numbers + _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * _MIX[0]
    z = (z ^ (z >> np.uint64(27))) * _MIX[1]
    return z ^ (z >> np.uint64(31))


def chances(seeds: np.ndarray, count: int, purpose: int = 0) -> np.ndarray:
    """Uniform numbers in [0, 1) that follow from seeds `[N]`, float64 `[N, count]`."""
    steps = np.arange(1, count + 1, dtype=np.uint64) + np.uint64(purpose << 32)
    words = scrambled(seeds[:, None] + steps * _GOLDEN)
    return (words >> np.uint64(11)) * 2.0**-53


def make_below(
    space: RelationalSpace,
    networks: Mapping[str, RowsNetwork],
    values: Tensor,
    seeds: np.ndarray,
    *,
    asked: Asked | None = None,
    tops: "Mapping[str, MadeRows] | None" = None,
    told: Callable[[str, int], None] | None = None,
) -> dict[str, MadeRows]:
    """Everything that hangs below rows of the main table.

    Args:
        space: what is made.
        networks: of each table.
        values: rows of the main table, float64 `[N, D]`.
        seeds: of the units, uint64 `[N]`.
        asked: what is asked of rows below.
        tops: rows of other tables without a parent.
        told: called with how many rows of a table are made.
    """
    n = len(values)
    main = MadeRows(values, np.full(n, -1), np.zeros(n, int), np.arange(n), seeds)
    made = {space.main: main, **(tops or {})}
    codes = {name: _codes(space[name], one.values) for name, one in made.items()}
    above: dict[str, list[str]] = {}
    for number, side in enumerate(space.sides):
        to = space.parents.get(side.name)
        above[side.name] = [] if to is None else [to, *above[to]]
        if to is None or to not in made:
            continue
        own = _families(made[to], side, space[to], number)
        loose = (tops or {}).get(side.name)
        wanted = (asked or {}).get(side.name, {})
        rows, made_codes = _make(
            networks[side.name], side, own, above[side.name], made, codes, wanted
        )
        if loose is not None:
            rows, made_codes = _joined(rows, made_codes, loose, codes[side.name])
        made[side.name], codes[side.name] = rows, made_codes
        if told is not None:
            told(side.name, len(rows))
    return made


def make_loose(
    space: RelationalSpace, networks: Mapping[str, RowsNetwork], side: Side, seeds: np.ndarray,
    unit: np.ndarray, asked: Asked | None = None,
) -> MadeRows:  # fmt: skip
    """Rows without a parent of a table whose rows have one elsewhere.

    Args:
        space: what is made.
        networks: of each table.
        side: the table.
        seeds: of the rows, uint64 `[N]`.
        unit: which unit each is dealt out to, `[N]`.
        asked: what is asked of them.
    """
    n, lonely = len(seeds), np.full(len(seeds), -1)
    own = MadeRows(torch.zeros(n, 0), lonely, np.zeros(n, int), unit, seeds)
    above, empty = [], {}
    to = space.parents.get(side.name)
    while to is not None:
        above.append(to)
        empty[to] = torch.zeros(0, len(space[to].rows.codecs), dtype=torch.int64)
        to = space.parents.get(to)
    wanted = (asked or {}).get(side.name, {})
    return _make(networks[side.name], side, own, above, {}, empty, wanted)[0]


def _codes(side: Side, values: Tensor) -> Tensor:
    return side.rows.to_model(values).floor().long()


def _families(above: MadeRows, side: Side, to: Side, number: int) -> MadeRows:
    """Rows that are to be made, with all but their values."""
    counts = to.counts(above.values, side.name)
    parent = np.repeat(np.arange(len(above)), counts)
    position, _ = families(parent)
    below = scrambled(above.seed[parent] ^ scrambled(np.full(1, number, np.uint64)))
    seed = scrambled(below + position.astype(np.uint64))
    return MadeRows(torch.zeros(len(parent), 0), parent, position, above.unit[parent], seed)


@torch.no_grad()
def _make(
    network: RowsNetwork, side: Side, own: MadeRows, above: list[str],
    made: Mapping[str, MadeRows], codes: Mapping[str, Tensor], wanted: Mapping[int, CodeShares],
) -> tuple[MadeRows, Tensor]:  # fmt: skip
    """Values of rows whose place is known, and their codes."""
    device = network.network.into.device
    n, columns = len(own), len(side.rows.codecs)
    x = torch.zeros(n, columns, dtype=torch.float32)
    if n:
        starts = np.flatnonzero(own.position == 0)
        sizes = np.diff(np.append(starts, n))
        rows, at = [], own.parent[starts]
        for name in above:
            rows.append(torch.from_numpy(at).to(device))
            at = np.where(at >= 0, made[name].parent[np.maximum(at, 0)], -1) if name in made else at
        said = network.said_above([codes[name].to(device) for name in above], rows)
        blocks = network.network.blocks()
        last = torch.zeros(len(starts), network.none.shape[0], device=device)
        total = torch.zeros_like(last, dtype=torch.float64)
        by_size = np.argsort(-sizes, kind="stable")
        for position in range(int(sizes.max())):
            alive = by_size[: int(np.searchsorted(-sizes[by_size], -position))]
            for first in range(0, len(alive), _AT_ONCE):
                piece = alive[first : first + _AT_ONCE]
                which = torch.from_numpy(starts[piece] + position)
                family = torch.from_numpy(piece).to(device)
                place = torch.full((len(piece),), position, device=device)
                size = torch.from_numpy(sizes[piece]).to(device)
                mean = (total[family] / max(position, 1)).to(last.dtype)
                context = network.context(said[family], last[family], mean, places_of(place, size))
                chance = torch.from_numpy(chances(own.seed[which.numpy()], 2 * columns))
                state = network.network.rollout(len(piece), context=context, blocks=blocks)
                x[which] = _drawn(state, side, chance, wanted)
                last[family] = network.last(state.codes)
                total[family] += network.before(state.codes).double()
    values = (
        side.rows.to_data(x) if n else torch.zeros(0, len(side.rows.names), dtype=torch.float64)
    )
    return MadeRows(values, own.parent, own.position, own.unit, own.seed), x.floor().long()


def _drawn(
    state: MaskedState, side: Side, chance: Tensor, wanted: Mapping[int, CodeShares]
) -> Tensor:
    """Code + place of rows, float32 `[n, C]`, by uniform numbers `[n, 2 C]`."""
    columns = len(side.rows.codecs)
    for column, codec in enumerate(side.rows.codecs):
        odds = state.log_probs().exp()
        if codec.forbidden:
            odds[:, list(codec.forbidden)] = 0.0
        if column in wanted:
            odds = _within(odds, wanted[column])
        state.put(pick(odds, chance[:, column].to(odds)))
    codes = state.codes.cpu()
    place = chance[:, columns:].clamp(max=1 - MIDDLE * 2**-11)
    for column, part in wanted.items():
        place[:, column] = part.place(codes[:, column], place[:, column])
    return (codes + place).float()


def _within(odds: Tensor, part: CodeShares) -> Tensor:
    """Odds of codes `[n, K]` within what is allowed; where none is likely, as in the data."""
    weights = part.weights.to(odds.device)
    inside = odds.double() * weights
    usual = weights * torch.tensor(part.codec.counts, dtype=torch.float64, device=odds.device)
    return torch.where(inside.sum(1, keepdim=True) > 0, inside, usual)


def _joined(
    rows: MadeRows, codes: Tensor, loose: MadeRows, loose_codes: Tensor
) -> tuple[MadeRows, Tensor]:
    """Rows with a parent and rows without, unit by unit."""
    unit = np.concatenate([rows.unit, loose.unit])
    order = np.argsort(unit, kind="stable")
    at = torch.from_numpy(order)
    both = MadeRows(
        torch.cat([rows.values, loose.values])[at],
        np.concatenate([rows.parent, loose.parent])[order],
        np.concatenate([rows.position, loose.position])[order],
        unit[order],
        np.concatenate([rows.seed, loose.seed])[order],
    )
    return both, torch.cat([codes, loose_codes])[at]
