"""Readers of sequences: long tables in files and frames, and the simulated bank."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from pydantic import PositiveInt

from zerosum.config import Count, Size
from zerosum.data.base import DataConfig, Dataset, Progress, other_kind
from zerosum.data.subsets import with_holdout
from zerosum.errors import DataError, PrivacyError
from zerosum.faces import Blank, reading
from zerosum.modalities.sequences.dataset import SequenceDataset, compact_of, fit_sequences
from zerosum.modalities.sequences.reading.long_table import (
    LongTable,
    entity_field,
    find_attributes,
    read_long,
    schema_of_part,
    values_by,
)
from zerosum.modalities.sequences.space import LENGTH, SPAN, START, SequenceSpace
from zerosum.modalities.sequences.time_axis import axis_of
from zerosum.modalities.tables.bank import (
    ACCOUNT_CONSTRAINTS,
    TRANSACTION_CONSTRAINTS,
    accounts_with_transactions,
    simulate_bank,
)
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.reading.checks import refuse_text, with_rare
from zerosum.modalities.tables.reading.disclosed import read_from_rows
from zerosum.modalities.tables.reading.layouts import layout_of
from zerosum.modalities.tables.reading.places import source_of
from zerosum.modalities.tables.reading.readers import (
    TableFileConfig,
    TableMemoryConfig,
    TableOptions,
)
from zerosum.modalities.tables.reading.sources import MemorySource
from zerosum.spaces import Space

if TYPE_CHECKING:
    from zerosum.modalities.tables.reading.sources import TableSource

_LONGEST = 1_000
"""Rows of an entity that are taken without being asked for."""


class SequenceOptions(TableOptions):
    """What can be asked of a long table beside what tables take.

    Attributes:
        entity: the column that says whose a row is.
        time: that of moments, days or whole numbers by which rows are sorted; if not given, rows
            are in order, and have no time.
        static: columns that an entity has once; if not given, those that never vary within one.
        longest: rows that are taken of an entity, its first ones; if not given, all, up to 1,000.
        unit: whom a private training protects: the entity, which is so if not given.
        limit: take this many entities only, evenly spread.
        protect: entities that must share a value before it is learned as one of its own.
    """

    spaces = ("sequences",)
    entity: str = ""
    time: str | None = None
    static: tuple[str, ...] | None = None
    longest: Size | None = None
    unit: str | None = None

    @classmethod
    def claims(cls, data: Any) -> float:
        """What tables claim, less surely than these."""
        return 0.5 * super().claims(data)

    @classmethod
    def fields_for(cls, options: Mapping[str, Any]) -> dict[str, Any]:
        """See `DataConfig.fields_for`; names in `static` may be one text, with commas."""
        fields = super().fields_for(options)
        static = options.get("static")
        if isinstance(static, str):
            static = [one.strip() for one in static.split(",") if one.strip()]
        return fields if static is None else fields | {"static": tuple(static)}

    @classmethod
    def open_like(
        cls, data: Any, space: Space, *, like: DataConfig | None = None, holdout: bool = False,
        progress: Progress | None = None,
    ) -> tuple[Dataset, DataConfig | None]:  # fmt: skip
        """See `DataConfig.open_like`: rows are read by the fields of `space`."""
        if not isinstance(space, SequenceSpace):
            raise other_kind("sequences of rows", space)
        missing = like.missing if isinstance(like, TableOptions) else ()
        source, library = source_of(data, space.order, missing=missing, layout=layout_of(like))
        return read_like(source, space, library=library), None

    def read(
        self, table: "TableSource", *, library: str | None, progress: Progress | None = None
    ) -> Dataset:
        """The sequences of a long table.

        Raises:
            DataError: it cannot be used.
            PrivacyError: it is private, and what is asked for cannot be counted.
        """
        self.refuse_uncounted()
        if not self.entity:
            raise DataError(
                f"sequences belong to entities: name the column that says whose a row is, such as "
                f"{reading(entity=next(iter(table.types), 'account'))}, of "
                f"{', '.join(table.types)}."
            )
        if self.unit not in (None, self.entity):
            raise PrivacyError(
                f"{reading(unit=self.unit)}: rows are protected by their entity, "
                f"{self.entity!r}, and what several entities tell together of {self.unit!r} is "
                f"not bounded. Make that the entity ({reading(entity=self.unit)}), or "
                f"leave it out."
            )
        told = {name: one for name, one in self.columns.items() if name != self.entity}
        long = read_long(table, entity=self.entity, time=self.time, told=told, private=self.private)
        return self._dataset(_limited(long, self.limit), library)

    def _dataset(self, long: LongTable, library: str | None) -> Dataset:
        sentences = list(long.sentences)
        longest = self.longest or _LONGEST
        cut = int((long.groups.lengths > longest).sum())
        if cut and self.longest is None and not self.private:
            raise DataError(
                f"{cut:,} entities have more than {longest:,} rows. Give "
                f"{reading(longest=longest)}: so many of the first rows of each are taken."
            )
        if cut:
            sentences.append(f"of {cut:,} entities the first {longest:,} rows are taken.")
        long = _cut(long, longest)
        names = [
            name for name in long.source.types
            if name not in (self.entity, self.time, *self.drop)
        ]  # fmt: skip
        for name in names:
            if name in (LENGTH, SPAN, START):
                raise DataError(
                    f"a column is called {name!r}, as what is found of an entity is. Rename it."
                )
        attributes = find_attributes(long, names, self.static)
        if attributes and self.static is None:
            sentences.append(
                f"{', '.join(map(repr, attributes))}: the same in all rows of an entity, so taken "
                "for its own; static names others."
            )
        rows = [name for name in names if name not in attributes]
        told, made = self.columns, long.groups
        of_entity, guesses = ((), ()) if not attributes else schema_of_part(
            long.part(attributes, long.firsts), told, private=self.private
        )  # fmt: skip
        of_rows, more = ((), ()) if not rows else schema_of_part(
            long.part(rows, made.order), told, private=self.private
        )  # fmt: skip
        refuse_text([*of_entity, *of_rows])
        if self.time is None and not any(field.modelled for field in of_rows):
            raise DataError(
                f"rows of {long.source.name} hold nothing that varies. Name the column of time, "
                f"{reading(time=Blank('NAME'))}, or give rows with columns of their own."
            )
        values = values_by(long.part(attributes, long.firsts), of_entity) if attributes else (
            torch.empty(len(made.lengths), 0, dtype=torch.float64)
        )  # fmt: skip
        row_values = values_by(long.part(rows, made.order), of_rows) if rows else (
            torch.empty(len(made.order), 0, dtype=torch.float64)
        )  # fmt: skip
        space, compact = fit_sequences(
            entity=entity_field(long, self.entity, private=self.private),
            attribute_fields=self._with_rare(of_entity, values), attributes=values,
            row_fields=self._with_rare(of_rows, row_values), rows=row_values,
            lengths=made.lengths, axis=None if long.when is None else axis_of(long.when[0]),
            when=None if long.when is None else long.when[1],
            order=[name for name in long.source.types if name not in self.drop],
            constraints=self.constraints, least=self.protect,
        )  # fmt: skip
        dataset = SequenceDataset(compact, space, name=long.source.name, source=library)
        dataset.notes = (*(() if self.private else sentences), *guesses, *more)
        dataset.stated_longest = self.longest
        dataset.read_from_rows = self._read_from_rows(long, of_entity, of_rows)
        return dataset if self.holdout is None else with_holdout(dataset, self.holdout)

    def _read_from_rows(
        self, long: LongTable, of_entity: Sequence[Field], of_rows: Sequence[Field]
    ) -> dict[str, tuple[str, ...]]:
        """What was found by looking at rows, by column; see `infer.read_from_rows`."""
        fields = [*of_entity, *of_rows, *(() if long.when is None else (long.when[0],))]
        found = read_from_rows(fields, self.columns, private=self.private)
        mine = [] if self.static is not None else [field.name for field in (*of_entity, *of_rows)]
        return found | {name: ("static", *found.get(name, ())) for name in mine}

    def _with_rare(self, fields: Any, values: torch.Tensor) -> list[Any]:
        columns = iter(values.unbind(dim=1))
        return [
            with_rare(field, next(columns), protect=self.protect) if field.modelled else field
            for field in fields
        ]


class SequenceFile(SequenceOptions, TableFileConfig):
    """A long table in a file: a row for each event, with a column that says whose it is."""

    kind = "sequence_file"


class SequenceMemory(SequenceOptions, TableMemoryConfig):
    """A long table in a data frame that the caller holds."""

    kind = "sequence_memory"
    not_options = frozenset({"library", "private"})


class BankConfig(DataConfig):
    """Accounts of a simulated bank with their transactions; see `modalities.tables.bank`.

    Nothing in it is real. `bank_truth` has the exact shares, rates and means.

    Attributes:
        num_customers: how many; there are about 1.38 accounts for each.
        seed: which.
        protect: entities that must share a value before it is learned as one of its own.
        private: whether it is opened for a private training.
    """

    not_options = frozenset({"private"})
    kind = "bank"
    spaces = ("sequences",)
    built_in = True
    num_customers: Count = 2_000
    seed: int = 0
    protect: PositiveInt = 5
    private: bool = False

    @property
    def options_of_rows(self) -> SequenceOptions:
        """How the long table is read; constraints are fitted, so a private training has none."""
        held = () if self.private else (*ACCOUNT_CONSTRAINTS, *TRANSACTION_CONSTRAINTS)
        return SequenceMemory(
            entity="account", time="booked_at", protect=self.protect, constraints=held,
            private=self.private,
        )  # fmt: skip

    def build(self, progress: Progress | None = None) -> Dataset:
        """Each account with its transactions."""
        return self.options_of_rows.read(self.source(), library=None, progress=progress)

    def source(self) -> MemorySource:
        """The long table."""
        bank = simulate_bank(self.num_customers, seed=self.seed)
        return MemorySource(accounts_with_transactions(bank), name=self.kind)

    @classmethod
    def open_like(
        cls, data: Any, space: Space, *, like: DataConfig | None = None, holdout: bool = False,
        progress: Progress | None = None,
    ) -> tuple[Dataset, DataConfig | None]:  # fmt: skip
        """See `DataConfig.open_like`; rows are read by the fields of `space`."""
        if not isinstance(space, SequenceSpace):
            return super().open_like(data, space, like=like, holdout=holdout, progress=progress)
        config = cls.describing(data, cls.options_like(space, like))
        if holdout:
            config = config.with_values({"seed": config.seed + 1, "holdout": None})
        return read_like(config.source(), space, library=None), config


def read_like(
    source: "TableSource", space: SequenceSpace, *, library: str | None, least: int = 1,
    cut: bool = True,
) -> SequenceDataset:  # fmt: skip
    """Sequences of a long table, read by the fields of `space`.

    Args:
        source: the table.
        space: what the model makes.
        library: whose frame it is.
        least: entities that there must be.
        cut: whether entities with more rows than the model makes are cut; else that is an error.

    Raises:
        DataError: it cannot be read, or lacks columns.
    """
    time = None if space.axis is None else space.axis.field
    when = None if time is None else time.name
    long = read_long(
        source, entity=space.entity.name, time=when, told={}, time_field=time, least=least
    )
    counted = {LENGTH, START, SPAN, *(one.name for one in space.bursts)}
    own = [field for field in space.attributes.fields if field.name not in counted]
    fields = [*space.rows.fields[space.num_stood :]]
    lacking = [
        field.name for field in (*own, *fields)
        if field.modelled and field.name not in source.types
    ]  # fmt: skip
    if lacking:
        raise DataError(
            f"{source.name} lacks the columns {', '.join(map(repr, lacking))}, which the model "
            "makes. Give rows with all columns of the training data."
        )
    longer = int((long.groups.lengths > space.longest).sum())
    if longer and not cut:
        raise DataError(
            f"{longer:,} entities of {source.name} have more than {space.longest:,} rows, which is "
            "as many as the model knows. Give the last of their rows."
        )
    long = _cut(long, space.longest)
    own, fields = ([one for one in some if one.modelled] for some in (own, fields))
    groups = long.groups
    attributes = values_by(long.part([f.name for f in own], long.firsts), own) if own else (
        torch.empty(len(groups.lengths), 0, dtype=torch.float64)
    )  # fmt: skip
    rows = values_by(long.part([f.name for f in fields], groups.order), fields) if fields else (
        torch.empty(len(groups.order), 0, dtype=torch.float64)
    )  # fmt: skip
    compact = compact_of(
        space, attributes, rows, groups.lengths, None if long.when is None else long.when[1]
    )
    made = SequenceDataset(compact, space, name=source.name, source=library)
    if longer:
        made.notes = (f"of {longer:,} entities the first {space.longest:,} rows are taken.",)
    return made


def _cut(long: LongTable, longest: int) -> LongTable:
    """The first `longest` rows of each entity."""
    kept = long.groups.within(longest)
    if long.when is None or len(kept.order) == len(long.groups.order):
        return long._replace(groups=kept)
    place = np.arange(len(long.groups.order)) - np.repeat(long.groups.first, long.groups.lengths)
    field, values = long.when
    return long._replace(groups=kept, when=(field, values[torch.from_numpy(place < longest)]))


def _limited(long: LongTable, limit: int | None) -> LongTable:
    """Some of the entities, evenly spread."""
    groups = long.groups
    count = len(groups.lengths)
    if limit is None or limit >= count:
        return long
    entities = np.arange(limit) * count // limit
    kept = groups.some(entities)
    when = long.when
    if when is not None:
        owner = np.repeat(np.arange(count), groups.lengths)
        when = when[0], when[1][torch.from_numpy(np.isin(owner, entities))]
    return long._replace(groups=kept, when=when)
