"""Columns of rows as networks see them, in the order in which they are made."""

from collections.abc import Collection, Sequence
from enum import IntEnum
from typing import NamedTuple

import torch
from torch import Tensor

from zerosum.modalities.sequences.bursts import Burst
from zerosum.modalities.sequences.time_axis import CALENDAR, CLOCK, GAP, HOURS, TimeAxis
from zerosum.modalities.tables.codecs import Codec

PHASE = "phase of "
"""What names of columns begin with that say how a burst goes on."""

_TWO_VALUES = 3
"""Codes at most of a column of two values: one may stand for what is missing."""


class Phase(IntEnum):
    """How a row goes with the one before, in a column of which a value comes in bursts."""

    NONE, BEGINS, GOES_ON = range(3)


def phase_of(hit: Tensor, before: Tensor) -> Tensor:
    """`Phase` of rows, int64 `[n]`.

    Args:
        hit: which rows hold a value that comes in bursts, bool `[n]`.
        before: whether the rows before hold it, bool `[n]`.

    >>> phase_of(torch.tensor([False, True, True]), torch.tensor([True, False, True])).tolist()
    [0, 1, 2]
    """
    return torch.where(hit, torch.where(before, Phase.GOES_ON, Phase.BEGINS), Phase.NONE)


class RowColumn(NamedTuple):
    """A column of rows as networks see it.

    Attributes:
        name: of the column.
        size: number of its codes.
        codec: which codec of the rows it has; None where it follows from the columns before it.
    """

    name: str
    size: int
    codec: int | None


class Flag(NamedTuple):
    """A column of two values of which one comes in bursts.

    Attributes:
        name: of the column.
        codec: its place among those of the rows.
        codes: those that come in bursts.
    """

    name: str
    codec: int
    codes: tuple[int, ...]

    def hits(self, codes: Tensor) -> Tensor:
        """Which of the codes `[n]` come in bursts, bool `[n]`."""
        return torch.isin(codes, torch.tensor(self.codes, device=codes.device))


def flags_of(codecs: Sequence[Codec], bursts: Sequence[Burst]) -> dict[str, Flag]:
    """The columns of two values of which one comes in bursts, by name of their `Phase`."""
    found = {}
    for i, codec in enumerate(codecs):
        values = {one.value for one in bursts if one.column == codec.name}
        if values and codec.size <= _TWO_VALUES:
            decoded = codec.decode(torch.arange(codec.size) + 0.5).tolist()
            codes = tuple(code for code, value in enumerate(decoded) if value in values)
            found[PHASE + codec.name] = Flag(codec.name, i, codes)
    return found


def row_columns(
    codecs: Sequence[Codec], axis: TimeAxis | None, flags: Collection[Flag]
) -> tuple[RowColumn, ...]:
    """Columns of rows in the order in which they are made.

    Whether a row is of a burst is said before its time, which follows from that: so flags come
    first, and after each how the burst goes on (see `Phase`). What a day or a clock says comes
    after it.

    Args:
        codecs: of the rows.
        axis: of time, if there is any.
        flags: see `flags_of`.
    """
    first = [one.codec for one in flags]
    found = []
    for i in (*first, *(i for i in range(len(codecs)) if i not in first)):
        codec = codecs[i]
        found.append(RowColumn(codec.name, codec.size, i))
        if i in first:
            found.append(RowColumn(PHASE + codec.name, len(Phase), None))
        if codec.name == GAP and axis is not None and axis.has_calendar:
            found += [RowColumn(name, size, None) for name, size in CALENDAR]
        if codec.name == CLOCK:
            found.append(RowColumn("hour", HOURS, None))
    return tuple(found)
