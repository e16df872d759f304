"""A trained model of databases: whole ones, of any size, with every key in place."""

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from zerosum.data.base import Progress
from zerosum.errors import ConditionError
from zerosum.faces import option
from zerosum.games.controls import ChoiceControl, RangeControl
from zerosum.modalities.relational.assembling import assembled, key_columns_of, repeated, seeds_of
from zerosum.modalities.relational.conditions import (
    asked_below,
    by_table,
    controls_in,
    is_top,
    require_none_in_turn,
)
from zerosum.modalities.relational.game import UnitGame
from zerosum.modalities.relational.making import SEEDS, MadeRows, make_below, make_loose, seeds_from
from zerosum.modalities.relational.sides import Side
from zerosum.modalities.relational.space import RelationalSpace
from zerosum.modalities.relational.writing import require_place, write_database
from zerosum.modalities.tables.model import TableModel
from zerosum.models.model import Model
from zerosum.models.provenance import Signer
from zerosum.models.samples import require_finite
from zerosum.models.steering import Weight, Where
from zerosum.models.walk import Walk
from zerosum.rng import derive_seed, fresh_seed
from zerosum.runs.files import read_json

if TYPE_CHECKING:
    import pyarrow as pa


_MOST_TIMES = 8
"""How many times as many rows are drawn at most, where keys that are learned repeat."""


class RelationalModel(Model):
    """A generator of databases."""

    usual_batch: ClassVar[int] = 2_048

    @property
    def units(self) -> RelationalSpace:
        """The space, which is one of databases."""
        assert isinstance(self.space, RelationalSpace)
        return self.space

    @property
    def library(self) -> str | None:
        """Whose frames samples are: that of the training data; None where it was files."""
        if self.run is None:
            return None
        data = read_json(self.run / "manifest.json").get("data") or {}
        return (data.get("config") or {}).get("library")

    @property
    def controls(self) -> Mapping[str, ChoiceControl | RangeControl]:
        """What can be asked of each column: `customers.country`."""
        return controls_in(self.units)

    def sample(
        self,
        n: int | None = None,
        *,
        scale: float | None = None,
        where: Where | None = None,
        in_turn: Where | None = None,
        weight: Weight | None = None,
        seed: int | None = None,
        batch_size: int | None = None,
        progress: Progress | None = None,
    ) -> Any:
        """A database: a frame for each table, of the library that the training data came in.

        The same seed gives the same database. The first units of a seed are the same however many
        there are, but for references that are matched among all rows.

        Args:
            n: rows of the main table; what hangs below them comes with them. Tables that hang
                below none grow in proportion.
            scale: in place of `n`, how many times the rows of the training data.
            where: what holds in rows: `{"customers.country": "NL"}`. On a table that hangs below no
                other, rows are made as the model makes them under the condition. On others, every
                row obeys, and rows above are made as if nothing had been asked.
            in_turn: not for databases.
            weight: not for databases.
            seed: which database; if not given, another each time.
            batch_size: rows of the main table that are made at once.
            progress: called with how many rows are made.

        Raises:
            ConditionError: there is no such table, column or value, no row of the training data
                obeys, or not one of `n` and `scale` is given.
        """
        from zerosum.modalities.tables.reading.frames import to_native

        require_none_in_turn(in_turn, weight, where)
        tables = self.tables(
            n, scale=scale, where=where, seed=fresh_seed() if seed is None else seed,
            batch_size=batch_size, progress=progress,
        )  # fmt: skip
        return {name: to_native(table, self.library) for name, table in tables.items()}

    def tables(
        self,
        n: int | None = None,
        *,
        scale: float | None = None,
        where: Where | None = None,
        seed: int = 0,
        batch_size: int | None = None,
        progress: Progress | None = None,
    ) -> "dict[str, pa.Table]":
        """The same as arrow tables."""
        made = self._made(self._units(n, scale), where or {}, seed, batch_size, progress)
        return assembled(self.units, made)

    def values(
        self, n: int, *, where: Where | None = None, seed: int = 0, batch_size: int | None = None
    ) -> Tensor:
        """Values of flat units, float64 `[n, D]`; see `modalities.relational.flat`.

        Where the model makes fewer different keys, units come again.
        """
        made = self._made(self._units(n, None), where or {}, seed, batch_size, None, loose=False)
        units = len(made[self.units.main])
        rows = {name: one.in_units(units) for name, one in made.items()}
        return self.units.flattened(rows)[torch.arange(n) % units]

    def write(
        self,
        path: Path | str,
        n: int | None = None,
        *,
        scale: float | None = None,
        where: Where | None = None,
        in_turn: Where | None = None,
        weight: Weight | None = None,
        seed: int | None = None,
        batch_size: int | None = None,
        safe_csv: bool = False,
        sign: Signer | None = None,
        progress: Progress | None = None,
    ) -> Path:
        """The database of `sample` into a folder, an SQLite file, or an empty database.

        Args:
            path: a folder (with `.csv` files; `folder.parquet/` gives Parquet), a `.sqlite` or
                `.db` file, or a SQLAlchemy URL.
            n: as for `sample`.
            scale: as for `sample`.
            where: as for `sample`.
            in_turn: not for databases.
            weight: not for databases.
            seed: as for `sample`.
            batch_size: as for `sample`.
            safe_csv: put `'` before texts in .csv files that a spreadsheet would take for formulas.
            sign: signs what is written.
            progress: called with how many rows are made.

        Raises:
            ConditionError: as for `sample`.
            RunError: it cannot be written there.
            OriginError: it cannot be signed.
        """
        require_none_in_turn(in_turn, weight, where)
        place = require_place(path, safe_csv=safe_csv, signed=sign is not None)
        chosen = fresh_seed() if seed is None else seed
        units = self._units(n, scale)

        def write(at: Any) -> Path:
            tables = self.tables(
                units, where=where, seed=chosen, batch_size=batch_size, progress=progress
            )
            return write_database(at, tables, self.units.database, safe_csv=safe_csv)

        if sign is None:
            return write(place)
        return sign.write(Path(path), write, self.provenance(units, where=where, seed=chosen))

    def drawn_like(
        self,
        reals: Tensor,
        y: Tensor | None,
        *,
        sources: Tensor | None = None,
        seed: int,
        progress: Progress | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Values `[U, D]` of as many flat units as there are reals; see `Model.drawn_like`."""
        values = self.values(len(reals), seed=seed)
        require_finite(int(values.isinf().any(dim=1).sum()), len(reals))
        return values, None

    def stream(self, *_given: Any, **_wishes: Any) -> Iterator[Any]:
        """Databases are made whole.

        Raises:
            ConditionError: always.
        """
        raise ConditionError("a database is made whole. Use sample, with another seed for another.")

    def walk(self, *_given: Any, **_wishes: Any) -> Walk:
        """Databases have no space to walk through.

        Raises:
            ConditionError: always.
        """
        raise ConditionError("a database cannot be walked through. Use sample with where.")

    def scaled(self, scale: float) -> int:
        """How many rows of the main table are `scale` times those of the training data.

        Raises:
            ConditionError: there would be none.
        """
        n = round(scale * self.units.num_rows) if np.isfinite(scale) else 0
        if n < 1:
            raise ConditionError(
                f"{option('scale', scale)} makes no row of {self.units.main}, of which the "
                f"training data had {self.units.num_rows:,}. Give a larger one."
            )
        return n

    def _units(self, n: int | None, scale: float | None) -> int:
        """How many units are asked for.

        Raises:
            ConditionError: not one of both is given, or it is too small.
        """
        if (n is None) == (scale is None):
            raise ConditionError(
                f"say how much to make: {option('n', 100)} rows of {self.units.main}, or "
                f"{option('scale', 2)} for twice the training data."
            )
        if n is None:
            assert scale is not None
            return self.scaled(scale)
        if n < 1:
            raise ConditionError(f"{option('n', n)}: it must be at least 1.")
        return n

    def _made(
        self, n: int, where: Where, seed: int, batch_size: int | None,
        progress: Progress | None, *, loose: bool = True,
    ) -> dict[str, MadeRows]:  # fmt: skip
        """Rows of all tables; without those of other tables without a parent if not `loose`."""
        space, game = self.units, self.game
        assert isinstance(game, UnitGame)
        wanted = by_table(space, where)
        asked = asked_below(space, {k: v for k, v in wanted.items() if not is_top(space, space[k])})
        size = self._batch(n, batch_size)
        main, drawn = self._top_rows(space.main, n, wanted.get(space.main), seed, size)
        n = len(main)
        seeds = seeds_from(self.draw(int(drawn[-1]) + 1, seed=seed).z[drawn, -SEEDS:])
        tops: dict[str, MadeRows] = {}
        for side in space.sides if loose else ():
            if side.name == space.main:
                continue
            total = side.rows.num_rows if is_top(space, side) else side.loose
            many = round(total * n / space.num_rows) if total else 0
            if total and is_top(space, side):
                many = max(many, 1)
            if many:
                tops[side.name] = self._others(side, many, n, wanted, asked, seed, size)

        def told(name: str, rows: int) -> None:
            if progress is not None:
                progress(f"making {name}", rows, rows)

        return make_below(space, game.networks, main, seeds, asked=asked, tops=tops, told=told)

    def _others(
        self, side: Side, many: int, n: int, wanted: Mapping[str, Mapping[str, Any]], asked: Any,
        seed: int, size: int,
    ) -> MadeRows:  # fmt: skip
        """Rows without a parent of a table other than the main one."""
        own = derive_seed(seed, "table", side.name)
        seeds, unit = seeds_of(own, many), np.arange(many) * n // many
        if not is_top(self.units, side):
            assert isinstance(self.game, UnitGame)
            return make_loose(self.units, self.game.networks, side, seeds, unit, asked)
        values, _ = self._top_rows(side.name, many, wanted.get(side.name), own, size)
        many, unit = len(values), unit[: len(values)]
        seeds = seeds[:many]
        return MadeRows(values, np.full(many, -1), np.zeros(many, int), unit, seeds)

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
