"""Arrow types by their names, and text read as values of them."""

import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import pyarrow as pa

MISSING_MARKS = (
    "", "na", "n/a", "#n/a", "nan", "nat", "null", "none", "nil", "<na>", "\\n", "?", "-", "--",
    ".", "\u2013", "\u2014", "#value!", "#ref!", "#div/0!", "#num!", "#name?", "#null!",
)  # fmt: skip
"""What stands for a missing number, moment or truth value in text, in small letters."""

_ZONED = re.compile(r"timestamp\[(s|ms|us|ns), tz=(.+)\]")
_DECIMAL = re.compile(r"decimal(32|64|128|256)\((\d+), (-?\d+)\)")
_DICTIONARY = re.compile(r"dictionary<values=(.+), indices=(\w+), ordered=([01])>")


def type_called(name: str) -> "pa.DataType":
    """The arrow type that prints as `name`.

    >>> type_called("timestamp[us, tz=Europe/Oslo]").tz
    'Europe/Oslo'

    Raises:
        ValueError: no type of that name can be the type of a column.
    """
    import pyarrow as pa

    if found := _ZONED.fullmatch(name):
        return pa.timestamp(found[1], found[2])
    if found := _DECIMAL.fullmatch(name):
        make = {"32": pa.decimal32, "64": pa.decimal64, "128": pa.decimal128, "256": pa.decimal256}
        return make[found[1]](int(found[2]), int(found[3]))
    if found := _DICTIONARY.fullmatch(name):
        return pa.dictionary(type_called(found[2]), type_called(found[1]), found[3] == "1")
    return pa.type_for_alias(name)


def functions() -> Any:
    """The module `pyarrow.compute`, whose functions are made as it loads, so that none is typed."""
    return import_module("pyarrow.compute")


def is_text(kind: "pa.DataType") -> bool:
    """Whether values of this type are text."""
    import pyarrow.types as pt

    return pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind)


def is_number(kind: "pa.DataType") -> bool:
    """Whether values of this type are whole or real numbers."""
    import pyarrow.types as pt

    return pt.is_integer(kind) or pt.is_floating(kind) or pt.is_decimal(kind)


def is_length(kind: "pa.DataType") -> bool:
    """Whether values of this type are lengths of time, or times of day."""
    import pyarrow.types as pt

    return pt.is_duration(kind) or pt.is_time(kind)


def plain(column: "pa.Array | pa.ChunkedArray") -> "pa.Array":
    """One array without a dictionary, in which NaN is missing and text is of the plain type."""
    import pyarrow as pa

    pc = functions()
    import pyarrow.types as pt

    flat = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(flat, pa.ChunkedArray):  # some types do not fit into one chunk
        flat = pa.concat_arrays(flat.chunks)
    if pt.is_dictionary(flat.type):
        flat = flat.dictionary_decode()
    if is_text(flat.type) and not pt.is_string(flat.type):
        flat = flat.cast(pa.string())
    if pt.is_float32(flat.type) or pt.is_float64(flat.type):
        flat = pc.if_else(pc.is_nan(flat), None, flat)
    return flat


def as_type(column: "pa.Array", kind: "pa.DataType") -> "pa.Array":
    """Values of a plain column in another type, unchanged; text is parsed.

    Spaces around text are ignored, and so are marks of missing values.

    Raises:
        pyarrow.ArrowInvalid: a value cannot be of that type.
        pyarrow.ArrowNotImplementedError: there is no way between the types.
    """
    import pyarrow as pa

    if column.type == kind:
        return column
    if not is_text(column.type) or is_text(kind):
        return column.cast(kind)
    try:
        return _read(column, kind)
    except pa.ArrowInvalid:
        bare = without_marks(column)
        return _read(bare, kind)


def without_marks(texts: "pa.Array") -> "pa.Array":
    """Texts without spaces around them, in which marks of what is missing are missing."""
    import pyarrow as pa

    pc = functions()
    bare = pc.utf8_trim_whitespace(texts)
    gone = pc.is_in(pc.utf8_lower(bare), value_set=pa.array(MISSING_MARKS))
    return pc.if_else(gone, None, bare)


def misfits(
    column: "pa.Array", kind: "pa.DataType", most: int = 3,
    read: "Callable[[pa.Array, pa.DataType], pa.Array] | None" = None,
) -> list[str]:  # fmt: skip
    """Some values of a column that are none of that type, as text; `read` reads it."""
    import pyarrow as pa

    found: list[str] = []
    for value in column.unique().drop_null():
        try:
            (read or as_type)(pa.array([value.as_py()], column.type), kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            found.append(repr(value.as_py()))
        if len(found) == most:
            break
    return found


def units_of(known: "pa.Array") -> "np.ndarray":
    """Moments, days or lengths of time without missing ones, as whole numbers of their unit."""
    import pyarrow as pa

    narrow = known.cast(pa.int32()) if known.type.bit_width == 32 else known
    return narrow.cast(pa.int64()).to_numpy(zero_copy_only=False)


def off_calendar(known: "pa.Array") -> str:
    """Why moments or lengths of time, without missing ones, cannot be represented; or empty."""
    import pyarrow as pa

    if not len(known):
        return ""
    units = units_of(known)
    try:
        for at in (int(units.argmin()), int(units.argmax())):
            _to_microseconds(known[at : at + 1]).to_pylist()
    except (OverflowError, ValueError, LookupError, pa.ArrowException) as error:
        return str(error).rstrip(".")
    return ""


def _to_microseconds(known: "pa.Array") -> "pa.Array":
    """Without nanoseconds, for which Python has no types."""
    import pyarrow as pa
    import pyarrow.types as pt

    kind = known.type
    if pt.is_timestamp(kind) and kind.unit == "ns":
        return known.cast(pa.timestamp("us", kind.tz), safe=False)
    if pt.is_duration(kind) and kind.unit == "ns":
        return known.cast(pa.duration("us"), safe=False)
    return known.cast(pa.time64("us"), safe=False) if pt.is_time64(kind) else known


def _read(texts: "pa.Array", kind: "pa.DataType") -> "pa.Array":
    import pyarrow as pa

    pc = functions()
    import pyarrow.types as pt

    if pt.is_time(kind):  # arrow reads no times, so they are read as moments of a day
        day = pc.binary_join_element_wise("1970-01-01", texts, " ")
        return day.cast(pa.timestamp("us")).cast(kind)
    return texts.cast(kind)


def encoded(column: "pa.Array | pa.ChunkedArray") -> "pa.DictionaryArray":
    """A column as one dictionary and indices into it."""
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        if pa.types.is_dictionary(column.type):
            column = column.unify_dictionaries()
        column = column.combine_chunks()
    return column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode()


def floats(column: "pa.Array") -> "np.ndarray":
    """Float64 with NaN for what is missing."""
    import numpy as np

    cast = column.cast("double", safe=False)
    return np.array(cast.to_numpy(zero_copy_only=False), float)


def codes_by_name(
    values: "np.ndarray", names: "tuple[str, ...]"
) -> "tuple[list[str], list[np.ndarray]]":
    """The names that occur, in the order of the alphabet, and each value's place among them.

    What is missing has the place -1, and so has what has no name.

    >>> import numpy as np
    >>> found, (places,) = codes_by_name(np.array([2.0, 0.0, np.nan]), ("b", "never", "a"))
    >>> found, places.tolist()
    (['a', 'b'], [0, 1, -1])
    """
    import numpy as np

    used = np.unique(values[~np.isnan(values)]).astype(int).tolist()
    found = sorted(names[code] for code in used if code < len(names))
    table = np.full(len(names) + 1, -1, np.int64)
    for code in used:
        if code < len(names):
            table[code] = found.index(names[code])
    codes = np.where(np.isnan(values), len(names), values).astype(int)
    return found, [table[codes]]
