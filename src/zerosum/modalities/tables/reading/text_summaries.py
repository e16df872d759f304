"""What is gathered of columns of texts and of categories."""

from typing import Any

import pyarrow as pa

from zerosum.errors import DataError
from zerosum.modalities.tables.arrow import (
    plain,
)
from zerosum.modalities.tables.fields import (
    CategoryField,
    Field,
)
from zerosum.modalities.tables.reading.summaries import Summary, pc

_CLASSES = ("0123456789", "0123456789abcdef", "0123456789ABCDEF",
            "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            "0123456789abcdefghijklmnopqrstuvwxyz", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")  # fmt: skip
"""Letters that a position of a key is said to have, the narrowest first."""


_ENDLESS_CHARACTERS = 64 << 20
"""Characters of long texts that all differ after which no more are looked at."""


class Texts(Summary):
    """Texts: which there are, how long they are, and whether they follow a pattern.

    Attributes:
        endless: whether they are long and all differ, so that no more of them are kept.
    """

    def __init__(self, name: str, reads: pa.DataType) -> None:
        super().__init__(name, reads)
        self._pieces: list[pa.Array] = []
        self._held = self._compacted = 0
        self._characters = 0
        self.endless = False

    @property
    def mean_length(self) -> float:
        """Characters of a text."""
        return self._characters / max(1, self.known)

    @property
    def distinct(self) -> int:
        """How many differ; of endless ones as many as there are."""
        return self.known if self.endless else len(self.names())

    @property
    def distinct_rows(self) -> bool:
        """See `Summary`."""
        return self.known == self.rows == self.distinct

    def field(self, own: dict[str, Any]) -> Field:
        """One of the names that there are, in the order of the alphabet."""
        if self.endless:
            raise DataError(
                f"column {self.name!r} holds long texts that all differ, which cannot be "
                "categories. Drop it."
            )
        names = sorted(self.names().to_pylist())
        return CategoryField(name=self.name, names=tuple(names), **own)

    def pattern(self, *, counted: bool = True) -> dict[str, Any]:
        """Attributes of a `KeyField` whose keys look like these; none where there is no pattern.

        Numbers may be `counted` upwards; else their digits are drawn.
        """
        if self.endless:
            return {}
        texts = self.names()
        numbered = _numbered(texts)
        if not counted:
            return _lettered(texts) or numbered
        return numbered or _lettered(texts)

    def matches(self, pattern: str) -> bool:
        """Whether all texts match a regular expression."""
        return not self.endless and bool(
            pc.all(pc.match_substring_regex(self.names(), pattern)).as_py()
        )

    def _gather(self, known: pa.Array) -> None:
        self._characters += pc.sum(pc.utf8_length(known)).as_py()
        if self.endless:
            return
        piece = known.unique()
        self._pieces.append(piece)
        self._held += len(piece)
        if self._held > 2 * self._compacted + 10_000:
            self._compacted = len(self.names())
        if self._characters > _ENDLESS_CHARACTERS and self.mean_length > 40:
            self.endless = len(self.names()) > self.known / 2
            self._pieces = [] if self.endless else self._pieces

    def names(self) -> pa.Array:
        """All different texts."""
        if len(self._pieces) != 1:
            self._pieces = [pa.chunked_array(self._pieces, pa.string()).unique()]
            self._held = len(self._pieces[0])
        return self._pieces[0]


class Names(Summary):
    """Categories that come with an order, or are made of whatever a column holds."""

    def __init__(self, name: str, reads: pa.DataType) -> None:
        super().__init__(name, reads)
        self._names: dict[str, None] = {}
        self._values = reads.value_type if isinstance(reads, pa.DictionaryType) else reads

    def add(self, column: pa.Array) -> None:
        """Take in more rows, and names that no row has."""
        if isinstance(column, pa.DictionaryArray):
            self._names |= dict.fromkeys(column.dictionary.drop_null().cast("string").to_pylist())
        super().add(column)

    def field(self, own: dict[str, Any]) -> Field:
        """One of these names, in their order; of what had none, in the order of its values."""
        ordered = isinstance(self.reads, pa.DictionaryType)
        names = self._names if ordered else _sorted_names(self._names, self._values)
        order = bool(ordered and self.reads.ordered)
        return CategoryField(name=self.name, names=tuple(names), ordered=order, **own)

    def _read(self, column: pa.Array) -> pa.Array:
        return plain(column).cast(pa.string())

    def _gather(self, known: pa.Array) -> None:
        self._names |= dict.fromkeys(known.unique().to_pylist())

    def value_in(self, field: Field) -> float:
        """The value of a constant column."""
        assert self._first is not None
        return field.value_of(self._first.as_py())


def _sorted_names(names: dict[str, None], kind: pa.DataType) -> list[str]:
    """Names in the order of the values that they are written from."""
    texts = pa.array(list(names), pa.string())
    return texts.take(pc.array_sort_indices(texts.cast(kind))).to_pylist()


def _numbered(texts: pa.Array) -> dict[str, Any]:
    """A pattern of one number between texts that never change."""
    split = pc.extract_regex(texts, r"^(?P<before>.*?)(?P<number>\d{1,15})(?P<after>\D*)$")
    if split.null_count or not len(split):
        return {}
    before, number, after = (pc.struct_field(split, name) for name in ("before", "number", "after"))
    if len(before.unique()) > 1 or len(after.unique()) > 1:
        return {}
    return {
        "before": before[0].as_py(),
        "after": after[0].as_py(),
        "digits": pc.min(pc.utf8_length(number)).as_py(),
        "first": pc.max(number.cast(pa.int64())).as_py() + 1,
    }


def _lettered(texts: pa.Array) -> dict[str, Any]:
    """A pattern of as many letters each, of some kind at each position."""
    lengths = pc.utf8_length(texts).unique()
    if len(lengths) != 1 or pc.any(pc.match_substring_regex(texts, r"\s")).as_py():
        return {}
    some = texts.slice(0, 10_000).to_pylist()
    return {"letters": tuple(_letters(set(seen)) for seen in zip(*some, strict=True))}


def _letters(seen: set[str]) -> str:
    """The narrowest class of letters that holds those seen, or these alone where they are few."""
    if len(seen) <= 4:
        return "".join(sorted(seen))
    return next((c for c in _CLASSES if seen <= set(c)), "".join(sorted(seen)))
