"""What every data set offers: a space, a length, a fingerprint, and rows by index."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from inspect import getdoc
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import torch
from pydantic import Field as Limits
from torch import Tensor

from zerosum.config import Config
from zerosum.data.splits import has_splits
from zerosum.errors import DataError, did_you_mean
from zerosum.spaces import ImageSpace, PointSpace, Space

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


class Dataset(ABC):
    """Samples that can be fetched by index, in compact form.

    Attributes:
        space: what one sample is.
        name: how messages call this data.
        fingerprint: hex digest of the content; a resume refuses data with another one.
        notes: what was guessed as it was read, each in a sentence.
        held_out: samples that were kept apart when it was opened, else None.
        modes: for mixtures, the centres `[M, D]` in data units, else None.
        mode_std: standard deviation of one mode, in data units.
        sources: of pairs, what the samples are to be made from, else None.
        aligned: whether the source of each sample is that at the same index.
        in_parts: whether samples consist of parts that games learn from.
        items: name of the file of each sample; empty where samples have numbers alone.
        read_from_rows: what of the columns of records was found by looking at rows, by column;
            empty where it was given.
    """

    space: Space
    name: str
    fingerprint: str
    notes: tuple[str, ...] = ()
    held_out: "Dataset | None" = None
    modes: Tensor | None = None
    mode_std: float = 0.0
    sources: "Dataset | None" = None
    aligned: bool = False
    in_parts: bool = False
    items: Sequence[str] = ()
    read_from_rows: Mapping[str, Sequence[str]] = {}

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def take(self, indices: Tensor) -> tuple[Tensor, Tensor | None]:
        """Compact samples `[B, ...]` and int64 labels `[B]` (None without labels), on the CPU."""

    @property
    def stated_size(self) -> int:
        """How many samples messages say that there are; of private data a noisy number."""
        return len(self)

    def holds_what(self, other: "Dataset") -> bool:
        """Whether it is known to hold the samples that `other` holds."""
        return self is other or self.fingerprint == other.fingerprint

    def is_of(self, fingerprint: str) -> bool:
        """Whether a run that recorded this fingerprint was trained on this data."""
        return fingerprint == self.fingerprint

    def labels_of(self, indices: Tensor) -> Tensor | None:
        """The labels alone; a data set that reads samples from disk need not read them here."""
        return self.take(indices)[1]

    @property
    def resident(self) -> tuple[Tensor, Tensor | None] | None:
        """All samples and labels where they are held in memory, else None."""
        return None

    def sources_of(self, indices: Tensor) -> Tensor | None:
        """What samples are made from, compact `[B, ...]`; None where from nothing."""
        return None

    def parts_of(self, indices: Tensor) -> Tensor | None:
        """What samples consist of, `[R, ...]`, any number for each; None where they are whole.

        A game that learns from parts finds them in its batches.
        """
        return None


class ArrayDataset(Dataset):
    """Samples held in memory, with int64 labels `[N]` if there are any.

    Args:
        x: compact samples `[N, ...]`.
        y: labels.
        name: how messages call this data.
        labels: names of the labels.
        modes: for mixtures, the centres `[M, D]`.
        mode_std: standard deviation of one mode.
        fingerprint: of the content; if not given, a digest of it.
        space: what a sample is; if not given, images for uint8 `[N, C, H, W]`, else points.
    """

    def __init__(
        self,
        x: Tensor,
        y: Tensor | None = None,
        *,
        name: str,
        labels: Sequence[str] = (),
        modes: Tensor | None = None,
        mode_std: float = 0.0,
        fingerprint: str | None = None,
        space: Space | None = None,
    ) -> None:
        self._x, self._y = x.contiguous(), y
        self.name, self.modes, self.mode_std = name, modes, mode_std
        self.space = space or space_of(x, y, labels)
        self.fingerprint = fingerprint or fingerprint_of(self._x, y, labels)

    def __len__(self) -> int:
        return len(self._x)

    def take(self, indices: Tensor) -> tuple[Tensor, Tensor | None]:
        """Rows `indices`."""
        return self._x[indices], None if self._y is None else self._y[indices]

    @property
    def resident(self) -> tuple[Tensor, Tensor | None]:
        """Everything."""
        return self._x, self._y


Share = Annotated[float, Limits(gt=0, lt=1)]
"""A part of the whole, between 0 and 1."""


class DataConfig(Config):
    """Describes a data set, so that a run can open it again, and reads it: a *reader*.

    A concrete one has a `kind` and is found by itself. Its fields beside the place are the options
    that users may give; their JSON Schema is that of the options.
    """

    holdout: Share | None = None
    """Share of the samples that is kept apart, to judge with; which ones depends on how many."""

    spaces: ClassVar[tuple[str, ...]] = ()
    """Kinds of space that it gives."""

    built_in: ClassVar[bool] = False
    """Whether its kind is the name of data that needs no file."""

    option_names: ClassVar[Mapping[str, str]] = {}
    """Fields whose option has another name, by field."""

    not_options: ClassVar[frozenset[str]] = frozenset({"path"})
    """Fields that say where the data is, and are no options."""

    split_endings: ClassVar[Collection[str]] = ()
    """Endings of files that may lie in folders called train and test, of readers with a `split`."""

    @classmethod
    def claims(cls, data: Any) -> float:
        """How sure this reader is that it reads `data`: 0 not at all, 1 certain.

        Args:
            data: whatever the user calls data: a path or name, an array, a frame, a pair of these.
        """
        return float(cls.built_in and isinstance(data, str) and data == cls.kind)

    @classmethod
    def options(cls) -> dict[str, str]:
        """The field of each option, by the name that users give."""
        return {
            cls.option_names.get(name, name): name
            for name in cls.model_fields
            if name not in cls.not_options
        }

    @classmethod
    def described(cls) -> dict[str, Any]:
        """Kind, kinds of space, and the JSON Schema of each option, for programs and forms."""
        schema = cls.json_schema()
        shared = {"$defs": schema["$defs"]} if "$defs" in schema else {}
        fields = schema["properties"]
        options = {name: fields[field] for name, field in sorted(cls.options().items())}
        return {
            "kind": cls.kind, "spaces": list(cls.spaces), "built_in": cls.built_in,
            "summary": (getdoc(cls) or "").partition("\n\n")[0].replace("\n", " "),
            "options": options, **shared,
        }  # fmt: skip

    @classmethod
    def describing(cls, data: Any, options: Mapping[str, Any]) -> Self:
        """The description of `data`, read with some options.

        Raises:
            DataError: an option does not apply; those that do are named.
            ConfigError: an option has a value that is not allowed.
        """
        return cls(**cls.place_of(data), **cls.fields_for(options))

    @classmethod
    def place_of(cls, data: Any) -> dict[str, Any]:
        """The fields that say where `data` is; none of data that the caller holds."""
        return {"path": str(data)} if "path" in cls.model_fields else {}

    @classmethod
    def fields_for(cls, options: Mapping[str, Any]) -> dict[str, Any]:
        """Fields and values for options.

        Raises:
            DataError: an option does not apply.
        """
        known = cls.options()
        for name in options:
            if name not in known:
                raise DataError(
                    f"{name} does not apply to {cls.kind} data; leave it out."
                    f"{did_you_mean(name, known)}"
                )
        return {known[name]: value for name, value in options.items()}

    def given_options(self) -> dict[str, Any]:
        """The options that are not at their defaults, by the name that users give."""
        names = type(self).options()
        return {
            name: getattr(self, field)
            for name, field in names.items()
            if getattr(self, field) != type(self).model_fields[field].get_default(
                call_default_factory=True
            )
        }  # fmt: skip

    def build(self, progress: Progress | None = None) -> Dataset:
        """Open the data; `progress` is told about anything that takes long.

        Raises:
            DataError: it is not there, or cannot be used.
        """
        raise TypeError(f"{type(self).__name__} must define build()")

    def open(self, data: Any, progress: Progress | None = None) -> tuple[Dataset, "DataConfig"]:
        """Open `data`, which `describing` was called with; also what a run records.

        Raises:
            DataError: it cannot be read or used.
        """
        return self.build(progress), self

    def scan(self, progress: Progress | None = None) -> str | None:
        """What is found and what it is brought to, in a sentence; None if there is nothing to say.

        Raises:
            DataError: it cannot be read.
        """
        return None

    @classmethod
    def open_like(
        cls,
        data: Any,
        space: Space,
        *,
        like: "DataConfig | None" = None,
        holdout: bool = False,
        progress: Progress | None = None,
    ) -> tuple[Dataset, "DataConfig | None"]:
        """Data brought to the form of `space`.

        Args:
            data: what this reader claims.
            space: what its samples shall be.
            like: how the data of that space was opened; options that fit are used again.
            holdout: whether samples are wanted that are not in the training data: a test split if
                there is one, or another seed of data that is simulated.
            progress: called during work that takes long.

        Raises:
            DataError: it cannot be read, or not be brought to that form.
        """
        config = cls.describing(data, cls.options_like(space, like))
        if holdout and cls.built_in and "seed" in cls.model_fields:
            same = like if isinstance(like, cls) else config
            config = same.with_values({"seed": same.to_json()["seed"] + 1, "holdout": None})
        if (
            holdout
            and cls.split_endings
            and has_splits(Path(config.to_json()["path"]), cls.split_endings)
        ):
            config = config.with_values({"split": "test"})
        dataset, opened = config.open(data, progress)
        return dataset, opened

    @classmethod
    def options_like(cls, space: Space, like: "DataConfig | None") -> dict[str, Any]:
        """Options that bring data to the form of `space`, which was opened as `like`."""
        if like is None:
            return {}
        known = cls.options().keys() - {"holdout"}
        return {name: value for name, value in like.given_options().items() if name in known}


def space_of(x: Tensor, y: Tensor | None, labels: Sequence[str]) -> Space:
    """The space that compact samples `x` with labels `y` come from."""
    counts: tuple[int, ...] = ()
    if y is not None:
        counts = tuple(torch.bincount(y, minlength=len(labels)).tolist())
    names = tuple(labels)
    if x.dtype == torch.uint8:
        return ImageSpace(
            channels=x.shape[1], height=x.shape[2], width=x.shape[3],
            labels=names, label_counts=counts,
        )  # fmt: skip
    scale = x.double().std(dim=0, correction=0)
    return PointSpace(
        center=tuple(x.double().mean(dim=0).tolist()),
        scale=tuple(torch.where(scale > 0, scale, torch.ones_like(scale)).tolist()),
        labels=names,
        label_counts=counts,
    )


def fingerprint_of(x: Tensor, y: Tensor | None, labels: Sequence[str] = ()) -> str:
    """Hex digest of the samples, their shape, their labels and how these are called."""
    digest = hashlib.sha256(f"{tuple(x.shape)} {x.dtype}".encode())
    digest.update(x.contiguous().numpy().data)
    if y is not None:
        digest.update(y.numpy().tobytes())
        digest.update(repr(tuple(labels)).encode())
    return digest.hexdigest()[:32]


_WHOLE = 2.0**63
"""The end of whole numbers that are counted in."""


def encode_labels(values: np.ndarray | Sequence[object]) -> tuple[Tensor, tuple[str, ...]]:
    """Label values of any type to codes `[N]` and their names, numbers in numeric order.

    Raises:
        DataError: there is not one label for each sample, or a label is missing.
    """
    array = np.asarray(values)
    if array.ndim != 1:
        raise DataError(f"labels have shape {array.shape}; give one label for each sample, [N].")
    if array.dtype.kind == "O":
        missing = sum(value is None or value != value for value in array.flat)
        if missing:
            raise DataError(f"{missing} labels are missing; give every sample a label.")
        array = array.astype(str)
    array = _as_text(array)
    if array.dtype.kind == "f":
        if not np.isfinite(array).all():
            raise DataError("labels hold NaN or infinite values; give every sample a label.")
        if (array == array.round()).all() and np.abs(array).max(initial=0) < _WHOLE:
            array = array.astype(np.int64)
    values_seen, codes = np.unique(array, return_inverse=True)
    names = [str(value) for value in values_seen]
    if all(name.isdecimal() for name in names):  # folders called 1 to 12, say
        order = sorted(range(len(names)), key=lambda code: (int(names[code]), names[code]))
        names = [names[code] for code in order]
        codes = np.argsort(order)[codes]
    return torch.from_numpy(codes.astype(np.int64)), tuple(names)


def _as_text(array: np.ndarray) -> np.ndarray:
    """Labels that are bytes as text; others as they are.

    Raises:
        DataError: they are not UTF-8, or of a type that has no order.
    """
    if array.dtype.kind not in "biufSUmM":
        raise DataError(f"labels are of type {array.dtype}; they are numbers or text.")
    try:
        text = np.char.decode(array, "utf-8") if array.dtype.kind == "S" else array
        if text.dtype.kind == "U":
            "".join(text.ravel().tolist()).encode("utf-8")
    except (ValueError, SystemError) as error:  # bytes or characters that there are not
        raise DataError(f"labels are not text: {error}. Write them again.") from error
    return text


def other_kind(what: str, space: Space) -> DataError:
    """That data cannot be brought to `space`, since it holds `what`.

    >>> print(other_kind("rows of a table", ImageSpace(channels=1, height=8, width=8)))
    this data holds rows of a table, and images of 1 x 8 x 8 are needed. Give data of that kind.
    """
    return DataError(
        f"this data holds {what}, and {space.description} are needed. Give data of that kind."
    )
