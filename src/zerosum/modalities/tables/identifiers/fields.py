"""Fields of identifiers: new ones for each row, in the form of the data's, and none of the data's.

All that is made depends on the number of the row alone. So a row has the same person in each of its
columns, and row *i* is the same however many rows are made.
"""

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np
import pydantic

from zerosum.errors import DataError
from zerosum.modalities.tables.identifiers.people import (
    faker_of,
    people,
    plain_letters,
    uniform,
)
from zerosum.modalities.tables.identifiers.taken import is_taken, taken_of
from zerosum.modalities.tables.unmodelled_fields import UnlearnedField, scramble

if TYPE_CHECKING:
    import pyarrow as pa

PersonForm = Literal["name", "first_name", "last_name", "email", "address"]
Check = Literal["", "iban"]
Case = Literal["", "upper", "lower"]

DOMAINS = ("example.com", "example.org", "example.net")
"""Reserved by RFC 2606, so that no made address of mail is anybody's."""

TRIES = 24
_LETTERS = {
    "#": "0123456789", "%": "123456789", "?": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "^": "0123456789abcdef"
}  # fmt: skip
_OCTET = "@"


class IdentifierField(UnlearnedField):
    """A column of identifiers.

    Attributes:
        gaps: share of rows without one.
    """

    gaps: float = pydantic.Field(default=0.0, ge=0, le=1)

    @property
    def details(self) -> str:
        """The first that are made."""
        shown = [str(one) for one in self.make(2).to_pylist() if one is not None]
        return f"made anew: {', '.join([*shown, '…'])}"

    @abstractmethod
    def texts(self, rows: np.ndarray, attempt: int) -> list[str]:
        """One for each row number, uint64 `[n]`; other attempts give others."""

    def make(self, n: int, start: int = 0) -> "pa.Array":
        """One for each of rows `start` to `start + n`, or nothing.

        Raises:
            ConfigError: faker knows no such locale.
            DataError: all that can be made may be in the data.
            MissingExtraError: faker is needed and not installed.
        """
        import pyarrow as pa

        rows = np.arange(start, start + n, dtype=np.uint64)
        made = untaken(self.texts, self._own, rows, self.name)
        gone = uniform(rows, 3) < self.gaps
        return pa.array(made, pa.string(), mask=gone).cast(self.arrow_type)

    @property
    @abstractmethod
    def _own(self) -> str:
        """What must not be made; see `taken_of`."""


Makes = Callable[[np.ndarray, int], list[str]]
"""From row numbers, uint64 `[n]`, and the number of an attempt to a text for each."""


def untaken(make: Makes, taken: str, rows: np.ndarray, name: str) -> list[str]:
    """A text for each of `rows`, uint64 `[n]`, that is not `taken`, by as few attempts as it takes.

    Raises:
        DataError: every attempt at a row is taken.
    """
    made, left = np.array(make(rows, 0), object), np.arange(len(rows))
    for attempt in range(1, TRIES + 1):
        left = left[is_taken(taken, made[left].tolist())]
        if not len(left):
            return made.tolist()
        if attempt < TRIES:
            made[left] = make(rows[left], attempt)
    raise DataError(
        f"column {name!r}: nearly all that can be made up for it may be in the data. Name another "
        "locale, or wider masks, in the schema; or drop the column."
    )


class PersonField(IdentifierField):
    """Names, addresses of mail and of houses of people who do not exist.

    Attributes:
        form: what of a person it holds.
        locale: where people are from, as faker calls it: `de_DE`.
        template: how a name, or what stands before the @, is written, of `{first}`, `{last}`,
            `{f}` and `{l}` (their first letters) and `{number}`, that of the row. Of an address:
            what stands between its lines; if empty, there is the first line alone.
        case: whether all is in capitals, or in small letters.
        taken: what must not be made, by form; see `taken_of`. Where a table has several columns of
            people, each knows those of all.
    """

    kind = "person"
    form: PersonForm
    locale: str = "en_US"
    template: str = "{first} {last}"
    case: Case = ""
    taken: dict[str, str] = {}

    @pydantic.field_validator("template")
    @classmethod
    def _known(cls, template: str) -> str:
        """The template asks for what there is."""
        try:
            template.format(first="", last="", f="", l="", number=0)
        except (LookupError, ValueError) as error:
            raise ValueError(
                f"{template!r} is no template of {{first}}, {{last}}, {{f}}, {{l}} and {{number}}"
            ) from error
        return template

    def texts(self, rows: np.ndarray, attempt: int) -> list[str]:
        """See `IdentifierField.texts`; the person of a row is the same at each attempt."""
        if self.form == "address":
            return [self._address(int(row), attempt) for row in rows]
        who = self._people(rows)
        return [self._written(*one, int(row), attempt) for one, row in zip(who, rows, strict=True)]

    @property
    def _own(self) -> str:
        return self.taken.get(self.form, "") if self.form in ("address", "email") else ""

    def _people(self, rows: np.ndarray) -> list[tuple[str, str]]:
        """Who each row is about: nobody whose name, or last name, the data has."""

        def whole(rows: np.ndarray, attempt: int) -> list[str]:
            pairs = people(rows, attempt, self.locale)
            last = is_taken(self.taken.get("last_name", ""), [one for _, one in pairs])
            name = is_taken(self.taken.get("name", ""), [" ".join(one) for one in pairs])
            return [
                "" if gone else "\n".join(one) for one, gone in zip(pairs, last | name, strict=True)
            ]

        none = taken_of([""])
        found = [one.partition("\n") for one in untaken(whole, none, rows, self.name)]
        return [(first, last) for first, _, last in found]

    def _written(self, first: str, last: str, row: int, attempt: int) -> str:
        if self.form in ("first_name", "last_name"):
            return self._cased(first if self.form == "first_name" else last)
        known = {"first": first, "last": last, "number": row}
        if self.form == "name":
            return self._cased(self.template.format(**known, f=first[:1], l=last[:1]))
        a, b = plain_letters(first) or "user", plain_letters(last) or str(row)
        local = self.template.format(first=a, last=b, f=a[0], l=b[0], number=row)
        again = f".{attempt}" if attempt else ""
        return self._cased(f"{local}{again}@{DOMAINS[row % len(DOMAINS)]}")

    def _address(self, row: int, attempt: int) -> str:
        fake = faker_of(self.locale)
        fake.seed_instance(row * TRIES + attempt)
        if not self.template:
            return self._cased(fake.street_address().replace("\n", " "))
        return self._cased(fake.address().replace("\n", self.template))

    def _cased(self, text: str) -> str:
        return {"upper": text.upper(), "lower": text.lower()}.get(self.case, text)


class PatternField(IdentifierField):
    """Telephone numbers, IBANs, IP addresses: what is made of letters and digits by a pattern.

    Attributes:
        masks: patterns, of which each is as likely as it is often here: `#` stands for a digit, `%`
            for one from 1 on, `?` for a capital, `^` for a hexadecimal digit, `@` for a number
            from 1 to 254.
        check: `iban` sets the check digits.
        taken: what must not be made; see `taken_of`.
    """

    kind = "pattern"
    masks: tuple[str, ...] = pydantic.Field(min_length=1)
    check: Check = ""
    taken: str = ""

    @property
    def _own(self) -> str:
        return self.taken

    def texts(self, rows: np.ndarray, attempt: int) -> list[str]:
        """See `IdentifierField.texts`; no two are the same while there is room."""
        at = (uniform(rows, 0) * len(self.masks)).astype(np.int64)
        made = np.empty(len(rows), object)
        for i in np.unique(at):
            mine = np.flatnonzero(at == i)
            made[mine] = self._filled(self.masks[i], rows[mine], attempt)
        return made.tolist()

    def _filled(self, mask: str, rows: np.ndarray, attempt: int) -> list[str]:
        """The mask filled for each row, by numbers that are scrambled one to one."""
        places = [i for i, c in enumerate(mask) if c in _LETTERS or c == _OCTET]
        choices = [
            [str(octet) for octet in range(1, 255)]
            if mask[i] == _OCTET
            else list(_LETTERS[mask[i]])
            for i in places
        ]
        numbers = rows * np.uint64(TRIES) + np.uint64(attempt)
        digits = np.zeros((len(places), len(rows)), np.uint64)
        for position in reversed(range(len(places))):
            size = np.uint64(len(choices[position]))
            digits[position], numbers = numbers % size, numbers // size
        scramble(digits, [len(one) for one in choices])
        pieces = [[c] * len(rows) for c in mask]
        for place, own, drawn in zip(places, choices, digits, strict=True):
            pieces[place] = [own[i] for i in drawn.tolist()]
        texts = ["".join(one) for one in zip(*pieces, strict=True)]
        return [with_check_digits(text) for text in texts] if self.check == "iban" else texts


def with_check_digits(iban: str) -> str:
    """An IBAN with the third and fourth of its letters set so that it is valid (ISO 13616).

    >>> with_check_digits("GB00 WEST 1234 5698 7654 32")
    'GB82 WEST 1234 5698 7654 32'
    """
    return f"{iban[:2]}{98 - remainder(f'{iban[:2]}00{iban[4:]}'):02}{iban[4:]}"


def remainder(iban: str) -> int:
    """The remainder of an IBAN by 97; 1 where it is valid.

    >>> remainder("GB82 WEST 1234 5698 7654 32")
    1
    """
    bare = "".join(c for c in iban.upper() if c.isascii() and c.isalnum())
    return int("".join(str(int(c, 36)) for c in bare[4:] + bare[:4])) % 97
