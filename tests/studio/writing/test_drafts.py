"""Copy, and the file it is kept in."""

import csv
from pathlib import Path

import pytest

from zerosum.errors import DataError
from zerosum.studio.writing.drafts import COLUMNS, Copy, read_copy, write_copy
from zerosum.studio.writing.usage import Usage

COPY = Copy(
    title="Ein „Schuh“, rot", body="Zeile eins\nZeile „zwei“ 👟", alt_text="",
    tags=("rot", "Schuh, links".replace(",", "")), language="de",
)  # fmt: skip


def test_a_file_of_copy_comes_back(tmp_path: Path) -> None:
    rows = [("out/0.png", COPY, "llm:m"), ("out/ü.png", COPY, "template")]
    write_copy(tmp_path / "new" / "copy.csv", rows)
    assert read_copy(tmp_path / "new" / "copy.csv") == rows
    with (tmp_path / "new" / "copy.csv").open(encoding="utf-8", newline="") as handle:
        header, first, _ = csv.reader(handle)
    assert tuple(header) == COLUMNS == (
        "file", "title", "body", "alt_text", "tags", "language", "author",
    )  # fmt: skip
    assert first[4] == "rot, Schuh links"


def test_a_spreadsheet_may_have_saved_it(tmp_path: Path) -> None:
    text = 'author,language,tags,alt_text,body,title,file,note\r\nme,en,"a,b, ",x,y,z,f.png,!\r\n'
    (tmp_path / "copy.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    ((name, copy, author),) = read_copy(tmp_path / "copy.csv")
    assert (name, author, copy.tags) == ("f.png", "me", ("a", "b"))


def test_formulas_are_told_or_made_safe(tmp_path: Path) -> None:
    copy = COPY.with_text("title", "=HYPERLINK(1)")
    with pytest.warns(UserWarning, match="cells of 'title' for formulas"):
        write_copy(tmp_path / "a.csv", [("a", copy, "llm:m")])
    write_copy(tmp_path / "b.csv", [("a", copy, "llm:m")], safe_csv=True)
    assert ",'=HYPERLINK(1)," in (tmp_path / "b.csv").read_text("utf-8").replace("a,'", ",'", 1)


def test_a_file_that_is_no_copy_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "copy.csv"
    for body, said in (
        (b"file,title\na,b\n", "has no column alt_text, author, body"),
        (b"\xff\xfe", "no CSV file in UTF-8"),
        (b"", "has no column"),
        (",".join(COLUMNS).encode() + b"\na,b,c,d,e,en,x\na,,c,d,e,en,x\n", "row 3: copy.title"),
        (",".join(COLUMNS).encode() + b"\na,b\n", "row 2: copy.body"),
    ):
        path.write_bytes(body)
        with pytest.raises(DataError, match=said):
            read_copy(path)


def test_texts_have_places_that_can_be_changed() -> None:
    assert list(COPY.texts()) == ["title", "body", "alt_text", "tags.0", "tags.1"]
    assert COPY.with_text("tags.1", "Stiefel").tags == ("rot", "Stiefel")
    with pytest.raises(DataError, match=r"copy has no 'tags.2'"):
        COPY.with_text("tags.2", "x")
    with pytest.raises(DataError, match=r"copy\.title"):
        COPY.with_text("title", "")


def test_usage_adds_up() -> None:
    one = Usage(1, 0, 10, 5, 0.5, "EUR")
    assert one + Usage() + one == Usage(2, 0, 20, 10, 1.0, "EUR")
    with pytest.raises(ValueError, match="EUR and USD"):
        _ = one + Usage(1, 0, 1, 1, 0.1, "USD")
