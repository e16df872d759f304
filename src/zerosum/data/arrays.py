"""Samples from arrays, in memory and in `.npz` files: what readers of every kind of array share."""

import math
import tokenize
from abc import abstractmethod
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import IO, Annotated, Any, Literal

import numpy as np
import torch
from numpy.lib import format as npy
from pydantic import BeforeValidator, PositiveInt
from torch import Tensor

from zerosum.data.archives import UNPACKING_ERRORS, open_zip
from zerosum.data.base import DataConfig, Dataset, Progress, encode_labels
from zerosum.data.files import look_at, open_regular
from zerosum.errors import DataError
from zerosum.faces import option

Split = Literal["train", "test"]

Labels = Literal["auto", "none"]
"""Whether labels are read where there are some, or left out."""

_PAIRS: dict[Split, tuple[tuple[str, str], ...]] = {
    "train": (
        ("x", "y"),
        ("x_train", "y_train"),
        ("train_images", "train_labels"),
        ("images", "labels"),
    ),
    "test": (
        ("x_test", "y_test"),
        ("test_images", "test_labels"),
        ("x_val", "y_val"),
        ("val_images", "val_labels"),
    ),
}


_FIRST = 4_096
"""Numbers of a file that are looked at before it is read."""

_LEAST_SIDE = 8
"""Of pictures whose rows lie behind each other."""

ARRAY_ERRORS = (*UNPACKING_ERRORS, SyntaxError, TypeError, tokenize.TokenError)
"""What numpy raises on damaged arrays, by way of the parser of their headers."""


def _as_names(value: Any) -> Any:
    """Names as users write them: `T-shirt,Trouser`."""
    return tuple(name.strip() for name in value.split(",")) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_names)]
"""Names of labels as an option of readers."""


class ArrayOptions(DataConfig):
    """What can be asked of samples that come as arrays.

    Attributes:
        labels: `none` leaves labels out.
        label_names: what the labels 0, 1, 2, … are called; if not given, they are numbers.
        limit: take this many only, evenly spread.
    """

    labels: Labels = "auto"
    label_names: Names = ()
    limit: PositiveInt | None = None

    @abstractmethod
    def dataset_of(
        self, x: np.ndarray | Tensor, y: Tensor | None, labels: tuple[str, ...], *, name: str
    ) -> Dataset:
        """The data set of samples that were chosen already.

        Args:
            x: `[N, ...]`, as the caller gave it.
            y: codes of labels, int64 `[N]`, or None.
            labels: their names.
            name: how messages call the data.

        Raises:
            DataError: another shape, type or range, or values that are not finite.
        """

    def dataset(self, x: Any, y: Any, *, name: str) -> Dataset:
        """The data set of arrays `x` `[N, ...]` and labels `y` `[N]` or None.

        Raises:
            DataError: they cannot be used.
        """
        samples = x if isinstance(x, Tensor) else np.asarray(x)
        if samples.ndim == 0 or 0 in samples.shape:
            raise DataError(f"{name} has shape {tuple(samples.shape)}: there are no samples in it.")
        codes, labels = (None, ())
        if y is not None and self.labels == "auto":
            named = as_numpy(y)
            if named.ndim == 2 and named.shape[1] == 1:
                named = named[:, 0]
            if named.ndim == 2:
                raise DataError(
                    f"{name} has {named.shape[1]} labels for each sample, and a sample has one. "
                    f"Choose a column, or say {option('labels', 'none')}."
                )
            if named.ndim == 1 and len(named) != len(samples):
                raise DataError(f"{len(named)} labels for {len(samples)} samples; give one each.")
            codes, labels = encode_labels(named)
        if self.limit is not None and self.limit < len(samples):
            rows = torch.arange(self.limit) * len(samples) // self.limit
            samples = samples[rows if isinstance(samples, Tensor) else rows.numpy()]
            if codes is not None:
                codes, labels = encode_labels([labels[int(code)] for code in codes[rows]])
        return self.dataset_of(samples, codes, self._called(labels), name=name)

    def _called(self, labels: tuple[str, ...]) -> tuple[str, ...]:
        """What labels are called.

        Raises:
            DataError: there are too few names, or labels are no whole numbers from 0.
        """
        if not self.label_names or not labels:
            return labels
        whole = all(label.isdecimal() for label in labels)
        if not whole or max(map(int, labels)) >= len(self.label_names):
            raise DataError(
                f"there are {len(self.label_names)} label_names, and labels from {labels[0]} to "
                f"{labels[-1]}. They are whole numbers from 0: give a name for each."
            )
        return tuple(self.label_names[int(label)] for label in labels)


class HeldArrays(ArrayOptions):
    """Arrays that the caller holds; a run cannot open them again by itself."""

    def build(self, progress: Progress | None = None) -> Dataset:
        """Always an error: the arrays are gone.

        Raises:
            DataError: say which data to use.
        """
        raise DataError(
            "this run was trained on arrays held in memory. Give them again, "
            f"or a file that holds them, with {option('data')}."
        )

    def open(self, data: Any, progress: Progress | None = None) -> tuple[Dataset, DataConfig]:
        """Read an array, or a pair of an array and labels.

        Raises:
            DataError: it cannot be used.
        """
        x, y = samples_and_labels(data)
        return self.dataset(x, y, name="array"), self


class NpzFile(ArrayOptions):
    """A `.npz` file with `x` and perhaps `y`, `x_train` and `y_train`, or MedMNIST's names.

    Numbers in `y` are called by an array `labels` of names, as `Samples.save` writes it.

    Attributes:
        path: the file.
        split: `test` takes `x_test` and `y_test` instead, or `test_images` and `test_labels`; else
            those of val.
    """

    not_options = frozenset({"path", "split"})
    path: str
    split: Split = "train"

    def build(self, progress: Progress | None = None) -> Dataset:
        """Read the arrays; nothing pickled is ever loaded.

        Raises:
            DataError: no such file, no such arrays, or arrays of objects.
        """
        x, y = read_npz(Path(self.path), self.split)
        made = self.dataset(x, y, name=Path(self.path).name)
        keys = _headers(Path(self.path))
        made.notes += _taken(keys, self.split)
        held = [one for one, _ in _PAIRS["test"] if one in keys]
        if held and self.split == "train":
            made.notes += (
                f"it also holds {', '.join(held)}, which are not trained on: judge with "
                f"{option('holdout', str(self.path))}.",
            )
        return made

    @classmethod
    def open_like(cls, data: Any, space: Any, **how: Any) -> tuple[Dataset, DataConfig | None]:
        """See `DataConfig.open_like`; of a holdout the test split, where there is one."""
        config = cls.describing(data, cls.options_like(space, how.get("like")))
        if how.get("holdout") and _headers(Path(data)).keys() & {x for x, _ in _PAIRS["test"]}:
            config = config.with_values({"split": "test"})
        return config.open(data, how.get("progress"))


def samples_and_labels(data: Any) -> tuple[Any, Any]:
    """An array and None, or both of a pair."""
    return tuple(data) if isinstance(data, tuple | list) and len(data) == 2 else (data, None)


def shape_and_type(data: Any) -> tuple[tuple[int, ...], str] | None:
    """Shape and kind of type (as numpy has it: `f`, `u`, `O`) of samples held or in a `.npz` file.

    None if `data` is neither an array (or a pair of one with labels) nor such a file.
    """
    if isinstance(data, str | Path):
        path = Path(data)
        if path.suffix.lower() != ".npz" or look_at(path) != "file":
            return None
        headers = _headers(path)
        return next((headers[x] for x, _ in _PAIRS["train"] if x in headers), ((), ""))
    x, _ = samples_and_labels(data)
    if isinstance(x, Tensor):
        return tuple(x.shape), as_numpy(x.new_empty(0)).dtype.kind
    if not hasattr(x, "__array__") or hasattr(x, "columns"):  # which data frames have
        return None
    array = np.asarray(x)
    return array.shape, array.dtype.kind


def first_values(data: Any) -> np.ndarray:
    """All numbers of samples that are held, or the first of those in a `.npz` file.

    Empty if a file holds no samples or cannot be read.
    """
    if not isinstance(data, str | Path):
        return as_numpy(samples_and_labels(data)[0])
    with suppress(*ARRAY_ERRORS, DataError), open_zip(Path(data), form=".npz") as archive:
        held = {name.removesuffix(".npy"): name for name in archive.namelist()}
        name = next(held[x] for x, _ in _PAIRS["train"] if x in held)
        with archive.open(name) as member:
            _, _, dtype = _header(member)
            if not dtype.hasobject:
                head = member.read(_FIRST * dtype.itemsize)
                return np.frombuffer(head[: len(head) // dtype.itemsize * dtype.itemsize], dtype)
    return np.empty(0)


def _header(member: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, order and type of the array that a member of a `.npz` file holds."""
    one = npy.read_magic(member) == (1, 0)
    return (npy.read_array_header_1_0 if one else npy.read_array_header_2_0)(member)


def _headers(path: Path) -> dict[str, tuple[tuple[int, ...], str]]:
    """Shape and kind of type of each array in a `.npz` file; none where it cannot be read."""
    found = {}
    with suppress(*ARRAY_ERRORS, DataError), open_zip(path, form=".npz") as archive:
        for name in archive.namelist():
            with archive.open(name) as member:
                shape, _, dtype = _header(member)
            found[name.removesuffix(".npy")] = shape, dtype.kind
    return found


def read_npz(path: Path, split: Split) -> tuple[np.ndarray, np.ndarray | None]:
    """Samples and labels in a `.npz` file; nothing pickled is ever loaded.

    Raises:
        DataError: no such file, no such arrays, or arrays of objects.
    """
    open_zip(path, form=".npz").close()
    try:
        with open_regular(path) as handle, np.load(handle, allow_pickle=False) as arrays:
            for x_name, y_name in _PAIRS[split]:
                if x_name in arrays:
                    return arrays[x_name], _named(arrays.get(y_name), arrays.get("labels"))
            needs = "x, and y for labels; or x_train and y_train, or train_images and train_labels"
            raise DataError(
                f"{path} holds {', '.join(arrays.files) or 'nothing'}. It needs the array "
                f"{needs if split == 'train' else 'x_test, and y_test for labels'}."
            )
    except ARRAY_ERRORS as error:
        raise DataError(
            f"{path} cannot be read as .npz: {error}. Write plain arrays of numbers with "
            "numpy.savez(path, x=..., y=...)."
        ) from error


def read_npy(path: Path) -> np.ndarray:
    """The array in a `.npy` file; nothing pickled is ever loaded.

    Raises:
        DataError: no such file, or no plain array.
    """
    try:
        with open_regular(path) as handle:
            return npy.read_array(handle)
    except ARRAY_ERRORS as error:
        raise DataError(
            f"{path} cannot be read as .npy: {error}. Write a plain array of numbers with "
            "numpy.save(path, x)."
        ) from error


def is_npy(data: Any) -> bool:
    """Whether `data` is the path of a `.npy` file."""
    return isinstance(data, str | Path) and (
        Path(data).suffix.lower() == ".npy" and look_at(Path(data)) == "file"
    )


def picture_shape(width: int) -> str:
    """The shape that rows of so many numbers have if they are pictures; empty if hardly any.

    >>> picture_shape(784), picture_shape(3_072), picture_shape(50)
    ('28x28', '3x32x32', '')
    """
    for channels, before in ((1, ""), (3, "3x")):
        side = math.isqrt(width // channels)
        if side >= _LEAST_SIDE and channels * side * side == width:
            return f"{before}{side}x{side}"
    return ""


def _taken(keys: Collection[str], split: Split) -> tuple[str, ...]:
    """Says which arrays of a `.npz` file are taken; nothing of `x` and `y`, which are its form.

    >>> _taken(["images", "labels"], "train")
    ("'images' are taken as samples, 'labels' as labels.",)
    >>> _taken(["x", "y"], "train")
    ()
    """
    x, y = next(pair for pair in _PAIRS[split] if pair[0] in keys)
    if x.startswith("x"):
        return ()
    labels = f", {y!r} as labels" if y in keys else ", without labels"
    return (f"{x!r} are taken as samples{labels}.",)


def _named(y: np.ndarray | None, names: np.ndarray | None) -> np.ndarray | None:
    """Labels by the names that `Samples.save` writes beside them, where there are such names.

    >>> _named(np.array([1, 0]), np.array(["cat", "dog"]))
    array(['dog', 'cat'], dtype='<U3')
    """
    if y is None or names is None or names.ndim != 1 or names.dtype.kind != "U":
        return y
    fits = y.dtype.kind in "iu" and len(y) and y.min() >= 0 and y.max() < len(names)
    return names[y] if fits else y


def as_numpy(x: Any) -> np.ndarray:
    """An array or tensor as numpy; bfloat16 becomes float32."""
    if not isinstance(x, Tensor):
        return np.asarray(x)
    held = x.detach().cpu()
    return (held.float() if held.dtype == torch.bfloat16 else held).numpy()


def require_numbers(array: np.ndarray, *, name: str) -> None:
    """Refuse what is not real numbers, and numbers that are not finite.

    Raises:
        DataError: it holds others.
    """
    if array.dtype.kind not in "fiub":
        raise DataError(f"{name} holds {array.dtype}; samples are real numbers.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        n = int((~np.isfinite(array)).sum())
        raise DataError(f"{name} has {n:,} NaN or infinite values. Fill or drop them first.")
