"""Which recipes take some data, and what can be set of each: of its reader, and of the recipe."""

from collections.abc import Iterator, Mapping, Sequence
from inspect import cleandoc
from typing import Any

from zerosum.catalogue import all_recipes, modality_of_kind
from zerosum.data.base import DataConfig
from zerosum.engine.recipe import Recipe
from zerosum.errors import ZerosumError
from zerosum.recipe_registry import Entry
from zerosum.spaces import Space
from zerosum.workflows.data import reader_for, readers_of

_IMAGES = "image"
RECOMMENDED = ("r3gan", "table", "series")
"""Recipes to begin with where several take a kind of data."""


def offers(
    data: str, spaces: Sequence[str] | None, space: Space | None = None
) -> list[dict[str, Any]]:
    """Every recipe that a reader of the data suits, those for what it is surest to be first.

    Args:
        data: a path, or the name of built-in data.
        spaces: the kinds that the data is read as; None for what it is surest to be.
        space: what it was found to be, once it is open.

    Returns:
        For each its `name` and `summary`; the `kinds` it may be read as, the surest first; whether
        it is `usual` for this data; `why_not`, where the data lacks what it needs; `capacities`;
        whom a promise of privacy is `private` to, or an empty text; `options` of readers, as JSON
        Schemas with shared `$defs`; and `keys` of the recipe with their values, where these are
        known.
    """
    usual = reader_for(data, spaces).spaces if spaces is None else spaces
    found = [
        _offer(entry, readers, usual, space)
        for entry in all_recipes().values()
        if (readers := readers_of(data, entry.spaces))
    ]
    return sorted(found, key=_order)


def _order(offer: Mapping[str, Any]) -> tuple[bool, bool, bool, str]:
    """What comes before what in a list."""
    later = offer["name"] not in RECOMMENDED
    return not offer["usual"], bool(offer["why_not"]), later, offer["name"]


def _offer(
    entry: Entry, readers: list[type[DataConfig]], spaces: Sequence[str], space: Space | None
) -> dict[str, Any]:
    kinds = [kind for one in readers for kind in one.spaces if kind in entry.spaces]
    options, shared = dict[str, Any](), dict[str, Any]()
    for reader in readers:
        described, words = reader.described(), _words_of(reader)
        told = {
            name: {"description": words[field], **described["options"][name]}
            for name, field in reader.options().items()
            if field in words
        }
        options = described["options"] | told | options
        shared |= described.get("$defs", {})
    usual = bool({*kinds} & {*spaces})
    recipe, why_not = _resolved(entry, space) if usual and space is not None else (None, "")
    keys = {} if recipe is None else dict(_scalars(recipe.to_json()))
    able = recipe is None or "private" in recipe.to_json().get("game", {})
    promised = modality_of_kind(kinds[0]).private
    return {
        "name": entry.name, "summary": entry.summary, "kinds": list(dict.fromkeys(kinds)),
        "usual": usual, "why_not": why_not, "options": options, "$defs": shared, "keys": keys,
        "capacities": ["small", *entry.capacities] if _IMAGES in kinds else ["small"],
        "private": promised.unit if promised is not None and able else "",
    }  # fmt: skip


def _words_of(reader: type[DataConfig]) -> dict[str, str]:
    """What docstrings say of a reader's fields."""
    found = dict[str, str]()
    for base in reversed(reader.__mro__):
        _, _, attributes = (base.__doc__ or "").partition("Attributes:\n")
        name = ""
        for line in cleandoc(attributes.partition("\n\n")[0]).splitlines():
            first, colon, words = line.partition(": ")
            if line.startswith(" ") and name:
                found[name] += " " + line.strip()
            elif colon and first.isidentifier():
                name = first
                found[name] = words
    return found


def _resolved(entry: Entry, space: Space) -> tuple[Recipe | None, str]:
    """The recipe for the data as it was opened, or why it does not take it."""
    try:
        return entry.resolve(space), ""
    except ZerosumError as error:
        return None, str(error)


def _scalars(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys of single values; lists and empty places are left to those who know them."""
    for name, value in values.items():
        key = f"{before}{name}"
        if isinstance(value, Mapping):
            yield from _scalars(value, f"{key}.")
        elif isinstance(value, bool | int | float | str) and name != "kind" and before:
            yield key, value
