"""Labels of files in a folder or zip: from a list, or from the names of subfolders."""

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from zerosum.data.archives import Archive, open_archive
from zerosum.data.csv_text import rows_in
from zerosum.data.files import require_unicode
from zerosum.errors import DataError, did_you_mean
from zerosum.faces import option, reading

_TABLE, _JSON = "labels.csv", "dataset.json"
_TABLES = (".csv", ".tsv")
_SHARD = re.compile(r"\d{5}/img\d{8}\.\w+")
"""How NVIDIA's `dataset_tool.py` names files: its folders are no classes."""


def label_names(
    archive: Archive, names: list[str], columns: Sequence[str] | None = None
) -> list[str] | None:
    """The label of each file, or None without labels.

    With `columns` it is their values in the table beside the files, such as `coat, dark`; without,
    it is read from `labels.csv` or `dataset.json` (of StyleGAN); else it is the name of the file's
    subfolder, unless that is one of StyleGAN's numbered folders.

    Args:
        archive: the folder or zip.
        names: of the files.
        columns: of the table `labels.csv`, or of the only other `.csv` or `.tsv` file.

    Raises:
        DataError: the table has not one label for each file, columns are given and no table lies
            beside the files, or some files lie in subfolders and some do not.
    """
    if columns is not None:
        return _labels_in_table(archive, _table_beside(archive), names, columns)
    tables = [name for name in archive.names if PurePosixPath(name).name == _TABLE]
    if len(tables) > 1:
        raise DataError(
            f"there are {len(tables)} files {_TABLE}: {', '.join(tables[:3])}. Keep one, or say "
            f"{option('labels', 'none')}."
        )
    if tables:
        return _labels_in_table(archive, tables[0], names)
    lists = [name for name in archive.names if PurePosixPath(name).name == _JSON]
    if len(lists) == 1:
        return _labels_in_json(archive, lists[0], names)
    if all(_SHARD.fullmatch("/".join(PurePosixPath(name).parts[-2:])) for name in names):
        return None
    folders = [PurePosixPath(name).parent.name for name in names]
    if len(set(folders)) == 1:
        return None
    if "" in folders:
        raise DataError(
            f"{folders.count('')} files lie next to class folders, not in one. Move them into "
            f"a class, or say {option('labels', 'none')}."
        )
    for folder in set(folders):
        require_unicode(folder, "the class folder")
    return folders


def unread_tables(path: Path) -> str:
    """What to say of tables that lie beside files and give them no labels; nothing without any.

    Args:
        path: the folder or zip.
    """
    inside = [one.name for one in path.iterdir()] if path.is_dir() else open_archive(path).names
    names = sorted(name for name in inside if PurePosixPath(name).suffix.lower() in _TABLES)
    if not names or any(PurePosixPath(name).name == _TABLE for name in names):
        return ""
    shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    which = "lies" if len(names) == 1 else "lie"
    return (
        f"{shown} {which} beside the files and {'is' if len(names) == 1 else 'are'} not read: "
        f"labels are read from {_TABLE}, with the columns file (its path, such as "
        f"'images/1.png') and label, or from columns that you name ({reading(attributes='NAME')})."
    )


def _table_beside(archive: Archive) -> str:
    """The table that says what files show.

    Raises:
        DataError: there is no table, or several of which no one is called `labels.csv`.
    """
    tables = [one for one in archive.names if PurePosixPath(one).suffix.lower() in _TABLES]
    called = [one for one in tables if PurePosixPath(one).name == _TABLE]
    found = called or tables
    if len(found) != 1:
        what = f"are {len(found)} tables, {', '.join(found[:3])}," if found else "is no table"
        raise DataError(
            f"there {what} beside the files. Put one there, {_TABLE}, with a column of the "
            "files' names and a column for each attribute."
        )
    return found[0]


def _labels_in_table(
    archive: Archive, path: str, names: list[str], columns: Sequence[str] | None = None
) -> list[str] | None:
    """Labels from a table of file and label, or columns; files are named from where it lies."""
    try:
        text = archive.read(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text: {error}. Save it as UTF-8.") from error
    try:
        header, *rows = rows_in(text) or [[]]
    except csv.Error as error:
        raise DataError(f"{path} cannot be read as CSV: {error}.") from error
    if columns is None and (not rows or not {"file", "label"} <= set(header)):
        others = [name for name in header if name not in ("file", "label")]
        known = f"; or name columns to take: {reading(attributes=others[0])}" if others else ""
        raise DataError(f"{path} needs the columns file and label, and a row for each file{known}.")
    file = header.index("file") if "file" in header else 0
    if columns is not None:
        others = [name for i, name in enumerate(header) if i != file]
        for name in columns:
            if name not in others:
                raise DataError(f"{path} has no column {name!r}.{did_you_mean(name, others)}")
    taken = [header.index(name) for name in columns or ("label",)]
    rows = [row + [""] * (len(header) - len(row)) for row in rows]
    below = PurePosixPath(path).parent
    table = {
        str(below / row[file].replace("\\", "/")): _joined([row[i] for i in taken]) for row in rows
    }
    if len(table) < len(rows):
        raise DataError(f"{path} names {len(rows) - len(table)} files more than once.")
    return _in_order(path, table, names)


def _joined(values: Sequence[str]) -> str:
    """Values as one label; empty where one of them is, so that it is refused."""
    return ", ".join(values) if all(values) else ""


def _labels_in_json(archive: Archive, path: str, names: list[str]) -> list[str] | None:
    """Labels from StyleGAN's list of pairs of file and class; None where it says null."""
    try:
        labels = json.loads(archive.read(path).decode("utf-8-sig"))["labels"]
        if labels is None:
            return None
        pairs = labels.items() if isinstance(labels, dict) else [(name, y) for name, y in labels]
        below = PurePosixPath(path).parent
        table = {str(below / str(name).replace("\\", "/")): y for name, y in pairs}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(
            f'{path} is no list of labels: {error}. It is like {{"labels": [["a.png", 0]]}}, or '
            f"say {option('labels', 'none')}."
        ) from error
    if any(not isinstance(label, int | str) for label in table.values()):
        raise DataError(
            f"{path} has labels that are no classes, such as {next(iter(table.values()))!r}. Say "
            f"{option('labels', 'none')}."
        )
    return _in_order(path, {name: str(label) for name, label in table.items()}, names)


def _in_order(path: str, table: dict[str, str], names: list[str]) -> list[str] | None:
    """Labels of files, from a table; None where all are empty.

    Raises:
        DataError: some files have none.
    """
    missing = [name for name in names if name not in table]
    if missing:
        raise DataError(
            f"{path} has no label for {len(missing)} files, such as {missing[0]!r}. "
            f"Add them, or say {option('labels', 'none')}."
        )
    labels = [table[name] for name in names]
    if not any(labels):
        return None
    if "" in labels:
        raise DataError(
            f"{path} leaves the label of {labels.count('')} files empty, such as "
            f"{names[labels.index('')]!r}. Fill them in, or say {option('labels', 'none')}."
        )
    return labels
