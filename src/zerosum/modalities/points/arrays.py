"""Points from arrays `[N, D]`, in memory and in `.npz` files."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zerosum.data.arrays import (
    ArrayOptions,
    HeldArrays,
    NpzFile,
    as_numpy,
    picture_shape,
    require_numbers,
    shape_and_type,
)
from zerosum.data.base import ArrayDataset, Dataset
from zerosum.errors import DataError
from zerosum.faces import reading


class PointArrays(ArrayOptions):
    """Arrays of points."""

    spaces = ("point",)

    @classmethod
    def claims(cls, data: Any) -> float:
        """Arrays of two axes; others weakly, so that the error says what is wrong."""
        known = shape_and_type(data)
        if known is None or isinstance(data, str | Path) != issubclass(cls, NpzFile):
            return 0.0
        return 0.9 if len(known[0]) == 2 else 0.1

    def dataset_of(
        self, x: np.ndarray | Tensor, y: Tensor | None, labels: tuple[str, ...], *, name: str
    ) -> Dataset:
        """Float32 `[N, D]`; see `ArrayOptions.dataset_of`."""
        array = as_numpy(x)
        require_numbers(array, name=name)
        if array.ndim != 2:
            raise DataError(f"{name} has shape {array.shape}. Points are [N, D].")
        if array.dtype.kind == "f" and np.abs(array).max() > np.finfo(np.float32).max:
            raise DataError(f"{name} has values beyond 3.4e38, the end of float32. Scale them.")
        points = torch.from_numpy(array.astype(np.float32))
        made = ArrayDataset(points, y, name=name, labels=labels)
        made.notes = _may_be_pictures(array)
        return made


def _may_be_pictures(array: np.ndarray) -> tuple[str, ...]:
    """What to say of rows `[N, D]` that may be pictures, by their width and their values."""
    shape, high = picture_shape(array.shape[1]), float(array.max())
    pixels = array.min() >= 0 and (high <= 1 or (high <= 255 and bool((array % 1 == 0).all())))
    if not shape or not pixels:
        return ()
    return (
        f"rows of {array.shape[1]:,} numbers are taken for points. If they are pictures, say their "
        f"shape ({reading(shape=shape)}).",
    )


class HeldPoints(PointArrays, HeldArrays):
    """An array of points that the caller holds."""

    kind = "held_points"


class PointsFile(PointArrays, NpzFile):
    """A `.npz` file of points."""

    kind = "points_npz"
