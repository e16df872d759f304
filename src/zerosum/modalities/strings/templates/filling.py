"""Templates filled: a text for each row, in which all that a slot says is the row's."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from zerosum.modalities.strings.templates.forms import written
from zerosum.modalities.strings.templates.parts import Part, Sentence, Variant, parts_of

_NAMED = 5
"""Values that were in no example of which a message speaks."""


@dataclass(frozen=True)
class FilledRows:
    """Rows with their texts.

    Attributes:
        table: the rows, with the column of texts.
        library: whose frames they came in; None where they were a file.
        without: rows that no template fits; their text is missing.
        unseen: what of these rows was in no example, such as `city: Rome`.
    """

    table: pa.Table
    library: str | None
    without: int
    unseen: tuple[str, ...] = ()

    @property
    def remark(self) -> str | None:
        """What is to be said of rows without a text."""
        if not self.without:
            return None
        return (
            f"{self.without:,} of {self.table.num_rows:,} rows have no text, since no template "
            f"was seen with such a row{such_as(self.unseen)}."
        )


class Chooser:
    """Draws a template for each row.

    Args:
        sentences: all of the templates.
        variants: of which texts are.
    """

    def __init__(self, sentences: Sequence[Sentence], variants: Sequence[Variant]) -> None:
        self._known, self._variants = sentences, variants
        self._sentences = [parts_of(one.text) for one in sentences]
        self._slots = [
            sorted({p for i in v.sentences for p in self._sentences[i] if isinstance(p, tuple)})
            for v in self._variants
        ]
        self._all_slots = {part for own in self._slots for part in own}
        self._counts = np.array([one.count for one in self._variants], float)
        self._weights: dict[tuple[str, str], np.ndarray] = {}

    def text(self, row: Mapping[str, Any], classes: Mapping[str, str], seed: int) -> str | None:
        """A text for a row of plain cells with values of classes; None where nothing fits."""
        weights = self._counts.copy()
        for name, value in classes.items():
            weights *= self._weight(name, value)
        lacking = {part for part in self._all_slots if written(row[part[0]], part[1]) is None}
        fits = [i for i in np.flatnonzero(weights).tolist() if lacking.isdisjoint(self._slots[i])]
        if not fits:
            return None
        shares = weights[fits].cumsum()
        draw = np.random.default_rng(seed).random() * shares[-1]
        chosen = self._variants[fits[int(np.searchsorted(shares, draw, side="right"))]]
        return "".join(_said(part, row) for i in chosen.sentences for part in self._sentences[i])

    def unseen(self, rows: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
        """Which values of classes of rows no sentence was seen with."""
        given = dict.fromkeys((name, value) for row in rows for name, value in row.items())
        return tuple(
            f"{name}: {value or 'missing'}" for name, value in given
            if not any(value in one.seen[name] for one in self._known)
        )  # fmt: skip

    def _weight(self, name: str, value: str) -> np.ndarray:
        """How often each variant goes with a value, beside how often it would by chance.

        It is 0 where a sentence of it was never seen with the value.
        """
        if (name, value) not in self._weights:
            seen = np.array([value in one.seen[name] for one in self._known])
            fits = np.array([seen[list(one.sentences)].all() for one in self._variants])
            with_it = np.array([one.seen[name].get(value, 0) for one in self._variants], float)
            usual = max(with_it.sum() / self._counts.sum(), 1e-6)
            self._weights[name, value] = fits * (with_it + usual) / (self._counts + 1) / usual
        return self._weights[name, value]


def _said(part: Part, row: Mapping[str, Any]) -> str:
    return part if isinstance(part, str) else written(row[part[0]], part[1]) or ""


def such_as(unseen: Sequence[str]) -> str:
    """What was in no example, as the end of a sentence.

    >>> such_as(["city: Rome", "city: Bari"]), such_as([])
    (', such as city: Rome, city: Bari', '')
    """
    return f", such as {', '.join(unseen[:_NAMED])}" if unseen else ""


def with_texts(
    whole: pa.Table, text: str, columns: Sequence[str], texts: Sequence[str | None]
) -> pa.Table:
    """The table with the column of texts, at its place among the columns."""
    made = pa.array(texts, pa.string())
    if text in whole.column_names:
        index = whole.column_names.index(text)
        return whole.set_column(index, text, made)
    before = columns[: columns.index(text)]
    index = sum(name in before for name in whole.column_names)
    return whole.add_column(index, text, made)
