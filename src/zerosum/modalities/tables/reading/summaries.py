"""What is gathered of a column in one pass over its rows, and the field that follows from it."""

import warnings
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from zerosum.errors import DataError
from zerosum.faces import several
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
    LARGEST_INTEGER,
    BooleanField,
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
from zerosum.modalities.tables.written.base import WrittenForm
from zerosum.modalities.tables.written.moments import MomentFormat

pc = functions()


class Summary(ABC):
    """What is known of a column.

    Attributes:
        name: of the column.
        reads: the arrow type that its values are read in.
        form: how texts are written that are read; None where that is arrow's own way.
        rows: how many were seen.
        known: of those, how many are not missing.
        examples: a few values, as text.
    """

    def __init__(self, name: str, reads: pa.DataType, *, form: WrittenForm | None = None) -> None:
        self.name, self.reads, self.form = name, reads, form
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
        own = self.form is not None and is_text(flat.type)
        read = self.form.read if own and self.form else as_type
        try:
            return read(flat, wanted)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise DataError(
                f"column {self.name!r} cannot be read as {self.reads}: it holds "
                f"{', '.join(misfits(flat, wanted, read=read))}. Give it another kind, or drop it."
            ) from None


_MOST_COUNTED = 1_000_000
"""Different whole numbers that are counted, once some come twice."""

_NINES = tuple(sign * (10**digits - 1) for digits in range(2, 8) for sign in (-1, 1))
"""Numbers that people write for what is missing: -99, 999, -9999."""
_FEWEST_NINES, _FEWEST_OTHERS = 3, 20


class Numbers(Summary):
    """Numbers: their range, their decimals, and whether one comes twice.

    Attributes:
        whole: whether they are to be whole.
        low: the smallest.
        high: the largest.
        last: that of the last row.
        format: of the moments that all of them may be, such as `%Y%m%d`; else empty.
        counts_up: whether each is more than the one before.
    """

    def __init__(
        self, name: str, reads: pa.DataType, *, whole: bool, form: WrittenForm | None = None
    ) -> None:
        super().__init__(name, reads, form=form)
        self.whole, self.low, self.high, self.last = whole, 0, 0, 0
        self.counts_up = False
        self._places: int | None = max(0, reads.scale) if pt.is_decimal(reads) else 0
        self._kept: list[np.ndarray] = []
        self._twice = False
        self._nines: dict[int, int] = {}
        self._low_other, self._high_other = float("inf"), float("-inf")
        self.format = "%Y%m%d%H%M%S" if whole else ""

    @property
    def distinct(self) -> int:
        """How many whole numbers differ; beyond a million no more are counted."""
        self._kept = [np.unique(np.concatenate(self._kept))] if self._kept else []
        return sum(map(len, self._kept))

    @property
    def distinct_rows(self) -> bool:
        """See `Summary`; of whole numbers only."""
        if self._twice or not self.whole or self.known < self.rows:
            return False
        return self.distinct == self.known

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
        self._count_nines(numbers, low, high)
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
        if self.format:
            own = compact_format(numbers)
            self.format = own if first or own == self.format else ""
        own = np.unique(numbers)
        self._twice = self._twice or len(own) < len(numbers)
        if not self._twice or self._held < _MOST_COUNTED:
            self._kept.append(own)
        if self._twice and self._held > 2 * _MOST_COUNTED:
            self._kept = [np.unique(np.concatenate(self._kept))]

    @property
    def outlying(self) -> str:
        """What to say of numbers such as -9999 that lie far from all others; empty without any."""
        low, high = self._low_other, self._high_other
        far = {
            one: count
            for one, count in self._nines.items()
            if count >= _FEWEST_NINES and not 2 * low - high <= one <= 2 * high - low
        }
        if not far or self.known - sum(self._nines.values()) < _FEWEST_OTHERS:
            return ""
        marks = [str(one) for one in sorted(far)]
        says = several("missing", marks)
        held = " and ".join(f"{far[int(one)]:,} are {one}" for one in marks)
        return (
            f"numbers, of which {held}, far from the others ({low:g} to {high:g}); if that stands "
            f"for what is missing, say so ({says})"
        )

    def _count_nines(self, numbers: np.ndarray, low: float, high: float) -> None:
        if low in _NINES or high in _NINES:
            nines = np.isin(numbers, _NINES)
            for one, count in zip(*np.unique(numbers[nines], return_counts=True), strict=True):
                self._nines[int(one)] = self._nines.get(int(one), 0) + int(count)
            numbers = numbers[~nines]
            low, high = (numbers.min(), numbers.max()) if len(numbers) else (high, low)
        if low <= high:
            self._low_other = min(self._low_other, float(low))
            self._high_other = max(self._high_other, float(high))

    @property
    def _held(self) -> int:
        return sum(map(len, self._kept))

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


_FINE = ("100ns", "ns")
"""Steps of which a float64 cannot count all since 1970: they are counted from the first moment."""


class Steps(Summary):
    """Moments, days and lengths of time: the widest steps that all are multiples of.

    Args:
        name: of the column.
        reads: the arrow type that its values are read in.
        offset: remainder that all values share; that of the first value if not given.
    """

    def __init__(
        self,
        name: str,
        reads: pa.DataType,
        *,
        offset: int | None = None,
        form: WrittenForm | None = None,
    ) -> None:
        super().__init__(name, reads, form=form)
        self._zone = reads.tz if pt.is_timestamp(reads) else None
        self._fits: dict[Resolution, bool] = dict.fromkeys(NANOSECONDS, True)
        self._starts: dict[bool, int] = {} if offset is None else {False: offset, True: offset}
        self._anchored, self._low, self._high = offset is None, 2**63, -(2**63)

    def field(self, own: dict[str, Any]) -> Field:
        """Days where they are; else time in the widest steps."""
        if pt.is_date(self.reads):
            return DateField(name=self.name, **own)
        fitting: list[Resolution] = [
            one
            for one, fits in self._fits.items()
            if fits and (one not in _FINE or self._near(one))
        ]
        resolution = fitting[0] if fitting else None
        if resolution is None:
            warnings.warn(
                f"column {self.name!r} is known to the nanosecond, over more time than "
                "numbers hold so finely; it is made to the microsecond.",
                stacklevel=2,
            )
            resolution = "us"
        start = self._starts.get(self._is_local(resolution), 0)
        offset = start % self._step(resolution) if self._fits[resolution] else 0
        offset = self._low if resolution in _FINE else offset
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
        self._low = min(self._low, int(units[False].min()))
        self._high = max(self._high, int(units[False].max()))
        if self._zone is not None:
            units[True] = units_of(pc.local_timestamp(known))
        self._starts = self._starts or {local: int(u[0]) for local, u in units.items()}
        for resolution, fits in self._fits.items():
            local = self._is_local(resolution)
            if fits:
                rest = (units[local] - self._starts[local]) % self._step(resolution)
                self._fits[resolution] = not rest.any()

    def _near(self, resolution: Resolution) -> bool:
        """Whether a float64 counts all steps between the first and the last moment."""
        steps = (self._high - self._low) // self._step(resolution)
        return self._anchored and steps < LARGEST_INTEGER

    def _is_local(self, resolution: Resolution) -> bool:
        """Whether steps are counted by the clock of the time zone."""
        return self._zone is not None and resolution == "day"

    def _step(self, resolution: Resolution) -> int:
        """Units of the arrow type in one step."""
        unit = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[self.reads.unit]
        return max(1, NANOSECONDS[resolution] // unit)


def compact_format(numbers: np.ndarray) -> str:
    """The format of days or moments that whole numbers such as 20230105 may be; else nothing.

    >>> compact_format(np.array([20230105, 20230228])), compact_format(np.array([20230230]))
    ('%Y%m%d', '')
    """
    low, high = int(numbers.min()), int(numbers.max())
    for format, digits in (("%Y%m%d", 8), ("%Y%m%d%H%M", 12), ("%Y%m%d%H%M%S", 14)):
        if 19 * 10 ** (digits - 2) <= low and high < 21 * 10 ** (digits - 2):
            texts = pa.array(numbers.astype(np.int64)).cast(pa.string())
            return format if pc.all(MomentFormat(format).fits(texts.unique())).as_py() else ""
    return ""


def _decimals(numbers: np.ndarray, least: int | None) -> int | None:
    """Decimals that finite numbers have, at least `least`; None where there are too many."""
    finite = numbers[np.isfinite(numbers)]
    most = 5 if finite.dtype == np.float32 else 12
    for places in range(most + 1 if least is None else least, most + 1):
        if np.array_equal(np.round(finite.astype(float), places).astype(finite.dtype), finite):
            return places
    return None
