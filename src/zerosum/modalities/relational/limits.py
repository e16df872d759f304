"""What rows must keep with the rows above them: orders, and columns that repeat these."""

from collections.abc import Sequence

import torch
from torch import Tensor

from zerosum.errors import ConstraintError
from zerosum.modalities.relational.sides import Side
from zerosum.modalities.tables.constraints.base import (
    ROUNDS,
    backward_all,
    forward_all,
    obeying,
    settle,
)

Fixed = dict[int, tuple[Tensor, Tensor]]
"""For coded columns in which rows `[N]` a code is given, bool `[N]`, and the codes of these."""

TRIES = 32
"""How often a row that breaks an order between tables is drawn before its value is moved."""


class Limits:
    """What rows of one table must keep with those above them.

    Args:
        side: the table.
        above: values of the columns above in each row's place, float64 `[N]`, one for each order
            and then for each column that is copied; infinite where there is no row.
    """

    def __init__(self, side: Side, above: Sequence[Tensor]) -> None:
        self._side, self._space, self._every = side, side.rows, above
        self._above = [one.masked_fill(one.isinf(), torch.nan) for one in above[: len(side.across)]]
        self._copied = above[len(side.across) :]

    def of(self, rows: Tensor) -> "Limits":
        """The same for some of the rows, int64 `[n]`."""
        return Limits(self._side, [one[rows] for one in self._every])

    def codes(self) -> Fixed:
        """Codes of columns that repeat rows above, where there are such rows.

        Columns that constraints change, and moments that are coded by others, have none.
        """
        found: Fixed = {}
        coded = {codec.name: (i, codec) for i, codec in enumerate(self._space.codecs)}
        changed = {name for one in self._space.constraints for name in one.changes}
        calendars = {one.name: one for one in self._space.calendars}
        for one, above in zip(self._side.copied, self._copied, strict=True):
            calendar = calendars.get(one.column)
            if one.column in changed or (calendar is not None and calendar.needs):
                continue
            there = ~above.isinf()
            own = one.values(torch.zeros_like(above), above)[there]
            parts = {one.column: own} if calendar is None else calendar.forward({one.column: own})
            for name, column in parts.items():
                at, codec = coded[name]
                found[at] = there, codec.encode(column).floor().long()
        return found

    def copied(self, values: Tensor) -> Tensor:
        """Rows `[N, D]` with what they repeat of rows above, and what follows from that."""
        if not self._copied:
            return values
        values = values.clone()
        for one, above in zip(self._side.copied, self._copied, strict=True):
            at = self._space.names.index(one.column)
            values[:, at] = one.values(values[:, at], above)
        held = self._space.constraints
        columns = backward_all(held, forward_all(held, self._space.columns(values)))
        return self._space.compact(columns)

    def hold(self, values: Tensor) -> Tensor:
        """Which rows `[N, D]` keep everything, bool `[N]`."""
        ok = obeying(self._space.constraints, self._space.columns(values))
        for one, above in zip(self._side.across, self._above, strict=True):
            ok &= one.holds(values[:, self._space.names.index(one.column)], above)
        return ok

    def moved(self, values: Tensor) -> Tensor:
        """Rows `[N, D]`, moved so that they keep everything.

        Raises:
            ConstraintError: there is no way for some.
        """
        for _ in range(ROUNDS):
            if bool(self.hold(values).all()):
                return values
            values = values.clone()
            for one, above in zip(self._side.across, self._above, strict=True):
                at = self._space.names.index(one.column)
                values[:, at] = one.moved(values[:, at], above)
            columns = settle(self._space.constraints, self._space.columns(values))
            values = self._space.compact(columns)
        broken = int((~self.hold(values)).sum())
        if not broken:
            return values
        raise ConstraintError(
            f"{broken:,} rows cannot be moved so that "
            f"{', '.join(one.order.statement for one in self._side.across)} holds, since other "
            "constraints, or rows above, leave no room. Loosen one."
        )
