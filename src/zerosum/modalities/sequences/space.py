"""The space of sequences: an entity's attributes, and its rows in the order of time.

In compact form a sequence is one row of float64: its *attributes*, and then the values of `longest`
rows, with NaN where there are fewer. Attributes are what the user's table holds constant within an
entity, how many rows hold each value that comes in bursts, and beside these the number of rows
(`length`), the day of the first (`start`) and the days from there to the last (`span`). So
conditions on all of these are conditions on rows of a table.

Networks see code + place of the attributes, and of each row what `columns` name: code + place
of its columns and the codes of its calendar; and then `progress`, numbers that say how far it is.
"""

from functools import cached_property

import torch
from pydantic import PositiveFloat, model_validator
from torch import Tensor

from zerosum.config import Size
from zerosum.errors import ConfigError, RecipeError
from zerosum.modalities.sequences.aggregates import Aggregates
from zerosum.modalities.sequences.ahead import least_days, marks_ahead
from zerosum.modalities.sequences.bursts import Burst, hits
from zerosum.modalities.sequences.columns import Flag, RowColumn, flags_of, phase_of, row_columns
from zerosum.modalities.sequences.given import Given
from zerosum.modalities.sequences.time_axis import CALENDAR, Moments, TimeAxis
from zerosum.modalities.tables.codecs import NumberCodec
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.space import TableSpace
from zerosum.rng import Noise
from zerosum.spaces import Space

LENGTH, START, SPAN = "length", "start", "span"
"""Attributes that follow from the rows."""

_NUMBERS, _OF_A_BURST = 7, 4
"""Numbers that are known before a row, and more of them for each value that comes in bursts."""

NOTHING = -1.0
"""What fills the places of rows that there are not, as networks see them."""


class SequenceSpace(Space):
    """Sequences of rows.

    Attributes:
        entity: the column that says whose a row is.
        attributes: of an entity, as rows of a table.
        rows: with the columns that stand for time first.
        axis: of time; None where rows have an order and no time.
        longest: rows that an entity has at most.
        order: names of the user's columns in their order.
        bursts: values of rows that are counted in attributes of their own.
        scales: mean and deviation of the numbers in `aggregates`, in the training data.
    """

    kind = "sequences"
    unit = "sequences"
    discrete = True
    holds_records = True
    entity: Field
    attributes: TableSpace
    rows: TableSpace
    axis: TimeAxis | None = None
    longest: Size
    order: tuple[str, ...]
    bursts: tuple[Burst, ...] = ()
    scales: tuple[tuple[float, PositiveFloat], ...] = ()

    @model_validator(mode="after")
    def _parts_fit(self) -> "SequenceSpace":
        own = [LENGTH] if self.axis is None else [LENGTH, START, SPAN]
        own += [one.name for one in self.bursts]
        if [*self.attributes.names[-len(own) :]] != own:
            raise ConfigError(f"the attributes of sequences end with {', '.join(own)}.")
        stands = [] if self.axis is None else [field.name for field in self.axis.fields()]
        if [*self.rows.names[: len(stands)]] != stands:
            raise ConfigError(f"the columns of rows begin with {', '.join(stands) or 'none'}.")
        coded = [codec.name for codec in self.rows.codecs[: len(stands)]]
        if coded != stands:
            raise ConfigError("no constraint changes the columns that stand for time.")
        return self

    @property
    def shape(self) -> tuple[int]:
        """`(numbers of a sequence,)`: attributes, then rows."""
        return (len(self.attributes.codecs) + self.longest * self.row_width,)

    @property
    def row_width(self) -> int:
        """Numbers of a row as networks see it."""
        return len(self.columns) + self.num_numbers

    @property
    def num_numbers(self) -> int:
        """Numbers that are known before a row; see `progress`."""
        return _NUMBERS + _OF_A_BURST * len(self.bursts)

    @cached_property
    def columns(self) -> tuple[RowColumn, ...]:
        """Columns of rows in the order in which they are made."""
        return row_columns(self.rows.codecs, self.axis, self.flags.values())

    @cached_property
    def flags(self) -> dict[str, Flag]:
        """Columns that say how a burst goes on, by name."""
        return flags_of(self.rows.codecs, self.bursts)

    @cached_property
    def learned(self) -> tuple[int, ...]:
        """Which of `columns` have a codec, in the order of codecs."""
        coded = [(one.codec, i) for i, one in enumerate(self.columns) if one.codec is not None]
        return tuple(i for _, i in sorted(coded))

    @cached_property
    def ordered(self) -> tuple[int, ...]:
        """Which of `columns` have neighbouring codes that are alike."""
        return tuple(
            i for i, one in enumerate(self.columns)
            if one.codec is not None and isinstance(self.rows.codecs[one.codec], NumberCodec)
        )  # fmt: skip

    @property
    def num_stood(self) -> int:
        """How many columns of `rows` stand for time."""
        return 0 if self.axis is None else len(self.axis.fields())

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Columns of rows that conditions may be on: those of the user but time."""
        return self.rows.names[self.num_stood :]

    @property
    def num_values(self) -> int:
        """Values of a row in compact form: its time, if it has one, and its other columns."""
        return len(self.names) + (self.axis is not None)

    def parts(self, compact: Tensor) -> tuple[Tensor, Tensor]:
        """Attributes `[N, A]` and rows `[N, longest, R]` of compact sequences."""
        width = len(self.attributes.names)
        rows = compact[:, width:].unflatten(1, (self.longest, self.num_values))
        return compact[:, :width], rows

    def compact(self, attributes: Tensor, rows: Tensor) -> Tensor:
        """Compact sequences of attributes `[N, A]` and rows `[N, longest, R]`."""
        return torch.cat([attributes, rows.flatten(1)], dim=1)

    def attribute(self, attributes: Tensor, name: str) -> Tensor:
        """One attribute, float64 `[N]`."""
        return attributes[:, self.attributes.names.index(name)]

    def lengths(self, attributes: Tensor) -> Tensor:
        """Rows of each sequence, int64 `[N]`."""
        return self.attribute(attributes, LENGTH).round().long().clamp(1, self.longest)

    def begin(self, attributes: Tensor) -> tuple[Moments, Tensor]:
        """The day that each sequence begins on, at midnight, and the day that it ends on, `[N]`."""
        if self.axis is None:
            zero = torch.zeros(len(attributes), dtype=torch.float64)
            return Moments(zero, zero), zero
        start = self.attribute(attributes, START).round()
        span = self.attribute(attributes, SPAN).round().clamp_min(0)
        span = torch.where(self.lengths(attributes) == 1, 0.0, span)
        return Moments(start, torch.zeros_like(start)), start + span

    def valid(self, lengths: Tensor) -> Tensor:
        """Which places hold a row, bool `[N, longest]`."""
        return torch.arange(self.longest, device=lengths.device) < lengths[:, None]

    def left(self, attributes: Tensor) -> Tensor:
        """How many rows hold each value that comes in bursts, float64 `[N, B]`."""
        if not self.bursts:
            return attributes.new_zeros(len(attributes), 0)
        many = [self.attribute(attributes, one.name) for one in self.bursts]
        return torch.stack(many, dim=1).nan_to_num(0.0).round().clamp_min(0)

    def progress(
        self, place: Tensor, lengths: Tensor, before: Moments, end: Tensor, bursts: Tensor,
        again: Tensor,
    ) -> Tensor:  # fmt: skip
        """What is known before a row, float32 `[n, num_numbers]`.

        Args:
            place: number of the row, from 0, `[n]`.
            lengths: rows of its sequence, `[n]`.
            before: the moment of the row before, or the day of the start.
            end: the day of the last row.
            bursts: rows to come of each value that comes in bursts, `[n, B]`.
            again: whether the row before holds it, bool `[n, B]`.
        """
        left = (lengths - place).double()
        days = (end - before.day).clamp_min(0)
        per_day = 1 if self.axis is None else self.axis.per_day
        spare = (left[:, None] - bursts.sum(1, keepdim=True)).clamp_min(0).log1p() / 2
        numbers = (
            left.log1p() / 3, left == 1, place == 0, days.log1p() / 3, days == 0,
            ((days + 1) / left).log() / 3, before.clock / per_day,
            *(bursts > 0).unbind(1), *(bursts.log1p() / 2).unbind(1),
            *(spare * (bursts > 0)).unbind(1), *(again & (bursts > 0)).unbind(1),
        )  # fmt: skip
        return torch.stack([one.float() for one in numbers], dim=-1)

    def to_model(self, compact: Tensor) -> Tensor:
        """Code + place of attributes and rows, float32 `[N, *shape]`."""
        compact = compact.cpu()
        attributes, rows = self.parts(compact)
        lengths = self.lengths(attributes)
        valid = self.valid(lengths)
        place = torch.arange(self.longest).expand_as(valid)[valid]
        values, told = rows[valid], []
        begin, end = self.begin(attributes)
        owner = torch.arange(len(valid))[:, None].expand_as(valid)[valid]
        before = Moments(begin.day[owner], begin.clock[owner])
        derived: dict[str, Tensor] = {}
        if self.axis is not None:
            moments = self.axis.split(values[:, 0])
            columns = self.axis.told(moments, place == 0)
            told, values = [*columns.values()], values[:, 1:]
            earlier = Moments(*(one.roll(1) for one in moments))
            before = Moments(*(
                torch.where(place == 0, a, b) for a, b in zip(before, earlier, strict=True)
            ))  # fmt: skip
            derived = self.derived(moments)
        coded = self.rows.to_model(torch.cat([torch.stack(told, 1), values], 1) if told else values)
        for name, flag in self.flags.items():
            hit = flag.hits(coded[:, flag.codec].floor().long())
            derived[name] = phase_of(hit, hit.roll(1) & (place > 0))
        made = [coded[:, c.codec] if c.codec is not None else derived[c.name].float()
                for c in self.columns]  # fmt: skip
        held = hits(self.bursts, self.names, rows[:, :, self.num_values - len(self.names) :])
        gone = (held.cumsum(1) - held)[valid]
        again = held.roll(1, 1)[valid].bool() & (place > 0)[:, None]
        left = (self.left(attributes)[owner] - gone).clamp_min(0)
        numbers = self.progress(place, lengths[owner], before, end[owner], left, again)
        x = torch.full((*valid.shape, self.row_width), NOTHING)
        x[valid] = torch.cat([torch.stack(made, dim=1), numbers], dim=1)
        return torch.cat([self.attributes.to_model(attributes), x.flatten(1)], dim=1)

    def derived(self, moments: Moments) -> dict[str, Tensor]:
        """Codes of what follows from the moments of rows, int64 `[n]` each."""
        found: dict[str, Tensor] = {}
        if self.axis is not None and self.axis.has_calendar:
            codes = self.axis.calendar(moments.day)
            found = {name: codes[..., i] for i, (name, _) in enumerate(CALENDAR)}
        if self.axis is not None and self.axis.has_clock:
            found["hour"] = self.axis.hour(moments.clock)
        return found

    def marks(self, before: Tensor) -> Tensor | None:
        """What tells each gap by the day that it leads to, int64 `[n, K, 4]`; see `marks_ahead`.

        Args:
            before: codes of the row before, int64 `[n, columns]`; below 0 for the first row.

        Returns:
            None where days have no calendar.
        """
        if self.axis is None or not self.axis.has_calendar:
            return None
        own, gap = [one.name for one in self.columns], self.rows.codecs[0]
        assert isinstance(gap, NumberCodec)
        weekday, day, to_end = (before[:, own.index(name)] for name, _ in CALENDAR[:3])
        return marks_ahead(weekday, day, to_end, least_days(gap).to(before.device))

    def model_parts(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Attributes `[N, A]` and rows `[N, longest, row_width]` of sequences in model units."""
        width = len(self.attributes.codecs)
        return x[:, :width], x[:, width:].unflatten(1, (self.longest, self.row_width))

    def to_data(self, x: Tensor) -> Tensor:
        """Compact sequences `[N, W]` of what networks see, `[N, *shape]`."""
        attributes, rows = self.model_parts(x.float().cpu())
        values = self.attributes.to_data(attributes)
        return self.with_rows(values, rows)

    def with_rows(self, attributes: Tensor, rows: Tensor, given: Given | None = None) -> Tensor:
        """Compact sequences of attributes in compact form and rows as networks see them.

        The length and the day of the last row are those of the attributes.

        Args:
            attributes: `[N, A]`.
            rows: `[N, longest, row_width]`.
            given: rows among them that there are already, whose moments stay as they are.
        """
        attributes = attributes.clone()
        lengths = self.lengths(attributes)
        attributes[:, self.attributes.names.index(LENGTH)] = lengths.double()
        valid = self.valid(lengths)
        coded = torch.stack([rows[..., i][valid] for i in self.learned], dim=1)
        values = self.rows.to_data(coded)
        full = torch.full((*valid.shape, values.shape[1]), torch.nan, dtype=torch.float64)
        full[valid] = values
        own = full[:, :, self.num_stood :]
        held = hits(self.bursts, self.names, own).sum(1)
        for one, many in zip(self.bursts, held.unbind(1), strict=True):
            attributes[:, self.attributes.names.index(one.name)] = many
        if self.axis is None:
            return self.compact(attributes, own)
        now, end = self.begin(attributes)
        attributes[:, self.attributes.names.index(SPAN)] = end - now.day
        names = [field.name for field in self.axis.fields()]
        moments = []
        for place in range(self.longest):
            stood = dict(zip(names, full[:, place].unbind(1), strict=False))
            now = self.axis.after(now, stood, end=end, last=lengths == place + 1)
            if given is not None:
                now = given.moments_at(place, now, self.axis, torch.arange(len(lengths)))
            moments.append(self.axis.joined(now))
        when = torch.stack(moments, dim=1).where(valid, torch.nan)
        return self.compact(attributes, torch.cat([when[:, :, None], own], dim=2))

    def packed(self, count: int) -> "SequenceSpace":
        """Sequences side by side have no space of their own.

        Raises:
            ConfigError: always.
        """
        raise ConfigError("sequences are not packed by their space; set game.pack=1.")

    @cached_property
    def aggregates(self) -> Aggregates:
        """What an entity's rows come to, as columns of a table."""
        return Aggregates(self.attributes, self.rows, self.axis)

    def aggregated(self, compact: Tensor) -> Tensor:
        """Columns of `aggregates`, float64 `[N, F]`, of compact sequences."""
        attributes, rows = self.parts(compact)
        return self.aggregates.of(attributes, rows, self.valid(self.lengths(attributes)))

    def features(self, compact: Tensor) -> Tensor:
        """Aggregates `[N, F]`, float32, centred and of variance 1 in the training data.

        Attributes stand as the space of rows embeds them; what there is not is 0.
        """
        attributes, _ = self.parts(compact)
        numbers = self.aggregated(compact)[:, attributes.shape[1] :]
        if self.scales:
            centre, scale = torch.tensor(self.scales, dtype=torch.float64).T
            numbers = ((numbers - centre) / scale).clamp(-8, 8)
        marks = self.attributes.embed(self.attributes.to_model(attributes))
        return torch.cat([marks, numbers.nan_to_num().float()], dim=1)

    def scaled_by(self, compact: Tensor) -> "SequenceSpace":
        """This space with `scales` of the aggregates of sequences `[N, W]`."""
        numbers = self.aggregated(compact)[:, len(self.attributes.names) :]
        centre = numbers.nanmean(0).nan_to_num()
        scale = (numbers - centre).square().nanmean(0).sqrt().nan_to_num()
        scale = torch.where(scale > 0, scale, 1.0)
        pairs = tuple(zip(centre.tolist(), scale.tolist(), strict=True))
        return self.model_copy(update={"scales": pairs})

    def embed(self, x: Tensor) -> Tensor:
        """Features `[N, F]` of sequences in model units; see `features`."""
        return self.features(self.to_data(x))

    def independent(self, real: Tensor, n: int, noise: Noise) -> Tensor:
        """Compact sequences `[n, W]`, each column of each row drawn by itself from a real row."""
        attributes, _ = self.parts(real)
        made = self.attributes.independent(attributes, n, noise)
        pool = self.model_parts(self.to_model(real))[1][self.valid(self.lengths(attributes))]
        pool = pool[:, : len(self.columns)]
        drawn = noise.integers(n, self.longest, len(self.columns), high=len(pool))
        picked = pool.gather(0, drawn.flatten(0, 1)).unflatten(0, (n, self.longest))
        blank = picked.new_zeros(n, self.longest, self.num_numbers)
        return self.with_rows(made, torch.cat([picked, blank], dim=2))

    def mismatch(self, other: Space, what: str) -> str | None:
        """See `Space.mismatch`: columns of entities and of rows must agree."""
        if not isinstance(other, SequenceSpace):
            return super().mismatch(other, what)
        found = self.attributes.mismatch(other.attributes, what)
        return found or self.rows.mismatch(other.rows, what)

    @property
    def description(self) -> str:
        """How many rows and columns: `sequences of up to 90 rows of 4 columns, 6 attributes`."""
        time = 0 if self.axis is None else 1
        own = len(self.names) + time
        made = len(self.bursts) + (1 if self.axis is None else 3)
        known = len(self.attributes.fields) - made
        some = f", with {known} attribute{'s' * (known != 1)}" if known else ""
        return f"sequences of up to {self.longest:,} rows of {own} column{'s' * (own != 1)}{some}"


def require_sequences(space: Space, *, network: str) -> SequenceSpace:
    """`space`, known to hold sequences of rows.

    Raises:
        RecipeError: it does not.
    """
    if not isinstance(space, SequenceSpace):
        raise RecipeError(
            f"{network} takes sequences of rows, and the data is of kind {space.kind!r}. Take a "
            f"recipe that lists {space.kind!r} under `zerosum recipes`."
        )
    return space
