"""A trained model of table rows: made freely, under conditions, or to complete given cells."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from zerosum.arguments import checked
from zerosum.conditions import require_apart
from zerosum.data.base import Progress
from zerosum.errors import ConditionError
from zerosum.games.base import Inputs
from zerosum.games.controls import ChoiceControl, RangeControl
from zerosum.modalities.tables.constraints.base import Constraint
from zerosum.modalities.tables.constraints.fitting import later_constraints
from zerosum.modalities.tables.constraints.kinds import read_constraints
from zerosum.modalities.tables.sampling.conditions import field_of, parse_turns, parse_where
from zerosum.modalities.tables.sampling.controls import controls_of
from zerosum.modalities.tables.sampling.smc import BLOCK
from zerosum.modalities.tables.sampling.streams import (
    mixture,
    of_size,
    rows_obeying,
    taken_in_turn,
)
from zerosum.modalities.tables.shown import tables_of
from zerosum.modalities.tables.space import TableSpace
from zerosum.modalities.tables.writing import write_signed
from zerosum.models.model import Model
from zerosum.models.provenance import Signer
from zerosum.models.samples import require_finite
from zerosum.models.steering import Weight, Where
from zerosum.models.walk import Walk
from zerosum.rng import Noise, derive_seed, fresh_seed
from zerosum.runs.files import read_json

if TYPE_CHECKING:
    import pyarrow as pa

_POOL_BLOCKS = 12
"""Blocks of the model's own rows by which it looks ahead to conditions on late columns."""


class TableModel(Model):
    """A generator of table rows."""

    usual_batch: ClassVar[int] = BLOCK
    _pool: Tensor | None = None

    @property
    def table(self) -> TableSpace:
        """The space, which is one of rows."""
        assert isinstance(self.space, TableSpace)
        return self.space

    @property
    def library(self) -> str | None:
        """Whose frames samples are: that of the training data; None where it was a file."""
        if self.run is None:
            return None
        data = read_json(self.run / "manifest.json").get("data") or {}
        return (data.get("config") or {}).get("library")

    @property
    def controls(self) -> Mapping[str, ChoiceControl | RangeControl]:
        """What can be asked of each column."""
        return controls_of(self.table)

    @checked
    def sample(
        self,
        n: int,
        *,
        where: Where | None = None,
        in_turn: Where | None = None,
        weight: Weight | None = None,
        constraints: Sequence[Constraint] | Path | str = (),
        seed: int | None = None,
        batch_size: int | None = None,
    ) -> Any:
        """`n` rows as a frame of the library that the training data came in.

        The same seed gives the same rows. Row *i* of a seed is the same whatever `n` is, except
        with `weight`.

        Args:
            n: how many.
            where: what holds in every row: `{"rating": 5, "age": Between(30, 40), "city": ["Oslo",
                "Bergen"], "income": None}`. None is what is missing; text may be `>=30`, `<5`,
                `30..40`, `!=Oslo` or `missing`.
            in_turn: conditions that rows take in turn: `{"rating": [1, 2, 3]}`.
            weight: shares of values of one column, `{"fraud": {"true": 0.5}}`; all other values
                keep their proportions.
            constraints: what holds in every row beside the constraints of the training; a list,
                or a JSON file of one. Rows are moved, and drawn again.
            seed: which rows; if not given, others each time.
            batch_size: how many are made at once, at most; only memory and speed depend on it.

        Raises:
            ConditionError: there is no such column or value, no row of the training data obeys,
                or `n` is below 1.
            ConstraintError: a constraint does not suit the table.
        """
        from zerosum.modalities.tables.reading.frames import to_native, to_table

        values = self.values(
            n, where=where, in_turn=in_turn, weight=weight, constraints=constraints,
            seed=fresh_seed() if seed is None else seed, batch_size=batch_size,
        )  # fmt: skip
        return to_native(to_table(values, self.table), self.library)

    @checked
    def stream(
        self,
        n: int | None = None,
        *,
        where: Where | None = None,
        in_turn: Where | None = None,
        weight: Weight | None = None,
        constraints: Sequence[Constraint] | Path | str = (),
        seed: int | None = None,
        batch_size: int | None = None,
    ) -> Iterator[Any]:
        """The rows of `sample`, as frames of `batch_size` rows; without end if `n` is not given.

        Raises:
            ConditionError: as for `sample`; or there is a `weight`, and no `n` for shares of it.
            ConstraintError: a constraint does not suit the table.
        """
        from zerosum.modalities.tables.reading.frames import to_native

        size, seed = self._batch(n, batch_size), fresh_seed() if seed is None else seed
        pieces = self.pieces(n, where, in_turn, weight, constraints, seed, batch_size)
        tables = tables_of(self.table, of_size(pieces, size))
        return (to_native(table, self.library) for table in tables)

    def values(
        self,
        n: int,
        *,
        where: Where | None = None,
        in_turn: Where | None = None,
        weight: Weight | None = None,
        constraints: Sequence[Constraint] | Path | str = (),
        seed: int = 0,
        batch_size: int | None = None,
    ) -> Tensor:
        """The same rows in compact form, float64 `[n, D]`."""
        pieces = self.pieces(n, where, in_turn, weight, constraints, seed, batch_size)
        return torch.cat([*pieces])

    @checked
    def write(
        self,
        path: Path | str,
        n: int,
        *,
        where: Where | None = None,
        in_turn: Where | None = None,
        weight: Weight | None = None,
        constraints: Sequence[Constraint] | Path | str = (),
        seed: int | None = None,
        batch_size: int | None = None,
        safe_csv: bool = False,
        sign: Signer | None = None,
        progress: Progress | None = None,
    ) -> Path:
        """The same rows into a file or a table of a database, block by block.

        With `safe_csv`, cells that a spreadsheet would take for formulas begin with `'`. With
        `sign`, a signed file beside it says by which model they were made.

        Raises:
            ConditionError: as for `sample`.
            ConstraintError: a constraint does not suit the table.
            RunError: the form is another, or the file cannot be written.
            OriginError: it cannot be signed.
        """
        chosen = fresh_seed() if seed is None else seed

        def pieces() -> Iterator[Tensor]:
            done = 0
            for piece in self.pieces(n, where, in_turn, weight, constraints, chosen, batch_size):
                yield piece
                done += len(piece)
                if progress is not None:
                    progress("making rows", done, n)

        return write_signed(
            path, tables_of(self.table, pieces()), safe_csv=safe_csv, sign=sign,
            made=lambda: self.provenance(n, where=where, in_turn=in_turn, weight=weight, seed=seed),
        )  # fmt: skip

    @checked
    def complete(
        self,
        partial: Any,
        *,
        seed: int | None = None,
        particles: int = 64,
        best: bool = False,
        progress: Progress | None = None,
    ) -> Any:
        """Rows with their missing cells filled, as a frame of the library that they came in.

        Given cells stay as they are. An empty cell comes to hold a value; a column that is not
        there is made as in the training data, with gaps where that has some.

        Args:
            partial: a frame, or the path of a .csv or .parquet file; columns may be absent.
            seed: which of the possible completions; if not given, others each time.
            particles: rows that each completion is chosen from; more follow the model more
                closely, and take longer.
            best: take the likeliest of these, not one by chance: one guess for each cell, which
                varies less than rows do.
            progress: called with how many rows are done.

        Raises:
            ConditionError: a column is unknown, or rows cannot be completed.
            DataError: the rows cannot be read.
        """
        from zerosum.modalities.tables.reading.frames import to_native

        table, library = self._completed(partial, seed, particles, progress, best=best)
        return to_native(table, library or self.library)

    @checked
    def write_completed(
        self,
        path: Path | str,
        partial: Any,
        *,
        seed: int | None = None,
        particles: int = 64,
        best: bool = False,
        safe_csv: bool = False,
        sign: Signer | None = None,
        progress: Progress | None = None,
    ) -> tuple[Path, int]:
        """The same into a file or a table of a database; its path, and how many rows there are.

        With `safe_csv`, cells that a spreadsheet would take for formulas begin with `'`, given ones
        too. With `sign`, a signed file beside it says that a model made some of the cells.

        Raises:
            RunError: the form is another, or the file cannot be written.
            OriginError: it cannot be signed.
        """
        table, _ = self._completed(partial, seed, particles, progress, best=best)

        written = write_signed(
            path, iter([table]), safe_csv=safe_csv, sign=sign,
            made=lambda: replace(self.provenance(table.num_rows, seed=seed), share="some"),
        )  # fmt: skip
        return written, table.num_rows

    def drawn_like(
        self,
        reals: Tensor,
        y: Tensor | None,
        *,
        sources: Tensor | None = None,
        seed: int,
        progress: Progress | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Values `[N, D]` of as many rows as there are reals; see `Model.drawn_like`."""
        values = self.values(len(reals), seed=seed)
        require_finite(int(values.isinf().any(dim=1).sum()), len(reals))
        return values, None

    def draw(self, n: int, *, seed: int, start: int = 0) -> Inputs:
        """Inputs of `n` rows of `seed`, from number `start` on, drawn in blocks of 4,096."""
        first, stop = start // BLOCK, -(-(start + n) // BLOCK)
        blocks = [self._inputs(seed, block) for block in range(first, stop)]
        begin = start - first * BLOCK
        return Inputs(torch.cat([block.z for block in blocks])).rows(begin, begin + n)

    def blocks(
        self, seed: int, *, n: int | None = None, batch_size: int = BLOCK
    ) -> Iterator[Tensor]:
        """Unconditional compact rows in blocks `[b, D]`; endless if `n` is None."""
        for block in count():
            left = BLOCK if n is None else min(BLOCK, n - block * BLOCK)
            if left <= 0:
                return
            inputs = self._inputs(seed, block).rows(0, left)
            for x in self.generate(inputs, batch_size=batch_size):
                yield self.table.to_data(x)

    def as_made(self, n: int, *, seed: int = 0) -> Tensor:
        """Compact rows `[n, D]` before any is moved or drawn again to obey a constraint."""
        rows = [
            self.table.to_data_as_is(x)
            for block in range(-(-n // BLOCK))
            for x in self.generate(
                self._inputs(seed, block).rows(0, min(BLOCK, n - block * BLOCK)), batch_size=BLOCK
            )
        ]
        return torch.cat(rows)

    def pool(self) -> Tensor:
        """Codes of 49,152 rows of the model's own, int64 `[P, C]`; made once."""
        if self._pool is None:
            codes = [
                x.floor().long().cpu()
                for block in range(_POOL_BLOCKS)
                for x in self.generate(self._inputs(0, block), batch_size=BLOCK)
            ]
            self._pool = torch.cat(codes)
        return self._pool

    def walk(self, *_given: Any, **_wishes: Any) -> Walk:
        """Rows have no space to walk through.

        Raises:
            ConditionError: always.
        """
        raise ConditionError("rows of a table cannot be walked through. Use sample with where.")

    def _inputs(self, seed: int, block: int) -> Inputs:
        return self.game.draw(BLOCK, Noise(derive_seed(seed, "rows", block)))

    def pieces(
        self, n: int | None, where: Where | None, in_turn: Where | None, weight: Weight | None,
        constraints: Sequence[Constraint] | Path | str, seed: int, batch_size: int | None,
    ) -> Iterator[Tensor]:  # fmt: skip
        """The rows of `sample` in blocks of values `[b, D]`; without end where `n` is None."""
        size, turned = self._batch(n, batch_size), in_turn or {}
        require_apart(where or {}, turned)
        conditions = parse_where(where or {}, self.table)
        fields = {name: field_of(self.table, name) for name in turned}
        turns = {one.name: parse_turns(one, turned[name]) for name, one in fields.items()}
        held = self.table.constraints
        if constraints:
            held = self._later(read_constraints(constraints))
        if weight and (turns or n is None):
            raise ConditionError(
                "weight says shares of a number of rows that are taken in a random order: give n, "
                "and leave out in_turn."
            )
        if weight:
            assert n is not None
            return mixture(self, n, conditions, weight, held, seed)
        if turns:
            return taken_in_turn(self, n, conditions, turns, held, seed)
        if conditions or not all(one.constructed for one in held):
            return of_size(rows_obeying(self, conditions, held, seed), BLOCK, n)
        return self.blocks(seed, n=n, batch_size=size)

    def _later(self, constraints: Sequence[Constraint]) -> tuple[Constraint, ...]:
        """The constraints of the training, and these as they suit rows of the model."""
        space = self.table
        rows = space.columns(next(self.blocks(0)))
        fields = {field.name: field for field in space.fields}
        return later_constraints(constraints, rows, fields, trained=space.constraints)

    def _completed(
        self,
        partial: Any,
        seed: int | None,
        particles: int,
        progress: Progress | None,
        *,
        best: bool = False,
    ) -> "tuple[pa.Table, str | None]":
        from zerosum.modalities.tables.sampling.completion import (
            completed_table,
            completed_values,
            read_partial,
        )

        if particles < 1:
            raise ConditionError(f"particles is {particles}; it must be at least 1.")
        known = read_partial(partial, self.table)
        if seed is None:
            seed = 0 if best else fresh_seed()
        values = completed_values(
            self, known, seed=seed, particles=particles, best=best, progress=progress
        )
        return completed_table(known, values, self.table), known.library
