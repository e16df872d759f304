"""Labels of files in a folder or zip: from a list, or from the names of subfolders."""

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from zerosum.data.annotations import annotations
from zerosum.data.archives import Archive
from zerosum.data.csv_text import rows_in
from zerosum.data.files import require_unicode
from zerosum.data.places import open_archive
from zerosum.errors import DataError, did_you_mean
from zerosum.faces import Blank, option, reading

_TABLE, _JSON = "labels.csv", "dataset.json"
_METADATA = ("metadata.csv", "metadata.jsonl")
LISTS = (_TABLE, _JSON, *_METADATA)
"""Names of lists of labels."""
_TABLES = (".csv", ".tsv", ".json", ".jsonl", ".xlsx", ".parquet")
_SHARD = re.compile(r"\d{5}/img\d{8}\.\w+")
"""How NVIDIA's `dataset_tool.py` names files: its folders are no classes."""


def label_names(
    archive: Archive, names: list[str], columns: Sequence[str] | None = None
) -> list[str] | None:
    """The label of each file, or None without labels.

    With `columns` it is their values in the table beside the files, such as `coat, dark`. Without,
    it is read from `labels.csv`, the `metadata.csv` or `metadata.jsonl` of Hugging Face, or the
    `dataset.json` of StyleGAN; from annotations of COCO, YOLO or Label Studio where each file shows
    one class; else it is the name of the file's subfolder, unless that is one of
    StyleGAN's numbered folders. Where all subfolders are called alike, as in `cats/images`, it is
    the name of the folder above.

    Args:
        archive: the folder or zip.
        names: of the files.
        columns: of the table `labels.csv`, or of the only other `.csv` or `.tsv` file.

    Raises:
        DataError: a list has not one label for each file, columns are given and no table lies
            beside the files, or some files lie in subfolders and some do not.
    """
    if columns is not None:
        return _values_in_table(read_listed(archive, _table_beside(archive)), names, columns)
    for called in (_TABLE, *_METADATA):
        tables = [name for name in archive.names if PurePosixPath(name).name == called]
        if len(tables) > 1:
            raise DataError(
                f"there are {len(tables)} files {called}: {', '.join(tables[:3])}. Keep one, or "
                f"say {option('labels', 'none')}."
            )
        if tables:
            listed = read_listed(archive, tables[0])
            if called == _TABLE or (listed.file and "label" in listed.header):
                return _labels_in_table(listed, names)
    lists = [name for name in archive.names if PurePosixPath(name).name == _JSON]
    if len(lists) == 1:
        return _labels_in_json(archive, lists[0], names)
    beside = annotations(archive, names)
    if beside is not None and beside.labels is not None:
        return beside.labels
    if all(_SHARD.fullmatch("/".join(PurePosixPath(name).parts[-2:])) for name in names):
        return None
    folders = _own_folders([PurePosixPath(name).parent.parts for name in names])
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


def _own_folders(paths: list[tuple[str, ...]]) -> list[str]:
    """The name of each file's folder; of that above where all folders are called alike."""
    while len(set(paths)) > 1 and len({path[-1:] for path in paths}) == 1 and all(
        len(path) > 1 for path in paths
    ):  # fmt: skip
        paths = [path[:-1] for path in paths]
    return [path[-1] if path else "" for path in paths]


@dataclass(frozen=True)
class Listed:
    """A table that lies beside files and says something of each.

    Attributes:
        path: of the table.
        header: names of its columns.
        rows: its cells; those that a row lacks are empty.
        file: the column that names files, `file` or `file_name`; empty without one.
    """

    path: str
    header: list[str]
    rows: list[list[str]]
    file: str

    def columns(self, names: Sequence[str]) -> dict[str, str]:
        """What columns say of each file, which is named from where the table lies.

        Raises:
            DataError: a file is named more than once.
        """
        at, below = self.header.index(self.file), PurePosixPath(self.path).parent
        of = [self.header.index(name) for name in names]
        table = {
            str(below / row[at].replace("\\", "/")): _joined([row[i] for i in of])
            for row in self.rows
        }
        if len(table) < len(self.rows):
            raise DataError(
                f"{self.path} names {len(self.rows) - len(table)} files more than once."
            )
        return table


def read_listed(archive: Archive, path: str) -> Listed:
    """A table of files: CSV, or an object in each line of a `.jsonl`.

    Raises:
        DataError: it cannot be read.
    """
    try:
        text = archive.read(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text: {error}. Save it as UTF-8.") from error
    try:
        if path.endswith(".jsonl"):
            objects = [dict(json.loads(line)) for line in text.splitlines() if line.strip()]
            header = list(dict.fromkeys(name for one in objects for name in one))
            rows = [[_cell(one.get(name)) for name in header] for one in objects]
        else:
            header, *rows = rows_in(text) or [[]]
    except csv.Error as error:
        raise DataError(f"{path} cannot be read as CSV: {error}.") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise DataError(f"{path} cannot be read as JSON lines: {error}.") from error
    rows = [row + [""] * (len(header) - len(row)) for row in rows]
    file = next((name for name in ("file", "file_name") if name in header), "")
    return Listed(path, header, rows, file)


def _cell(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def unread_tables(path: Path, *, labelled: bool) -> str:
    """What to say of tables and lists that lie beside files and are not read; empty without any.

    Args:
        path: the folder or zip.
        labelled: whether files have labels, which a list with a name that is known may give.
    """
    if path.is_dir():
        below = (*path.iterdir(), *path.glob("*/*.json"))  # and annotations in a folder of theirs
        inside = [one.relative_to(path).as_posix() for one in below if one.is_file()]
    else:
        inside = open_archive(path).names
    names = sorted(name for name in inside if PurePosixPath(name).suffix.lower() in _TABLES)
    known = {_TABLE, _JSON, *(_METADATA if labelled else ())}
    if not names or any(PurePosixPath(name).name in known for name in names):
        return ""
    shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    which = "lies" if len(names) == 1 else "lie"
    return (
        f"{shown} {which} beside the files and {'is' if len(names) == 1 else 'are'} not read: "
        f"labels are read from {_TABLE}, with the columns file (its path, such as "
        "'images/1.png') and label, or from columns that you name "
        f"({reading(attributes=Blank('NAME'))})."
    )


def _labels_in_table(listed: Listed, names: list[str]) -> list[str] | None:
    """Labels from a table of file and label; its files are named from where it lies."""
    if not listed.rows or not listed.file or "label" not in listed.header:
        others = [name for name in listed.header if name not in ("file", "label")]
        known = f", name columns to take ({reading(attributes=others[0])})" if others else ""
        raise DataError(
            f"{listed.path} needs the columns file and label, and a row for each file; it has "
            f"{len(listed.rows):,} rows below the columns {', '.join(listed.header) or '(none)'}. "
            f"Rename them{known}, or say {option('labels', 'none')}."
        )
    return _in_order(listed.path, listed.columns(["label"]), names)


def _table_beside(archive: Archive) -> str:
    """The table that says what files show.

    Raises:
        DataError: there is no table, or several of which no one is called `labels.csv`.
    """
    endings = (".csv", ".tsv", ".jsonl")
    tables = [one for one in archive.names if PurePosixPath(one).suffix.lower() in endings]
    called = [one for one in tables if PurePosixPath(one).name == _TABLE]
    found = called or tables
    if len(found) != 1:
        what = f"are {len(found)} tables, {', '.join(found[:3])}," if found else "is no table"
        raise DataError(
            f"there {what} beside the files. Put one there, {_TABLE}, with a column of the "
            "files' names and a column for each attribute."
        )
    return found[0]


def _values_in_table(listed: Listed, names: list[str], columns: Sequence[str]) -> list[str] | None:
    """Values of columns as labels; the first column names files where none is called so."""
    listed = replace(listed, file=listed.file or listed.header[0])
    others = [name for name in listed.header if name != listed.file]
    for name in columns:
        if name not in others:
            raise DataError(f"{listed.path} has no column {name!r}.{did_you_mean(name, others)}")
    return _in_order(listed.path, listed.columns(columns), names)


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
            f"{path} has no label for {len(missing)} files, such as {missing[0]!r}; it names files "
            f"such as {next(iter(table), '')!r}. Add them, or say {option('labels', 'none')}."
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
