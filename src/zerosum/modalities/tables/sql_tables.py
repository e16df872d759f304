"""Tables of SQL databases: read by their names, and written row by row."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from zerosum.data.files import look_at
from zerosum.errors import DataError, RunError, did_you_mean
from zerosum.modalities.tables.sql import TableName, engine_of, is_url, quoted, shown_place
from zerosum.runs.files import write_whole


def read_sql_table(name: TableName) -> pa.Table:
    """A table or view of a database, with the types that this declares.

    Raises:
        MissingExtraError: SQLAlchemy is not installed.
        DataError: the database cannot be reached or read, or has no such table.
    """
    return _from_url(name) if is_url(name.database) else _from_sqlite(name)


def _from_sqlite(name: TableName) -> pa.Table:
    path = Path(name.database)
    if look_at(path) != "file":
        raise DataError(f"no SQLite file at {name.database!r}.")
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        there = [row[0] for row in connection.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]  # fmt: skip
        _require(name, there)
        columns = connection.execute(f"PRAGMA table_info({quoted(name.table)})").fetchall()
        rows = connection.execute(f"SELECT * FROM {quoted(name.table)}").fetchall()
    except sqlite3.Error as error:
        raise DataError(f"{path} is no SQLite database that can be read: {error}.") from error
    finally:
        connection.close()
    return table_of([column[1] for column in columns], rows, [str(column[2]) for column in columns])


def _from_url(name: TableName) -> pa.Table:
    import sqlalchemy as sql

    with engine_of(name.database, DataError) as (engine, _), engine.connect() as connection:
        looked = sql.inspect(connection)
        _require(name, [*looked.get_table_names(), *looked.get_view_names()])
        columns = [column["name"] for column in looked.get_columns(name.table)]
        table = sql.table(name.table, *(sql.column(column) for column in columns))
        rows = connection.execute(sql.select(table)).fetchall()
    return table_of(columns, [tuple(row) for row in rows])


def _require(name: TableName, there: Sequence[str]) -> None:
    if name.table not in there:
        shown = shown_place(name.database)
        raise DataError(f"{shown} has no table {name.table!r}.{did_you_mean(name.table, there)}")


def write_sql_table(name: TableName, tables: Iterator[pa.Table]) -> None:
    """Make a table in a database, and write the rows of `tables` into it, in one transaction.

    A database in a file that is not there is made. Whatever else a database holds stays.

    Raises:
        MissingExtraError: SQLAlchemy is not installed.
        RunError: the database cannot be reached or written, or has a table of that name already.
    """
    if is_url(name.database):
        _into_url(name, tables)
        return
    path = Path(name.database)
    if path.exists():
        _into_sqlite(path, name, tables)
    else:
        write_whole(path, lambda aside: _into_sqlite(aside, name, tables))


def _into_sqlite(path: Path, name: TableName, tables: Iterator[pa.Table]) -> None:
    connection = sqlite3.connect(path)
    try:
        found = "SELECT 1 FROM sqlite_master WHERE name = ? COLLATE NOCASE"
        if connection.execute(found, [name.table]).fetchone():
            raise _taken(name)
        first = next(tables)
        columns = ", ".join(f"{quoted(one.name)} {sqlite_type(one.type)}" for one in first.schema)
        marks = ", ".join("?" * first.num_columns)
        with connection:
            connection.execute("BEGIN")
            connection.execute(f"CREATE TABLE {quoted(name.table)} ({columns})")
            for table in (first, *tables):
                rows = zip(*columns_of(table), strict=True)
                connection.executemany(f"INSERT INTO {quoted(name.table)} VALUES ({marks})", rows)
    except sqlite3.Error as error:
        raise RunError(f"rows cannot be written into {name.database!r}: {error}.") from error
    finally:
        connection.close()


def _into_url(name: TableName, tables: Iterator[pa.Table]) -> None:
    import sqlalchemy as sql

    with engine_of(name.database, RunError) as (engine, _), engine.begin() as connection:
        looked = sql.inspect(connection)
        if name.table in (*looked.get_table_names(), *looked.get_view_names()):
            raise _taken(name)
        first = next(tables)
        columns = [sql.Column(one.name, sql_type(one.type)) for one in first.schema]
        made = sql.Table(name.table, sql.MetaData(), *columns)
        made.create(connection)
        for table in (first, *tables):
            for batch in table.to_batches(max_chunksize=10_000):
                connection.execute(made.insert(), batch.to_pylist())


def _taken(name: TableName) -> RunError:
    return RunError(
        f"{shown_place(name.database)} has the table {name.table!r} already, and its rows stay. "
        "Name another after #."
    )


def table_of(names: Sequence[str], rows: Sequence[Any], kinds: Sequence[str] = ()) -> pa.Table:
    """A table of rows, with the types that the database declares of its columns, if it does."""
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


def columns_of(table: pa.Table) -> list[list[object]]:
    """Columns as values that databases take: moments as text, decimals as numbers."""
    import pyarrow.types as pt

    found = []
    for column in table.columns:
        kind = column.type
        if isinstance(kind, pa.DictionaryType):
            column, kind = column.cast(kind.value_type), kind.value_type
        if pt.is_decimal(kind):
            column = column.cast(pa.float64())
        values = column.to_pylist()
        if pt.is_temporal(kind):
            values = [None if one is None else _moment(one) for one in values]
        found.append(values)
    return found


def _moment(value: object) -> str:
    text = str(value)
    return text.replace("T", " ")


def sqlite_type(kind: pa.DataType) -> str:
    """How SQLite calls a type of arrow."""
    import pyarrow.types as pt

    kind = kind.value_type if isinstance(kind, pa.DictionaryType) else kind
    if pt.is_boolean(kind):
        return "BOOLEAN"
    if pt.is_integer(kind):
        return "INTEGER"
    if pt.is_floating(kind) or pt.is_decimal(kind):
        return "REAL"
    if pt.is_date(kind):
        return "DATE"
    return "TIMESTAMP" if pt.is_timestamp(kind) else "TEXT"


def sql_type(kind: pa.DataType) -> Any:
    """How SQLAlchemy calls a type of arrow."""
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
