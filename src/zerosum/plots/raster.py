"""Plots as pixels: images of runs, samples and animations, and terminals."""

from functools import singledispatch
from math import ceil

from PIL import Image, ImageDraw

from zerosum.lettering import Lettering
from zerosum.plots.shapes import SERIES, Area, Box, Dots, Line, Plot, Point, Role, Shape, Words

COLOURS: dict[Role, tuple[int, int, int, int]] = {
    "grid": (229, 231, 235, 255), "axis": (51, 78, 158, 255), "track": (160, 163, 168, 255),
    "made": (37, 99, 235, 255),
    "real": (190, 190, 190, 255),
    "band": (37, 99, 235, 51), "quiet": (223, 225, 228, 255), "ring": (96, 102, 110, 255),
    "guess": (96, 102, 110, 255), "cell": (37, 99, 235, 255), "unknown": (223, 225, 228, 255),
    "hover": (0, 0, 0, 0), "words": (55, 65, 81, 255), "title": (17, 24, 39, 255),
    "diagnosis": (156, 163, 175, 255), "remedy": (220, 38, 38, 255),
    "series-0": (37, 99, 235, 255), "series-1": (220, 38, 38, 255),
    "series-2": (5, 150, 105, 255), "series-3": (217, 119, 6, 255),
    "series-4": (124, 58, 237, 255), "series-5": (8, 145, 178, 255),
}  # fmt: skip
"""Red, green, blue and opacity of each role."""

_THICK: set[Role] = {"made", *SERIES}
"""What is drawn two pixels wide."""

_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}
"""Pillow's names for where a line of text is held, on its baseline."""

_FINE = 2
"""Pixels are drawn this many times as fine and averaged, so that slanted lines are smooth."""


def to_image(plot: Plot) -> Image.Image:
    """A plot as an RGB image on white.

    >>> to_image(Plot("bar", 9, 5, [Line([(0, 1), (9, 1)], "grid")])).size
    (9, 5)
    """
    sheet = Image.new("RGB", (plot.width * _FINE, plot.height * _FINE), "white")
    pen = ImageDraw.Draw(sheet, "RGBA")
    for shape in plot.shapes:
        _draw(shape, pen)
    sheet = sheet.reduce(_FINE)
    for shape in plot.shapes:
        if isinstance(shape, Words):
            _write(shape, sheet)
    return sheet


@singledispatch
def _draw(shape: Shape, pen: ImageDraw.ImageDraw) -> None:
    raise TypeError(f"cannot draw {type(shape).__name__} with {type(pen).__name__}")


@_draw.register
def _(shape: Line, pen: ImageDraw.ImageDraw) -> None:
    width = _FINE * (2 if shape.role in _THICK else 1)
    pen.line(_fine(shape), fill=_colour(shape), width=width, joint="curve")


@_draw.register
def _(shape: Area, pen: ImageDraw.ImageDraw) -> None:
    pen.polygon(_fine(shape), fill=_colour(shape))


@_draw.register
def _(shape: Box, pen: ImageDraw.ImageDraw) -> None:
    (left, top), (right, bottom) = _fine(shape)
    if right - left >= 1 and bottom - top >= 1:
        # Pillow draws the last row and column too.
        pen.rectangle((left, top, right - 1, bottom - 1), fill=_colour(shape))


@_draw.register
def _(shape: Dots, pen: ImageDraw.ImageDraw) -> None:
    radius, ring = shape.radius * _FINE, shape.role == "ring"
    fill, outline = ("white", _colour(shape)) if ring else (_colour(shape), None)
    for x, y in _fine(shape):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill, outline, width=_FINE)


@_draw.register
def _(shape: Words, pen: ImageDraw.ImageDraw) -> None:
    """Words are written at the end, on whole pixels, where they are sharper."""


def _write(words: Words, sheet: Image.Image) -> None:
    letters, anchor, colour = Lettering(words.size), _ANCHORS[words.anchor], _colour(words)
    ((x, y),) = words.points
    if not words.upwards:
        letters.write(ImageDraw.Draw(sheet), (x, y), words.text, fill=colour, anchor=anchor)
        return
    long = letters.length(words.text)
    behind = long * {"start": 1.0, "middle": 0.5, "end": 0.0}[words.anchor]
    stamp = Image.new("L", (ceil(long) or 1, letters.ascent + letters.descent))
    letters.write(ImageDraw.Draw(stamp), (0, 0), words.text, fill=255)
    place = round(x) - letters.ascent, round(y) - round(behind)
    sheet.paste(colour[:3], place, stamp.rotate(90, expand=True))


def _colour(shape: Shape) -> tuple[int, int, int, int]:
    red, green, blue, opacity = COLOURS[shape.role]
    return red, green, blue, round(opacity * shape.strength)


def _fine(shape: Shape) -> list[Point]:
    return [(x * _FINE, y * _FINE) for x, y in shape.points]
