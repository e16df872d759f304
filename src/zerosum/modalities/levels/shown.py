"""Levels as pictures of tiles, and as text."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from zerosum.errors import RunError
from zerosum.forms.base import Preview, Writer
from zerosum.forms.csv_cells import Cells
from zerosum.modalities.levels.space import LevelSpace
from zerosum.spaces import Space

_TILE, _GAP = 12, 8
_COLOURS = {
    "#": (71, 85, 105), "X": (120, 72, 40), ".": (226, 232, 240), "-": (186, 214, 255),
    " ": (241, 245, 249), "_": (241, 245, 249), "@": (37, 99, 235), ">": (22, 163, 74),
    "$": (180, 120, 40), "*": (234, 179, 8), "+": (146, 64, 14), "k": (250, 204, 21),
    "o": (245, 158, 11), "E": (190, 24, 60), "S": (168, 110, 70), "?": (250, 180, 60),
}  # fmt: skip
_DOTS = set("@>$*k+oE?.")
"""Tiles that are drawn as a dot on floor, and not as a whole tile."""
_PIPES, _PIPE = set("<>[]"), (34, 139, 84)
"""Tiles that are parts of a pipe where all four of them occur, as in Super Mario Bros."""
_GOAL = (220, 38, 38)
"""The colour of `.` where it is no floor: a goal of Sokoban."""


class LevelPreview(Preview):
    """A grid of levels, a small square of colour for each tile."""

    few = 16

    def draw(self, space: Space, x: Tensor, *, real: Tensor | None = None) -> Image.Image:
        """Codes, uint8 `[N, H, W]`, as pictures side by side."""
        assert isinstance(space, LevelSpace)
        across = max(1, round(len(x) ** 0.5))
        down = -(-len(x) // across)
        high, wide = space.height * _TILE + _GAP, space.width * _TILE + _GAP
        sheet = Image.new("RGB", (across * wide + _GAP, down * high + _GAP), "white")
        for i, level in enumerate(x):
            place = _GAP + i % across * wide, _GAP + i // across * high
            sheet.paste(self.draw_one(space, level), place)
        return sheet

    def draw_one(self, space: Space, x: Tensor) -> Image.Image:
        """One level, uint8 `[H, W]`."""
        assert isinstance(space, LevelSpace)
        picture = Image.new("RGB", (space.width * _TILE, space.height * _TILE))
        pen = ImageDraw.Draw(picture)
        floor = _floor_of(space.tiles)
        pipes = _PIPES if set(space.tiles) >= _PIPES else set()
        for row, codes in enumerate(x.tolist()):
            for column, code in enumerate(codes):
                tile = space.tiles[code]
                left, top = column * _TILE, row * _TILE
                box = (left, top, left + _TILE - 1, top + _TILE - 1)
                small = tile in _DOTS - pipes and tile != floor
                plain = _PIPE if tile in pipes else colour_of(floor if small else tile)
                pen.rectangle(box, fill=plain)
                if small:
                    inner = (left + 1, top + 1, left + _TILE - 2, top + _TILE - 2)
                    pen.ellipse(inner, fill=_GOAL if tile == "." else colour_of(tile))
        return picture


class LevelWriter(Writer):
    """A text file of all levels, or a folder with a text for each."""

    forms = (".txt", ".xsb", "folder")
    default = "levels.txt"

    def write(
        self, path: Path, form: str, space: Space, pieces: Iterable[Tensor],
        labels: Sequence[str], cells: Cells,
    ) -> None:  # fmt: skip
        """Write levels, uint8 `[n, H, W]` each piece; see `Writer.write`.

        In one file, levels are separated by empty lines, and a line `; 3 locked` before each says
        its number and label.

        Raises:
            RunError: `.xsb` is asked for, and the levels are not of Sokoban.
        """
        assert isinstance(space, LevelSpace)
        if form == ".xsb" and (space.rules is None or space.rules.kind != "sokoban"):
            raise RunError(
                ".xsb files hold levels of Sokoban, and these are others. Allowed: .txt."
            )
        x = torch.cat([*pieces])
        texts = [space.text(level) for level in x]
        if form == "folder":
            width = len(str(len(texts)))
            for i, text in enumerate(texts):
                place = path / labels[i] if labels else path
                place.mkdir(exist_ok=True)
                (place / f"{i:0{width}d}.txt").write_text(text + "\n", encoding="utf-8")
            return
        titles = [f"; {i + 1} {labels[i] if labels else ''}".rstrip() for i in range(len(texts))]
        both = zip(titles, texts, strict=True)
        whole = "\n".join(f"{title}\n{text}\n" for title, text in both)
        path.write_text(whole, encoding="utf-8")


def colour_of(tile: str) -> tuple[int, int, int]:
    """The colour of a tile: what people expect of usual ones, else one of its own.

    >>> colour_of("#")
    (71, 85, 105)
    """
    if tile in _COLOURS:
        return _COLOURS[tile]
    a, b, c = hashlib.sha256(tile.encode()).digest()[:3]
    return 60 + a // 2, 60 + b // 2, 60 + c // 2


def _floor_of(tiles: Sequence[str]) -> str:
    """The tile that others stand on: the first of these that there is."""
    return next((tile for tile in " -." if tile in tiles), "")
