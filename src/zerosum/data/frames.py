"""Tables as users hold them, and rows as such tables."""

from importlib.util import find_spec
from typing import Any

import pyarrow as pa
from torch import Tensor

from zerosum.tables.space import TableSpace


def to_table(values: Tensor, space: TableSpace, start: int = 0) -> pa.Table:
    """Rows `start` and on of values `[N, D]`, with every column of the user's table."""
    columns = dict(zip(space.names, values.numpy().T, strict=True))
    arrays = [
        field.to_arrow(columns[field.name]) if field.modelled
        else field.make(len(values), start)  # pyright: ignore[reportAttributeAccessIssue]
        for field in space.fields
    ]  # fmt: skip
    return pa.table(arrays, names=[field.name for field in space.fields])


def to_native(table: pa.Table, source: str | None = None) -> Any:
    """The table as the library `source` has it; None for the first that is installed."""
    library = source or next(name for name in ("pandas", "polars", "pyarrow") if find_spec(name))
    if library == "pandas":
        return table.to_pandas()
    if library == "polars":
        import polars

        return polars.from_arrow(table)
    return table


def from_native(data: Any) -> tuple[pa.Table, str, dict[str, str]]:
    """A frame as an arrow table, its library, and what that calls the columns' types."""
    library = type(data).__module__.partition(".")[0]
    if isinstance(data, pa.Table):
        return data, "pyarrow", {}
    return pa.table(data), library, {}
