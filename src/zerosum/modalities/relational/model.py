"""A trained model of databases: whole ones, of any size, with every key in place."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from zerosum.arguments import checked
from zerosum.data.base import Progress
from zerosum.errors import ConditionError
from zerosum.faces import option
from zerosum.games.controls import ChoiceControl, RangeControl
from zerosum.modalities.relational.assembling import assembled
from zerosum.modalities.relational.conditions import (
    controls_in,
    require_none_in_turn,
)
from zerosum.modalities.relational.drawing import UnitModel
from zerosum.modalities.relational.writing import require_place, write_database
from zerosum.models.provenance import Signer
from zerosum.models.samples import require_finite
from zerosum.models.steering import Weight, Where
from zerosum.models.walk import Walk
from zerosum.rng import fresh_seed
from zerosum.runs.files import read_json

if TYPE_CHECKING:
    import pyarrow as pa


class RelationalModel(UnitModel):
    """A generator of databases."""

    usual_batch: ClassVar[int] = 2_048

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

    @checked
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
            where: what holds in rows: `{"customers.country": "NL"}`. A condition on a table below
                others asks for rows that obey and for the rows above that have some, as if all
                other rows had been taken out of a whole database.
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
        made = self.made(self._units(n, scale), where or {}, seed, batch_size, progress)
        return assembled(self.units, made)

    def values(
        self, n: int, *, where: Where | None = None, seed: int = 0, batch_size: int | None = None
    ) -> Tensor:
        """Values of flat units, float64 `[n, D]`; see `modalities.relational.flat`.

        Where the model makes fewer different keys, units come again.
        """
        made = self.made(self._units(n, None), where or {}, seed, batch_size, None, loose=False)
        units = len(made[self.units.main])
        rows = {name: one.in_units(units) for name, one in made.items()}
        return self.units.flattened(rows)[torch.arange(n) % units]

    @checked
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
