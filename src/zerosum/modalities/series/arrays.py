"""Series as one data set, and from arrays: in memory, in `.npz` and in `.npy` files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from pydantic import PositiveFloat
from torch import Tensor

from zerosum.data.arrays import (
    ARRAY_ERRORS,
    ArrayOptions,
    HeldArrays,
    NpzFile,
    as_numpy,
    is_npy,
    read_npy,
    shape_and_type,
)
from zerosum.data.base import ArrayDataset, DataConfig, Dataset, Progress, fingerprint_of
from zerosum.data.files import open_regular
from zerosum.errors import ConfigError, DataError, did_you_mean
from zerosum.faces import Blank, reading
from zerosum.modalities.series.attributes import fit_attributes, values_like, with_label
from zerosum.modalities.series.finding import FactWishes
from zerosum.modalities.series.gaps import after_end
from zerosum.modalities.series.missing import Missing, missing_in, without_missing
from zerosum.modalities.series.space import SeriesSpace, fit_space
from zerosum.spaces import Space

LEAST = 8
"""Series that there must be to learn from."""


class SeriesOptions(DataConfig):
    """What can be asked of any series.

    Attributes:
        names: of the channels, in order; if not given, those of the data, else c0, c1, ….
        missing: what is done about NaN: `keep` them, so that samples have gaps like those of the
            data; `refuse` them, `interpolate` them in time, or `drop` the series that have any.
        increments: channels that are modelled by increments; if not given, those that wander.
        log: channels on a log scale; if not given, what is found.
        sampling_rate: places per second, which only names the time in files.
        static: what a series has once beside its values: columns of a table that never change
            within a series, or arrays of a `.npz` file of one value each.
    """

    spaces = ("series",)
    names: tuple[str, ...] = ()
    missing: Missing = "keep"
    increments: tuple[str, ...] | None = None
    log: tuple[str, ...] | None = None
    sampling_rate: PositiveFloat | None = None
    static: tuple[str, ...] = ()

    @classmethod
    def fields_for(cls, options: Any) -> dict[str, Any]:
        """See `DataConfig.fields_for`; names may be one text, with commas between them."""
        fields = super().fields_for(options)
        return {name: _listed(value) if name in _LISTS else value for name, value in fields.items()}

    def series(
        self, x: np.ndarray, y: Tensor | None, labels: Sequence[str], names: Sequence[str],
        *, name: str, static: pa.Table | None = None,
    ) -> Dataset:  # fmt: skip
        """The data set of series `[N, L, C]`, with what is found in them.

        Args:
            x: the series; NaN is a missing value, or follows the end of a series.
            y: codes of labels `[N]`, or None.
            labels: their names.
            names: of the channels.
            name: how messages call the data.
            static: a row of attributes for each series, if they have any.

        Raises:
            DataError: they cannot be used.
        """
        names = self.names or tuple(names)
        if len(names) != x.shape[2]:
            raise DataError(
                f"{len(names)} names for {x.shape[2]} channels of {name}; give one name each."
            )
        self._require_known(names)
        if static is not None and self.missing == "drop":
            static = static.filter(pa.array(~missing_in(x).any(axis=(1, 2))))
        y, x, labels = without_missing(x, y, labels, names, how=self.missing, name=name)
        if len(x) < LEAST:
            raise DataError(
                f"{name} holds {len(x)} series, and a model learns from {LEAST} or more. Cut a "
                "long one into windows: a table of one row each step, with "
                f"{reading(window=Blank('LENGTH'))}."
            )
        if x.shape[1] < 2:
            raise DataError(
                f"the series of {name} have one step each. They are points: take a recipe for "
                "points or tables."
            )
        if np.nanmax(np.abs(x)) > np.finfo(np.float32).max:
            raise DataError(f"{name} has values beyond 3.4e38, the end of float32. Scale them.")
        self._require_positive(x, names)
        own = torch.from_numpy(np.ascontiguousarray(x.transpose(0, 2, 1), dtype=np.float32))
        counts = [] if y is None else torch.bincount(y, minlength=len(labels)).tolist()
        table, values = None, None
        if static is not None and static.num_columns:
            called = [] if y is None or len(labels) < 2 else [labels[int(code)] for code in y]
            static = with_label(static, called)
            table, values = fit_attributes(static, channels=names, name=name)
        try:
            space = fit_space(
                own, names, labels=labels, label_counts=counts, sampling_rate=self.sampling_rate,
                wishes=FactWishes(self.increments, self.log), attributes=table,
            )  # fmt: skip
        except ConfigError as error:
            raise DataError(f"{name} cannot be used: {error}") from error
        own = own if values is None else space.joined(own, values)
        return SeriesDataset(own, y, space, name=name, static=static)

    def _require_known(self, names: Sequence[str]) -> None:
        for option in ("increments", "log"):
            for one in getattr(self, option) or ():
                if one not in names:
                    raise DataError(
                        f"{option} names {one!r}, which is no channel.{did_you_mean(one, names)}"
                    )

    def _require_positive(self, x: np.ndarray, names: Sequence[str]) -> None:
        for one in self.log or ():
            least = np.nanmin(x[:, :, names.index(one)])
            if least <= 0:
                raise DataError(
                    f"channel {one!r} has values down to {least:g}, and a log scale needs positive "
                    "ones. Leave it out of log."
                )

    def scan(self, progress: Progress | None = None) -> str | None:
        """What is found, in a sentence."""
        try:
            dataset = self.build(progress)
        except DataError:
            return None  # training says why
        space = dataset.space
        assert isinstance(space, SeriesSpace)
        classes = f"; {space.num_labels} classes" if space.labels else ""
        found = "".join(f"; {fact}" for fact in space.facts)
        return f"{len(dataset):,} {space.description}{classes}{found}"

    @classmethod
    def open_like(
        cls, data: Any, space: Space, *, like: DataConfig | None = None, holdout: bool = False,
        progress: Progress | None = None,
    ) -> tuple[Dataset, DataConfig | None]:  # fmt: skip
        """See `DataConfig.open_like`: series are taken as samples of `space`."""
        dataset, config = super().open_like(
            data, space, like=like, holdout=holdout, progress=progress
        )
        return as_of(dataset, space), config


class SeriesDataset(ArrayDataset):
    """Series in memory, float32 `[N, C, L]`.

    The fingerprint covers how the channels are called as well.

    Args:
        x: the series, in compact form.
        y: codes of labels `[N]`, or None.
        space: what a series is.
        name: how messages call the data.
        static: their attributes as they were read, if there are any.
    """

    space: SeriesSpace

    def __init__(
        self, x: Tensor, y: Tensor | None, space: SeriesSpace, *, name: str,
        static: pa.Table | None = None,
    ) -> None:  # fmt: skip
        fingerprint = fingerprint_of(x, y, (*space.labels, *space.names))
        super().__init__(x, y, name=name, labels=space.labels, space=space, fingerprint=fingerprint)
        self.static = static


def as_of(dataset: Dataset, space: Space) -> Dataset:
    """The same series with what was found in the training data, where they are of its channels.

    Shorter ones are of `space` too, where its series end early.

    Labels get the codes of `space`; those it does not know come after them.

    Raises:
        DataError: a channel is missing in places, and never was in the training data; or series go
            on for longer than any there.
    """
    if not (isinstance(dataset, SeriesDataset) and isinstance(space, SeriesSpace)):
        return dataset
    mine = dataset.space
    short = space.length - mine.length
    if mine.names == space.names and short < 0 and space.ends:
        longer = int((~dataset.resident[0][:, 0, space.length].isnan()).sum())
        raise DataError(
            f"{longer:,} of {len(dataset):,} series of {dataset.name} have more than "
            f"{space.length:,} steps, and none had in the training data. Leave them out, or train "
            "on longer ones."
        )
    if mine.names != space.names or short < 0 or (short and not space.ends):
        return dataset
    x, y = dataset.resident
    x = torch.nn.functional.pad(x, (0, short), value=torch.nan)
    if space.attributes is not None and dataset.static is not None:
        values = values_like(dataset.static, space.attributes, name=dataset.name)
        x = space.joined(mine.parts(x)[0], values)
    elif mine.attributes is not None or space.attributes is not None:
        return dataset
    known = {step.channel for step in space.gaps}
    gone = x[:, : len(space.names)].isnan()
    gone = gone & ~after_end(gone)[:, None] if space.ends else gone
    for i, one in enumerate(space.names):
        if one not in known and bool(gone[:, i].any()):
            raise DataError(
                f"channel {one!r} of {dataset.name} has missing values, and had none in the "
                f"training data. Give {reading(missing='drop')} or `interpolate` in place of "
                "`drop`, or leave these series out."
            )
    labels, counts = mine.labels, mine.label_counts
    if y is not None and space.labels:
        labels = (*space.labels, *(one for one in mine.labels if one not in space.labels))
        code = {one: i for i, one in enumerate(labels)}
        y = torch.tensor([code[one] for one in mine.labels])[y]
        counts = tuple(torch.bincount(y, minlength=len(labels)).tolist())
    judged = space.model_copy(update={"labels": labels, "label_counts": counts})
    return SeriesDataset(x, y, judged, name=dataset.name, static=dataset.static)


class SeriesArrays(ArrayOptions, SeriesOptions):
    """Arrays of series, `[N, L, C]`, or `[N, L]` of one channel."""

    @classmethod
    def claims(cls, data: Any) -> float:
        """Arrays of three axes, or of two, which may as well be points."""
        known = shape_and_type(data)
        if known is None or isinstance(data, str | Path) != issubclass(cls, NpzFile):
            return 0.0
        return {3: 0.6, 2: 0.5}.get(len(known[0]), 0.1)

    def dataset_of(
        self, x: np.ndarray | Tensor, y: Tensor | None, labels: tuple[str, ...], *, name: str
    ) -> Dataset:
        """See `ArrayOptions.dataset_of`."""
        array = as_numpy(x)
        if array.dtype.kind not in "fiub":
            raise DataError(f"{name} holds {array.dtype}; series are real numbers.")
        if array.ndim not in (2, 3):
            raise DataError(
                f"{name} has shape {array.shape}. Series are [N, L, C]: N series of L steps and C "
                "channels; or [N, L] of one channel."
            )
        array = array.astype(np.float64).reshape(*array.shape[:2], -1)
        return self.series(
            array, y, labels, self._names or [f"c{i}" for i in range(array.shape[2])], name=name,
            static=self._beside(len(array)),
        )  # fmt: skip

    @property
    def _names(self) -> tuple[str, ...]:
        """Names of channels beside the arrays."""
        return ()

    def _beside(self, many: int) -> pa.Table | None:
        """Attributes beside the arrays, of so many series.

        Raises:
            DataError: they are asked for and missing.
        """
        if self.static:
            raise DataError(
                "static names arrays of a .npz file or columns of a table, and an array in memory "
                "has neither. Give one of these."
            )
        return None


class HeldSeries(SeriesArrays, HeldArrays):
    """An array of series that the caller holds."""

    kind = "held_series"

    def scan(self, progress: Progress | None = None) -> str | None:
        """Nothing: the arrays are in the caller's hands."""
        return None


class SeriesFile(SeriesArrays, NpzFile):
    """A `.npz` file of series: `x`, and perhaps `y` and `names`; or a `.npy` file of `x` alone."""

    kind = "series_npz"
    not_options = frozenset({"path", "split"})

    @classmethod
    def claims(cls, data: Any) -> float:
        """See `SeriesArrays.claims`; and every `.npy` file."""
        return 0.5 if is_npy(data) else super().claims(data)

    def build(self, progress: Progress | None = None) -> Dataset:
        """Read the arrays; nothing pickled is ever loaded.

        Raises:
            DataError: no such file, no such arrays, or arrays of objects.
        """
        path = Path(self.path)
        if path.suffix.lower() != ".npy":
            return super().build(progress)
        return self.dataset(read_npy(path), None, name=path.name)

    def _beside(self, many: int) -> pa.Table | None:
        """See `SeriesArrays._beside`: arrays of the file with one value each."""
        path = Path(self.path)
        if not self.static:
            return None
        if path.suffix.lower() != ".npz":
            return super()._beside(many)
        ending = "_test" if self.split == "test" else ""
        found = {}
        try:
            with open_regular(path) as handle, np.load(handle) as arrays:
                for one in self.static:
                    if one + ending not in arrays.files:
                        near = did_you_mean(one, arrays.files)
                        raise DataError(f"{path} has no array {one + ending!r}.{near}")
                    found[one] = arrays[one + ending]
        except ARRAY_ERRORS as error:
            raise DataError(f"the attributes of {path} cannot be read: {error}.") from error
        for one, values in found.items():
            if values.shape != (many,) or values.dtype.kind not in "biufUM" or self.limit:
                raise DataError(
                    f"static names the array {one!r} of {path}, {values.dtype} of shape "
                    f"{values.shape}, and {many:,} series have one value each: numbers or texts, "
                    "without limit."
                )
        return pa.table({one: pa.array(values) for one, values in found.items()})

    @classmethod
    def open_like(cls, data: Any, space: Space, **how: Any) -> tuple[Dataset, DataConfig | None]:
        """See `NpzFile.open_like`; series are taken as samples of `space`."""
        dataset, config = super().open_like(data, space, **how)
        return as_of(dataset, space), config

    @property
    def _names(self) -> tuple[str, ...]:
        """The array `names` of a `.npz` file."""
        path = Path(self.path)
        if path.suffix.lower() != ".npz":
            return ()
        try:
            with open_regular(path) as handle, np.load(handle) as arrays:
                if "names" not in arrays.files:
                    return ()
                names = arrays["names"]
        except ARRAY_ERRORS as error:
            raise DataError(f"the array names of {path} cannot be read: {error}.") from error
        if names.ndim != 1 or names.dtype.kind not in "US":
            raise DataError(f"the array names of {path} is no list of texts.")
        return tuple(names.astype(str).tolist())


_LISTS = ("names", "increments", "log", "channels", "static")


def _listed(value: Any) -> Any:
    """Names in one text, with commas between them, as a tuple of them."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value
