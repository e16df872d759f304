"""Images of more than 8 bits for each value: their numbers, and how they become bytes."""

import numpy as np
from PIL import Image

from zerosum.data.archives import Archive

Range = tuple[int, int]
"""The darkest and the brightest value of deep pixels, which become 0 and 255."""

_MOST = 65_535
_ORDERS = {"B": "L", "L": "B", "N": "B"}
"""Orders of the two bytes of a value, and the one that takes the other byte for it."""


def is_deep(image: Image.Image) -> bool:
    """Whether the pixels of an opened image have more than 8 bits, from the header alone."""
    return image.mode.startswith("I") or bool(_raw_mode(image))


def deep_values(archive: Archive, name: str) -> np.ndarray:
    """The numbers of deep pixels, `[H, W]` of grey ones, `[H, W, 3]` or `[H, W, 4]` of colours.

    Pillow keeps one byte of each value of a colour. Read in the other order, it keeps the other.
    """
    with archive.open(name) as handle, Image.open(handle) as image:
        raw = _raw_mode(image)
        if not raw:
            return np.asarray(image)
        high = np.asarray(image).astype(np.uint16)
    with archive.open(name) as handle, Image.open(handle) as image:
        other = f"{raw[:-1]}{_ORDERS[raw[-1]]}"
        image.tile = [
            tile._replace(args=_with_raw_mode(tile.args, raw, other)) for tile in image.tile
        ]
        low = np.asarray(image).astype(np.uint16)
    return high << 8 | low


def colours_of(values: np.ndarray) -> np.ndarray:
    """Values without those of alpha."""
    return values[..., :3] if values.ndim == 3 else values


def from_deep(values: np.ndarray, pixel_range: Range | None) -> Image.Image:
    """Deep pixels as an image of bytes: a range becomes 0 to 255, and what lies outside is cut.

    Args:
        values: see `deep_values`; alpha is of 16 bits.
        pixel_range: what becomes 0 and 255; if not given, the image's own range.
    """
    deep = values.astype(np.float64)
    colours = colours_of(deep)
    low, high = pixel_range or (colours.min(), colours.max())
    scaled = (deep - low) * (255 / max(high - low, 1))
    if deep.shape[2:] == (4,):
        scaled[..., 3] = deep[..., 3] * (255 / _MOST)
    return Image.fromarray(np.round(scaled).clip(0, 255).astype(np.uint8))


def _raw_mode(image: Image.Image) -> str:
    """How colours of 16 bits lie in the file, such as `RGB;16B`; empty for other pixels."""
    for tile in getattr(image, "tile", ()):
        for one in tile.args if isinstance(tile.args, tuple) else (tile.args,):
            if isinstance(one, str) and one[:-1] in ("RGB;16", "RGBA;16") and one[-1] in _ORDERS:
                return one
    return ""


def _with_raw_mode(args: object, old: str, new: str) -> object:
    if isinstance(args, tuple):
        return tuple(new if one == old else one for one in args)
    return new if args == old else args
