"""Every kind of constraint, so that JSON may name them, and lists of constraints from files."""

import json
from pathlib import Path
from typing import Any

from zerosum.config import family_of
from zerosum.errors import ConstraintError, did_you_mean
from zerosum.modalities.tables.constraints.base import Constraint
from zerosum.modalities.tables.constraints.bounds import Positive, Range, Rounded
from zerosum.modalities.tables.constraints.groups import FixedCombinations, OneHot, Unique
from zerosum.modalities.tables.constraints.inequality import Inequality
from zerosum.modalities.tables.constraints.sums import Formula, Sum

__all__ = [
    "FixedCombinations", "Formula", "Inequality", "OneHot", "Positive", "Range", "Rounded", "Sum",
    "Unique", "read_constraints",
]  # fmt: skip


def read_constraints(given: Any) -> tuple[Constraint, ...]:
    """Constraints as a user gives them: objects, what JSON holds of them, or a JSON file of that.

    Raises:
        ConstraintError: the file cannot be read, or something in it is no constraint.
        ConfigError: a constraint has an unknown key, or a value that is not allowed.
    """
    if given is None:
        return ()
    if isinstance(given, str | Path):
        try:
            given = json.loads(Path(given).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ConstraintError(
                f"constraints cannot be read from {str(given)!r}: {error}. Give a JSON file with a "
                'list: [{"kind": "inequality", "low": "start", "high": "end"}].'
            ) from None
    if isinstance(given, dict | Constraint):
        given = [given]
    if not isinstance(given, list | tuple):
        raise ConstraintError(
            f"constraints are {given!r:.80}. Give a list of them, in Python or in a JSON file."
        )
    kinds = family_of(Constraint)
    for one in given:
        kind = one.get("kind") if isinstance(one, dict) else None
        if not isinstance(one, Constraint) and kind not in kinds:
            raise ConstraintError(
                f"{one!r:.80} is no constraint.{did_you_mean(str(kind or ''), kinds)} Write one "
                'with its kind: {"kind": "range", "column": "age", "low": 0}.'
            )
    return tuple(Constraint.from_json(one) for one in given)
