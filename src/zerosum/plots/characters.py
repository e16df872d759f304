"""Plots of one line of characters, and images as characters, for terminals."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

_BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float]) -> str:
    """Numbers as a row of bars, lowest to highest.

    >>> sparkline([0, 1, 2, 3])
    '▁▃▅█'
    """
    low, high = min(values), max(values)
    span = high - low or 1.0
    return "".join(_BARS[int((value - low) / span * (len(_BARS) - 1))] for value in values)


def scale_line(place: float, *, cells: int = 11) -> str:
    """A place on a line from 0 to 1; an arrow where it lies beyond.

    >>> scale_line(0.0), scale_line(0.5), scale_line(7.0)
    ('●──────────', '─────●─────', '──────────▶')
    """
    if place < 0:
        return "◀" + "─" * (cells - 1)
    if place > 1 + 0.5 / cells:
        return "─" * (cells - 1) + "▶"
    at = round(min(place, 1.0) * (cells - 1))
    return "─" * at + "●" + "─" * (cells - 1 - at)


def block_characters(picture: Image.Image, *, columns: int) -> list[list[tuple[str, str]]]:
    """An image as rows of `(upper, lower)` hex colours, to print as half blocks.

    Args:
        picture: anything Pillow holds.
        columns: characters in a row; each is one pixel wide and two high.
    """
    columns = max(1, min(columns, picture.width))
    rows = max(2, round(picture.height * columns / picture.width / 2) * 2)
    small = np.asarray(picture.convert("RGB").resize((columns, rows), Image.Resampling.BOX))
    return [
        [(_hex(small[top, left]), _hex(small[top + 1, left])) for left in range(columns)]
        for top in range(0, rows, 2)
    ]


def _hex(rgb: np.ndarray) -> str:
    return f"#{rgb[0]:02x}{rgb[1]:02x}{rgb[2]:02x}"
