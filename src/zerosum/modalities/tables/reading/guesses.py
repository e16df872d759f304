"""What a column is likely to be, from what is gathered of it: a key, free text, or days."""

import re
from collections.abc import Iterable

import pyarrow.types as pt

from zerosum.modalities.tables.reading.summaries import Numbers, Summary
from zerosum.modalities.tables.reading.text_summaries import Texts
from zerosum.modalities.tables.unmodelled_fields import TextField

_KEY_WORDS = {"id", "key", "uuid", "guid", "index", "idx", "identifier", "rowid"}
_FEW_ROWS = 20
"""Fewer rows than this say nothing about whether a column without such a word identifies them."""

_MANY_ROWS = 1_000
"""From so many rows on, numbers that hardly leave one out are no measurement."""

_DAY_WORDS = {"date", "day", "datum", "dt", "dob", "birthday", "time", "at", "on", "yyyymmdd"}
"""Words in a name of a column whose whole numbers are days even where they are few."""

_COORDINATES = (
    r"^\s*(POINT\s*)?[(\[]?\s*[-+]?\d{1,3}(\.\d+)?°?\s*[NSEW]?\s*[,; ]\s*[-+]?\d{1,3}(\.\d+)?°?"
    r"\s*[NSEW]?\s*[)\]]?\s*$|^\s*\d{1,3}°\s*\d{1,2}['′].*[NSEW]\s*$"
)

_MEASURED = (
    r"^\s*(\d{4}[-/.][0-3]?\d[-/.][0-3]?\d"
    r"|[0-3]?\d[-/. ]([0-3]?\d|[A-Za-z]{3,9})[-/. ](\d{4}|\d{2}))"
    r"([T ]\d{1,2}:\d{2}.*)?\s*$"
    r"|^\s*\d{1,3}:\d{2}(:\d{2}(\.\d+)?)?(\s?[AaPp]\.?[Mm]\.?)?\s*$"
    r"|^\s*[-+]?(\d{1,3}([.,' ]\d{3})+([.,]\d+)?|\d+[.,]\d+)\s*$"
)
"""Days, moments, times and numbers, in whatever forms."""

_MANY_NAMES = 50

_PEOPLE = {
    "account", "applicant", "borrower", "card", "citizen", "client", "customer", "device",
    "driver", "employee", "guest", "household", "member", "owner", "participant", "passenger",
    "patient", "person", "policy", "respondent", "student", "subject", "subscriber", "taxpayer",
    "tenant", "user", "visitor",
}  # fmt: skip
"""Words in a name of a column that says whom a row is about, beside a word such as `id`."""

_TELEPHONES = {"cell", "fax", "mobile", "msisdn", "phone", "tel", "telephone"}
_CONTACTS = {
    "aadhaar", "cpf", "email", "iban", "mail", "mrn", "nino", "passport", "pesel", "ssn",
    *_TELEPHONES,
}  # fmt: skip
"""Words in a name of a column that holds what belongs to one person."""

_NUMBER_WORDS = {"code", "no", "nr", "num", "number", "ref"}
_FEWEST_ENTITIES, _ROWS_OF_ONE = 20, 30
"""Entities there are at least, and rows of each at most where its name is `id` or `user` alone."""
_LONG = 40
"""Characters of a text that is more than a name, on average."""


def is_day(summary: Numbers, forced: str | None) -> bool:
    """Whether whole numbers such as 20230105 are days."""
    if forced is not None and pt.is_integer(summary.reads):
        return True
    named = bool(words_of(summary.name) & _DAY_WORDS)
    return bool(summary.format) and not summary.constant and (
        named or summary.known >= _FEW_ROWS
    )  # fmt: skip


def why_key(summary: Summary) -> str:
    """Why a column is taken for a key, in a few words."""
    if words_of(summary.name) & _KEY_WORDS:
        return "its name says so and no value comes twice"
    if isinstance(summary, Numbers):
        return "its numbers count up" if summary.counts_up else "its numbers leave hardly one out"
    return "its texts share a pattern and none comes twice"


def identifies(summary: Summary) -> bool:
    """Whether a column looks like one that tells rows apart.

    It does where nothing is missing, no value comes twice, and its name says so; else numbers that
    count up, and short texts of one pattern.
    """
    if not summary.distinct_rows or summary.constant:
        return False
    if isinstance(summary, Texts) and (summary.matches(_COORDINATES) or summary.matches(_MEASURED)):
        return False
    if words_of(summary.name) & _KEY_WORDS:
        return True
    if summary.known < _FEW_ROWS:
        return False
    if isinstance(summary, Numbers):
        dense = summary.whole and summary.high - summary.low < 2 * summary.known
        return dense and (summary.counts_up or summary.known >= _MANY_ROWS)
    return isinstance(summary, Texts) and summary.mean_length < _LONG and bool(summary.pattern())


def repeats_entities(summary: Summary) -> bool:
    """Whether a column looks like one that says which person, or other entity, a row is about.

    It does where values come back, there are many of them, and its name says so.
    """
    if not isinstance(summary, Numbers | Texts) or summary.constant or summary.distinct_rows:
        return False
    if isinstance(summary, Numbers) and not summary.whole:
        return False
    words, distinct = words_of(summary.name), summary.distinct
    if distinct < _FEWEST_ENTITIES:
        return False
    if words & _CONTACTS:
        return True
    if words & _PEOPLE and words & (_KEY_WORDS | _NUMBER_WORDS):
        return True
    many = distinct >= max(_MANY_NAMES, summary.known / _ROWS_OF_ONE)
    return many and (words <= _PEOPLE or bool(words & _KEY_WORDS))


def is_measured(text: str) -> bool:
    """Whether a text reads as a day, a moment, a time or a number, in whatever form.

    >>> is_measured("03/04/2023"), is_measured("2:05 PM"), is_measured("C00017")
    (True, True, False)
    """
    return re.match(_MEASURED, text) is not None


def in_several_forms(texts: Iterable[TextField]) -> str:
    """What to do about columns of free text that are days, times or numbers, if there are some."""
    names = [
        repr(one.name) for one in texts if one.examples and all(map(is_measured, one.examples))
    ]
    several = "read as days, times or numbers, but not all in one form: write them in one"
    return f" Cells of {', '.join(names)} {several}." if names else ""


def is_telephone(summary: Summary) -> bool:
    """Whether a column's name says that it holds telephone numbers."""
    return bool(words_of(summary.name) & _TELEPHONES)


def is_free_text(summary: Texts) -> bool:
    """Whether so many texts differ that they are no categories."""
    if repeats_entities(summary):
        return False
    many = summary.distinct > _MANY_NAMES and not identifies(summary)
    most = summary.distinct > summary.known / 2
    long = summary.mean_length > _LONG and summary.distinct > summary.known / 10
    unique = summary.distinct_rows and summary.known >= _FEW_ROWS and not identifies(summary)
    return (many and (most or long)) or unique


def is_many(summary: Texts) -> bool:
    """Whether texts are no categories: they are worth reading as numbers and moments."""
    return not summary.endless and (is_free_text(summary) or identifies(summary))


def words_of(name: str) -> set[str]:
    """Words of a name, in small letters."""
    return set("".join(c if c.isalnum() else " " for c in _snake(name)).lower().split())


def _snake(name: str) -> str:
    """`customerId` as `customer Id`."""
    return "".join(
        f" {c}" if c.isupper() and i and name[i - 1].islower() else c for i, c in enumerate(name)
    )
