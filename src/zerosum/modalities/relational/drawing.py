"""Drawing units: rows without a parent first, then what hangs below them, under conditions."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from zerosum.data.base import Progress
from zerosum.errors import ConditionError
from zerosum.modalities.relational.assembling import key_columns_of, repeated, seeds_of
from zerosum.modalities.relational.chance import SEEDS, seeds_from
from zerosum.modalities.relational.choosing import Taker, merged, on_the_way
from zerosum.modalities.relational.conditions import asked_below, by_table, is_top
from zerosum.modalities.relational.game import UnitGame
from zerosum.modalities.relational.making import (
    Asked,
    MadeRows,
    main_rows,
    make_below,
    make_loose,
)
from zerosum.modalities.relational.sides import Side
from zerosum.modalities.relational.space import RelationalSpace
from zerosum.modalities.tables.model import TableModel
from zerosum.modalities.tables.sampling.conditions import Conditions
from zerosum.models.model import Model
from zerosum.models.steering import Where
from zerosum.rng import derive_seed

_MOST_TIMES = 8
"""How many times as many rows are drawn at most, where keys that are learned repeat."""


_PILOT = 1_024
"""Units by which it is found how far weights of units reach."""

_MOST_TRIED, _MOST_TRIED_FOR_ONE = 65_536, 64
"""Units that are made at most where rows below must obey."""


class UnitModel(Model):
    """A model that draws units of a database."""

    usual_batch: ClassVar[int] = 2_048

    @property
    def units(self) -> RelationalSpace:
        """The space, which is one of databases."""
        assert isinstance(self.space, RelationalSpace)
        return self.space

    def made(
        self, n: int, where: Where, seed: int, batch_size: int | None,
        progress: Progress | None, *, loose: bool = True,
    ) -> dict[str, MadeRows]:  # fmt: skip
        """Rows of all tables.

        Args:
            n: rows of the main table.
            where: conditions on columns of tables.
            seed: which.
            batch_size: rows of the main table that are made at once.
            progress: called with how many rows are made.
            loose: whether those of other tables without a parent are made too.

        Raises:
            ConditionError: hardly any unit has rows that obey.
        """
        space, game = self.units, self.game
        assert isinstance(game, UnitGame)
        wanted = by_table(space, where)
        size = self._batch(n, batch_size)

        def told(name: str, rows: int) -> None:
            if progress is not None:
                progress(f"making {name}", rows, rows)

        if any(not is_top(space, space[name]) for name in wanted):
            return self._chosen(n, wanted, seed, size, told, loose=loose)
        roots = {space.main: self._mains(n, wanted, seed, size)}
        n = len(roots[space.main])
        for side, many in self._others(n) if loose else ():
            unit = np.arange(many) * n // many
            roots[side.name] = self._roots(side, unit, wanted, None, seed, size)
        return make_below(space, game.networks, roots, told=told)

    def _chosen(
        self, n: int, wanted: Mapping[str, Mapping[str, Any]], seed: int, size: int,
        told: Callable[[str, int], None], *, loose: bool,
    ) -> dict[str, MadeRows]:  # fmt: skip
        """Rows of all tables under conditions on rows below others; see `choosing`.

        Raises:
            ConditionError: hardly any unit has rows that obey.
        """
        space = self.units
        asked, allowed = asked_below(space, wanted)

        def mains(stop: int) -> MadeRows:
            return self._mains(stop, wanted, seed, size)

        first = self._taken(space[space.main], n, mains, asked, allowed, size)
        n = len(first[space.main])
        groups = [(first, np.arange(n))]
        for side, many in self._others(n) if loose else ():

            def others(stop: int, side: Side = side) -> MadeRows:
                return self._roots(side, np.arange(stop), wanted, asked, seed, size)

            made = self._taken(side, many, others, asked, allowed, size)
            groups.append((made, np.arange(many) * n // many))
        made = merged(space, groups)
        for name, rows in made.items():
            told(name, len(rows))
        return made

    def _taken(
        self, side: Side, many: int, roots: Callable[[int], MadeRows], asked: Asked,
        allowed: Mapping[str, Conditions], size: int,
    ) -> dict[str, MadeRows]:  # fmt: skip
        """So many rows of a table without a parent that have what is asked, and all below them.

        Raises:
            ConditionError: hardly any has.
        """
        assert isinstance(self.game, UnitGame)
        space, networks = self.units, self.game.networks
        way = on_the_way(space, side.name, asked)
        if not way and side.name not in asked:
            return make_below(space, networks, {side.name: roots(many)})
        taker, groups = Taker(space, side.name, way, allowed), []
        tried = found = 0
        most = max(_MOST_TRIED, _MOST_TRIED_FOR_ONE * many)
        every = roots(_PILOT)
        while found < many and tried < min(most, len(every)):
            stop = min(tried + (size if tried else _PILOT), len(every))
            piece = np.zeros(len(every), bool)
            piece[tried:stop] = True
            made = make_below(space, networks, {side.name: every.some(piece)}, asked=way)
            got = taker.taken(made, many - found)
            count = len(got[side.name])
            groups.append((got, np.arange(found, found + count)))
            tried, found = stop, found + count
            if tried == len(every) and found < many:
                every = roots(min(2 * tried, most))
        if found < many:
            raise ConditionError(
                f"of {tried:,} rows of {side.name} that were made, {found:,} have rows below "
                f"them that obey all that is asked, and {many:,} are wanted. Ask for fewer, or "
                "widen a condition."
            )
        return merged(space, groups)

    def _others(self, n: int) -> Iterator[tuple[Side, int]]:
        """Tables other than the main one with rows without a parent, and how many of these."""
        space = self.units
        for side in space.sides:
            total = side.rows.num_rows if is_top(space, side) else side.loose
            if side.name == space.main or not total:
                continue
            many = round(total * n / space.num_rows)
            many = max(many, 1) if is_top(space, side) else many
            if many:
                yield side, many

    def _mains(
        self, n: int, wanted: Mapping[str, Mapping[str, Any]], seed: int, size: int
    ) -> MadeRows:
        """Rows of the main table."""
        main = self.units.main
        values, drawn = self._top_rows(main, n, wanted.get(main), seed, size)
        seeds = seeds_from(self.draw(int(drawn[-1]) + 1, seed=seed).z[drawn, -SEEDS:])
        return main_rows(values, seeds)

    def _roots(
        self, side: Side, unit: np.ndarray, wanted: Mapping[str, Mapping[str, Any]],
        asked: Asked | None, seed: int, size: int,
    ) -> MadeRows:  # fmt: skip
        """Rows without a parent of a table other than the main one, of these units."""
        own = derive_seed(seed, "table", side.name)
        seeds = seeds_of(own, len(unit))
        if not is_top(self.units, side):
            assert isinstance(self.game, UnitGame)
            return make_loose(self.units, self.game.networks, side, seeds, unit, asked)
        values, _ = self._top_rows(side.name, len(unit), wanted.get(side.name), own, size)
        return main_rows(values, seeds[: len(values)], unit[: len(values)])

    def _top_rows(
        self, name: str, n: int, where: Mapping[str, Any] | None, seed: int, size: int
    ) -> tuple[Tensor, Tensor]:
        """Rows of a table without a parent, `[n, D]`, and which of those drawn they are, `[n]`.

        Where learned columns tell rows apart, those that equal an earlier one are passed over.
        """
        side, key = self.units[name], self.units.database[name].key
        if not side.apart:
            return self._drawn_rows(name, n, where, seed, size), torch.arange(n)
        refers = self.units.database[name].refers
        columns = key_columns_of(side, key) + [
            side.rows.names.index(one.column)
            for one in side.matches
            if not one.grouped and set(refers[one.reference].columns) <= set(key)
        ]
        for times in (1, 2, 4, _MOST_TIMES):
            values = self._drawn_rows(name, times * n, where, seed, size)
            first = torch.from_numpy(np.flatnonzero(~repeated(values[:, columns].numpy())))
            if len(first) >= n or times == _MOST_TIMES:
                break
        if len(first) < n:
            warnings.warn(
                f"the model makes {len(first):,} different keys of {name}, and {n:,} rows were "
                "asked for. There are as many rows as keys.",
                stacklevel=4,
            )
        return values[first[:n]], first[:n]

    def _drawn_rows(
        self, name: str, n: int, where: Mapping[str, Any] | None, seed: int, size: int
    ) -> Tensor:
        """Rows of a table without a parent as they come, float64 `[n, D]`."""
        assert isinstance(self.game, UnitGame)
        top = self.game.top(name)
        if name != self.units.main or where:
            rows = TableModel(
                recipe=self.recipe, game=top, preview=self.preview, writer=self.writer,
                device=self.device,
            )  # fmt: skip
            return rows.values(n, where=where, seed=seed)
        inputs = self.draw(n, seed=seed)
        pieces = []
        with torch.no_grad():
            for start in range(0, n, size):
                piece = inputs.rows(start, start + size).to(self.device)
                own = type(piece)(piece.z[:, :-SEEDS])
                pieces.append(top.table.to_data(top.generate(own)))
        return torch.cat(pieces)
