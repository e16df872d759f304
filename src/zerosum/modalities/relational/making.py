"""Making rows below rows: table by table, and position by position among the rows of a parent.

Every random number follows from the unit's seed, the table, and the row's place below its parent.
So a unit is the same whatever else is made beside it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

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
"""What one row below each is made to obey: for each table what is allowed of codes, by coded column;
nothing for tables on the way to others."""

_FORCING = 1_000
"""Purpose of the chance by which a row is picked among those of a parent, plus its table's number."""


@dataclass(frozen=True)
class MadeRows:
    """Rows of one table that were made, unit by unit and parent by parent.

    Attributes:
        values: float64 `[N, D]`.
        parent: number of the parent's row in its own table, -1 without one; int64 `[N]`.
        position: how many rows of the same parent come before, `[N]`.
        unit: which unit each belongs to, `[N]`.
        seed: of each row, uint64 `[N]`.
        forced: which rows were made to obey what is asked, bool `[N]`; None where nothing is.
        odds: of rows of a table of which something is asked: one over the probability with which a
            row in their place obeys it, and 0 for those that do not; `[N]`.
    """

    values: Tensor
    parent: np.ndarray
    position: np.ndarray
    unit: np.ndarray
    seed: np.ndarray
    forced: np.ndarray | None = None
    odds: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.values)

    def some(self, taken: np.ndarray) -> "MadeRows":
        """Those of the rows that are taken, bool `[N]`."""
        return MadeRows(
            self.values[torch.from_numpy(np.flatnonzero(taken))], self.parent[taken],
            self.position[taken], self.unit[taken], self.seed[taken],
            None if self.forced is None else self.forced[taken],
            None if self.odds is None else self.odds[taken],
        )  # fmt: skip

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


def main_rows(values: Tensor, seeds: np.ndarray, unit: np.ndarray | None = None) -> MadeRows:
    """Rows without a parent, each a unit of its own if not told otherwise.

    Args:
        values: float64 `[N, D]`.
        seeds: of the rows, uint64 `[N]`.
        unit: which unit each belongs to, `[N]`.
    """
    n = len(values)
    return MadeRows(
        values, np.full(n, -1), np.zeros(n, int), np.arange(n) if unit is None else unit, seeds
    )


def make_below(
    space: RelationalSpace,
    networks: Mapping[str, RowsNetwork],
    roots: Mapping[str, MadeRows],
    *,
    asked: Asked | None = None,
    told: Callable[[str, int], None] | None = None,
) -> dict[str, MadeRows]:
    """Everything that hangs below rows.

    Args:
        space: what is made.
        networks: of each table.
        roots: rows without a parent, by table.
        asked: what one row below each is made to obey, of the tables in it, their parents first.
        told: called with how many rows of a table are made.
    """
    made = dict(roots)
    codes = {side.name: torch.zeros(0, len(side.rows.codecs)).long() for side in space.sides}
    codes |= {name: _codes(space[name], one.values) for name, one in made.items()}
    above: dict[str, list[str]] = {}
    for number, side in enumerate(space.sides):
        to = space.parents.get(side.name)
        above[side.name] = [] if to is None else [to, *above[to]]
        if to is None or to not in made:
            continue
        own = _families(made[to], side, space[to], number)
        wanted = None if asked is None else asked.get(side.name)
        if wanted is not None:
            own = replace(own, forced=_picked(own, made[to], number))
        loose = roots.get(side.name)
        rows, made_codes = _make(
            networks[side.name], side, own, above[side.name], made, codes, wanted or {}
        )
        if loose is not None:
            rows, made_codes = _joined(rows, made_codes, loose, codes[side.name])
        made[side.name], codes[side.name] = rows, made_codes
        if told is not None:
            told(side.name, len(rows))
    return made


def _picked(own: MadeRows, above: MadeRows, number: int) -> np.ndarray:
    """One row below each that is forced itself, or has no parent, bool `[N]`."""
    first = np.flatnonzero(own.position == 0)
    parents, sizes = own.parent[first], np.diff(np.append(first, len(own)))
    chance = chances(above.seed[parents], 1, purpose=_FORCING + number)[:, 0]
    at = first + np.minimum((chance * sizes).astype(np.int64), sizes - 1)
    picked = np.zeros(len(own), bool)
    picked[at] = True if above.forced is None else above.forced[parents]
    return picked


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
        asked: what each of them obeys, if its table is in it.
    """
    n, lonely = len(seeds), np.full(len(seeds), -1)
    own = MadeRows(torch.zeros(n, 0), lonely, np.zeros(n, int), unit, seeds, np.ones(n, bool))
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
    likely = np.ones(n)
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
                forced = None if own.forced is None else own.forced[which.numpy()]
                x[which], likely[which.numpy()] = _drawn(state, side, chance, wanted, forced)
                last[family] = network.last(state.codes)
                total[family] += network.before(state.codes).double()
    values = (
        side.rows.to_data(x) if n else torch.zeros(0, len(side.rows.names), dtype=torch.float64)
    )
    odds = None
    if wanted and own.forced is not None:
        with np.errstate(divide="ignore"):
            odds = np.where(own.forced | _inside(x, wanted), 1 / likely, 0.0)
    rows = MadeRows(values, own.parent, own.position, own.unit, own.seed, own.forced, odds)
    return rows, x.floor().long()


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
    forced: np.ndarray | None,
) -> tuple[Tensor, np.ndarray]:  # fmt: skip
    """Rows by uniform numbers, and how likely rows in their place obey what is wanted.

    Args:
        state: of the network.
        side: the table.
        chance: uniform numbers, `[n, 2 C]`.
        wanted: what is allowed of codes, by coded column.
        forced: which rows have to obey, bool `[n]`.

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
        state.put(pick(odds, chance[:, column].to(odds)))
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
