"""Readers of molecules: tables with a column of SMILES, files of lines of them, and made ones."""

from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import torch
from torch import Tensor

from zerosum.config import Count, Size
from zerosum.data.base import DataConfig, Dataset, Progress, other_kind
from zerosum.data.files import look_at, open_regular
from zerosum.data.subsets import with_holdout
from zerosum.errors import DataError, PrivacyError, did_you_mean
from zerosum.faces import Blank, option, reading
from zerosum.modalities.molecules.chemistry import (
    PROPERTIES,
    properties,
    require_chemistry,
)
from zerosum.modalities.molecules.fragments import make_fragments
from zerosum.modalities.molecules.parsing import USUAL, ReadMolecules, holds_smiles, plain
from zerosum.modalities.molecules.space import MoleculeSpace
from zerosum.modalities.strings.dataset import TextDataset, compact_of, longest_of
from zerosum.modalities.strings.reading.beside import BesideOptions
from zerosum.modalities.strings.space import LENGTH
from zerosum.modalities.strings.vocabulary import UNKNOWN, Vocabulary
from zerosum.modalities.tables.arrow import is_text
from zerosum.modalities.tables.fields import Field, FloatField, IntegerField
from zerosum.modalities.tables.reading.dataset import fit_space, read_values
from zerosum.modalities.tables.reading.layouts import layout_of
from zerosum.modalities.tables.reading.places import source_of
from zerosum.modalities.tables.reading.readers import (
    TableFileConfig,
    TableMemoryConfig,
    TableOptions,
)
from zerosum.modalities.tables.reading.sources import MemorySource, TableSource
from zerosum.spaces import Space


class MoleculeOptions(BesideOptions):
    """What can be asked of molecules beside what tables take.

    Attributes:
        smiles: the column of SMILES; if not given, the one that is called so or holds them.
        properties: `computed`: logP, QED and MW are worked out, and can be asked for; or `none`.
        longest: SELFIES pieces of a molecule at most; if not given, as many as 99.5 % have.
    """

    spaces = ("molecule",)
    smiles: str | None = None
    properties: Literal["computed", "none"] = "computed"
    longest: Size | None = None

    @classmethod
    def claims(cls, data: Any) -> float:
        """What tables claim, less surely than these and texts."""
        return 0.35 * super().claims(data)

    @classmethod
    def open_like(
        cls, data: Any, space: Space, *, like: DataConfig | None = None, holdout: bool = False,
        progress: Progress | None = None,
    ) -> tuple[Dataset, DataConfig | None]:  # fmt: skip
        """See `DataConfig.open_like`: molecules are read as those of `space` were."""
        if not isinstance(space, MoleculeSpace):
            raise other_kind("molecules", space)
        missing = like.missing if isinstance(like, TableOptions) else ()
        source, library = source_of(data, (*space.order,), missing=missing, layout=layout_of(like))
        return read_like(source, space, library=library, progress=progress), None

    def read(
        self, table: TableSource, *, library: str | None, progress: Progress | None = None
    ) -> Dataset:
        """The molecules of a table.

        Raises:
            DataError: it cannot be used.
            MissingExtraError: RDKit or SELFIES is not installed.
            PrivacyError: it is private, which molecules are not.
        """
        require_chemistry()
        if self.private:
            raise PrivacyError(
                f"molecules are not trained with {option('epsilon')}: what their pieces say of a "
                "row is not bounded. Leave it out."
            )
        table.check([*table.types])
        whole = pa.Table.from_batches([*table.batches(self.limit)]).unify_dictionaries()
        notes: list[str] = []
        smiles = self._smiles_column(whole, table.name, notes)
        read = ReadMolecules(whole, smiles, table.name, progress=progress)
        read.say(notes)
        whole = whole.filter(pa.array(read.there))
        names = self.given_columns(whole, smiles)
        if LENGTH in names:
            raise DataError(
                f"a column is called {LENGTH!r}, as the number of pieces is. Rename it."
            )
        fields, values, guesses = self.columns_beside(whole.select(names), table)
        own = {} if self.properties == "none" else _own_properties(names, notes)
        lengths = [len(one) for one in read.pieces]
        longest = self.longest or longest_of(lengths)
        kept = torch.tensor([many <= longest for many in lengths])
        if not kept.all():
            notes.append(
                f"molecules of more than {longest:,} pieces, which are left aside: "
                f"{int((~kept).sum()):,}."
            )
        pieces = [one for one in read.pieces if len(one) <= longest]
        told = [*fields, *own.values(), IntegerField(name=LENGTH)]
        columns = torch.cat([values, _worked_out(read.smiles, own), _column(lengths)], dim=1)[kept]
        vocabulary = Vocabulary(pieces=(UNKNOWN, *sorted({x for one in pieces for x in one})))
        space = MoleculeSpace(
            text=smiles, attributes=fit_space(told, columns, least=self.protect),
            vocabulary=vocabulary, longest=longest, computed=tuple(own),
            order=(*(c for c in whole.column_names if c == smiles or c in names), *own),
        )  # fmt: skip
        compact = compact_of(space, columns[:, :-1], _codes(pieces, vocabulary))
        made: Dataset = TextDataset(compact, space, name=table.name, source=library)
        made.notes = (*notes, *guesses)
        return made if self.holdout is None else with_holdout(made, self.holdout)

    def _smiles_column(self, whole: pa.Table, name: str, notes: list[str]) -> str:
        if self.smiles is not None:
            if self.smiles not in whole.column_names:
                raise DataError(
                    f"{name} has no column {self.smiles!r}."
                    f"{did_you_mean(self.smiles, whole.column_names)}"
                )
            return self.smiles
        texts = [c for c in whole.column_names if is_text(plain(whole[c]).type)]
        found = [c for c in texts if c.strip().lower() in USUAL]
        if len(found) != 1:
            found = [c for c in found or texts if holds_smiles(plain(whole[c]))]
        if len(found) != 1:
            which = f"{len(found)} do: {', '.join(found)}" if found else "none does"
            raise DataError(
                f"one column of {name} must hold SMILES, and {which}. Name it: "
                f"{reading(smiles=Blank('NAME'))}."
            )
        notes.append(f"{found[0]!r} is taken for the column of SMILES.")
        return found[0]


class MoleculeTableFile(MoleculeOptions, TableFileConfig):
    """A table in a file with a column of SMILES."""

    kind = "molecule_table_file"


class MoleculeTableMemory(MoleculeOptions, TableMemoryConfig):
    """A table in a data frame with a column of SMILES."""

    kind = "molecule_table_memory"
    not_options = frozenset({"library", "private"})


class SmilesLines(DataConfig):
    """A `.smi` or `.txt` file with SMILES at the beginning of each line; what follows is a name.

    Attributes:
        path: the file.
        properties: see `MoleculeOptions`.
        longest: see `MoleculeOptions`.
    """

    kind = "smiles_lines"
    spaces = ("molecule",)
    path: str
    properties: Literal["computed", "none"] = "computed"
    longest: Size | None = None

    @classmethod
    def claims(cls, data: Any) -> float:
        """`.smi` files surely, `.txt` files less so than texts."""
        if not isinstance(data, str | Path) or look_at(Path(data)) != "file":
            return 0.0
        return {".smi": 0.9, ".smiles": 0.9, ".txt": 0.35}.get(Path(data).suffix.lower(), 0.0)

    def build(self, progress: Progress | None = None) -> Dataset:
        """Read the lines.

        Raises:
            DataError: they cannot be read.
        """
        options = MoleculeTableMemory(
            smiles="smiles", properties=self.properties, longest=self.longest, holdout=self.holdout
        )
        return options.read(_lines_of(self.path), library=None, progress=progress)

    @classmethod
    def open_like(
        cls, data: Any, space: Space, *, like: DataConfig | None = None, holdout: bool = False,
        progress: Progress | None = None,
    ) -> tuple[Dataset, DataConfig | None]:  # fmt: skip
        """See `DataConfig.open_like`."""
        if not isinstance(space, MoleculeSpace):
            raise other_kind("molecules", space)
        return read_like(_lines_of(str(data)), space, library=None, progress=progress), None


class FragmentsConfig(DataConfig):
    """Molecules that are put together from a few rings and side groups; see `make_fragments`.

    Attributes:
        num_rows: how many.
        seed: which.
        properties: see `MoleculeOptions`.
    """

    kind = "fragments"
    spaces = ("molecule",)
    built_in = True
    num_rows: Count = 2_000
    seed: int = 0
    properties: Literal["computed", "none"] = "computed"

    def build(self, progress: Progress | None = None) -> Dataset:
        """The molecules."""
        options = MoleculeTableMemory(properties=self.properties, holdout=self.holdout)
        return options.read(self.source(), library=None, progress=progress)

    def source(self) -> MemorySource:
        """The table."""
        return MemorySource(make_fragments(self.num_rows, seed=self.seed), name=self.kind)

    @classmethod
    def open_like(
        cls, data: Any, space: Space, *, like: DataConfig | None = None, holdout: bool = False,
        progress: Progress | None = None,
    ) -> tuple[Dataset, DataConfig | None]:  # fmt: skip
        """See `DataConfig.open_like`."""
        if not isinstance(space, MoleculeSpace):
            raise other_kind("molecules", space)
        config = cls.describing(data, cls.options_like(space, like))
        if holdout:
            config = config.with_values({"seed": config.seed + 1, "holdout": None})
        return read_like(config.source(), space, library=None, progress=progress), config


def read_like(
    source: TableSource, space: MoleculeSpace, *, library: str | None,
    progress: Progress | None = None,
) -> TextDataset:  # fmt: skip
    """Molecules of a table, read as those of `space` were.

    Molecules with pieces that the training data had not, or with too many, are left aside, and the
    notes say how many.

    Raises:
        DataError: it cannot be read, or lacks columns, or no molecule is left.
    """
    require_chemistry()
    told = {*space.computed, LENGTH}
    fields = [one for one in space.attributes.fields if one.name not in told and one.modelled]
    names = [space.text, *(field.name for field in fields)]
    lacking = [name for name in names if name not in source.types]
    if lacking:
        raise DataError(
            f"{source.name} lacks the columns {', '.join(map(repr, lacking))}, which the model "
            "makes. Give rows with all columns of the training data."
        )
    source.check(names)
    whole = pa.Table.from_batches([*source.batches()]).unify_dictionaries()
    read = ReadMolecules(whole, space.text, source.name, progress=progress, least=1)
    notes: list[str] = []
    read.say(notes)
    whole = whole.filter(pa.array(read.there))
    part = MemorySource(whole, name=source.name, natives=source.natives)
    values = read_values(part, fields) if fields else torch.empty(len(read.pieces), 0).double()
    known = {*space.vocabulary.pieces}
    kept = torch.tensor([len(one) <= space.longest and known >= {*one} for one in read.pieces])
    if not kept.any():
        raise DataError(f"{source.name} has no molecule of pieces that the model knows.")
    if not kept.all():
        notes.append(
            "molecules of pieces that the model does not know, or of too many, which are left "
            f"aside: {int((~kept).sum()):,}."
        )
    own: dict[str, Field] = {name: FloatField(name=name) for name in space.computed}
    columns = torch.cat([values, _worked_out(read.smiles, own)], dim=1)[kept]
    pieces = [one for one, is_kept in zip(read.pieces, kept.tolist(), strict=True) if is_kept]
    compact = compact_of(space, columns, _codes(pieces, space.vocabulary))
    made = TextDataset(compact, space, name=source.name, source=library)
    made.notes = tuple(notes)
    return made


def _own_properties(names: list[str], notes: list[str]) -> dict[str, Field]:
    """Fields of properties that are worked out: those that are no columns of the data."""
    taken = {name.strip().lower(): name for name in names}
    notes += [
        f"column {taken[name.lower()]!r} is taken as it is, so {name} is not worked out."
        for name in PROPERTIES
        if name.lower() in taken
    ]
    return {
        name: FloatField(name=name, places=places)
        for name, places in PROPERTIES.items()
        if name.lower() not in taken
    }


def _worked_out(smiles: list[str], own: dict[str, Field]) -> Tensor:
    wanted = [[*PROPERTIES].index(name) for name in own]
    if not wanted:
        return torch.empty(len(smiles), 0, dtype=torch.float64)
    return torch.tensor([properties(one) for one in smiles], dtype=torch.float64)[:, wanted]


def _codes(pieces: list[list[str]], vocabulary: Vocabulary) -> list[list[int]]:
    code = {piece: i for i, piece in enumerate(vocabulary.pieces)}
    return [[code[one] for one in own] for own in pieces]


def _column(lengths: list[int]) -> Tensor:
    return torch.tensor(lengths, dtype=torch.float64)[:, None]


def _lines_of(path: str) -> MemorySource:
    with open_regular(Path(path)) as handle:
        raw = handle.read()
    try:
        lines = raw.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text: {error}.") from error
    kept = [line.split()[0] if line.strip() else "" for line in lines]
    while kept and not kept[-1]:
        kept.pop()
    if not any(kept):
        raise DataError(f"{path} holds no SMILES.")
    return MemorySource(pa.table({"smiles": pa.array(kept, pa.string())}), name=Path(path).name)
