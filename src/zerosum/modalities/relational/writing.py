"""Databases into folders of files, SQLite files, and databases that a URL names."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zerosum.errors import RunError
from zerosum.faces import option
from zerosum.forms.csv_cells import Cells
from zerosum.modalities.relational.reading.databases import write_to_url
from zerosum.modalities.relational.schema import DatabaseSchema
from zerosum.modalities.tables.sql import SQLITE, is_url, quoted, shown_url
from zerosum.modalities.tables.sql_tables import columns_of, sqlite_type
from zerosum.modalities.tables.writing import write_csv, write_parquet
from zerosum.runs.files import make_folder, require_unicode, write_folder, write_whole

if TYPE_CHECKING:
    import pyarrow as pa

_FORMS = "a folder (for .csv files; NAME.parquet/ for Parquet), a .sqlite or .db file, or a URL"


@dataclass(frozen=True)
class Place:
    """Where a database goes: a `folder` of .csv or .parquet files, an `sqlite` file, or a `url`."""

    form: str
    path: Path | str


def require_place(path: Path | str, *, safe_csv: bool = False, signed: bool = False) -> Place:
    """Where a database can be written to.

    Raises:
        RunError: no form of databases has that ending, or an option does not suit it.
    """
    if is_url(path):
        place = Place("url", str(path))
    else:
        require_unicode(Path(path))
        suffix = Path(path).suffix.lower()
        if suffix in SQLITE:
            place = Place("sqlite", Path(path))
        elif suffix in ("", ".csv", ".parquet") and not Path(path).is_file():
            place = Place("parquet" if suffix == ".parquet" else "csv", Path(path))
        else:
            raise RunError(f"cannot save a database as {Path(path).name!r}. Allowed: {_FORMS}.")
    if safe_csv and place.form != "csv":
        raise RunError(f"{option('safe_csv')} is for folders of .csv files. Leave it out.")
    if signed and place.form == "url":
        raise RunError(f"a database behind a URL is not signed; leave out {option('sign')}.")
    return place


def write_database(
    place: Place | Path | str, tables: "Mapping[str, pa.Table]", schema: DatabaseSchema, *,
    safe_csv: bool = False,
) -> Path:  # fmt: skip
    """Write tables, each after those that it refers to.

    Raises:
        RunError: it cannot be written; in a database that a URL names, tables exist already.
        MissingExtraError: it is a URL, and SQLAlchemy is not installed.
    """
    place = place if isinstance(place, Place) else require_place(place)
    if place.form == "url":
        write_to_url(str(place.path), tables, schema)
        return Path(shown_url(str(place.path)).replace("://", ":"))
    path = Path(place.path)
    make_folder(path.parent)
    if place.form == "sqlite":
        write_whole(path, lambda aside: _write_sqlite(aside, tables, schema))
        return path
    cells = Cells(safe=safe_csv)

    def write(aside: Path) -> None:
        for name, table in tables.items():
            if place.form == "csv":
                write_csv(aside / f"{_as_file(name)}.csv", iter([table]), cells)
            else:
                write_parquet(aside / f"{_as_file(name)}.parquet", iter([table]))

    write_folder(path, write)
    cells.warn()
    return path


def _write_sqlite(path: Path, tables: "Mapping[str, pa.Table]", schema: DatabaseSchema) -> None:
    connection = sqlite3.connect(path)
    try:
        with connection:
            for name in schema.order:
                table = tables[name]
                connection.execute(_create(name, table, schema))
                marks = ", ".join("?" * table.num_columns)
                rows = zip(*columns_of(table), strict=True)
                connection.executemany(f"INSERT INTO {quoted(name)} VALUES ({marks})", rows)
    except sqlite3.Error as error:
        raise RunError(f"the database cannot be written to {str(path)!r}: {error}.") from error
    finally:
        connection.close()


def _create(name: str, table: "pa.Table", schema: DatabaseSchema) -> str:
    """The statement that makes an SQLite table with its keys."""
    keys = schema[name]
    lines = [f"{quoted(field.name)} {sqlite_type(field.type)}" for field in table.schema]
    if keys.key:
        lines.append(f"PRIMARY KEY ({_listed(keys.key)})")
    lines += [
        f"FOREIGN KEY ({_listed(one.columns)}) REFERENCES {quoted(one.to)} ({_listed(one.keys)})"
        for one in keys.refers
    ]
    return f"CREATE TABLE {quoted(name)} ({', '.join(lines)})"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(map(quoted, names))


def _as_file(name: str) -> str:
    """The name of a table as the name of a file.

    Raises:
        RunError: it cannot be one.
    """
    if "/" in name or "\x00" in name or name in (".", ".."):
        raise RunError(
            f"the table {name!r} cannot be a file of that name. Write the database into a .sqlite "
            "file."
        )
    return name
