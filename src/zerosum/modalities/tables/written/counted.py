"""Days and moments as programs count them: seconds since 1970, days of Excel."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from zerosum.modalities.tables.arrow import functions, without_marks
from zerosum.modalities.tables.written.base import WrittenForm

if TYPE_CHECKING:
    import pyarrow as pa

PER_SECOND = {"unix s": 1, "unix ms": 10**3, "unix us": 10**6, "unix ns": 10**9}
"""Forms that count from 1970 in UTC."""
EXCEL = "excel"
COUNTED = (*PER_SECOND, EXCEL)
"""Every form: what is counted, and from when. Excel counts days from 1899-12-30."""

_EXCEL_EPOCH = -25_569
_DAY = 86_400
_UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_DECIMALS = {"unix s": 9, EXCEL: 10}


@dataclass(frozen=True)
class CountedMoments(WrittenForm):
    """Days and moments that are numbers.

    Attributes:
        format: one of `COUNTED`.
    """

    kind: ClassVar[str] = "counted"
    format: str = ""

    @property
    def example(self) -> str:
        """The format."""
        return self.format

    def fits(self, texts: "pa.Array") -> "pa.Array":
        """See `WrittenForm.fits`: numbers are of this form."""
        return functions().match_substring_regex(texts, r"^-?\d+(\.\d+)?$")

    def read(self, texts: "pa.Array", kind: "pa.DataType") -> "pa.Array":
        """See `WrittenForm.read`; numbers may come as numbers too."""
        import pyarrow as pa

        flat = texts
        if pa.types.is_string(flat.type) or pa.types.is_large_string(flat.type):
            flat = without_marks(flat)
            try:
                flat = flat.cast(pa.int64())
            except pa.ArrowInvalid:
                flat = flat.cast(pa.float64())
        known = flat.is_valid().to_numpy(zero_copy_only=False)
        numbers = flat.fill_null(0).to_numpy(zero_copy_only=False)
        if pa.types.is_date(kind):
            days = self._seconds(numbers) // _DAY
            return pa.array(days.astype(np.int32), mask=~known).cast(pa.date32()).cast(kind)
        units = self._in_units(numbers, _UNITS[kind.unit])
        return pa.array(units, mask=~known).cast(kind)

    def write(self, column: "pa.Array | pa.ChunkedArray", places: int | None = None) -> "pa.Array":
        """See `WrittenForm.write`."""
        import pyarrow as pa

        flat = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        known = flat.is_valid().to_numpy(zero_copy_only=False)
        per = _DAY
        if pa.types.is_date(flat.type):
            units = flat.cast(pa.date32()).cast(pa.int32()).fill_null(0).to_numpy() * _DAY
            per = 1
        else:
            units = flat.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
            per = _UNITS[flat.type.unit]
        texts = [self._text(int(one), per) for one in units]
        return pa.array(texts, pa.string(), mask=~known)

    def _seconds(self, numbers: np.ndarray) -> np.ndarray:
        """Whole seconds since 1970."""
        return self._in_units(numbers, 1)

    def _in_units(self, numbers: np.ndarray, per: int) -> np.ndarray:
        """Units since 1970, `per` of which are a second; those of Excel to the millisecond."""
        if self.format == EXCEL:
            if numbers.dtype.kind in "iu":
                return (numbers.astype(np.int64) + _EXCEL_EPOCH) * _DAY * per
            milliseconds = np.round((numbers + _EXCEL_EPOCH) * (_DAY * 1_000)).astype(np.int64)
            return milliseconds * per // 1_000
        own = PER_SECOND[self.format]
        if numbers.dtype.kind in "iu":
            whole = numbers.astype(np.int64)
            return whole * (per // own) if per >= own else whole // (own // per)
        whole, rest = np.floor(numbers), numbers - np.floor(numbers)
        if own == 1:
            return whole.astype(np.int64) * per + np.round(rest * per).astype(np.int64)
        return np.round(numbers * per / own).astype(np.int64)

    def _text(self, units: int, per: int) -> str:
        """A number of units since 1970 as this form has it."""
        if self.format == EXCEL:
            whole, rest = divmod(units, _DAY * per)
            number, share = whole - _EXCEL_EPOCH, rest / (_DAY * per)
        else:
            own = PER_SECOND[self.format]
            number, rest = divmod(units * own, per)
            share = rest / per
        if not share:
            return str(number)
        decimals = f"{share:.{_DECIMALS.get(self.format, 6)}f}".rstrip("0").rstrip(".")
        return str(number + 1) if decimals == "1" else f"{number}{decimals.removeprefix('0')}"
