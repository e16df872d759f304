"""Sequences as long tables, in the columns and types of the training data."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from zerosum.modalities.sequences.space import SequenceSpace
from zerosum.modalities.tables.reading.frames import described, to_table
from zerosum.modalities.tables.unmodelled_fields import KeyField

if TYPE_CHECKING:
    import pyarrow as pa


def to_long(
    space: SequenceSpace, compact: Tensor, *, entities: int = 0, rows: int = 0,
    keys: "pa.Array | None" = None,
) -> "pa.Table":  # fmt: skip
    """A row for each row of compact sequences `[N, W]`.

    Args:
        space: what a sequence is.
        compact: the sequences.
        entities: number of the first entity, by which keys are made.
        rows: number of the first row, by which keys of rows are made.
        keys: what entities are called; if not given, new keys.

    Raises:
        DataError: a value does not fit the type of its column, or there are no more keys.
    """
    import pyarrow as pa

    attributes, values = space.parts(compact)
    lengths = space.lengths(attributes)
    valid = space.valid(lengths)
    owner = pa.array(np.repeat(np.arange(len(compact)), lengths.numpy()))
    flat = values[valid]
    columns: dict[str, tuple[pa.Field, pa.Array | pa.ChunkedArray]] = {}
    names = keys
    if names is None:
        assert isinstance(space.entity, KeyField)
        names = space.entity.make(len(compact), entities)
    columns[space.entity.name] = described(space.entity, names), names.take(owner)
    if space.axis is not None:
        made = space.axis.field.to_arrow(flat[:, 0].numpy())
        columns[space.axis.field.name] = described(space.axis.field, made), made
        flat = flat[:, 1:]
    known = to_table(attributes, space.attributes, entities)
    for field, column in zip(known.schema, known.columns, strict=True):
        columns[field.name] = field, column.take(owner)
    blank = flat.new_zeros(len(flat), space.num_stood)
    own = to_table(torch.cat([blank, flat], dim=1), space.rows, rows)
    columns |= {f.name: (f, c) for f, c in zip(own.schema, own.columns, strict=True)}
    kept = [columns[name] for name in space.order]
    return pa.Table.from_arrays(
        [array for _, array in kept], schema=pa.schema([field for field, _ in kept])
    )


def long_tables(space: SequenceSpace, pieces: Iterable[Tensor]) -> "Iterator[pa.Table]":
    """Compact sequences `[n, W]` each as long tables; keys are counted across pieces."""
    entities = rows = 0
    for piece in pieces:
        table = to_long(space, piece, entities=entities, rows=rows)
        yield table
        entities, rows = entities + len(piece), rows + table.num_rows
