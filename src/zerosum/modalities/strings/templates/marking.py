"""Cells found in texts: which words of a text are values of its row, and in which form."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zerosum.modalities.strings.boundaries import holds, spans
from zerosum.modalities.strings.templates.forms import forms_of
from zerosum.rng import derive_seed

_SHARE = 0.05
"""A form is a slot if it stands in so many of the texts of rows that have a cell, at least,"""
_TIMES = 3.0
"""and so many times as often as the cell of another row does in its place."""
_LEAST_VALUES, _LEAST_ROWS = 2, 5
_SURE = 0.5
"""A place is a slot if what stands between the words around it is mostly a cell of the row."""
_FEW = 5
"""Places with the same words around them of which nothing can be said."""

_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class CellPlace:
    """Words of a text that a cell of its row could have been written as."""

    start: int
    end: int
    slot: tuple[str, str]


def find_slot_forms(
    texts: Sequence[str], cells: Mapping[str, Sequence[Any]]
) -> dict[tuple[str, str], float]:
    """Columns and forms in which their cells stand in texts, and in what share; most come first.

    Args:
        texts: of the rows.
        cells: plain cells of each column.

    >>> rows = {"n": [3, 9, 4, 7, 5] * 2, "kind": ["a", "b"] * 5}
    >>> next(iter(find_slot_forms([f"The {n} items." for n in rows["n"]], rows).items()))
    (('n', 'plain'), 1.0)
    """
    other = np.random.default_rng(derive_seed(0, "other rows")).permutation(len(texts))
    found = {}
    for name, own in cells.items():
        known = [i for i, cell in enumerate(own) if forms_of(cell)]
        forms = dict.fromkeys(form for i in known for form in forms_of(own[i]))
        for form in forms:
            mine = [i for i in known if holds(texts[i], _words(own[i], form))]
            if len(mine) < max(_SHARE * len(known), _LEAST_ROWS):
                continue
            if len({_words(own[i], form) for i in mine}) < _LEAST_VALUES:
                continue
            apart = [
                i for i in known
                if (theirs := _words(own[other[i]], form)) and theirs != _words(own[i], form)
            ]  # fmt: skip
            by_chance = sum(holds(texts[i], _words(own[other[i]], form)) for i in apart)
            share = len(mine) / len(known)
            if share >= _TIMES * by_chance / max(len(apart), 1):
                found[name, form] = share
    return dict(sorted(found.items(), key=lambda one: -one[1]))


def marked(
    texts: Sequence[str],
    cells: Mapping[str, Sequence[Any]],
    forms: Mapping[tuple[str, str], float],
) -> list[list[str | tuple[str, str]]]:
    """Each text as its words and slots in turn: pieces of text, and (column, form).

    Where two columns have the same cell, the words around the place decide, as they stand around
    places of which there is no doubt. So do they where a word is a cell by chance.
    """
    places = [[*_places(text, i, cells, forms)] for i, text in enumerate(texts)]
    around = _Around(texts, places)
    made = []
    for text, own in zip(texts, places, strict=True):
        parts: list[str | tuple[str, str]] = []
        done = 0
        for same in _apart(own):
            if around.sure(text, same[0]) < _SURE:
                continue
            best = max(same, key=lambda one: (around.often(text, one), forms[one.slot]))
            parts += [text[done : best.start], best.slot]
            done = best.end
        made.append([*parts, text[done:]])
    return made


def _words(cell: Any, form: str) -> str | None:
    write = forms_of(cell).get(form)
    return None if write is None else write(cell)


def _places(
    text: str, i: int, cells: Mapping[str, Sequence[Any]], forms: Mapping[tuple[str, str], float]
) -> Iterator[CellPlace]:
    """Of forms that write a cell alike, the one that stands in most texts."""
    seen = set()
    for name, form in forms:
        words = _words(cells[name][i], form)
        if words and (name, words) not in seen:
            seen.add((name, words))
            for start, end in spans(text, words):
                yield CellPlace(start, end, (name, form))


def _apart(places: Sequence[CellPlace]) -> list[list[CellPlace]]:
    """Places that do not overlap, in order, the longest first; those of the same words together."""
    kept: list[list[CellPlace]] = []
    for one in sorted(places, key=lambda one: one.start - one.end):
        same = next((k for k in kept if (k[0].start, k[0].end) == (one.start, one.end)), None)
        if same is not None:
            same.append(one)
        elif all(one.end <= k[0].start or one.start >= k[0].end for k in kept):
            kept.append([one])
    return sorted(kept, key=lambda same: same[0].start)


class _Around:
    """What stands between the same two words in all texts: cells of which columns, or others."""

    def __init__(self, texts: Sequence[str], places: Sequence[Sequence[CellPlace]]) -> None:
        self._all, self._cells = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        self._own = Counter[tuple[str, str, str]]()
        for text, own in zip(texts, places, strict=True):
            for found in _TOKEN.finditer(text):
                self._all[_near(text, found.start(), found.end())] += 1
            for same in _apart(own):
                near = _near(text, same[0].start, same[0].end)
                self._cells[near] += 1
                if not _TOKEN.fullmatch(text[same[0].start : same[0].end]):
                    self._all[near] += 1
                for name in {one.slot[0] for one in same}:
                    self._own[name, *near] += 1

    def sure(self, text: str, place: CellPlace) -> float:
        """The share of such places in which a cell of the row stands; 1 of those that are rare."""
        near = _near(text, place.start, place.end)
        there = self._all[near]
        return 1.0 if there < _FEW else self._cells[near] / there

    def often(self, text: str, place: CellPlace) -> int:
        """In how many such places the column's own cell stands."""
        return self._own[place.slot[0], *_near(text, place.start, place.end)]


def _near(text: str, start: int, end: int) -> tuple[str, str]:
    """The words before and after a place."""
    before, after = _TOKEN.findall(text[max(start - 40, 0) : start]), _TOKEN.search(text, end)
    return (before[-1] if before else "", after.group() if after else "")
