"""Images as one picture: grids, and what Pillow takes."""

from math import ceil, sqrt

import numpy as np
from PIL import Image
from torch import Tensor

_SMALL_SIDE = 64


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
