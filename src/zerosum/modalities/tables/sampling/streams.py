"""Rows without end that obey what is asked, and mixtures of them."""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from math import lcm
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from zerosum.errors import ConditionError
from zerosum.modalities.tables.constraints.base import Constraint, Values, obeying, settle
from zerosum.modalities.tables.constraints.groups import Unique
from zerosum.modalities.tables.game import RowGame
from zerosum.modalities.tables.sampling.boxes import boxes_of
from zerosum.modalities.tables.sampling.conditioning import ask, parts_of, readings_of
from zerosum.modalities.tables.sampling.conditions import (
    Allowed,
    Conditions,
    field_of,
    parse_condition,
    shown,
)
from zerosum.modalities.tables.sampling.smc import BLOCK, steered
from zerosum.modalities.tables.space import TableSpace
from zerosum.rng import Noise, derive_seed

if TYPE_CHECKING:
    from zerosum.modalities.tables.model import TableModel

_PATIENCE = 50
"""Blocks in which some rows must obey."""

_HOPELESS = 1e-4
_POOR = 0.01

_MOST_TURNS = 1_000
"""Streams of rows at once; each keeps a block of 4,096 rows."""


def rows_obeying(
    model: "TableModel", conditions: Conditions, constraints: Sequence[Constraint], seed: int
) -> Iterator[Tensor]:
    """Blocks of compact rows, float64 `[B, D]`, that obey the conditions and all constraints.

    Conditions steer the game where it makes rows column by column, and the column is coded as it
    is; for all others rows are drawn until some obey.

    Args:
        model: makes the rows.
        conditions: what is asked.
        constraints: all of them, the space's own too.
        seed: which rows.

    Raises:
        ConditionError: no training row obeys a condition, or almost no row that is made does.
    """
    space, game = model.table, model.game
    exact = readings_of(space)
    steer = {
        name: allowed
        for name, allowed in conditions.items()
        if name in exact or boxes_of(space, name, allowed)
    }
    rows = model.blocks(seed)
    if steer and isinstance(game, RowGame):
        question = ask(space, game.order, model.pool, parts_of(space, steer))
        rows = (space.to_data(x) for x in steered(game, question, derive_seed(seed, "steered")))
        plain = {name: allowed for name, allowed in steer.items() if name in exact}
        rows = (_repaired(space, block, plain) for block in rows)
    return _kept(space, rows, conditions, constraints)


def mixture(
    model: "TableModel", n: int, conditions: Conditions, weight: Mapping[str, Mapping[Any, float]],
    constraints: Sequence[Constraint], seed: int,
) -> Iterator[Tensor]:  # fmt: skip
    """`n` compact rows in blocks `[b, D]`, in which values have the shares that `weight` names.

    Raises:
        ConditionError: the shares are not shares, or values overlap.
    """
    name, parts, shares = _shares(model.table, conditions, weight)
    for one in constraints:
        if _spans_rows(one) and name not in one.columns:
            raise ConditionError(
                f"{one.statement}: rows of different {name} are made apart, so they might repeat "
                "each other. Leave out weight, or the constraint."
            )
    sizes = _apportioned(n, shares)
    streams = [
        RowBuffer(rows_obeying(model, {**conditions, name: part}, constraints,
                           derive_seed(seed, "share", i)))
        for i, part in enumerate(parts)
    ]  # fmt: skip
    order = Noise(derive_seed(seed, "shares")).uniform(n).argsort(stable=True)
    turns = torch.arange(len(parts)).repeat_interleave(torch.tensor(sizes))[order]
    return _woven(streams, turns.split(BLOCK))


def taken_in_turn(
    model: "TableModel", n: int | None, conditions: Conditions,
    turns: Mapping[str, Sequence[Allowed]], constraints: Sequence[Constraint], seed: int,
) -> Iterator[Tensor]:  # fmt: skip
    """`n` compact rows, or endless ones, in blocks `[b, D]`, in which values are taken in turn.

    Row i is made under the i-th of the conditions of each column in `turns`, over and over.

    Raises:
        ConditionError: no row obeys one, or rows that are made apart must not repeat each other.
    """
    for one in constraints:
        if _spans_rows(one):
            raise ConditionError(
                f"{one.statement}: rows of different turns are made apart, so they might repeat "
                "each other. Leave out in_turn, or the constraint."
            )
    rounds = lcm(*map(len, turns.values()))
    if rounds > _MOST_TURNS:
        raise ConditionError(
            f"in_turn comes round after {rounds:,} rows, and {_MOST_TURNS:,} are the most. Name "
            "fewer values, or make the rows of each by themselves."
        )
    asked = [{name: each[i % len(each)] for name, each in turns.items()} for i in range(rounds)]
    streams = [
        RowBuffer(
            rows_obeying(model, {**conditions, **one}, constraints, derive_seed(seed, "turn", i))
        )
        for i, one in enumerate(asked)
    ]
    starts = count(step=BLOCK) if n is None else range(0, n, BLOCK)
    sizes = (BLOCK if n is None else min(BLOCK, n - start) for start in starts)
    order = (torch.arange(i * BLOCK, i * BLOCK + size) % rounds for i, size in enumerate(sizes))
    return _woven(streams, order)


def _woven(streams: Sequence["RowBuffer"], turns: Iterable[Tensor]) -> Iterator[Tensor]:
    """Blocks of rows, each row the next of the stream whose turn it is."""
    for turn in turns:
        rows = [streams[i].take(int((turn == i).sum())) for i in turn.unique().tolist()]
        block = torch.empty(len(turn), rows[0].shape[1], dtype=torch.float64)
        for i, mine in zip(turn.unique().tolist(), rows, strict=True):
            block[turn == i] = mine
        yield block


class RowBuffer:
    """Takes rows from blocks of them."""

    def __init__(self, blocks: Iterator[Tensor]) -> None:
        self._blocks, self._left = blocks, torch.empty(0)

    def take(self, n: int) -> Tensor:
        """The next rows, `[n, D]`; fewer at the end of the blocks."""
        taken, have = [], 0
        while have < n:
            if not len(self._left):
                block = next(self._blocks, None)
                if block is None:
                    break
                self._left = block
            taken.append(self._left[: n - have])
            self._left = self._left[n - have :]
            have += len(taken[-1])
        return torch.cat(taken) if taken else self._left


def of_size(blocks: Iterator[Tensor], size: int, n: int | None = None) -> Iterator[Tensor]:
    """The same rows in blocks of `size`, the last perhaps smaller; `n` of them, or all.

    >>> [len(block) for block in of_size(iter([torch.zeros(3, 1), torch.zeros(2, 1)]), 2)]
    [2, 2, 1]
    """
    rows, done = RowBuffer(blocks), 0
    while n is None or done < n:
        block = rows.take(size if n is None else min(size, n - done))
        if not len(block):
            return
        yield block
        done += len(block)


def _repaired(space: TableSpace, rows: Tensor, conditions: Conditions) -> Tensor:
    """Rows whose values were rounded across the edge of what is allowed, moved back."""
    for name, allowed in conditions.items():
        column = space.names.index(name)
        rows[:, column] = allowed.nearest(rows[:, column])
    return rows


def _kept(
    space: TableSpace, blocks: Iterator[Tensor], conditions: Conditions,
    constraints: Sequence[Constraint],
) -> Iterator[Tensor]:  # fmt: skip
    """Those rows that obey, after those that can be were moved to the nearest that do."""
    drawn = kept = 0
    warned = False
    unique = [(one.columns, set()) for one in constraints if _spans_rows(one)]
    within = [one for one in constraints if not _spans_rows(one)]
    for number, block in zip(count(1), blocks, strict=False):
        columns = space.columns(block)
        ok = torch.ones(len(block), dtype=torch.bool)
        if within:
            columns = settle(within, columns)
            ok = obeying(within, columns)
        for name, allowed in conditions.items():
            ok &= allowed.holds(columns[name])
        for names, seen in unique:
            ok &= _first_times(columns, names, ok, seen)
        drawn, kept = drawn + len(block), kept + int(ok.sum())
        if number % _PATIENCE == 0:
            if kept < max(1, _HOPELESS * drawn):
                raise ConditionError(_hopeless(space, conditions, constraints, kept, drawn))
            if kept < _POOR * drawn and not warned:
                warned = True
                warnings.warn(
                    f"only {kept / drawn:.2%} of the rows that are drawn obey "
                    f"{_asked(space, conditions, constraints)}, and the others are thrown away. "
                    "It takes long.",
                    stacklevel=2,
                )
            drawn = kept = 0
        yield space.compact(columns)[ok]


def _spans_rows(one: Constraint) -> bool:
    return isinstance(one, Unique) and not one.constructed


def _first_times(columns: Values, names: Sequence[str], ok: Tensor, seen: set[bytes]) -> Tensor:
    """Which of the rows that are `ok` have values that no row had before, or miss one; `[N]`."""
    rows = np.zeros((len(ok), len(names)))
    for i, name in enumerate(names):
        rows[:, i] = columns[name].numpy() + 0.0  # no zero is negative
    first = ok.clone()
    for i in (ok & ~torch.from_numpy(np.isnan(rows).any(1))).nonzero()[:, 0].tolist():
        key = rows[i].tobytes()
        first[i] = key not in seen
        seen.add(key)
    return first


def _hopeless(
    space: TableSpace, conditions: Conditions, constraints: Sequence[Constraint], kept: int,
    drawn: int,
) -> str:  # fmt: skip
    return (
        f"{kept:,} of {drawn:,} rows drawn obey {_asked(space, conditions, constraints)}, so rows "
        "cannot be made this way. Loosen it, or train with the constraint, which then holds by "
        "construction where it can."
    )


def _asked(space: TableSpace, conditions: Conditions, constraints: Sequence[Constraint]) -> str:
    said = [shown(field_of(space, name), allowed) for name, allowed in conditions.items()]
    said += [one.statement for one in constraints]
    return " and ".join(said)


def _shares(
    space: TableSpace, conditions: Conditions, weight: Mapping[str, Mapping[Any, float]]
) -> tuple[str, list[Allowed], list[float]]:
    """The column, what it may be in each part of the mixture, and the parts' shares."""
    if len(weight) != 1:
        raise ConditionError(
            f"weight names {len(weight)} columns ({', '.join(weight)}); it takes one, since shares "
            "of two columns do not say how often their values go together. Name the one that "
            "matters, and put a condition on others."
        )
    ((name, named),) = weight.items()
    field = field_of(space, name)
    if name in conditions:
        raise ConditionError(f"{name} is in where and in weight; leave it out of one of them.")
    wrong = [share for share in named.values() if not 0 <= share <= 1]
    total = sum(named.values())
    if wrong or not named or total > 1 + 1e-9:
        raise ConditionError(
            f"weight gives {name} the shares {', '.join(f'{s:g}' for s in named.values())}; give "
            "one or more from 0 to 1 that add up to at most 1."
        )
    parts = [parse_condition(field, value) for value in named]
    for i, part in enumerate(parts):
        if any(part.meets(other) for other in parts[:i]):
            raise ConditionError(f"weight names {shown(field, part)} twice. Name each value once.")
    every = Allowed.of(
        [pair for part in parts for pair in part.ranges],
        missing=any(part.missing for part in parts), step=parts[0].step,
    )  # fmt: skip
    shares = list(named.values())
    if total < 1 - 1e-9:
        parts, shares = [*parts, every.others(missing=not every.missing)], [*shares, 1 - total]
    kept = [(part, share) for part, share in zip(parts, shares, strict=True) if share]
    return name, [part for part, _ in kept], [share for _, share in kept]


def _apportioned(n: int, shares: Sequence[float]) -> list[int]:
    """Whole numbers that add up to `n`, nearest to these shares of it."""
    sizes = [int(n * share) for share in shares]
    order = sorted(range(len(shares)), key=lambda i: sizes[i] - n * shares[i])
    for i in order[: n - sum(sizes)]:
        sizes[i] += 1
    return sizes
