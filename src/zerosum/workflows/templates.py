"""Templates of texts, mined from examples, and rows filled into them."""

from typing import Any, Literal

import pyarrow as pa

from zerosum.modalities.strings.reading.columns import as_material, require_purpose, text_column
from zerosum.modalities.strings.reading.readers import texts_of_table
from zerosum.modalities.strings.reading.simulated import SimulatedTexts
from zerosum.modalities.strings.templates.found import Templates
from zerosum.modalities.strings.templates.mining import mine_templates
from zerosum.modalities.tables.reading.places import source_of
from zerosum.workflows.data import all_readers


def templates(
    data: Any,
    *,
    text: str | None = None,
    protect: int = 5,
    purpose: Literal["training"] | None = None,
) -> Templates:
    """The templates that texts of a table follow, with a slot wherever a text repeats its row.

    Which words of a text are cells of its row, such as names, numbers and dates in their usual
    forms, is found; what is left is cut into sentences. `fill` of what is returned makes texts of
    other rows, such as those that a `table` model made.

    >>> import zerosum as zs  # doctest: +SKIP
    >>> found = zs.templates("notes.csv", text="note")  # doctest: +SKIP
    >>> found.fill("rows.csv", seed=7)  # doctest: +SKIP

    Args:
        data: rows with a text each: a frame, the path of a file, or the name of simulated texts.
        text: the column of texts; if not given, the only one that looks like it.
        protect: rows that must share a sentence, slots aside; what fewer say is left to them.
        purpose: `training` where texts imitate fraud: those that are filled are marked, and no link
            in them can be followed.

    Raises:
        DataError: the data cannot be read, or no sentences are shared, or the texts imitate fraud
            and no purpose is given.
    """
    reader = all_readers().get(data) if isinstance(data, str) else None
    if reader is not None and issubclass(reader, SimulatedTexts):
        source, text, purpose = reader().source(), text or reader.text, reader.purpose
    else:
        source, _ = source_of(data)
    source.check([*source.types])
    whole = pa.Table.from_batches([*source.batches()]).unify_dictionaries()
    column = text_column(whole, source.name, [], asked=text)
    texts, whole = texts_of_table(whole, column, source.name, [])
    if purpose is None:
        require_purpose(whole, column)
    else:
        texts, whole = as_material(texts, whole, column)
    index = whole.column_names.index(column)
    whole = whole.set_column(index, column, pa.array(texts, pa.string()))
    return mine_templates(whole, text=column, protect=protect, training=purpose is not None)
