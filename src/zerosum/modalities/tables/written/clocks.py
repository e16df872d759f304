"""Times of day and lengths of time in the forms that people write: `6:09`, `40:52:19`."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from zerosum.modalities.tables.arrow import functions, without_marks
from zerosum.modalities.tables.written.base import WrittenForm
from zerosum.modalities.tables.written.moments import DIRECTIVE, GROUPS, TIMES, settled

if TYPE_CHECKING:
    import pyarrow as pa

_GROUPS = {**GROUPS, "H": r"\d{1,4}"}
"""Lengths of time may have more than 24 hours."""

_LETTERS = "HIMSfp"
_MICROSECONDS = {"H": 3_600_000_000, "I": 3_600_000_000, "M": 60_000_000, "S": 1_000_000}
_NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_HALF, _DAY = 12 * _MICROSECONDS["H"], 24 * _MICROSECONDS["H"]


@dataclass(frozen=True)
class ClockFormat(WrittenForm):
    """How times of day and lengths of time are written.

    Attributes:
        format: `%H`, `%M`, `%S`, `%f`, `%I` and `%p` of `strftime`; `%-H` and `%-I` have no zero in
            front, `%3f` are three digits of a second, and hours may be more than 24.
    """

    kind: ClassVar[str] = "clock"
    format: str = ""

    @property
    def example(self) -> str:
        """The format."""
        return self.format

    @property
    def pattern(self) -> str:
        """A regular expression of whole texts, with a group for each directive."""
        parts, at = [], 0
        for one in DIRECTIVE.finditer(self.format):
            parts += [re.escape(self.format[at : one.start()]), f"(?P<{one[3]}>{_GROUPS[one[3]]})"]
            at = one.end()
        return f"(?i)^(?P<sign>-?){''.join(parts)}{re.escape(self.format[at:])}$"

    def fits(self, texts: "pa.Array") -> "pa.Array":
        """See `WrittenForm.fits`."""
        return functions().match_substring_regex(texts, self.pattern)

    def read(self, texts: "pa.Array", kind: "pa.DataType") -> "pa.Array":
        """See `WrittenForm.read`; marks of what is missing are missing."""
        import pyarrow as pa

        pc = functions()
        bare = without_marks(texts)
        found = pc.extract_regex(bare, self.pattern)
        if found.null_count > bare.null_count:
            raise pa.ArrowInvalid(f"a text is no time like {self.format}")
        known = found.is_valid().to_numpy(zero_copy_only=False)
        parts = {
            field.name: np.asarray(pc.struct_field(found, field.name).to_pylist(), object)[known]
            for field in found.type
        }
        size = np.zeros(int(known.sum()), np.int64)
        for letter, per in _MICROSECONDS.items():
            if letter in parts:
                size += parts[letter].astype(np.int64) * per
        if "p" in parts:
            later = np.array([text[0] in "Pp" for text in parts["p"]], bool)
            size = size % _HALF + np.where(later, _HALF, 0)
        if "f" in parts:
            size += np.array([int(text.ljust(6, "0")[:6]) for text in parts["f"]], np.int64)
        whole = np.zeros(len(bare), np.int64)
        whole[known] = np.where(parts["sign"] == "-", -size, size)
        if pa.types.is_time(kind) and ((whole < 0) | (whole >= _DAY)).any():
            raise pa.ArrowInvalid("a time of day lies outside of the day")
        lengths = pa.array(whole, mask=~known).cast(pa.duration("us"))
        return lengths.cast(pa.int64()).cast(kind) if pa.types.is_time(kind) else lengths.cast(kind)

    def within_a_day(self, texts: "pa.Array") -> bool:
        """Whether texts of this form are all times of a day."""
        import pyarrow as pa

        try:
            self.read(texts, pa.time64("us"))
        except pa.ArrowInvalid:
            return False
        return True

    def write(self, column: "pa.Array | pa.ChunkedArray", places: int | None = None) -> "pa.Array":
        """See `WrittenForm.write`."""
        import pyarrow as pa

        flat = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        per = _NANOSECONDS[flat.type.unit]
        whole = flat.cast(pa.int32()) if flat.type.bit_width == 32 else flat
        made = [
            None if units is None else self._one(units * per // 1_000)
            for units in whole.cast(pa.int64()).to_pylist()
        ]
        return pa.array(made, pa.string())

    def _one(self, microseconds: int) -> str:
        seconds, fraction = divmod(abs(microseconds), 1_000_000)
        hour, minute, second = seconds // 3_600, seconds // 60 % 60, seconds % 60

        def told(one: re.Match[str]) -> str:
            flag, digits, letter = one.groups()
            if letter == "f":
                return f"{fraction:06d}"[: int(digits or 6)]
            if letter == "p":
                return "AM" if hour % 24 < 12 else "PM"
            number = {"H": hour, "I": hour % 12 or 12, "M": minute, "S": second}[letter]
            return str(number) if flag == "-" else f"{number:02d}"

        return "-" * (microseconds < 0) + DIRECTIVE.sub(told, self.format)


def clock_forms(texts: Sequence[str]) -> Iterator[ClockFormat]:
    """Forms that at least half of some texts are of, as these have them.

    >>> [form.format for form in clock_forms(["6:09", "12:45"])]
    ['%-H:%M']
    """
    for format in TIMES:
        form = ClockFormat(format)
        pattern = re.compile(form.pattern)
        if 2 * sum(bool(pattern.match(text)) for text in texts) >= max(2, len(texts)):
            yield ClockFormat(settled(format, form.pattern, texts))


def check_clock(text: str) -> str:
    """The format, which says a time.

    Raises:
        ValueError: it says no time.
    """
    letters = [letter for _, _, letter in DIRECTIVE.findall(text)]
    if text and (not {"H", "I"} & {*letters} or not {*letters} <= {*_LETTERS}):
        raise ValueError("it says a time, such as %H:%M, %-H:%M:%S or %I:%M %p")
    return text
