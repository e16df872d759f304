"""Images as users hold them, and the channels that a network takes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from torch.nn.functional import interpolate

from zerosum.data.archives import Archive, Folder
from zerosum.errors import DataError
from zerosum.modalities.images.pixels import channels_of, fit_image, read_form, read_pixels
from zerosum.pictures import luma, to_pil

_PLAIN = (1, 3, 4)


def read_image(archive: Archive, name: str) -> Tensor:
    """A file at its own size, upright, uint8 `[C, H, W]` with 1, 3 or 4 channels.

    Raises:
        DataError: it cannot be read.
    """
    height, width, channels = read_form(archive, name)
    return read_pixels(archive, name, (height, width), "cover", channels)


def open_image(path: Path) -> Tensor:
    """The same of a path.

    Raises:
        DataError: it is no readable image.
    """
    if not path.is_file():
        raise DataError(f"no image at {path}. Give the path of a file.")
    try:
        return read_image(Folder(path.parent, only=path.name), path.name)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def taken_in(picture: Any) -> tuple[Tensor, Callable[[Tensor], Any]]:
    """An image as uint8 `[C, H, W]`, and what gives others back in the form that it came in.

    A path comes back as a Pillow image.

    Raises:
        DataError: it is no image.
    """
    if isinstance(picture, str | Path):
        return open_image(Path(picture)), as_pillow
    if isinstance(picture, Image.Image):
        upright = ImageOps.exif_transpose(picture)
        size = upright.height, upright.width
        return fit_image(upright, size, "cover", channels_of(upright)), as_pillow
    if isinstance(picture, Tensor):
        _require(picture.ndim == 3 and picture.shape[0] in _PLAIN, picture.dtype, picture.shape)
        return picture.cpu(), lambda x: x
    if hasattr(picture, "__array__"):
        array = np.asarray(picture)
        plane = array.ndim == 2
        array = array[:, :, None] if plane else array
        _require(array.ndim == 3 and array.shape[2] in _PLAIN, array.dtype, array.shape)
        pixels = torch.from_numpy(array.transpose(2, 0, 1).copy())

        def give_back(x: Tensor) -> np.ndarray:
            out = x.permute(1, 2, 0).contiguous().numpy()
            return out[:, :, 0] if plane and out.shape[2] == 1 else out

        return pixels, give_back
    raise DataError(
        f"an image is of type {type(picture).__name__}. Give a path, a Pillow image, a uint8 "
        "array [H, W, C] or [H, W], a uint8 tensor [C, H, W], or a list of these."
    )


def as_pillow(x: Tensor) -> Image.Image:
    """uint8 `[C, H, W]` as a Pillow image."""
    return to_pil(x.permute(1, 2, 0).contiguous().numpy())


def with_channels(pixels: Tensor, channels: int) -> tuple[Tensor, Tensor | None]:
    """An image `[C, H, W]` with other channels, float in [0, 255], and its alpha `[1, H, W]`.

    Where alpha is left out, colour is laid over white, as in training; else None is returned.

    Raises:
        DataError: there is no way to these channels.
    """
    x = pixels.float()
    if len(x) == channels:
        return x, None
    if len(x) not in _PLAIN or channels not in _PLAIN:
        raise DataError(f"the image has {len(x)} channels, and this model takes {channels}.")
    alpha = None
    if len(x) == 4:
        alpha = x[3:]
        x = 255 + (x[:3] - 255) * (alpha / 255)
    if channels == 1 and len(x) == 3:
        x = luma(x[None])[0]
    if channels > 1 and len(x) == 1:
        x = x.repeat(3, 1, 1)
    if channels == 4:
        x = torch.cat([x, torch.full_like(x[:1], 255)])
    return x, alpha


def with_alpha(x: Tensor, alpha: Tensor, factor: int) -> Tensor:
    """Colour `[C, H, W]` in [0, 255] that was laid over white, taken off it, with its alpha beside.

    `alpha` `[1, h, w]` is enlarged by `factor`; the result is RGBA, float.
    """
    if factor != 1:
        alpha = interpolate(alpha[None], scale_factor=factor, mode="bicubic")[0].clamp(0, 255)
    colour = x if len(x) == 3 else x[:1].expand(3, -1, -1)
    off = (255 + (colour - 255) * 255 / alpha.clamp_min(1)).clamp(0, 255)
    return torch.cat([torch.where(alpha > 0, off, colour), alpha])


def _require(shaped: bool, dtype: Any, shape: Any) -> None:
    if not shaped or dtype not in (np.uint8, torch.uint8):
        raise DataError(
            f"an image is an array of {str(dtype).removeprefix('torch.')} and shape "
            f"{tuple(shape)}. Give whole numbers from 0 to 255 (uint8): an array [H, W, C] or "
            "[H, W], or a tensor [C, H, W], with 1, 3 or 4 channels."
        )
