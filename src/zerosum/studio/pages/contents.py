"""What is in an item's file, as its page shows it: tables of text, or a drawing of letters."""

import csv
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zerosum.studio.item_forms import DATABASE, LEVEL
from zerosum.studio.models import Item
from zerosum.studio.pages.files import path_of
from zerosum.studio.subjects import quoted, table_sizes

_MOST_ROWS = 12
_MOST_LETTERS = 20_000


@dataclass(frozen=True)
class Sheet:
    """The first rows of a table.

    Attributes:
        title: its name and how long it is; empty where there is one table alone.
        columns: their names.
        rows: the first of them, as text.
    """

    title: str
    columns: list[str]
    rows: list[list[str]]


def contents_of(item: Item) -> dict[str, Any]:
    """`sheets` or `letters` of an item; nothing of a picture, and nothing if its file is gone."""
    path = path_of(item.file)
    try:
        if item.medium == DATABASE:
            return {"sheets": _tables(path)}
        if item.medium == LEVEL:
            return {"letters": path.read_text("utf-8")[:_MOST_LETTERS]}
        if path.suffix == ".csv":
            return {"sheets": [_csv(path)]}
    except (OSError, csv.Error, sqlite3.Error, ValueError):
        return {}
    return {}


def _csv(path: Path) -> Sheet:
    with path.open(newline="", encoding="utf-8") as handle:
        reader = csv.reader(handle)
        columns = next(reader, [])
        return Sheet("", columns, [row for _, row in zip(range(_MOST_ROWS), reader, strict=False)])


def _tables(path: Path) -> list[Sheet]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        return [_table(database, name, count) for name, count in table_sizes(database).items()]


def _table(database: sqlite3.Connection, name: str, count: int) -> Sheet:
    found = database.execute(f"SELECT * FROM {quoted(name)} LIMIT {_MOST_ROWS}")
    rows = [["" if cell is None else str(cell) for cell in row] for row in found]
    return Sheet(f"{name}: {count:,} rows", [one[0] for one in found.description], rows)
