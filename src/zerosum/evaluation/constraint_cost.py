"""What constraints cost: how much farther from the reals the columns are that they are about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from zerosum.tables.constraints import Constraint, Values
from zerosum.tables.fields import Field


@dataclass(frozen=True)
class ConstraintCost:
    """Distances between columns of made rows and of reals, 0 to 1.

    Attributes:
        free: of rows made without the constraints, by column.
        bound: of rows made with them.
    """

    free: dict[str, float]
    bound: dict[str, float]

    @property
    def change(self) -> float:
        """Mean change of the distances; above 0 where constraints take columns from the reals."""
        changes = [self.bound[name] - self.free[name] for name in self.bound]
        return sum(changes) / len(changes) if changes else 0.0


def constraint_cost(
    constraints: Sequence[Constraint],
    real: Values,
    free: Values,
    bound: Values,
    fields: Mapping[str, Field],
) -> ConstraintCost:
    """Distances of the columns that constraints are about, without them and with them.

    Args:
        constraints: what holds in `bound`.
        real: columns of real rows, best of those that were held out.
        free: of rows made without the constraints.
        bound: of rows made with them.
        fields: of the table, by name.
    """
    names = dict.fromkeys(name for one in constraints for name in one.columns)

    def distances(made: Values) -> dict[str, float]:
        return {
            name: column_distance(real[name], made[name], categorical=bool(fields[name].categories))
            for name in names
        }

    return ConstraintCost(distances(free), distances(bound))


def column_distance(real: Tensor, made: Tensor, *, categorical: bool) -> float:
    """Kolmogorov-Smirnov distance of two columns, or for categories the total variation.

    What is missing is left out; the distance to a column with nothing else is 1.

    >>> a, b = torch.tensor([0.0, 0, 1, 2]), torch.tensor([0.0, 1, 2, 2])
    >>> column_distance(a, b, categorical=True), column_distance(a, a + 9, categorical=False)
    (0.25, 1.0)
    """
    known = [column[~column.isnan()] for column in (real, made)]
    if not all(map(len, known)):
        return float(len(known[0]) != len(known[1]))
    both, codes = torch.cat(known).unique(return_inverse=True)
    sides = codes.split([len(column) for column in known])
    a, b = (torch.bincount(side, minlength=len(both)).double() / len(side) for side in sides)
    gap = (a - b).abs().sum() / 2 if categorical else (a - b).cumsum(0).abs().max()
    return float(gap)
