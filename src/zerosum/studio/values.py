"""What people and programs send, as far as every database keeps it."""

import math
from typing import Any

from zerosum.errors import StudioError

MOST_NUMBER = 2**63 - 1
"""The largest whole number that a database keeps."""


def require_keepable(value: Any) -> None:
    """Refuse text, numbers, lists and mappings that one of the databases would not keep.

    Raises:
        StudioError: a text holds a zero byte or half a character, or a number is too large.

    >>> require_keepable({"n": [1, "ä 🎨", None]})
    """
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            left += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            left += one
        elif isinstance(one, str):
            _require_text(one)
        elif isinstance(one, int):
            require_number(one)
        elif isinstance(one, float) and not math.isfinite(one):
            raise StudioError(f"{one} is no number that can be kept. Give a finite one.")


def require_number(value: int) -> int:
    """The number itself, if it has at most 64 bits.

    Raises:
        StudioError: it has more.
    """
    if abs(value) > MOST_NUMBER:
        raise StudioError(
            f"a number of {value.bit_length()} bits is too large. Allowed: whole numbers up to "
            f"{MOST_NUMBER}."
        )
    return value


def _require_text(text: str) -> None:
    broken = "\0" in text
    try:
        text.encode()
    except UnicodeEncodeError:
        broken = True
    if broken:
        shown = text[:40].encode("ascii", "backslashreplace").decode().replace("\0", "\\0")
        raise StudioError(
            f"the text '{shown}' holds a zero byte or half a character, which no file and no page "
            "shows. Remove it."
        )
