"""Images from arrays: in memory, in `.npz` files, and in the idx files of MNIST."""

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from zerosum.data.archives import MAX_EXPANSION, MAX_SMALL
from zerosum.data.arrays import (
    ArrayOptions,
    HeldArrays,
    NpzFile,
    as_numpy,
    first_values,
    is_npy,
    picture_shape,
    read_npy,
    require_numbers,
    shape_and_type,
)
from zerosum.data.base import ArrayDataset, DataConfig, Dataset, Progress
from zerosum.data.files import length_of, look_at, open_regular
from zerosum.errors import DataError
from zerosum.faces import reading
from zerosum.modalities.images.mirrored import mirrored
from zerosum.modalities.images.pixels import Fit, Shape, Sides, fit_image
from zerosum.spaces import ImageSpace, Space

_LEAST_PIXELS = 64
"""Of an image that lies in a row of an array."""
_IDX_DIMENSIONS = range(1, 5)


class ImageArrays(ArrayOptions):
    """Arrays of images.

    Attributes:
        size: `(height, width)` to bring images to; if not given, their own.
        fit: how; see `ImagesConfig`.
        mirror: show each image mirrored as well, left and right exchanged.
        shape: of images whose pixels lie in one row each, `[N, 784]`: `28x28`, `32x32x3`, or
            `3x32x32` with one channel after another.
    """

    spaces = ("image",)
    size: Sides | None = None
    fit: Fit = "cover"
    mirror: bool = False
    shape: Shape | None = None

    @classmethod
    def claims(cls, data: Any) -> float:
        """Arrays of three or four axes; others weakly, so that the error says what is wrong.

        Three axes of numbers that no pixel has may rather be series.
        """
        known = shape_and_type(data)
        if known is None or isinstance(data, str | Path) != issubclass(cls, NpzFile):
            return 0.0
        if len(known[0]) == 3 and _no_pixels(data):
            return 0.4
        rows = len(known[0]) == 2 and known[0][1] >= _LEAST_PIXELS
        return 0.8 if len(known[0]) in (3, 4) else 0.35 if rows else 0.2

    def dataset_of(
        self, x: np.ndarray | Tensor, y: Tensor | None, labels: tuple[str, ...], *, name: str
    ) -> Dataset:
        """uint8 `[N, C, H, W]`; see `ArrayOptions.dataset_of`."""
        images = as_images(x if self.shape is None else _shaped(x, self.shape, name), name=name)
        if self.size is None and self.fit != "cover":
            raise DataError(f"fit {self.fit} says how to reach a size; give size too.")
        if self.size is not None:
            images = _resized(images, self.size, self.fit)
        dataset = ArrayDataset(images, y, name=name, labels=labels)
        return mirrored(dataset) if self.mirror else dataset

    @classmethod
    def options_like(cls, space: Space, like: DataConfig | None) -> dict[str, Any]:
        """The size of images of `space` where nothing else is known."""
        if like is None and issubclass(cls, NpzFile) and isinstance(space, ImageSpace):
            return {"size": (space.height, space.width)}
        options = super().options_like(space, like)
        options.pop("mirror", None)  # other reals are compared as they are
        if "size" not in options:  # how to reach a size is said of a size
            options.pop("fit", None)
        return options


def _shaped(x: Any, shape: tuple[int, ...], name: str) -> Any:
    """Rows `[N, D]` as images of a shape `[N, *shape]`.

    Raises:
        DataError: they have another length.
    """
    if math.prod(x.shape[1:]) != math.prod(shape):
        sides = "x".join(map(str, shape))
        raise DataError(
            f"{name} has shape {tuple(x.shape)}, and images of {sides} have {math.prod(shape):,} "
            "numbers each. Give another shape, or leave it out."
        )
    return x.reshape(len(x), *shape) if x.ndim == 2 else x


class HeldImages(ImageArrays, HeldArrays):
    """An array of images that the caller holds."""

    kind = "memory"


class ImagesFile(ImageArrays, NpzFile):
    """A `.npz` file of images, or a `.npy` file of `x` alone."""

    kind = "npz"

    @classmethod
    def claims(cls, data: Any) -> float:
        """See `ImageArrays.claims`; `.npy` files less surely than series."""
        return 0.45 if is_npy(data) else super().claims(data)

    def build(self, progress: Progress | None = None) -> Dataset:
        """Read the arrays; nothing pickled is ever loaded.

        Raises:
            DataError: no such file, no such arrays, or arrays that are no images.
        """
        path = Path(self.path)
        if path.suffix.lower() != ".npy":
            return super().build(progress)
        return self.dataset(read_npy(path), None, name=path.name)


class IdxConfig(ImageArrays):
    """An idx file of images, plain or gzipped; labels are read from the file next to it."""

    kind = "idx"
    path: str

    @classmethod
    def claims(cls, data: Any) -> float:
        """Files that are called as those of MNIST are."""
        if not isinstance(data, str | Path) or look_at(Path(data)) != "file":
            return 0.0
        name = Path(data).name.lower()
        called = "idx" in name and (name.endswith((".gz", "ubyte")) or ".idx" in name)
        return 0.9 if called else 0.0

    def build(self, progress: Progress | None = None) -> Dataset:
        """Read images and labels.

        Raises:
            DataError: not an idx file, or shorter than it says.
        """
        path = Path(self.path)
        beside = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
        y = read_idx(beside) if beside != path and look_at(beside) == "file" else None
        return self.dataset(read_idx(path), y, name=path.name)


def _no_pixels(data: Any) -> bool:
    """Whether samples that are held, or the first ones of a file, have floats outside of [0, 1]."""
    x = first_values(data)
    return x.dtype.kind == "f" and x.size > 0 and bool(x.min() < 0 or x.max() > 1)


def read_idx(path: Path) -> np.ndarray:
    """The uint8 array in an idx file (LeCun's format), plain or gzipped.

    Raises:
        DataError: not an idx file of bytes, or not as long as it says.
    """
    packed = path.suffix.lower() == ".gz"
    try:
        with open_regular(path) as file, gzip.open(file) if packed else file as handle:
            magic = handle.read(4)
            if len(magic) < 4 or magic[:3] != b"\x00\x00\x08" or magic[3] not in _IDX_DIMENSIONS:
                raise DataError(
                    f"{path} is not an idx file of bytes in 1 to 4 dimensions; it begins with "
                    f"{magic.hex(' ') or 'nothing'}."
                )
            shape = struct.unpack(f">{magic[3]}I", handle.read(4 * magic[3]))
            size, held = math.prod(shape), length_of(path)
            if size > max(MAX_SMALL, MAX_EXPANSION * held):
                raise DataError(f"{path} promises {size:,} bytes, far more than it can hold.")
            body = handle.read((size if packed else min(size, held)) + 1)
    except (OSError, EOFError, struct.error, zlib.error) as error:
        raise DataError(f"{path} cannot be read as an idx file: {error}.") from error
    if len(body) != size:
        held = f"{len(body):,}" if len(body) < size else "more"
        raise DataError(f"{path} should hold {size:,} bytes and holds {held}. Fetch it again.")
    return np.frombuffer(body, np.uint8).reshape(shape)


def as_images(x: Any, *, name: str) -> Tensor:
    """Arrays of images as uint8 `[N, C, H, W]`.

    They are `[N, H, W]`, `[N, H, W, C]` or `[N, C, H, W]` with 1, 3 or 4 channels, as whole numbers
    0 to 255, floats 0 to 1, or booleans. Where both orders are possible, numpy means channels last
    and torch channels first.

    Raises:
        DataError: another shape, type or range, or values that are not finite.

    >>> as_images(np.zeros((5, 8, 8, 3), np.uint8), name="x").shape
    torch.Size([5, 3, 8, 8])
    >>> as_images(torch.ones(1, 2, 2), name="x").flatten().tolist()
    [255, 255, 255, 255]
    """
    torch_order = isinstance(x, Tensor)
    array = as_numpy(x)
    require_numbers(array, name=name)
    if array.ndim not in (3, 4):
        raise DataError(
            f"{name} has shape {array.shape}. Images are [N, H, W], [N, H, W, C] or "
            f"[N, C, H, W], points are [N, D], and there is at least one.{_if_rows(array.shape)}"
        )
    pixels = torch.from_numpy(np.ascontiguousarray(_as_bytes(array, name)))
    if pixels.ndim == 3:
        return pixels[:, None]
    first, last = pixels.shape[1] in (1, 3, 4), pixels.shape[3] in (1, 3, 4)
    if not first and not last:
        raise DataError(f"{name} has shape {array.shape}; images have 1, 3 or 4 channels.")
    return pixels if first and (torch_order or not last) else pixels.permute(0, 3, 1, 2)


def _if_rows(shape: tuple[int, ...]) -> str:
    """What to do about an array of a shape whose rows may be images."""
    one = picture_shape(shape[1]) if len(shape) == 2 else ""
    return f" If each row is an image, say its shape ({reading(shape=one)})." if one else ""


def _as_bytes(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype.kind == "b":
        return array.astype(np.uint8) * 255
    low, high = array.min(), array.max()
    if array.dtype.kind == "f":
        if low < 0 or high > 1:
            raise DataError(
                f"{name} holds floats from {low:.3g} to {high:.3g}. Images as floats lie between "
                "0 and 1: scale them, or give uint8."
            )
        return np.round(array * 255).astype(np.uint8)
    if low < 0 or high > 255:
        raise DataError(f"{name} holds numbers from {low} to {high}; pixels lie in 0 to 255.")
    return array.astype(np.uint8)


def _resized(samples: Tensor, size: tuple[int, int], fit: Fit) -> Tensor:
    channels = samples.shape[1]
    pixels = samples.permute(0, 2, 3, 1).numpy()
    squeezed = pixels[..., 0] if channels == 1 else pixels
    return torch.stack(
        [fit_image(Image.fromarray(image), size, fit, channels) for image in squeezed]
    )
