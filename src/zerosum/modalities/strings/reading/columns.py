"""The column of texts of a table, and what is done with texts that imitate fraud."""

from collections.abc import Sequence

import pyarrow as pa

from zerosum.errors import DataError, did_you_mean
from zerosum.faces import Blank, reading
from zerosum.modalities.strings.frames import cells_of
from zerosum.modalities.strings.purpose import defanged, imitates_fraud, unmarked
from zerosum.modalities.tables.arrow import functions, is_text

_PROSE = 12.0
"""Characters of a cell on average from which on a column of text is taken for one of texts."""


def text_column(
    whole: pa.Table, name: str, notes: list[str], *, asked: str | None, drop: Sequence[str] = ()
) -> str:
    """The column of texts: the one that is asked for, or the only one that looks like it.

    Args:
        whole: the table.
        name: how messages call it.
        notes: is added to.
        asked: a column.
        drop: columns that it is not.

    Raises:
        DataError: there is no such column, or none or several look like it.
    """
    if asked is not None:
        if asked not in whole.column_names:
            raise DataError(
                f"{name} has no column {asked!r}.{did_you_mean(asked, whole.column_names)}"
            )
        return asked
    likely = {
        one: _mean_length(whole[one])
        for one in whole.column_names
        if is_text(whole.schema.field(one).type) and one not in drop
    }
    found = [one for one, size in likely.items() if size >= _PROSE]
    if len(whole.column_names) == 1 and likely:
        found = [*likely]
    if len(found) != 1:
        which = f"{len(found)} do: {', '.join(found)}" if found else "none does"
        raise DataError(
            f"one column of {name} must hold the texts, and {which}. Name it: "
            f"{reading(text=Blank('NAME'))}."
        )
    notes.append(f"{found[0]!r} is taken for the column of texts.")
    return found[0]


def as_material(texts: Sequence[str], whole: pa.Table, text: str) -> tuple[list[str], pa.Table]:
    """Texts without their marks, and texts and cells without links that can be followed."""
    return [defanged(unmarked(one)) for one in texts], without_links(whole, text)


def without_links(whole: pa.Table, text: str) -> pa.Table:
    """A table without links that can be followed in any column but that of texts."""
    for i, name in enumerate(whole.column_names):
        if name != text and is_text(whole.schema.field(name).type):
            cells = [None if one is None else defanged(one) for one in cells_of(whole[name])]
            whole = whole.set_column(i, name, pa.array(cells, pa.string()))
    return whole


def require_purpose(whole: pa.Table, text: str) -> None:
    """Refuse texts that imitate fraud, where what for is not said.

    Raises:
        DataError: a column names such texts.
    """
    others = (name for name in whole.column_names if name != text)
    found = imitates_fraud({name: functions().unique(whole[name]).to_pylist() for name in others})
    if found:
        raise DataError(
            f"column {found[0]!r} names texts that imitate fraud. They are made as material for "
            "training detectors alone: marked, and without links that can be followed. If that is "
            f"what for, say so: {reading(purpose='training')}."
        )


def _mean_length(column: pa.ChunkedArray) -> float:
    compute = functions()
    kind = column.type
    plain = column.cast(kind.value_type) if isinstance(kind, pa.DictionaryType) else column
    found = compute.mean(compute.utf8_length(plain)).as_py()
    return float(found or 0.0)
