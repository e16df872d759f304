"""Days and moments in the forms that people write: `05/03/2023`, `5 Mar 2023`, `20230305`."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from zerosum.modalities.tables.arrow import functions, without_marks
from zerosum.modalities.tables.written.base import WrittenForm

if TYPE_CHECKING:
    import pyarrow as pa

AT_UTC = ("Z", "UTC", "GMT")
"""How an offset of 0 is written, behind a time."""
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
DIRECTIVE = re.compile(r"%([-^:]?)(\d?)([a-zA-Z%])")
GROUPS = {
    "Y": r"\d{4}", "y": r"\d{2}", "m": "1[0-2]|0?[1-9]", "d": r"3[01]|[12]\d|0?[1-9]",
    "H": r"2[0-3]|1\d|0?\d", "I": "1[0-2]|0?[1-9]", "M": r"[0-5]\d", "S": r"[0-5]\d",
    "f": r"\d{1,9}", "p": r"[AaPp]\.?[Mm]\.?", "z": r"Z|UTC|GMT|[-+]\d{2}:?\d{2}",
    "b": "|".join(name[:3] for name in _MONTHS), "B": "|".join(_MONTHS),
    "a": "|".join(name[:3] for name in _DAYS), "A": "|".join(_DAYS),
}  # fmt: skip

_DATES = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%m-%d-%Y",
    "%d.%m.%y", "%m/%d/%y", "%d/%m/%y", "%d-%m-%y", "%m-%d-%y", "%d-%b-%y", "%d-%b-%Y", "%d %b %Y",
    "%d %B %Y", "%d. %B %Y", "%d %b %y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%d%b%Y",
    "%d%b%y", "%d-%B-%Y", "%d/%b/%Y", "%Y-%b-%d", "%Y %b %d", "%a, %d %b %Y", "%a %d %b %Y",
    "%A, %d %B %Y", "%A, %B %d, %Y", "%a, %b %d, %Y", "%Y年%m月%d日",
)  # fmt: skip
TIMES = (
    "%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%H:%M:%S,%f", "%I:%M %p", "%I:%M:%S %p", "%I:%M%p",
    "%I:%M:%S%p",
)  # fmt: skip
_COMPACT = ("%Y%m%d", "%Y%m%d%H%M", "%Y%m%d%H%M%S")
COMPACT = r"^(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(([01]\d|2[0-3])[0-5]\d([0-5]\d)?)?$"
"""A day, and perhaps a time, in digits alone."""


@dataclass(frozen=True)
class MomentFormat(WrittenForm):
    """How days and moments are written.

    Attributes:
        format: directives of `strftime`. `%-d`, `%-m`, `%-H` and `%-I` have no zero in front, `%^b`
            is in capitals, `%3f` are three digits of a second, `%:z` is an offset with a colon.
    """

    kind: ClassVar[str] = "moment"
    format: str = ""

    @property
    def example(self) -> str:
        """The format."""
        return self.format

    @property
    def has_time(self) -> bool:
        """Whether it says a time of day."""
        return any(letter in "HI" for _, _, letter in DIRECTIVE.findall(self.format))

    @property
    def pattern(self) -> str:
        """A regular expression of whole texts, with a group for each directive."""
        parts, at, compact = [], 0, re.search(r"%Y%m|%H%M", self.format)
        for one in DIRECTIVE.finditer(self.format):
            parts.append(re.escape(self.format[at : one.start()]))
            group = GROUPS[one[3]].replace("0?", "0") if compact else GROUPS[one[3]]
            parts.append(f"(?P<{one[3]}>{group})")
            at = one.end()
        parts.append(re.escape(self.format[at:]))
        return f"(?i)^{''.join(parts)}$"

    def fits(self, texts: "pa.Array") -> "pa.Array":
        """See `WrittenForm.fits`; the calendar has such days."""
        import pyarrow as pa

        known, parts = self._parts(texts)
        right = known.copy()
        right[known] = _days(parts)[1]
        return pa.array(right)

    def read(self, texts: "pa.Array", kind: "pa.DataType") -> "pa.Array":
        """See `WrittenForm.read`; marks of what is missing are missing."""
        import pyarrow as pa

        bare = without_marks(texts)
        if self.format.startswith("%Y-%m-%d"):  # which arrow reads, and faster
            try:
                return bare.cast(kind)
            except pa.ArrowInvalid:
                pass
        known, parts = self._parts(bare)
        if known.sum() < len(bare) - bare.null_count:
            raise pa.ArrowInvalid(f"a text is no moment like {self.format}")
        days, right = _days(parts)
        if not right.all():
            raise pa.ArrowInvalid(f"the calendar has no such day, as {self.format}")
        whole = np.zeros(len(bare), np.int64)
        if pa.types.is_date(kind):
            whole[known] = days
            made = pa.array(whole.astype(np.int32), mask=~known)
            return made.cast(pa.date32()).cast(kind)
        per = _UNITS[kind.unit]
        units = (days * 86_400 + _seconds(parts)) * per + _fraction(parts, per)
        if "z" in parts:
            units -= np.array([offset_of(text) for text in parts["z"]], np.int64) * per
        whole[known] = units
        made = pa.array(whole, mask=~known)
        if "z" in parts or kind.tz is None:
            return made.cast(kind)
        return functions().assume_timezone(
            made.cast(pa.timestamp(kind.unit)), kind.tz, ambiguous="earliest", nonexistent="latest"
        )

    def _parts(self, texts: "pa.Array") -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Which texts match, bool `[N]`, and of those what stands for each directive."""
        pc = functions()
        found = pc.extract_regex(texts, self.pattern)
        known = found.is_valid().to_numpy(zero_copy_only=False)
        parts = {
            field.name: np.asarray(pc.struct_field(found, field.name).to_pylist(), object)[known]
            for field in found.type
        }
        return known, parts

    def write(self, column: "pa.Array | pa.ChunkedArray", places: int | None = None) -> "pa.Array":
        """See `WrittenForm.write`."""
        import pyarrow as pa

        pc, kind = functions(), column.type
        flat = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        zone = getattr(kind, "tz", None)
        local = flat
        if zone:
            local = pc.local_timestamp(flat)
        units = local.cast(pa.timestamp("s") if pa.types.is_date(kind) else local.type)
        per = _UNITS[units.type.unit]
        known = units.is_valid().to_numpy(zero_copy_only=False)
        numbers = pc.fill_null(units.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
        offsets = np.zeros(len(numbers), np.int64)
        if zone:
            utc = pc.fill_null(flat.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
            offsets = (numbers - utc) // per
        made = [
            self._one(int(number), per, int(offset)) if there else None
            for number, offset, there in zip(numbers, offsets, known, strict=True)
        ]
        return pa.array(made, pa.string())

    def _one(self, number: int, per: int, offset: int) -> str:
        seconds, fraction = divmod(number, per)
        days, clock = divmod(seconds, 86_400)
        day = date.fromordinal(days + _EPOCH)
        hour, minute, second = clock // 3_600, clock // 60 % 60, clock % 60
        nanoseconds = fraction * (10**9 // per)

        def told(one: re.Match[str]) -> str:
            flag, digits, letter = one.groups()
            match letter:
                case "Y":
                    return f"{day.year:04d}"
                case "y":
                    return f"{day.year % 100:02d}"
                case "b" | "B" | "a" | "A":
                    name = _MONTHS[day.month - 1] if letter in "bB" else _DAYS[day.weekday()]
                    name = name[:3] if letter in "ba" else name
                    return name.upper() if flag == "^" else name
                case "f":
                    return f"{nanoseconds:09d}"[: int(digits or 6)]
                case "p":
                    return "AM" if hour < 12 else "PM"
                case "z":
                    sign, size = "-" if offset < 0 else "+", abs(offset) // 60
                    return f"{sign}{size // 60:02d}{':' * (flag == ':')}{size % 60:02d}"
                case "%":
                    return "%"
            number = {
                "m": day.month, "d": day.day, "H": hour, "I": hour % 12 or 12, "M": minute,
                "S": second,
            }[letter]  # fmt: skip
            return str(number) if flag == "-" else f"{number:02d}"

        return DIRECTIVE.sub(told, self.format)


_EPOCH = date(1970, 1, 1).toordinal()


def check_format(text: str) -> str:
    """The format, which says a whole day.

    Raises:
        ValueError: a directive is not known, or day, month or year is not said.
    """
    letters = [letter for _, _, letter in DIRECTIVE.findall(text)]
    strange = [letter for letter in letters if letter not in GROUPS and letter != "%"]
    if strange:
        raise ValueError(f"no directive %{strange[0]}. Allowed: %{', %'.join(GROUPS)}")
    whole = [any(one in letters for one in some) for some in ("Yy", "mbB", "d")]
    if text and (not all(whole) or len(set(letters)) < len(letters)):
        raise ValueError("it says year, month and day, each once, such as %d/%m/%Y")
    return text


def moment_forms(texts: Sequence[str]) -> Iterator[MomentFormat]:
    """Forms that at least half of some texts are of, the likeliest first.

    >>> [form.format for form in moment_forms(["05/03/2023", "17/03/2023"])]
    ['%d/%m/%Y', '%m/%d/%Y']
    """
    need = max(1, len(texts) / 2)
    found = []
    for day in (*_DATES, *_COMPACT):
        start = re.compile(MomentFormat(day).pattern[:-1])
        heads = [start.match(text) for text in texts]
        if sum(map(bool, heads)) < need:
            continue
        ends = [text[head.end() :] for text, head in zip(texts, heads, strict=True) if head]
        found += [(day + end, ends) for end in _ends(ends, need)]
    forms = [MomentFormat(form) for form, _ in found]
    fits = [sum(bool(re.match(form.pattern, text)) for text in texts) for form in forms]
    sure = sorted(zip(fits, forms, strict=True), key=lambda one: -one[0])
    yield from (form for count, form in sure if count >= need)


def settled_form(form: MomentFormat, texts: Iterable[str]) -> MomentFormat:
    """The form with zeros, capitals, digits of a second and offsets as texts have them."""
    return MomentFormat(settled(form.format, form.pattern, texts))


def settled(format: str, pattern: str, texts: Iterable[str]) -> str:
    """A format with zeros, capitals, digits of a second and offsets as texts have them."""
    cells = [cell for cell in map(re.compile(pattern).match, texts) if cell]

    def told(one: re.Match[str]) -> str:
        letter = one[3]
        seen = [cell[letter] for cell in cells]
        if letter in "mdHI" and any(len(text) == 1 for text in seen):
            return f"%-{letter}"
        if letter in "bBaA" and all(text.isupper() for text in seen):
            return f"%^{letter}"
        if letter == "f":
            lengths = {len(text) for text in seen}
            return f"%{max(lengths)}f" if len(lengths) == 1 else "%f"
        if letter == "z":
            if seen and seen[0] in AT_UTC and len(set(seen)) == 1:
                return seen[0]
            return "%:z" if any(":" in text for text in seen) else "%z"
        return one[0]

    return DIRECTIVE.sub(told, format)


def offset_of(text: str) -> int:
    """Seconds that a clock is ahead of UTC.

    >>> offset_of("+02:00"), offset_of("-0530"), offset_of("UTC")
    (7200, -19800, 0)
    """
    if text.upper() in AT_UTC:
        return 0
    digits = text[1:].replace(":", "")
    size = int(digits[:2]) * 3_600 + int(digits[2:]) * 60
    return -size if text[0] == "-" else size


def _ends(ends: Sequence[str], need: float) -> Iterator[str]:
    """Formats of what stands behind days."""
    if sum(not end for end in ends) >= need:
        yield ""
    if sum(bool(end) for end in ends) < need:
        return
    for gap, clock, zone in product((" ", "T", ", ", "  ", ":"), TIMES, ("", "%z", " %z")):
        start = f"{gap}{clock}{zone}"
        pattern = re.compile(MomentFormat(start).pattern)
        if sum(bool(pattern.match(end)) for end in ends) >= need:
            yield start


def _days(parts: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Days since 1970, and which of them the calendar has."""
    if "Y" in parts:
        year = parts["Y"].astype(np.int64)
    else:
        short = parts["y"].astype(np.int64)
        year = short + np.where(short < 69, 2000, 1900)
    if "m" in parts:
        month = parts["m"].astype(np.int64)
    else:
        names = parts.get("b", parts.get("B"))
        assert names is not None
        known = {name[:3].lower(): i for i, name in enumerate(_MONTHS, 1)}
        month = np.array([known[text[:3].lower()] for text in names], np.int64)
    day = parts["d"].astype(np.int64)
    right = (month >= 1) & (month <= 12) & (day >= 1)
    months = ((year - 1970) * 12 + np.where(right, month, 1) - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    right &= days.astype("datetime64[M]") == months
    hour = parts.get("H", parts.get("I"))
    for name, low, high in (("H", 0, 23), ("I", 1, 12), ("M", 0, 59), ("S", 0, 59)):
        if hour is not None and name in parts:
            number = parts[name].astype(np.int64)
            right &= (number >= low) & (number <= high)
    return days.astype(np.int64), right


def _seconds(parts: dict[str, np.ndarray]) -> np.ndarray:
    """Seconds since midnight."""
    number = {name: parts[name].astype(np.int64) for name in ("H", "I", "M", "S") if name in parts}
    hour = number.get("H", number.get("I", np.int64(0)))
    if "p" in parts:
        later = np.array([text[0] in "Pp" for text in parts["p"]], bool)
        hour = hour % 12 + np.where(later, 12, 0)
    made = hour * 3_600 + number.get("M", 0) * 60 + number.get("S", 0)
    return np.asarray(made, np.int64)


def _fraction(parts: dict[str, np.ndarray], per: int) -> np.ndarray | int:
    """Units of what is left of a second."""
    if "f" not in parts:
        return 0
    nanoseconds = np.array([int(text.ljust(9, "0")) for text in parts["f"]], np.int64)
    return nanoseconds // (10**9 // per)
