"""Data frames of pandas, polars and pyarrow as arrow tables, and back as they were."""

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from torch import Tensor

from zerosum.errors import DataError, MissingExtraError
from zerosum.modalities.tables.arrow import is_number, is_text
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.unmodelled_fields import UnlearnedField

if TYPE_CHECKING:
    from zerosum.modalities.tables.space import TableSpace

LIBRARIES = ("pandas", "polars", "pyarrow")
"""Whose frames go in and out; the first that is installed is used where data came from a file."""

_PANDAS, _POLARS, _LAZY = ("pandas", "DataFrame"), ("polars", "DataFrame"), ("polars", "LazyFrame")
_NATIVE = b"native"
_DAYS = ("date", "datetime")


def is_frame(data: Any) -> bool:
    """Whether `data` is a frame of one of these libraries, or offers itself as an arrow table.

    A lazy frame of polars counts too, for which there is an error that says what to do.
    """
    known = any(_is(data, *kind) for kind in (_PANDAS, _POLARS, _LAZY))
    known = known or isinstance(data, pa.Table | pa.RecordBatch)
    return known or (hasattr(data, "__arrow_c_stream__") and not hasattr(data, "__array__"))


def _is(data: Any, library: str, name: str) -> bool:
    """Whether `data` is of a library's class; without importing what nobody has imported."""
    module = sys.modules.get(library)
    return module is not None and isinstance(data, getattr(module, name, ()))


def from_native(data: Any) -> tuple[pa.Table, str, dict[str, str]]:
    """A frame as an arrow table, its library, and what that calls the columns' types.

    The index of a pandas frame is no column: `reset_index()` makes it one.

    Raises:
        DataError: a column cannot be part of a table.
    """
    if _is(data, *_PANDAS):
        return _from_pandas(data)
    if _is(data, *_LAZY):
        raise DataError("data is a lazy frame; give frame.collect().")
    if _is(data, *_POLARS):
        natives = {
            name: f"polars:{kind.base_type()}"
            for name, kind in data.schema.items()
            if str(kind.base_type()) in ("Enum", "Categorical")
        }
        return data.to_arrow(), "polars", natives
    table = (
        pa.table(data) if not isinstance(data, pa.RecordBatch) else pa.Table.from_batches([data])
    )
    return table, "pyarrow", {}


def to_native(table: pa.Table, source: str | None = None) -> Any:
    """A table as a frame of the library `source`; None for the first that is installed.

    Types are those of that library if the columns' metadata holds them (see `to_table`).

    Raises:
        MissingExtraError: the library is not installed.
    """
    library = source or next(name for name in LIBRARIES if find_spec(name))
    if library not in LIBRARIES:
        raise DataError(f"no frames of {library!r}. There are those of {', '.join(LIBRARIES)}.")
    if find_spec(library) is None:
        raise MissingExtraError(
            f"the data was a frame of {library}, which is not installed: pip install {library}."
        )
    natives = _natives(table, library)
    bare = table.cast(pa.schema([field.remove_metadata() for field in table.schema]))
    if library == "pandas":
        return _to_pandas(bare, natives)
    return _to_polars(bare, natives) if library == "polars" else bare


def to_table(values: Tensor, space: "TableSpace", start: int = 0) -> pa.Table:
    """All columns of the user's table for rows in compact form.

    Args:
        values: of the modelled fields, float64 `[N, D]`.
        space: what a row is.
        start: number of the first row, by which keys are made.

    Raises:
        DataError: a value does not fit the type of its column, or there are no more keys.
    """
    columns = dict(zip(space.names, np.asarray(values.T, float), strict=True))
    arrays, fields = [], []
    for field in space.fields:
        if isinstance(field, UnlearnedField):
            array = field.make(len(values), start)
        else:
            try:
                array = field.to_arrow(columns[field.name])
            except pa.ArrowInvalid as error:  # a sum, say, that its type has no room for
                raise DataError(f"column {field.name!r} cannot be made: {error}.") from error
        arrays.append(array)
        fields.append(described(field, array))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def described(field: Field, array: pa.Array) -> pa.Field:
    """A column of `field` in a schema, with what its library and files need to know of it."""
    metadata: dict[bytes | str, bytes | str] = {}
    if field.native:
        metadata[_NATIVE] = field.native
    held = is_text(array.type) or (is_number(array.type) and field.kind in _DAYS)
    if field.written and not held:
        metadata |= field.written.metadata(field.decimals)
    return pa.field(field.name, array.type, metadata=metadata or None)


def _natives(table: pa.Table, library: str) -> dict[str, str]:
    """What `library` called the types of columns that came from it."""
    found = {}
    for field in table.schema:
        native = (field.metadata or {}).get(_NATIVE, b"").decode()
        if native.startswith(f"{library}:"):
            found[field.name] = native.removeprefix(f"{library}:")
    return found


def _from_pandas(frame: Any) -> tuple[pa.Table, str, dict[str, str]]:
    for name in frame.columns:
        if not isinstance(name, str):
            raise DataError(
                f"a column is called {name!r}, and names are text. Rename the columns: "
                "frame.columns = frame.columns.map(str)."
            )
    arrays, natives = [], {}
    for position, name in enumerate(frame.columns):
        column = frame.iloc[:, position]
        arrays.append(_array_of(column, name))
        natives[name] = f"pandas:{column.dtype}"
    return pa.Table.from_arrays(arrays, list(frame.columns)), "pandas", natives


def _array_of(column: Any, name: str) -> pa.Array:
    """A pandas column; objects of several types become text."""
    try:
        made = pa.array(column, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, TypeError) as error:
        if column.dtype != object:
            raise DataError(
                f"column {name!r} holds {column.dtype}, which cannot be read: {error}."
            ) from error
        gone = column.isna()
        made = pa.array([None if no else str(v) for v, no in zip(column, gone, strict=True)])
    return made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made


def _to_pandas(table: pa.Table, natives: dict[str, str]) -> Any:
    import pandas as pd

    frame = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        native, kind = natives.get(name, ""), column.type
        if native == "object":
            frame[name] = pd.Series(column.to_pylist(), dtype=object)
        elif native.endswith("[pyarrow]") and not native.startswith("string"):
            frame[name] = pd.Series(column.to_pandas(types_mapper=pd.ArrowDtype))
        elif native and not isinstance(kind, pa.DictionaryType):
            frame[name] = _as_dtype(column, native)
        elif column.null_count and (pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
            frame[name] = _as_dtype(column, "boolean" if kind == pa.bool_() else _nullable(kind))
        else:
            frame[name] = column.to_pandas()
    return pd.DataFrame(frame, columns=table.column_names)


def _as_dtype(column: pa.ChunkedArray, native: str) -> Any:
    """A pandas column of the type called `native`; numbers by way of one that can be missing."""
    import pandas as pd

    kind = column.type
    try:
        if pa.types.is_integer(kind):
            whole = pd.Series(pd.arrays.ArrowExtensionArray(column)).astype(_nullable(kind))
            return whole if column.null_count and native[0].islower() else whole.astype(native)
        if pa.types.is_boolean(kind):
            truth = pd.Series(pd.arrays.ArrowExtensionArray(column)).astype("boolean")
            return truth if column.null_count and native == "bool" else truth.astype(native)
        return column.to_pandas().astype(native)
    except (TypeError, ValueError) as error:
        raise DataError(f"a column was of type {native!r}, and cannot be: {error}.") from error


def _nullable(kind: pa.DataType) -> str:
    """The name of pandas' type for whole numbers of which some are missing."""
    return f"U{str(kind)[1:].capitalize()}" if str(kind).startswith("u") else str(kind).capitalize()


def _to_polars(table: pa.Table, natives: dict[str, str]) -> Any:
    import polars as pl

    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    casts = []
    for name, native in natives.items():
        kind = table.schema.field(name).type
        if native == "Enum" and isinstance(kind, pa.DictionaryType):
            names = table.column(name).chunk(0).dictionary.cast(pa.string()).to_pylist()
            casts.append(pl.col(name).cast(pl.String).cast(pl.Enum(names)))
        elif native == "Categorical":
            casts.append(pl.col(name).cast(pl.Categorical))
    return frame.with_columns(casts) if casts else frame
