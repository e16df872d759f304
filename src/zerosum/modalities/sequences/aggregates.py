"""What the rows of an entity come to: one row of a table for each entity, for judges."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from zerosum.modalities.sequences.time_axis import TimeAxis
from zerosum.modalities.tables.codecs import CategoryCodec
from zerosum.modalities.tables.fields import BooleanField, Field, FloatField
from zerosum.modalities.tables.space import TableSpace

_CATEGORIES = 12
"""Categories of a column that are counted; the most frequent ones."""

_NIGHT = 6


@dataclass(frozen=True)
class Aggregates:
    """What is taken of attributes and of rows.

    Attributes:
        attributes: of entities.
        rows: with the columns that stand for time first.
        axis: of time, if there is any.
    """

    attributes: TableSpace
    rows: TableSpace
    axis: TimeAxis | None

    @property
    def row_fields(self) -> tuple[Field, ...]:
        """The user's columns of rows but time."""
        skipped = 0 if self.axis is None else len(self.axis.fields())
        return self.rows.modelled[skipped:]

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """What the columns are: attributes first, and then numbers."""
        attributes = torch.zeros(1, len(self.attributes.names), dtype=torch.float64)
        width = len(self.row_fields) + (self.axis is not None)
        rows = torch.zeros(1, 1, width, dtype=torch.float64)
        names = [name for name, _ in self._of_rows(attributes, rows, torch.ones(1, 1).bool())]
        return (*self.attributes.modelled, *(FloatField(name=name) for name in names))

    def of(self, attributes: Tensor, rows: Tensor, valid: Tensor) -> Tensor:
        """Columns `[N, F]`, float64, NaN where there is nothing to say.

        Args:
            attributes: compact `[N, A]`.
            rows: compact `[N, L, R]`.
            valid: which places hold a row, bool `[N, L]`.
        """
        found = self._of_rows(attributes, rows, valid)
        return torch.cat([attributes, torch.stack([one for _, one in found], dim=1)], dim=1)

    def _of_rows(
        self, attributes: Tensor, rows: Tensor, valid: Tensor
    ) -> Sequence[tuple[str, Tensor]]:
        found: list[tuple[str, Tensor]] = []
        at = 0
        if self.axis is not None:
            found += self._of_time(self.axis, rows[:, :, 0], valid)
            at = 1
        codecs = {codec.name: codec for codec in self.rows.codecs}
        for i, field in enumerate(self.row_fields, at):
            column = torch.where(valid, rows[:, :, i], torch.nan)
            if not field.categories:
                found += _of_numbers(field.name, column)
                continue
            codec = codecs.get(field.name)
            most = [*range(min(_CATEGORIES, len(field.categories)))]
            if isinstance(codec, CategoryCodec):
                order = torch.tensor(codec.counts).argsort(descending=True, stable=True)
                values = codec.decode(order[:_CATEGORIES] + 0.5)
                most = sorted(int(value) for value in values if not value.isnan())
            most = most[1:] if isinstance(field, BooleanField) else most
            found += _of_categories(field, column, valid, most)
        return found

    def _of_time(self, axis: TimeAxis, when: Tensor, valid: Tensor) -> Sequence[tuple[str, Tensor]]:
        known = torch.where(valid, when, torch.nan)
        gaps = known.diff(dim=1) / axis.per_day
        found = [*_spread("gap", gaps)]
        found.append(("gaps of no day", _share(gaps == 0, ~gaps.isnan())))
        day, clock = axis.split(torch.where(valid, when, 0.0))
        if axis.has_calendar:
            calendar = axis.calendar(day)
            found += [
                ("weekends", _share(calendar[..., 0] >= 5, valid)),
                ("first days of months", _share(calendar[..., 1] == 0, valid)),
                ("last days of months", _share(calendar[..., 2] == 0, valid)),
            ]
        if axis.has_clock:
            hour = torch.where(valid, clock * 24 / axis.per_day, torch.nan)
            found += _spread("hour", hour)
            found.append(("nights", _share(hour < _NIGHT, valid)))
            pauses = torch.where(known.diff(dim=1) < axis.per_day, known.diff(dim=1), torch.nan)
            found.append(("shortest pause", _least(pauses)))
        return found


def _of_numbers(name: str, column: Tensor) -> Sequence[tuple[str, Tensor]]:
    known = ~column.isnan()
    steps = column.diff(dim=1)
    return [
        *_spread(name, column),
        (f"least {name}", _least(column)),
        (f"sum of {name}", torch.where(known, column, 0.0).sum(1)),
        (f"mean step of {name}", steps.abs().nanmean(1)),
        (f"equal steps of {name}", _share(steps == 0, ~steps.isnan())),
    ]


def _of_categories(
    field: Field, column: Tensor, valid: Tensor, most: Sequence[int]
) -> Sequence[tuple[str, Tensor]]:
    found = [
        (f"{field.name} {field.categories[value]}", _share(column == value, valid))
        for value in most
        if value < len(field.categories)
    ]
    same = column[:, 1:] == column[:, :-1]
    return [*found, (f"{field.name} as before", _share(same, valid[:, 1:]))]


def _spread(name: str, column: Tensor) -> Sequence[tuple[str, Tensor]]:
    mean = column.nanmean(1)
    away = (column - mean[:, None]).square().nanmean(1).sqrt()
    greatest = torch.where(column.isnan(), -torch.inf, column)
    if not greatest.shape[1]:
        greatest = torch.full((len(column), 1), -torch.inf, dtype=torch.float64)
    greatest = greatest.amax(1)
    greatest = torch.where(greatest.isinf(), torch.nan, greatest)
    return [(f"mean {name}", mean), (f"spread of {name}", away), (f"greatest {name}", greatest)]


def _least(column: Tensor) -> Tensor:
    if not column.shape[1]:
        return torch.full((len(column),), torch.nan, dtype=torch.float64)
    least = torch.where(column.isnan(), torch.inf, column).amin(1)
    return torch.where(least.isinf(), torch.nan, least)


def _share(hit: Tensor, among: Tensor) -> Tensor:
    """Share of the places `among` that are hit, float64 `[N]`; NaN where there is nothing."""
    return (hit & among).sum(1).double() / among.sum(1)
