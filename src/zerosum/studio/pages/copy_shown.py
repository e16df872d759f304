"""What pages show of copy: its texts, and where they break a rule."""

from itertools import pairwise
from typing import Any

from zerosum.errors import ZerosumError
from zerosum.studio.brand import hits_of, obstacle_of, rules_of
from zerosum.studio.models import CopyText, Item
from zerosum.studio.rules.hits import Hit

_FIELDS = {
    "title": "Title", "body": "Body", "alt_text": "Alternative text", "tags": "Tags",
    "language": "Language", "picture": "Picture",
}  # fmt: skip


def copy_of(item: Item) -> dict[str, Any]:
    """What pages show of the copy that an item has."""
    rules = rules_of(item.project_id)
    text = item.copy
    try:
        hits = [] if text is None else hits_of(text, item, rules)
        obstacle = obstacle_of(item, rules)
    except ZerosumError as error:
        hits, obstacle = [], str(error)
    shown = [(i, hit, name_of(hit.field)) for i, hit in enumerate(hits)]
    return {
        "text": text, "hits": shown, "rules": rules, "obstacle": obstacle,
        "fields": [] if text is None else fields_of(text, hits),
    }  # fmt: skip


Pieces = list[tuple[str, Hit | None]]
"""A text, cut where hits begin and end."""


def fields_of(text: CopyText, hits: list[Hit]) -> list[tuple[str, list[Pieces]]]:
    """The fields of some copy, each with its name and its texts: one, or every tag."""
    found: dict[str, list[Pieces]] = {}
    for place, words in text.copy.texts().items():
        if words:
            here = [hit for hit in hits if hit.field == place]
            found.setdefault(_FIELDS[place.partition(".")[0]], []).append(cut(words, here))
    return list(found.items())


def name_of(place: str) -> str:
    """A place of copy as people read it.

    >>> name_of("alt_text"), name_of("tags.1")
    ('Alternative text', 'Tag 2')
    """
    field, _, number = place.partition(".")
    return f"Tag {int(number) + 1}" if number else _FIELDS[field]


def cut(words: str, hits: list[Hit]) -> Pieces:
    """A text in pieces, each with the first hit that covers it.

    >>> hit = Hit("banned_words", "title", 2, 7, "No.", "blocking")
    >>> [(piece, found is hit) for piece, found in cut("A cheap shoe", [hit])]
    [('A ', False), ('cheap', True), (' shoe', False)]
    """
    edges = sorted({0, len(words)} | {end for hit in hits for end in (hit.start, hit.end)})
    return [
        (words[a:b], next((hit for hit in hits if hit.start <= a and b <= hit.end), None))
        for a, b in pairwise(edges)
    ]
