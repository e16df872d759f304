"""Copy: the words of an item, who wrote them, and the file they are kept in."""

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from zerosum.config import explain
from zerosum.data.files import open_regular
from zerosum.errors import DataError
from zerosum.forms.csv_cells import Cells
from zerosum.runs.files import make_folder, write_whole
from zerosum.studio.writing.usage import Usage

COLUMNS = ("file", "title", "body", "alt_text", "tags", "language", "author")
"""Of `copy.csv`, in this order. Tags are separated by `, `."""

TEXT_FIELDS = ("title", "body", "alt_text")
"""Fields of `Copy` that are one text each."""

_MOST_BYTES = 64 * 2**20

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def _plain(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("it holds control characters")
    return text


def _line(text: str) -> str:
    if "\n" in text or "\t" in text:
        raise ValueError("it must be one line")
    return _plain(text)


_Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500),
    AfterValidator(_line),
]
_Body = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000),
    AfterValidator(_plain),
]
_AltText = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=2_000), AfterValidator(_plain)
]
_Tag = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern="^[^,]+$"),
    AfterValidator(_line),
]


class Copy(BaseModel):
    """What is published beside an item.

    Attributes:
        title: one line.
        body: the text.
        alt_text: what a person hears who does not see the picture; empty for what is no picture.
        tags: words to find it by, without `#` and commas.
        language: of all of it, as a BCP 47 tag: `en`, `de`, `pt-BR`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: _Line
    body: _Body
    alt_text: _AltText
    tags: Annotated[tuple[_Tag, ...], Field(max_length=50)]
    language: Annotated[str, StringConstraints(pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]

    @classmethod
    def parse(cls, values: object) -> "Copy":
        """Copy from plain values, such as those of a JSON object.

        Raises:
            DataError: a field is missing, unknown, empty or too long; the message names it.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise DataError(explain(error, within="copy")) from None

    def texts(self) -> dict[str, str]:
        """Every text by the name of its place: `title`, `body`, `alt_text`, `tags.0`, `tags.1`."""
        texts = {name: getattr(self, name) for name in TEXT_FIELDS}
        return texts | {f"tags.{i}": tag for i, tag in enumerate(self.tags)}

    def with_text(self, place: str, text: str) -> "Copy":
        """The same with another text at a place of `texts`.

        Raises:
            DataError: there is no such place, or the text does not fit there.
        """
        if place not in self.texts():
            raise DataError(f"copy has no {place!r}. Allowed: {', '.join(self.texts())}.")
        values = self.model_dump()
        if place in TEXT_FIELDS:
            values[place] = text
        else:
            tags = list(self.tags)
            tags[int(place.removeprefix("tags."))] = text
            values["tags"] = tags
        return Copy.parse(values)


@dataclass(frozen=True)
class Draft:
    """Copy as somebody wrote it, before a person has decided.

    Attributes:
        copy: the words.
        author: `template`, or `llm:` and the name of the model.
        saw_picture: whether whoever wrote it was shown the picture.
        usage: what it cost.
        notes: what a person should know, such as that a picture was refused.
    """

    copy: Copy
    author: str
    saw_picture: bool = False
    usage: Usage = field(default_factory=Usage)
    notes: tuple[str, ...] = ()


def write_copy(
    path: Path, rows: Iterable[tuple[str, Copy, str]], *, safe_csv: bool = False
) -> None:
    """Write copy as a CSV file with the columns `COLUMNS`, whole or not at all.

    Args:
        path: the file.
        rows: the name of the file, its copy, and the author.
        safe_csv: begin texts with `'` that a spreadsheet would take for formulas.

    Raises:
        RunError: it cannot be written.
    """
    lines = [
        (name, one.title, one.body, one.alt_text, ", ".join(one.tags), one.language, author)
        for name, one, author in rows
    ]
    cells = Cells(safe=safe_csv)
    columns = [cells.texts(name, [line[i] for line in lines]) for i, name in enumerate(COLUMNS)]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(zip(*columns, strict=True))
    make_folder(path.parent)
    write_whole(path, lambda aside: aside.write_bytes(text.getvalue().encode()))
    cells.warn()


def read_copy(path: Path) -> list[tuple[str, Copy, str]]:
    """Copy from a file that `write_copy` wrote, or a person in a spreadsheet.

    Raises:
        DataError: columns are missing, or a row is no copy; the message names the row.
    """
    with open_regular(path) as handle:
        body = handle.read(_MOST_BYTES + 1)
    if len(body) > _MOST_BYTES:
        raise DataError(f"{path} is larger than {_MOST_BYTES >> 20} MiB. Split it.")
    try:
        reader = csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        missing = set(COLUMNS) - set(reader.fieldnames or ())
        if missing:
            raise DataError(
                f"{path} has no column {', '.join(sorted(missing))}. It needs {', '.join(COLUMNS)}."
            )
        lines = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is no CSV file in UTF-8: {error}.") from None
    return [_row(path, i, line) for i, line in enumerate(lines, start=2)]


def _row(path: Path, number: int, line: dict[str, str]) -> tuple[str, Copy, str]:
    tags = [tag for tag in ((line["tags"] or "").split(",")) if tag.strip()]
    values = {name: line[name] or "" for name in (*TEXT_FIELDS, "language")}
    try:
        return line["file"] or "", Copy.parse(values | {"tags": tags}), line["author"] or ""
    except DataError as error:
        raise DataError(f"{path}, row {number}: {error}") from None
