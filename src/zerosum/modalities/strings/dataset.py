"""Texts as a data set: pieces and slots are found, and cells become values."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from zerosum.data.base import Dataset
from zerosum.modalities.strings.boundaries import holds, replaced
from zerosum.modalities.strings.copies import own_runs
from zerosum.modalities.strings.space import FIRST_SLOT, LENGTH, TextSpace
from zerosum.modalities.strings.vocabulary import UNKNOWN, Way, learn_vocabulary
from zerosum.modalities.tables.constraints.base import Constraint
from zerosum.modalities.tables.fields import Field, IntegerField
from zerosum.modalities.tables.reading.dataset import fit_space

_PRIVATE = re.compile("[\ue000-\uf8ff]")
_MOST_SLOTS = 64
_OFTEN = 0.5
"""A column is a slot if its cell stands in so many of the texts of rows that have it."""
_QUANTILE = 0.995
_MANY_AGAIN = 0.1


class TextDataset(Dataset):
    """Texts in memory.

    Args:
        compact: texts `[N, W]`; see `TextSpace`.
        space: what a text is.
        name: how messages call them.
        source: the library whose frames go out as they came in; None where they were a file.
    """

    def __init__(
        self, compact: Tensor, space: TextSpace, *, name: str, source: str | None = None
    ) -> None:
        self._compact = compact.contiguous()
        self.space, self.name, self.source = space, name, source
        digest = hashlib.sha256(repr((space.order, space.vocabulary.pieces)).encode())
        digest.update(self._compact.numpy().data)
        self.fingerprint = digest.hexdigest()[:32]

    def __len__(self) -> int:
        return len(self._compact)

    def take(self, indices: Tensor) -> tuple[Tensor, None]:
        """Compact texts `[B, W]`."""
        return self._compact[indices], None

    @property
    def resident(self) -> tuple[Tensor, None]:
        """All of them, `[N, W]`."""
        return self._compact, None


@dataclass(frozen=True)
class TextCut:
    """How texts are cut into pieces.

    Attributes:
        way: characters or sub-words.
        size: sub-words at most.
        longest: pieces of a text at most; if not given, as many as 99.5 % of the texts have.
        slots: whether cells that stand in texts are found.
        copies: whether texts that are made may repeat training texts.
    """

    way: Way
    size: int
    longest: int | None
    slots: bool
    copies: bool = False


def fit_texts(
    texts: Sequence[str], *, text: str, fields: Sequence[Field], values: Tensor,
    cells: dict[str, list[str | None]], order: Sequence[str], cut: TextCut, least: int,
    notes: list[str], constraints: Sequence[Constraint] = (),
) -> tuple[TextSpace, Tensor]:  # fmt: skip
    """The space of texts, and they in compact form.

    Args:
        texts: one for each row.
        text: the column that they are from.
        fields: the other columns.
        values: of those that are modelled, float64 `[N, D]`.
        cells: of columns that may be slots, as they are written.
        order: names of all columns, as the user has them.
        cut: how texts are cut.
        least: rows that must share a value before it is learned as one of its own.
        notes: is added to.
        constraints: what holds in every row of the other columns.
    """
    plain = [_PRIVATE.sub(UNKNOWN, one) for one in texts]
    slots = find_slots(plain, cells) if cut.slots else ()
    marked = marked_texts(plain, slots, cells)
    if slots:
        notes.append(
            f"cells of {', '.join(map(repr, slots))} stand in most of the texts: they are filled "
            "in from the row."
        )
    vocabulary, lacking = learn_vocabulary(marked, way=cut.way, size=cut.size)
    if lacking:
        notes.append(f"{lacking:,} rare characters are not learned; {UNKNOWN} stands for them.")
    codes = vocabulary.encode(marked)
    lengths = np.array([len(one) for one in codes])
    longest = cut.longest or longest_of(lengths)
    cut_off = int((lengths > longest).sum())
    if cut_off:
        notes.append(f"{cut_off:,} texts have more than {longest:,} pieces, and end there.")
    derived = torch.from_numpy(np.minimum(lengths, longest)).double()[:, None]
    attributes = fit_space(
        [*fields, IntegerField(name=LENGTH)], torch.cat([values, derived], dim=1), least=least,
        constraints=constraints,
    )  # fmt: skip
    own, again = (None, 0.0) if cut.copies else own_runs(texts, least=max(least, 2))
    if again > _MANY_AGAIN:
        notes.append(f"{again:.0%} of the texts repeat others: what few rows share stays theirs.")
    space = TextSpace(
        text=text, attributes=attributes, vocabulary=vocabulary, slots=slots, longest=longest,
        own=own, order=tuple(order),
    )  # fmt: skip
    return space, compact_of(space, values, codes)


def compact_of(space: TextSpace, values: Tensor, codes: Sequence[Sequence[int]]) -> Tensor:
    """Compact texts `[N, W]` of values of attributes but the length `[N, D]`, and codes.

    The length is that of the codes, of which `space.longest` are taken.
    """
    pieces = torch.full((len(codes), space.longest), torch.nan, dtype=torch.float64)
    for i, one in enumerate(codes):
        own = one[: space.longest]
        pieces[i, : len(own)] = torch.tensor(own, dtype=torch.float64)
    lengths = (~pieces.isnan()).sum(1).double()[:, None]
    return torch.cat([values, lengths, pieces], dim=1)


def longest_of(lengths: Sequence[int] | np.ndarray) -> int:
    """Pieces that 99.5 % of the texts have at most.

    >>> longest_of([3, 5, 4])
    5
    """
    return max(int(np.quantile(np.asarray(lengths), _QUANTILE, method="higher")), 1)


def find_slots(texts: Sequence[str], cells: dict[str, list[str | None]]) -> tuple[str, ...]:
    """Columns whose cells stand in most of the texts of rows that have one.

    >>> find_slots(["Ann is 30.", "Bob is 4."], {"age": ["30", "4"], "kind": ["b", "a"]})
    ('age',)
    """
    found = []
    for name, own in cells.items():
        known = [(text, cell) for text, cell in zip(texts, own, strict=True) if cell]
        if len({cell for _, cell in known}) < 2:
            continue
        there = sum(holds(text, cell) for text, cell in known)
        if there >= _OFTEN * len(known):
            found.append(name)
    return tuple(found[:_MOST_SLOTS])


def marked_texts(
    texts: Sequence[str], slots: Sequence[str], cells: dict[str, list[str | None]]
) -> list[str]:
    """Texts in which a private character stands for the cell of a slot's column.

    Longer cells come first, so that 30 does not take a part of 30 mg.
    """
    made = list(texts)
    for i, text in enumerate(made):
        own = [(cells[name][i] or "", chr(FIRST_SLOT + k)) for k, name in enumerate(slots)]
        for cell, mark in sorted(own, key=lambda one: -len(one[0])):
            if cell:
                text = replaced(text, cell, mark)
        made[i] = text
    return made


def encoded(
    space: TextSpace, texts: Sequence[str], cells: dict[str, list[str | None]]
) -> list[list[int]]:
    """Codes of texts by a space that is known."""
    plain = [_PRIVATE.sub(UNKNOWN, one) for one in texts]
    return space.vocabulary.encode(marked_texts(plain, space.slots, cells))
