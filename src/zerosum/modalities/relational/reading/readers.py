"""Readers of databases: a folder of tables, an SQLite file, a URL, frames."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from zerosum.data.base import Dataset, Progress
from zerosum.data.files import look_at
from zerosum.errors import DataError
from zerosum.faces import option
from zerosum.modalities.relational.reading.options import DatabaseOptions
from zerosum.modalities.relational.schema import TableKeys
from zerosum.modalities.tables.reading.places import is_table
from zerosum.modalities.tables.reading.sources import MemorySource, TableSource
from zerosum.modalities.tables.sql import SQLITE, is_url, recorded_url, shown_url, table_name

_FEWEST = 2
"""Tables that make a folder a database."""


class TableFolder(DatabaseOptions):
    """A folder of tables: `.csv`, `.parquet` and others, each named after its table.

    Attributes:
        path: the folder.
    """

    kind = "table_folder"
    path: str

    @classmethod
    def claims(cls, data: Any) -> float:
        """Folders with two tables or more."""
        if not isinstance(data, str | Path) or is_url(data) or look_at(Path(data)) != "folder":
            return 0.0
        return 0.45 if len(_table_files(Path(data))) >= _FEWEST else 0.0

    def sources(
        self, data: Any
    ) -> tuple[dict[str, TableSource], tuple[TableKeys, ...], str, str | None]:
        """See `DatabaseOptions.sources`."""
        from zerosum.modalities.tables.reading.files import open_file

        folder = Path(self.path)
        if look_at(folder) != "folder":
            raise DataError(f"no folder of tables at {self.path!r}.")
        files = _table_files(folder)
        if not files:
            raise DataError(f"{self.path} has no tables. Give a folder of .csv or .parquet files.")
        found: dict[str, TableSource] = {}
        for path in files:
            name = path.name.partition(".")[0]
            if name in found:
                raise DataError(f"{self.path} has two files of the table {name!r}. Keep one.")
            dropped = name in self.drop  # such a table may be one that cannot be read
            found[name] = (
                MemorySource(pa.table({}), name=name)
                if dropped
                else open_file(path, missing=self.missing)
            )
        return found, (), folder.resolve().name, None


class SqliteFile(DatabaseOptions):
    """An SQLite database, with the keys that it has.

    Attributes:
        path: the file.
    """

    kind = "sqlite_file"
    path: str

    @classmethod
    def claims(cls, data: Any) -> float:
        """Files that end in .sqlite, .sqlite3 or .db."""
        if not isinstance(data, str | Path) or is_url(data):
            return 0.0
        path = Path(data)
        return 0.9 if path.suffix.lower() in SQLITE and look_at(path) == "file" else 0.0

    def sources(
        self, data: Any
    ) -> tuple[dict[str, TableSource], tuple[TableKeys, ...], str, str | None]:
        """See `DatabaseOptions.sources`."""
        from zerosum.modalities.relational.reading.databases import read_sqlite

        path = Path(self.path)
        if look_at(path) != "file":
            raise DataError(f"no SQLite file at {self.path!r}.")
        tables, declared = read_sqlite(path)
        return _held(tables, self.missing), declared, path.name, None


class DatabaseUrl(DatabaseOptions):
    """A database that a SQLAlchemy URL names, such as `postgresql://…`, with the keys that it has.

    A run records the URL without a password.

    Attributes:
        path: the URL.
    """

    kind = "database_url"
    path: str

    @classmethod
    def claims(cls, data: Any) -> float:
        """Text with `://` in it."""
        found = isinstance(data, str) and is_url(data) and table_name(data) is None
        return 0.9 if found else 0.0

    def open(self, data: Any, progress: Progress | None = None) -> tuple[Dataset, Self]:
        """See `DataConfig.open`; what is recorded has no password."""
        made = self.read(data, progress)
        return made, self.model_copy(update={"path": recorded_url(self.path)})

    def sources(
        self, data: Any
    ) -> tuple[dict[str, TableSource], tuple[TableKeys, ...], str, str | None]:
        """See `DatabaseOptions.sources`."""
        from zerosum.modalities.relational.reading.databases import read_url

        tables, declared = read_url(self.path)
        return _held(tables, self.missing), declared, shown_url(self.path), None


class HeldTables(DatabaseOptions):
    """A dict of data frames that the caller holds; a run cannot open it again by itself.

    Attributes:
        library: whose frames these are, and whose samples are.
    """

    kind = "held_tables"
    not_options = frozenset({"library", "private"})
    library: str | None = None

    @classmethod
    def claims(cls, data: Any) -> float:
        """Dicts of frames."""
        from zerosum.modalities.tables.reading.frames import is_frame

        some = isinstance(data, Mapping) and bool(data)
        return 0.95 if some and all(is_frame(one) for one in data.values()) else 0.0

    def open(self, data: Any, progress: Progress | None = None) -> tuple[Dataset, Self]:
        """The data set of frames, and this description with their library.

        Raises:
            DataError: it cannot be used.
        """
        made = self.read(data, progress)
        return made, self.model_copy(update={"library": made.library})

    def sources(
        self, data: Any
    ) -> tuple[dict[str, TableSource], tuple[TableKeys, ...], str, str | None]:
        """See `DatabaseOptions.sources`."""
        from zerosum.modalities.tables.reading.frames import from_native

        if data is None:
            raise DataError(
                "this run was trained on data frames held in memory. Give them again, or files "
                f"that hold them, with {option('data')}."
            )
        found: dict[str, TableSource] = {}
        libraries = []
        for name, frame in data.items():
            table, library, natives = from_native(frame)
            libraries.append(library)
            found[str(name)] = MemorySource(
                table, name=str(name), natives=natives, missing=self.missing
            )
        return found, (), "the data frames", libraries[0]


def _table_files(folder: Path) -> list[Path]:
    """Files of tables; a .json file is rather a schema."""
    return sorted(
        path for path in folder.iterdir()
        if is_table(path) and path.is_file() and path.suffix != ".json" and path.name[0] not in "._"
    )  # fmt: skip


def _held(tables: Mapping[str, Any], missing: tuple[str, ...]) -> dict[str, TableSource]:
    return {name: MemorySource(table, name=name, missing=missing) for name, table in tables.items()}
