"""Which row of one table a row of another refers to, by equal keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zerosum.errors import DataError
from zerosum.modalities.tables.arrow import functions, is_text, plain

if TYPE_CHECKING:
    import pyarrow as pa

NOTHING = -1
"""Where a row refers to nothing."""

ORPHAN = -2
"""Where what a row refers to is not there."""

_SHOWN = 5


@dataclass(frozen=True)
class Links:
    """What rows refer to.

    Attributes:
        row: number of the row that each refers to, `NOTHING` or `ORPHAN`; int64 `[N]`.
        examples: some of the keys that are not there, as text.
    """

    row: np.ndarray
    examples: tuple[str, ...] = ()

    @property
    def num_orphans(self) -> int:
        """Rows that refer to something that is not there."""
        return int((self.row == ORPHAN).sum())


def linked(columns: "Sequence[pa.ChunkedArray]", keys: "Sequence[pa.ChunkedArray]") -> Links:
    """The rows that columns refer to.

    A row of which a part is missing refers to nothing. Keys that come twice are the first's.

    Args:
        columns: of the table that refers.
        keys: of the table that is referred to, in the same order.
    """
    mine, theirs = _numbered(columns, keys)
    _, first, which = np.unique(theirs, return_index=True, return_inverse=True)
    known = np.full(max(mine.max(initial=-1), theirs.max(initial=-1)) + 1, ORPHAN)
    valid = theirs >= 0
    known[theirs[valid]] = first[which[valid]]
    row = np.where(mine >= 0, known[np.maximum(mine, 0)], NOTHING) if len(known) else mine
    lost = np.flatnonzero(row == ORPHAN)
    shown = dict.fromkeys(", ".join(str(c[int(i)].as_py()) for c in columns) for i in lost[:100])
    return Links(row.astype(np.int64), tuple(shown)[:_SHOWN])


def require_unique(columns: "Sequence[pa.ChunkedArray]", names: Sequence[str], table: str) -> None:
    """A key identifies every row.

    Raises:
        DataError: a part of it is missing somewhere, or rows share one; some are listed.
    """
    mine, _ = _numbered(columns, columns)
    gone = int((mine < 0).sum())
    called = ", ".join(names)
    if gone:
        raise DataError(
            f"the key {called} of {table!r} is missing in {gone:,} rows. Fill it, or name another "
            "key in the schema."
        )
    _, first, times = np.unique(mine, return_index=True, return_counts=True)
    if (times > 1).any():
        some = [
            ", ".join(str(column[int(row)].as_py()) for column in columns)
            for row in first[times > 1][:_SHOWN]
        ]
        raise DataError(
            f"the key {called} of {table!r} is not unique: {int((times > 1).sum()):,} come more "
            f"than once, such as {'; '.join(some)}. Remove what is there twice, or name another "
            "key in the schema."
        )


def is_unique(columns: "Sequence[pa.ChunkedArray]") -> bool:
    """Whether rows are told apart by these columns, of which nothing is missing."""
    mine, _ = _numbered(columns, columns)
    return bool((mine >= 0).all()) and len(np.unique(mine)) == len(mine)


def _numbered(
    left: "Sequence[pa.ChunkedArray]", right: "Sequence[pa.ChunkedArray]"
) -> tuple[np.ndarray, np.ndarray]:
    """A number for each key of both sides, equal where keys are; -1 where a part is missing."""
    sides: list[np.ndarray] = []
    for a, b in zip(left, right, strict=True):
        numbers = _codes(a, b)
        if sides:
            both = np.stack([sides.pop(), numbers])
            _, numbers = np.unique(both, axis=1, return_inverse=True)
            numbers = np.where((both < 0).any(0), -1, numbers.reshape(-1))
        sides.append(numbers)
    return sides[0][: len(left[0])], sides[0][len(left[0]) :]


def _codes(a: "pa.ChunkedArray", b: "pa.ChunkedArray") -> np.ndarray:
    """A number for each value of two columns, one after the other; -1 where it is missing."""
    import pyarrow as pa

    pc = functions()
    one, two = comparable(plain(a)), comparable(plain(b))
    if one.type != two.type:
        one, two = one.cast(pa.string()), two.cast(pa.string())
    coded = pa.concat_arrays([one, two]).dictionary_encode()
    return pc.fill_null(coded.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False)


def comparable(column: "pa.Array") -> "pa.Array":
    """Whole numbers as int64, so that 5 and 5.0 are one key."""
    import pyarrow as pa
    import pyarrow.types as pt

    if is_text(column.type) or pt.is_null(column.type):
        return column.cast(pa.string())
    if pt.is_integer(column.type) or pt.is_floating(column.type) or pt.is_decimal(column.type):
        try:
            return column.cast(pa.int64())
        except pa.ArrowInvalid:
            return column.cast(pa.string())
    return column
