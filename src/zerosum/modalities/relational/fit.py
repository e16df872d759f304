"""What is learned of a database before any network: fields, parents, groups, codes, flat units."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from zerosum.errors import DataError
from zerosum.faces import several
from zerosum.modalities.relational.across import (
    Across,
    fitted_across,
    require_kept,
    sorted_out,
)
from zerosum.modalities.relational.columns import (
    columns_of,
    counts_of,
    kept_table,
    matches_of,
    references_of,
    tells_rows,
    times_of,
    unit_rows,
)
from zerosum.modalities.relational.copied import Copied, find_copied
from zerosum.modalities.relational.flat import flat_fields, flatten, tables_below
from zerosum.modalities.relational.layout import (
    Placed,
    TableRows,
    main_table,
    parents_of,
    place,
)
from zerosum.modalities.relational.matching import grouped
from zerosum.modalities.relational.schema import DatabaseSchema
from zerosum.modalities.relational.sides import GROUP, Side
from zerosum.modalities.relational.space import RelationalSpace
from zerosum.modalities.relational.trees import first_rows
from zerosum.modalities.tables.constraints.base import Constraint
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.reading.dataset import LEAST, fit_space
from zerosum.modalities.tables.space import TableSpace

_Above = TypeVar("_Above", Across, Copied)


@dataclass(frozen=True)
class Fitted:
    """A database in units.

    Attributes:
        space: what a unit is.
        placed: where rows stand, by table.
        values: of the columns of each table's network, unit by unit, float64 `[N, D]`.
        flat: values of flat units, float64 `[U, D]`.
    """

    space: RelationalSpace
    placed: Mapping[str, Placed]
    values: Mapping[str, Tensor]
    flat: Tensor


def fit_database(
    schema: DatabaseSchema,
    fields: Mapping[str, Sequence[Field]],
    rows: Mapping[str, TableRows],
    *,
    least: int = LEAST,
    constraints: Sequence[Constraint] = (),
) -> Fitted:
    """Fit codes, groups and flat units to rows.

    Args:
        schema: how tables refer to each other.
        fields: every column of each table.
        rows: of each table; values of the modelled fields.
        least: rows that must share a value before it is learned as one of its own.
        constraints: what holds in rows, with names such as `orders.shipped`.

    Raises:
        DataError: every table is to be kept as it is.
        ConstraintError: a constraint cannot hold, or rows break one.
    """
    parents = parents_of(schema, rows)
    if not parents:
        raise DataError("all tables are to be kept as they are, so there is nothing to learn.")
    within, across = sorted_out(constraints, schema, parents, fields)
    main = main_table(schema, parents, {name: len(one) for name, one in rows.items()})
    placed = place(schema, parents, main, rows, times_of(fields, rows))
    plain = {name: _plain_space(fields[name], rows[name].values, least=least) for name in parents}
    matches = {name: matches_of(schema, schema[name], parents[name]) for name in parents}
    codes: dict[str, dict[str, np.ndarray]] = {name: {} for name in parents}
    groups: dict[str, dict[str, np.ndarray]] = {name: {} for name in parents}
    for name, own in matches.items():
        for one in own:
            reference = schema[name].refers[one.reference]
            link = rows[name].links[one.reference]
            if one.grouped:
                found = grouped(
                    _embedded(plain[reference.to], rows[reference.to].values),
                    _embedded(plain[name], rows[name].values), link,
                )  # fmt: skip
                groups[reference.to][GROUP + f"{name}.{one.reference}"] = found
                codes[name][one.column] = np.where(link >= 0, found[np.maximum(link, 0)], np.nan)
            else:
                codes[name][one.column] = np.where(link >= 0, link, np.nan)
    sides, values = [], {}
    for name in schema.order:
        if name not in parents:
            continue
        counts = counts_of(schema, parents, rows, name)
        copied = tuple(find_copied(name, schema, parents, fields, rows))
        columns, own = columns_of(
            schema, name, fields[name], rows, matches[name], codes[name], counts, groups, copied
        )
        order = torch.from_numpy(placed[name].order)
        values[name] = columns[order]
        number = parents[name]
        learned = fit_space(own, values[name], constraints=within.get(name, ()), least=least)
        require_kept(learned, name)
        sides.append(
            Side(
                name=name, fields=tuple(fields[name]), parent=number, matches=matches[name],
                rows=learned,
                across=_placed(
                    sides,
                    fitted_across(across.get(name, ()), name, schema, parents, fields, rows),
                ),
                copied=_placed(sides, copied),
                loose=0 if number is None else int((rows[name].links[number] < 0).sum()),
                apart=tells_rows(schema[name], fields[name]),
            )
        )  # fmt: skip
    kept = tuple(
        kept_table(table.name, fields[table.name], rows[table.name])
        for table in schema.tables if table.kept
    )  # fmt: skip
    mine = next(side for side in sides if side.name == main)
    up = {s.name: schema[s.name].refers[s.parent].to for s in sides if s.parent is not None}
    below = tables_below(mine, sides, up)
    flat = flatten(mine, below, unit_rows(values, placed))
    space = fit_space(flat_fields(mine, below)[0], flat, least=least)
    whole = RelationalSpace(
        fields=space.fields, calendars=space.calendars, codecs=space.codecs,
        num_rows=space.num_rows, database=schema, main=main, sides=tuple(sides), kept=kept,
    )  # fmt: skip
    return Fitted(whole, placed, values, flat)


def _placed(sides: Sequence[Side], found: Iterable[_Above]) -> tuple[_Above, ...]:
    """With the places of columns among the values of rows above."""
    rows = {side.name: side.rows for side in sides}
    return tuple(
        one.model_copy(update={"place_above": rows[one.above].names.index(one.column_above)})
        for one in found
    )


def apply_database(space: RelationalSpace, rows: Mapping[str, TableRows]) -> Fitted:
    """Other rows of a database that is known, in units: of each the rows that enter."""
    schema = space.database
    parents: dict[str, int | None] = {side.name: side.parent for side in space.sides}
    fields = {side.name: side.fields for side in space.sides}
    times = times_of(fields, rows)
    if any(side.most is not None for side in space.sides):
        rows = first_rows(
            schema, parents, space.main, rows, times, lambda name, _counts: space[name].most
        )
        times = times_of(fields, rows)
    placed = place(schema, parents, space.main, rows, times)
    values = {}
    for side in space.sides:
        name, codes = side.name, references_of(side.matches, rows[side.name])
        counts = counts_of(schema, parents, rows, name)
        unknown = {
            field.name: np.zeros(len(rows[name]))
            for field in side.rows.modelled if field.name.startswith(GROUP)
        }  # fmt: skip
        columns, _ = columns_of(
            schema,
            name,
            side.fields,
            rows,
            side.matches,
            codes,
            counts,
            {name: unknown},
            side.copied,
        )
        values[name] = columns[torch.from_numpy(placed[name].order)]
    flat = flatten(space[space.main], space.below, unit_rows(values, placed))
    return Fitted(space, placed, values, flat)


def require_learnable(name: str, fields: Sequence[Field]) -> None:
    """No column of a table is free text.

    Raises:
        DataError: one is; it says what to do.
    """
    texts = [field.name for field in fields if field.kind == "text"]
    if texts:
        column = f"{name}.{texts[0]}"
        drop = several("drop", [column])
        raise DataError(
            f"{', '.join(f'{name}.{one}' for one in texts)}: free text, of which nothing is "
            f"learned. Drop it ({drop}), or give it a kind in the schema."
        )


def _plain_space(fields: Sequence[Field], values: Tensor, *, least: int) -> TableSpace | None:
    """The space of a table by itself; None where it has nothing to learn."""
    if not any(field.modelled for field in fields):
        return None
    return fit_space(fields, values, least=least)


def _embedded(space: TableSpace | None, values: Tensor) -> np.ndarray:
    if space is None:
        return np.zeros((len(values), 0))
    return space.embed(space.to_model(values)).double().numpy()
