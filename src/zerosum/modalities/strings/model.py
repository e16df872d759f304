"""A trained model of texts: rows with their texts, freely or under conditions."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from zerosum.data.base import Progress
from zerosum.errors import ConditionError
from zerosum.modalities.strings.frames import text_tables, texts_of
from zerosum.modalities.strings.game import TextGame
from zerosum.modalities.strings.space import LENGTH, TextSpace
from zerosum.modalities.tables.record_model import RecordModel, RecordWish
from zerosum.models.steering import Weight, Where

if TYPE_CHECKING:
    import pyarrow as pa


class TextModel(RecordModel):
    """A generator of texts with their columns: frames in, frames out.

    Conditions are those on other columns and on `length`, the number of pieces. On the column of
    texts a condition says how they begin, with a star: `{"note": "Patient is*"}`. No text repeats
    a run of words that is a training text's own, unless the data was read with `copies="allowed"`;
    see `OwnRuns`.
    """

    beginning: ClassVar[str] = "The "
    """An example of how a text begins."""

    @property
    def texts(self) -> TextSpace:
        """The space, which is one of texts."""
        assert isinstance(self.space, TextSpace)
        return self.space

    def tables_of(self, pieces: Iterable[Tensor]) -> "Iterator[pa.Table]":
        """See `RecordModel.tables_of`."""
        return text_tables(self.texts, pieces)

    def understood(self, where: Where, in_turn: Where, weight: Weight) -> RecordWish:
        """See `RecordModel.understood`."""
        asked, prefix = self._prefix_of(where)
        if prefix:
            if LENGTH in asked:
                raise ConditionError(
                    f"where asks how {self.texts.text} begins and for its {LENGTH}. Ask for one."
                )
            asked = {**asked, LENGTH: f">={len(prefix)}"}

        given = torch.tensor([prefix]) if prefix else None

        def made(attributes: Tensor, chance: Tensor) -> Tensor:
            assert isinstance(self.game, TextGame)
            pieces = self.game.pieces_of(attributes, chance, given)
            return self.texts.with_pieces(attributes, pieces)

        return RecordWish(asked, made, self._copies, "repeat a training text")

    def continued(
        self, history: Any, n: int, seed: int, progress: Progress | None
    ) -> "tuple[pa.Table, str | None]":
        """See `RecordModel.continued`.

        Cells stay as they are given, and texts begin as they are given; an empty one is made whole.
        The `n` texts of a row follow each other.

        Raises:
            ConditionError: a beginning is as long as the longest text, or has a character that is
                not known; or all that follows it repeats training texts.
            DataError: the rows cannot be read.
        """
        from zerosum.modalities.strings.continuing import continued

        return continued(self, history, n, seed, progress)

    @property
    def _copies(self) -> Callable[[Tensor], Tensor] | None:
        """Which texts repeat a training text, bool `[n]`; None where these may."""
        space = self.texts
        if space.own is None:
            return None
        own = space.own
        return lambda compact: torch.from_numpy(own.repeated(texts_of(space, compact)))

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
                f"as {name}='{self.beginning}*'."
            )
        codes = [*self._codes_of(wanted[:-1])]
        if len(codes) > self.texts.longest:
            raise ConditionError(
                f"{name} has at most {self.texts.longest} pieces, and {wanted[:-1]!r} has "
                f"{len(codes)}."
            )
        return asked, codes

    def _codes_of(self, beginning: str) -> Sequence[int]:
        """Codes of what texts begin with.

        Raises:
            ConditionError: a character of it is not known.
        """
        (codes,) = self.texts.vocabulary.encode([beginning])
        if 0 in codes:
            raise ConditionError(
                f"{self.texts.text} cannot begin with {beginning!r}: a character of it is not in "
                "the training data."
            )
        return codes
