"""Templates filled: a text for each row, in which all that a slot says is the row's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from zerosum.errors import DataError
from zerosum.modalities.strings.purpose import marked_as_training
from zerosum.modalities.strings.reading.columns import without_links
from zerosum.modalities.strings.templates.forms import plain_cell, written
from zerosum.modalities.strings.templates.found import Part, Templates, parts_of
from zerosum.modalities.tables.reading.readers import source_of
from zerosum.rng import derive_seed


@dataclass(frozen=True)
class Filled:
    """Rows with their texts.

    Attributes:
        table: the rows, with the column of texts.
        library: whose frames they came in; None where they were a file.
        without: rows that no template fits; their text is missing.
    """

    table: pa.Table
    library: str | None
    without: int

    @property
    def remark(self) -> str | None:
        """What is to be said of rows without a text."""
        if not self.without:
            return None
        return (
            f"{self.without:,} of {self.table.num_rows:,} rows have no text, since no template "
            "was seen with such a row."
        )


def fill_templates(templates: Templates, rows: Any, *, seed: int = 0) -> Filled:
    """Rows of a table, each with a text that says what the row says.

    A template is taken for a row if it has a cell for each slot, and if each of its sentences was
    seen with the row's value of each class column. Of those that fit, one is drawn as often as it
    goes with such values in the examples.

    Args:
        templates: as they were found.
        rows: a frame, or the path of a file, with the columns that templates need.
        seed: which templates are taken.

    Raises:
        DataError: the rows cannot be read, or lack columns, or no template fits any of them.
    """
    source, library = source_of(rows)
    lacking = [name for name in templates.needed if name not in source.types]
    if lacking:
        raise DataError(
            f"{source.name} lacks the columns {', '.join(map(repr, lacking))}, which the templates "
            "are filled from. Give rows with these."
        )
    source.check(templates.needed)
    whole = pa.Table.from_batches([*source.batches()]).unify_dictionaries()
    if templates.training:
        whole = without_links(whole, templates.text)
    cells = {name: whole[name].to_pylist() for name in templates.needed}
    plain = [
        {name: plain_cell(own[i]) for name, own in cells.items()} for i in range(whole.num_rows)
    ]
    chooser = _Chooser(templates)
    texts = [chooser.text(row, derive_seed(seed, "template", i)) for i, row in enumerate(plain)]
    without = sum(one is None for one in texts)
    if without == len(texts):
        raise DataError(
            f"no template fits any row of {source.name}: each has a slot for a cell that is "
            "missing, or was never seen with such values."
        )
    if templates.training:
        texts = [None if one is None else marked_as_training(one) for one in texts]
    return Filled(_with_texts(whole, templates, texts), library, without)


class _Chooser:
    """Draws a template for each row."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._sentences = [parts_of(one.text) for one in templates.sentences]
        self._variants = [v for one in templates.templates for v in one.variants]
        self._slots = [
            sorted({p for i in v.sentences for p in self._sentences[i] if isinstance(p, tuple)})
            for v in self._variants
        ]
        self._all_slots = {part for own in self._slots for part in own}
        self._counts = np.array([one.count for one in self._variants], float)
        self._weights: dict[tuple[str, str], np.ndarray] = {}

    def text(self, row: Mapping[str, Any], seed: int) -> str | None:
        """A text for a row of plain cells; None where no template fits."""
        weights = self._counts.copy()
        for name, value in self._templates.classes_of(row).items():
            weights *= self._weight(name, value)
        lacking = {part for part in self._all_slots if written(row[part[0]], part[1]) is None}
        fits = [i for i in np.flatnonzero(weights) if lacking.isdisjoint(self._slots[i])]
        if not fits:
            return None
        shares = weights[fits].cumsum()
        draw = np.random.default_rng(seed).random() * shares[-1]
        chosen = self._variants[fits[int(np.searchsorted(shares, draw, side="right"))]]
        return "".join(_said(part, row) for i in chosen.sentences for part in self._sentences[i])

    def _weight(self, name: str, value: str) -> np.ndarray:
        """How often each variant goes with a value, beside how often it would by chance.

        It is 0 where a sentence of it was never seen with the value.
        """
        if (name, value) not in self._weights:
            seen = np.array([value in one.seen[name] for one in self._templates.sentences])
            fits = np.array([seen[list(one.sentences)].all() for one in self._variants])
            with_it = np.array([one.seen[name].get(value, 0) for one in self._variants], float)
            usual = max(with_it.sum() / self._counts.sum(), 1e-6)
            self._weights[name, value] = fits * (with_it + usual) / (self._counts + 1) / usual
        return self._weights[name, value]


def _said(part: Part, row: Mapping[str, Any]) -> str:
    return part if isinstance(part, str) else written(row[part[0]], part[1]) or ""


def _with_texts(whole: pa.Table, templates: Templates, texts: Sequence[str | None]) -> pa.Table:
    """The table with the column of texts, at its place among the columns."""
    made = pa.array(texts, pa.string())
    if templates.text in whole.column_names:
        index = whole.column_names.index(templates.text)
        return whole.set_column(index, templates.text, made)
    before = templates.columns[: templates.columns.index(templates.text)]
    index = sum(name in before for name in whole.column_names)
    return whole.add_column(index, templates.text, made)
