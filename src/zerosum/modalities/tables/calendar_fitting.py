"""Which parts moments are coded by, decided by what the rows show."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Literal

import numpy as np
from torch import Tensor

from zerosum.modalities.tables.calendars import (
    LAST,
    Calendar,
    date_parts,
    days_and_rest,
    is_moment,
    is_time_of_day,
    steps_per_day,
)
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.intervals import most_values

_LEAST_GAIN = 0.01
"""Nats of a row by which a calendar must say more than that all days, or hours, are alike."""

_FEWEST_ROWS, _SHORTEST = 20, 3
"""Rows, and days from the first to the last, below which moments are what they are."""

_EQUAL, _CLOSE = 0.2, 0.25
"""A moment follows another if so many rows are as many days apart, or the days between vary so
little beside its own."""

_TOLD, _MOST_TOLD, _ROWS_OF_EACH, _LOOKED_AT = 0.97, 64, 5, 10_000
"""Share of rows in which a part of a moment says what another column is, how many values that has
at most, how many rows there are of each value of the part, and rows that are looked at."""

_MOST_ORDERS = 3
"""Orders of moments that are offered."""


def fit_calendars(
    columns: Mapping[str, Tensor], fields: Mapping[str, Field], *, least: int
) -> tuple[Calendar, ...]:
    """The calendars of those columns of moments, or times of day, in which they matter.

    Args:
        columns: what is to be coded, float64 `[N]` each.
        fields: those of the table, by name.
        least: rows that must share a value before it is learned as one of its own.
    """
    found: list[Calendar] = []
    before: list[Field] = []
    taken = set(columns) | set(fields)
    for name, column in columns.items():
        field = fields.get(name)
        if field is None or not (is_moment(field) or is_time_of_day(field)):
            continue
        values = column.numpy()
        known = values[~np.isnan(values)]
        if len(known) >= _FEWEST_ROWS:
            followed = _followed(field, values, before, columns) if is_moment(field) else None
            made = _calendar(field, known, followed, columns, least)
            if made is not None:
                found.append(_named(made, taken))
                taken |= set(found[-1].made)
        if is_moment(field):
            before.append(field)
    return tuple(found)


def shows_times(field: Field, values: np.ndarray) -> bool:
    """Whether times of day are coded apart from dates."""
    known = values[~np.isnan(values)]
    return is_moment(field) and len(known) >= _FEWEST_ROWS and bool(_time(field, known)[0])


def orders_of(columns: Mapping[str, Tensor], fields: Mapping[str, Field]) -> list[tuple[str, str]]:
    """Pairs of moments of which one never comes before the other, though it might.

    >>> import torch
    >>> from zerosum.modalities.tables.time_fields import DateField
    >>> due = torch.arange(50.0) * 11 % 50
    >>> columns = {"due": due, "made": due - 2}
    >>> orders_of(columns, {name: DateField(name=name) for name in columns})
    [('made', 'due')]
    """
    moments = [name for name in columns if name in fields and is_moment(fields[name])]
    found = []
    for pair in combinations(moments, 2):
        both = [columns[name].numpy() / steps_per_day(fields[name]) for name in pair]
        known = ~np.isnan(both[0]) & ~np.isnan(both[1])
        a, b = both[0][known], both[1][known]
        if len(a) < _FEWEST_ROWS or np.array_equal(a, b):
            continue
        if (a <= b).all() and a.max() > b.min():
            found.append(pair)
        elif (b <= a).all() and b.max() > a.min():
            found.append(pair[::-1])
    return found[:_MOST_ORDERS]


def _calendar(
    field: Field,
    known: np.ndarray,
    followed: Field | None,
    columns: Mapping[str, Tensor],
    least: int,
) -> Calendar | None:
    """The calendar of one column; None where its moments are best taken as they are."""
    days, rest = days_and_rest(field, known)
    time, grid = _time(field, known)
    date: Literal["", "day", "week", "month", "since"] = ""
    if is_moment(field):
        here = ~np.isnan(columns[field.name].numpy())
        others = [one.numpy()[here] for name, one in columns.items() if name != field.name]
        hours = np.floor(rest * 24 / steps_per_day(field))
        if not time and np.ptp(days) >= _SHORTEST and _told(hours, others):
            time = "time" if steps_per_day(field) == 24 else "hour"
        date = "since" if followed is not None else _date(days, others)
    if date in ("", "day") and not time:
        return None
    ordered = np.sort(known)
    rank = min(least, len(known)) - 1
    made = Calendar.model_construct(
        of=field, date=date, since=followed, time=time, grid=grid, made=(), usual=(),
        low=float(ordered[rank]), high=float(ordered[-1 - rank]),
    )  # fmt: skip
    values = columns[field.name].numpy()
    other = columns[followed.name].numpy() if followed is not None else None
    here = ~np.isnan(values)
    parts = made.split(values[here], None if other is None else other[here])
    return made.model_copy(update={"usual": tuple(map(_commonest, parts))})


def _named(made: Calendar, taken: set[str]) -> Calendar:
    """With names for its parts that no column has."""
    names = []
    for part in made.parts:
        name = f"{made.name} ({part})"
        if made.since is not None and part == "days":
            name = f"{made.name} (days since {made.since.name})"
        while name in taken:
            name += "'"
        names.append(name)
    body = made.model_copy(update={"made": tuple(names)}).to_json()
    return Calendar.from_json(body)


def _told(part: np.ndarray, others: Sequence[np.ndarray]) -> bool:
    """Whether a part of moments says what another column is: the hour a column `hour`, say.

    >>> day = np.arange(400.0)
    >>> _told(day % 7, [day % 7 >= 5]), _told(day % 5, [day % 7 >= 5])
    (True, False)
    """
    some = np.arange(0, len(part), -(-len(part) // _LOOKED_AT))
    distinct, at = np.unique(part[some], return_inverse=True)
    if not 2 <= len(distinct) * _ROWS_OF_EACH <= len(some):
        return False
    for other in others:
        known = ~np.isnan(other[some].astype(float))
        values, code = np.unique(other[some][known], return_inverse=True)
        if not 2 <= len(values) <= _MOST_TOLD:
            continue
        times = np.zeros((len(distinct), len(values)))
        np.add.at(times, (at[known], code), 1)
        n, usual = times.sum(), times.sum(0).max()
        if times.max(1).sum() >= _TOLD * n and usual <= (1 - 2 * (1 - _TOLD)) * n:
            return True
    return False


def _date(days: np.ndarray, others: Sequence[np.ndarray]) -> Literal["day", "week", "month"]:
    """How days are best coded."""
    distinct = np.unique(days)
    if len(distinct) <= most_values(len(days)):
        return "day"
    gains = {"week": _weekly(days), "month": _monthly(days)}
    best = max(gains, key=lambda how: gains[how])
    if not gains[best]:
        week, month = (date_parts(days, how) for how in ("week", "month"))
        if _told(week[1], others):
            return "week"
        return "month" if _told(month[1], others) or _told(month[0], others) else "day"
    return "week" if best == "week" else "month"


def _weekly(days: np.ndarray) -> float:
    """Nats that weekdays say of a row."""
    if np.ptp(days) < 14:
        return 0.0
    return _gain(date_parts(days, "week")[1], 0, np.full(7, 1 / 7))


def _monthly(days: np.ndarray) -> float:
    """Nats that days of the month say of a row."""
    if np.ptp(days) < 60:
        return 0.0
    every = date_parts(np.arange(days.min(), days.max() + 1), "month")[1].astype(int)
    shares = np.bincount(every, minlength=LAST + 1)[1:]
    return _gain(date_parts(days, "month")[1], 1, shares / shares.sum())


def _time(field: Field, known: np.ndarray) -> tuple[Literal["", "time", "hour"], int]:
    """How times of day are best coded, and the grid they lie on."""
    per_day = steps_per_day(field)
    days, rest = days_and_rest(field, known)
    dated = is_moment(field)
    if per_day == 1 or (dated and np.ptp(days) < _SHORTEST):
        return "", 1
    whole = np.round(rest).astype(np.int64)
    grid = max(1, int(np.gcd.reduce(np.append(whole, per_day))))
    distinct, few = len(np.unique(rest)), most_values(len(known))
    if not dated and distinct <= few:
        return "", 1
    per_hour = per_day // 24
    hours = _gain(np.floor(rest / per_hour), 0, np.full(24, 1 / 24))
    minutes = _gain(np.floor(rest % per_hour * 60 / per_hour), 0, np.full(60, 1 / 60))
    if not (grid > 1 or hours or (per_hour >= 60 and minutes)):
        return "", 1
    if distinct <= few or per_hour == 1:
        return "time", grid
    return "hour", int(np.gcd(grid, per_hour))


def _followed(
    field: Field, values: np.ndarray, before: list[Field], columns: Mapping[str, Tensor]
) -> Field | None:
    """The earlier moment that this one follows most closely; None if it follows none."""
    days, _ = days_and_rest(field, values)
    known = ~np.isnan(days)
    few = most_values(int(known.sum()))
    own = days[known]
    wide, matters = _width(own), _weekly(own) or _monthly(own)
    most = _share_of_commonest(own)
    best, closest = None, np.inf
    for other in before:
        theirs, _ = days_and_rest(other, columns[other.name].numpy())
        if np.isnan(theirs[known]).any():
            continue
        gap = own - theirs[known]
        equal, ratio = _share_of_commonest(gap), _width(gap) / max(wide, 1.0)
        exact = len(np.unique(gap)) <= few or not matters
        follows = (equal >= max(_EQUAL, 2 * most)) or (ratio < _CLOSE and exact)
        if follows and ratio - equal < closest:
            best, closest = other, ratio - equal
    return best


def _gain(values: np.ndarray, first: int, shares: np.ndarray) -> float:
    """Nats of a row that the shares of values from `first` on say beyond what is expected.

    0 where chance would say as much. Wilks, Annals of Mathematical Statistics 9, 1938.
    """
    at = (values - first).astype(int).clip(0, len(shares) - 1)
    seen = np.bincount(at, minlength=len(shares)) / len(at)
    here = (seen > 0) & (shares > 0)
    gain = float((seen[here] * np.log(seen[here] / shares[here])).sum())
    freedom = len(shares) - 1
    chance = freedom + 6 * np.sqrt(2 * freedom)
    return gain if gain > _LEAST_GAIN and 2 * len(at) * gain > chance else 0.0


def _width(days: np.ndarray) -> float:
    low, high = np.quantile(days, [0.05, 0.95])
    return float(high - low)


def _share_of_commonest(values: np.ndarray) -> float:
    return float(np.unique(values, return_counts=True)[1].max() / len(values))


def _commonest(values: np.ndarray) -> float:
    distinct, times = np.unique(values, return_counts=True)
    return float(distinct[times.argmax()])
