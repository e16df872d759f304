"""Texts as a picture of lines, and as files."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw
from torch import Tensor

from zerosum.forms.base import Preview
from zerosum.lettering import Lettering
from zerosum.modalities.strings.frames import given_out, text_tables, texts_of
from zerosum.modalities.strings.space import TextSpace
from zerosum.modalities.tables.shown import RowsWriter
from zerosum.spaces import Space

if TYPE_CHECKING:
    import pyarrow as pa

_WIDTH, _LINE, _MARGIN = 720, 18, 12
_SMALL, _MOST_LINES = 14, 4
_WIDTH_OF_ONE, _LARGE, _MOST_LINES_OF_ONE = 432, 28, 12
_FEW = 12
_INK, _RULE = (17, 24, 39), (229, 231, 235)


class TextPreview(Preview):
    """The first texts, one under another."""

    few = _FEW

    def draw(self, space: Space, x: Tensor, *, real: Tensor | None = None) -> Image.Image:
        """Compact texts `[N, W]`, twelve of them at most."""
        assert isinstance(space, TextSpace)
        letters, width = Lettering(_SMALL), _WIDTH - 2 * _MARGIN
        texts = given_out(space, texts_of(space, x[:_FEW]))
        shown = [_lines(text, letters, width, _MOST_LINES) for text in texts]
        height = sum(len(lines) * _LINE + _MARGIN for lines in shown) + _MARGIN
        sheet = Image.new("RGB", (_WIDTH, max(height, _LINE + 2 * _MARGIN)), "white")
        pen, top = ImageDraw.Draw(sheet), _MARGIN
        for lines in shown:
            for line in lines:
                letters.write(pen, (_MARGIN, top), line, fill=_INK)
                top += _LINE
            pen.line([(_MARGIN, top + 4), (_WIDTH - _MARGIN, top + 4)], fill=_RULE)
            top += _MARGIN
        return sheet

    def draw_one(self, space: Space, x: Tensor) -> Image.Image:
        """One compact text `[W]` in large letters, twelve lines at most."""
        assert isinstance(space, TextSpace)
        (text,), letters = given_out(space, texts_of(space, x[None])), Lettering(_LARGE)
        lines = _lines(text, letters, _WIDTH_OF_ONE - 2 * _MARGIN, _MOST_LINES_OF_ONE)
        step = _LARGE + 6
        size = (_WIDTH_OF_ONE, max(4, len(lines)) * step + 2 * _MARGIN)
        sheet = Image.new("RGB", size, "white")
        pen = ImageDraw.Draw(sheet)
        for i, line in enumerate(lines):
            letters.write(pen, (_MARGIN, _MARGIN + i * step), line, fill=_INK)
        return sheet


class TextWriter(RowsWriter):
    """A row for each text with its columns."""

    def tables(self, space: Space, pieces: Iterable[Tensor]) -> "Iterable[pa.Table]":
        """See `RowsWriter.tables`."""
        assert isinstance(space, TextSpace)
        return text_tables(space, pieces)


def _lines(text: str, letters: Lettering, width: int, most: int) -> list[str]:
    lines = letters.wrapped(text, width)
    return lines if len(lines) <= most else [*lines[: most - 1], "…"]
