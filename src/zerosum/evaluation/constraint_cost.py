"""What constraints cost: how much farther from the reals the columns are that they are about."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zerosum.evaluation.measures.table_shapes import column_shapes
from zerosum.tables.constraints import Constraint, Values
from zerosum.tables.fields import Field


@dataclass(frozen=True)
class ConstraintCost:
    """Distances between columns of made rows and of reals, 0 to 1: complements of their shapes.

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
        shapes = column_shapes(_rows(real, names), _rows(made, names), [fields[n] for n in names])
        return dict(zip(names, (1 - shapes).tolist(), strict=True))

    return ConstraintCost(distances(free), distances(bound))


def _rows(columns: Values, names: Iterable[str]) -> np.ndarray:
    return np.stack([columns[name].numpy() for name in names], axis=1)
