"""A backup of a studio on SQLite, taken while it runs, and a studio made from one."""

import json
import os
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from zerosum import __version__
from zerosum.errors import StudioError

DATABASES = ("studio.sqlite3", "workflows.sqlite3")
_NOTE = "backup.json"
_FORM = 1
_LEFT_ALONE = ("server.lock", "busy", "lock")
"""Files that say who is at work now."""
_STORED = ("items", "bundles")
"""Folders that an object store keeps too."""
_PIECE = 1 << 20
_POSTGRES = (
    "a PostgreSQL database is backed up by its own tool: pg_dump --format=custom --file "
    "studio.dump DATABASE. Take that first, and a copy of the studio's folder after it; "
    "docs/studio-operations.md has both, and the way back."
)


@dataclass(frozen=True)
class Backup:
    """What a backup came to.

    Attributes:
        bytes: of the zip.
        missing: files of items and bundles that the database names and that are nowhere.
    """

    bytes: int
    missing: tuple[str, ...]


def back_up(
    folder: Path, target: Path, *, database: str | None = None, storage: str | None = None
) -> Backup:
    """Write a studio on SQLite into one zip; it may run meanwhile.

    The databases are taken first, each in one piece, and files after them, so that every file that
    a row names is there. The zip holds passwords' hashes and the key that signs sessions: only its
    owner can read it.

    Args:
        folder: of the studio.
        target: the zip, which is not there yet.
        database: the URL of PostgreSQL that the studio was started with, if any.
        storage: `s3://bucket/prefix`, likewise; what is in the bucket alone is fetched from there.

    Raises:
        StudioError: it is on PostgreSQL, there is no studio, the bucket cannot be read, or the zip
            cannot be written.
    """
    if database is not None:
        raise StudioError(_POSTGRES)
    if not (folder / DATABASES[0]).is_file():
        raise StudioError(
            f"{folder} holds no studio on SQLite. Name the folder that the studio was started "
            f"with: --folder. If it is on PostgreSQL, {_POSTGRES}"
        )
    if target.exists():
        raise StudioError(f"{target} exists already. Choose another name.")
    aside = target.with_name(f".{target.name}.part")
    try:
        number = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(number, "wb") as handle, zipfile.ZipFile(handle, "w") as archive:
            steps, named = _write_databases(folder, archive)
            note = {
                "form": _FORM, "zerosum": __version__, "steps": steps,
                "created": datetime.now(UTC).isoformat(timespec="seconds"),
            }  # fmt: skip
            archive.writestr(_NOTE, json.dumps(note))
            for path in _files(folder, but=aside):
                with suppress(FileNotFoundError):  # a checkpoint that was replaced meanwhile
                    _write(archive, path, path.relative_to(folder).as_posix())
            if storage is not None:
                _write_stored(archive, storage)
            missing = named - set(archive.namelist())
        aside.rename(target)
    except (OSError, sqlite3.Error) as error:
        aside.unlink(missing_ok=True)
        raise StudioError(f"cannot write the backup {target}: {error}") from error
    except StudioError:
        aside.unlink(missing_ok=True)
        raise
    return Backup(target.stat().st_size, tuple(sorted(missing)))


def _write_stored(archive: zipfile.ZipFile, storage: str) -> None:
    """What lies in the object store and not in the folder."""
    from zerosum.studio.storage import ObjectStore

    store, there = ObjectStore(storage), set(archive.namelist())
    for name in store.names(*_STORED):
        if name not in there:
            with (
                store.open(name) as source,
                archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as into,
            ):
                shutil.copyfileobj(source, into, _PIECE)


def _write_databases(folder: Path, archive: zipfile.ZipFile) -> tuple[list[str], set[str]]:
    """Each database as it is at one moment.

    Returns:
        The steps that the studio's has taken, and the files that it names.
    """
    steps: list[str] = []
    named: set[str] = set()
    with tempfile.TemporaryDirectory() as place:
        for name in DATABASES:
            if not (folder / name).is_file():
                continue
            copy = Path(place) / name
            with (
                closing(sqlite3.connect(folder / name, timeout=60)) as live,
                closing(sqlite3.connect(copy)) as still,
            ):
                live.backup(still)
                still.execute("PRAGMA journal_mode=DELETE")
                if name == DATABASES[0]:
                    found = still.execute(
                        "SELECT name FROM django_migrations WHERE app = 'studio' ORDER BY id"
                    )
                    steps = [row[0] for row in found]
                    named = _named(still)
            _write(archive, copy, name)
    return steps, named


def _named(database: sqlite3.Connection) -> set[str]:
    """The files of items that rows name."""
    there = "SELECT name FROM sqlite_master WHERE name = 'studio_item'"
    if database.execute(there).fetchone() is None:
        return set()
    rows = database.execute("SELECT file, thumbnail, neighbour FROM studio_item")
    return {f"items/{name}" for row in rows for name in row if name}


def _files(folder: Path, *, but: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place) / name
            base = name.partition("-")[0] if Path(place) == folder else name
            mine = base in DATABASES or name in _LEFT_ALONE or name.endswith(".part")
            if not mine and path != but and path.is_file() and not path.is_symlink():
                yield path


def _write(archive: zipfile.ZipFile, path: Path, name: str) -> None:
    """A file as long as it is now; what is appended meanwhile is not read."""
    with path.open("rb") as source:
        left = os.fstat(source.fileno()).st_size
        info = zipfile.ZipInfo(name)
        with archive.open(info, "w", force_zip64=True) as into:
            while left and (piece := source.read(min(_PIECE, left))):
                into.write(piece)
                left -= len(piece)


def restore(backup: Path, folder: Path, *, storage: str | None = None) -> dict[str, Any]:
    """Make a studio from a backup, in a folder that is free.

    Args:
        backup: what `back_up` has written.
        folder: of the new studio.
        storage: `s3://bucket/prefix`, where items and bundles are put too, for a studio that is
            started with it.

    Returns:
        What the backup says of itself: `created`, `zerosum` and others.

    Raises:
        StudioError: it is no backup, it is damaged, it is of a newer version, the folder is not
            free, or the bucket cannot be used; then nothing is left in the folder.
    """
    if folder.exists() and any(folder.iterdir()):
        raise StudioError(
            f"{folder} is not empty, and nothing in it is overwritten. Choose another with "
            "--folder, or move it away."
        )
    aside = folder.with_name(f".{folder.name}.restored")
    try:
        with zipfile.ZipFile(backup) as archive:
            note = _read_note(archive, backup)
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir(parents=True, mode=0o700)
            for info in archive.infolist():
                if info.filename != _NOTE:
                    _extract(archive, info, aside)
        for name in DATABASES:
            _require_whole(aside / name, backup)
        if storage is not None:
            _put(aside, storage)
        (aside / "secret.key").chmod(0o600)
        if folder.exists():
            folder.rmdir()
        aside.rename(folder)
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise StudioError(f"cannot restore {backup}: {error}") from error
    except StudioError:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return note


def _put(folder: Path, storage: str) -> None:
    from zerosum.studio.storage import ObjectStore

    store = ObjectStore(storage)
    for name in _STORED:
        for path in sorted((folder / name).rglob("*")):
            if path.is_file():
                store.put(path.relative_to(folder).as_posix(), path)


def _read_note(archive: zipfile.ZipFile, backup: Path) -> dict[str, Any]:
    try:
        note = json.loads(archive.read(_NOTE))
        form, steps = int(note["form"]), list(note["steps"])
    except (KeyError, ValueError, TypeError) as error:
        raise StudioError(
            f"{backup} is no backup of a studio. `zerosum studio backup` writes one."
        ) from error
    known = {path.stem for path in (Path(__file__).parent / "migrations").glob("0*.py")}
    newer = [one for one in steps if one not in known]
    if form > _FORM or newer:
        raise StudioError(
            f"{backup} was written by a newer zerosum ({note.get('zerosum')}). Upgrade: "
            "pip install -U 'zerosum[studio]'. Nothing was restored."
        )
    return note


def _extract(archive: zipfile.ZipFile, info: zipfile.ZipInfo, folder: Path) -> None:
    name = PurePosixPath(info.filename)
    if name.is_absolute() or ".." in name.parts or "\\" in info.filename:
        raise StudioError(f"the backup names a file outside the folder: {info.filename!r}.")
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(info) as source, target.open("wb") as into:
        shutil.copyfileobj(source, into, _PIECE)


def _require_whole(path: Path, backup: Path) -> None:
    if not path.is_file() and path.name != DATABASES[0]:
        return
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            found = database.execute("PRAGMA quick_check").fetchone()
    except sqlite3.Error as error:
        raise StudioError(f"{path.name} in {backup} is damaged: {error}") from error
    if found != ("ok",):
        raise StudioError(f"{path.name} in {backup} is damaged: {found}")
