"""A trained model of sequences: entities made freely or under conditions, and continued."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from torch import Tensor

from zerosum.data.base import Progress
from zerosum.errors import ConditionError, did_you_mean
from zerosum.games.controls import ChoiceControl, RangeControl
from zerosum.modalities.sequences.frames import long_tables
from zerosum.modalities.sequences.game import SequenceGame
from zerosum.modalities.sequences.space import SequenceSpace
from zerosum.modalities.tables.record_model import RecordModel, RecordWish
from zerosum.modalities.tables.sampling.conditioning import CodeShares, parts_of, readings_of
from zerosum.modalities.tables.sampling.conditions import Allowed, parse_where
from zerosum.modalities.tables.sampling.controls import controls_of
from zerosum.models.steering import Weight, Where

if TYPE_CHECKING:
    import pyarrow as pa


class SequenceModel(RecordModel):
    """A generator of sequences: frames in, frames out, with a row for each row of an entity.

    Conditions are those on attributes, on `length` (rows), `start` (the first day) and `span` (days
    from there to the last). A condition on a column of rows holds in every row; what comes before
    that column is made as without it.
    """

    @property
    def sequences(self) -> SequenceSpace:
        """The space, which is one of sequences."""
        assert isinstance(self.space, SequenceSpace)
        return self.space

    @property
    def controls(self) -> Mapping[str, ChoiceControl | RangeControl]:
        """What can be asked: of attributes, of length, start and span, and of columns of rows."""
        rows = controls_of(self.sequences.rows)
        mine = {name: rows[name] for name in self.sequences.names}
        return controls_of(self.sequences.attributes) | mine

    def tables_of(self, pieces: Iterable[Tensor]) -> "Iterator[pa.Table]":
        """See `RecordModel.tables_of`."""
        return long_tables(self.sequences, pieces)

    def understood(self, where: Where, in_turn: Where, weight: Weight) -> RecordWish:
        """See `RecordModel.understood`."""
        asked, parts, allowed = self._of_rows(where)
        for name in (*in_turn, *weight):
            if name in self.sequences.names:
                raise ConditionError(
                    f"{name} is a column of rows, and in_turn and weight are about entities: name "
                    f"one of {', '.join(self.sequences.attributes.names)}. A condition in where "
                    "holds in every row."
                )

        def made(attributes: Tensor, chance: Tensor) -> Tensor:
            assert isinstance(self.game, SequenceGame)
            rows = self.game.rows_of(attributes, chance, parts)
            return self._repaired(self.sequences.with_rows(attributes, rows), allowed)

        return RecordWish(asked, made)

    def _repaired(self, compact: Tensor, allowed: Mapping[str, Allowed]) -> Tensor:
        """Values that were rounded across the edge of what is allowed, moved back."""
        if not allowed:
            return compact
        attributes, rows = self.sequences.parts(compact)
        offset = self.sequences.num_values - len(self.sequences.names)
        rows = rows.clone()
        for name, one in allowed.items():
            at = offset + self.sequences.names.index(name)
            column = rows[:, :, at]
            known = ~column.isnan()
            rows[:, :, at] = column.masked_scatter(known, one.nearest(column[known]))
        return self.sequences.compact(attributes, rows)

    def _of_rows(
        self, where: Where
    ) -> tuple[dict[str, Any], dict[int, CodeShares], dict[str, Allowed]]:
        """Conditions on attributes; and those on rows, as shares of codes and as values.

        Raises:
            ConditionError: there is no such column, or a condition on it cannot be held.
        """
        space = self.sequences
        time = None if space.axis is None else space.axis.field.name
        mine = {name: one for name, one in where.items() if name in space.names}
        asked = {name: one for name, one in where.items() if name not in mine}
        for name in asked:
            if name == time:
                raise ConditionError(
                    f"{name} is the time of rows, which follow each other. Put conditions on the "
                    "first day, start, and on the days from there to the last, span."
                )
            if name not in {field.name for field in space.attributes.fields}:
                known = (*space.attributes.names, *space.names)
                raise ConditionError(f"there is no column {name!r}.{did_you_mean(name, known)}")
        allowed = parse_where(mine, space.rows)
        steerable = readings_of(space.rows)
        for name in allowed:
            if name not in steerable:
                raise ConditionError(
                    f"{name} is made by way of a constraint, so no condition on it can be held in "
                    "every row. Put one on another column, or leave the constraint out."
                )
        return asked, parts_of(space.rows, allowed), allowed

    def continued(
        self, history: Any, n: int, seed: int, progress: Progress | None
    ) -> "tuple[pa.Table, str | None]":
        """See `RecordModel.continued`.

        The frame has the rows after those given, and a column `future` that counts from 1. How
        many rows follow, and until when, is drawn as the model knows it of entities that have
        come as far.

        Raises:
            ConditionError: the model knows no entities that go on from there.
            DataError: the history cannot be read.
        """
        from zerosum.modalities.sequences.continuing import continued

        return continued(self, history, n, seed, progress)
