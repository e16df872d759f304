"""A trained model of texts: rows with their texts, freely or under conditions."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from zerosum.conditions import require_apart
from zerosum.data.base import Progress
from zerosum.errors import ConditionError
from zerosum.games.controls import ChoiceControl, RangeControl
from zerosum.modalities.strings.frames import text_tables, to_texts
from zerosum.modalities.strings.game import TextGame
from zerosum.modalities.strings.space import LENGTH, TextSpace
from zerosum.modalities.tables.model import TableModel
from zerosum.modalities.tables.sampling.controls import controls_of
from zerosum.modalities.tables.writing import write_tables
from zerosum.models.model import Model
from zerosum.models.provenance import Signer
from zerosum.models.samples import require_finite
from zerosum.models.steering import Weight, Where
from zerosum.models.walk import Walk
from zerosum.rng import Noise, derive_seed, fresh_seed
from zerosum.runs.files import read_json

BLOCK = 64
"""Texts whose chances are drawn from one seed, so that none depends on how many there are."""


class TextModel(Model):
    """A generator of texts with their columns: frames in, frames out."""

    usual_batch: ClassVar[int] = 1_024

    @property
    def texts(self) -> TextSpace:
        """The space, which is one of texts."""
        assert isinstance(self.space, TextSpace)
        return self.space

    @cached_property
    def attributes(self) -> TableModel:
        """The model of the other columns, which are rows of a table."""
        assert isinstance(self.game, TextGame)
        return TableModel(
            recipe=self.recipe, game=self.game.of_attributes(), preview=self.preview,
            writer=self.writer, run=self.run, step=self.step, device=self.device,
        )  # fmt: skip

    @property
    def library(self) -> str | None:
        """Whose frames samples are: that of the training data; None where it was a file."""
        if self.run is None:
            return None
        data = read_json(self.run / "manifest.json").get("data") or {}
        return (data.get("config") or {}).get("library")

    @property
    def controls(self) -> Mapping[str, ChoiceControl | RangeControl]:
        """What can be asked of the other columns, and of the number of pieces."""
        return controls_of(self.texts.attributes)

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
        """`n` rows with their texts, as a frame of the library of the training data.

        The same seed gives the same rows. Row *i* of a seed is the same whatever `n` is, except
        with `weight`.

        Args:
            n: how many.
            where: what holds: of the other columns and of `length`, the number of pieces, exactly
                and jointly, as `TableModel.sample` takes it; of the column of texts how they begin,
                with a star: `{"note": "Patient is*"}`.
            in_turn: conditions on other columns that rows take in turn.
            weight: shares of values of one column.
            seed: which rows; if not given, others each time.
            batch_size: how many are made at once, at most; only memory and speed depend on it.

        Raises:
            ConditionError: there is no such column or value, or no row obeys, or `n` is below 1.
        """
        from zerosum.modalities.tables.reading.frames import to_native

        seed = fresh_seed() if seed is None else seed
        compact = self.values(
            n, where=where, in_turn=in_turn, weight=weight, seed=seed, batch_size=batch_size
        )
        return to_native(to_texts(self.texts, compact), self.library)

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
        """The rows of `sample`, as frames of `batch_size`; without end without `n`.

        Raises:
            ConditionError: as for `sample`.
        """
        from zerosum.modalities.tables.reading.frames import to_native

        seed = fresh_seed() if seed is None else seed
        pieces = self.pieces(n, where, in_turn, weight, seed, batch_size)
        return (to_native(table, self.library) for table in text_tables(self.texts, pieces))

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
        """The same rows in compact form, float64 `[n, W]`."""
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
        """The same rows into a .parquet or .csv file, piece by piece.

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
                    progress("making texts", done, n)

        def write(place: Path) -> Path:
            return write_tables(place, text_tables(self.texts, pieces()), safe_csv=safe_csv)

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
        """As many compact texts as there are reals, `[N, W]`; see `Model.drawn_like`."""
        made = []
        for piece in self.pieces(len(reals), None, None, None, seed, None):
            made.append(piece)
            if progress is not None:
                progress("drawing samples", sum(map(len, made)), len(reals))
        values = torch.cat(made)
        require_finite(int(values.isinf().any(dim=1).sum()), len(reals))
        return values, None

    def walk(self, *_given: Any, **_wishes: Any) -> Walk:
        """Texts have no space to walk through.

        Raises:
            ConditionError: always.
        """
        raise ConditionError("texts cannot be walked through. Use sample with where.")

    def pieces(
        self, n: int | None, where: Where | None, in_turn: Where | None, weight: Weight | None,
        seed: int, batch_size: int | None,
    ) -> Iterator[Tensor]:  # fmt: skip
        """Compact texts in pieces `[b, W]`, `n` in all, or without end where that is None."""
        size = self._batch(n, batch_size)
        asked, prefix = self._prefix_of(where or {})
        require_apart(where or {}, in_turn or {})
        if prefix:
            least = f">={len(prefix)}"
            if LENGTH in asked:
                raise ConditionError(
                    f"where asks how {self.texts.text} begins and for its {LENGTH}. Ask for one."
                )
            asked = {**asked, LENGTH: least}
        blocks = self.attributes.pieces(n, asked, in_turn, weight, (), seed, None)
        return self._made(blocks, prefix, seed, size)

    def _made(
        self, blocks: Iterator[Tensor], prefix: Sequence[int], seed: int, size: int
    ) -> Iterator[Tensor]:
        assert isinstance(self.game, TextGame)
        start = 0
        for block in blocks:
            for attributes in block.split(size):
                chance = self.chances(seed, start, len(attributes))
                made = self.game.pieces_of(attributes, chance, prefix)
                yield self.texts.with_pieces(attributes, made)
                start += len(attributes)

    def chances(self, seed: int, start: int, n: int) -> Tensor:
        """Uniform numbers of the pieces of texts `start` to `start + n` of a seed, `[n, L]`."""
        blocks = range(start // BLOCK, -(-(start + n) // BLOCK))
        drawn = [
            Noise(derive_seed(seed, "texts", i)).uniform(BLOCK, self.texts.longest) for i in blocks
        ]
        begin = start % BLOCK
        return torch.cat(drawn)[begin : begin + n]

    def _prefix_of(self, where: Where) -> tuple[dict[str, Any], list[int]]:
        """Conditions on other columns, and the codes that texts begin with.

        Raises:
            ConditionError: texts shall be something, and not begin with it; or they would begin
                with a character that is not known, or be too long.
        """
        name = self.texts.text
        asked = {key: one for key, one in where.items() if key != name}
        if name not in where:
            return asked, []
        wanted = where[name]
        if not isinstance(wanted, str) or not wanted.endswith("*") or len(wanted) < 2:
            raise ConditionError(
                f"{name} is made, and not chosen: say how it begins, with a star at the end, such "
                f"as {name}='The *'."
            )
        (codes,) = self.texts.vocabulary.encode([wanted[:-1]])
        if 0 in codes:
            raise ConditionError(
                f"{name} cannot begin with {wanted[:-1]!r}: a character of it is not in the "
                "training data."
            )
        if len(codes) > self.texts.longest:
            raise ConditionError(
                f"{name} has at most {self.texts.longest} pieces, and {wanted[:-1]!r} has "
                f"{len(codes)}."
            )
        return asked, codes
