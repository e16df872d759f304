"""What can be asked of any database, and the way from its tables to a data set."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from pydantic import PositiveInt

from zerosum.data.base import DataConfig, Dataset, Progress, other_kind
from zerosum.data.subsets import held_name, held_note, rows_apart
from zerosum.errors import ConfigError, DataError, did_you_mean
from zerosum.faces import option
from zerosum.modalities.relational.across import offered_across
from zerosum.modalities.relational.dataset import RelationalDataset, UnitDataset
from zerosum.modalities.relational.finding import FoundSchema, find_schema
from zerosum.modalities.relational.fit import (
    apply_database,
    fit_database,
    key_fields,
    require_learnable,
)
from zerosum.modalities.relational.layout import TableRows, main_table, parents_of, place
from zerosum.modalities.relational.reading.rows import LinkedTables, Orphans, link_tables
from zerosum.modalities.relational.schema import DatabaseSchema, TableKeys, read_schema
from zerosum.modalities.relational.space import RelationalSpace
from zerosum.modalities.tables.constraints.base import Constraint
from zerosum.modalities.tables.constraints.kinds import read_constraints
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.reading.checks import with_rare
from zerosum.modalities.tables.reading.dataset import LEAST
from zerosum.modalities.tables.reading.infer import infer_schema
from zerosum.modalities.tables.reading.sources import TableSource
from zerosum.spaces import Space

_MOST_RARE = 0.5
"""Share of the rows of a key's column that may have rare names."""


class DatabaseOptions(DataConfig):
    """What can be asked of a database.

    Attributes:
        keys: the tables with their keys, as `schema` gives them; if not given, those that the
            database has, or that are found.
        kinds: kinds of columns, by table and column: `{"orders.zip": "category"}`.
        drop: columns to leave out: `customers.comment`.
        keep: tables that are kept as they are, such as lists of countries; their rows are part of
            the model.
        missing: texts that stand for what is missing.
        orphans: what is done about rows that refer to something that is not there: `refuse` them,
            or set them `apart`.
        protect: rows that must share a value before it is learned as one of its own; 1 for all.
        constraints: what holds in every row of a table, or between a row and one above it, with
            names such as `orders.shipped`.
    """

    spaces = ("relational",)
    option_names = {"keys": "schema"}
    keys: DatabaseSchema | None = None
    kinds: dict[str, str] = {}
    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    orphans: Orphans = "refuse"
    protect: PositiveInt = LEAST
    constraints: tuple[Constraint, ...] = ()

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
    ) -> tuple[dict[str, TableSource], DatabaseSchema | None, str, str | None]:
        """The tables, the schema that the database has, its name, and the frames' library.

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
        """
        sources, declared, name, library = self.sources(data)
        found = self._found(sources, declared, name)
        schema, notes = found.schema, [*found.evidence]
        if len(schema.tables) > 1 and not any(table.refers for table in schema.tables):
            raise DataError(
                f"no table of {name} is found to refer to another: {'; '.join(notes)}. Say which "
                f"columns do, in a schema: {option('schema', 'schema.json')}."
            )
        linked = link_tables(sources, schema, orphans=self.orphans)
        notes += linked.notes
        fields = self._fields(linked, progress)
        rows = linked.rows(fields, progress)
        fields = {
            table: [
                field if schema[table].kept or not field.modelled
                else _checked(field, own, rows[table], schema[table], self.protect)
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
        notes += offered_across(schema, parents_of(schema, rows), fields, rows, self.constraints)
        made = RelationalDataset(fitted, name=name, library=library)
        if held is not None:
            flat = apply_database(fitted.space, held)
            made.held_out = UnitDataset(
                flat, fitted.space, name=held_name(name),
                counts={table: len(one) for table, one in held.items()},
            )  # fmt: skip
            notes.append(held_note(len(flat), len(flat) + len(made)))
        made.notes = tuple(notes)
        return made

    def found(self, data: Any) -> FoundSchema:
        """The keys as a training would take them.

        Raises:
            DataError: the tables cannot be read, or refer to each other in a cycle.
        """
        sources, declared, name, _ = self.sources(data)
        return self._found(sources, declared, name)

    def _found(
        self, sources: Mapping[str, TableSource], declared: DatabaseSchema | None, name: str
    ) -> FoundSchema:
        """Keys that are given, else those that the database declares, else what is found."""
        given = self.keys
        if given is None and declared is not None and any(one.refers for one in declared.tables):
            given = declared
        if given is not None:
            return FoundSchema(given.keeping(self.keep))
        try:
            found = find_schema(sources)
        except ConfigError as error:
            raise DataError(f"{name}: {error}") from error
        return FoundSchema(found.schema.keeping(self.keep), found.evidence)

    def _fields(self, linked: LinkedTables, progress: Progress | None) -> dict[str, list[Field]]:
        """Every column of each table.

        Raises:
            DataError: a column is free text, or an option names one that is not there.
        """
        schema, known = linked.schema, []
        for table in schema.tables:
            known += [f"{table.name}.{column}" for column in linked.sources[table.name].types]
        for what, names in (("drop", self.drop), ("kinds", tuple(self.kinds))):
            for name in names:
                if name not in known:
                    raise DataError(f"{what} names {name!r}, no column.{did_you_mean(name, known)}")
        counts = {name: TableRows(torch.zeros(int(t.sum()), 0), linked.links[name])
                  for name, t in linked.taken.items()}  # fmt: skip
        parents = parents_of(schema, counts)
        found = {}
        for table in schema.tables:
            own = _columns_of(self, linked, table, parents.get(table.name), progress)
            if not table.kept:
                require_learnable(table.name, own)
            found[table.name] = own
        return found


def _columns_of(
    options: DatabaseOptions, linked: LinkedTables, table: TableKeys, parent: int | None,
    progress: Progress | None,
) -> list[Field]:  # fmt: skip
    """Every column of one table."""
    source, prefix = linked.sources[table.name], f"{table.name}."
    drop = [name.removeprefix(prefix) for name in options.drop if name.startswith(prefix)]
    lost = set(drop) & {*table.key, *(c for one in table.refers for c in one.columns)}
    if lost:
        raise DataError(
            f"{table.name}.{sorted(lost)[0]} is a key, so it cannot be dropped. Take it out of the "
            "schema first."
        )
    if table.kept:
        kinds = {name: {"kind": "category"} for name in source.types if name not in drop}
        return list(infer_schema(source, overrides=kinds, drop=drop, progress=progress).fields)
    taken = linked.taken[table.name]
    numbers = {
        name: _whole(linked.keys[table.name][name], taken) for name in table.key
    }  # fmt: skip
    types = {name: str(kind) for name, kind in source.types.items()}
    row = None if parent is None else linked.links[table.name][parent]
    known = key_fields(table, numbers, types, source.natives, row)
    told: dict[str, dict[str, Any]] = {
        name.removeprefix(prefix): {"kind": kind}
        for name, kind in options.kinds.items()
        if name.startswith(prefix)
    }
    if len(table.key) == 1 and table.key[0] not in known and table.key[0] not in told:
        kind = source.types[table.key[0]]
        if str(kind).startswith(("int", "uint", "string", "large_string")):
            told[table.key[0]] = {"kind": "key"}
    rest = [name for name in source.types if name not in known and name not in drop]
    fields = dict(known)
    if rest:
        schema = infer_schema(
            source, overrides={n: k for n, k in told.items() if n in rest},
            drop=[*drop, *known], progress=progress,
        )  # fmt: skip
        fields |= {field.name: field for field in schema.fields}
    return [fields[name] for name in source.types if name in fields]


def _whole(column: Any, taken: np.ndarray) -> np.ndarray | None:
    """Whole numbers of a column, `[N]`; None where it holds others."""
    import pyarrow.types as pt

    if not pt.is_integer(column.type) or column.null_count:
        return None
    return column.to_numpy()[taken]


def _checked(
    field: Field, own: list[Field], rows: TableRows, table: TableKeys, protect: int
) -> Field:
    """A field whose categories are known.

    Raises:
        DataError: it is a part of a key, and most rows have names that are too rare to be made.
    """
    at = [one.name for one in own if one.modelled].index(field.name)
    column = rows.values[:, at]
    if field.name in table.key and field.categories:
        times = torch.bincount(column[~column.isnan()].long())
        if int(times[times < protect].sum()) > _MOST_RARE * len(column):
            name = f"{table.name}.{field.name}"
            raise DataError(
                f"{name} is a part of a key, and holds {len(field.categories):,} names that come "
                f"fewer than {protect} times each, such as {field.categories[0]!r}. So rare names "
                "are not made. If these are moments or numbers, convert the column, or say so: "
                f"{option('kinds', {name: 'datetime'})}. If not, take it out of the key."
            )
    return with_rare(field, column, protect=protect)


def split_units(
    schema: DatabaseSchema, rows: Mapping[str, TableRows], share: float
) -> tuple[dict[str, TableRows], dict[str, TableRows]]:
    """Rows of the units to train on, and of those that are kept apart.

    Rows of tables that do not hang below the main one are in both.

    Raises:
        DataError: a side would be empty.
    """
    parents = parents_of(schema, rows)
    main = main_table(schema, parents, {name: len(one) for name, one in rows.items()})
    placed = place(schema, parents, main, rows, {})
    below = {main}
    for name in schema.order:
        number = parents.get(name)
        if number is not None and schema[name].refers[number].to in below:
            below.add(name)
    sides = []
    for units in rows_apart(len(rows[main]), share):
        mine = np.zeros(len(rows[main]), bool)
        mine[units.numpy()] = True
        taken = {name: np.ones(len(one), bool) for name, one in rows.items()}
        for name in below:
            taken[name][placed[name].order] = mine[placed[name].unit]
        sides.append(_some(schema, rows, taken))
    return sides[0], sides[1]


def _some(
    schema: DatabaseSchema, rows: Mapping[str, TableRows], taken: Mapping[str, np.ndarray]
) -> dict[str, TableRows]:
    """Some rows of each table; what refers to others refers to nothing."""
    number = {name: np.where(mask, np.cumsum(mask) - 1, -1) for name, mask in taken.items()}
    found = {}
    for name, one in rows.items():
        links = tuple(
            np.where(link >= 0, number[reference.to][np.maximum(link, 0)], -1)[taken[name]]
            for reference, link in zip(schema[name].refers, one.links, strict=True)
        )
        found[name] = TableRows(one.values[torch.from_numpy(taken[name])], links)
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
    return UnitDataset(apply_database(space, rows), space, name=name, counts=counts)
