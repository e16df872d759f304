"""What a writer and the rules get to know of an item."""

import csv
import sqlite3
import wave
from contextlib import closing
from pathlib import Path

from django.conf import settings
from PIL import Image

from zerosum.errors import DataError
from zerosum.studio.item_forms import CLIP, DATABASE, LEVEL, PICTURE, SOUND
from zerosum.studio.models import Item
from zerosum.studio.storage import at_hand
from zerosum.studio.writing.subjects import CopySubject


def subject_of(item: Item) -> CopySubject:
    """What is known of an item.

    Of rows, these are the columns and their number. A single row comes with its values, unless it
    is a row of the training data. Of sounds, levels and databases their sizes are known.

    Raises:
        DataError: its file is gone.
    """
    path = at_hand(settings.STUDIO.items / item.file)
    where = item.batch.where.items()
    attributes = {name: str(value) for name, value in where if name != "label"}
    name, label = f"item {item.pk}", item.label or None
    try:
        if item.medium == PICTURE:
            return CopySubject(name, label, attributes, picture=path.read_bytes())
        sizes = _SIZES.get(item.medium)
        if sizes is not None:
            return CopySubject(name, label, attributes | sizes(path))
        with path.open(newline="", encoding="utf-8") as handle:
            reader = csv.reader(handle)
            columns, rows = next(reader, []), list(reader)
    except (OSError, wave.Error, sqlite3.Error, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"the file of item {item.pk} cannot be read: {reason}.") from error
    if len(rows) == 1 and not item.is_copy:
        return CopySubject(name, label, attributes, dict(zip(columns, rows[0], strict=False)))
    attributes |= {"rows": f"{len(rows):,}", "columns": ", ".join(columns)}
    return CopySubject(name, label, attributes)


def _of_database(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        sizes = table_sizes(database)
    return {"tables": ", ".join(f"{name} ({count:,} rows)" for name, count in sizes.items())}


def _of_level(path: Path) -> dict[str, str]:
    lines = [one for one in path.read_text("utf-8").splitlines() if one and one[0] != ";"]
    tiles = "".join(sorted(set("".join(lines))))
    return {"size": f"{max(map(len, lines), default=0)} x {len(lines)} tiles", "tiles": tiles}


def _of_sound(path: Path) -> dict[str, str]:
    with wave.open(str(path), "rb") as opened:
        rate, seconds = opened.getframerate(), opened.getnframes() / opened.getframerate()
    return {"length": f"{seconds:.2g} s", "sampling rate": f"{rate:,} Hz"}


def _of_clip(path: Path) -> dict[str, str]:
    with Image.open(path) as opened:
        frames = getattr(opened, "n_frames", 1)
        return {"frames": f"{frames}", "size": f"{opened.width} x {opened.height} pixels"}


_SIZES = {DATABASE: _of_database, LEVEL: _of_level, SOUND: _of_sound, CLIP: _of_clip}


def table_sizes(database: sqlite3.Connection) -> dict[str, int]:
    """The tables of a database, and how many rows each has."""
    found = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid")
    names = [name for (name,) in found]
    return {
        name: database.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone()[0]
        for name in names
    }


def quoted(name: str) -> str:
    """A name in SQL.

    >>> print(quoted("a b"))
    "a b"
    """
    return '"' + name.replace('"', '""') + '"'
