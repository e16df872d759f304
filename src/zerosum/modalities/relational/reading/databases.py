"""SQLite files, by Python's own library, and databases behind a URL, by SQLAlchemy.

What a message says of a database has no password in it.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from zerosum.errors import DataError, RunError
from zerosum.modalities.relational.schema import DatabaseSchema, ForeignKey, TableKeys
from zerosum.modalities.tables.sql import engine_of, quoted
from zerosum.modalities.tables.sql_tables import sql_type, table_of

Tables = dict[str, pa.Table]


def read_sqlite(path: Path) -> tuple[Tables, tuple[TableKeys, ...]]:
    """The tables of an SQLite file, and the keys that it declares.

    Raises:
        DataError: it is no database, or has no tables.
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
            tables[name] = table_of([column[1] for column in columns], rows, kinds)
    except sqlite3.Error as error:
        raise DataError(f"{path} is no SQLite database that can be read: {error}.") from error
    finally:
        connection.close()
    if not tables:
        raise DataError(f"{path} has no tables.")
    return tables, tuple(found)


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


def read_url(url: str) -> tuple[Tables, tuple[TableKeys, ...]]:
    """The tables of a database that a URL names, and the keys that it declares.

    Raises:
        MissingExtraError: SQLAlchemy is not installed.
        DataError: it cannot be reached or read, or has no tables.
    """
    import sqlalchemy as sql

    with engine_of(url, DataError) as (engine, shown), engine.connect() as connection:
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
            tables[name] = table_of(columns, [tuple(row) for row in rows])
        if not tables:
            raise DataError(f"{shown} has no tables.")
    return tables, tuple(found)


def write_to_url(url: str, tables: Mapping[str, pa.Table], schema: DatabaseSchema) -> None:
    """Make tables with their keys in a database, and fill them, all in one transaction.

    Raises:
        MissingExtraError: SQLAlchemy is not installed.
        RunError: it cannot be reached or written, or a table is there already.
    """
    import sqlalchemy as sql

    with engine_of(url, RunError) as (engine, shown), engine.begin() as connection:
        there = set(sql.inspect(connection).get_table_names()) & set(schema.names)
        if there:
            raise RunError(
                f"{shown} has the table {sorted(there)[0]!r} already. Name an empty database."
            )
        meta = sql.MetaData()
        for name in schema.order:
            keys = schema[name]
            columns = [
                sql.Column(field.name, sql_type(field.type), primary_key=field.name in keys.key)
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
