"""Units under conditions on rows below: whole databases, of which what obeys is kept.

A condition on a table below asks for rows of it, and for the rows above that have such rows. That
is what is left of a database when all other rows are taken out: rows that obey, below parents that
have one at least, and all that hangs below. So parents are as they are *given* that they have some.

Units are made freely, but for one row below each, picked evenly among those of its parent, which is
made to obey. Let P be the probability with which a row in its place would have obeyed. Then a unit
comes 1 / P times as often as it should, in the mean over the rows that may have been picked, and
that is divided out by taking units by chance (importance weights and rejection; von Neumann,
"Various techniques used in connection with random digits", 1951). So rare rows are found at once,
and no unit comes twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch

from zerosum.modalities.relational.chance import chances
from zerosum.modalities.relational.layout import families
from zerosum.modalities.relational.making import Asked, MadeRows
from zerosum.modalities.relational.space import RelationalSpace
from zerosum.modalities.tables.sampling.conditions import Conditions

_TAKING = 2_000
"""Purpose of the chance by which a unit is taken."""


def on_the_way(space: RelationalSpace, root: str, asked: Asked) -> Asked:
    """What is asked below rows of a table, with nothing for the tables on the way there.

    Args:
        space: what is made.
        root: the table.
        asked: conditions on tables, below it or elsewhere.
    """
    found = {}
    for name, parts in asked.items():
        path, to = [name], space.parents.get(name)
        while to is not None and path[-1] != root:
            path.append(to)
            to = space.parents.get(to)
        if path[-1] == root and len(path) > 1:
            found |= {step: found.get(step, {}) for step in path[1:-1]} | {name: parts}
    return {side.name: found[side.name] for side in space.sides if side.name in found}


def obeying(
    space: RelationalSpace, made: Mapping[str, MadeRows], root: str, way: Asked,
    wanted: Mapping[str, Conditions],
) -> dict[str, np.ndarray]:  # fmt: skip
    """Which rows are kept, bool `[N]` by table.

    Args:
        space: what is made.
        made: rows below some of a table.
        root: that table.
        way: see `on_the_way`.
        wanted: conditions on values, by table.
    """
    kept = {name: np.ones(len(rows), bool) for name, rows in made.items()}
    for side in reversed(space.sides):
        name = side.name
        if name not in made:
            continue
        for column, allowed in wanted.get(name, {}).items():
            values = made[name].values[:, side.rows.names.index(column)]
            kept[name] &= allowed.holds(values).numpy()
        if name in way and name != root:
            to = space.parents[name]
            has = np.zeros(len(made[to]), bool)
            has[made[name].parent[kept[name]]] = True
            kept[to] &= has
    for side in space.sides:
        to = space.parents.get(side.name)
        if side.name in made and side.name != root and to is not None and to in made:
            kept[side.name] &= kept[to][made[side.name].parent]
    return kept


def overdrawn(
    space: RelationalSpace, made: Mapping[str, MadeRows], root: str, way: Asked
) -> np.ndarray:
    """How many times as often as it should each unit comes, float64 `[N]`.

    Each row of a parent was as likely to be the one that was made to obey. So this is the mean over
    them, of 1 / P for those that obey and of 0 for others, times the same of what hangs below. A
    row without any below was not changed.
    """
    times = {
        name: np.ones(len(rows)) if rows.odds is None else rows.odds.copy()
        for name, rows in made.items()
    }
    for name in reversed([*way]):
        to, own = space.parents[name], made[name]
        total = np.bincount(own.parent, times[name], len(made[to]))
        many = np.bincount(own.parent, minlength=len(made[to]))
        times[to] *= np.where(many > 0, total / np.maximum(many, 1), 1.0)
    return times[root]


def weights_of(
    space: RelationalSpace, made: Mapping[str, MadeRows], root: str, way: Asked,
    kept: Mapping[str, np.ndarray],
) -> np.ndarray:  # fmt: skip
    """How often units are to be taken, in proportion, float64 `[N]`; 0 for those not kept."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(kept[root], 1 / overdrawn(space, made, root, way), 0.0)


class Taker:
    """Takes units by chance, each slice of those that are made by its weights.

    The largest weight is that of the slices up to the first in which some unit is kept at all.

    Args:
        space: what is made.
        root: the table whose rows units are.
        way: see `on_the_way`.
        wanted: conditions on values, by table.
    """

    def __init__(
        self, space: RelationalSpace, root: str, way: Asked, wanted: Mapping[str, Conditions]
    ) -> None:
        self._space, self._root, self._way, self._wanted = space, root, way, wanted
        self._most = 0.0

    def taken(self, made: Mapping[str, MadeRows], left: int) -> dict[str, MadeRows]:
        """Rows of the units that are taken, `left` at most."""
        kept = obeying(self._space, made, self._root, self._way, self._wanted)
        weights = weights_of(self._space, made, self._root, self._way, kept)
        if not self._most:
            self._most = float(weights.max(initial=0.0))
        chance = chances(made[self._root].seed, 1, purpose=_TAKING)[:, 0]
        chosen = chance * self._most < weights
        chosen &= np.cumsum(chosen) <= left
        return restricted(self._space, made, {**kept, self._root: chosen})


def restricted(
    space: RelationalSpace, made: Mapping[str, MadeRows], kept: Mapping[str, np.ndarray]
) -> dict[str, MadeRows]:
    """The rows that are kept, but for those of a parent that is not, with units counted anew."""
    found: dict[str, MadeRows] = {}
    number: dict[str, np.ndarray] = {}
    for side in space.sides:
        if side.name not in made:
            continue
        own, taken = made[side.name], kept[side.name].copy()
        to = space.parents.get(side.name)
        parent = own.parent
        if to in number:
            parent = np.where(parent >= 0, number[to][np.maximum(parent, 0)], -1)
            taken &= parent != -2
        number[side.name] = np.where(taken, np.cumsum(taken) - 1, -2)
        own = replace(own, parent=parent).some(taken)
        if to in found:
            own = replace(own, unit=found[to].unit[own.parent])
        else:
            own = replace(own, unit=np.arange(len(own)))
        found[side.name] = replace(own, position=families(own.parent)[0])
    return found


def merged(
    space: RelationalSpace, groups: Sequence[tuple[Mapping[str, MadeRows], np.ndarray]]
) -> dict[str, MadeRows]:
    """Rows of several groups of units, unit by unit.

    Args:
        space: what is made.
        groups: rows by table, and for each of their units its number in the whole, int64 `[u]`.
    """
    found: dict[str, MadeRows] = {}
    number: dict[tuple[int, str], np.ndarray] = {}
    for side in space.sides:
        mine = [
            (i, one[side.name], unit) for i, (one, unit) in enumerate(groups) if side.name in one
        ]
        if not mine:
            continue
        to = space.parents.get(side.name)
        parents = []
        for i, rows, _ in mine:
            own = number.get((i, to or ""))
            known = rows.parent >= 0
            parents.append(rows.parent if own is None else np.where(
                known, own[np.maximum(rows.parent, 0)] if len(own) else -1, -1
            ))  # fmt: skip
        unit = np.concatenate([turn[rows.unit] for _, rows, turn in mine])
        order = np.argsort(unit, kind="stable")
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        begun = 0
        for i, rows, _ in mine:
            number[i, side.name] = place[begun : begun + len(rows)]
            begun += len(rows)
        found[side.name] = MadeRows(
            torch.cat([rows.values for _, rows, _ in mine])[torch.from_numpy(order)],
            np.concatenate(parents)[order],
            np.concatenate([rows.position for _, rows, _ in mine])[order],
            unit[order],
            np.concatenate([rows.seed for _, rows, _ in mine])[order],
        )
    return found
