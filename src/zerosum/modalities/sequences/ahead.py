"""What the calendar says of the days that a gap leads to.

A gap of days is chosen for where it leads: to a month end, to a Monday, past the first of a month.
So the code of each gap is told by the weekday and the place in the month of its day, counted from
the row before.
"""

from math import ceil

import torch
from torch import Tensor

from zerosum.modalities.tables.codecs import NumberCodec

_WEEKDAYS, _DAYS = 7, 31
_SIZES = (_WEEKDAYS, _DAYS, _DAYS + 1, _DAYS + 1)
"""Weekday; day of the month; days to its end, or that the end is passed; days since a passed end,
or that none is passed."""

NUM_MARKS = sum(_SIZES)
"""Marks that days are told by; this number itself stands for no mark."""

MARKS_OF_A_DAY = len(_SIZES)
_STARTS = torch.tensor([0, *_SIZES]).cumsum(0)[:-1]


def least_days(gap: NumberCodec) -> Tensor:
    """The least days that each code of a gap stands for, int64 `[K]`; -1 for none.

    >>> codec = NumberCodec(name="gap", knots=((0.0,), (1.5, 3.0)), counts=(1, 1, 2),
    ...                     has_missing=True)
    >>> least_days(codec).tolist()
    [0, 2, -1]
    """
    least = [ceil(knots[0]) for knots in gap.knots]
    return torch.tensor([*least, *([-1] if gap.has_missing else [])]).long()


def marks_ahead(
    weekday: Tensor, day_of_month: Tensor, to_end: Tensor, gaps: Tensor
) -> Tensor:  # fmt: skip
    """Marks of the days that lie `gaps` ahead, int64 `[n, G, 4]`.

    Args:
        weekday: of the days before, 0 for Monday; below 0 where there is no such day. `[n]`.
        day_of_month: from 0, `[n]`.
        to_end: days to the month's end, `[n]`.
        gaps: days, `[G]`; those below 0 lead nowhere.

    >>> marks = marks_ahead(*torch.tensor([[2], [29], [1]]), torch.tensor([0, 1, 2, -1]))
    >>> (marks[0] - _STARTS)[:3].tolist()
    [[2, 29, 1, 0], [3, 30, 0, 0], [4, 0, 31, 1]]
    """
    passed = gaps - to_end[:, None]
    over = (passed > 0).long()
    since = (passed - 1).clamp(0, _DAYS - 1)
    day = torch.where(over > 0, since, (day_of_month[:, None] + gaps).clamp(0, _DAYS - 1))
    marks = torch.stack(
        [
            (weekday[:, None] + gaps) % _WEEKDAYS,
            day,
            torch.where(over > 0, _DAYS, (-passed).clamp(0, _DAYS - 1)),
            over * (since + 1),
        ],
        dim=-1,
    )
    nowhere = (weekday < 0)[:, None] | (gaps < 0)
    return torch.where(nowhere[..., None], NUM_MARKS, marks + _STARTS.to(marks.device))
