"""Templates mined from example texts: what is left of them where cells of their rows are slots."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pyarrow as pa

from zerosum.errors import DataError
from zerosum.modalities.strings.templates.forms import plain_cell
from zerosum.modalities.strings.templates.found import Templates
from zerosum.modalities.strings.templates.marking import find_slot_forms, marked
from zerosum.modalities.strings.templates.parts import (
    Part,
    Sentence,
    Template,
    Variant,
    class_of,
    parts_of,
    text_of,
)

_MOST_CLASSES = 20
"""Values of a column at most, by which sentences are chosen."""
_LEAST = 8

_END = re.compile(r"(?<=[.!?…؟।])\s+|(?<=[。！？])\s*|\n+")

_Skeleton = tuple[str, ...]


def mine_templates(
    table: pa.Table, *, text: str, protect: int = 5, training: bool = False
) -> Templates:
    """The templates of texts and the rows that they go with.

    Args:
        table: rows, each with a text.
        text: the column of texts.
        protect: rows that must share a sentence; what fewer say is theirs.
        training: whether texts are material for training detectors.

    Raises:
        DataError: there are too few texts, or enough share no sentence.
    """
    texts: list[str] = table[text].to_pylist()
    if len(texts) < _LEAST:
        raise DataError(f"{len(texts)} texts in {text!r}; templates are found in {_LEAST} or more.")
    others = [name for name in table.column_names if name != text]
    cells = {name: [plain_cell(one) for one in table[name].to_pylist()] for name in others}
    values = {name: {class_of(one) for one in own} for name, own in cells.items()}
    classes = tuple(name for name in others if 1 < len(values[name]) <= _MOST_CLASSES)
    optional = tuple(name for name in others if name not in classes and "" in values[name])
    forms = find_slot_forms(texts, {k: v for k, v in cells.items() if not set(k) & set("{}:")})
    cut = [tuple(_sentences(parts)) for parts in marked(texts, cells, forms)]
    rows = [
        {name: class_of(cells[name][i]) for name in classes}
        | {name: "(given)" if class_of(cells[name][i]) else "" for name in optional}
        for i in range(len(texts))
    ]
    shared = Counter(one for own in cut for one in set(own))
    kept = [i for i, own in enumerate(cut) if all(shared[one] >= protect for one in own)]
    if not kept:
        raise DataError(
            f"no text in {text!r} consists of sentences that {protect} or more texts share, slots "
            "aside. These texts follow no template: let the recipe text learn them."
        )
    groups = _grouped(cut, rows, kept)
    sentences = [*dict.fromkeys(one for group in groups for one in group.skeleton)]
    place = {one: i for i, one in enumerate(sentences)}
    seen = _seen(cut, rows, place)
    slots = Counter(name for own in cut for name in _slots_of(own))
    return Templates(
        text=text, columns=tuple(table.column_names), classes=classes, optional=optional,
        slots={name: slots[name] for name in others if slots[name]},
        num_rows=len(texts), covered=len(kept), protect=protect,
        sentences=tuple(
            Sentence(text=one, count=shared[one], seen=seen[i]) for i, one in enumerate(sentences)
        ),
        templates=tuple(_templates(groups, place)), training=training,
    )  # fmt: skip


@dataclass
class _Group:
    """Rows whose texts have the same sentences."""

    skeleton: _Skeleton
    count: int
    seen: dict[str, dict[str, int]]


def _sentences(parts: Sequence[Part]) -> Iterator[str]:
    """Sentences and lines of a marked text, each with what ends it."""
    own: list[Part] = []
    for part in parts:
        if isinstance(part, tuple):
            own.append(part)
            continue
        done = 0
        for end in _END.finditer(part):
            yield text_of([*own, part[done : end.end()]])
            own, done = [], end.end()
        if part[done:]:
            own.append(part[done:])
    if own:
        yield text_of(own)


def _slots_of(skeleton: _Skeleton) -> set[str]:
    """Columns of the slots of a text."""
    parts = (part for text in skeleton for part in parts_of(text))
    return {part[0] for part in parts if isinstance(part, tuple)}


def _grouped(
    cut: Sequence[_Skeleton], rows: Sequence[Mapping[str, str]], kept: Sequence[int]
) -> list[_Group]:
    """Texts that are the same but for slots, the most frequent first."""
    whose = defaultdict(list)
    for i in kept:
        whose[cut[i]].append(i)
    made = [
        _Group(
            skeleton, len(own),
            {name: dict(Counter(rows[i][name] for i in own)) for name in rows[0]},
        )
        for skeleton, own in whose.items()
    ]  # fmt: skip
    return sorted(made, key=lambda one: (-one.count, one.skeleton))


def _seen(
    cut: Sequence[_Skeleton], rows: Sequence[Mapping[str, str]], place: Mapping[str, int]
) -> list[dict[str, tuple[str, ...]]]:
    """Values of each class column with which each sentence was seen."""
    found: list[dict[str, set[str]]] = [{name: set() for name in rows[0]} for _ in place]
    for own, row in zip(cut, rows, strict=True):
        for one in own:
            if one in place:
                for name, value in row.items():
                    found[place[one]][name].add(value)
    return [{name: tuple(sorted(own)) for name, own in one.items()} for one in found]


def _templates(groups: Sequence[_Group], place: Mapping[str, int]) -> list[Template]:
    """Groups together that have the same sentences with slots at the same places."""
    alike: dict[Any, list[_Group]] = defaultdict(list)
    for group in groups:
        alike[_frame(group.skeleton)].append(group)
    made = [
        Template(
            text=_shown(frame), count=sum(one.count for one in own),
            variants=tuple(
                Variant(
                    sentences=tuple(place[one] for one in group.skeleton), count=group.count,
                    seen=group.seen,
                )
                for group in own
            ),
        )
        for frame, own in alike.items()
    ]  # fmt: skip
    return sorted(made, key=lambda one: (-one.count, one.text))


def _frame(skeleton: _Skeleton) -> tuple[str | None, ...]:
    """The sentences that have slots, None for others; all of them where none has."""
    if not _slots_of(skeleton):
        return skeleton
    return tuple(one if _slots_of((one,)) else None for one in skeleton)


def _shown(frame: tuple[str | None, ...]) -> str:
    """Sentences with slots, and `…` for those between them."""
    there = [k for k, _ in groupby(frame, key=lambda one: "… " if one is None else one)]
    return "".join(there).strip()
