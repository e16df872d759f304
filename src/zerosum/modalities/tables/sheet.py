"""A few rows drawn as they stand in a table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from zerosum.lettering import Lettering

if TYPE_CHECKING:
    import pyarrow as pa

_SIZE, _LINE, _GAP, _MARGIN = 14, 22, 16, 12
_COLUMNS, _LETTERS = 6, 18
_INK, _SOFT, _RULE = (17, 24, 39), (75, 85, 99), (229, 231, 235)


def draw_rows(table: "pa.Table") -> Image.Image:
    """The rows of a table under the names of its columns; says how many columns are not shown."""
    letters = Lettering(_SIZE)
    names = table.column_names[:_COLUMNS]
    columns = [[name, *map(_cell, table[name].to_pylist())] for name in names]
    if len(table.column_names) > _COLUMNS:
        columns.append([f"{len(table.column_names) - _COLUMNS} more", *[""] * len(table)])
    shown = [[_short(text) for text in column] for column in columns]
    widths = [max(int(letters.length(text)) for text in column) for column in shown]
    width = sum(widths) + _GAP * (len(widths) - 1) + 2 * _MARGIN
    sheet = Image.new("RGB", (width, _LINE * (len(table) + 1) + 2 * _MARGIN), "white")
    pen, left = ImageDraw.Draw(sheet), _MARGIN
    for wide, column in zip(widths, shown, strict=True):
        _column(pen, letters, left, column)
        left += wide + _GAP
    for i in range(1, len(table) + 1):
        y = _MARGIN + i * _LINE - 3
        pen.line([(_MARGIN, y), (width - _MARGIN, y)], fill=_RULE)
    return sheet


def _column(pen: ImageDraw.ImageDraw, letters: Lettering, left: int, texts: Sequence[str]) -> None:
    for i, text in enumerate(texts):
        place = (left, _MARGIN + i * _LINE)
        letters.write(pen, place, text, fill=_INK if i else _SOFT)


def _cell(value: object) -> str:
    """One value in a few letters.

    >>> _cell(3.14159265), _cell(None), _cell("a  b")
    ('3.14159', '', 'a b')
    """
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else " ".join(str(value).split())


def _short(text: str) -> str:
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"
