"""Samples as pictures: grids of images, scatter plots of points, and characters for a terminal."""

from collections.abc import Mapping, Sequence
from math import ceil, floor, isfinite, log10, sqrt

import numpy as np
from PIL import Image
from torch import Tensor

_INK = np.array([37, 99, 235], dtype=np.float32)
_REAL = np.array([190, 190, 190], dtype=np.float32)
_SMALL_SIDE = 64
_AXES = "#334e9e"


def draw_grid(images: Tensor, *, columns: int | None = None, gap: int = 2) -> Image.Image:
    """Pictures side by side; small ones are enlarged without smoothing.

    Args:
        images: uint8 `[N, C, H, W]`, N at least 1.
        columns: pictures in a row; if not given, as many as make the sheet about square.
        gap: pixels between pictures.

    >>> import torch
    >>> draw_grid(torch.zeros(4, 1, 64, 64, dtype=torch.uint8)).size
    (134, 134)
    """
    n, channels, height, width = images.shape
    columns = columns or max(1, ceil(sqrt(n * height / width)))
    rows = ceil(n / columns)
    zoom = max(1, _SMALL_SIDE // max(height, width))
    pixels = images.permute(0, 2, 3, 1).numpy()
    pixels = pixels.repeat(zoom, axis=1).repeat(zoom, axis=2)
    height, width = height * zoom, width * zoom
    sheet = np.full(
        (rows * (height + gap) + gap, columns * (width + gap) + gap, channels), 255, np.uint8
    )
    for i, tile in enumerate(pixels):
        top = gap + i // columns * (height + gap)
        left = gap + i % columns * (width + gap)
        sheet[top : top + height, left : left + width] = tile
    return to_pil(sheet)


def to_pil(pixels: np.ndarray) -> Image.Image:
    """uint8 `[H, W, C]` as a Pillow image: 1 channel grey, 3 RGB, 4 RGBA, others the mean.

    >>> to_pil(np.zeros((2, 5, 3), dtype=np.uint8)).size
    (5, 2)
    """
    channels = pixels.shape[2]
    if channels in (3, 4):
        return Image.fromarray(pixels)
    if channels == 1:
        return Image.fromarray(pixels[:, :, 0])
    return Image.fromarray(pixels.mean(axis=2).astype(np.uint8))


LUMA = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in grey: Rec. ITU-R BT.601, as Pillow has it."""


def luma(x: Tensor) -> Tensor:
    """Grey `[B, 1, H, W]` of colour `[B, 3, H, W]`, in the same units.

    >>> import torch
    >>> luma(torch.ones(1, 3, 1, 1)).item()
    1.0
    """
    return (x * x.new_tensor(LUMA)[:, None, None]).sum(1, keepdim=True)


def draw_points(x: Tensor, *, real: Tensor | None = None, side: int = 480) -> Image.Image:
    """Float `[N, D]` as dots, the first dimension to the right, the second up.

    Numbers `[N, 1]` are drawn in order of size, as a quantile curve. Points that are not finite, or
    lie far outside, are not drawn.

    Args:
        x: points.
        real: others, float `[M, D]`, drawn in grey beneath; they decide the frame, if given.
        side: of the square picture, in pixels.

    >>> import torch
    >>> draw_points(torch.zeros(3, 2), side=48).size
    (48, 48)
    """
    shown = _two_columns(x)
    frame = shown if real is None else _two_columns(real)
    frame = frame[np.isfinite(frame).all(axis=1)]
    low, high = (frame.min(axis=0), frame.max(axis=0)) if len(frame) else (0.0, 1.0)
    margin = np.maximum((high - low) * 0.15, 1e-6 * (1 + np.abs(low) + np.abs(high)))
    sheet = np.full((side, side, 3), 255, np.float32)
    if real is not None:
        _dots(sheet, frame, low - margin, high + margin, _REAL)
    _dots(sheet, shown, low - margin, high + margin, _INK)
    picture = Image.fromarray(sheet.astype(np.uint8))
    if side >= _ROOMY:
        _label_axes(picture, *np.broadcast_arrays(low - margin, high + margin, np.zeros(2))[:2])
    return picture


def block_characters(picture: Image.Image, *, columns: int) -> list[list[tuple[str, str]]]:
    """A picture as rows of `(upper, lower)` hex colours, to print as half blocks.

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


_ROOMY = 300
"""Pixels from which a frame of curves has room for more numbers at its sides."""
_WHOLE = 20.0
"""What an x axis spans at least to be labelled with whole numbers."""


def draw_curves(
    curves: Mapping[str, Sequence[tuple[float, float]]],
    *,
    side: int = 480,
    marks: Sequence[tuple[float, str]] = (),
) -> Image.Image:
    """Named `(x, y)` curves in one frame with a legend; a curve of one point is a dot.

    The legend is at the top, on the side where it covers fewer points. Points that are not finite
    are not drawn. `marks` are upright lines at an x, with their colours.
    """
    from PIL import ImageDraw, ImageFont

    colours = ["#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2"]
    width, left, bottom, top = side * 3 // 2, 56, 32, 16
    sheet = Image.new("RGB", (width, side), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    curves = {name: [p for p in curve if all(map(isfinite, p))] for name, curve in curves.items()}
    points = [point for curve in curves.values() for point in curve]
    xs, ys = [p[0] for p in points] or [0.0], [p[1] for p in points] or [0.0]
    x0, x1, y0, y1 = min(xs), max(xs), min(ys), max(ys)
    x_span, y_span = max(x1 - x0, 1e-9), max(y1 - y0, 1e-9)

    def place(x: float, y: float) -> tuple[float, float]:
        across = left + (x - x0) / x_span * (width - left - 16)
        return across, side - bottom - (y - y0) / y_span * (side - bottom - top)

    for share in (0.0, 0.5, 1.0) if side < _ROOMY else (0.0, 0.25, 0.5, 0.75, 1.0):
        y = y0 + share * y_span
        pen.line([place(x0, y), place(x1, y)], fill="#e5e7eb")
        pen.text((6, place(x0, y)[1] - 7), f"{y:.3g}", fill="#374151", font=font)
        x = x0 + share * x_span
        label = f"{x:,.0f}" if x_span >= _WHOLE else f"{round(x, 2):,.10g}"
        across = min(place(x, y0)[0] - 14, width - 4 - pen.textlength(label, font=font))
        pen.text((across, side - 22), label, fill="#374151", font=font)
    for x, colour in marks:
        if x0 <= x <= x1:
            pen.line([place(x, y0), place(x, y1)], fill=colour)
    long = max((pen.textlength(name, font=font) for name in curves), default=0.0)
    sides = (left + 12.0, width - 28.0 - long)
    high = [x for x, y in (place(*point) for point in points) if y < top + 8 + 17 * len(curves)]
    legend = min(sides, key=lambda start: sum(-16 <= x - start <= long + 16 for x in high))
    for i, (name, curve) in enumerate(curves.items()):
        colour = colours[i % len(colours)]
        if len(curve) > 1:
            pen.line([place(*point) for point in curve], fill=colour, width=2)
        elif curve:
            (x, y), size = place(*curve[0]), 4
            pen.ellipse([x - size, y - size, x + size, y + size], fill=colour)
        pen.text((legend, top + 4 + 17 * i), name, fill=colour, font=font)
    return sheet


def draw_frames(
    curves: Mapping[str, Sequence[tuple[float, float]]],
    *,
    side: int = 200,
    columns: int = 3,
    marks: Sequence[tuple[float, str]] = (),
) -> Image.Image:
    """Named `(x, y)` curves, each in a frame of its own with its own scale and its name above."""
    frames = {name: {"": curve} for name, curve in curves.items()}
    return draw_overlays(frames, side=side, columns=columns, marks=marks)


def draw_overlays(
    frames: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]],
    *,
    side: int = 200,
    columns: int = 3,
    marks: Sequence[tuple[float, str]] = (),
) -> Image.Image:
    """Frames with a name above and named `(x, y)` curves in each, as `draw_curves` has them."""
    from PIL import ImageDraw, ImageFont

    font, strip = ImageFont.load_default(13), 20
    across = max(1, min(columns, len(frames)))
    down = max(1, -(-len(frames) // across))
    width, height = side * 3 // 2, side + strip
    sheet = Image.new("RGB", (across * width, down * height), "white")
    pen = ImageDraw.Draw(sheet)
    for i, (name, curves) in enumerate(frames.items()):
        x, y = i % across * width, i // across * height
        pen.text((x + 12, y + 4), name, fill="#111827", font=font)
        sheet.paste(draw_curves(curves, side=side, marks=marks), (x, y + strip))
    return sheet


def _two_columns(x: Tensor) -> np.ndarray:
    array = x.numpy().astype(np.float64)
    if array.shape[1] == 1:
        return np.column_stack([np.linspace(0, 1, len(array)), np.sort(array[:, 0])])
    return array[:, :2]


def _dots(
    sheet: np.ndarray, points: np.ndarray, low: np.ndarray, high: np.ndarray, colour: np.ndarray
) -> None:
    side = len(sheet)
    points = points[np.isfinite(points).all(axis=1)]
    place = ((points - low) / (high - low) * (side - 1)).round()
    spot = place[((place > 0) & (place < side - 1)).all(axis=1)].astype(int)
    for dx in (0, 1):
        for dy in (0, 1):
            pixels = (side - 1 - spot[:, 1] + dy) % side, (spot[:, 0] + dx) % side
            sheet[pixels] = 0.4 * sheet[pixels] + 0.6 * colour


def _label_axes(picture: Image.Image, low: np.ndarray, high: np.ndarray) -> None:
    """Round numbers along the lower and the left edge of a square picture."""
    from PIL import ImageDraw, ImageFont

    side, pen, font = picture.width, ImageDraw.Draw(picture), ImageFont.load_default(11)
    for axis in (0, 1):
        span = high[axis] - low[axis]
        for tick in round_ticks(float(low[axis]), float(high[axis])):
            at, words = (tick - low[axis]) / span * (side - 1), f"{tick:.6g}"
            if not 0.06 * side < at < 0.94 * side:
                continue  # too near to a corner to be read
            if axis == 0:
                pen.line([(at, side - 5), (at, side)], fill=_AXES)
                pen.text((at, side - 7), words, fill=_AXES, font=font, anchor="mb")
            else:
                pen.line([(0, side - 1 - at), (4, side - 1 - at)], fill=_AXES)
                pen.text((7, side - 1 - at), words, fill=_AXES, font=font, anchor="lm")


def round_ticks(low: float, high: float) -> list[float]:
    """Three to six multiples of 1, 2 or 5 times a power of ten between two numbers.

    >>> round_ticks(-2.6, 2.7), round_ticks(0.1, 0.19)
    ([-2.0, -1.0, 0.0, 1.0, 2.0], [0.1, 0.12, 0.14, 0.16, 0.18])
    """
    power = 10.0 ** floor(log10((high - low) / 5))
    step = next(power * m for m in (1, 2, 5, 10) if (high - low) / (power * m) <= 6)
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [float(f"{i * step:.12g}") for i in range(first, last + 1)]


def _hex(rgb: np.ndarray) -> str:
    return f"#{rgb[0]:02x}{rgb[1]:02x}{rgb[2]:02x}"
