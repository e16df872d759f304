"""Labels of images in a folder or zip: from a list, or from the names of subfolders."""

import csv
import io
from pathlib import PurePosixPath

from zerosum.data.archives import Archive
from zerosum.data.files import require_unicode
from zerosum.errors import DataError

_TABLE = "labels.csv"


def label_names(archive: Archive, names: list[str]) -> list[str] | None:
    """The label of each file: from `labels.csv`, else its subfolder; None where there are none.

    Raises:
        DataError: `labels.csv` is not a table with one label for each file, or some files lie in
            subfolders and some do not.
    """
    tables = [name for name in archive.names if PurePosixPath(name).name == _TABLE]
    if len(tables) > 1:
        raise DataError(
            f"there are {len(tables)} files {_TABLE}: {', '.join(tables[:3])}. Keep one, or say "
            "--labels none."
        )
    if tables:
        return _labels_in_table(archive, tables[0], names)
    folders = [PurePosixPath(name).parent.name for name in names]
    if len(set(folders)) == 1:
        return None
    if "" in folders:
        raise DataError(
            f"{folders.count('')} files lie beside class folders instead of in one. Move them into "
            "a class, or say --labels none."
        )
    for folder in set(folders):
        require_unicode(folder, "the class folder")
    return folders


def _labels_in_table(archive: Archive, path: str, names: list[str]) -> list[str] | None:
    """Labels from a table of file and label; its files are named from where it lies."""
    try:
        text = archive.read(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text: {error}. Save it as UTF-8.") from error
    try:
        rows = list(csv.DictReader(io.StringIO(text)))
    except csv.Error as error:
        raise DataError(f"{path} cannot be read as CSV: {error}.") from error
    if not rows or not {"file", "label"} <= set(rows[0]):
        raise DataError(f"{path} needs the columns file and label, and a row for each image.")
    table = {
        str(PurePosixPath(path).parent / (row["file"] or "")): row["label"] or "" for row in rows
    }
    if len(table) < len(rows):
        raise DataError(f"{path} names {len(rows) - len(table)} files more than once.")
    missing = [name for name in names if name not in table]
    if missing:
        raise DataError(
            f"{path} has no label for {len(missing)} files, such as {missing[0]!r}. "
            "Add them, or say --labels none."
        )
    labels = [table[name] for name in names]
    if not any(labels):
        return None
    if "" in labels:
        raise DataError(
            f"{path} leaves the label of {labels.count('')} files empty, such as "
            f"{names[labels.index('')]!r}. Fill them in, or say --labels none."
        )
    return labels
