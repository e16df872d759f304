"""A trained model of sequences: entities made freely or under conditions, and continued."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from zerosum.conditions import Between
from zerosum.data.base import Progress
from zerosum.errors import ConditionError, did_you_mean
from zerosum.games.controls import ChoiceControl, RangeControl
from zerosum.modalities.sequences.frames import long_tables
from zerosum.modalities.sequences.game import SequenceGame
from zerosum.modalities.sequences.space import LENGTH, SPAN, SequenceSpace
from zerosum.modalities.tables.record_model import RecordModel, RecordWish
from zerosum.modalities.tables.sampling.conditioning import CodeShares, parts_of, readings_of
from zerosum.modalities.tables.sampling.conditions import Allowed, parse_where
from zerosum.modalities.tables.sampling.controls import controls_of
from zerosum.models.steering import Weight, Where

if TYPE_CHECKING:
    import pyarrow as pa

_IN = {"d": 1, "w": 7}
_DAYS = re.compile(r"(?<!\w)(\d+(?:\.\d+)?)\s*([dw])(?:ays?|eeks?)?\b")
"""Days or weeks, as in `90d` and `2 weeks`."""


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
        """Tables of compact sequences `[n, W]`; see `RecordModel.tables_of`."""
        return long_tables(self.sequences, pieces)

    def pieces(
        self, n: int | None, where: Where | None, in_turn: Where | None, weight: Weight | None,
        seed: int, batch_size: int | None,
    ) -> Iterator[Tensor]:  # fmt: skip
        """See `RecordModel.pieces`; attributes may be named with their entity."""
        where, in_turn, weight = (self._plain(one or {}) for one in (where, in_turn, weight))
        return super().pieces(n, where, in_turn, weight, seed, batch_size)

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

        refused = self._breaking(asked)
        return RecordWish(asked, made, refused, "do not obey" if refused else "")

    def _breaking(self, asked: Mapping[str, Any]) -> Callable[[Tensor], Tensor] | None:
        """Which compact sequences do not obey conditions on what rows must agree to; None for none.

        Attributes may contradict each other, such as one row and a span of 30 days. Then the rows
        are right.
        """
        names = {SPAN, *(one.name for one in self.sequences.bursts)} & asked.keys()
        wanted = parse_where({name: asked[name] for name in names}, self.sequences.attributes)
        if not wanted:
            return None

        def breaking(compact: Tensor) -> Tensor:
            attributes, _ = self.sequences.parts(compact)
            held = [
                one.holds(self.sequences.attribute(attributes, name))
                for name, one in wanted.items()
            ]
            return ~torch.stack(held).all(dim=0)

        return breaking

    def _plain(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Conditions with names of attributes as they are: `account.segment` is `segment`.

        Raises:
            ConditionError: one is named both ways.
        """
        prefix = f"{self.sequences.entity.name}."
        columns = self.sequences.order
        found: dict[str, Any] = {}
        for name, one in asked.items():
            plain = name if name in columns else name.removeprefix(prefix)
            if plain in found:
                raise ConditionError(f"{plain} is asked for twice, as {prefix}{plain} too.")
            found[plain] = self._in_days(plain, one)
        return found

    def _in_days(self, name: str, asked: Any) -> Any:
        """A condition on `span`, of which `90d`, `12w` and time deltas are numbers of days.

        Raises:
            ConditionError: such a time is asked of `length`, which counts rows.
        """
        axis = self.sequences.axis
        if name not in (SPAN, LENGTH) or axis is None or not axis.has_calendar:
            return asked
        if isinstance(asked, Between):
            return Between(*(self._in_days(name, end) for end in asked))
        if isinstance(asked, timedelta):
            asked = f"{asked / timedelta(days=1):g}d"
        if not isinstance(asked, str):
            return asked
        if name == LENGTH and _DAYS.search(asked):
            raise ConditionError(
                f"{LENGTH} counts rows, and {asked} is a time. The days from the first row to the "
                f"last are {SPAN}={asked}."
            )
        return _DAYS.sub(lambda found: f"{float(found[1]) * _IN[found[2]]:g}", asked)

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
        asked |= self._none_of(allowed, asked)
        steerable = readings_of(space.rows)
        for name in allowed:
            if name not in steerable:
                raise ConditionError(
                    f"{name} is made by way of a constraint, so no condition on it can be held in "
                    "every row. Put one on another column, or leave the constraint out."
                )
        return asked, parts_of(space.rows, allowed), allowed

    def _none_of(self, allowed: Mapping[str, Allowed], asked: Mapping[str, Any]) -> dict[str, Any]:
        """That entities have no rows of values that come in bursts and that rows must not hold.

        Raises:
            ConditionError: some are asked for all the same.
        """
        found = {}
        for one in self.sequences.bursts:
            value = torch.tensor([float(one.value)], dtype=torch.float64)
            if one.column not in allowed or bool(allowed[one.column].holds(value)):
                continue
            if one.name in asked:
                raise ConditionError(
                    f"{one.name} says how many rows hold a value of {one.column}, and a condition "
                    f"on {one.column} forbids it in every row. Leave one of them out."
                )
            found[one.name] = 0
        return found

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
