"""Made-up people: a first and a last name for each number, from the lists of faker."""

import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np

from zerosum.errors import ConfigError, MissingExtraError, did_you_mean

if TYPE_CHECKING:
    from faker import Faker

LOCALES = (
    "en_US", "en_GB", "en_IN", "de_DE", "fr_FR", "it_IT", "es_ES", "pt_PT", "pt_BR", "nl_NL",
    "sv_SE", "no_NO", "da_DK", "fi_FI", "pl_PL", "cs_CZ", "hu_HU", "ro_RO", "tr_TR", "el_GR",
    "ru_RU", "uk_UA", "ja_JP", "zh_CN", "ko_KR",
)  # fmt: skip
"""Those that names are compared with; any other of faker's may be named."""

_MIX, _ODD = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_STEP = np.uint64(0x9E3779B97F4A7C15)
_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "ł": "l", "Ł": "L", "đ": "d", "ı": "i"}
)


def has_faker() -> bool:
    """Whether faker is installed."""
    try:
        import_module("faker")
    except ImportError:
        return False
    return True


@cache
def names_of(locale: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """First and last names that are usual somewhere.

    Raises:
        ConfigError: faker knows no such place.
        MissingExtraError: faker is not installed.
    """
    if not has_faker():
        raise MissingExtraError(
            "names of people are made by faker, which is not installed: "
            "pip install 'zerosum[identifiers]'."
        )
    try:
        provider = import_module(f"faker.providers.person.{locale}").Provider
    except ImportError as error:
        raise ConfigError(f"no names for the locale {locale!r}.{did_you_mean(locale, LOCALES)}"
                          ) from error  # fmt: skip
    sides = tuple(_listed(provider, side) for side in ("first_names", "last_names"))
    return sides[0], sides[1]


def uniform(rows: np.ndarray, purpose: int) -> np.ndarray:
    """A number in [0, 1) for each row number, uint64 `[n]`; the same each time."""
    with np.errstate(over="ignore"):
        z = (rows + np.uint64(1)) * _STEP + np.uint64(purpose) * _MIX
        z = (z ^ (z >> np.uint64(30))) * _MIX
        z = (z ^ (z >> np.uint64(27))) * _ODD
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53


def people(rows: np.ndarray, attempt: int, locale: str) -> list[tuple[str, str]]:
    """First and last name of each row number, uint64 `[n]`.

    Later attempts give others; from the tenth on last names are double ones, of which there are
    many more.
    """
    first, last = names_of(locale)
    chosen = _drawn(first, rows, 4 * attempt)
    family = _drawn(last, rows, 4 * attempt + 1)
    if attempt >= 10:
        second = _drawn(last, rows, 4 * attempt + 2)
        family = [f"{a}-{b}" for a, b in zip(family, second, strict=True)]
    return list(zip(chosen, family, strict=True))


def plain_letters(name: str) -> str:
    """A name as it stands in an address of mail.

    >>> plain_letters("Jürgen Groß-Ærø")
    'jurgengrossaero'
    """
    bare = unicodedata.normalize("NFKD", name.translate(_LETTERS)).casefold()
    return "".join(c for c in bare if c.isascii() and c.isalnum())


def _drawn(names: tuple[str, ...], rows: np.ndarray, purpose: int) -> list[str]:
    at = (uniform(rows, purpose) * len(names)).astype(np.int64)
    return [names[i] for i in at.tolist()]


def _listed(provider: type, side: str) -> tuple[str, ...]:
    found: list[str] = []
    for name in (side, f"{side}_male", f"{side}_female"):
        held = getattr(provider, name, ())
        found += held.keys() if isinstance(held, Mapping) else held
        if found:
            break
    return tuple(dict.fromkeys(map(str, found)))


@cache
def faker_of(locale: str) -> "Faker":
    """Faker for a locale, which is to be seeded before each use.

    Raises:
        ConfigError: faker knows no such place.
        MissingExtraError: faker is not installed.
    """
    names_of(locale)
    from faker import Faker

    return Faker(locale)
