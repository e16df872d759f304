"""SQLite files, by Python's own library, and databases behind a URL, by SQLAlchemy.

What a message says of a database has no password in it.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from zerosum.errors import ConfigError, DataError, MissingExtraError, RunError
from zerosum.modalities.relational.schema import DatabaseSchema, ForeignKey, TableKeys

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.engine import URL

Tables = dict[str, pa.Table]


def quoted(name: str) -> str:
    """A name as SQL quotes it.

    >>> print(quoted('a "b" c'))
    "a ""b"" c"
    """
    return '"' + name.replace('"', '""') + '"'


def read_sqlite(path: Path) -> tuple[Tables, DatabaseSchema]:
    """The tables of an SQLite file, and how they refer to each other.

    Raises:
        DataError: it is no database, has no tables, or tables refer to each other in a cycle.
    """
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error as error:
        raise DataError(f"{path} cannot be opened: {error}.") from error
    try:
        names = [row[0] for row in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
            "ORDER BY rowid")]  # fmt: skip
        found, tables = [], {}
        for name in names:
            columns = connection.execute(f"PRAGMA table_info({quoted(name)})").fetchall()
            key = tuple(row[1] for row in sorted(columns, key=lambda one: one[5]) if row[5])
            listed = connection.execute(f"PRAGMA foreign_key_list({quoted(name)})").fetchall()
            found.append(TableKeys(name=name, key=key, refers=_grouped(listed)))
            rows = connection.execute(f"SELECT * FROM {quoted(name)}").fetchall()
            kinds = [str(column[2]) for column in columns]
            tables[name] = _table([column[1] for column in columns], rows, kinds)
    except sqlite3.Error as error:
        raise DataError(f"{path} is no SQLite database that can be read: {error}.") from error
    finally:
        connection.close()
    if not tables:
        raise DataError(f"{path} has no tables.")
    return tables, _schema(found, str(path))


def _grouped(listed: Sequence[tuple[Any, ...]]) -> tuple[ForeignKey, ...]:
    """References as SQLite lists them: a row for each column."""
    parts: dict[int, list[tuple[Any, ...]]] = {}
    for row in listed:
        parts.setdefault(row[0], []).append(row)
    return tuple(
        ForeignKey(
            columns=tuple(row[3] for row in rows), to=rows[0][2],
            keys=tuple(row[4] for row in rows if row[4] is not None),
        )
        for _, rows in sorted(parts.items())
    )  # fmt: skip


def _schema(tables: Sequence[TableKeys], where: str) -> DatabaseSchema:
    try:
        return DatabaseSchema(tables=tuple(tables))
    except ConfigError as error:
        raise DataError(f"{where}: {error}") from error


def _table(names: Sequence[str], rows: Sequence[Any], kinds: Sequence[str] = ()) -> pa.Table:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in names]
    arrays = [_array(column, kinds[i] if kinds else "") for i, column in enumerate(columns)]
    return pa.Table.from_arrays(arrays, names=list(names))


def _array(values: list[Any], kind: str) -> pa.Array:
    """A column of a database as arrow has it; its declared type says what its text stands for."""
    upper = kind.upper()
    wanted = next(
        (made for word, made in (
            ("BOOL", pa.bool_()), ("TIMESTAMP", pa.timestamp("us")),
            ("DATETIME", pa.timestamp("us")),
            ("DATE", pa.date32()),
        ) if word in upper), None,
    )  # fmt: skip
    try:
        if wanted is not None:
            if pa.types.is_boolean(wanted):
                return pa.array([None if one is None else bool(one) for one in values], wanted)
            return pa.array(values, pa.string()).cast(wanted)
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        if any(isinstance(one, bytes) for one in values):
            return pa.array([one if isinstance(one, bytes) else None for one in values])
        texts = [one if one is None or isinstance(one, str) else str(one) for one in values]
        return pa.array(texts, pa.string())


def read_url(url: str) -> tuple[Tables, DatabaseSchema]:
    """The tables of a database that a URL names, and how they refer to each other.

    Raises:
        MissingExtraError: SQLAlchemy is not installed.
        DataError: it cannot be reached or read, or has no tables.
    """
    import sqlalchemy as sql

    with _engine(url, DataError) as (engine, shown), engine.connect() as connection:
        looked = sql.inspect(connection)
        found, tables = [], {}
        for name in looked.get_table_names():
            columns = [column["name"] for column in looked.get_columns(name)]
            key = tuple(looked.get_pk_constraint(name)["constrained_columns"])
            refers = tuple(
                ForeignKey(
                    columns=tuple(one["constrained_columns"]), to=one["referred_table"],
                    keys=tuple(one["referred_columns"]),
                )
                for one in looked.get_foreign_keys(name)
            )  # fmt: skip
            found.append(TableKeys(name=name, key=key, refers=refers))
            table = sql.table(name, *(sql.column(column) for column in columns))
            rows = connection.execute(sql.select(table)).fetchall()
            tables[name] = _table(columns, [tuple(row) for row in rows])
        if not tables:
            raise DataError(f"{shown} has no tables.")
    return tables, _schema(found, shown)


def write_to_url(url: str, tables: Mapping[str, pa.Table], schema: DatabaseSchema) -> None:
    """Make tables with their keys in a database, and fill them, all in one transaction.

    Raises:
        MissingExtraError: SQLAlchemy is not installed.
        RunError: it cannot be reached or written, or a table is there already.
    """
    import sqlalchemy as sql

    with _engine(url, RunError) as (engine, shown), engine.begin() as connection:
        there = set(sql.inspect(connection).get_table_names()) & set(schema.names)
        if there:
            raise RunError(
                f"{shown} has the table {sorted(there)[0]!r} already. Name an empty database."
            )
        meta = sql.MetaData()
        for name in schema.order:
            keys = schema[name]
            columns = [
                sql.Column(field.name, _sql_type(field.type), primary_key=field.name in keys.key)
                for field in tables[name].schema
            ]
            links = [
                sql.ForeignKeyConstraint(one.columns, [f"{one.to}.{key}" for key in one.keys])
                for one in keys.refers
            ]
            sql.Table(name, meta, *columns, *links)
        meta.create_all(connection)
        for name in schema.order:
            for batch in tables[name].to_batches(max_chunksize=10_000):
                connection.execute(meta.tables[name].insert(), batch.to_pylist())


def _sql_type(kind: pa.DataType) -> Any:
    import pyarrow.types as pt
    import sqlalchemy as sql

    kind = kind.value_type if isinstance(kind, pa.DictionaryType) else kind
    if pt.is_boolean(kind):
        return sql.Boolean()
    if pt.is_integer(kind):
        return sql.BigInteger().with_variant(sql.Integer(), "sqlite")
    if pt.is_decimal(kind):
        return sql.Numeric(kind.precision, kind.scale)
    if pt.is_floating(kind):
        return sql.Double()
    if pt.is_date(kind):
        return sql.Date()
    if pt.is_timestamp(kind):
        return sql.DateTime(timezone=kind.tz is not None)
    if pt.is_time(kind):
        return sql.Time()
    return sql.Interval() if pt.is_duration(kind) else sql.String(255)


@contextmanager
def _engine(
    url: str, error_type: type[DataError] | type[RunError]
) -> "Iterator[tuple[Engine, str]]":
    """An engine, and how messages call the database; errors of the driver become ours."""
    try:
        import sqlalchemy as sql
        from sqlalchemy import exc as errors
    except ImportError as error:
        raise MissingExtraError(
            "databases behind a URL are read by SQLAlchemy, which is not installed: pip install "
            "'zerosum[sql]'."
        ) from error
    try:
        parsed = _with_driver(sql.make_url(url))
        shown = _shown(parsed)
        engine = sql.create_engine(parsed)
    except (errors.ArgumentError, ValueError):
        raise error_type(
            "this URL names no database. Write one such as postgresql://user@host/name or "
            "sqlite:///shop.db."
        ) from None
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"databases of {url.partition(':')[0].partition('+')[0]} need the driver {error.name}, "
            f"which is not installed: pip install {error.name}."
        ) from None
    try:
        yield engine, shown
    except errors.SQLAlchemyError as error:
        raise error_type(
            f"the database {shown} cannot be reached or used: {_bare(error, parsed)}."
        ) from None
    finally:
        engine.dispose()


def _with_driver(url: "URL") -> "URL":
    """PostgreSQL, MySQL and MariaDB by a driver that is installed, else one that pip installs."""
    from importlib.util import find_spec

    if url.drivername in ("postgresql", "postgres") and find_spec("psycopg2") is None:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername in ("mysql", "mariadb") and find_spec("MySQLdb") is None:
        return url.set(drivername=f"{url.drivername}+pymysql")
    return url


def _shown(url: "URL") -> str:
    """Kind, host and name of a database."""
    host = f"{url.host or ''}{'' if url.port is None else f':{url.port}'}"
    return f"{url.drivername.partition('+')[0]}://{host}/{url.database or ''}"


def shown_url(url: str) -> str:
    """A URL as messages and runs have it: without a user, a password or options.

    Raises:
        MissingExtraError: SQLAlchemy is not installed.
        DataError: it names no database.
    """
    with _engine(url, DataError) as (_, shown):
        return shown


def recorded_url(url: str) -> str:
    """A URL that a run may record: with the user, without a password or options."""
    import sqlalchemy as sql

    parsed = sql.make_url(url)
    bare = parsed.set(query={})._replace(password=None)
    return bare.render_as_string(hide_password=False)


def _bare(error: Exception, url: "URL") -> str:
    """What a driver says, in a line, without the password."""
    said = str(getattr(error, "orig", None) or error).strip().splitlines()
    text = said[0].strip() if said else type(error).__name__
    secrets = [url.password, *(v for k, v in url.query.items() if "pass" in k.lower())]
    for one in secrets:
        if one:
            text = text.replace(str(one), "***")
    return text.rstrip(".")
