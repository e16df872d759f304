"""Molecules of a column: those that can be read, and where the others are."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from zerosum.data.base import Progress
from zerosum.errors import DataError
from zerosum.modalities.molecules.chemistry import parsed, pieces_of
from zerosum.modalities.tables.arrow import is_text

_LEAST = 8
_SHOWN = 10
"""Molecules that cannot be read of which the message names the line,"""
_SHOWN_OF_NONE = 3
"""and where hardly any can."""
_LOOKED_AT, _LIKELY = 50, 0.9

USUAL = ("smiles", "canonical_smiles", "isosmiles", "smi")
"""What a column of SMILES is called, in lower case."""


class ReadMolecules:
    """Pieces and canonical SMILES of the molecules of a column that can be read.

    Attributes:
        pieces: SELFIES of each.
        smiles: canonical SMILES of each.
        there: which rows have one, for each row.

    Args:
        whole: the table.
        column: of SMILES.
        name: of the data.
        progress: called with how many are read.
        least: molecules that there must be.
    """

    def __init__(
        self, whole: pa.Table, column: str, name: str, *, progress: Progress | None,
        least: int = _LEAST,
    ) -> None:  # fmt: skip
        self.pieces: list[list[str]] = []
        self.smiles: list[str] = []
        self.there: list[bool] = []
        self.empty, self.wrong = 0, list[str]()
        where = _places(whole, name)
        cells = plain(whole[column]).to_pylist()
        for i, cell in enumerate(cells):
            text, found = str(cell or "").strip(), None
            if not i and text.lower() in USUAL:  # the first line of a file of lines may say so
                self.there.append(False)
                continue
            try:
                found = pieces_of(text) if text else None
            except DataError as error:
                self.wrong.append(f"{where(i)}: {error}")
            self.empty += not text
            self.there.append(found is not None)
            if found is not None:
                self.pieces.append(found[0])
                self.smiles.append(found[1])
            if progress is not None and not i % 500:
                progress("reading molecules", i, len(cells))
        if len(self.pieces) < least:
            listed = " ".join(self.wrong[:_SHOWN_OF_NONE])
            raise DataError(
                f"{name} has {len(self.pieces)} molecules that can be read; a model learns from "
                f"{least} or more.{' ' + listed if listed else ''}"
            )

    def say(self, notes: list[str]) -> None:
        """Name what cannot be read."""
        again = len(self.smiles) - len({*self.smiles})
        if again:
            notes.append(
                f"{again:,} of {len(self.smiles):,} molecules repeat others, in whatever spelling. "
                "They are learned as often as they are there."
            )
        if self.empty:
            notes.append(f"rows without SMILES, which are left aside: {self.empty:,}.")
        if self.wrong:
            more = f" And {len(self.wrong) - _SHOWN:,} more." if len(self.wrong) > _SHOWN else ""
            notes.append(
                f"SMILES that cannot be read, and are left aside: {len(self.wrong):,}. "
                f"{' '.join(self.wrong[:_SHOWN])}{more}"
            )


def _places(whole: pa.Table, name: str) -> Callable[[int], str]:
    """Where the i-th row is: its line in a file of lines, and else its number."""
    suffix = Path(name).suffix.lower()
    if suffix in (".smi", ".smiles", ".txt"):
        return lambda i: f"line {i + 1}"
    if suffix not in (".csv", ".tsv"):
        return lambda i: f"row {i + 1}"
    more = np.zeros(whole.num_rows, np.int64)
    for column in map(plain, whole.columns):
        if is_text(column.type):
            more += np.array([str(one or "").count("\n") for one in column.to_pylist()])
    before = more.cumsum() - more
    return lambda i: f"line {i + 2 + before[i]}"


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column without a dictionary."""
    kind = column.type
    return column.cast(kind.value_type) if isinstance(kind, pa.DictionaryType) else column


def holds_smiles(column: pa.ChunkedArray) -> bool:
    """Whether most of the first cells are SMILES of more than one atom."""
    cells = [one for one in column.to_pylist()[: 4 * _LOOKED_AT] if one][:_LOOKED_AT]
    good = 0
    for cell in cells:
        try:
            good += parsed(cell).GetNumAtoms() > 1
        except DataError:
            continue
    return bool(cells) and good >= _LIKELY * len(cells)
