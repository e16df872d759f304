"""A trained model of records: rows of a table, each with more that is made given the row."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from zerosum.conditions import require_apart
from zerosum.data.base import Progress
from zerosum.errors import ConditionError
from zerosum.games.controls import ChoiceControl, RangeControl
from zerosum.modalities.tables.model import TableModel
from zerosum.modalities.tables.record_game import RecordGame
from zerosum.modalities.tables.sampling.controls import controls_of
from zerosum.modalities.tables.writing import write_tables
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

Maker = Callable[[Tensor, Tensor], Tensor]
"""From attributes `[n, A]` and uniform numbers `[n, num_chances]` to compact records `[n, W]`."""


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
    def understood(
        self, where: Where, in_turn: Where, weight: Weight
    ) -> tuple[Mapping[str, Any], Maker]:
        """Conditions on attributes, and how records are made that obey all others.

        Raises:
            ConditionError: there is no such column, or what is asked of it cannot be held.
        """

    @abstractmethod
    def tables_of(self, pieces: Iterable[Tensor]) -> "Iterator[pa.Table]":
        """Compact records `[n, W]` each as tables; keys are counted across pieces."""

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
        """The same records into a .parquet or .csv file, piece by piece.

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

        def write(place: Path) -> Path:
            return write_tables(place, self.tables_of(pieces()), safe_csv=safe_csv)

        if sign is None:
            return write(Path(path))
        made = self.provenance(n, where=where, in_turn=in_turn, weight=weight, seed=chosen)
        return sign.write(Path(path), write, made)

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
        asked, made = self.understood(where or {}, in_turn or {}, weight or {})
        require_apart(where or {}, in_turn or {})
        blocks = self.attributes.pieces(n, asked, in_turn, weight, (), seed, None)
        return self._made(blocks, made, seed, size)

    def _made(
        self, blocks: Iterator[Tensor], made: Maker, seed: int, size: int
    ) -> Iterator[Tensor]:
        start = 0
        for block in blocks:
            for attributes in block.split(size):
                yield made(attributes, self.chances(seed, start, len(attributes)))
                start += len(attributes)

    def chances(self, seed: int, start: int, n: int) -> Tensor:
        """Uniform numbers `[n, num_chances]` of records `start` to `start + n` of a seed."""
        many, blocks = self.records.num_chances, range(start // BLOCK, -(-(start + n) // BLOCK))
        drawn = [Noise(derive_seed(seed, self.space.unit, i)).uniform(BLOCK, many) for i in blocks]
        begin = start % BLOCK
        return torch.cat(drawn)[begin : begin + n]
