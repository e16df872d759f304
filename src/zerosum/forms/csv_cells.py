"""Cells of a CSV file that a spreadsheet would take for formulas, and run."""

import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from zerosum.faces import option

if TYPE_CHECKING:
    import pyarrow as pa

_FORMULA = r"^[=+\-@\t\r]"
_NUMBER = r"^[+\-]?(\d+\.?\d*|\.\d+)([eE][+\-]?\d+)?$"
_SHOWN = 10


class Cells:
    """Texts on their way into a CSV file: as they are, or made safe for spreadsheets.

    A text that begins with `=`, `+`, `-`, `@`, a tab or a carriage return, and is no number, can be
    a formula that whoever wrote the training data thought out. Made safe, it begins with `'`, as
    OWASP recommends ("CSV Injection"); that holds for names of columns too.

    Args:
        safe: whether to make them safe.
    """

    def __init__(self, *, safe: bool) -> None:
        self._safe = safe
        self._found: dict[str, None] = {}

    def table(self, table: "pa.Table") -> "pa.Table":
        """The same table, its columns of text as they are to be written."""
        names = self.names(table.column_names)
        columns = [
            self._texts(name, column) if _is_text(column.type) else column
            for name, column in zip(table.column_names, table.columns, strict=True)
        ]
        return type(table).from_arrays(columns, names) if self._safe else table

    def texts(self, name: str, texts: Sequence[str]) -> list[str]:
        """The texts of a column, as they are to be written."""
        import pyarrow as pa

        return self._texts(name, pa.array(texts, pa.string())).to_pylist()

    def names(self, names: Sequence[str]) -> list[str]:
        """Names of columns, as they are to be written."""
        import pyarrow as pa

        risky = _formulas(pa.array(names, pa.string())).to_pylist()
        self._found |= {name: None for name, one in zip(names, risky, strict=True) if one}
        return [f"'{n}" if self._safe and one else n for n, one in zip(names, risky, strict=True)]

    def warn(self) -> None:
        """Name the columns with such cells, if they were not made safe."""
        if self._safe or not self._found:
            return
        names = list(self._found)
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        warnings.warn(
            f"a spreadsheet would take cells of {', '.join(map(repr, names[:_SHOWN]))}{more} for "
            "formulas: they begin with =, +, -, @, a tab or a carriage return, as in the data. "
            f"Write the file with {option('safe_csv', True)} before anybody opens it in one.",
            stacklevel=3,
        )

    def _texts(self, name: str, column: "pa.ChunkedArray | pa.Array") -> "pa.ChunkedArray":
        pc = import_module("pyarrow.compute")  # whose functions are made as it loads
        risky = _formulas(column)
        if not pc.any(risky).as_py():
            return column
        self._found[name] = None
        if not self._safe:
            return column
        plain = column.cast("string")  # arrow joins no large texts with others
        return pc.if_else(risky, pc.binary_join_element_wise("'", plain, ""), plain)


def _formulas(texts: "pa.ChunkedArray | pa.Array") -> "pa.ChunkedArray":
    """Which texts a spreadsheet would take for formulas; missing ones are not."""
    pc = import_module("pyarrow.compute")
    begins = pc.match_substring_regex(texts, _FORMULA)
    return pc.fill_null(pc.and_not(begins, pc.match_substring_regex(texts, _NUMBER)), False)


def _is_text(kind: "pa.DataType") -> bool:
    import pyarrow.types as pt

    return pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind)
