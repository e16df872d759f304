"""Constraints: what holds in every row of a table.

A constraint holds by construction where it can: columns are changed before they are coded, and
changed back after (`forward`, `backward`), so that no row can break it. Where it cannot, rows are
moved to the nearest that obeys (`project`), and what is left is drawn again.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from zerosum.config import Config
from zerosum.tables.fields import Field

Values = dict[str, Tensor]
"""Columns of values, float64 `[N]` each, by name."""


class Constraint(Config):
    """Something that holds in every row; see the module.

    Attributes:
        constructed: whether the columns are changed so that it holds; decided by `fit`.
    """

    constructed: bool = False

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """The columns that it is about."""

    @abstractmethod
    def holds(self, values: Values) -> Tensor:
        """Which rows obey, bool `[N]`; a row in which it cannot be told does."""

    def fit(self, values: Values, fields: Mapping[str, Field]) -> "Constraint":
        """The constraint for training rows that all obey: with what it needs to know of them.

        Raises:
            ConstraintError: a column is not there or not of the kind it needs.
        """
        return self

    def forward(self, values: Values) -> Values:
        """Columns to be coded in place of the table's; the same where it is not constructed."""
        return values

    def backward(self, values: Values) -> Values:
        """The table's columns again, so that it holds."""
        return values

    def project(self, values: Values) -> Values:
        """The nearest values that obey, for rows that do not, where there is a way."""
        return values


def forward_all(constraints: Sequence[Constraint], values: Values) -> Values:
    """Columns to be coded."""
    for one in constraints:
        values = one.forward(values)
    return values


def backward_all(constraints: Sequence[Constraint], values: Values) -> Values:
    """The table's columns, with every constraint that is constructed."""
    for one in reversed(constraints):
        values = one.backward(values)
    return values


def settle(constraints: Sequence[Constraint], values: Values) -> Values:
    """Rows that break a constraint moved to the nearest that obey, where there is a way."""
    for one in constraints:
        ok = one.holds(values)
        if not bool(ok.all()):
            moved = one.project({name: values[name] for name in one.columns})
            values = values | {k: torch.where(ok, values[k], v) for k, v in moved.items()}
    return values


def obeying(constraints: Sequence[Constraint], values: Values) -> Tensor:
    """Which rows obey every constraint, bool `[N]`."""
    ok = torch.ones(len(next(iter(values.values()))), dtype=torch.bool)
    for one in constraints:
        ok &= one.holds(values)
    return ok
