"""Conditions as users write them: one small language for labels, numbers and columns of tables.

A condition is a value; several of them (a list, an array, or text: `a,b`), of which any will do; a
range (`Between`, or text: `30..40`, `>=30`, `<5`); any other value (`!=x`); or what is missing
(None, or `missing`). A value that is itself called like one of these texts comes first.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, NamedTuple

from zerosum.errors import ConditionError

MISSING = "missing"
"""How text asks for what is missing."""

_SIGNS = (">=", "<=", ">", "<")

_PAIR = re.compile(r"(.+?)(!=|>=|<=|=|>|<)(.*)", re.DOTALL)
"""A name, a sign, and a value."""


class Between(NamedTuple):
    """Values from `low` to `high`, both included; None leaves that side open."""

    low: Any = None
    high: Any = None


@dataclass(frozen=True)
class Value:
    """One value, as the user calls it."""

    value: Any

    def __str__(self) -> str:
        return repr(self.value)


@dataclass(frozen=True)
class Span:
    """A range; None leaves a side open, and a `strict` one does not hold the ends given."""

    low: Any = None
    high: Any = None
    strict: bool = False

    def __str__(self) -> str:
        low, high = ("" if end is None else str(end) for end in (self.low, self.high))
        return f"{low}..{high}"


@dataclass(frozen=True)
class AnyOf:
    """Several conditions, of which any will do."""

    parts: tuple["Condition", ...]

    def __str__(self) -> str:
        return ", ".join(map(str, self.parts))


@dataclass(frozen=True)
class Other:
    """Every value that `part` does not allow."""

    part: "Condition"

    def __str__(self) -> str:
        return f"!={self.part}"


@dataclass(frozen=True)
class Missing:
    """What is missing."""

    def __str__(self) -> str:
        return MISSING


Condition = Value | Span | AnyOf | Other | Missing


def read_condition(name: str, wanted: Any, known: Collection[str] = ()) -> Condition:
    """What `wanted` says.

    Args:
        name: of what it is asked of.
        wanted: in any form that the language has.
        known: names of values, which come before anything that text might say.

    Raises:
        ConditionError: it is a list without values.

    >>> read_condition("age", "30..40")
    Span(low='30', high='40', strict=False)
    >>> read_condition("label", ["cat", "!=dog"])
    AnyOf(parts=(Value(value='cat'), Other(part=Value(value='dog'))))
    """
    if isinstance(wanted, str):
        return _from_text(wanted, known)
    if isinstance(wanted, Between):
        return Span(wanted.low, wanted.high)
    if _is_array(wanted):
        return read_condition(name, wanted.tolist(), known)
    if isinstance(wanted, Sequence | Set) and not isinstance(wanted, bytes):
        return AnyOf(tuple(read_condition(name, one, known) for one in _some(name, wanted)))
    if wanted is None or wanted != wanted:  # NaN, and how pandas calls a moment that is none
        return Missing()
    return Value(wanted)


def read_turns(name: str, wanted: Any, known: Collection[str] = ()) -> list[Condition]:
    """Conditions that are taken in turn, from a list, an array or text: `a,b`.

    Raises:
        ConditionError: the list is empty.

    >>> read_turns("label", "cat,dog")
    [Value(value='cat'), Value(value='dog')]
    """
    if _is_array(wanted):
        wanted = wanted.tolist()
    if isinstance(wanted, str):
        wanted = [wanted] if wanted in known else [part.strip() for part in wanted.split(",")]
    listed = isinstance(wanted, Sequence) and not isinstance(wanted, bytes | Between)
    return [read_condition(name, one, known) for one in _some(name, wanted if listed else [wanted])]


def require_apart(where: Iterable[str], in_turn: Iterable[str]) -> None:
    """Refuse a name with a condition and with values in turn.

    Raises:
        ConditionError: there is one.
    """
    both = sorted(set(where) & set(in_turn))
    if both:
        raise ConditionError(f"{both[0]} is in where and in in_turn; leave it out of one of them.")


def read_pairs(pairs: Iterable[str], known: Collection[str] = ()) -> dict[str, str]:
    """Conditions from a command line; signs of a comparison belong to the value.

    Args:
        pairs: what is written.
        known: names that there are; the longest that fits is taken, so that a name may hold signs.

    Raises:
        ConditionError: one is no condition, or a name has two.

    >>> read_pairs(["label=a,b", "age>=30", "a=b=c", '"<x"=1'], known=["a=b", "<x"])
    {'label': 'a,b', 'age': '>=30', 'a=b': 'c', '<x': '1'}
    """
    found: dict[str, str] = {}
    for pair in pairs:
        parts = _split(pair, known)
        if parts is None:
            raise ConditionError(f"{pair!r} is not a condition. Write name=value: label=3.")
        name, sign, text = parts
        if name in found:
            raise ConditionError(f"{name} has two conditions; write one, such as {name}=1,2.")
        found[name] = text if sign == "=" else f"{sign}{text}"
    return found


def _split(pair: str, known: Collection[str]) -> tuple[str, str, str] | None:
    """Name, sign and value; None without a sign."""
    quoted = re.fullmatch(r"""(["'])(.+?)\1\s*(!=|>=|<=|=|>|<)(.*)""", pair, re.DOTALL)
    if quoted:
        return quoted[2], quoted[3], quoted[4]
    for name in sorted(known, key=len, reverse=True):
        rest = re.fullmatch(r"(!=|>=|<=|=|>|<)(.*)", pair[len(name) :].lstrip(), re.DOTALL)
        if pair.startswith(name) and rest:
            return name, rest[1], rest[2]
    parts = _PAIR.fullmatch(pair)
    return None if parts is None else (parts[1], parts[2], parts[3])


def read_shares(
    pairs: Iterable[str], known: Collection[str] = ()
) -> Mapping[str, Mapping[str, float]]:
    """Shares of values from a command line.

    Args:
        pairs: what is written.
        known: names that there are; see `read_pairs`.

    Raises:
        ConditionError: one is no share.

    >>> read_shares(["fraud=true:0.5"])
    {'fraud': {'true': 0.5}}
    """
    shares: dict[str, dict[str, float]] = {}
    for pair in pairs:
        parts = _split(pair, known)
        name, rest = (parts[0], parts[2]) if parts and parts[1] == "=" else (pair, "")
        value, colon, share = rest.rpartition(":")
        try:
            shares.setdefault(name, {})[value] = float(share)
        except ValueError:
            colon = ""
        if not colon:
            raise ConditionError(f"{pair!r} is no share. Write column=value:share: fraud=true:0.5.")
    return shares


def _is_array(wanted: Any) -> bool:
    """Whether it is an array, a tensor or a column of a frame, and no single number of numpy's."""
    return hasattr(wanted, "tolist") and hasattr(wanted, "__len__")


def _some(name: str, wanted: Collection[Any]) -> Collection[Any]:
    if not wanted:
        raise ConditionError(f"{name} has no values; give one or more.")
    return wanted


def _from_text(text: str, known: Collection[str]) -> Condition:
    if text in known:
        return Value(text)
    if text.startswith("!="):
        return Other(_from_text(text[2:], known))
    if "," in text:
        return AnyOf(tuple(_from_text(part.strip(), known) for part in text.split(",")))
    if text == MISSING:
        return Missing()
    for sign in _SIGNS:
        if text.startswith(sign):
            end, strict = text[len(sign) :].strip(), not sign.endswith("=")
            return Span(end, None, strict) if sign[0] == ">" else Span(None, end, strict)
    low, dots, high = text.partition("..")
    return Span(low.strip() or None, high.strip() or None) if dots else Value(text)
