"""Readers of texts: tables with a column of text, files with a text in each line, and notes."""

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
from zerosum.errors import DataError, PrivacyError, did_you_mean
from zerosum.faces import Blank, option, reading
from zerosum.modalities.strings.canaries import Canary, make_canaries
from zerosum.modalities.strings.dataset import (
    TextCut,
    TextDataset,
    compact_of,
    encoded,
    fit_texts,
)
from zerosum.modalities.strings.frames import cells_of
from zerosum.modalities.strings.notes import simulate_notes
from zerosum.modalities.strings.reading.beside import BesideOptions
from zerosum.modalities.strings.space import LENGTH, TextSpace
from zerosum.modalities.strings.vocabulary import Way, has_tokenizers
from zerosum.modalities.tables.arrow import functions, is_text
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.reading.dataset import read_values
from zerosum.modalities.tables.reading.layouts import layout_of
from zerosum.modalities.tables.reading.readers import (
    TableFileConfig,
    TableMemoryConfig,
    TableOptions,
    is_table,
    source_of,
)
from zerosum.modalities.tables.reading.sources import MemorySource, TableSource
from zerosum.spaces import Space

_LEAST = 8
"""Texts that a model is learned from, at least."""
_MOST_CHARACTERS = 20_000
_PROSE = 12.0
"""Characters of a cell on average from which on a column of text is taken for one of texts."""


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
        text = self._text_column(whole, table, notes)
        texts, whole = _texts_of(whole, text, table.name, notes)
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
            least=self.protect, notes=notes,
        )  # fmt: skip
        if canaries:
            space = space.model_copy(update={"canaries": canaries})
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

    def _text_column(self, whole: pa.Table, table: TableSource, notes: list[str]) -> str:
        if self.text is not None:
            if self.text not in whole.column_names:
                raise DataError(
                    f"{table.name} has no column {self.text!r}."
                    f"{did_you_mean(self.text, whole.column_names)}"
                )
            return self.text
        likely = {
            name: _mean_length(whole[name])
            for name in whole.column_names
            if is_text(whole.schema.field(name).type) and name not in self.drop
        }
        found = [name for name, size in likely.items() if size >= _PROSE]
        if len(whole.column_names) == 1 and likely:
            found = [*likely]
        if len(found) != 1:
            which = f"{len(found)} do: {', '.join(found)}" if found else "none does"
            raise DataError(
                f"one column of {table.name} must hold the texts, and {which}. Name it: "
                f"{reading(text=Blank('NAME'))}."
            )
        notes.append(f"{found[0]!r} is taken for the column of texts.")
        return found[0]


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


class NotesConfig(DataConfig):
    """Simulated notes of visits with the columns that they are about; see `simulate_notes`.

    Nothing in it is real.

    Attributes:
        num_rows: how many.
        seed: which.
        pieces: see `TextOptions`.
    """

    kind = "notes"
    spaces = ("string",)
    built_in = True
    num_rows: Count = 3_000
    seed: int = 0
    pieces: Way | None = None

    def build(self, progress: Progress | None = None) -> Dataset:
        """The notes."""
        options = TextTableMemory(text="note", pieces=self.pieces, holdout=self.holdout)
        return options.read(self.source(), library=None, progress=progress)

    def source(self) -> MemorySource:
        """The table."""
        return MemorySource(simulate_notes(self.num_rows, seed=self.seed), name=self.kind)

    @classmethod
    def open_like(
        cls, data: Any, space: Space, *, like: DataConfig | None = None, holdout: bool = False,
        progress: Progress | None = None,
    ) -> tuple[Dataset, DataConfig | None]:  # fmt: skip
        """See `DataConfig.open_like`; texts are read as those of `space` were."""
        if not isinstance(space, TextSpace):
            raise other_kind("texts", space)
        config = cls.describing(data, cls.options_like(space, like))
        if holdout:
            config = config.with_values({"seed": config.seed + 1, "holdout": None})
        return read_like(config.source(), space, library=None), config


def read_like(source: TableSource, space: TextSpace, *, library: str | None) -> TextDataset:
    """Texts of a table, read as those of `space` were.

    Raises:
        DataError: it cannot be read, or lacks columns.
    """
    whole = _whole(source, space)
    texts, whole = _texts_of(whole, space.text, source.name, [], least=1)
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


def _texts_of(
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
    if not is_text(kind):
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
            f"{name} has {len(texts)} texts in {text!r}; a model learns from {least} or more."
        )
    longest = max(map(len, texts))
    if longest > _MOST_CHARACTERS:
        raise DataError(
            f"a text in {text!r} of {name} has {longest:,} characters; {_MOST_CHARACTERS:,} are "
            "the most. This model is for short texts: cut them into parts."
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


def _mean_length(column: pa.ChunkedArray) -> float:
    compute = functions()
    kind = column.type
    plain = column.cast(kind.value_type) if isinstance(kind, pa.DictionaryType) else column
    found = compute.mean(compute.utf8_length(plain)).as_py()
    return float(found or 0.0)
