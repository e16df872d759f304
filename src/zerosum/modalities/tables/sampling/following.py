"""Given moments that are coded by the days since another moment, which is still to be made.

How many days lie between is known as soon as the other moment is, so each particle is given the
code of its own days, and weighted by how likely the game finds it.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from zerosum.modalities.tables.calendars import Calendar, backward_calendars, days_and_rest
from zerosum.modalities.tables.codecs import MIDDLE
from zerosum.modalities.tables.constraints.base import Values
from zerosum.modalities.tables.sampling.boxes import ends_of
from zerosum.modalities.tables.space import TableSpace

IMPOSSIBLE = -2
"""Stands for a code of days that no row has."""


@dataclass(frozen=True)
class Follower:
    """A moment that is given, and follows one that is not.

    Attributes:
        space: of the rows.
        calendar: of the moment.
        days: of the given moments, float64 `[G]`; NaN where it is not given, or the other one is.
    """

    space: TableSpace
    calendar: Calendar
    days: Tensor

    def some(self, rows: Tensor) -> "Follower":
        """The same for some of the given rows, int64 `[n]`."""
        return Follower(self.space, self.calendar, self.days[rows])

    def codes(self, codes: Tensor) -> Tensor:
        """Codes of the days between, int64 `[G, P]`; -1 where they are free, else `IMPOSSIBLE`.

        Args:
            codes: of the columns before, int64 `[G, P, C]`.
        """
        other = self.calendar.since
        assert other is not None
        since = _value_of(self.space, other.name, codes.flatten(0, 1))
        before = torch.from_numpy(days_and_rest(other, since.numpy())[0]).view(codes.shape[:2])
        gap = self.days[:, None] - before
        (codec,) = [one for one in self.space.codecs if one.name == self.calendar.made[0]]
        code = codec.encode(gap.flatten()).floor().long()
        low, high = ends_of(codec)[:, code].view(2, *gap.shape)
        fits = (gap >= low - MIDDLE) & (gap <= high + MIDDLE)
        found = torch.where(fits, code.view(gap.shape), IMPOSSIBLE)
        return torch.where(self.days.isnan()[:, None].expand_as(gap), -1, found)


def followers_of(space: TableSpace, columns: Values) -> dict[int, Follower]:
    """For columns of days between two moments the given moments that follow one to be made."""
    index = {codec.name: i for i, codec in enumerate(space.codecs)}
    found = {}
    for one in space.calendars:
        if one.since is None:
            continue
        days = torch.from_numpy(days_and_rest(one.of, columns[one.name].numpy())[0])
        days = torch.where(columns[one.since.name].isnan(), days, torch.nan)
        if not days.isnan().all():
            found[index[one.made[0]]] = Follower(space, one, days)
    return found


def _value_of(space: TableSpace, name: str, codes: Tensor) -> Tensor:
    """Values `[N]` of a moment by codes `[N, C]`, in the middle of their intervals."""
    calendars = {one.name: one for one in space.calendars}
    chain: list[Calendar] = []
    at: str | None = name
    while at in calendars:
        chain.insert(0, calendars[at])
        at = None if chain[0].since is None else chain[0].since.name
    needed = {made for one in chain for made in one.made} | {at}
    parts = {
        codec.name: codec.decode(codes[:, i] + MIDDLE)
        for i, codec in enumerate(space.codecs)
        if codec.name in needed
    }
    return backward_calendars(chain, parts)[name]
