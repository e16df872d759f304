"""Points in the plane as plots, with round numbers at their axes."""

from collections.abc import Iterator
from math import ceil, floor, log10

import numpy as np
from torch import Tensor

from zerosum.plots.shapes import Dots, Line, Plot, Role, Shape, Words

_ROOMY = 300
"""Pixels of a side that has room for numbers."""


def scatter(x: Tensor, *, real: Tensor | None = None, side: int = 480) -> Plot:
    """Float `[N, D]` as dots, the first dimension to the right, the second up.

    Numbers `[N, 1]` are drawn in order of size, as a quantile curve. Points that are not finite, or
    lie far outside, are not drawn.

    Args:
        x: points.
        real: others, float `[M, D]`, drawn in grey beneath; they decide the frame, if given.
        side: of the square plot, in pixels.

    >>> import torch
    >>> plot = scatter(torch.tensor([[0.0, 0.0], [10.0, 10.0]]), side=130)
    >>> [tuple(map(round, point)) for point in plot.shapes[0].points]
    [(15, 115), (115, 15)]
    """
    shown = _two_columns(x)
    frame = shown if real is None else _two_columns(real)
    frame = frame[np.isfinite(frame).all(axis=1)]
    low, high = (frame.min(axis=0), frame.max(axis=0)) if len(frame) else (0.0, 1.0)
    margin = np.maximum((high - low) * 0.15, 1e-6 * (1 + np.abs(low) + np.abs(high)))

    def dots(points: np.ndarray, role: Role) -> Dots:
        points = points[np.isfinite(points).all(axis=1)]
        place = (points - (low - margin)) / (high - low + 2 * margin)
        place = place[((place > 0) & (place < 1)).all(axis=1)] * side
        return Dots([(x, side - y) for x, y in place.tolist()], role, strength=0.6, radius=1.25)

    shapes: list[Shape] = [] if real is None else [dots(frame, "real")]
    shapes.append(dots(shown, "made"))
    if side >= _ROOMY:
        first, last, _ = np.broadcast_arrays(low - margin, high + margin, np.zeros(2))
        shapes += _axes(first, last, side)
    return Plot("scatter", side, side, shapes)


def _axes(low: np.ndarray, high: np.ndarray, side: int) -> Iterator[Shape]:
    """Round numbers along the lower and the left edge of a square."""
    for axis in (0, 1):
        for tick in round_ticks(float(low[axis]), float(high[axis])):
            at, text = (tick - low[axis]) / (high[axis] - low[axis]) * side, f"{tick:.6g}"
            if not 0.06 * side < at < 0.94 * side:
                continue  # too near to a corner to be read
            if axis == 0:
                yield Line([(at, side - 5), (at, side)], "axis")
                yield Words([(at, side - 7)], "axis", text=text, anchor="middle", size=11)
            else:
                yield Line([(0, side - at), (5, side - at)], "axis")
                yield Words([(7, side - at + 4)], "axis", text=text, size=11)


def round_ticks(low: float, high: float) -> list[float]:
    """Three to six multiples of 1, 2 or 5 times a power of ten between two numbers.

    >>> round_ticks(-2.6, 2.7), round_ticks(0.1, 0.19)
    ([-2.0, -1.0, 0.0, 1.0, 2.0], [0.1, 0.12, 0.14, 0.16, 0.18])
    """
    power = 10.0 ** floor(log10((high - low) / 5))
    step = next(power * m for m in (1, 2, 5, 10) if (high - low) / (power * m) <= 6)
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [float(f"{i * step:.12g}") for i in range(first, last + 1)]


def _two_columns(x: Tensor) -> np.ndarray:
    array = x.numpy().astype(np.float64)
    if array.shape[1] == 1:
        return np.column_stack([np.linspace(0, 1, len(array)), np.sort(array[:, 0])])
    return array[:, :2]
