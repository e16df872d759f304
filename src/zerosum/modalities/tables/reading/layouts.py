"""What can be asked of files of tables: where the table lies in them."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PositiveInt

from zerosum.data.base import DataConfig
from zerosum.data.layout import AS_USUAL, FileLayout, Nested


def _as_name(value: Any) -> Any:
    """The name of a sheet; `2024` is one too."""
    return str(value) if isinstance(value, int) else value


class LayoutOptions(DataConfig):
    """Where the table of a file lies, for readers of such files.

    Attributes:
        header: the line of a CSV, or row of a sheet, that names the columns, the first being 1.
        separator: the character between cells of a CSV.
        sheet: the sheet of a workbook; the first if not given.
        nested: `flatten` makes a column of each part of an object, such as `user.age`; else columns
            of objects are refused.
    """

    header: PositiveInt | None = None
    separator: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    sheet: Annotated[str | None, BeforeValidator(_as_name)] = None
    nested: Nested | None = None

    @property
    def layout(self) -> FileLayout:
        """Where the table lies in the file."""
        return FileLayout(self.header, self.separator, self.sheet, self.nested)


def layout_of(config: DataConfig | None) -> FileLayout:
    """Where the table lies in the file of a description; as usual where it has none."""
    return config.layout if isinstance(config, LayoutOptions) else AS_USUAL
