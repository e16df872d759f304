"""Fields of time: moments, days, lengths of time. Values count steps of a resolution."""

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pydantic

from zerosum.errors import DataError
from zerosum.modalities.tables.arrow import floats, functions, is_number, is_text
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.written.clocks import ClockFormat, check_clock
from zerosum.modalities.tables.written.counted import COUNTED, PER_SECOND, CountedMoments
from zerosum.modalities.tables.written.moments import AT_UTC, MomentFormat, check_format

if TYPE_CHECKING:
    import pyarrow as pa

Resolution = Literal["day", "hour", "minute", "second", "ms", "us", "100ns", "ns"]

NANOSECONDS: dict[Resolution, int] = {
    "day": 86_400 * 10**9, "hour": 3_600 * 10**9, "minute": 60 * 10**9,
    "second": 10**9, "ms": 10**6, "us": 10**3, "100ns": 100, "ns": 1,
}  # fmt: skip
"""In one step of each resolution, the widest first."""

_UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(days?|d|hours?|h|minutes?|min|m|seconds?|s|ms|us)\b")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_CLOCK = re.compile(r"(\d+):(\d\d)(?::(\d\d(?:\.\d+)?))?")


class FormattedField(Field):
    """Moments or days, and how they are written as text.

    Attributes:
        format: directives of `strftime`, such as `%d/%m/%Y`; see `MomentFormat`. Empty where they
            are written as 2020-01-31 10:30. Whole numbers such as 20200131 have `%Y%m%d`, and
            numbers that count time a form such as `unix s`; see `CountedMoments`.
    """

    format: str = pydantic.Field(default="", max_length=100)

    @pydantic.field_validator("format")
    @classmethod
    def _known_directives(cls, text: str) -> str:
        return text if text in COUNTED else check_format(text)

    @property
    def written(self) -> MomentFormat | CountedMoments | None:
        """See `Field.written`."""
        if self.format in COUNTED:
            return CountedMoments(self.format)
        return MomentFormat(self.format) if self.format else None

    @property
    def moment_type(self) -> "pa.DataType":
        """The arrow type of the moments, whatever they are held as."""
        import pyarrow as pa

        kind = self.arrow_type
        if not is_text(kind) and not is_number(kind):
            return kind
        if self.kind == "date":
            return pa.date32()
        unix = self.format in PER_SECOND
        zone = "UTC" if unix or self.format.endswith(AT_UTC) or "z" in self.format else None
        fine = self.format == "unix ns" or re.search("%[789]f", self.format)
        return pa.timestamp("ns" if fine else "us", zone)

    def _read(self, flat: "pa.Array", kind: "pa.DataType") -> "pa.Array":
        import pyarrow as pa

        if isinstance(self.written, CountedMoments) and is_number(flat.type):
            return self.written.read(flat, kind)
        digits = pa.types.is_integer(flat.type) and self.format
        return super()._read(flat.cast(pa.string()) if digits else flat, kind)

    def _out(self, moments: "pa.Array") -> "pa.Array":
        """Moments in the field's `dtype`."""
        kind = self.arrow_type
        if moments.type == kind:
            return moments
        if not is_text(kind) and not is_number(kind):
            return moments.cast(kind)
        return (self.written or MomentFormat(self._usual)).write(moments).cast(kind)

    @property
    def _usual(self) -> str:
        return "%Y-%m-%d" if self.kind == "date" else "%Y-%m-%d %H:%M:%S"


class StepField(Field):
    """Time in steps of a resolution.

    Attributes:
        resolution: the widest step that every value of the data is a multiple of.
        offset: what all values are beyond a multiple, in units of the arrow type: data that is
            always taken at noon has steps of a day, and an offset of 12 hours.
    """

    resolution: Resolution = "us"
    offset: int = pydantic.Field(default=0, ge=-(2**62), le=2**62)

    @property
    def moment_type(self) -> "pa.DataType":
        """The arrow type of the moments."""
        return self.arrow_type

    @property
    def step(self) -> int:
        """Units of the arrow type in one step."""
        return max(1, NANOSECONDS[self.resolution] // _UNITS[self.moment_type.unit])

    @property
    def details(self) -> str:
        """The resolution, and the time zone where there is one."""
        zone = getattr(self.moment_type, "tz", None)
        one = self.resolution if self.resolution[0].isdigit() else f"1 {self.resolution}"
        return f"steps of {one}" + (f", {zone}" if zone else "")

    def to_values(self, column: "pa.Array | pa.ChunkedArray") -> np.ndarray:
        """Steps since the epoch; a value between two steps lies between them."""
        read = self.read(column, self.moment_type)
        units = _whole(self._units(read)) - self.offset
        steps = units // self.step + (units % self.step) / self.step
        return np.where(read.is_null().to_numpy(zero_copy_only=False), np.nan, steps)

    def to_arrow(self, values: np.ndarray) -> "pa.Array":
        """The moments themselves."""
        import pyarrow as pa

        units = np.nan_to_num(np.round(values)).astype(np.int64) * self.step + self.offset
        return self._out(self._moments(pa.array(units, mask=np.isnan(values))))

    def _out(self, moments: "pa.Array") -> "pa.Array":
        """Moments in the field's `dtype`."""
        return moments

    def meant(self, values: np.ndarray) -> tuple[Any, list[np.ndarray]]:
        """See `Field.meant`: seconds and nanoseconds."""
        import pyarrow as pa

        units = np.nan_to_num(np.round(values)).astype(np.int64) * self.step + self.offset
        kind = self.moment_type
        moments = self._moments(pa.array(units, mask=np.isnan(values)))
        per = 10**9 // _UNITS[kind.unit]
        whole = _whole(moments)
        zoned = "moment" if getattr(kind, "tz", None) is None else "moment of a zone"
        what = zoned if self.kind == "datetime" else "length"
        return what, [np.isnan(values), whole // per, whole % per * _UNITS[kind.unit]]

    def _units(self, column: "pa.Array") -> "pa.Array":
        """Units since the epoch of a column of the field's arrow type."""
        return column

    def _moments(self, units: "pa.Array") -> "pa.Array":
        """The column of units since the epoch, int64."""
        import pyarrow as pa

        kind = self.moment_type
        return (units.cast(pa.int32()) if kind.bit_width == 32 else units).cast(kind)


class DatetimeField(FormattedField, StepField):
    """Moments, with or without a time zone.

    Days of a time zone begin at its own midnight; all other steps are counted in UTC, in which no
    hour is left out or comes twice.
    """

    kind = "datetime"
    dtype: str = "timestamp[us]"

    def value_of(self, text: Any) -> float:
        """Steps since the epoch until `text`: `2020-01-31 10:30`, in the column's time zone."""
        import pyarrow as pa

        kind = self.moment_type
        as_text = pa.array([str(text)])
        try:
            moment = self._read(as_text, kind)
        except pa.ArrowInvalid:
            try:
                bare = as_text.cast(pa.timestamp(kind.unit))
            except pa.ArrowInvalid:
                raise DataError(
                    f"{self.name} is {text!r}, and it holds moments. Write one such as "
                    "2020-01-31 or 2020-01-31 10:30."
                ) from None
            moment = _assume(bare, kind.tz) if kind.tz else bare
            moment = moment.cast(kind)
        return float(self.to_values(moment)[0])

    def span_of(self, text: Any) -> tuple[float, float]:
        """The first and the last value of `text`: `2020-01-31`, or a `date`, is the whole day.

        Raises:
            DataError: it is no moment.
        """
        first = self.value_of(text)
        day = _DAY.fullmatch(str(text).strip())
        if day is None or self.resolution == "day":
            return first, first
        after = self.value_of(np.datetime64(day[0], "D") + 1)
        return float(np.ceil(first)), float(np.ceil(after)) - 1

    def _units(self, column: "pa.Array") -> "pa.Array":
        pc = functions()

        return pc.local_timestamp(column) if self._local else column

    def _moments(self, units: "pa.Array") -> "pa.Array":
        import pyarrow as pa

        kind = self.moment_type
        if not self._local:
            return units.cast(kind)
        return _assume(units.cast(pa.timestamp(kind.unit)), kind.tz)

    @property
    def _local(self) -> bool:
        return self.resolution == "day" and self.moment_type.tz is not None


class DurationField(StepField):
    """Lengths of time, and times of day, and how they are written as text.

    Attributes:
        format: such as `%-H:%M`; see `ClockFormat`. Empty where they are written as 10:30:00.
    """

    kind = "duration"
    dtype: str = "duration[us]"
    format: str = pydantic.Field(default="", max_length=100)

    @pydantic.field_validator("format")
    @classmethod
    def _known_directives(cls, text: str) -> str:
        return check_clock(text)

    @property
    def written(self) -> ClockFormat | None:
        """See `Field.written`."""
        return ClockFormat(self.format) if self.format else None

    def value_of(self, text: Any) -> float:
        """Steps in `text`: `36 hours`, `1 day 12:00:00`, `10:30`, or a `timedelta`."""
        seconds = text.total_seconds() if isinstance(text, timedelta) else _seconds(str(text))
        if seconds is None:
            raise DataError(
                f"{self.name} is {text!r}, and it holds lengths of time. Write one such as "
                "90 minutes or 10:30:00."
            )
        units = seconds * 10**9 / _UNITS[self.moment_type.unit]
        return (units - self.offset) / self.step


class DateField(FormattedField):
    """Days: values count them since 1970."""

    kind = "date"
    dtype: str = "date32[day]"

    def to_values(self, column: "pa.Array | pa.ChunkedArray") -> np.ndarray:
        """Days since the epoch."""
        import pyarrow as pa

        return floats(self.read(column, pa.date32()).cast(pa.int32()))

    def to_arrow(self, values: np.ndarray) -> "pa.Array":
        """The days themselves."""
        import pyarrow as pa

        days = np.nan_to_num(np.round(values)).astype(np.int32)
        return self._out(pa.array(days, mask=np.isnan(values)).cast(pa.date32()))

    def meant(self, values: np.ndarray) -> tuple[Any, list[np.ndarray]]:
        """See `Field.meant`: those of moments at midnight."""
        gone = np.isnan(values)
        days = np.nan_to_num(np.round(values)).astype(np.int64)
        return "moment", [gone, days * 86_400, np.zeros(len(days), np.int64)]

    def value_of(self, text: Any) -> float:
        """Days since the epoch until `text`: `2020-01-31`, or in the column's own form."""
        import pyarrow as pa

        if self.written:
            try:
                own = self.written.read(pa.array([str(text)]), pa.date32())
                return float(own.cast(pa.int32())[0].as_py())
            except (pa.ArrowInvalid, TypeError):
                pass
        try:
            return float(np.datetime64(str(text)[:10], "D").astype(np.int64))
        except ValueError:
            raise DataError(
                f"{self.name} is {text!r}, and it holds days. Write one such as 2020-01-31."
            ) from None


def _assume(bare: "pa.Array", zone: str) -> "pa.Array":
    """Moments of a zone's clock; of an hour that comes twice the first, of a gap its end."""
    pc = functions()

    return pc.assume_timezone(bare, zone, ambiguous="earliest", nonexistent="latest")


def _whole(column: "pa.Array") -> np.ndarray:
    """Units as int64; 0 for what is missing."""
    import pyarrow as pa

    pc = functions()

    narrow = column.cast(pa.int32()) if column.type.bit_width == 32 else column
    return pc.fill_null(narrow.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)


def _seconds(text: str) -> float | None:
    """Seconds that a text says; None where it says none.

    >>> _seconds("1 day 02:30:00"), _seconds("-90 min")
    (95400.0, -5400.0)
    """
    sign, bare = (-1, text.strip()[1:]) if text.strip().startswith("-") else (1, text.strip())
    total, found = 0.0, False
    for number, unit in _PART.findall(bare):
        short = unit if unit in _SECONDS else unit[0]
        total, found = total + float(number) * _SECONDS[short], True
    rest = _PART.sub("", bare).strip(" ,")
    if clock := _CLOCK.fullmatch(rest):
        total += int(clock[1]) * 3_600 + int(clock[2]) * 60 + float(clock[3] or 0)
        return sign * total
    return sign * total if found and not rest else None
