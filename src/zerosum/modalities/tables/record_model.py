"""A trained model of records: rows of a table, each with more that is made given the row."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from zerosum.arguments import checked
from zerosum.conditions import require_apart
from zerosum.data.base import Progress
from zerosum.errors import ConditionError
from zerosum.games.controls import ChoiceControl, RangeControl
from zerosum.modalities.tables.model import TableModel
from zerosum.modalities.tables.record_game import RecordGame
from zerosum.modalities.tables.sampling.controls import controls_of
from zerosum.modalities.tables.sampling.streams import of_size
from zerosum.modalities.tables.writing import write_signed
from zerosum.models.model import Model
from zerosum.models.provenance import Signer
from zerosum.models.samples import require_finite
from zerosum.models.steering import Weight, Where
from zerosum.models.walk import Walk
from zerosum.rng import Noise, derive_seed, fresh_seed

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 64
"""Records whose chances are drawn from one seed, so that none depends on how many there are."""

TRIES = 8
"""How often a record is made again that must not come out, before another takes its place."""

_PATIENCE = 50
"""Pieces in a row of which no record may come out, at most."""


@dataclass(frozen=True)
class RecordWish:
    """What is asked of records.

    Attributes:
        attributes: conditions on attributes.
        made: from attributes `[n, A]` and uniform numbers `[n, num_chances]` to compact records
            `[n, W]` that obey all other conditions.
        refused: which of compact records `[n, W]` must not come out, bool `[n]`; None for none.
        why: what is wrong with these, such as "repeat a training text".
    """

    attributes: Mapping[str, Any]
    made: Callable[[Tensor, Tensor], Tensor]
    refused: Callable[[Tensor], Tensor] | None = None
    why: str = ""


class RecordModel(Model):
    """A generator of records: frames in, frames out."""

    usual_batch: ClassVar[int] = 1_024

    @property
    def records(self) -> RecordGame:
        """The game, which is one of records."""
        assert isinstance(self.game, RecordGame)
        return self.game

    @cached_property
    def attributes(self) -> TableModel:
        """The model of attributes, which are rows of a table."""
        return TableModel(
            recipe=self.recipe, game=self.records.of_attributes(), preview=self.preview,
            writer=self.writer, run=self.run, step=self.step, device=self.device,
        )  # fmt: skip

    @property
    def library(self) -> str | None:
        """Whose frames samples are: that of the training data; None where it was a file."""
        return self.attributes.library

    @property
    def controls(self) -> Mapping[str, ChoiceControl | RangeControl]:
        """What can be asked of attributes."""
        return controls_of(self.attributes.table)

    @abstractmethod
    def understood(self, where: Where, in_turn: Where, weight: Weight) -> RecordWish:
        """What is asked for.

        Raises:
            ConditionError: there is no such column, or what is asked of it cannot be held.
        """

    @abstractmethod
    def tables_of(self, pieces: Iterable[Tensor]) -> "Iterator[pa.Table]":
        """Compact records `[n, W]` each as tables; keys are counted across pieces."""

    @checked
    def sample(
        self,
        n: int,
        *,
        where: Where | None = None,
        in_turn: Where | None = None,
        weight: Weight | None = None,
        seed: int | None = None,
        batch_size: int | None = None,
    ) -> Any:
        """`n` records as a frame of the library of the training data.

        The same seed gives the same records. Record *i* of a seed is the same whatever `n` is,
        except with `weight`.

        Args:
            n: how many records.
            where: what holds. Conditions on attributes hold exactly and jointly, as
                `TableModel.sample` takes them; what else can be asked is said of the class.
            in_turn: conditions on attributes that records take in turn.
            weight: shares of values of one attribute.
            seed: which records; if not given, others each time.
            batch_size: how many are made at once, at most; only memory and speed depend on it.

        Raises:
            ConditionError: there is no such column or value, or no record obeys, or `n` is below 1.
        """
        from zerosum.modalities.tables.reading.frames import to_native

        compact = self.values(
            n, where=where, in_turn=in_turn, weight=weight,
            seed=fresh_seed() if seed is None else seed, batch_size=batch_size,
        )  # fmt: skip
        return to_native(next(self.tables_of([compact])), self.library)

    @checked
    def stream(
        self,
        n: int | None = None,
        *,
        where: Where | None = None,
        in_turn: Where | None = None,
        weight: Weight | None = None,
        seed: int | None = None,
        batch_size: int | None = None,
    ) -> Iterator[Any]:
        """The records of `sample`, as frames of `batch_size`; without end without `n`.

        Raises:
            ConditionError: as for `sample`.
        """
        from zerosum.modalities.tables.reading.frames import to_native

        seed = fresh_seed() if seed is None else seed
        pieces = self.pieces(n, where, in_turn, weight, seed, batch_size)
        return (to_native(table, self.library) for table in self.tables_of(pieces))

    def values(
        self,
        n: int,
        *,
        where: Where | None = None,
        in_turn: Where | None = None,
        weight: Weight | None = None,
        seed: int = 0,
        batch_size: int | None = None,
    ) -> Tensor:
        """The same records in compact form, float64 `[n, W]`."""
        return torch.cat([*self.pieces(n, where, in_turn, weight, seed, batch_size)])

    @checked
    def write(
        self,
        path: Path | str,
        n: int,
        *,
        where: Where | None = None,
        in_turn: Where | None = None,
        weight: Weight | None = None,
        seed: int | None = None,
        batch_size: int | None = None,
        safe_csv: bool = False,
        sign: Signer | None = None,
        progress: Progress | None = None,
    ) -> Path:
        """The same records into a file or a table of a database, piece by piece.

        With `safe_csv`, cells that a spreadsheet would take for formulas begin with `'`. With
        `sign`, a signed file beside it says by which model they were made.

        Raises:
            ConditionError: as for `sample`.
            RunError: the form is another, or the file cannot be written.
            OriginError: it cannot be signed.
        """
        chosen = fresh_seed() if seed is None else seed

        def pieces() -> Iterator[Tensor]:
            done = 0
            for piece in self.pieces(n, where, in_turn, weight, chosen, batch_size):
                yield piece
                done += len(piece)
                if progress is not None:
                    progress(f"making {self.space.unit}", done, n)

        return write_signed(
            path, self.tables_of(pieces()), safe_csv=safe_csv, sign=sign,
            made=lambda: self.provenance(
                n, where=where, in_turn=in_turn, weight=weight, seed=chosen
            ),
        )  # fmt: skip

    @checked
    def continue_(
        self, history: Any, n: int = 1, *, seed: int | None = None, progress: Progress | None = None
    ) -> Any:
        """What comes next for each record of a history: `n` times, as one frame.

        Args:
            history: a frame, or the path of a file, with all columns of the training data: the
                rows of entities so far, or rows with the beginnings of their texts.
            n: how often each is continued.
            seed: decides what comes; if not given, something else each time.
            progress: called with how many records are done.

        Raises:
            ConditionError: the model continues nothing, or `n` is below 1, or the model knows
                nothing that goes on from there.
            DataError: the history cannot be read.
        """
        from zerosum.modalities.tables.reading.frames import to_native

        table, library = self._continued(history, n, seed, progress)
        return to_native(table, library or self.library)

    @checked
    def write_continued(
        self, path: Path | str, history: Any, n: int = 1, *, seed: int | None = None,
        safe_csv: bool = False, sign: Signer | None = None, progress: Progress | None = None,
    ) -> tuple[Path, int]:  # fmt: skip
        """The same into a file or a table of a database; its path, and how many rows there are.

        Raises:
            RunError: the form is another, or the file cannot be written.
            OriginError: it cannot be signed.
        """
        table, _ = self._continued(history, n, seed, progress)

        written = write_signed(
            path, iter([table]), safe_csv=safe_csv, sign=sign,
            made=lambda: replace(self.provenance(table.num_rows, seed=seed), share="some"),
        )  # fmt: skip
        return written, table.num_rows

    @abstractmethod
    def continued(
        self, history: Any, n: int, seed: int, progress: Progress | None
    ) -> "tuple[pa.Table, str | None]":
        """What comes next, and the library that the history came from; see `continue_`."""

    def _continued(
        self, history: Any, n: int, seed: int | None, progress: Progress | None
    ) -> "tuple[pa.Table, str | None]":
        if n < 1:
            raise ConditionError(f"n is {n}; each is continued at least once.")
        return self.continued(history, n, fresh_seed() if seed is None else seed, progress)

    def drawn_like(
        self,
        reals: Tensor,
        y: Tensor | None,
        *,
        sources: Tensor | None = None,
        seed: int,
        progress: Progress | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """As many compact records as there are reals, `[N, W]`; see `Model.drawn_like`."""
        made = []
        for piece in self.pieces(len(reals), None, None, None, seed, None):
            made.append(piece)
            if progress is not None:
                progress("drawing samples", sum(map(len, made)), len(reals))
        values = torch.cat(made)
        require_finite(int(values.isinf().any(dim=1).sum()), len(reals))
        return values, None

    def walk(self, *_given: Any, **_wishes: Any) -> Walk:
        """Records have no space to walk through.

        Raises:
            ConditionError: always.
        """
        raise ConditionError(f"{self.space.unit} cannot be walked through. Use sample with where.")

    def pieces(
        self, n: int | None, where: Where | None, in_turn: Where | None, weight: Weight | None,
        seed: int, batch_size: int | None,
    ) -> Iterator[Tensor]:  # fmt: skip
        """Compact records in pieces `[b, W]`, `n` in all, or without end where that is None."""
        size = self._batch(n, batch_size)
        wish = self.understood(where or {}, in_turn or {}, weight or {})
        require_apart(where or {}, in_turn or {})

        def rows(many: int | None) -> Iterator[Tensor]:
            return self.attributes.pieces(many, wish.attributes, in_turn, weight, (), seed, None)

        self.remark = None
        if wish.refused is None:
            return self._made(rows(n), wish, seed, size, _Count())
        blocks = self._enough(rows(n), rows, wish, seed, size, n, lasting=not weight)
        return of_size(blocks, size, n)

    def _enough(
        self, blocks: Iterator[Tensor], rows: Callable[[None], Iterator[Tensor]], wish: RecordWish,
        seed: int, size: int, n: int | None, *, lasting: bool,
    ) -> Iterator[Tensor]:  # fmt: skip
        """Records that are not refused: those of `blocks`, and others where these are too few."""
        count = _Count()
        yield from self._made(blocks, wish, seed, size, count)
        if n is not None and count.kept < n:
            if not lasting:
                raise ConditionError(
                    f"{n - count.kept:,} of {n:,} {self.space.unit} {wish.why} however often they "
                    "are made again, and with weight no others take their place. Leave it out."
                )
            for piece in self._made(rows(None), wish, seed, size, count, skip=n):
                yield piece
                if count.kept >= n:
                    break

    def _made(
        self, blocks: Iterator[Tensor], wish: RecordWish, seed: int, size: int, count: "_Count",
        skip: int = 0,
    ) -> Iterator[Tensor]:  # fmt: skip
        start, waited = 0, 0
        for block in blocks:
            for attributes in block.split(size):
                first, start = start, start + len(attributes)
                own = attributes[max(skip - first, 0) :]
                if not len(own):
                    continue
                made = self._tried(own, wish, seed, start - len(own), count)
                waited = 0 if len(made) else waited + 1
                if waited == _PATIENCE:
                    raise ConditionError(
                        f"of {count.made:,} {self.space.unit} that were made {count.kept:,} could "
                        f"be given: all others {wish.why}. Loosen what is asked."
                    )
                yield made

    def _tried(
        self, attributes: Tensor, wish: RecordWish, seed: int, start: int, count: "_Count"
    ) -> Tensor:
        """Records `start` and following, without those that are refused however often made."""
        made = wish.made(attributes, self.chances(seed, start, len(attributes)))
        count.made += len(made)
        if wish.refused is None:
            return made
        bad = wish.refused(made).nonzero()[:, 0]
        for attempt in range(1, TRIES + 1):
            count.refused += len(bad)
            if not len(bad) or attempt == TRIES:
                break
            chance = self.chances(seed, start, len(attributes), attempt=attempt)[bad]
            again = wish.made(attributes[bad], chance)
            count.made += len(again)
            made[bad] = again
            bad = bad[wish.refused(again)]
        kept = torch.ones(len(made), dtype=torch.bool)
        kept[bad] = False
        count.kept += int(kept.sum())
        if count.refused:
            self.remark = (
                f"{count.refused:,} of {count.made:,} {self.space.unit} that came {wish.why}, and "
                "others were made in their place."
            )
        return made[kept]

    def chances(self, seed: int, start: int, n: int, *, attempt: int = 0) -> Tensor:
        """Uniform numbers `[n, num_chances]` of records `start` to `start + n` of a seed."""
        many, blocks = self.records.num_chances, range(start // BLOCK, -(-(start + n) // BLOCK))
        again = (attempt,) if attempt else ()
        drawn = [
            Noise(derive_seed(seed, self.space.unit, i, *again)).uniform(BLOCK, many)
            for i in blocks
        ]
        begin = start % BLOCK
        return torch.cat(drawn)[begin : begin + n]


@dataclass
class _Count:
    """How many records were made, refused and kept."""

    made: int = 0
    refused: int = 0
    kept: int = 0
