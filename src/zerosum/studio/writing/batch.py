"""Copy for many files at once, kept in one CSV file as it is written."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from zerosum.data.files import open_regular
from zerosum.errors import DataError
from zerosum.studio.writing.drafts import Copy, Draft, read_copy, write_copy
from zerosum.studio.writing.subjects import CopySubject

_MOST_BYTES = 64 * 2**20
_TABLES = (".csv", ".tsv")
_SAVE_EVERY = 20
_LABEL = "label"
_FILE = "file"


def subjects_of(
    files: Sequence[Path],
    *,
    facts: Path | None = None,
    label: str | None = None,
    attributes: Mapping[str, str] | None = None,
) -> dict[str, CopySubject]:
    """What is known of each file, by its path as it was given.

    Pictures are looked at when that is needed. Of a table, `.csv` or `.tsv`, the columns and the
    number of rows are read.

    Args:
        files: pictures and tables.
        facts: a CSV file with a column `file`, relative to its folder, and more: `label` is the
            class, every other column a fact. `labels.csv` of `zerosum sample` is such a file.
        label: the class of all files that `facts` does not name one for.
        attributes: further facts that hold for all files.

    Raises:
        DataError: a file is missing or comes twice, or `facts` names none of them.
    """
    known = {} if facts is None else _read_facts(facts)
    subjects: dict[str, CopySubject] = {}
    for path in files:
        name = path.as_posix()
        if name in subjects:
            raise DataError(f"{path} is given twice. Give it once.")
        own = dict(known.get(_place(path), {}))
        of_file = own.pop(_LABEL, "") or label
        values = {**(attributes or {}), **{key: one for key, one in own.items() if one}}
        if path.suffix.lower() in _TABLES:
            values |= _facts_of_table(path)
            subjects[name] = CopySubject(path.name, of_file, values)
        else:
            open_regular(path).close()
            subjects[name] = CopySubject(path.name, of_file, values, picture=path)
    if known and not known.keys() & {_place(path) for path in files}:
        raise DataError(
            f"{facts} names none of the files: its column `{_FILE}` is relative to its own folder."
        )
    return subjects


def write_batch(
    subjects: Mapping[str, CopySubject],
    write: Callable[[CopySubject], Draft],
    out: Path,
    *,
    safe_csv: bool = False,
) -> Iterator[tuple[str, Copy, Draft | None]]:
    """Copy for each subject, kept in `out` as it comes.

    Files that `out` already has copy for are not written again, so a batch that broke off goes on
    where it was; what a person changed in `out` stays. Rows of other files are kept too.

    Args:
        subjects: by the name of the file.
        write: gives the draft of one of them.
        out: a CSV file; see `write_copy`.
        safe_csv: begin texts with `'` that a spreadsheet would take for formulas.

    Yields:
        The name of the file, its copy, and its draft; None for what was there already.

    Raises:
        DataError: `out` is there and no such file.
        RunError: `out` cannot be written.
        ZerosumError: as `write`; what was written until then is kept.
    """
    rows = {row[0]: row for row in read_copy(out)} if out.exists() else {}
    unsaved = 0
    try:
        for name, subject in subjects.items():
            if name in rows:
                yield name, rows[name][1], None
                continue
            draft = write(subject)
            rows[name] = (name, draft.copy, draft.author)
            unsaved += 1
            if unsaved >= _SAVE_EVERY:
                write_copy(out, rows.values(), safe_csv=safe_csv)
                unsaved = 0
            yield name, draft.copy, draft
    finally:
        if unsaved:
            write_copy(out, rows.values(), safe_csv=safe_csv)


def _read_facts(path: Path) -> dict[Path, dict[str, str]]:
    rows = list(csv.DictReader(io.StringIO(_text_of(path), newline="")))
    if not rows or _FILE not in rows[0]:
        raise DataError(f"{path} needs rows, and a column `{_FILE}` that names the files.")
    found: dict[Path, dict[str, str]] = {}
    for row in rows:
        values = {str(key): value or "" for key, value in row.items() if isinstance(value, str)}
        found[_place(path.parent / values.pop(_FILE, ""))] = values
    return found


def _facts_of_table(path: Path) -> dict[str, str]:
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    reader = csv.reader(io.StringIO(_text_of(path), newline=""), delimiter=delimiter)
    header = next(reader, None)
    if not header:
        raise DataError(f"{path} is empty. Give a table with a header.")
    return {"rows": str(sum(1 for row in reader if row)), "columns": ", ".join(header)}


def _text_of(path: Path) -> str:
    with open_regular(path) as handle:
        body = handle.read(_MOST_BYTES + 1)
    if len(body) > _MOST_BYTES:
        raise DataError(f"{path} is larger than {_MOST_BYTES >> 20} MiB. Split it.")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no text in UTF-8: {error}.") from None


def _place(path: Path) -> Path:
    return path.absolute().resolve()
