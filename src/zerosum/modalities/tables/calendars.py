"""Moments as the parts that people live by: weeks and weekdays, months and their ends, hours.

A network sees a moment as one number, and intervals of it know nothing of evenings and Sundays. So
where the data shows that weekdays, days of the month or hours matter, the parts are coded in the
moment's place; `calendar_fitting` decides it. The change can be undone: parts lead back to exactly
one moment.

A moment that follows another closely is coded by the days between, so that equal dates are equal.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pydantic
import torch
from torch import Tensor

from zerosum.config import Config
from zerosum.errors import ConfigError
from zerosum.modalities.tables.arrow import functions
from zerosum.modalities.tables.fields import CategoryField, Field, FloatField
from zerosum.modalities.tables.time_fields import NANOSECONDS, DateField, DatetimeField, StepField

Ranges = Sequence[tuple[float, float]]
"""Ranges of values, both ends included."""

Boxes = Mapping[str, Ranges]
"""For columns of codes what a condition leaves of them; perhaps more, and never less."""

LAST = 31
"""The last day of every month, however long it is."""

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONDAY = 3
"""Days from the Monday of its week to the first of January 1970."""

_FARTHEST = 10**6
"""Months from 1970, at most, whose days are counted."""

_PARTS: dict[str, tuple[str, ...]] = {
    "": (), "day": ("day",), "week": ("week", "weekday"), "month": ("month", "day of month"),
    "since": ("days",), "time": ("time",), "hour": ("hour", "time in hour"),
}  # fmt: skip


class Calendar(Config):
    """The parts of one column of moments, or of times of day.

    Attributes:
        of: the column's field.
        date: how the day is coded: by its number; by week and weekday; by month and day of the
            month, the last of which is always 31; or by the days since another moment. Empty for
            times of day, which have no date.
        since: the field of that other moment.
        time: how the time of day is coded: by its number, or by hour and time in the hour. Empty
            where moments are days.
        grid: steps that all times of day are multiples of.
        usual: what each part is where the moment is missing; the first part says that it is.
        low: the least moment that is not protected, as a value.
        high: the greatest.
        made: names of the columns of parts.
    """

    kind = "calendar"
    of: Field
    date: Literal["", "day", "week", "month", "since"] = "day"
    since: Field | None = None
    time: Literal["", "time", "hour"] = ""
    grid: int = pydantic.Field(default=1, ge=1, le=2**53)
    usual: tuple[float, ...] = ()
    low: float = 0.0
    high: float = 0.0
    made: tuple[str, ...] = ()

    @pydantic.model_validator(mode="after")
    def _whole(self) -> "Calendar":
        fits = isinstance(self.of, DateField | StepField) and (
            isinstance(self.since, DateField | DatetimeField) == (self.date == "since")
        )
        if not fits or not len(self.made) == len(self.usual) == len(self.parts) > 0:
            raise ConfigError(f"the parts of a calendar of {self.name!r} do not fit each other.")
        return self

    @property
    def name(self) -> str:
        """Of the column."""
        return self.of.name

    @property
    def parts(self) -> tuple[str, ...]:
        """What the parts are: `week`, `weekday`, `hour`."""
        return _PARTS[self.date] + _PARTS[self.time]

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns that the parts follow from."""
        return (self.name,) if self.since is None else (self.name, self.since.name)

    @property
    def makes(self) -> tuple[Field, ...]:
        """Fields of the parts."""
        return tuple(
            CategoryField(name=name, names=_WEEKDAYS)
            if part == "weekday"
            else FloatField(name=name, places=0)
            for part, name in zip(self.parts, self.made, strict=True)
        )

    def forward(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The parts, float64 `[N]` each, by name; all but the first usual where it is missing."""
        own = values[self.name].numpy()
        found = self.split(own, values[self.since.name].numpy() if self.since else None)
        gone = np.isnan(own)
        for i, usual in enumerate(self.usual):
            found[i] = np.where(gone, np.nan if i == 0 else usual, found[i])
        return {n: torch.from_numpy(x) for n, x in zip(self.made, found, strict=True)}

    def split(self, own: np.ndarray, other: np.ndarray | None) -> list[np.ndarray]:
        """The parts of moments `[N]`, and of those they follow, in the order of `parts`."""
        days, rest = days_and_rest(self.of, own)
        if self.date == "since":
            assert self.since is not None
            assert other is not None
            days = days - days_and_rest(self.since, other)[0]
        return [*date_parts(days, self.date), *self._times(rest)]

    def backward(self, values: Mapping[str, Tensor]) -> Tensor:
        """The moments, float64 `[N]`; `values` holds the parts, and the moment that they follow."""
        parts = [values[name].numpy() for name in self.made]
        gone = np.isnan(parts[0])
        parts = [np.where(np.isnan(x), u, x) for x, u in zip(parts, self.usual, strict=True)]
        cut = len(_PARTS[self.date])
        days = _days(parts[:cut], self.date) if cut else np.zeros(len(gone))
        if self.since is not None:
            days = days + days_and_rest(self.since, values[self.since.name].numpy())[0]
        local = days * steps_per_day(self.of) + self._rest(parts[cut:])
        found = _from_local(self.of, np.where(gone, np.nan, local))
        return torch.from_numpy(np.where(gone, np.nan, found))

    def boxes(self, ranges: Ranges) -> dict[str, list[tuple[float, float]]]:
        """For each part but days since another moment the values that it has within ranges."""
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in self.made}
        for low, high in self._near(ranges):
            ends = np.array([low, high])
            (first, last), rest = days_and_rest(self.of, ends)
            one_day = first == last and not (self.time and _zone(self.of))
            for name, part, (a, b) in zip(
                self.made, self.parts, np.array(self._ends(ends)), strict=True
            ):
                whole = {
                    "weekday": (0, 6) if last - first >= 6 else None,
                    "day of month": (1, LAST) if last - first >= 28 else None,
                    "hour": (0, 23) if not one_day else None,
                    "time": (0, np.inf) if not one_day else None,
                    "time in hour": (0, np.inf)
                    if not one_day or rest[0] // self._per_hour != rest[1] // self._per_hour
                    else None,
                }.get(part)
                if whole is not None:
                    found[name].append(whole)
                elif a <= b:
                    found[name].append((float(a), float(b)))
                else:  # from Saturday to Monday, from the 29th to the 3rd
                    edge = {"weekday": (0.0, 6.0), "day of month": (1.0, float(LAST))}[part]
                    found[name] += [(edge[0], float(b)), (float(a), edge[1])]
        if self.date == "since":
            found.pop(self.made[0])
        return found

    def since_ranges(self, ranges: Ranges, least: float, most: float) -> list[tuple[float, float]]:
        """Ranges of the other moment, if this one follows it by `least` to `most` days."""
        assert self.since is not None
        per_day, found = steps_per_day(self.since), []
        for low, high in self._near(ranges):
            (first, last), _ = days_and_rest(self.of, np.array([low, high]))
            days = np.array([first - most, last - least + 1]) * per_day
            start, stop = _from_local(self.since, days)
            found.append((float(start), float(stop) - 1))
        return found

    def _near(self, ranges: Ranges) -> Ranges:
        """What of ranges is near the rows: parts lead to days of weeks or months that rows have."""
        more = 40 * steps_per_day(self.of)
        cut = [(max(low, self.low - more), min(high, self.high + more)) for low, high in ranges]
        return [(low, high) for low, high in cut if low <= high]

    def _ends(self, ends: np.ndarray) -> list[np.ndarray]:
        """Each part of the first and the last moment of a range."""
        if self.date != "since":
            return self.split(ends, None)
        return [np.zeros(2), *self._times(days_and_rest(self.of, ends)[1])]

    @property
    def _per_hour(self) -> float:
        return steps_per_day(self.of) / 24

    def _times(self, rest: np.ndarray) -> list[np.ndarray]:
        """Parts of times of day `[N]`, in steps since midnight."""
        if not self.time:
            return []
        if self.time == "time":
            return [rest / self.grid]
        hour = np.floor(rest / self._per_hour)
        return [hour, (rest - hour * self._per_hour) / self.grid]

    def _rest(self, parts: Sequence[np.ndarray]) -> np.ndarray | float:
        """Times of day, in steps since midnight."""
        if not self.time:
            return 0.0
        if self.time == "time":
            return np.clip(np.round(parts[0]) * self.grid, 0, steps_per_day(self.of) - 1)
        hour = np.clip(np.round(parts[0]), 0, 23)
        return hour * self._per_hour + np.clip(
            np.round(parts[1]) * self.grid, 0, self._per_hour - 1
        )


def forward_calendars(
    calendars: Sequence[Calendar], values: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Columns to be coded: parts in the place of moments.

    >>> field = DateField(name="day")
    >>> week = Calendar(of=field, date="week", usual=(0, 0), made=("week", "weekday"))
    >>> forward_calendars([week], {"day": torch.tensor([0.0, 3.0])})
    {'week': tensor([0., 0.]), 'weekday': tensor([3., 6.])}
    """
    named = {one.name: one for one in calendars}
    coded: dict[str, Tensor] = {}
    for name, column in values.items():
        coded |= named[name].forward(values) if name in named else {name: column}
    return coded


def backward_calendars(
    calendars: Sequence[Calendar], values: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Columns with moments again.

    >>> field = DateField(name="day")
    >>> week = Calendar(of=field, date="week", usual=(0, 0), made=("week", "weekday"))
    >>> backward_calendars([week], {"week": torch.tensor([0.0]), "weekday": torch.tensor([6.0])})
    {'day': tensor([3.])}
    """
    back = dict(values)
    for one in calendars:
        back[one.name] = one.backward(back)
        for name in one.made:
            del back[name]
    return back


def is_moment(field: Field) -> bool:
    """Whether a field holds days or moments, which have weekdays."""
    return isinstance(field, DateField | DatetimeField)


def is_time_of_day(field: Field) -> bool:
    """Whether a field holds times of day."""
    return isinstance(field, StepField) and field.dtype.startswith("time") and not is_moment(field)


def steps_per_day(field: Field) -> int:
    """Values in one day."""
    resolution = field.resolution if isinstance(field, StepField) else "day"
    return NANOSECONDS["day"] // NANOSECONDS[resolution]


def days_and_rest(field: Field, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Days since the epoch by the field's own clock, and steps since midnight, of values `[N]`."""
    local, per_day = _local(field, values), steps_per_day(field)
    days = np.floor(local / per_day)
    return days, local - days * per_day


def date_parts(days: np.ndarray, how: str) -> list[np.ndarray]:
    """Parts of days since the epoch `[N]`: themselves, week and weekday, or month and its day.

    >>> [x.tolist() for x in date_parts(np.array([0.0, 30.0]), "week")]
    [[0.0, 4.0], [3.0, 5.0]]
    >>> [x.tolist() for x in date_parts(np.array([0.0, 30.0]), "month")]
    [[0.0, 0.0], [1.0, 31.0]]
    """
    if how == "week":
        week = np.floor((days + _MONDAY) / 7)
        return [week, days + _MONDAY - 7 * week]
    if how == "month":
        known = np.nan_to_num(days).astype(np.int64).astype("M8[D]")
        month = known.astype("M8[M]")
        day = (known - month.astype("M8[D]")).astype(float) + 1
        last = day == _lengths(month)
        gone = np.isnan(days)
        number = np.where(last, LAST, day)
        return [np.where(gone, np.nan, x) for x in (month.astype(np.int64).astype(float), number)]
    return [days] if how else []


def time_parts(field: Field, values: np.ndarray) -> list[np.ndarray]:
    """What a judge looks at in moments `[N]`: weekday, day of the month, hour, minute."""
    days, rest = days_and_rest(field, values)
    found = []
    if is_moment(field):
        found += [date_parts(days, "week")[1], date_parts(days, "month")[1]]
    per_hour = steps_per_day(field) / 24
    if per_hour >= 1:
        hour = np.floor(rest / per_hour)
        found += [hour, (rest - hour * per_hour) * 60 / per_hour]
    return found


def _days(parts: Sequence[np.ndarray], how: str) -> np.ndarray:
    """Days since the epoch; the inverse of `date_parts`."""
    first = np.round(parts[0])
    if how == "week":
        return 7 * first + np.clip(np.round(parts[1]), 0, 6) - _MONDAY
    if how == "month":
        month = np.clip(first, -_FARTHEST, _FARTHEST).astype(np.int64).astype("M8[M]")
        length, day = _lengths(month), np.clip(np.round(parts[1]), 1, LAST)
        day = np.where(day == LAST, length, np.minimum(day, length - 1))
        return month.astype("M8[D]").astype(np.int64) + day - 1
    return first


def _lengths(months: np.ndarray) -> np.ndarray:
    """Days of each month."""
    return ((months + 1).astype("M8[D]") - months.astype("M8[D]")).astype(np.int64)


def _zone(field: Field) -> str | None:
    """The time zone whose clock differs from that of the values."""
    if not isinstance(field, DatetimeField) or field.resolution == "day":
        return None
    zone = field.moment_type.tz
    return None if zone in (None, "UTC") else zone


def _local(field: Field, values: np.ndarray) -> np.ndarray:
    """Values by the clock of the field's zone."""
    zone = _zone(field)
    if zone is None:
        return values
    import pyarrow as pa

    assert isinstance(field, DatetimeField)
    whole = np.floor(np.nan_to_num(values))
    units = pa.array(whole.astype(np.int64) * field.step + field.offset)
    local = functions().local_timestamp(units.cast(field.moment_type))
    steps = (local.cast(pa.int64()).to_numpy() - field.offset) / field.step
    return np.where(np.isnan(values), np.nan, steps + (np.nan_to_num(values) - whole))


def _from_local(field: Field, local: np.ndarray) -> np.ndarray:
    """The inverse; of an hour that comes twice the first, of a gap its end."""
    zone = _zone(field)
    if zone is None:
        return local
    import pyarrow as pa

    assert isinstance(field, DatetimeField)
    whole = np.round(np.nan_to_num(local)).astype(np.int64) * field.step + field.offset
    bare = pa.array(whole).cast(pa.timestamp(field.moment_type.unit))
    moments = functions().assume_timezone(bare, zone, ambiguous="earliest", nonexistent="latest")
    units = moments.cast(pa.int64()).to_numpy()
    return np.where(np.isnan(local), np.nan, (units - field.offset) / field.step)
