"""Labelled images by a list: a CSV of file names and values, with the images anywhere."""

import csv
from pathlib import Path

from zerosum.data.archives import Folder
from zerosum.data.base import ArrayDataset, Progress, encode_labels
from zerosum.data.csv_text import lines_of, text_of
from zerosum.data.files import look_at
from zerosum.errors import DataError, did_you_mean
from zerosum.modalities.images.folders import Decoder

_FILE = "file"
_LISTED = 5


def open_labelled(
    path: Path,
    column: str,
    *,
    images: Path | None = None,
    size: tuple[int, int],
    channels: int,
    progress: Progress | None = None,
) -> ArrayDataset:
    """The images that a CSV lists, with a column of it as labels.

    Args:
        path: the CSV, with a first row of names; the column `file`, or else the first, names files.
        column: the column with values. Of two columns it is the other one, whatever its name.
        images: the folder that files are named from; left out, the one in which the CSV lies.
        size: `(height, width)` that images are brought to, cut at the longer sides.
        channels: 1, 3 or 4.
        progress: told how many are decoded.

    Raises:
        DataError: no such file, folder or column, values that are empty, or images that are
            missing, unreadable, or named twice.
    """
    folder = path.parent if images is None else images
    if look_at(folder) != "folder":
        raise DataError(f"no folder of images at {folder}. Name it with --samples.")
    rows = _rows(path)
    header, body = rows[0], [row for row in rows[1:] if any(row)]
    at = header.index(_FILE) if _FILE in header else 0
    if len(header) == 2:
        of = 1 - at
    elif column in header:
        of = header.index(column)
    else:
        others = [name for i, name in enumerate(header) if i != at]
        raise DataError(f"{path} has no column {column!r}.{did_you_mean(column, others)}")
    short = [
        i for i, row in enumerate(body) if len(row) != len(header) or not row[at] or not row[of]
    ]
    if short or not body:
        where = f"row {short[0] + 1} below it" if short else "that there is none"
        raise DataError(
            f"{path} needs a first row of names, then a file and a value in each row; see {where}."
        )
    names = [row[at] for row in body]
    if len(set(names)) < len(names):
        raise DataError(f"{path} names {len(names) - len(set(names))} files more than once.")
    missing = [name for name in names if look_at(folder / name) != "file"]
    if missing:
        raise DataError(
            f"{path} names {len(missing)} files that are not in {folder}: {_some(missing)}. Say "
            "with --samples where they lie, or take them out."
        )
    decode = Decoder(Folder(folder, only=names[0]), names, size, "cover", channels)
    _, pixels, bad = decode.all(progress)
    if bad:
        listed = _some([f"{name}: {why}" for name, why in bad])
        raise DataError(f"{len(bad)} unreadable files: {listed}. Mend them, or take them out.")
    y, labels = encode_labels([row[of] for row in body])
    return ArrayDataset(pixels, y, name=str(path), labels=labels)


def _rows(path: Path) -> list[list[str]]:
    try:
        with text_of(path) as handle:
            reader = csv.reader(lines_of(handle, path))
            rows = [[cell.strip() for cell in row] for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as a CSV in UTF-8: {error}.") from error
    if not rows or len(rows[0]) < 2:
        raise DataError(f"{path} needs two columns or more: file, and a value for each.")
    return rows


def _some(words: list[str]) -> str:
    more = f", and {len(words) - _LISTED} more" if len(words) > _LISTED else ""
    return f"{', '.join(words[:_LISTED])}{more}"
