"""How databases and their tables are named, and reached; no message holds a password.

SQLite files are read by Python's own library, and databases behind a URL by SQLAlchemy.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from zerosum.errors import DataError, MissingExtraError, RunError

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.engine import URL

SQLITE = (".sqlite", ".sqlite3", ".db")
"""Endings of SQLite files."""


def is_url(path: Path | str) -> bool:
    """Whether it names a database by a URL, as SQLAlchemy has them.

    >>> is_url("postgresql://localhost/shop"), is_url("shop.sqlite")
    (True, False)
    """
    return "://" in str(path)


class TableName(NamedTuple):
    """A table of a database: `shop.sqlite#orders`, or `postgresql://host/shop#orders`.

    Attributes:
        database: the file or URL.
        table: its name.
    """

    database: str
    table: str


def table_name(place: Any) -> TableName | None:
    """The table of a database that a path or URL names by what follows `#`; None for all others.

    >>> table_name("shop.sqlite#orders")
    TableName(database='shop.sqlite', table='orders')
    >>> table_name("notes #1.csv"), table_name("shop.sqlite")
    (None, None)
    """
    database, _, table = str(place).rpartition("#")
    known = is_url(database) or Path(database).suffix.lower() in SQLITE
    plain = bool(table) and not {"@", "/"} & set(table)  # else it is the rest of a password
    return TableName(database, table) if known and plain else None


def shown_place(place: Any) -> str:
    """A path or URL of a table or database as messages have it.

    Raises:
        MissingExtraError: it is a URL, and SQLAlchemy is not installed.
        DataError: it is a URL that names no database.
    """
    name = table_name(place)
    database, table = (str(place), "") if name is None else (name.database, f"#{name.table}")
    return f"{shown_url(database) if is_url(database) else database}{table}"


def recorded_place(place: str) -> str:
    """A path or URL of a table as a run may record it."""
    name = table_name(place)
    if name is None or not is_url(name.database):
        return place
    return f"{recorded_url(name.database)}#{name.table}"


def quoted(name: str) -> str:
    """A name as SQL quotes it.

    >>> print(quoted('a "b" c'))
    "a ""b"" c"
    """
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def engine_of(
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
    with engine_of(url, DataError) as (_, shown):
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
