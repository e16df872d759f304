"""What the columns of a table of texts hold: numbers and moments in any form that people write."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import pyarrow.types as pt

from zerosum.errors import DataError
from zerosum.faces import schema, several
from zerosum.modalities.tables.arrow import MISSING_MARKS, as_type, functions, without_marks
from zerosum.modalities.tables.reading.offsets import clock, fractions, offsets, several_offsets
from zerosum.modalities.tables.written.base import WrittenForm
from zerosum.modalities.tables.written.clocks import ClockFormat, clock_forms
from zerosum.modalities.tables.written.moments import (
    AT_UTC,
    MomentFormat,
    moment_forms,
    settled,
    settled_form,
)
from zerosum.modalities.tables.written.numbers import NumberFormat, decimals_in, number_forms

pc = functions()

_A_FEW = 64
_SAMPLE = 1_000
"""Texts of a column that say which forms are likely."""

_ODD_SHARE = 0.05
"""Share of a column that may be odd cells among numbers or moments; with more it is text."""

_CODES = 3
"""Different texts that may stand for something among any number of numbers, such as `<5`."""

_FEW = 50
"""Different numbers up to which a column with an odd cell may well be one of names."""

_MEASURED = ("integer", "float", "date", "datetime", "duration")

_TYPES = (
    pa.int64(), pa.float64(), pa.bool_(), pa.date32(), pa.time64("us"), pa.timestamp("us"),
    pa.timestamp("ns"), pa.timestamp("us", "UTC"), pa.timestamp("ns", "UTC"),
)  # fmt: skip
"""What text is taken for, the first that fits; what fits none may be of another form."""

_WIDER = {
    pa.int64(): (pa.float64(),),
    pa.date32(): (pa.timestamp("us"), pa.timestamp("ns")),
    pa.timestamp("us"): (pa.timestamp("ns"),),
    pa.timestamp("us", "UTC"): (pa.timestamp("ns", "UTC"),),
}
"""Types that hold all values of another."""

_NO_NUMBER = r"^\s*(-?(0\d+|\d{17,})|\+\d{7,})\s*$"
"""Digits of a postal code, a telephone number or an identifier; a number would lose some."""

_CALLED = {NumberFormat: "numbers", MomentFormat: "moments", ClockFormat: "times"}

Batches = Callable[[], Iterable[pa.RecordBatch]]


@dataclass(frozen=True)
class TextColumn:
    """What a column of texts is taken for.

    Attributes:
        type: the arrow type of its values.
        form: how they are written, where arrow does not write them so.
        note: what was guessed; empty where nothing was.
    """

    type: pa.DataType
    form: WrittenForm | None = None
    note: str = ""

    def read(self, texts: pa.Array) -> pa.Array:
        """The values of texts."""
        if pt.is_null(self.type):
            return pa.nulls(len(texts))
        return as_type(texts, self.type) if self.form is None else self.form.read(texts, self.type)


@dataclass
class _Seen:
    """What is gathered of a column."""

    name: str
    told: Mapping[str, Any]
    type: pa.DataType | None = None
    sample: list[str] = field(default_factory=list)
    forms: list[WrittenForm] = field(default_factory=list)
    known: int = 0
    odd: dict[WrittenForm, int] = field(default_factory=dict)
    odd_texts: dict[WrittenForm, list[str]] = field(default_factory=dict)
    decimals: dict[WrittenForm, set[int]] = field(default_factory=dict)
    within_a_day: bool = True

    def sampled(self, texts: pa.Array) -> None:
        """Keep some texts, evenly spread over the first piece that has any."""
        if not self.sample and len(bare := without_marks(texts).drop_null().unique()):
            step = max(1, len(bare) // _SAMPLE)
            self.sample = bare[::step].to_pylist()

    def propose(self) -> None:
        """Note the forms that the sample may be of."""
        some = self.sample[:: max(1, len(self.sample) // _A_FEW)]
        kind = self.told.get("kind")
        if kind in (None, "integer", "float"):
            self.forms += number_forms(some)
        if kind in (None, "date", "datetime"):
            self.forms += moment_forms(some)
        if kind in (None, "duration"):
            self.forms += clock_forms(some)
        self.odd = dict.fromkeys(self.forms, 0)
        self.decimals = {form: set() for form in self.forms}

    def weigh(self, texts: pa.Array) -> None:
        """See which forms these texts are of."""
        bare = without_marks(texts).drop_null()
        self.known += len(bare)
        counted = bare.value_counts()
        names, times = counted.field("values"), counted.field("counts")
        for form in self.forms:
            fits = form.fits(names)
            odd = pc.sum(pc.if_else(fits, 0, times)).as_py() or 0
            if odd:
                texts = self.odd_texts.setdefault(form, [])
                texts += [one for one in names.filter(pc.invert(fits))[: _CODES + 1].to_pylist()
                          if one not in texts]  # fmt: skip
            self.odd[form] += odd
            if isinstance(form, NumberFormat):
                self.decimals[form] |= decimals_in(names.filter(fits), form)
            if isinstance(form, ClockFormat) and self.within_a_day:
                self.within_a_day = form.within_a_day(names.filter(fits))

    @property
    def fitting(self) -> list[WrittenForm]:
        """Forms that every text is of."""
        return [form for form in self.forms if not self.odd[form]]


def find_columns(
    names: Sequence[str],
    batches: Batches,
    *,
    told: Mapping[str, Mapping[str, Any]],
    texts: Collection[str] = (),
    place: Callable[[str, str], str],
) -> tuple[dict[str, TextColumn], int]:
    """What each column of a table of texts is, and how many rows there are.

    Args:
        names: of the columns.
        batches: gives all rows, as often as it is called.
        told: what is known of columns beforehand; see `Overrides`.
        texts: columns that stay texts, whatever they look like.
        place: says where a column holds a text.

    Raises:
        DataError: a column holds numbers or moments, and a few cells that are none and no known
            mark of what is missing; the message says where.
    """
    seen = {one: _Seen(one, told.get(one, {})) for one in names}
    for one in texts:
        if one in seen:
            seen[one].type = pa.string()
    rows = 0
    for batch in batches():
        rows += len(batch)
        for one, column in zip(names, batch.columns, strict=True):
            if one not in texts:
                seen[one].sampled(column)
                seen[one].type = _type_of(column, seen[one].type)
    hard = [one for one in seen.values() if one.type == pa.string() and one.name not in texts]
    for one in hard:
        one.propose()
    _weigh(names, batches, [one for one in hard if one.forms])
    comma = any(_only(one, "point", ",") for one in hard)
    hidden = [one for one in seen.values() if comma and one.type == pa.float64()]
    for one in hidden:
        one.forms = [NumberFormat(point=",", thousands=".")]
        one.odd, one.decimals = {one.forms[0]: 0}, {one.forms[0]: set()}
    _weigh(names, batches, hidden)
    days_first = comma or any(_first_is(one, "d") for one in hard)
    found = {one.name: _settled(one, comma, days_first, place) for one in seen.values()}
    return found, rows


def find_column(name: str, texts: pa.Array, told: Mapping[str, Any]) -> TextColumn:
    """What a column of different texts is, which has no neighbours.

    Raises:
        DataError: see `find_columns`.
    """

    def batches() -> Iterator[pa.RecordBatch]:
        yield pa.RecordBatch.from_arrays([texts], [name])

    found, _ = find_columns([name], batches, told={name: told}, place=lambda *_: "the data")
    return found[name]


def _weigh(names: Sequence[str], batches: Batches, columns: Collection[_Seen]) -> None:
    if not columns:
        return
    for batch in batches():
        for one in columns:
            one.weigh(batch.column(names.index(one.name)))


def _only(seen: _Seen, name: str, value: str) -> bool:
    """Whether all forms that fit agree in an attribute."""
    given = {getattr(form, name, None) for form in seen.fitting}
    return given == {value}


def _first_is(seen: _Seen, letter: str) -> bool:
    """Whether every form that fits begins with the day, and not with the month."""
    forms = [form.format for form in seen.fitting if isinstance(form, MomentFormat)]
    return bool(forms) and all(form.lstrip("%-^")[:1] == letter for form in forms)


def _settled(
    seen: _Seen, comma: bool, days_first: bool, place: Callable[[str, str], str]
) -> TextColumn:
    """What a column is, of which everything is gathered."""
    kind = seen.type or pa.null()
    if pt.is_timestamp(kind):
        return _known_moments(seen, kind)
    if kind == pa.float64() and seen.fitting and max(seen.decimals[seen.forms[0]]) <= 0:
        if any("." in text for text in seen.sample):
            return _number(
                seen, NumberFormat(point=",", thousands="."), "as other columns have decimal commas"
            )
        return TextColumn(kind)
    if kind != pa.string():
        return TextColumn(kind)
    fitting = seen.fitting
    if not fitting:
        _refuse_odd(seen, place)
        return TextColumn(kind)
    numbers = [form for form in fitting if isinstance(form, NumberFormat)]
    if numbers:
        wanted = [form for form in numbers if form.point == ","] if comma else numbers
        form = (wanted or numbers)[0]
        points = {one.point for one in numbers if one.point in form.point + form.thousands}
        why = "the column alone does not say what its commas are" if len(points) > 1 else ""
        return _number(seen, form, why)
    clocks = [form for form in fitting if isinstance(form, ClockFormat)]
    if clocks:
        return _clock_time(seen, clocks[0])
    moments = [form for form in fitting if isinstance(form, MomentFormat)]
    order = [form for form in moments if form.format.lstrip("%-^")[:1] == "d"]
    form = order[0] if days_first and order else moments[0]
    made = settled_form(form, seen.sample)
    others = [one.format for one in moments if one != form and len(one.format) == len(form.format)]
    if others:
        why = f"no cell says whether it is {form.format} or {others[0]}"
        return replace(_moment(seen, made), note=f"{_taken(made)}; {why}")
    return _moment(seen, made)


def _number(seen: _Seen, form: NumberFormat, why: str) -> TextColumn:
    decimals = seen.decimals[form]
    whole = decimals == {0}
    exact = replace(form, padded=0 if whole or -1 in decimals else min(decimals))
    note = f"numbers as {exact.example}" + (f"; {why}" if why else "")
    if exact == NumberFormat():
        return TextColumn(pa.int64() if whole else pa.float64())
    return TextColumn(pa.int64() if whole else pa.float64(), exact, note)


def _moment(seen: _Seen, form: MomentFormat) -> TextColumn:
    if not form.has_time:
        return TextColumn(pa.date32(), form, _taken(form))
    note = "; ".join(filter(None, (_taken(form), several_offsets(seen.sample, form))))
    return TextColumn(_timestamp(seen, form, "us"), form, note)


def _clock_time(seen: _Seen, form: ClockFormat) -> TextColumn:
    """Times of day; lengths of time where some are a day or longer, or below 0."""
    exact = ClockFormat(settled(form.format, form.pattern, seen.sample))
    kind = pa.time64("us") if seen.within_a_day else pa.duration("us")
    what = "times" if seen.within_a_day else "lengths of time"
    return TextColumn(kind, exact, f"{what} as {exact.format}")


def _taken(form: MomentFormat) -> str:
    return f"{'moments' if form.has_time else 'days'} as {form.format}"


def _known_moments(seen: _Seen, kind: pa.DataType) -> TextColumn:
    """Moments that arrow reads, with the form that they are written in."""
    likely = next(moment_forms(seen.sample[:_A_FEW]), None)
    if likely is None or not likely.has_time:
        return TextColumn(kind)
    form = settled_form(likely, seen.sample)
    return TextColumn(_timestamp(seen, form, kind.unit), form, several_offsets(seen.sample, form))


def _timestamp(seen: _Seen, form: MomentFormat, unit: str) -> pa.DataType:
    """The type of moments, in the zone of their offset if all have one."""
    fine = max((len(f) for f in fractions(seen.sample, form)), default=0) > 6
    unit = "ns" if fine else unit
    if form.format.endswith(AT_UTC):
        return pa.timestamp(unit, "UTC")
    if "z" not in form.format:
        return pa.timestamp(unit)
    ends = offsets(seen.sample, form)
    if len(ends) > 1 or ends == [0]:
        return pa.timestamp(unit, "UTC")
    return pa.timestamp(unit, clock(ends[0]))


def _refuse_odd(seen: _Seen, place: Callable[[str, str], str]) -> None:
    """Refuse a few cells that are no numbers or moments among many that are.

    Raises:
        DataError: there are some.
    """
    kind = seen.told.get("kind")
    if not seen.odd or kind not in (None, *_MEASURED):
        return
    form = min(seen.forms, key=lambda one: seen.odd[one])
    odds, count = seen.odd_texts[form], seen.odd[form]
    few = count <= _ODD_SHARE * seen.known or (
        len(odds) <= _CODES and count <= seen.known / 2
    )  # fmt: skip
    enough = seen.known >= 2 * _A_FEW // 3
    if not (few and enough) or (kind is None and len(seen.sample) <= _FEW):
        return
    odd, odds = odds[0], odds if len(odds) <= _CODES else odds[:1]
    what = _CALLED[type(form)]
    example = f" like {form.example}" if form.attributes() else ""
    more = f", one of {count:,} such cells" if count > 1 else ""
    missing = several("missing", odds)
    mend = "Mend it" if count > 2 else "Remove the line if it is no row of data, mend it"
    raise DataError(
        f"{place(seen.name, odd)}, column {seen.name!r} holds {odd!r}{more}; the other "
        f"{seen.known - count:,} are {what}{example}. {mend}, have it read as missing "
        f"({missing}), say what the column is "
        f"({schema(seen.name, 'category')}), or drop it."
    )


def _type_of(column: pa.Array, found: pa.DataType | None) -> pa.DataType | None:
    """The type of text cells, where those before were `found`; None where all are missing."""
    if found == pa.string():
        return found
    bare = pc.utf8_trim_whitespace(column).drop_null()
    marks = pc.is_in(pc.utf8_lower(bare), value_set=pa.array(MISSING_MARKS))
    if not len(bare) or pc.all(marks).as_py():
        return found
    if pc.any(pc.match_substring_regex(bare, _NO_NUMBER)).as_py():
        return pa.string()
    for kind in _TYPES if found is None else (found, *_WIDER.get(found, ())):
        # arrow tries every value before it gives up, so that a few are tried alone
        if all(_fits(part, kind) for part in (bare[:_A_FEW], bare)):
            return kind
    return pa.string()


def _fits(texts: pa.Array, kind: pa.DataType) -> bool:
    try:
        as_type(texts, kind)
    except pa.ArrowInvalid:
        return False
    return True
