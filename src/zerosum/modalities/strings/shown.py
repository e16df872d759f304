"""Texts as a picture of lines, and as files."""

import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from zerosum.forms.base import Preview, Writer
from zerosum.forms.csv_cells import Cells
from zerosum.modalities.strings.frames import given_out, text_tables, texts_of
from zerosum.modalities.strings.space import TextSpace
from zerosum.modalities.tables.writing import write_csv, write_parquet
from zerosum.spaces import Space

_WIDTH, _LINE, _MARGIN = 720, 18, 12
_LETTERS, _LINES_OF_ONE = 96, 4
_WIDTH_OF_ONE, _LARGE, _LETTERS_OF_ONE, _MOST_LINES = 432, 28, 28, 12
_FEW = 12
_INK, _RULE = (17, 24, 39), (229, 231, 235)


class TextPreview(Preview):
    """The first texts, one under another."""

    few = _FEW

    def draw(self, space: Space, x: Tensor, *, real: Tensor | None = None) -> Image.Image:
        """Compact texts `[N, W]`, twelve of them at most."""
        assert isinstance(space, TextSpace)
        shown = [_lines(text) for text in given_out(space, texts_of(space, x[:_FEW]))]
        height = sum(len(lines) * _LINE + _MARGIN for lines in shown) + _MARGIN
        sheet = Image.new("RGB", (_WIDTH, max(height, _LINE + 2 * _MARGIN)), "white")
        pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
        top = _MARGIN
        for lines in shown:
            for line in lines:
                pen.text((_MARGIN, top), line, fill=_INK, font=font)
                top += _LINE
            pen.line([(_MARGIN, top + 4), (_WIDTH - _MARGIN, top + 4)], fill=_RULE)
            top += _MARGIN
        return sheet

    def draw_one(self, space: Space, x: Tensor) -> Image.Image:
        """One compact text `[W]` in large letters, twelve lines at most."""
        assert isinstance(space, TextSpace)
        lines = _lines(given_out(space, texts_of(space, x[None]))[0], _LETTERS_OF_ONE, _MOST_LINES)
        step = _LARGE + 6
        size = (_WIDTH_OF_ONE, max(4, len(lines)) * step + 2 * _MARGIN)
        sheet = Image.new("RGB", size, "white")
        pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(_LARGE)
        for i, line in enumerate(lines):
            pen.text((_MARGIN, _MARGIN + i * step), line, fill=_INK, font=font)
        return sheet


class TextWriter(Writer):
    """A row for each text with its columns, in the columns and types of the training data."""

    forms = (".csv", ".parquet")
    default = "samples.csv"

    def write(
        self, path: Path, form: str, space: Space, pieces: Iterable[Tensor],
        labels: Sequence[str], cells: Cells,
    ) -> None:  # fmt: skip
        """See `Writer.write`."""
        assert isinstance(space, TextSpace)
        tables = text_tables(space, pieces)
        if form == ".csv":
            write_csv(path, tables, cells)
        else:
            write_parquet(path, tables)


def _lines(text: str, letters: int = _LETTERS, most: int = _LINES_OF_ONE) -> list[str]:
    lines = textwrap.wrap(text, letters) or [""]
    return lines if len(lines) <= most else [*lines[: most - 1], "…"]
