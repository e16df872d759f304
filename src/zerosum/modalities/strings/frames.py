"""Texts and their columns as tables, in the columns and types of the training data."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from zerosum.modalities.strings.purpose import marked_as_training
from zerosum.modalities.strings.space import FIRST_SLOT, TextSpace
from zerosum.modalities.tables.reading.frames import to_table

if TYPE_CHECKING:
    import pyarrow as pa

_NO_FRACTION = re.compile(r"\.0+(?=$|Z)")
"""Parts of a second that a moment has not."""


def to_texts(space: TextSpace, compact: Tensor, start: int = 0) -> "pa.Table":
    """A row for each compact text `[N, W]`; keys are counted from `start`.

    Raises:
        DataError: a value does not fit the type of its column.
    """
    import pyarrow as pa

    attributes, _ = space.parts(compact)
    table = to_table(attributes, space.attributes, start)
    texts = given_out(space, filled(space, space.templates(compact), table))
    columns = {f.name: (f, c) for f, c in zip(table.schema, table.columns, strict=True)}
    columns[space.text] = pa.field(space.text, pa.string()), pa.chunked_array([pa.array(texts)])
    kept = [columns[name] for name in space.order]
    return pa.Table.from_arrays(
        [array for _, array in kept], schema=pa.schema([field for field, _ in kept])
    )


def text_tables(space: TextSpace, pieces: Iterable[Tensor]) -> "Iterator[pa.Table]":
    """Compact texts `[n, W]` each as tables; keys are counted across pieces."""
    done = 0
    for piece in pieces:
        yield to_texts(space, piece, done)
        done += len(piece)


def texts_of(space: TextSpace, compact: Tensor) -> list[str]:
    """The texts of compact ones `[N, W]` alone, with slots filled, as the model said them."""
    templates = space.templates(compact)
    if not space.slots:
        return templates
    return filled(space, templates, to_table(space.parts(compact)[0], space.attributes))


def given_out(space: TextSpace, texts: Sequence[str]) -> list[str]:
    """Texts as they leave: marked and without working links, where that is their purpose."""
    return [*texts] if space.purpose is None else [marked_as_training(one) for one in texts]


def filled(space: TextSpace, templates: Sequence[str], table: "pa.Table") -> list[str]:
    """Texts with the cells of their rows in place of slots."""
    made = list(templates)
    for i, name in enumerate(space.slots):
        mark = chr(FIRST_SLOT + i)
        cells = cells_of(table[name])
        made = [
            text.replace(mark, cell or "") if mark in text else text
            for text, cell in zip(made, cells, strict=True)
        ]
    return made


def cells_of(column: "pa.ChunkedArray | pa.Array") -> list[str | None]:
    """Cells as they are written: numbers and moments as text; None where one is missing."""
    import pyarrow as pa

    if isinstance(column.type, pa.DictionaryType):
        column = column.cast(column.type.value_type)
    cells = column.cast(pa.string()).to_pylist()
    if pa.types.is_timestamp(column.type):
        return [None if one is None else _NO_FRACTION.sub("", one) for one in cells]
    return cells
