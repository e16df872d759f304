"""Several constraints on one table: fitted, checked against each other and the rows, ordered.

Constraints that change columns come first, those before others that change what they read. Each is
constructed if all its columns are still as the table has them; else rows are moved for it. So what
is constructed holds in every row whatever the codes, and the rest is settled after.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import torch

from zerosum.errors import ConstraintError
from zerosum.modalities.tables.constraints.base import (
    Constraint,
    Values,
    fields_of,
    obeying,
    settle,
)
from zerosum.modalities.tables.constraints.bounds import Rounded
from zerosum.modalities.tables.constraints.groups import FixedCombinations
from zerosum.modalities.tables.constraints.inequality import Inequality
from zerosum.modalities.tables.constraints.sums import Determined
from zerosum.modalities.tables.fields import Field

_SHOWN = 5
"""Rows that a message shows."""


def fit_constraints(
    constraints: Sequence[Constraint], columns: Values, fields: Mapping[str, Field]
) -> tuple[Constraint, ...]:
    """Constraints for training rows, in the order in which they are constructed.

    Args:
        constraints: as a user gave them.
        columns: the modelled columns of the training rows.
        fields: every field of the table.

    Raises:
        ConstraintError: one does not fit the table, two contradict each other, or rows break one.
    """
    fitted = _fitted(constraints, columns, fields)
    check_constraints(fitted, columns, fields)
    return _ordered(fitted, columns)


def check_constraints(
    constraints: Sequence[Constraint], columns: Values, fields: Mapping[str, Field]
) -> None:
    """Refuse rows that break a fitted constraint, and show some.

    Raises:
        ConstraintError: with up to five rows, counted from 0.
    """
    for one in constraints:
        broken = (~one.holds(columns)).nonzero()[:, 0].tolist()
        if not broken:
            continue
        total = len(next(iter(columns.values())))
        named = [name for name in one.columns if name in columns]
        rows = [_shown(row, named, columns, fields) for row in broken[:_SHOWN]]
        more = f", and {len(broken) - _SHOWN:,} more" if len(broken) > _SHOWN else ""
        count = (
            "no row obeys" if len(broken) == total else f"{len(broken):,} of {total:,} rows do not"
        )
        raise ConstraintError(
            f"{one.statement}: {count}: {', '.join(rows)}{more} (rows are counted from 0). Mend "
            "these rows, leave them out, or leave the constraint out."
        )


def later_constraints(
    constraints: Sequence[Constraint],
    columns: Values,
    fields: Mapping[str, Field],
    *,
    trained: Sequence[Constraint] = (),
) -> tuple[Constraint, ...]:
    """Constraints for a model that was trained without them: rows are moved and drawn again.

    Args:
        constraints: as a user gave them.
        columns: the modelled columns of the model's own rows, which may break them.
        fields: every field of the table.
        trained: what the model was trained with.

    Returns:
        Those that the model was trained with, and the new ones, none of which is constructed.

    Raises:
        ConstraintError: one does not fit the table, contradicts another, or needs training rows; or
            no row can be moved so that all hold.
    """
    for one in constraints:
        if isinstance(one, FixedCombinations) and not one.allowed:
            raise ConstraintError(
                f"{one.statement}: after training these are not at hand. Give the combinations: "
                "FixedCombinations(names, allowed=[...]), or train with the constraint."
            )
    _refuse_conflicts([*trained, *constraints])
    new = [one.having(constructed=False) for one in _fitted(constraints, columns, fields)]
    every = (*trained, *new)
    if not obeying(every, settle(every, columns)).any():
        raise ConstraintError(
            f"{'; '.join(one.statement for one in new)}: not one of {_size(columns):,} rows of the "
            "model obeys or can be moved so that it does. Loosen a constraint, or train with them."
        )
    return every


def _fitted(
    constraints: Sequence[Constraint], columns: Values, fields: Mapping[str, Field]
) -> list[Constraint]:
    """Each fitted by itself; columns that are rounded are seen so by all."""
    _refuse_conflicts(constraints)
    seen = dict(fields)
    for one in constraints:
        if isinstance(one, Rounded):
            (field,) = fields_of(one, fields)
            if not field.categories:
                seen[field.name] = one.seen(seen[field.name])
    return [one.fit(columns, fields if isinstance(one, Rounded) else seen) for one in constraints]


def _ordered(fitted: Sequence[Constraint], columns: Values) -> tuple[Constraint, ...]:
    """Those that change columns before those that do not, and readers before changers."""
    waiting = [one for one in fitted if one.constructed and one.changes]
    coded, done = set(columns), []
    while waiting:
        one = next((one for one in waiting if not _read_by(one, waiting)), waiting[0])
        waiting.remove(one)
        made = {field.name for field in one.makes}
        if set(one.columns) <= coded and not made & coded:
            coded = coded - set(one.changes) | made
            done.append(one)
        else:
            done.append(one.having(constructed=False))
    for one in fitted:
        if not (one.constructed and one.changes):
            plain = {name for name in one.columns if name in columns} <= coded
            done.append(one.having(constructed=one.constructed and plain))
    return tuple(done)


def _read_by(one: Constraint, others: Sequence[Constraint]) -> bool:
    """Whether another constraint reads, and leaves as it is, what this one changes."""
    return any(
        (set(other.columns) - set(other.changes)) & set(one.changes)
        for other in others
        if other is not one
    )


def _refuse_conflicts(constraints: Sequence[Constraint]) -> None:
    """Refuse what no row could obey, or no model make.

    Raises:
        ConstraintError: a column determined twice, or columns that determine or exceed each other.
    """
    determined: dict[str, Determined] = {}
    larger: dict[str, dict[str, Constraint]] = {}
    needs: dict[str, dict[str, Constraint]] = {}
    for one in constraints:
        if isinstance(one, Determined):
            other = determined.setdefault(one.total, one)
            if other is not one:
                raise ConstraintError(
                    f"{other.statement} and {one.statement} both say what {one.total!r} is. Leave "
                    "one out."
                )
            others = [name for name in one.sources if name != one.total]  # itself: see its fit
            needs.setdefault(one.total, {}).update(dict.fromkeys(others, one))
        if isinstance(one, Inequality):
            for low, high in pairwise(dict.fromkeys(one.columns)):
                larger.setdefault(low, {})[high] = one
    for edges, problem in ((needs, "each needs another first"), (larger, "they go in a circle")):
        circle = dict.fromkeys(one.statement for one in _circle(edges))
        if circle:
            raise ConstraintError(
                f"{'; '.join(circle)}: {problem}. Leave one out, or say that columns are equal "
                "with a formula."
            )


def _circle(edges: Mapping[str, Mapping[str, Constraint]]) -> list[Constraint]:
    """Constraints that lead from a column back to it; none where there is no way."""
    for start in edges:
        ways: dict[str, list[Constraint]] = {start: []}
        front = [start]
        while front:
            column = front.pop()
            for there, one in edges.get(column, {}).items():
                if there == start:
                    return [*ways[column], one]
                if there not in ways:
                    ways[there] = [*ways[column], one]
                    front.append(there)
    return []


def _shown(row: int, names: Sequence[str], columns: Values, fields: Mapping[str, Field]) -> str:
    """`row 3 (start=5, end=2)`, in the user's words."""
    parts = []
    for name in names:
        (value,) = fields[name].to_arrow(columns[name][row : row + 1].numpy()).to_pylist()
        parts.append(f"{name}={'missing' if value is None else value}")
    return f"row {row} ({', '.join(parts)})"


def _size(columns: Values) -> int:
    return len(next(iter(columns.values()), torch.empty(0)))
