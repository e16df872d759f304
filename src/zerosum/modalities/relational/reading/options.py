"""What can be asked of any database, and the way from its tables to a data set."""

from collections.abc import Mapping
from typing import Any

import torch
from pydantic import PositiveInt

from zerosum.data.base import DataConfig, Dataset, Progress, other_kind
from zerosum.data.subsets import held_name, held_note
from zerosum.errors import ConfigError, DataError, PrivacyError, did_you_mean
from zerosum.faces import option, reading
from zerosum.modalities.relational.across import offered_across
from zerosum.modalities.relational.dataset import OpenedDatabase, RelationalDataset, UnitDataset
from zerosum.modalities.relational.fields import ReferenceField
from zerosum.modalities.relational.finding import FoundSchema, find_schema
from zerosum.modalities.relational.fit import apply_database, fit_database, require_learnable
from zerosum.modalities.relational.layout import (
    TableRows,
    parents_of,
)
from zerosum.modalities.relational.reading.columns import (
    checked_field,
    columns_of_table,
    stated_of,
)
from zerosum.modalities.relational.reading.rows import LinkedTables, Orphans, link_tables
from zerosum.modalities.relational.reading.units import few_units, split_units
from zerosum.modalities.relational.schema import (
    DatabaseSchema,
    TableKeys,
    read_schema,
    without,
)
from zerosum.modalities.relational.space import RelationalSpace
from zerosum.modalities.relational.trees import require_parents, require_tree
from zerosum.modalities.tables.constraints.base import Constraint
from zerosum.modalities.tables.constraints.kinds import read_constraints
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.privacy.private_rows import refuse_constraints
from zerosum.modalities.tables.reading.dataset import LEAST
from zerosum.modalities.tables.reading.disclosed import read_from_rows
from zerosum.modalities.tables.reading.sources import TableSource
from zerosum.spaces import Space


class DatabaseOptions(DataConfig):
    """What can be asked of a database.

    Attributes:
        keys: the tables with their keys, as `schema` gives them; if not given, those that the
            database has, or that are found.
        kinds: kinds of columns, by table and column: `{"orders.zip": "category"}`; or attributes
            of their fields, with the kind.
        drop: columns and whole tables to leave out: `customers.comment`, `logs`.
        keep: tables that are kept as they are, such as lists of countries; their rows are part of
            the model.
        missing: texts that stand for what is missing.
        orphans: what is done about rows that refer to something that is not there: `refuse` them,
            or set them `apart`.
        protect: rows that must share a value before it is learned as one of its own; 1 for all.
        constraints: what holds in every row of a table, or between a row and one above it, with
            names such as `orders.shipped`.
        unit: whom a private training protects: a row of the main table with all that hangs below
            it, which is so if not given.
        most_rows: for private trainings, how many rows of a table enter of each unit, the first
            ones: `{"orders": 20}`; if not given, as many as nearly all have, by noisy counts.
        private: whether fields hold no value of a row, as for a private training.
    """

    spaces = ("relational",)
    option_names = {"keys": "schema"}
    not_options = frozenset({"path", "private"})
    keys: DatabaseSchema | None = None
    kinds: dict[str, str | dict[str, Any]] = {}
    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    orphans: Orphans = "refuse"
    protect: PositiveInt = LEAST
    constraints: tuple[Constraint, ...] = ()
    unit: str | None = None
    most_rows: dict[str, PositiveInt] = {}
    private: bool = False

    @classmethod
    def fields_for(cls, options: Mapping[str, Any]) -> dict[str, Any]:
        """See `DataConfig.fields_for`; a schema may be a file, and lists one text."""
        given = dict(options)
        if given.get("schema") is not None:
            given["schema"] = read_schema(given["schema"])
        if given.get("constraints") is not None:
            given["constraints"] = read_constraints(given["constraints"])
        for name in ("drop", "keep", "missing"):
            if isinstance(given.get(name), str):
                given[name] = tuple(part.strip() for part in given[name].split(","))
        return super().fields_for(given)

    @classmethod
    def open_like(
        cls, data: Any, space: Space, *, like: DataConfig | None = None, holdout: bool = False,
        progress: Progress | None = None,
    ) -> tuple[Dataset, DataConfig | None]:  # fmt: skip
        """See `DataConfig.open_like`: rows are read by the fields of `space`."""
        if not isinstance(space, RelationalSpace):
            raise other_kind("a database", space)
        missing = like.missing if isinstance(like, DatabaseOptions) else ()
        config = cls.describing(data, {"missing": missing} if missing else {})
        if cls.built_in and "seed" in cls.model_fields:
            same = like if isinstance(like, cls) else config
            changes = {"seed": same.to_json()["seed"] + 1} if holdout else {}
            config = same.with_values({**changes, "holdout": None})
        sources, _, name, _ = config.sources(data)
        return read_like(sources, space, name=name, progress=progress), None

    def sources(
        self, data: Any
    ) -> tuple[dict[str, TableSource], tuple[TableKeys, ...], str, str | None]:
        """The tables, the keys that the database declares, its name, and the frames' library.

        Raises:
            DataError: it cannot be read.
        """
        raise TypeError(f"{type(self).__name__} must define sources()")

    def build(self, progress: Progress | None = None) -> Dataset:
        """Read it.

        Raises:
            DataError: it cannot be read or used; the message says why, and where.
        """
        return self.read(None, progress)

    def read(self, data: Any, progress: Progress | None = None) -> RelationalDataset:
        """The data set of a database.

        Raises:
            DataError: it cannot be used.
            PrivacyError: it is private, and what is asked for cannot be counted by unit.
        """
        sources, declared, name, library = self._left(data)
        found = self._found(sources, declared, name)
        schema, notes = found.schema, [*found.evidence]
        if len(schema.tables) > 1 and not any(table.refers for table in schema.tables):
            raise DataError(
                f"no table of {name} is found to refer to another: {'; '.join(notes)}. Say which "
                f"columns do, in a schema: {option('schema', 'schema.json')}."
            )
        if self.private:
            return self._read_privately(sources, found, name, library, progress)
        if self.most_rows:
            raise DataError(
                f"most_rows is for private trainings, and bounds what a unit can tell: give "
                f"{option('epsilon', 3)} with it, or leave it out."
            )
        linked = link_tables(sources, schema, orphans=self.orphans)
        notes += linked.notes
        fields = self._fields(linked, None, progress)
        rows = linked.rows(fields, progress)
        fields = {
            table: [
                field if schema[table].kept or not field.modelled
                else checked_field(field, own, rows[table], schema[table], self.protect)
                for field in own
            ]
            for table, own in fields.items()
        }  # fmt: skip
        held = None
        if self.holdout is not None:
            rows, held = split_units(schema, rows, self.holdout)
        fitted = fit_database(
            schema, fields, rows, least=self.protect, constraints=self.constraints
        )
        notes += [
            f"{side.name}.{one.column} is {one.above}.{one.column_above} in all rows, and is copied"
            for side in fitted.space.sides
            for one in side.copied
        ]
        notes += few_units(schema, fitted.space.main, rows)
        notes += offered_across(schema, parents_of(schema, rows), fields, rows, self.constraints)
        made = RelationalDataset(fitted, name=name, library=library)
        if held is not None:
            flat = apply_database(fitted.space, held).flat
            made.held_out = UnitDataset(
                flat, fitted.space, name=held_name(name),
                counts={table: len(one) for table, one in held.items()},
            )  # fmt: skip
            notes.append(held_note(len(flat), len(flat) + len(made)))
        made.notes = tuple(notes)
        return made

    def _read_privately(
        self, sources: Mapping[str, TableSource], found: FoundSchema, name: str,
        library: str | None, progress: Progress | None,
    ) -> RelationalDataset:  # fmt: skip
        """The data set of a database of which nothing but kinds is found by looking at rows."""
        schema = found.schema
        parents, main = require_tree(schema)
        self._refuse_uncounted(parents, main)
        linked = link_tables(sources, schema, orphans=self.orphans)
        fields = self._fields(linked, parents, progress)
        rows = linked.rows(fields, progress)
        require_parents(schema, parents, rows)
        made = RelationalDataset(fit_database(schema, fields, rows), name=name, library=library)
        made.opened = OpenedDatabase(schema, fields, rows, parents, main, self.most_rows)
        made.read_from_rows = self._read_from_rows(linked, fields, found)
        kept = [repr(table.name) for table in schema.tables if table.kept]
        if kept:
            made.notes = (
                f"rows of {', '.join(kept)} are part of the model as they are, so they are taken "
                "for public",
            )
        return made

    def _refuse_uncounted(self, parents: Mapping[str, int | None], main: str) -> None:
        """Refuse options by which units decide over others, or that name what is no unit."""
        refuse_constraints(self.constraints)
        if self.holdout is not None:
            raise PrivacyError(
                f"{option('holdout', self.holdout)} keeps units apart that depend on how many "
                "there are, so a single one more would change them all, and no promise of privacy "
                "would hold. Keep them in a database of their own."
            )
        if self.unit not in (None, main):
            raise PrivacyError(
                f"{reading(unit=self.unit)}: a row of {main!r} is protected, with all that hangs "
                "below it, and what several of these tell together is not bounded. Leave it out."
            )
        below = [name for name, parent in parents.items() if parent is not None]
        for name in self.most_rows:
            if name not in below:
                raise DataError(
                    f"most_rows names {name!r}, and bounds rows of tables below {main!r}: "
                    f"{', '.join(below) or 'none'}.{did_you_mean(name, below)}"
                )

    def _read_from_rows(
        self, linked: LinkedTables, fields: Mapping[str, list[Field]], found: FoundSchema
    ) -> dict[str, tuple[str, ...]]:
        """What was found by looking at rows, by column; see `infer.read_from_rows`."""
        told: dict[str, tuple[str, ...]] = {}
        for table in linked.schema.tables:
            if table.kept:
                continue
            known = set(table.key) if len(table.key) == 1 else set[str]()
            if found.evidence:
                for name in (*table.key, *(c for one in table.refers for c in one.columns)):
                    told[f"{table.name}.{name}"] = ("key",)
            learned = [
                field for field in fields[table.name]
                if not isinstance(field, ReferenceField) and field.name not in known
            ]  # fmt: skip
            stated = stated_of(self.kinds, table.name)
            for name, what in read_from_rows(learned, stated, private=True).items():
                told[f"{table.name}.{name}"] = (*told.get(f"{table.name}.{name}", ()), *what)
        return told

    def found(self, data: Any) -> FoundSchema:
        """The keys as a training would take them.

        Raises:
            DataError: the tables cannot be read, or refer to each other in a cycle.
        """
        sources, declared, name, _ = self._left(data)
        return self._found(sources, declared, name)

    def _left(
        self, data: Any
    ) -> tuple[dict[str, TableSource], tuple[TableKeys, ...], str, str | None]:
        """What `sources` gives, without tables that are dropped.

        Raises:
            DataError: `drop` names what is not there, or every table.
        """
        sources, declared, name, library = self.sources(data)
        known = [*sources, *(f"{t}.{c}" for t, source in sources.items() for c in source.types)]
        for one in self.drop:
            if one not in known:
                raise DataError(
                    f"drop names {one!r}, no table or column.{did_you_mean(one, known)}"
                )
        left = {table: source for table, source in sources.items() if table not in self.drop}
        if not left:
            raise DataError(f"drop names every table of {name}. Keep one.")
        return left, without(declared, self.drop), name, library

    def _found(
        self, sources: Mapping[str, TableSource], declared: tuple[TableKeys, ...], name: str
    ) -> FoundSchema:
        """Keys that are given, else those that the database declares, else what is found.

        Raises:
            DataError: a table has no rows, or tables refer to each other in a cycle.
        """
        if self.keys is not None:
            declared = without(self.keys.tables, self.drop)
        empty = [
            table for table in ([one.name for one in declared] or sources)
            if table in sources and not sources[table].num_rows
        ]  # fmt: skip
        if empty:
            raise DataError(
                f"{', '.join(map(repr, empty))} of {name} {'have' if len(empty) > 1 else 'has'} no "
                f"rows, so there is nothing to learn. Leave such tables out: "
                f"{reading(drop=','.join(empty))}."
            )
        try:
            if self.keys is not None or any(one.refers for one in declared):
                return FoundSchema(DatabaseSchema(tables=declared).keeping(self.keep))
            found = find_schema(sources)
        except ConfigError as error:
            raise DataError(f"{name}: {error}") from error
        return FoundSchema(found.schema.keeping(self.keep), found.evidence)

    def _fields(
        self, linked: LinkedTables, parents: Mapping[str, int | None] | None,
        progress: Progress | None,
    ) -> dict[str, list[Field]]:  # fmt: skip
        """Every column of each table; parents are found if they are not known.

        Raises:
            DataError: a column is free text, or an option names one that is not there.
        """
        schema, known = linked.schema, []
        for table in schema.tables:
            known += [f"{table.name}.{column}" for column in linked.sources[table.name].types]
        for name in self.kinds:
            if name not in known:
                raise DataError(f"kinds names {name!r}, no column.{did_you_mean(name, known)}")
        if parents is None:
            counts = {name: TableRows(torch.zeros(int(t.sum()), 0), linked.links[name])
                      for name, t in linked.taken.items()}  # fmt: skip
            parents = parents_of(schema, counts)
        found = {}
        for table in schema.tables:
            own = columns_of_table(
                linked,
                table,
                parents.get(table.name),
                kinds=self.kinds,
                drop=self.drop,
                private=self.private,
                progress=progress,
            )
            if not table.kept:
                require_learnable(table.name, own)
            found[table.name] = own
        return found


def read_like(
    sources: Mapping[str, TableSource], space: RelationalSpace, *, name: str,
    progress: Progress | None = None,
) -> UnitDataset:  # fmt: skip
    """Flat units of a database whose tables are those of a model.

    Raises:
        DataError: a table is missing, or a column holds what its field cannot.
    """
    fields: dict[str, list[Field]] = {side.name: list(side.fields) for side in space.sides}
    fields |= {one.name: list(one.fields) for one in space.kept}
    for table in space.database.names:
        if table not in sources:
            raise DataError(
                f"{name} has no table {table!r}, which the model makes."
                f"{did_you_mean(table, sources)}"
            )
        wanted = [field.name for field in fields[table] if field.modelled]
        lacking = [column for column in wanted if column not in sources[table].types]
        if lacking:
            raise DataError(
                f"{table!r} of {name} lacks the columns {', '.join(map(repr, lacking))}, which the "
                "model makes."
            )
    own = {table: sources[table] for table in space.database.names}
    linked = link_tables(own, space.database)
    rows = linked.rows(fields, progress)
    counts = {table: len(one) for table, one in rows.items()}
    return UnitDataset(apply_database(space, rows).flat, space, name=name, counts=counts)
