"""Numbers that count time, such as seconds since 1970 and days of Excel: found by name and size."""

from typing import Any

import pyarrow as pa
import pyarrow.types as pt

from zerosum.errors import DataError
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.reading.summaries import Numbers, Steps
from zerosum.modalities.tables.written.counted import EXCEL, PER_SECOND, CountedMoments

_FIRST, _LAST = 946_684_800, 2_208_988_800
"""Seconds from 1970 to 2000, and to 2040: what is likely to be meant."""
_DAYS = (20_000, 60_000)
"""Of Excel, in the years 1954 to 2064."""

_TIMES = {
    "at", "created", "date", "datetime", "day", "epoch", "modified", "moment", "seen", "time",
    "timestamp", "ts", "unix", "unixtime", "updated", "when",
}  # fmt: skip
_DATES = {"birth", "birthday", "birthdate", "date", "datum", "day", "dob", "dt"}
"""Words in a name of a column that counts time, or days."""
_NOT_TIMES = {"id", "key", "uuid", "zone", "offset", "count", "num", "number", "code"}


def may_count(words: set[str]) -> bool:
    """Whether a column with these words in its name may count time."""
    return bool(words & (_TIMES | _DATES)) and not words & _NOT_TIMES


class CountedNumbers(Numbers):
    """Numbers of a column that may count time.

    Args:
        name: of the column.
        reads: the arrow type of its numbers.
        words: in its name.
        format: the form that is told; empty to look for one.
        kind: `date` or `datetime`, where that is told; else empty.
        offset: see `Steps`.
    """

    def __init__(
        self, name: str, reads: pa.DataType, *, words: set[str], format: str = "",
        kind: str = "", offset: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__(name, reads, whole=pt.is_integer(reads))
        wanted = [format] if format else []
        if not wanted:
            wanted = [*PER_SECOND] if words & _TIMES else []
            wanted += [EXCEL] if words & _DATES else []
        self._told, self._kind = bool(format), kind
        self._open = {one: Steps(name, self._type(one), offset=offset) for one in wanted}

    @property
    def counts(self) -> str:
        """The form of the moments or days that all numbers may be; else empty."""
        return next(iter(self._open), "") if self.known and not self.constant else ""

    def is_time(self, forced: str | None) -> bool:
        """Whether the column is one of moments or days, where it is said to be of a kind or not."""
        told = forced in ("date", "datetime") and not self.format
        return forced in (None, "date", "datetime") and (told or bool(self.counts))

    def moments(self, own: dict[str, Any]) -> Field:
        """The field of these moments or days.

        Raises:
            DataError: they are none.
        """
        if not self._open:
            raise DataError(
                f"column {self.name!r} holds numbers that are no days or moments, such as "
                f"{', '.join(self.examples)}. Days in whole numbers are like 20230131; else say "
                f"what is counted with a format: {', '.join((*PER_SECOND, EXCEL))}."
            )
        format, steps = next(iter(self._open.items()))
        return steps.field({**own, "format": format})

    def _type(self, format: str) -> pa.DataType:
        if self._kind == "date" or (format == EXCEL and self.whole and not self._kind):
            return pa.date32()
        if format == EXCEL:
            return pa.timestamp("us")
        return pa.timestamp("ns" if format == "unix ns" else "us", "UTC")

    def _gather(self, known: pa.Array) -> None:
        super()._gather(known)
        plain = known.cast(pa.float64()) if pt.is_decimal(known.type) else known
        for format, steps in list(self._open.items()):
            if not self._told and not self._likely(format):
                del self._open[format]
            else:
                steps.add(CountedMoments(format).read(plain, self._type(format)))

    def _likely(self, format: str) -> bool:
        if format == EXCEL:
            return _DAYS[0] <= self.low and self.high <= _DAYS[1]
        per = PER_SECOND[format]
        return _FIRST * per <= self.low and self.high <= _LAST * per
