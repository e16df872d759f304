"""How tables of a database refer to each other: keys, and what they lead to.

As JSON it is edited by hand: `{"tables": [{"name": "orders", "key": ["id"], "refers": [{"columns":
["customer_id"], "to": "customers"}]}]}`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field as Limits
from pydantic import model_validator

from zerosum.config import Config
from zerosum.errors import ConfigError, DataError, did_you_mean
from zerosum.runs.files import make_folder, require_unicode, write_json

MOST_TABLES = 1_000
"""Tables that a database may have."""


class ForeignKey(Config):
    """Columns of one table that name a row of another, or of the same.

    Attributes:
        columns: in the table that refers.
        to: the table that is referred to.
        keys: its columns that these are equal to, in the same order; if not given, its key.
    """

    kind = "foreign_key"
    columns: tuple[str, ...] = Limits(min_length=1)
    to: str
    keys: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{', '.join(self.columns)} → {self.to}"


class TableKeys(Config):
    """One table of a database.

    Attributes:
        name: of the table.
        key: the columns that identify a row; empty where nothing does.
        refers: what its rows refer to.
        kept: whether it is kept as it is, such as a list of countries; its rows are in the model.
    """

    kind = "table_keys"
    name: str = Limits(min_length=1, max_length=200)
    key: tuple[str, ...] = ()
    refers: tuple[ForeignKey, ...] = ()
    kept: bool = False


class DatabaseSchema(Config):
    """The tables of a database, with their keys.

    Attributes:
        tables: in any order; references between different tables make no cycle.
    """

    kind = "database_schema"
    tables: tuple[TableKeys, ...] = Limits(min_length=1, max_length=MOST_TABLES)

    @model_validator(mode="after")
    def _hangs_together(self) -> "DatabaseSchema":
        names = [table.name for table in self.tables]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ConfigError(f"the schema has two tables called {twice[0]!r}. Keep one.")
        filled = []
        for table in self.tables:
            if len(set(table.key)) < len(table.key):
                raise ConfigError(f"the key of {table.name!r} names a column twice.")
            filled.append(
                table.model_copy(
                    update={"refers": tuple(self._filled(table, one) for one in table.refers)}
                )
            )
        object.__setattr__(self, "tables", tuple(filled))
        cycle = _cycle({t.name: [r.to for r in t.refers if r.to != t.name] for t in self.tables})
        if cycle:
            raise ConfigError(
                f"tables refer to each other in a cycle: {' → '.join(cycle)}. No table of these "
                "can be made first: leave one of the references out of the schema."
            )
        return self

    def _filled(self, table: TableKeys, reference: ForeignKey) -> ForeignKey:
        """A reference with the keys that it leads to.

        Raises:
            ConfigError: there is no such table, or the columns do not match its key.
        """
        names = [one.name for one in self.tables]
        if reference.to not in names:
            raise ConfigError(
                f"{table.name!r} refers to {reference.to!r}, no table of the schema."
                f"{did_you_mean(reference.to, names)}"
            )
        keys = reference.keys or self[reference.to].key
        if not keys:
            raise ConfigError(
                f"{table.name!r} refers to {reference.to!r}, which has no key. Name its key, or "
                "the columns that are meant as `keys` of the reference."
            )
        if len(keys) != len(reference.columns):
            raise ConfigError(
                f"{table.name!r} refers to {reference.to!r} by {len(reference.columns)} columns "
                f"({', '.join(reference.columns)}), and its key has {len(keys)} "
                f"({', '.join(keys)}). Name one for each."
            )
        return reference.model_copy(update={"keys": keys})

    def __getitem__(self, name: str) -> TableKeys:
        for table in self.tables:
            if table.name == name:
                return table
        raise DataError(f"no table {name!r}.{did_you_mean(name, [t.name for t in self.tables])}")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tables."""
        return tuple(table.name for table in self.tables)

    @property
    def order(self) -> tuple[str, ...]:
        """Names of the tables, each after those that it refers to.

        >>> orders = TableKeys(
        ...     name="orders", refers=(ForeignKey(columns=("customer",), to="customers"),)
        ... )
        >>> DatabaseSchema(tables=(orders, TableKeys(name="customers", key=("id",)))).order
        ('customers', 'orders')
        """
        done: dict[str, None] = {}
        while len(done) < len(self.tables):
            for table in self.tables:
                needed = {reference.to for reference in table.refers} - {table.name}
                if needed <= done.keys():
                    done[table.name] = None
        return tuple(done)

    def follows(self, table: TableKeys, number: int, used: Sequence[int]) -> bool:
        """Whether another reference leads to a row that refers to the same: by the same columns."""
        mine = table.refers[number]
        for other in used:
            theirs = table.refers[other]
            leads = dict(zip(theirs.columns, theirs.keys, strict=True))
            if not set(mine.columns) <= leads.keys():
                continue
            through = tuple(leads[column] for column in mine.columns)
            if any(
                (r.columns, r.to, r.keys) == (through, mine.to, mine.keys)
                for r in self[theirs.to].refers
            ):
                return True
        return False

    def keeping(self, names: Iterable[str]) -> "DatabaseSchema":
        """The same, with these tables kept as they are.

        Raises:
            DataError: there is no such table, or it refers to one that is not kept.
        """
        wanted = set(names)
        for name in wanted:
            self[name]
        tables = tuple(
            one.model_copy(update={"kept": one.kept or one.name in wanted}) for one in self.tables
        )
        kept = {one.name for one in tables if one.kept}
        for one in tables:
            loose = [r.to for r in one.refers if r.to not in kept]
            if one.kept and loose:
                raise DataError(
                    f"{one.name!r} is to be kept as it is, and refers to {loose[0]!r}, whose rows "
                    "are made anew. Keep both, or neither."
                )
        return DatabaseSchema(tables=tables)

    def save(self, path: Path | str) -> Path:
        """Write it as JSON, to edit and to train with.

        Raises:
            RunError: it cannot be written.
        """
        path = Path(path)
        require_unicode(path)
        make_folder(path.parent)
        write_json(path, self.to_json())
        return path


def without(tables: Iterable[TableKeys], names: Iterable[str]) -> tuple[TableKeys, ...]:
    """The keys of tables, but for some tables and for references to these.

    >>> lines = TableKeys(name="lines", refers=(ForeignKey(columns=("order",), to="orders"),))
    >>> without([TableKeys(name="orders", key=("id",)), lines], ["orders"])[0].refers
    ()
    """
    gone = set(names)
    return tuple(
        one.model_copy(update={"refers": tuple(r for r in one.refers if r.to not in gone)})
        for one in tables
        if one.name not in gone
    )


def read_schema(given: Any) -> DatabaseSchema:
    """A schema as a user gives it: itself, its JSON, or a file of that.

    Raises:
        DataError: the file cannot be read, or describes no schema.
    """
    if isinstance(given, DatabaseSchema):
        return given
    if isinstance(given, str | Path):
        try:
            given = json.loads(Path(given).read_text("utf-8"))
        except OSError as error:
            raise DataError(f"no schema at {str(given)!r}: {error.strerror}.") from error
        except ValueError as error:
            raise DataError(f"{given} is no JSON: {error}.") from error
    if isinstance(given, Mapping):
        given = {"kind": DatabaseSchema.kind, **given}
    if not isinstance(given, dict) or "tables" not in given:
        raise DataError(
            'the schema of a database lists its tables: {"tables": [{"name": "orders", "key": '
            '["id"], "refers": [{"columns": ["customer_id"], "to": "customers"}]}]}.'
        )
    try:
        return DatabaseSchema.from_json(given)
    except ConfigError as error:
        raise DataError(f"the schema of the database: {error}") from error


def require_fit(schema: DatabaseSchema, columns: Mapping[str, Sequence[str]]) -> None:
    """Every table and column that the schema names is there.

    Args:
        schema: what is said.
        columns: names of the columns of each table that there is.

    Raises:
        DataError: a table or a column is not there; the nearest is suggested.
    """
    for table in schema.tables:
        if table.name not in columns:
            raise DataError(
                f"the schema names the table {table.name!r}, which is not there."
                f"{did_you_mean(table.name, columns)}"
            )
        used = [*table.key, *(name for one in table.refers for name in one.columns)]
        for name in used:
            _require_column(name, table.name, columns)
        for one in table.refers:
            for name in one.keys:
                _require_column(name, one.to, columns)


def _require_column(name: str, table: str, columns: Mapping[str, Sequence[str]]) -> None:
    if name not in columns[table]:
        raise DataError(
            f"the schema names the column {name!r} of {table!r}, which is not there."
            f"{did_you_mean(name, columns[table])}"
        )


def _cycle(edges: Mapping[str, Sequence[str]]) -> list[str]:
    """Names on a cycle, the first again at the end; empty where no names make one.

    >>> _cycle({"a": ["b"], "b": ["c"], "c": ["b"]})
    ['b', 'c', 'b']
    """
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for other in edges.get(name, ()):
            found = walk(other, [*path, name])
            if found:
                return found
        done.add(name)
        return []

    return next((found for name in edges if (found := walk(name, []))), [])
