"""Numbers in national, currency and percent forms: `1.234,50 €`, `$1,234.50`, `(5.00)`, `12 %`."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from zerosum.modalities.tables.arrow import functions, without_marks
from zerosum.modalities.tables.written.base import WrittenForm

if TYPE_CHECKING:
    import pyarrow as pa

Negative = Literal["-#", "(#)", "#-"]

_SPACES = " \u00a0\u202f\u2009"
_CODES = {
    "USD", "EUR", "GBP", "JPY", "CNY", "CHF", "CAD", "AUD", "NZD", "SEK", "NOK", "DKK", "ISK",
    "PLN", "CZK", "HUF", "RON", "BGN", "TRY", "RUB", "UAH", "INR", "BRL", "MXN", "ARS", "CLP",
    "COP", "ZAR", "KRW", "SGD", "HKD", "TWD", "THB", "IDR", "MYR", "PHP", "VND", "ILS", "AED",
    "SAR", "EGP", "NGN", "KES", "BTC", "ETH", "Rs", "kr", "zł", "Kč", "Ft", "lei",
}  # fmt: skip
_UNITS = {
    "%", "‰", "°C", "°F", "°", "K", "kg", "g", "mg", "µg", "lb", "lbs", "oz", "t", "km", "m",
    "cm", "mm", "µm", "nm", "mi", "ft", "in", "km/h", "m/s", "mph", "kn", "s", "ms", "µs",
    "min", "h", "hrs", "hours", "days", "years", "mmHg", "hPa", "Pa", "kPa", "bar", "psi", "V",
    "mV", "A", "mA", "W", "kW", "MW", "kWh", "Wh", "J", "kJ", "kcal", "cal", "Hz", "kHz", "MHz",
    "GHz", "dB", "dBm", "lx", "lm", "ppm", "ppb", "mg/dL", "mmol/L", "g/dL", "U/L", "bpm", "L",
    "ml", "mL", "m²", "m³", "GB", "MB", "KB", "B",
}  # fmt: skip
_SYMBOL = re.compile(r"(?:[A-Z]{0,3}[\$€£¥₹₽₩₺₪₫₴₦₱฿¢](?:U)?)")
_CELL = re.compile(
    r"\(?\s*[-+−]?\s*(?P<before>[^\d\s.,()+−-][^\d()+−-]{0,5}?)?[-−]?"
    r"(?P<number>\d(?:[\d.,'’\u00a0\u202f\u2009 ]*\d)?[.,]?|[.,]\d+)(?P<exponent>[eE][-+]?\d+)?"
    r"(?P<after>\s*[^\d\s()−-][^\d()−]{0,7}?)?\s*\)?(?P<trailing>[-−])?"
)
"""A number with whatever stands around it."""

_IDENTIFIER = re.compile(r"[-+]?0\d|\+\d{7}")
"""Digits of a postal code or a telephone number."""

_MARKS: tuple[tuple[str, str], ...] = (
    (".", ""), (".", ","), (",", ""), (",", "."),
    (",", " "), (".", " "), (".", "'"), (",", "'"), (".", "’"),
    (",", "\u00a0"), (",", "\u202f"), (".", "\u00a0"), (".", "\u202f"),
)  # fmt: skip
"""Point and mark of thousands, the likeliest first."""


@dataclass(frozen=True)
class NumberFormat(WrittenForm):
    """How numbers are written.

    Attributes:
        before: text before the number, such as `$`.
        after: text after it, such as ` %`.
        point: the decimal point.
        thousands: what stands between groups of three digits; empty where nothing does.
        negative: how a number below 0 is written; `#` is the number with its texts.
        padded: decimals that are written at least, with zeros.
        grouped: digits of a group before the last three: 2 in India, as in 12,34,567.
    """

    kind: ClassVar[str] = "number"
    before: str = ""
    after: str = ""
    point: str = "."
    thousands: str = ""
    negative: Negative = "-#"
    padded: int = 0
    grouped: int = 3

    @property
    def pattern(self) -> str:
        """A regular expression of whole texts, with the groups `sign`, `number` and `end`."""
        point, digits = re.escape(self.point), r"(?:0|[1-9]\d{0,15})"
        if self.thousands:
            mark = f"[{_SPACES}]" if self.thousands in _SPACES else re.escape(self.thousands)
            groups = rf"(?:{mark}\d{{3}})*"
            if self.grouped == 2:
                groups = rf"(?:(?:{mark}\d{{2}})*{mark}\d{{3}})?"
            digits = rf"(?:0|[1-9]\d{{0,{self.grouped - 1}}}{groups})"
            if self.grouped == 2:
                digits = rf"(?:{digits}|[1-9]\d{{0,2}})"
        number = rf"(?:{digits}(?:{point}\d*)?|{point}\d+)(?:[eE][-+]?\d+)?"
        before, after = (re.escape(text.strip()) for text in (self.before, self.after))
        sign = r"[-+−(]?" if self.negative == "(#)" else r"[-+−]?"
        end = {"(#)": r"\)?", "#-": "[-−]?"}.get(self.negative, "")
        return (
            rf"^(?P<sign>{sign})\s*(?:{before})\s*(?P<inner>[-−]?)(?P<number>{number})"
            rf"\s*(?:{after})(?P<end>{end})$"
        )

    def read(self, texts: "pa.Array", kind: "pa.DataType") -> "pa.Array":
        """See `WrittenForm.read`; marks of what is missing are missing."""
        import pyarrow as pa

        pc = functions()
        bare = without_marks(texts)
        found = pc.extract_regex(bare, self.pattern)
        if found.null_count > bare.null_count:
            raise pa.ArrowInvalid(f"a text is no number like {self.example}")
        sign, inner, number, end = (
            pc.struct_field(found, name) for name in ("sign", "inner", "number", "end")
        )
        for mark in _SPACES if self.thousands and self.thousands in _SPACES else self.thousands:
            number = pc.replace_substring(number, mark, "")
        if self.point != ".":
            number = pc.replace_substring(number, self.point, ".")
        marks = pa.array(["-", "−", "("])
        below = pc.or_(pc.is_in(sign, value_set=marks), pc.is_in(inner, value_set=marks))
        below = pc.or_(below, pc.is_in(end, value_set=marks))
        signed = pc.if_else(below, pc.binary_join_element_wise("-", number, ""), number)
        signed = pc.if_else(found.is_valid(), signed, None)
        return signed.cast(pa.float64()).cast(kind) if pa.types.is_integer(kind) and pc.any(
            pc.match_substring_regex(signed, r"[.eE]")
        ).as_py() else signed.cast(kind)  # fmt: skip

    def fits(self, texts: "pa.Array") -> "pa.Array":
        """See `WrittenForm.fits`."""
        return functions().match_substring_regex(texts, self.pattern)

    def write(self, column: "pa.Array | pa.ChunkedArray", places: int | None = None) -> "pa.Array":
        """See `WrittenForm.write`."""
        import pyarrow as pa

        return pa.array([self._one(v, places) for v in column.to_pylist()], pa.string())

    def _one(self, value: float | None, places: int | None) -> str | None:
        if value is None or value != value:
            return None
        size = abs(value)
        if isinstance(value, int):
            text = f"{size:,d}"
        elif places is None:
            text = _grouped(np.format_float_positional(size, trim="-"))
        else:
            text = f"{size:,.{max(places, 0)}f}"
        whole, _, rest = text.partition(".")
        rest = rest.ljust(self.padded, "0")
        if self.grouped == 2:
            whole = _in_lakhs(whole)
        text = whole.replace(",", self.thousands) + (self.point + rest if rest else "")
        text = f"{self.before}{text}{self.after}"
        below = value < 0 and any(c in "123456789" for c in text)
        return self.negative.replace("#", text) if below else text

    @property
    def example(self) -> str:
        """A number of four digits, or of six where groups are of two."""
        whole = 123_456 if self.grouped == 2 else 1234
        return self._one(whole + 0.5 if self.padded or self.point == "," else whole, None) or ""


def number_forms(texts: Iterable[str]) -> Iterator[NumberFormat]:
    """Forms that each of some texts may be of, the likeliest first; none where they have none.

    >>> [form.example for form in number_forms(["$1,234.50", "$0.75"])]
    ['$1234', '$1,234', '$1,23,456']
    """
    texts = list(texts)
    cells = [None if _IDENTIFIER.match(text) else _CELL.fullmatch(text) for text in texts]
    found = [cell for cell in cells if cell]
    if len(found) < max(1, len(cells) / 2):
        return
    sides = [(cell["before"] or "", cell["after"] or "") for cell in found]
    before, after = max(set(sides), key=sides.count)
    if not _usual(before.strip(), after.strip(), spaced=after[:1].isspace()):
        return
    paren = any(text.startswith("(") and text.endswith(")") for text in texts)
    negative: Negative = "(#)" if paren else "#-" if any(c["trailing"] for c in found) else "-#"
    digits = "".join(cell["number"] for cell in found)
    for point, thousands in _MARKS:
        if thousands and thousands not in digits:
            continue
        for grouped in (3, 2) if thousands == "," else (3,):
            form = NumberFormat(before, after, point, thousands, negative, grouped=grouped)
            if sum(bool(re.match(form.pattern, text)) for text in texts) >= len(cells) / 2:
                yield form


def decimals_in(texts: "pa.Array", form: NumberFormat) -> set[int]:
    """How many decimals the numbers of texts are written with; -1 for one with an exponent."""
    pc = functions()
    number = pc.struct_field(
        pc.extract_regex(texts.drop_null(), form.pattern), "number"
    ).drop_null()
    point = pc.find_substring(number, form.point)
    count = pc.if_else(
        pc.less(point, 0), 0, pc.subtract(pc.subtract(pc.binary_length(number), point), 1)
    )
    count = pc.if_else(pc.match_substring_regex(number, "[eE]"), -1, count)
    return set(count.unique().to_pylist())


def _usual(before: str, after: str, *, spaced: bool) -> bool:
    """Whether the texts around a number are a currency, a percent sign or a unit, or nothing."""
    money = [
        bool(_SYMBOL.fullmatch(text)) or text.rstrip(".") in _CODES for text in (before, after)
    ]
    unit = after in _UNITS and (len(after) > 1 or not after.isalpha() or spaced)
    return (not before or money[0]) and (not after or money[1] or unit)


def _in_lakhs(whole: str) -> str:
    """Digits in groups of two before the last three.

    >>> _in_lakhs("1,234,567")
    '12,34,567'
    """
    digits = whole.replace(",", "")
    head, last = digits[:-3], digits[-3:]
    return ",".join([*(part[::-1] for part in re.findall("..?", head[::-1]))][::-1] + [last])


def _grouped(text: str) -> str:
    whole, point, rest = text.partition(".")
    return f"{int(whole or 0):,d}{point}{rest}"
