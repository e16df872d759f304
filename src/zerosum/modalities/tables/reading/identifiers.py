"""Which columns of text are identifiers of people, by their values and their names; and their form.

Addresses of mail, IBANs and IP addresses are known by their values; telephone numbers, names and
addresses by both. Names must be such as faker lists for some place.
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import gcd
from typing import Any, Literal

from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.identifiers.fields import (
    DOMAINS,
    Case,
    PersonField,
    PersonForm,
    remainder,
)
from zerosum.modalities.tables.identifiers.people import (
    LOCALES,
    has_faker,
    names_of,
)
from zerosum.modalities.tables.identifiers.taken import taken_of
from zerosum.modalities.tables.reading.guesses import is_telephone, words_of
from zerosum.modalities.tables.reading.text_summaries import Texts
from zerosum.modalities.tables.schema import field_of

Other = Literal["phone", "iban", "ip"]
"""What is made by patterns."""

_FEWEST = 20
"""Different values there must be before a column is taken for one of identifiers."""

_LOOKED = 2_000
_MOST, _SOME = 0.9, 0.5
"""Shares of values that must look like it; of names, that must be listed somewhere."""

_FIRST = {"firstname", "forename", "givenname", "given", "vorname", "prenom", "prénom", "voornaam"}
_LAST = {
    "lastname", "surname", "familyname", "nachname", "familienname", "apellido", "apellidos",
    "cognome", "achternaam", "efternavn", "etternavn",
}  # fmt: skip
_WHOLE = {"name", "fullname", "nombre", "nom", "nome", "naam", "navn", "namn", "who"}
_ADDRESS = {"address", "addr", "street", "adresse", "anschrift", "strasse", "straße", "direccion"}
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s.,;<>]+")
_PHONE = re.compile(r"\+?[\d(][\d\s().\-/]{5,}\d")
_IBAN = re.compile(r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}")
_MOST_MASKS, _LEAST_OF_MASK = 12, 5


def identifier(
    summary: Texts, stated: Mapping[str, Any], own: Mapping[str, Any], *, private: bool
) -> tuple[Field, str] | None:
    """The field of a column that holds identifiers of people, and what is said of it.

    None if it holds none; or what would have to be made by faker, which is not installed. In a
    private schema only what is stated is one, and nothing of it is read from rows.

    Args:
        summary: of the column.
        stated: what the user says about it.
        own: its types.
        private: whether the schema is.
    """
    kind = stated.get("kind")
    if kind not in (None, *_KINDS) or (kind is None and private):
        return None
    if "locale" in stated:
        names_of(stated["locale"])
    if private:
        usual = {"form": "name"} if kind == "person" else {"masks": ["##########"]}
        return field_of(summary.name, {**usual, **own, **stated}), ""
    some = [] if summary.endless else summary.names().slice(0, _LOOKED).to_pylist()
    some = [one.strip() for one in some]
    form = _form_of(summary, some)
    if kind is None and (form is None or summary.constant or summary.distinct < _FEWEST):
        return None
    if kind == "person":
        form = stated.get("form") or (form if form in _LEADS else "name")
    elif kind == "pattern":
        form = stated.get("check") or (form if form and form not in _LEADS else "phone")
    assert form is not None
    if kind is None and form in _LEADS and not has_faker():
        return None
    field = _field(summary, some, form, {**own, **stated})
    again = ", another for each row" if 2 * summary.distinct <= summary.known else ""
    return field, f"{_WORDS[form]}; made-up ones take their place{again}"


def _field(summary: Texts, some: Sequence[str], form: str, told: Mapping[str, Any]) -> Field:
    """The field of identifiers of a known form, with what the user says about it."""
    texts = [] if summary.endless else summary.names().to_pylist()
    gaps = 1 - summary.known / max(summary.rows, 1)
    found: dict[str, Any] = {"kind": "pattern", "gaps": gaps}
    if form not in _LEADS:
        masks = _addresses(some) if form == "ip" else _masks(some, letters=form == "iban")
        found |= {"masks": masks, "check": "iban" * (form == "iban"), "taken": taken_of(texts)}
        return field_of(summary.name, {**found, **told})
    locale = _locale(some)[0]
    names = [_first_then_last(one) for one in texts] if form == "name" else texts
    if form == "email":  # none that is made can be another
        names = [one for one in texts if one.strip().casefold().endswith(DOMAINS)]
    found |= {
        "kind": "person", "form": form, "case": _case(some), "locale": locale,
        "template": _template(form, some, locale, unique=summary.distinct_rows),
        "taken": {form: taken_of(names)} if names else {},
    }  # fmt: skip
    return field_of(summary.name, {**found, **told})


def hint() -> str:
    """What names of people need, where it is not there."""
    if has_faker():
        return ""
    return " If it names people, pip install 'zerosum[identifiers]' makes up others."


def of_one_person(fields: Sequence[Field]) -> list[Field]:
    """Fields of a table, whose columns of people are about one person in each row.

    They are from the same place, which names say best, and know what is taken in each other.
    """
    known = [one for one in fields if isinstance(one, PersonField)]
    if len(known) < 2:
        return list(fields)
    lead = min(known, key=lambda one: _LEADS.index(one.form))
    taken = {form: one for field in known for form, one in field.taken.items()}
    update = {"locale": lead.locale, "taken": taken}
    return [
        one.model_copy(update=update) if isinstance(one, PersonField) else one for one in fields
    ]


_LEADS: tuple[PersonForm, ...] = ("name", "last_name", "first_name", "address", "email")
_KINDS = ("person", "pattern")
_WORDS = {
    "name": "names of people", "first_name": "first names of people",
    "last_name": "last names of people", "email": "addresses of mail", "address": "addresses",
    "phone": "telephone numbers", "iban": "IBANs", "ip": "IP addresses",
}  # fmt: skip


def _form_of(summary: Texts, some: Sequence[str]) -> PersonForm | Other | None:
    """What a column holds, by its values and its name."""
    words = words_of(summary.name)
    if _share(some, _EMAIL.fullmatch) >= _MOST:
        return "email"
    if _share(some, _is_iban) >= _MOST:
        return "iban"
    if summary.distinct > 50 and _share(some, _is_ip) >= _MOST:
        return "ip"
    if is_telephone(summary) and _share(some, _PHONE.fullmatch) >= _MOST:
        return "phone"
    if words & _ADDRESS and not words & {"ip", "mac"} and _share(some, _is_address) >= _SOME:
        return "address"
    form = _named(words)
    if form is None or not has_faker() or _locale(some, form)[1] < _SOME:
        return None
    if form == "name" and _share(some, lambda one: " " not in one and one.isascii()) >= _MOST:
        own = {side: _locale(some, side)[1] for side in ("first_name", "last_name")}
        return "first_name" if own["first_name"] > own["last_name"] else "last_name"
    return form


def _named(words: set[str]) -> PersonForm | None:
    """What of a person a column holds by the words of its name."""
    pairs = {"first", "given", "fore"}, {"last", "family", "sur"}
    if words & _FIRST or ("name" in words and words & pairs[0]):
        return "first_name"
    if words & _LAST or ("name" in words and words & pairs[1]):
        return "last_name"
    return "name" if words & _WHOLE else None


def _share(some: Sequence[str], holds: Callable[[str], object]) -> float:
    return sum(1 for one in some if holds(one)) / max(len(some), 1)


def _is_iban(text: str) -> bool:
    return bool(_IBAN.fullmatch(text)) and remainder(text) == 1


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_address(text: str) -> bool:
    return any(c.isdigit() for c in text) and sum(c.isalpha() for c in text) >= 4


def _locale(some: Sequence[str], form: str = "name") -> tuple[str, float]:
    """Where names are usual, and which share of them is listed there; the first where none is."""
    if not has_faker():
        return LOCALES[0], 0.0
    tokens = [_tokens(one) for one in some]

    def score(locale: str) -> float:
        first, last = ({one.casefold() for one in side} for side in names_of(locale))
        known = {"first_name": first, "last_name": last}.get(form, first | last)
        return sum(1 for one in tokens if _listed(one, known)) / max(len(tokens), 1)

    best = max(LOCALES, key=score)
    return best, score(best)


def _listed(tokens: Sequence[str], known: set[str]) -> bool:
    if len(tokens) == 1 and not tokens[0].isascii():  # family and own name without a space
        return any(tokens[0].startswith(one) for one in known if one)
    return any(one in known for one in tokens)


def _tokens(name: str) -> list[str]:
    bare = "".join(c if c.isalpha() or c in "-'’" else " " for c in name)
    return bare.casefold().split()


def _first_then_last(name: str) -> str:
    """`Lovelace, Ada` as `Ada Lovelace`, as taken names are compared."""
    last, comma, first = name.partition(",")
    return f"{first.strip()} {last.strip()}" if comma else name


def _case(some: Sequence[str]) -> Case:
    if all(one == one.upper() for one in some):
        return "upper" if any(one != one.lower() for one in some) else ""
    return "lower" if all(one == one.lower() for one in some) else ""


def _template(form: str, some: Sequence[str], locale: str, *, unique: bool) -> str:
    """How values are written: what most of them have."""
    if form == "email":
        return _local_part([one.partition("@")[0] for one in some], unique=unique)
    if form == "address":
        breaks = Counter("\n" if "\n" in one else ", " if ", " in one else "" for one in some)
        return breaks.most_common(1)[0][0] if breaks else ""
    if _share(some, lambda one: "," in one) >= _SOME:
        return "{last}, {first}"
    first, last = ({one.casefold() for one in side} for side in names_of(locale))
    if _share(some, lambda one: " " in one) < _SOME and locale[:2] in ("zh", "ja", "ko"):
        return "{last}{first}"
    pairs = [_tokens(one) for one in some]
    ahead = sum(1 for one in pairs if len(one) > 1 and one[0] in last and one[0] not in first)
    behind = sum(1 for one in pairs if len(one) > 1 and one[-1] in last and one[0] in first)
    return "{last} {first}" if ahead > behind else "{first} {last}"


def _local_part(some: Sequence[str], *, unique: bool) -> str:
    marks = Counter(next((c for c in one if c in "._-"), "") for one in some)
    mark = marks.most_common(1)[0][0] if marks else "."
    letters = _share(some, lambda one: len(one.partition(mark)[0]) == 1) if mark else 0.0
    template = f"{'{f}' if letters >= _SOME else '{first}'}{mark}{{last}}"
    if not mark:
        template = "{f}{last}"
    return f"{template}{{number}}" if unique else template


def _masks(some: Sequence[str], *, letters: bool) -> tuple[str, ...]:
    """Patterns of values, the usual ones as often as they occur; what never changes stays."""
    groups: dict[str, list[str]] = {}
    for one in some:
        groups.setdefault("".join("#" if c.isdigit() else c for c in one), []).append(one)
    if letters:  # capitals of accounts differ, those of the country do not
        groups = {}
        for one in some:
            shape = "".join("#" if c.isdigit() else "?" if c.isalpha() else c for c in one[2:])
            groups.setdefault(one[:2] + shape, []).append(one)
    common = sorted(groups.items(), key=lambda pair: -len(pair[1]))
    kept = [pair for pair in common if len(pair[1]) >= _LEAST_OF_MASK] or common[:1]
    total = sum(len(ones) for _, ones in kept)
    masks = [(_mask(shape, ones), round(_MOST_MASKS * len(ones) / total)) for shape, ones in kept]
    often = gcd(*(times for _, times in masks)) or 1
    return tuple(mask for mask, times in masks for _ in range(times // often)) or (masks[0][0],)


def _mask(shape: str, ones: Sequence[str]) -> str:
    """A shape in which what all have in common stands as it is, up to the first that varies."""
    if len(ones) < _LEAST_OF_MASK:
        return shape
    letters = []
    for place, mark in enumerate(shape):
        seen = {one[place] for one in ones}
        fixed = len(seen) == 1 and mark in "#?" and all(c not in "#?" for c in letters)
        letters.append(ones[0][place] if fixed else "%" if mark == "#" and place == 0 else mark)
    return "".join(letters)


def _addresses(some: Sequence[str]) -> tuple[str, ...]:
    """Patterns of IP addresses; parts in front that all have in common stay."""
    old = [one.split(".") for one in some if "." in one and ":" not in one]
    new = [ipaddress.ip_address(one).exploded.split(":") for one in some if ":" in one]
    sides = [(old, _joined(old, "@", ".")), (new, _joined(new, "^^^^", ":"))]
    times = [round(_MOST_MASKS * len(parts) / max(len(some), 1)) for parts, _ in sides]
    often = gcd(*times) or 1
    masks = [mask for (_, mask), n in zip(sides, times, strict=True) for _ in range(n // often)]
    return tuple(masks) or ("@.@.@.@",)


def _joined(parts: Sequence[Sequence[str]], free: str, between: str) -> str:
    made: list[str] = []
    for own in zip(*parts, strict=True):
        fixed = len(set(own)) == 1 and len(own) >= _LEAST_OF_MASK and free not in made
        made.append(own[0] if fixed else free)
    return between.join(made)
