"""Making rows below rows: table by table, and position by position among the rows of a parent.

Every random number follows from the unit's seed, the table, and the row's place below its parent.
So a unit is the same whatever else is made beside it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from zerosum.modalities.relational.chance import chances, scrambled
from zerosum.modalities.relational.draws import Draws
from zerosum.modalities.relational.flat import UnitRows
from zerosum.modalities.relational.layout import families
from zerosum.modalities.relational.limits import Limits
from zerosum.modalities.relational.network import RowsNetwork, places_of
from zerosum.modalities.relational.sides import Side
from zerosum.modalities.relational.space import RelationalSpace
from zerosum.modalities.tables.sampling.conditioning import CodeShares

_AT_ONCE = 16_384
"""Rows that a network makes together."""

Asked = Mapping[str, Mapping[int, CodeShares]]
"""What one row below each is made to obey: for each table what is allowed of codes by column. Of
tables on the way to others that is nothing."""

_FORCING = 1_000
"""Purpose of the chance by which one row below each is picked, plus the table's number."""


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


def main_rows(values: Tensor, seeds: np.ndarray, unit: np.ndarray | None = None) -> MadeRows:
    """Rows without a parent, each a unit of its own if not told otherwise.

    Args:
        values: float64 `[N, D]`.
        seeds: of the rows, uint64 `[N]`.
        unit: which unit each belongs to, `[N]`.

    >>> rows = main_rows(torch.zeros(2, 1), np.array([7, 8], np.uint64))
    >>> rows.unit.tolist(), rows.parent.tolist()
    ([0, 1], [-1, -1])
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
    likely, values = np.ones(n), torch.zeros(n, len(side.rows.names), dtype=torch.float64)
    draws = Draws(network, side, own.seed, own.forced, wanted)
    if n:
        starts = np.flatnonzero(own.position == 0)
        sizes = np.diff(np.append(starts, n))
        rows, at = [], own.parent[starts]
        beside: dict[str, np.ndarray] = {}
        for name in above:
            rows.append(torch.from_numpy(at).to(device))
            beside[name] = at
            at = np.where(at >= 0, made[name].parent[np.maximum(at, 0)], -1) if name in made else at
        said = network.said_above([codes[name].to(device) for name in above], rows)
        limits = _limits(side, made, beside) if side.across or side.copied else None
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
                mine = None if limits is None else limits.of(torch.from_numpy(piece))
                x[which], likely[which.numpy()] = draws.rows(which, context, limits=mine)
                if mine is not None:
                    x[which], values[which] = draws.within(mine, x[which], which, context)
                codes_made = x[which].floor().long().to(device)
                last[family] = network.last(codes_made)
                total[family] += network.before(codes_made).double()
        values = side.rows.to_data(x) if limits is None else values
    odds = None
    if wanted and own.forced is not None:
        with np.errstate(divide="ignore"):
            odds = np.where(own.forced | draws.inside(x), 1 / likely, 0.0)
    rows = MadeRows(values, own.parent, own.position, own.unit, own.seed, own.forced, odds)
    return rows, x.floor().long()


def _limits(side: Side, made: Mapping[str, MadeRows], above: Mapping[str, np.ndarray]) -> Limits:
    """What rows of each family must keep with those above; by table which these are, `[F]`."""
    columns = []
    for one in (*side.across, *side.copied):
        at = above[one.above]
        column = torch.full((len(at),), torch.inf, dtype=torch.float64)
        if one.above in made:
            values = made[one.above].values[:, one.place_above]
            known = torch.from_numpy(at >= 0)
            column[known] = values[torch.from_numpy(at)[known]]
        columns.append(column)
    return Limits(side, columns)


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
