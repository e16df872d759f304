"""Where the table of a file lies: what a user says where it does not lie as usual."""

from dataclasses import dataclass
from typing import Literal

Nested = Literal["refuse", "flatten"]


@dataclass(frozen=True)
class FileLayout:
    """Where the table of a file lies; what is None is found.

    Attributes:
        header: the line that names the columns, the first being 1; lines above it are passed over.
        separator: the character between cells of a CSV.
        sheet: the sheet of a workbook, by its name.
        nested: what becomes of columns of objects: they are refused, or each part is a column.
    """

    header: int | None = None
    separator: str | None = None
    sheet: str | None = None
    nested: Nested | None = None


AS_USUAL = FileLayout()
"""The first line names the columns, and the rest is found."""
