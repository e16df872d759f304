"""Conditions on columns of tables: `customers.country=NL`."""

from collections.abc import Mapping
from typing import Any

from zerosum.conditions import require_apart
from zerosum.errors import ConditionError, did_you_mean
from zerosum.games.controls import ChoiceControl, RangeControl
from zerosum.modalities.relational.making import Asked
from zerosum.modalities.relational.sides import Side
from zerosum.modalities.relational.space import RelationalSpace
from zerosum.modalities.tables.sampling.conditioning import parts_of
from zerosum.modalities.tables.sampling.conditions import Conditions, parse_where
from zerosum.modalities.tables.sampling.controls import controls_of
from zerosum.models.steering import Where


def controls_in(space: RelationalSpace) -> dict[str, ChoiceControl | RangeControl]:
    """What can be asked of each column, by table and column: `orders.status`."""
    found: dict[str, ChoiceControl | RangeControl] = {}
    for side in space.sides:
        hidden = {one.column for one in side.matches}
        shown = [field.name for field in side.shown if field.name not in hidden]
        every = controls_of(side.rows)
        found |= {f"{side.name}.{name}": every[name] for name in shown}
    return found


def by_table(space: RelationalSpace, where: Where) -> dict[str, dict[str, Any]]:
    """Conditions on columns, by table.

    Raises:
        ConditionError: there is no such table or column, or nothing can be asked of it.
    """
    known = controls_in(space)
    found: dict[str, dict[str, Any]] = {}
    for name, wanted in where.items():
        if name not in known:
            raise ConditionError(_unknown(space, name, known))
        table = max(
            (side.name for side in space.sides if name.startswith(f"{side.name}.")), key=len
        )
        found.setdefault(table, {})[name.removeprefix(f"{table}.")] = wanted
    return found


def asked_below(
    space: RelationalSpace, wanted: Mapping[str, Mapping[str, Any]]
) -> tuple[Asked, dict[str, Conditions]]:
    """What is asked of rows below others: what is allowed of their codes, and of their values.

    Of columns that repeat what rows above say nothing is asked of codes.

    Raises:
        ConditionError: no row of the training data obeys one.
    """
    allowed: dict[str, Conditions] = {
        name: parse_where(conditions, space[name].rows)
        for name, conditions in wanted.items() if not is_top(space, space[name])
    }  # fmt: skip
    asked = {}
    for name, conditions in allowed.items():
        repeated = {one.column for one in space[name].copied}
        parts_of(space[name].rows, conditions)  # refuses what no row has
        own = {column: one for column, one in conditions.items() if column not in repeated}
        asked[name] = parts_of(space[name].rows, own)
    return asked, allowed


def is_top(space: RelationalSpace, side: Side) -> bool:
    """Whether rows of a table hang below no others, so that they are made by themselves."""
    return side.name not in space.parents


def _unknown(space: RelationalSpace, name: str, known: Mapping[str, Any]) -> str:
    table, _, column = name.partition(".")
    kept = {one.name for one in space.kept}
    if table in kept:
        return (
            f"{name} is of a table that is kept as it is, so nothing can be asked of it. Ask "
            "something of a table that refers to it."
        )
    tables = [side.name for side in space.sides]
    if table in tables and any(field.name == column for field in space[table].fields):
        return (
            f"{name} is a key, a reference or a constant, of which nothing can be asked. Ask "
            f"something of the row it stands for.{did_you_mean(name, known)}"
        )
    if not column:
        owners = [one for one in known if one.partition(".")[2] == name]
        hint = f" Did you mean {owners[0]!r}?" if owners else ""
        return f"{name!r} names no table. Write table.column=value.{hint}"
    return f"nothing can be asked of {name!r}.{did_you_mean(name, known)}"


def require_none_in_turn(in_turn: Where | None, weight: Any, where: Where | None) -> None:
    """Databases have conditions, but neither values in turn nor weights.

    Raises:
        ConditionError: there are some.
    """
    require_apart(where or {}, in_turn or {})
    if in_turn or weight:
        raise ConditionError(
            "databases take neither values in turn nor weights. Use where, or make a database for "
            "each value."
        )
