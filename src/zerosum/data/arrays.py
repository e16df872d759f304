"""Samples from arrays: in memory, in .npz files, and in the idx files of MNIST."""

import gzip
import math
import struct
import tokenize
import zlib
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image
from pydantic import PositiveInt
from torch import Tensor

from zerosum.config import Size
from zerosum.data.archives import MAX_EXPANSION, MAX_SMALL, UNPACKING_ERRORS, open_zip
from zerosum.data.base import ArrayDataset, DataConfig, Dataset, Progress, encode_labels
from zerosum.data.files import length_of, look_at, open_regular
from zerosum.data.images import Labels
from zerosum.data.pixels import Fit, fit_image
from zerosum.errors import DataError

Split = Literal["train", "test"]

_IDX_DIMENSIONS = range(1, 5)
_PAIRS: dict[Split, tuple[tuple[str, str], ...]] = {
    "train": (("x", "y"), ("x_train", "y_train")),
    "test": (("x_test", "y_test"),),
}


_ARRAY_ERRORS = (*UNPACKING_ERRORS, SyntaxError, TypeError, tokenize.TokenError)
"""What numpy raises on damaged arrays, by way of the parser of their headers."""


class ArrayOptions(DataConfig):
    """What can be asked of samples that come as arrays.

    Attributes:
        size: `(height, width)` to bring pictures to; left out, their own.
        fit: how; see `ImagesConfig`.
        labels: `none` leaves labels out.
        limit: take this many only, evenly spread.
    """

    size: tuple[Size, Size] | None = None
    fit: Fit = "cover"
    labels: Labels = "auto"
    limit: PositiveInt | None = None

    def dataset(self, x: Any, y: Any, *, name: str) -> Dataset:
        """The data set of arrays `x` and `y`."""
        samples = as_samples(x, name=name)
        codes, labels = (None, ())
        if y is not None and self.labels == "auto":
            named = _as_numpy(y)
            if named.ndim == 1 and len(named) != len(samples):
                raise DataError(f"{len(named)} labels for {len(samples)} samples; give one each.")
            codes, labels = encode_labels(named)
        if self.limit is not None and self.limit < len(samples):
            rows = torch.arange(self.limit) * len(samples) // self.limit
            samples = samples[rows]
            if codes is not None:
                codes, labels = encode_labels([labels[int(code)] for code in codes[rows]])
        if self.size is None and self.fit != "cover":
            raise DataError(f"fit {self.fit} says how to reach a size; give size too.")
        if self.size is not None:
            samples = _resize(samples, self.size, self.fit, name)
        return ArrayDataset(samples, codes, name=name, labels=labels)


class MemoryConfig(ArrayOptions):
    """Arrays that the caller holds; a run cannot open them again by itself."""

    kind = "memory"

    def build(self, progress: Progress | None = None) -> Dataset:
        """Always an error: the arrays are gone.

        Raises:
            DataError: say which data to use.
        """
        raise DataError(
            "this run was trained on arrays held in memory. Give them again with data=..., or "
            "with --data and a file that holds them."
        )


class NpzConfig(ArrayOptions):
    """A `.npz` file with `x` and perhaps `y`, or `x_train` and `y_train`.

    Attributes:
        path: the file.
        split: `test` takes `x_test` and `y_test` instead.
    """

    kind = "npz"
    path: str
    split: Split = "train"

    def build(self, progress: Progress | None = None) -> Dataset:
        """Read the arrays; nothing pickled is ever loaded.

        Raises:
            DataError: no such file, no such arrays, or arrays of objects.
        """
        path = Path(self.path)
        open_zip(path, form=".npz").close()
        try:
            with (
                open_regular(path) as handle,
                np.load(handle, allow_pickle=False) as arrays,
            ):
                for x_name, y_name in _PAIRS[self.split]:
                    if x_name in arrays:
                        return self.dataset(arrays[x_name], arrays.get(y_name), name=path.name)
                needs = "x, and y for labels; or x_train and y_train"
                raise DataError(
                    f"{path} holds {', '.join(arrays.files) or 'nothing'}. It needs the array "
                    f"{needs if self.split == 'train' else 'x_test, and y_test for labels'}."
                )
        except _ARRAY_ERRORS as error:
            raise DataError(
                f"{path} cannot be read as .npz: {error}. Write plain arrays of numbers with "
                "numpy.savez(path, x=..., y=...)."
            ) from error


def has_test_split(path: Path) -> bool:
    """Whether a `.npz` file holds `x_test`; False where it cannot be read."""
    try:
        with open_zip(path) as archive:
            return "x_test.npy" in archive.namelist()
    except DataError:
        return False


class IdxConfig(ArrayOptions):
    """An idx file of pictures, plain or gzipped; labels are found in the file beside it."""

    kind = "idx"
    path: str

    def build(self, progress: Progress | None = None) -> Dataset:
        """Read pictures and labels.

        Raises:
            DataError: not an idx file, or shorter than it says.
        """
        path = Path(self.path)
        beside = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
        y = read_idx(beside) if beside != path and look_at(beside) == "file" else None
        return self.dataset(read_idx(path), y, name=path.name)


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


def as_samples(x: Any, *, name: str) -> Tensor:
    """Arrays of pictures as uint8 `[N, C, H, W]`, of points as float32 `[N, D]`.

    Pictures are `[N, H, W]`, `[N, H, W, C]` or `[N, C, H, W]` with 1, 3 or 4 channels, as whole
    numbers 0 to 255, floats 0 to 1, or booleans. Where both orders are possible, numpy means
    channels last and torch channels first.

    Raises:
        DataError: another shape, type or range, no samples, or values that are not finite.
    """
    torch_order = isinstance(x, Tensor)
    array = _as_numpy(x)
    if array.dtype.kind not in "fiub":
        raise DataError(f"{name} holds {array.dtype}; samples are real numbers.")
    if array.ndim not in (2, 3, 4) or 0 in array.shape:
        raise DataError(
            f"{name} has shape {array.shape}. Pictures are [N, H, W], [N, H, W, C] or "
            "[N, C, H, W], points are [N, D], and there is at least one."
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        n = int((~np.isfinite(array)).sum())
        raise DataError(f"{name} has {n:,} NaN or infinite values. Fill or drop them first.")
    if array.ndim == 2:
        if array.dtype.kind == "f" and np.abs(array).max() > np.finfo(np.float32).max:
            raise DataError(f"{name} has values beyond 3.4e38, the end of float32. Scale them.")
        return torch.from_numpy(array.astype(np.float32))
    pixels = torch.from_numpy(np.ascontiguousarray(_as_bytes(array, name)))
    if pixels.ndim == 3:
        return pixels[:, None]
    first, last = pixels.shape[1] in (1, 3, 4), pixels.shape[3] in (1, 3, 4)
    if not first and not last:
        raise DataError(f"{name} has shape {array.shape}; pictures have 1, 3 or 4 channels.")
    return pixels if first and (torch_order or not last) else pixels.permute(0, 3, 1, 2)


def _as_numpy(x: Any) -> np.ndarray:
    if not isinstance(x, Tensor):
        return np.asarray(x)
    held = x.detach().cpu()
    return (held.float() if held.dtype == torch.bfloat16 else held).numpy()


def _as_bytes(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype.kind == "b":
        return array.astype(np.uint8) * 255
    low, high = array.min(), array.max()
    if array.dtype.kind == "f":
        if low < 0 or high > 1:
            raise DataError(
                f"{name} holds floats from {low:.3g} to {high:.3g}. Pictures as floats lie between "
                "0 and 1: scale them, or give uint8."
            )
        return np.round(array * 255).astype(np.uint8)
    if low < 0 or high > 255:
        raise DataError(f"{name} holds numbers from {low} to {high}; pixels lie in 0 to 255.")
    return array.astype(np.uint8)


def _resize(samples: Tensor, size: tuple[int, int], fit: Fit, name: str) -> Tensor:
    if samples.dtype != torch.uint8:
        raise DataError(f"{name} holds points, which have no --size. Leave it out.")
    channels = samples.shape[1]
    pixels = samples.permute(0, 2, 3, 1).numpy()
    squeezed = pixels[..., 0] if channels == 1 else pixels
    return torch.stack(
        [fit_image(Image.fromarray(image), size, fit, channels) for image in squeezed]
    )
