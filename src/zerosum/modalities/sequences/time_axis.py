"""Time of rows as networks see it: days that pass, times of day, and places in the calendar.

A moment is a *day* and a *clock*, the steps of the field's resolution since midnight. A row is told
by the `gap` of days since the row before. Where a day passes it has a clock; where none does it has
the `pause` in steps since the row before. So rows a minute apart stay a minute apart.

Moments with a time zone count days in UTC.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from zerosum.config import Config
from zerosum.errors import DataError
from zerosum.faces import schema
from zerosum.modalities.tables.fields import Field, IntegerField
from zerosum.modalities.tables.time_fields import NANOSECONDS, DateField, DatetimeField

GAP, PAUSE, CLOCK = "(gap)", "(pause)", "(clock)"
"""Columns of rows that stand for their time."""

CALENDAR = (("weekday", 7), ("day of month", 31), ("days to month end", 31), ("month", 12))
"""What a day says, and how many values of it there are."""
HOURS = 24

_DAY = 86_400 * 10**9


class Moments(NamedTuple):
    """Days and clocks, float64 `[...]` each."""

    day: Tensor
    clock: Tensor


class TimeAxis(Config):
    """The column of time.

    Attributes:
        field: of moments, days or whole numbers.
        has_pauses: whether some rows come on the day of the row before.
    """

    kind = "time_axis"
    field: Field
    has_pauses: bool = False

    @property
    def per_day(self) -> int:
        """Steps in a day; 1 where time has no clock."""
        if isinstance(self.field, DatetimeField):
            return max(1, _DAY // NANOSECONDS[self.field.resolution])
        return 1

    @property
    def has_clock(self) -> bool:
        """Whether rows have a time of day."""
        return self.per_day > 1

    @property
    def has_calendar(self) -> bool:
        """Whether days are days of a calendar, and no plain numbers."""
        return isinstance(self.field, DateField | DatetimeField)

    def split(self, values: Tensor) -> Moments:
        """Days and clocks of values of the field, `[...]`."""
        day = torch.floor(values / self.per_day)
        return Moments(day, values - day * self.per_day)

    def joined(self, moments: Moments) -> Tensor:
        """Values of the field, `[...]`; the inverse of `split`."""
        return moments.day * self.per_day + moments.clock

    def fields(self) -> tuple[Field, ...]:
        """The columns that stand for time in rows."""
        names = [GAP]
        names += [PAUSE] if self.has_pauses else []
        names += [CLOCK] if self.has_clock else []
        return tuple(IntegerField(name=name) for name in names)

    def told(self, moments: Moments, first: Tensor) -> dict[str, Tensor]:
        """These columns of rows one after another, `[N]`.

        Args:
            moments: of the rows, those of an entity next to each other, `[N]`.
            first: which rows are the first of their entity, bool `[N]`.
        """
        day, clock = moments
        gap = torch.where(first, torch.nan, day - day.roll(1))
        same = gap == 0
        columns = {GAP: gap}
        if self.has_pauses:
            columns[PAUSE] = torch.where(same, clock - clock.roll(1), torch.nan)
            clock = torch.where(same, torch.nan, clock)
        if self.has_clock:
            columns[CLOCK] = clock
        return columns

    def after(
        self, before: Moments, told: dict[str, Tensor], *, end: Tensor, last: Tensor
    ) -> Moments:
        """The moments of rows, `[n]`, that come after those `before`.

        Args:
            before: the row before; of first rows, the day that they begin on.
            told: what stands for time in these rows; where a gap or pause is missing,
                no time passes.
            end: the day of the entity's last row, which no row lies beyond.
            last: which rows are the last.
        """
        day = torch.minimum(before.day + told[GAP].nan_to_num().round().clamp_min(0), end)
        day = torch.where(last, end, day)
        if not self.has_clock:
            return Moments(day, torch.zeros_like(day))
        same = (day == before.day) & ~told[GAP].isnan()
        clock = told[CLOCK].round()
        if self.has_pauses:
            paused = before.clock + told[PAUSE].round().clamp_min(0)
            clock = torch.where(same & ~paused.isnan(), paused, clock)
        clock = torch.where(clock.isnan(), before.clock, clock)
        clock = torch.where(same, torch.maximum(clock, before.clock), clock)
        return Moments(day, clock.clamp(0, self.per_day - 1))

    def calendar(self, day: Tensor) -> Tensor:
        """What days say, int64 `[..., 4]`; see `CALENDAR`.

        >>> axis = TimeAxis(field=DateField(name="day"))
        >>> axis.calendar(torch.tensor([19_753.0])).tolist()  # Wednesday, 31 January 2024
        [[2, 30, 0, 0]]
        """
        days = day.cpu().numpy().astype(np.int64)
        dates = days.astype("datetime64[D]")
        months = dates.astype("datetime64[M]")
        ends = (months + 1).astype("datetime64[D]").astype(np.int64) - 1
        parts = (
            (days + 3) % 7,  # 1970 began on a Thursday
            days - months.astype("datetime64[D]").astype(np.int64),
            ends - days,
            months.astype(np.int64) % 12,
        )
        return torch.from_numpy(np.stack(parts, axis=-1)).to(day.device)

    def hour(self, clock: Tensor) -> Tensor:
        """The hour of clocks, int64 `[...]`."""
        return (clock * HOURS / self.per_day).long().clamp(0, HOURS - 1)


def axis_of(field: Field) -> TimeAxis:
    """The axis of a column of time.

    Raises:
        DataError: it holds no moments, days or whole numbers.
    """
    if field.kind not in ("datetime", "date", "integer"):
        raise DataError(
            f"the time {field.name!r} holds values of kind {field.kind}. Time is moments, days, or "
            "whole numbers such as 1, 2, 3: say which, as in "
            f"{schema(field.name, 'datetime')}."
        )
    return TimeAxis(field=field)
