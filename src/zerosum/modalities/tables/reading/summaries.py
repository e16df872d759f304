"""What is gathered of a column in one pass over its rows, and the field that follows from it."""

import warnings
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from zerosum.errors import DataError
from zerosum.modalities.tables.arrow import (
    as_type,
    functions,
    is_text,
    misfits,
    off_calendar,
    plain,
    units_of,
)
from zerosum.modalities.tables.fields import (
    BooleanField,
    CategoryField,
    Field,
    FloatField,
    IntegerField,
)
from zerosum.modalities.tables.time_fields import (
    NANOSECONDS,
    DateField,
    DatetimeField,
    DurationField,
    Resolution,
)

pc = functions()

_ENDLESS_CHARACTERS = 64 << 20
"""Characters of long texts that all differ after which no more are looked at."""

_CLASSES = ("0123456789", "0123456789abcdef", "0123456789ABCDEF",
            "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            "0123456789abcdefghijklmnopqrstuvwxyz", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")  # fmt: skip
"""Letters that a position of a key is said to have, the narrowest first."""


class Summary(ABC):
    """What is known of a column.

    Attributes:
        name: of the column.
        reads: the arrow type that its values are read in.
        rows: how many were seen.
        known: of those, how many are not missing.
        examples: a few values, as text.
    """

    def __init__(self, name: str, reads: pa.DataType) -> None:
        self.name, self.reads = name, reads
        self.rows = self.known = 0
        self.examples: tuple[str, ...] = ()
        self._first: pa.Scalar | None = None
        self._varies = False

    @property
    def dtype(self) -> str:
        """The name of `reads`."""
        return str(self.reads)

    @property
    def constant(self) -> bool:
        """Whether all rows are the same: one value, or nothing at all."""
        return not self._varies and self.known in (0, self.rows)

    @property
    def distinct_rows(self) -> bool:
        """Whether nothing is missing, and no value comes twice."""
        return False

    def add(self, column: pa.Array) -> None:
        """Take in more rows.

        Raises:
            DataError: they are not of the type that is read.
        """
        self.rows += len(column)
        known = self._read(column).drop_null()
        if not len(known):
            return
        if self._first is None:
            self._first = known[0]
            self.examples = tuple(str(v) for v in known[:100].unique()[:3].to_pylist())
        self._varies = self._varies or bool(pc.any(pc.not_equal(known, self._first)).as_py())
        self.known += len(known)
        self._gather(known)

    def value_in(self, field: Field) -> float:
        """The value of a constant column."""
        assert self._first is not None
        return float(field.to_values(pa.array([self._first.as_py()], self._first.type))[0])

    @abstractmethod
    def field(self, own: dict[str, Any]) -> Field:
        """The field of the column; `own` is its `dtype` and `native`."""

    @abstractmethod
    def _gather(self, known: pa.Array) -> None:
        """Take in values, of which there are some."""

    def _read(self, column: pa.Array) -> pa.Array:
        flat = plain(column)
        wanted = pa.string() if is_text(self.reads) else self.reads
        try:
            return as_type(flat, wanted)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise DataError(
                f"column {self.name!r} cannot be read as {self.reads}: it holds "
                f"{', '.join(misfits(flat, wanted))}. Give it another kind, or drop it."
            ) from None


class Numbers(Summary):
    """Numbers: their range, their decimals, and whether one comes twice.

    Attributes:
        whole: whether they are to be whole.
        low: the smallest.
        high: the largest.
        last: that of the last row.
        counts_up: whether each is more than the one before.
    """

    def __init__(self, name: str, reads: pa.DataType, *, whole: bool) -> None:
        super().__init__(name, reads)
        self.whole, self.low, self.high, self.last = whole, 0, 0, 0
        self.counts_up = False
        self._places: int | None = max(0, reads.scale) if pt.is_decimal(reads) else 0
        self._kept: list[np.ndarray] | None = []

    @property
    def distinct_rows(self) -> bool:
        """See `Summary`; of whole numbers only."""
        if self._kept is None or not self.whole or self.known < self.rows:
            return False
        return len(np.unique(np.concatenate(self._kept or [np.empty(0)]))) == self.known

    def field(self, own: dict[str, Any]) -> Field:
        """Whole numbers, or real ones with the decimals that they have."""
        if self.whole:
            return IntegerField(name=self.name, **own)
        return FloatField(name=self.name, places=self._places, **own)

    def _gather(self, known: pa.Array) -> None:
        if pt.is_decimal(known.type):
            known = known.cast(pa.float64())
        numbers = known.to_numpy(zero_copy_only=False)
        low, high = numbers.min().item(), numbers.max().item()
        first = self.known == len(known)
        self.counts_up = (
            (first or (self.counts_up and numbers[0] > self.last))
            and bool((numbers[1:] > numbers[:-1]).all())
        )  # fmt: skip
        self.low, self.high = (low, high) if first else (min(self.low, low), max(self.high, high))
        self.last = numbers[-1]
        if not self.whole and not pt.is_decimal(self.reads):
            self._places = _decimals(numbers, self._places)
        if not self.whole:
            return
        self._check_whole(known)
        if self._kept is not None:
            once = len(np.unique(numbers)) == len(numbers)
            self._kept = [*self._kept, numbers] if once else None

    def _check_whole(self, known: pa.Array) -> None:
        try:
            known.cast(pa.uint64() if self.reads == pa.uint64() else pa.int64())
        except pa.ArrowInvalid:
            shown = ", ".join(misfits(known, pa.int64()))
            raise DataError(
                f"column {self.name!r} cannot be of kind integer: it holds {shown}. Make it a "
                "float, or a category."
            ) from None


class Flags(Summary):
    """True and false."""

    def field(self, own: dict[str, Any]) -> Field:
        """True or false."""
        return BooleanField(name=self.name, **own)

    def _gather(self, known: pa.Array) -> None:
        """There is nothing more to know."""


class Steps(Summary):
    """Moments, days and lengths of time: the widest steps that all are multiples of.

    Args:
        name: of the column.
        reads: the arrow type that its values are read in.
        offset: what all are taken to be beyond a multiple; left out, what the first one is.
    """

    def __init__(self, name: str, reads: pa.DataType, *, offset: int | None = None) -> None:
        super().__init__(name, reads)
        self._zone = reads.tz if pt.is_timestamp(reads) else None
        self._fits: dict[Resolution, bool] = dict.fromkeys(NANOSECONDS, True)
        self._starts: dict[bool, int] = {} if offset is None else {False: offset, True: offset}

    def field(self, own: dict[str, Any]) -> Field:
        """Days where they are; else time in the widest steps."""
        if pt.is_date(self.reads):
            return DateField(name=self.name, **own)
        fitting: list[Resolution] = [one for one, fits in self._fits.items() if fits]
        resolution = fitting[0] if fitting else None
        if resolution is None:
            warnings.warn(
                f"column {self.name!r} is known to the nanosecond; it is made to the microsecond.",
                stacklevel=2,
            )
            resolution = "us"
        start = self._starts.get(self._is_local(resolution), 0)
        offset = start % self._step(resolution) if self._fits[resolution] else 0
        cls = DatetimeField if pt.is_timestamp(self.reads) else DurationField
        return cls(name=self.name, resolution=resolution, offset=offset, **own)

    def _read(self, column: pa.Array) -> pa.Array:
        known = super()._read(column).drop_null()
        if why := off_calendar(known):  # it could not be shown or saved later
            raise DataError(
                f"column {self.name!r} holds {self.reads} that no calendar has: {why}. Moments lie "
                "in the years 1 to 9999, in a time zone that is known. Mend or drop it."
            )
        return known

    def _gather(self, known: pa.Array) -> None:
        if pt.is_date(self.reads):
            return
        units = {False: units_of(known)}
        if self._zone is not None:
            units[True] = units_of(pc.local_timestamp(known))
        self._starts = self._starts or {local: int(u[0]) for local, u in units.items()}
        for resolution, fits in self._fits.items():
            local = self._is_local(resolution)
            if fits:
                rest = (units[local] - self._starts[local]) % self._step(resolution)
                self._fits[resolution] = not rest.any()

    def _is_local(self, resolution: Resolution) -> bool:
        """Whether steps are counted by the clock of the time zone."""
        return self._zone is not None and resolution == "day"

    def _step(self, resolution: Resolution) -> int:
        """Units of the arrow type in one step."""
        unit = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[self.reads.unit]
        return max(1, NANOSECONDS[resolution] // unit)


class Texts(Summary):
    """Texts: which there are, how long they are, and whether they follow a pattern."""

    def __init__(self, name: str, reads: pa.DataType) -> None:
        super().__init__(name, reads)
        self._pieces: list[pa.Array] = []
        self._held = self._compacted = 0
        self._characters = 0
        self._endless = False

    @property
    def mean_length(self) -> float:
        """Characters of a text."""
        return self._characters / max(1, self.known)

    @property
    def distinct(self) -> int:
        """How many differ; of endless ones as many as there are."""
        return self.known if self._endless else len(self._names())

    @property
    def distinct_rows(self) -> bool:
        """See `Summary`."""
        return self.known == self.rows == self.distinct

    def field(self, own: dict[str, Any]) -> Field:
        """One of the names that there are, in the order of the alphabet."""
        if self._endless:
            raise DataError(
                f"column {self.name!r} holds long texts that all differ, which cannot be "
                "categories. Drop it."
            )
        names = sorted(self._names().to_pylist())
        return CategoryField(name=self.name, names=tuple(names), **own)

    def pattern(self) -> dict[str, Any]:
        """Attributes of a `KeyField` whose keys look like these; none where there is no pattern."""
        if self._endless:
            return {}
        texts = self._names()
        return _numbered(texts) or _lettered(texts)

    def _gather(self, known: pa.Array) -> None:
        self._characters += pc.sum(pc.utf8_length(known)).as_py()
        if self._endless:
            return
        piece = known.unique()
        self._pieces.append(piece)
        self._held += len(piece)
        if self._held > 2 * self._compacted + 10_000:
            self._compacted = len(self._names())
        if self._characters > _ENDLESS_CHARACTERS and self.mean_length > 40:
            self._endless = len(self._names()) > self.known / 2
            self._pieces = [] if self._endless else self._pieces

    def _names(self) -> pa.Array:
        """All different texts."""
        if len(self._pieces) != 1:
            self._pieces = [pa.chunked_array(self._pieces, pa.string()).unique()]
            self._held = len(self._pieces[0])
        return self._pieces[0]


class Names(Summary):
    """Categories that come with an order, or are made of whatever a column holds."""

    def __init__(self, name: str, reads: pa.DataType) -> None:
        super().__init__(name, reads)
        self._names: dict[str, None] = {}
        self._values = reads.value_type if isinstance(reads, pa.DictionaryType) else reads

    def add(self, column: pa.Array) -> None:
        """Take in more rows, and names that no row has."""
        if isinstance(column, pa.DictionaryArray):
            self._names |= dict.fromkeys(column.dictionary.drop_null().cast("string").to_pylist())
        super().add(column)

    def field(self, own: dict[str, Any]) -> Field:
        """One of these names, in their order; of what had none, in the order of its values."""
        ordered = isinstance(self.reads, pa.DictionaryType)
        names = self._names if ordered else _sorted_names(self._names, self._values)
        order = bool(ordered and self.reads.ordered)
        return CategoryField(name=self.name, names=tuple(names), ordered=order, **own)

    def _read(self, column: pa.Array) -> pa.Array:
        return plain(column).cast(pa.string())

    def _gather(self, known: pa.Array) -> None:
        self._names |= dict.fromkeys(known.unique().to_pylist())

    def value_in(self, field: Field) -> float:
        """The value of a constant column."""
        assert self._first is not None
        return field.value_of(self._first.as_py())


def _sorted_names(names: dict[str, None], kind: pa.DataType) -> list[str]:
    """Names in the order of the values that they are written from."""
    texts = pa.array(list(names), pa.string())
    return texts.take(pc.array_sort_indices(texts.cast(kind))).to_pylist()


def _decimals(numbers: np.ndarray, least: int | None) -> int | None:
    """Decimals that finite numbers have, at least `least`; None where there are too many."""
    finite = numbers[np.isfinite(numbers)]
    most = 5 if finite.dtype == np.float32 else 12
    for places in range(most + 1 if least is None else least, most + 1):
        if np.array_equal(np.round(finite.astype(float), places).astype(finite.dtype), finite):
            return places
    return None


def _numbered(texts: pa.Array) -> dict[str, Any]:
    """A pattern of one number between texts that never change."""
    split = pc.extract_regex(texts, r"^(?P<before>.*?)(?P<number>\d{1,15})(?P<after>\D*)$")
    if split.null_count or not len(split):
        return {}
    before, number, after = (pc.struct_field(split, name) for name in ("before", "number", "after"))
    if len(before.unique()) > 1 or len(after.unique()) > 1:
        return {}
    return {
        "before": before[0].as_py(),
        "after": after[0].as_py(),
        "digits": pc.min(pc.utf8_length(number)).as_py(),
        "first": pc.max(number.cast(pa.int64())).as_py() + 1,
    }


def _lettered(texts: pa.Array) -> dict[str, Any]:
    """A pattern of as many letters each, of some kind at each position."""
    lengths = pc.utf8_length(texts).unique()
    if len(lengths) != 1 or pc.any(pc.match_substring_regex(texts, r"\s")).as_py():
        return {}
    some = texts.slice(0, 10_000).to_pylist()
    return {"letters": tuple(_letters(set(seen)) for seen in zip(*some, strict=True))}


def _letters(seen: set[str]) -> str:
    """The narrowest class of letters that holds those seen, or these alone where they are few."""
    if len(seen) <= 4:
        return "".join(sorted(seen))
    return next((c for c in _CLASSES if seen <= set(c)), "".join(sorted(seen)))
