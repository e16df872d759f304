"""Readers of texts: tables with a column of text, and files with a text in each line."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from zerosum.config import Count, Size
from zerosum.data.base import DataConfig, Dataset, Progress, other_kind
from zerosum.data.files import look_at, open_regular
from zerosum.data.subsets import with_holdout
from zerosum.errors import DataError, PrivacyError
from zerosum.faces import option
from zerosum.modalities.strings.canaries import Canary, make_canaries
from zerosum.modalities.strings.dataset import (
    TextCut,
    TextDataset,
    compact_of,
    encoded,
    fit_texts,
)
from zerosum.modalities.strings.frames import cells_of
from zerosum.modalities.strings.reading.beside import BesideOptions
from zerosum.modalities.strings.reading.columns import as_material, require_purpose, text_column
from zerosum.modalities.strings.space import LENGTH, TextSpace
from zerosum.modalities.strings.vocabulary import Way, has_tokenizers
from zerosum.modalities.tables.arrow import is_text
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.reading.dataset import read_values
from zerosum.modalities.tables.reading.layouts import layout_of
from zerosum.modalities.tables.reading.places import is_table, source_of
from zerosum.modalities.tables.reading.readers import (
    TableFileConfig,
    TableMemoryConfig,
    TableOptions,
)
from zerosum.modalities.tables.reading.sources import MemorySource, TableSource
from zerosum.spaces import Space

_LEAST = 8
"""Texts that a model is learned from, at least."""
_MOST_CHARACTERS = 20_000


class TextOptions(BesideOptions):
    """What can be asked of texts beside what tables take.

    Attributes:
        text: the column of texts; if not given, the only one that looks like it.
        pieces: what texts are made of, `subwords` or `characters`; if not given, sub-words where
            `tokenizers` is installed.
        vocabulary: sub-words at most.
        longest: pieces of a text at most; if not given, as many as 99.5 % of the texts have.
        slots: `found`: cells that stand in most of the texts are filled in from the row; or `none`.
        copies: whether texts that are made may repeat runs of words that are a training text's own:
            `refused` or `allowed`.
        purpose: `training`: texts are material for training detectors; those that are made are
            marked, and no link in them can be followed. A class such as `phishing` needs it.
        canaries: sentences with random numbers that are planted in more rows, once, 4 and 16 times
            in turn; `audit` says how well the model knows them.
    """

    spaces = ("string",)
    text: str | None = None
    pieces: Way | None = None
    vocabulary: Size = 1_000
    longest: Size | None = None
    slots: Literal["found", "none"] = "found"
    copies: Literal["refused", "allowed"] = "refused"
    purpose: Literal["training"] | None = None
    canaries: Count | None = None

    @classmethod
    def claims(cls, data: Any) -> float:
        """What tables claim, less surely than these."""
        return 0.4 * super().claims(data)

    @classmethod
    def open_like(
        cls, data: Any, space: Space, *, like: DataConfig | None = None, holdout: bool = False,
        progress: Progress | None = None,
    ) -> tuple[Dataset, DataConfig | None]:  # fmt: skip
        """See `DataConfig.open_like`: cells and texts are read as those of `space` were."""
        if not isinstance(space, TextSpace):
            raise other_kind("texts", space)
        missing = like.missing if isinstance(like, TableOptions) else ()
        source, library = source_of(data, (*space.order,), missing=missing, layout=layout_of(like))
        return read_like(source, space, library=library), None

    def read(
        self, table: TableSource, *, library: str | None, progress: Progress | None = None
    ) -> Dataset:
        """The texts of a table.

        Raises:
            DataError: it cannot be used.
            PrivacyError: it is private, which texts are not.
        """
        if self.private:
            raise PrivacyError(
                f"texts are not trained with {option('epsilon')}: what their words say of a person "
                "is not bounded. Leave it out, or train the other columns by the recipe table."
            )
        table.check([*table.types])
        whole = pa.Table.from_batches([*table.batches(self.limit)]).unify_dictionaries()
        notes: list[str] = []
        text = text_column(whole, table.name, notes, asked=self.text, drop=self.drop)
        texts, whole = texts_of_table(whole, text, table.name, notes)
        texts, whole = self._for_purpose(texts, whole, text, notes)
        canaries = make_canaries(self.canaries or 0)
        if canaries:
            texts, whole = self._planted(texts, whole, canaries, notes)
        names = self.given_columns(whole, text)
        if LENGTH in names:
            raise DataError(
                f"a column is called {LENGTH!r}, as the number of pieces of a text is. Rename it."
            )
        fields, values, guesses = self.columns_beside(whole.select(names), table)
        way: Way = self.pieces or ("subwords" if has_tokenizers() else "characters")
        if self.pieces is None and way == "characters":
            notes.append("texts are made of characters, since tokenizers is not installed.")
        cells = {
            field.name: cells_of(whole[field.name]) for field in fields if field.modelled
        }  # fmt: skip
        cut = TextCut(
            way, self.vocabulary, self.longest, self.slots == "found", self.copies == "allowed"
        )
        space, compact = fit_texts(
            texts, text=text, fields=fields, values=values, cells=cells,
            order=[one for one in whole.column_names if one == text or one in names], cut=cut,
            least=self.protect, notes=notes, constraints=self.constraints,
        )  # fmt: skip
        space = space.model_copy(update={"canaries": canaries, "purpose": self.purpose})
        made: Dataset = TextDataset(compact, space, name=table.name, source=library)
        made.notes = (*notes, *guesses)
        return made if self.holdout is None else with_holdout(made, self.holdout)

    def _planted(
        self, texts: list[str], whole: pa.Table, canaries: Sequence[Canary], notes: list[str]
    ) -> tuple[list[str], pa.Table]:
        """Texts and rows with canaries after them, each with the cells of another row."""
        if self.holdout is not None:
            raise DataError(
                f"{option('holdout', self.holdout)} would keep some of the canaries apart, so that "
                "they are not trained on. Keep rows apart in a file of their own."
            )
        more = [one.text for one in canaries for _ in range(one.times)]
        whole = pa.concat_tables([whole, whole.take(pa.array(np.arange(len(more)) % len(texts)))])
        notes.append(
            f"{len(canaries):,} canaries stand in {len(more):,} more rows, such as {more[0]!r}. "
            "Samples may say them."
        )
        return [*texts, *more], whole

    def _for_purpose(
        self, texts: list[str], whole: pa.Table, text: str, notes: list[str]
    ) -> tuple[list[str], pa.Table]:
        """Texts and rows without links that can be followed, where they imitate fraud.

        Raises:
            DataError: they do, and what for is not said.
        """
        if self.purpose is not None:
            made, whole = as_material(texts, whole, text)
            many = sum(a != b for a, b in zip(texts, made, strict=True))
            notes.append(
                f"texts are material for training detectors: those that are made begin with a "
                f"mark, and the links in {many:,} texts are written so that none can be followed."
            )
            return made, whole
        require_purpose(whole, text)
        return texts, whole


class TextTableFile(TextOptions, TableFileConfig):
    """A table in a file with a column of texts."""

    kind = "text_table_file"


class TextTableMemory(TextOptions, TableMemoryConfig):
    """A table in a data frame with a column of texts."""

    kind = "text_table_memory"
    not_options = frozenset({"library", "private"})


class TextLines(DataConfig):
    """A `.txt` file with a text in each line; empty lines are left out.

    Attributes:
        path: the file.
        pieces: see `TextOptions`.
        vocabulary: see `TextOptions`.
        longest: see `TextOptions`.
        copies: see `TextOptions`.
    """

    kind = "text_lines"
    spaces = ("string",)
    path: str
    pieces: Way | None = None
    vocabulary: Size = 1_000
    longest: Size | None = None
    copies: Literal["refused", "allowed"] = "refused"

    @classmethod
    def claims(cls, data: Any) -> float:
        """`.txt` files, less surely than levels do, and than tables where lines are rows."""
        path = Path(data) if isinstance(data, str | Path) else Path()
        text = path.suffix.lower() == ".txt" and look_at(path) == "file"
        return (0.1 if is_table(path) else 0.5) if text else 0.0

    @property
    def _options(self) -> TextOptions:
        return TextTableMemory(
            text="text", pieces=self.pieces, vocabulary=self.vocabulary, longest=self.longest,
            copies=self.copies, holdout=self.holdout,
        )  # fmt: skip

    def build(self, progress: Progress | None = None) -> Dataset:
        """Read the lines.

        Raises:
            DataError: they cannot be read.
        """
        return self._options.read(lines_of(self.path), library=None, progress=progress)

    @classmethod
    def open_like(
        cls, data: Any, space: Space, *, like: DataConfig | None = None, holdout: bool = False,
        progress: Progress | None = None,
    ) -> tuple[Dataset, DataConfig | None]:  # fmt: skip
        """See `DataConfig.open_like`."""
        if not isinstance(space, TextSpace):
            raise other_kind("texts", space)
        return read_like(lines_of(str(data)), space, library=None), None


def read_like(source: TableSource, space: TextSpace, *, library: str | None) -> TextDataset:
    """Texts of a table, read as those of `space` were.

    Raises:
        DataError: it cannot be read, or lacks columns.
    """
    whole = _whole(source, space)
    texts, whole = texts_of_table(whole, space.text, source.name, [], least=1)
    if space.purpose is not None:
        texts, whole = as_material(texts, whole, space.text)
    values, codes = _coded(source, space, whole, texts)
    return TextDataset(compact_of(space, values, codes), space, name=source.name, source=library)


def read_beginnings(source: TableSource, space: TextSpace) -> tuple[Tensor, list[list[int]]]:
    """Values of attributes but the length, `[N, D]`, and codes of what texts begin with.

    Rows without a text stay, and begin with nothing.

    Raises:
        DataError: it cannot be read, or lacks columns, or has no rows.
    """
    whole = _whole(source, space)
    if not whole.num_rows:
        raise DataError(f"{source.name} has no rows, so there is nothing to go on from.")
    texts = [one or "" for one in cells_of(whole[space.text])]
    if space.purpose is not None:
        texts, whole = as_material(texts, whole, space.text)
    return _coded(source, space, whole, texts)


def _whole(source: TableSource, space: TextSpace) -> pa.Table:
    names = [space.text, *(field.name for field in _beside(space))]
    lacking = [name for name in names if name not in source.types]
    if lacking:
        raise DataError(
            f"{source.name} lacks the columns {', '.join(map(repr, lacking))}, which the model "
            "makes. Give rows with all columns of the training data."
        )
    source.check(names)
    return pa.Table.from_batches([*source.batches()]).unify_dictionaries()


def _beside(space: TextSpace) -> list[Field]:
    return [one for one in space.attributes.fields if one.name != LENGTH and one.modelled]


def _coded(
    source: TableSource, space: TextSpace, whole: pa.Table, texts: Sequence[str]
) -> tuple[Tensor, list[list[int]]]:
    """Values of attributes but the length, `[N, D]`, and codes of texts."""
    fields = _beside(space)
    part = MemorySource(whole, name=source.name, natives=source.natives)
    values = read_values(part, fields) if fields else torch.empty(len(texts), 0).double()
    cells = {name: cells_of(whole[name]) for name in space.slots}
    return values, encoded(space, texts, cells)


def texts_of_table(
    whole: pa.Table, text: str, name: str, notes: list[str], *, least: int = _LEAST
) -> tuple[list[str], pa.Table]:
    """The texts, and the table without the rows that have none.

    Raises:
        DataError: the column holds no text, or there are too few, or one is far too long.
    """
    kind = whole.schema.field(text).type
    if isinstance(kind, pa.DictionaryType):
        whole = whole.set_column(
            whole.schema.get_field_index(text), text, whole[text].cast(kind.value_type)
        )
        kind = kind.value_type
    if pa.types.is_null(kind):
        whole = whole.set_column(
            whole.schema.get_field_index(text), text, whole[text].cast(pa.string())
        )
    elif not is_text(kind):
        raise DataError(f"column {text!r} of {name} holds {kind}, and texts are wanted.")
    cells = whole[text].to_pylist()
    there = [one is not None and bool(one.strip()) for one in cells]
    gone = len(cells) - sum(there)
    if gone:
        notes.append(f"{gone:,} rows have no text, and are left out.")
        whole = whole.filter(pa.array(there))
    texts: Sequence[str] = [one for one, is_there in zip(cells, there, strict=True) if is_there]
    if len(texts) < least:
        raise DataError(
            f"{name} has too few texts in {text!r}, {len(texts)}: a model learns from {least} or "
            "more."
        )
    long = [i for i, one in enumerate(cells, start=1) if one and len(one) > _MOST_CHARACTERS]
    if long:
        more = f", and in {len(long) - 1:,} more" if len(long) > 1 else ""
        raise DataError(
            f"the text in {text!r} of {name} has {len(cells[long[0] - 1]):,} characters in row "
            f"{long[0]:,}{more}; {_MOST_CHARACTERS:,} are the most. This model is for short "
            "texts: cut them into parts, or leave them out."
        )
    return list(texts), whole


def lines_of(path: str) -> MemorySource:
    """Lines of a file that are not blank, as a table."""
    with open_regular(Path(path)) as handle:
        raw = handle.read()
    try:
        lines = raw.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text: {error}.") from error
    kept = [line for line in lines if line.strip()]
    if not kept:
        raise DataError(f"{path} holds no text.")
    return MemorySource(pa.table({"text": pa.array(kept, pa.string())}), name=Path(path).name)
