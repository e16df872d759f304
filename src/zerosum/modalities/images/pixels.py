"""One image: opened safely, turned upright, and brought to a size and number of channels."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import torch
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError, features
from PIL.TiffImagePlugin import TiffImageFile
from pydantic import BeforeValidator
from torch import Tensor

from zerosum.config import Count, Size
from zerosum.data.archives import Archive
from zerosum.data.files import what_else
from zerosum.errors import DataError
from zerosum.faces import option
from zerosum.modalities.images.deep import Range, colours_of, deep_values, from_deep, is_deep

Fit = Literal["cover", "contain", "stretch", "crop"]
"""`cover` fills the size and cuts what is over, `contain` adds black borders, `stretch` ignores
proportions, `crop` takes the middle without resizing."""


_AVIF = features.check("avif")
ENDINGS = {
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm",
    ".pgm", *([".avif"] if _AVIF else ()),
}  # fmt: skip
MAX_PIXELS = 64_000_000

Half = Literal["left", "right"]
"""Of an image that holds two side by side."""


class ImageHeader(NamedTuple):
    """What an image's header says of it, upright.

    Attributes:
        height: in pixels.
        width: in pixels.
        channels: 1, 3 or 4.
        deep: whether its pixels have more than 8 bits.
        animated: whether there are more images after the first.
    """

    height: int
    width: int
    channels: int
    deep: bool = False
    animated: bool = False


_CHANNEL_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
# Named, because Pillow would otherwise try every format that it knows, and run programs for some.
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM", *(("AVIF",) if _AVIF else ()))
_SIDEWAYS = {5, 6, 7, 8}
"""EXIF orientations that swap height and width."""


def as_names(value: Any) -> Any:
    """Names as users write them: a list, or one text with commas.

    >>> as_names("kind, tone")
    ['kind', 'tone']
    """
    return [name.strip() for name in value.split(",")] if isinstance(value, str) else value


def as_sides(value: Any) -> Any:
    """Height and width as users write them: one number for both, or `48x64` for `(48, 64)`.

    >>> as_sides(64), as_sides("48x64"), as_sides((48, 64))
    ((64, 64), (48, 64), (48, 64))

    Raises:
        ValueError: text of another form.
    """
    if isinstance(value, int):
        return value, value
    if not isinstance(value, str):
        return value
    sides = value.lower().split("x")
    if len(sides) > 2 or not all(side.isdecimal() for side in sides):
        raise ValueError("write 64, or HEIGHTxWIDTH such as 48x64")
    return int(sides[0]), int(sides[-1])


Sides = Annotated[tuple[Size, Size], BeforeValidator(as_sides)]
"""`(height, width)` as an option of readers."""


def as_shape(value: Any) -> Any:
    """The shape of an image as users write it: `28x28`, `32x32x3` or `3x32x32`.

    >>> as_shape("3x32x32"), as_shape((28, 28))
    ((3, 32, 32), (28, 28))

    Raises:
        ValueError: text of another form.
    """
    if not isinstance(value, str):
        return value
    sides = value.lower().split("x")
    if len(sides) not in (2, 3) or not all(side.isdecimal() for side in sides):
        raise ValueError("write HEIGHTxWIDTH such as 28x28, HEIGHTxWIDTHx3, or 3xHEIGHTxWIDTH")
    return tuple(int(side) for side in sides)


Shape = Annotated[tuple[Count, Count] | tuple[Count, Count, Count], BeforeValidator(as_shape)]
"""Height and width, and channels before or after them, as an option of readers."""


def as_range(value: Any) -> Any:
    """Two numbers as users write them: `0,4095`.

    >>> as_range("0,4095")
    (0, 4095)

    Raises:
        ValueError: text of another form.
    """
    if not isinstance(value, str):
        return value
    ends = value.split(",")
    if len(ends) != 2 or not all(end.strip().lstrip("-").isdecimal() for end in ends):
        raise ValueError("write LOW,HIGH such as 0,4095")
    return int(ends[0]), int(ends[1])


PixelRange = Annotated[Range, BeforeValidator(as_range)]
"""The values of deep pixels that become 0 and 255, as an option of readers."""


@contextmanager
def open_image(archive: Archive, name: str) -> Iterator[Image.Image]:
    """Open the image `name` and read its header; pixels are decoded later.

    Raises:
        DataError: no image, one that is too large to decode, or one of floating-point pixels.
    """
    try:
        with archive.open(name) as handle, Image.open(handle, formats=_FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise DataError(_huge(f"{image.height} x {image.width}"))
            if image.mode == "F":
                raise DataError("its pixels are floating-point numbers; save it with 8 or 16 bits")
            yield image
    except UnidentifiedImageError as error:
        raise DataError(_no_image(archive, name)) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataError(_huge("it has far more")) from error


def read_form(archive: Archive, name: str) -> ImageHeader:
    """The form of an image, from its header alone.

    Raises:
        DataError: it is no image that can be used.
    """
    try:
        with open_image(archive, name) as image:
            more = False
            with suppress(Exception):  # what comes after the first image may be cut off
                more = bool(getattr(image, "is_animated", False))
                image.seek(0)
            return ImageHeader(*_upright_sides(image), channels_of(image), is_deep(image), more)
    except DataError:
        raise
    except Exception as error:  # decoders raise whatever they like
        raise DataError(str(error) or type(error).__name__) from error


def read_range(archive: Archive, name: str) -> Range:
    """The smallest and the largest value of an image of deep pixels.

    Raises:
        DataError: it cannot be decoded.
    """
    try:
        with open_image(archive, name):  # which refuses what is too large
            values = colours_of(deep_values(archive, name))
            return int(values.min()), int(values.max())
    except DataError:
        raise
    except Exception as error:  # decoders raise whatever they like
        raise DataError(f"cannot be decoded: {str(error) or type(error).__name__}") from error


def read_pixels(
    archive: Archive,
    name: str,
    size: tuple[int, int],
    fit: Fit,
    channels: int,
    *,
    pixel_range: Range | None = None,
    half: Half | None = None,
) -> Tensor:
    """An image, upright, as uint8 `[C, H, W]` of `size`.

    Args:
        archive: where it lies.
        name: of the file.
        size: `(height, width)`.
        fit: how it is brought to that size.
        channels: 1, 3 or 4.
        pixel_range: of deep pixels, what becomes 0 and 255; if not given, the image's own range.
        half: of an image that holds two side by side, which one.

    Raises:
        DataError: it cannot be decoded, or is smaller than a crop.
    """
    try:
        with open_image(archive, name) as image:
            turn = _orientation(image)
            deep = is_deep(image)
            if (
                fit != "crop" and half is None
            ):  # a JPEG can be decoded at a fraction of its size, which is faster
                height, width = size[::-1] if turn in _SIDEWAYS else size
                image.draft(_CHANNEL_MODES[channels], (width, height))
            made = from_deep(deep_values(archive, name), pixel_range) if deep else image
            upright = made if turn == 1 else _turned(image, made)
            if half is not None:
                middle = upright.width // 2
                left = 0 if half == "left" else upright.width - middle
                upright = upright.crop((left, 0, left + middle, upright.height))
            return fit_image(upright, size, fit, channels)
    except DataError:
        raise
    except Exception as error:  # decoders raise whatever they like
        raise DataError(f"cannot be decoded: {str(error) or type(error).__name__}") from error


def fit_image(
    image: Image.Image,
    size: tuple[int, int],
    fit: Fit,
    channels: int,
) -> Tensor:
    """One Pillow image as uint8 `[C, H, W]` of `size`; see `read_pixels`.

    Raises:
        DataError: `crop` of an image that is smaller.

    >>> fit_image(Image.new("RGB", (9, 5)), (4, 4), "cover", 1).shape
    torch.Size([1, 4, 4])
    """
    if image.mode.startswith("I"):
        image = from_deep(np.asarray(image), None)
    image = _with_channels(image, channels)
    height, width = size
    if image.size != (width, height):
        image = _resized(image, height, width, fit)
    pixels = np.asarray(image, dtype=np.uint8)
    return torch.from_numpy(pixels.reshape(height, width, channels).transpose(2, 0, 1).copy())


def _no_image(archive: Archive, name: str) -> str:
    """Why a file is not an image."""
    if not archive.size(name):
        return "empty"
    with archive.open(name) as handle:
        other = what_else(handle.read(200))
    return f"not an image, but {other}" if other else "not an image"


def _turned(image: Image.Image, made: Image.Image) -> Image.Image:
    """What was made of an opened image, turned upright as the EXIF block of that says."""
    if made is not image:
        made.getexif()[ExifTags.Base.Orientation] = _orientation(image)
    return ImageOps.exif_transpose(made)


def _huge(given: str) -> str:
    return f"huge: {given} pixels, the limit is {MAX_PIXELS:,}"


def _upright_sides(image: Image.Image) -> tuple[int, int]:
    """Height and width after turning."""
    height, width = image.height, image.width
    if isinstance(image, TiffImageFile):  # some versions of Pillow have swapped them already
        height, width = image.tag_v2[257], image.tag_v2[256]
    return (width, height) if _orientation(image) in _SIDEWAYS else (height, width)


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8, as far as the header says it."""
    if image.format == "PNG" and "exif" not in image.info:
        return 1  # Pillow would decode the whole file to look behind the pixels
    try:
        found = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # a broken EXIF block says nothing about the pixels
        return 1
    return found if found in range(1, 9) else 1


def channels_of(image: Image.Image) -> int:
    """1 for grey, 3 for colour, 4 with alpha, from the header alone."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        return 4
    return 1 if image.mode in ("1", "L") or image.mode.startswith("I") else 3


def _with_channels(image: Image.Image, channels: int) -> Image.Image:
    if channels != 4 and channels_of(image) == 4:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    return image.convert(_CHANNEL_MODES[channels])


def _resized(image: Image.Image, height: int, width: int, fit: Fit) -> Image.Image:
    if fit == "crop":
        if image.width < width or image.height < height:
            raise DataError(
                f"an image of {image.height} x {image.width} is smaller than the crop of "
                f"{height} x {width}. Choose a smaller {option('size')} or {option('fit', 'cover')}"
            )
        return _middle(image, height, width)
    if fit == "stretch":
        return image.resize((width, height), Image.Resampling.LANCZOS)
    across, down = width / image.width, height / image.height
    scale = max(across, down) if fit == "cover" else min(across, down)
    new = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    if new[0] * new[1] > MAX_PIXELS:
        raise DataError(
            f"an image of {image.height} x {image.width} is too narrow: it would become "
            f"{new[1]} x {new[0]} before its ends are cut. Cut it, or use "
            f"{option('fit', 'contain')}"
        )
    image = image.resize(new, Image.Resampling.LANCZOS)
    return _middle(image, height, width)


def _middle(image: Image.Image, height: int, width: int) -> Image.Image:
    """The middle of an image; borders are black where it is smaller."""
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))
