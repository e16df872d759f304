"""Rows of which some cells are given: the others are made to fit them."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from zerosum.data.base import Progress
from zerosum.errors import ConditionError, did_you_mean
from zerosum.games.likelihood import LikelihoodGame
from zerosum.modalities.tables.arrow import as_type, is_text, plain
from zerosum.modalities.tables.calendars import date_parts, days_and_rest
from zerosum.modalities.tables.codecs import CategoryCodec
from zerosum.modalities.tables.constraints.base import Values, forward_all, obeying, settle
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.game import RowGame
from zerosum.modalities.tables.reading.files import open_file
from zerosum.modalities.tables.reading.frames import from_native, to_table
from zerosum.modalities.tables.reading.places import source_of
from zerosum.modalities.tables.sampling.boxes import ends_of
from zerosum.modalities.tables.sampling.conditioning import (
    CodeShares,
    Question,
    ask,
    readings_of,
)
from zerosum.modalities.tables.sampling.conditions import Allowed, step_of
from zerosum.modalities.tables.sampling.following import followers_of
from zerosum.modalities.tables.sampling.smc import BLOCK, complete
from zerosum.modalities.tables.space import TableSpace
from zerosum.modalities.tables.sql import table_name
from zerosum.rng import Noise, derive_seed

if TYPE_CHECKING:
    from zerosum.modalities.tables.model import TableModel

_TRIES = 20
"""How often rows that break a constraint are made again."""


@dataclass(frozen=True)
class Partial:
    """Rows with cells that are given.

    Attributes:
        table: the rows as they came.
        library: whose frame they came in; None for a file.
        values: of the modelled fields, float64 `[N, D]`; NaN for what is to be made, and for what
            the model does not know.
        unknown: given cells that the model does not know, bool `[N, D]`.
    """

    table: pa.Table
    library: str | None
    values: Tensor
    unknown: Tensor


def read_partial(data: Any, space: TableSpace) -> Partial:
    """Rows from a frame, a file, or a table of a database.

    Raises:
        ConditionError: the model lacks a column, or there are no rows.
        DataError: it cannot be read, or a column holds what its field cannot.
    """
    library = None
    if isinstance(data, str | Path):
        named = table_name(data) is not None
        source = (
            source_of(data, texts=space.names)[0] if named
            else open_file(Path(data), texts=space.names)
        )  # fmt: skip
        table = pa.Table.from_batches(source.batches())
    else:
        table, library, _ = from_native(data)
    names = [field.name for field in space.fields]
    for name in table.column_names:
        if name not in names:
            raise ConditionError(
                f"the rows to complete have a column {name!r}, which the model does not make."
                f"{did_you_mean(name, names)} Leave it out."
            )
    if not table.num_rows:
        raise ConditionError("there are no rows to complete. Give one or more.")
    values = torch.full((table.num_rows, len(space.names)), torch.nan, dtype=torch.float64)
    unknown = torch.zeros(values.shape, dtype=torch.bool)
    codecs = {codec.name: codec for codec in space.codecs}
    for i, field in enumerate(space.modelled):
        if field.name not in table.column_names:
            continue
        column = torch.from_numpy(np.array(field.to_values(table[field.name]), float))
        if field.categories:
            codec = codecs.get(field.name)
            known = len(field.categories) - 1
            unknown[:, i] = column > known
            if isinstance(codec, CategoryCodec) and codec.rare is None:
                seen = torch.tensor(codec.values, dtype=torch.float64)
                unknown[:, i] = ~column.isnan() & ~torch.isin(column, seen)
        values[:, i] = torch.where(unknown[:, i], torch.nan, column)
    strange = [name for name, some in zip(space.names, unknown.any(0), strict=True) if some]
    if strange:
        warnings.warn(
            f"the rows to complete have values in {', '.join(strange)} that the model has never "
            "seen. They are kept, and have no effect on the other cells.",
            stacklevel=3,
        )
    return Partial(table, library, values, unknown)


def completed_values(
    model: "TableModel", partial: Partial, *, seed: int, particles: int, best: bool = False,
    progress: Progress | None = None,
) -> Tensor:  # fmt: skip
    """Values of complete rows, float64 `[N, D]`; cells that the model does not know are made up.

    With `best` each row is the likeliest of its particles.

    Raises:
        ConditionError: the model does not make rows column by column, or rows cannot be completed
            so that every constraint holds.
    """
    space, game = model.table, model.game
    if not isinstance(game, RowGame):
        raise ConditionError(
            "this model makes whole rows at once, so it cannot complete given ones. Train the "
            "recipe table for that."
        )
    if best and not isinstance(game, LikelihoodGame):
        raise ConditionError(
            "this model does not say how likely a row is, so it knows no best one. Leave out best."
        )
    given = _given(partial, space)
    question = ask(
        space, game.order, model.pool, _parts(partial, space), given, _masks(partial, space),
        followers_of(space, space.columns(partial.values)),
    )  # fmt: skip
    hard = _hard(question, game.order)
    made = torch.empty_like(partial.values)
    left = torch.arange(len(made))
    for attempt in range(_TRIES):
        salt = derive_seed(seed, "complete", attempt)
        easy = particles if best else 1
        for rows, count in ((left[~hard[left]], easy), (left[hard[left]], particles)):
            size = max(1, BLOCK * 2 // count) if count > 1 else BLOCK
            for i, block in enumerate(rows.split(size) if len(rows) else ()):
                noise = Noise(derive_seed(salt, count, i))
                x = complete(game, question.some(block), count, noise, best=best)
                made[block] = space.to_data(x)
                if progress is not None:
                    progress("completing rows", min((i + 1) * size, len(rows)), len(rows))
        made = torch.where(partial.values.isnan(), made, partial.values)
        if not space.constraints:
            return made
        settled = space.compact(settle(space.constraints, space.columns(made)))
        made = torch.where(partial.values.isnan(), settled, partial.values)
        filled = torch.where(partial.unknown, torch.nan, made)
        left = (~obeying(space.constraints, space.columns(filled))).nonzero()[:, 0]
        if not len(left):
            return made
    raise ConditionError(
        f"{len(left):,} rows cannot be completed so that every constraint holds: rows "
        f"{', '.join(str(int(row)) for row in left[:5])}{', …' if len(left) > 5 else ''} (counted "
        "from 0). Look whether their given cells contradict each other. Where a constraint "
        "computes a column from others, give those, and leave it empty."
    )


def _held_as(column: pa.ChunkedArray, field: Field, kind: pa.DataType) -> pa.ChunkedArray:
    """Given cells in the type of the table, read as the field reads text."""
    if not is_text(column.type) or is_text(kind):
        return column.cast(kind, safe=False)
    days = pa.types.is_integer(kind) and field.kind in ("date", "datetime")
    read = as_type(plain(column), kind) if days else field.read(column, kind)
    return pa.chunked_array([read])


def completed_table(partial: Partial, values: Tensor, space: TableSpace) -> pa.Table:
    """The user's table with completed values `[N, D]`; given cells are unchanged."""
    table = to_table(values, space)
    unknown = dict(zip(space.names, partial.unknown.any(0).tolist(), strict=True))
    for i, field in enumerate(space.fields):
        if field.name not in partial.table.column_names:
            continue
        if field.categories and not unknown[field.name]:
            continue  # a category is its value, and that is already there
        kind = pa.string() if field.categories else table.column(i).type
        given = _held_as(partial.table[field.name], field, kind)
        told = pc.call_function("coalesce", [given, table.column(i).cast(kind)])
        table = table.set_column(i, table.schema.field(i).with_type(kind), told)
    return table


def _given(partial: Partial, space: TableSpace) -> Tensor:
    """Code + place of what is given, float32 `[N, C]`, NaN elsewhere."""
    columns, exact = space.columns(partial.values), _coded_as_is(space)
    given = torch.full((len(partial.values), len(space.codecs)), torch.nan)
    built = [one for one in space.constraints if one.constructed]
    needed = [columns[name] for one in built for name in one.columns]
    whole = ~torch.stack(needed).isnan().any(0) if needed else torch.ones(0, dtype=torch.bool)
    coded = {}
    if bool(whole.any()):
        coded = forward_all(space.constraints, {n: c[whole] for n, c in columns.items()})
    columns = columns | _parts_given(columns, space)
    exact = exact | {name for one in space.calendars for name in one.made}
    for i, codec in enumerate(space.codecs):
        if codec.name in exact:
            column = columns[codec.name]
            given[:, i] = torch.where(column.isnan(), torch.nan, codec.encode(column))
        elif coded:
            column = coded[codec.name]
            given[whole, i] = torch.where(column.isnan(), torch.nan, codec.encode(column))
    return given


def _parts_given(columns: Values, space: TableSpace) -> Values:
    """Parts of the moments that are given; NaN where one is not, or what it follows is not."""
    parts: Values = {}
    for one in space.calendars:
        here = ~torch.stack([columns[name] for name in one.needs]).isnan().any(0)
        made = one.forward({name: columns[name][here] for name in one.needs})
        for name, column in made.items():
            parts[name] = torch.full((len(here),), torch.nan, dtype=torch.float64)
            parts[name][here] = column
    return parts


def _masks(partial: Partial, space: TableSpace) -> dict[int, Tensor]:
    """Codes that agree with what is given elsewhere, bool `[N, size]`.

    Of columns of combinations, and of moments that a given one follows.
    """
    columns, masks = space.columns(partial.values), {}
    for name, (index, read) in readings_of(space).items():
        if read is None or bool(columns[name].isnan().all()):
            continue
        given = columns[name][:, None]
        agrees = given.isnan() | (given == read)
        masks[index] = masks.get(index, True) & agrees
    index = {codec.name: i for i, codec in enumerate(space.codecs)}
    for one in space.calendars:
        if one.since is None:
            continue
        theirs = next((c for c in space.calendars if c.name == one.since.name), None)
        at = index[theirs.made[0] if theirs else one.since.name]
        own, how = columns[one.name].numpy(), theirs.date if theirs else "day"
        if how == "since":
            continue
        ends = ends_of(space.codecs[at])
        gaps = ends_of(space.codecs[index[one.made[0]]])
        gaps = gaps[~gaps.isnan()]
        days = days_and_rest(one.of, own)[0]
        low, high = (
            torch.from_numpy(date_parts(days - float(gap), how)[0])[:, None]
            for gap in (gaps.max(), gaps.min())
        )
        agrees = low.isnan() | ((ends[1] >= low) & (ends[0] <= high))
        masks[at] = masks.get(at, True) & agrees
    # where nothing agrees, nothing follows: such rows break the constraint, and are named
    return {index: mask | ~mask.any(1, keepdim=True) for index, mask in masks.items()}


def _coded_as_is(space: TableSpace) -> set[str]:
    return {name for name, (_, read) in readings_of(space).items() if read is None}


def _parts(partial: Partial, space: TableSpace) -> dict[int, CodeShares]:
    """For columns with empty cells: that these come to hold something."""
    parts = {}
    fields = {field.name: field for field in space.modelled}
    exact = _coded_as_is(space)
    first = {one.made[0]: one.name for one in space.calendars}
    for i, codec in enumerate(space.codecs):
        name = first.get(codec.name, codec.name)
        if codec.missing is None or name not in exact | set(first.values()):
            continue
        if name in partial.table.column_names:
            known = Allowed(((-torch.inf, torch.inf),), False, step_of(fields[name]))
            part = CodeShares.of(codec, known)
            if part.num_rows:
                parts[i] = part
    return parts


def _hard(question: Question, order: tuple[int, ...]) -> Tensor:
    """Which rows are asked something after a cell that is made, bool `[N]`."""
    assert question.given is not None
    given = ~question.given[:, list(order)].isnan()
    special = {*question.parts, *question.masks, *question.followers}
    filled = [column in special for column in order]
    asked = given | torch.tensor(filled)
    made_before = (~given).long().cumsum(1) - (~given).long()
    return (asked & (made_before > 0)).any(1)
