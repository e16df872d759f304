"""What it costs that every row obeys: how many rows are moved, and what that does to the table."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
import torch

from zerosum.modalities.tables.constraints.base import Constraint, Values, obeying, settle
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.metrics.column_pairs import columns_of, pair_of
from zerosum.modalities.tables.metrics.shapes import column_shapes


@dataclass(frozen=True)
class Held:
    """One constraint.

    Attributes:
        statement: what holds.
        constructed: whether no row can break it.
        broken: share of rows that broke it as they were made.
        reals: share of reals that break it.
    """

    statement: str
    constructed: bool
    broken: float
    reals: float


@dataclass(frozen=True)
class Fidelity:
    """How alike rows and reals are, 0 to 1: means over all columns, and over all pairs of them."""

    column_shapes: float
    pair_trends: float


@dataclass(frozen=True)
class ConstraintCost:
    """Every constraint, and what they cost together.

    Attributes:
        held: in the order given.
        moved: share of rows that were moved until they obeyed.
        again: share of rows that are drawn again.
        before: of rows as they were made.
        after: of those that obeyed or were moved.
    """

    held: tuple[Held, ...]
    moved: float
    again: float
    before: Fidelity
    after: Fidelity

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> "ConstraintCost":
        """What `to_json` described."""
        return cls(
            held=tuple(Held(**one) for one in data["held"]),
            moved=data["moved"],
            again=data["again"],
            before=Fidelity(**data["before"]),
            after=Fidelity(**data["after"]),
        )


def constraint_cost(
    constraints: Sequence[Constraint], made: Values, reals: Values, fields: Mapping[str, Field]
) -> ConstraintCost:
    """Hold rows to constraints, and compare them with reals before and after.

    What is constructed holds already and costs nothing here; for its price, compare with a model
    that was trained without it.

    Args:
        constraints: fitted; what is to hold.
        made: columns of rows as the model made them.
        reals: columns of real rows, best of those that were held out.
        fields: of the table, by name.
    """
    kept = settle(constraints, made)
    ok = obeying(constraints, kept)
    changed = [kept[name].nan_to_num() != made[name].nan_to_num() for name in made]
    moved = ok & torch.stack(changed).any(dim=0)
    known = [fields[name] for name in made]
    return ConstraintCost(
        held=tuple(
            Held(
                one.statement,
                one.constructed,
                _share(~one.holds(made)),
                _share(~one.holds(reals)),
            )
            for one in constraints
        ),
        moved=_share(moved),
        again=_share(~ok),
        before=_fidelity(reals, made, known),
        after=_fidelity(reals, {name: x[ok] for name, x in kept.items()}, known),
    )


def _share(which: torch.Tensor) -> float:
    return float(which.double().mean())


def _fidelity(reals: Values, made: Values, fields: Sequence[Field]) -> Fidelity:
    real, rows = (np.stack([side[f.name].numpy() for f in fields], 1) for side in (reals, made))
    if not len(rows):
        return Fidelity(float("nan"), float("nan"))
    columns, weights = columns_of(real, rows, fields), np.ones((1, len(rows)))
    trends = np.array([pair_of(a, b, weights).trend[0] for a, b in combinations(columns, 2)])
    return Fidelity(_mean(column_shapes(real, rows, fields)), _mean(trends))


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
