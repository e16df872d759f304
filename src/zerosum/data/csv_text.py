"""A CSV file as text: its header, and the place where it is broken."""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, AnyStr, cast

from zerosum.data.archives import MAX_EXPANSION, MAX_SMALL
from zerosum.data.files import length_of, open_regular, what_else
from zerosum.data.layout import AS_USUAL, FileLayout
from zerosum.errors import DataError
from zerosum.faces import Blank, reading

_MOST = 4 << 20
"""Characters that a line may have, and bytes that are looked at at once."""

_SEPARATORS = ",;\t|"
_UNUSUAL = "^~\x1f\x01§¦ "


_LOOKED_AT = 10
"""Lines that may say what separates cells."""

_TOLD = re.compile(r'"?sep=([^\w"])"?\s*', re.IGNORECASE)
"""The first line of a CSV for Excel, which says what stands between cells."""


@dataclass(frozen=True)
class Header:
    """What a CSV file says of its columns.

    Attributes:
        separator: the character between cells.
        names: the cells of the row that names the columns.
        more: whether lines follow it.
        above: how many lines stand above it: one where `sep=;` is the first, as many as the user
            says, else none.
        stated: whether the file itself says what separates its cells.
    """

    separator: str
    names: list[str]
    more: bool
    above: int
    stated: bool


def header_of(path: Path, layout: FileLayout = AS_USUAL) -> Header:
    """What a CSV file says of its columns.

    Args:
        path: the file.
        layout: what the user says of it.

    Raises:
        DataError: there is no row of names, or it is not text.
    """
    separator, above = layout.separator or ",", (layout.header or 1) - 1
    require_plain(path)
    try:
        stated = told_separator(path)
        above = int(stated is not None) if layout.header is None else above
        separator = layout.separator or stated or _separator_of(path, above)
        with text_of(path) as handle:
            lines = lines_of(handle, path)
            passed = sum(1 for _ in islice(lines, above))
            names = next(csv.reader(lines, delimiter=separator), None)
            more = next(lines, None) is not None
    except UnicodeDecodeError as error:
        place = broken_place(path, separator, (), above)
        raise DataError(f"{path} cannot be read as CSV: {place}") from error
    except (OSError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as CSV: {error}.") from error
    if passed < above:
        said = reading(header=layout.header)
        raise DataError(f"{path} has {passed} lines, and {said} says which one names the columns.")
    if names is None:
        raise DataError(f"{path} is empty. The first row names the columns.")
    nul = next((at for at, name in enumerate(names, 1) if "\0" in name), None)
    if nul is not None:  # the parser would pass over the end of the row
        raise DataError(
            f"{path} cannot be read as CSV: line {above + 1}, column {nul} ({names[nul - 1]!r}) "
            "holds the byte 0x00 (NUL), which no name of a column may hold. Save the file as "
            "UTF-8, if it is UTF-16, or remove the byte."
        )
    if not names:
        raise DataError(
            f"{path} cannot be read as CSV: line {above + 1} is empty. The first row names the "
            "columns; remove the empty lines above it, or say which line it is "
            f"({reading(header=Blank('LINE'))})."
        )
    return Header(separator, names, more, above, stated is not None and layout.header is None)


def unusual_separator(path: Path, header: Header) -> str:
    """What seems to stand between the cells of a file of one column, such as `^`; else empty.

    Spaces are one where each of the first lines has as many words, and three or more.
    """
    if len(header.names) != 1:
        return ""
    with text_of(path) as handle:
        lines = [line.strip() for line in islice(lines_of(handle, path), header.above, 21)]
    some = [line for line in lines if line]
    for mark in _UNUSUAL if len(some) > 2 else "":
        parts = {len(line.split(mark if mark != " " else None)) for line in some}
        if len(parts) == 1 and max(parts) > (2 if mark == " " else 1):
            return mark
    return ""


def holds_rows(path: Path) -> bool:
    """Whether the first lines of a file have as many cells each, three or more of them.

    Two are enough between tabs, semicolons or `|`, which hardly stand in sentences.
    """
    with open_packed(path) as handle:
        lines = [line.decode("utf-8", errors="replace") for line in islice(handle, _LOOKED_AT)]
    bare = ["".join(line.split('"')[::2]) for line in lines if line.strip()]
    return len(bare) > 2 and any(
        len(counts := {line.count(mark) for line in bare}) == 1
        and max(counts) >= (2 if mark == "," else 1)
        for mark in _SEPARATORS
    )


def require_plain(path: Path) -> None:
    """A file is no web page or pointer to another file, which would be read as text.

    Raises:
        DataError: it is one.
    """
    with open_packed(path) as handle:
        if what := what_else(handle.read(200)):
            raise DataError(f"{path} is no table: it is {what}.")


def told_separator(path: Path) -> str | None:
    """What stands between cells by the first line, as in `sep=;`; None without such a line.

    Raises:
        DataError: it cannot be opened.
    """
    with open_packed(path) as handle:
        line = handle.readline(_MOST).decode("utf-8-sig", errors="replace").strip("\r\n")
    found = _TOLD.fullmatch(line)
    return found[1] if found else None


def require_closed_quotes(path: Path, separator: str) -> None:
    """No quote is left open, which would swallow the rest of the file.

    Raises:
        DataError: there is one; the message says where.
    """
    count = 0
    with open_packed(path) as handle:
        while block := handle.read(_MOST):
            count += block.count(b'"')
    if count % 2 == 0:
        return
    line = 0
    with text_of(path, errors="replace") as handle:
        rows = csv.reader(lines_of(handle, path), delimiter=separator, strict=True)
        try:
            for _ in rows:
                line = rows.line_num
        except csv.Error as error:
            raise DataError(
                f"{path} cannot be read as CSV: a quote in line {line + 1} is never closed "
                f"({error}). Close it, or write it twice where it belongs to the text."
            ) from error


def broken_place(path: Path, separator: str, columns: Sequence[str], above: int) -> str:
    """The first cell that is not UTF-8 text, or else row of another length; or nothing.

    Args:
        path: the file.
        separator: the character between cells.
        columns: their names, if they are known.
        above: how many lines stand above that of the names.

    Raises:
        DataError: a line is too long.
    """
    with open_packed(path) as handle:
        for number, line in enumerate(lines_of(handle, path), 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                at = error.start
                before = _cells(line[:at].decode(), separator) or [""]
                name = f" ({columns[len(before) - 1]!r})" if len(before) <= len(columns) else ""
                return (
                    f"line {number}, column {len(before)}{name} holds the byte {line[at]:#04x}, "
                    "which is not UTF-8. Save the file as UTF-8."
                )
            if number == 1 + above:
                columns = columns or _cells(line.decode("utf-8-sig"), separator)
    line = above
    with text_of(path) as handle:
        lines = lines_of(handle, path)
        sum(1 for _ in islice(lines, above))
        rows = csv.reader(lines, delimiter=separator)
        try:
            for row in rows:
                if len(row) != len(columns) and (row or len(columns) == 1):
                    names = f"{', '.join(columns[:5])}{', …' if len(columns) > 5 else ''}"
                    return (
                        f"line {line + 1} has {len(row)} column{'s' * (len(row) != 1)}, and line "
                        f"{above + 1}, which names them, has {len(columns)} ({names}). "
                        f"{_names_below(row, rows, columns, line + 1)}Quote cells that hold the "
                        "separator, mend the line, or remove it if it is no row of data."
                    )
                line = above + rows.line_num
        except csv.Error as error:
            return f"line {line + 1}: {error}."
    return ""


def _names_below(
    row: list[str], rows: Iterator[list[str]], columns: Sequence[str], line: int
) -> str:
    """What to do where a wider row seems to name the columns of those below it; else nothing."""
    below = [len(one) for one in islice(rows, 3)]
    if len(row) <= len(columns) or any(length != len(row) for length in below):
        return ""
    names = f"{', '.join(row[:3])}{', …' if len(row) > 3 else ''}"
    return f"If it names the columns ({names}), say so: {reading(header=line)}. "


def _cells(text: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=separator), [])
    except csv.Error:
        return []


def _separator_of(path: Path, above: int) -> str:
    """The most frequent of the usual separators in the line of names, outside quotes.

    A line without any may be a title; then those below it say.
    """
    if suffix_of(path) == ".tsv":
        return "\t"
    with open_packed(path) as handle:
        for line in islice(lines_of(handle, path), above, above + _LOOKED_AT):
            text = line.decode(errors="replace")
            if any(mark in "".join(text.split('"')[::2]) for mark in _SEPARATORS):
                return separator_in(text)
    return _SEPARATORS[0]


def separator_in(line: str) -> str:
    """The most frequent of the usual separators in a line, outside quotes.

    >>> separator_in('file;"label, by hand"')
    ';'
    """
    bare = "".join(line.split('"')[::2])
    return max(_SEPARATORS, key=bare.count)


def rows_in(text: str) -> list[list[str]]:
    """The cells of a CSV that is held in memory, without spaces around them.

    Raises:
        csv.Error: it is broken.
    """
    first, _, below = text.partition("\n")
    stated = _TOLD.fullmatch(first.rstrip("\r"))
    text = below if stated else text
    separator = stated[1] if stated else separator_in(first)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    return [[cell.strip() for cell in row] for row in rows if row]


def line_of(path: Path, header: Header, column: int, text: str) -> int:
    """The first line whose row has `text` in a column, the first line being 1; 0 without one."""
    with text_of(path) as handle:
        lines = lines_of(handle, path)
        sum(1 for _ in islice(lines, header.above))
        rows = csv.reader(lines, delimiter=header.separator)
        next(rows, None)
        line = header.above + rows.line_num + 1
        for row in rows:
            if column < len(row) and row[column].strip() == text:
                return line
            line = header.above + rows.line_num + 1
    return 0


def suffix_of(path: Path) -> str:
    """The ending of a name, in small letters and without `.gz`."""
    bare = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return bare.suffix.lower()


class _Bounded(io.BufferedIOBase):
    """Bytes of a `.gz` file, as many as a file of its length may expand to."""

    def __init__(self, packed: IO[bytes], path: Path) -> None:
        self._packed, self._path, self._read = packed, path, 0
        self._unpacked = gzip.GzipFile(fileobj=packed)
        self._most = max(MAX_SMALL, MAX_EXPANSION * length_of(path))

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        return self._counted(self._unpacked.read, -1 if size is None else size)

    def read1(self, size: int = -1) -> bytes:
        return self._counted(self._unpacked.read1, size)

    def readline(self, size: int | None = -1) -> bytes:
        return self._counted(self._unpacked.readline, -1 if size is None else size)

    def close(self) -> None:
        self._packed.close()
        super().close()

    def _counted(self, read: Callable[[int], bytes], size: int) -> bytes:
        try:
            block = read(size)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{self._path} cannot be unpacked: {error}. Fetch it again.") from error
        self._read += len(block)
        if self._read > self._most:
            raise DataError(
                f"{self._path} expands to more than {self._most:,} bytes. It may be a "
                "decompression bomb: unpack it yourself and give that."
            )
        return block


def open_packed(path: Path) -> IO[bytes]:
    """A regular file to read bytes from, unpacked where it is a `.gz`.

    Raises:
        DataError: it cannot be opened.
    """
    handle = open_regular(path)
    if path.suffix.lower() != ".gz":
        return handle
    return cast("IO[bytes]", _Bounded(handle, path))


def text_of(path: Path, *, errors: str = "strict") -> io.TextIOWrapper:
    """A file as UTF-8 text; ends of lines stay as they are, for the module `csv`.

    Raises:
        DataError: it cannot be opened.
    """
    return io.TextIOWrapper(open_packed(path), encoding="utf-8-sig", errors=errors, newline="")


def lines_of(handle: IO[AnyStr], path: Path) -> Iterator[AnyStr]:
    """The lines of a file, none of which is so long that it would fill the memory.

    Raises:
        DataError: one is.
    """
    number = 0
    while line := handle.readline(_MOST + 1):
        number += 1
        if len(line) > _MOST:
            raise DataError(
                f"{path} cannot be read as CSV: line {number} is longer than {_MOST:,} "
                "characters. Is it a table? Each row has a line of its own."
            )
        yield line
