"""Files are whole or absent, and lines stay apart."""

import errno
from pathlib import Path

import pytest

from zerosum.errors import RunError
from zerosum.runs.files import (
    append_line,
    make_folder,
    parse_json,
    read_json,
    require_unicode,
    write_folder,
    write_json,
    write_whole,
)


def test_json_round_trip(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"x": [1, 2.5, None], "é": "ß"})
    assert read_json(tmp_path / "a.json") == {"x": [1, 2.5, None], "é": "ß"}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("a bug")])
def test_a_failed_write_leaves_what_was_there(tmp_path: Path, error: Exception) -> None:
    path = tmp_path / "a"
    path.write_text("before")

    def write(aside: Path) -> None:
        aside.write_text("half")
        raise error

    with pytest.raises(RunError if isinstance(error, OSError) else ValueError):
        write_whole(path, write)
    assert path.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b""])
def test_what_is_not_json(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "a.json").write_bytes(body)
    with pytest.raises(RunError, match=r"cannot read .*a\.json"):
        read_json(tmp_path / "a.json")


def test_missing_json(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot read"):
        read_json(tmp_path / "a.json")


def test_lines_are_kept_apart(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    append_line(path, "one")
    append_line(path, "two")
    assert path.read_bytes() == b"one\ntwo\n"
    path.write_bytes(b"one\ntw")
    append_line(path, "three")
    assert path.read_bytes() == b"one\ntw\nthree\n"


def test_folders_and_lines_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot make"):
        make_folder(tmp_path / "file" / "folder")
    with pytest.raises(RunError, match="cannot write"):
        append_line(tmp_path / "file" / "lines", "x")


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"'nu\\udcff'.* not UTF-8.*Rename it"):
        write_json(tmp_path / "a.json", {"name": "nu\udcff"})
    assert not list(tmp_path.iterdir())
    with pytest.raises(RunError, match=r"'nu\\udcff' is not UTF-8"):
        require_unicode(Path("nu\udcff"))


@pytest.mark.parametrize("text", [r'{"zz": "\ud800"}', r'["\uDFFF"]', r'{"\udc00a": 1}'])
def test_half_a_character_is_refused_when_it_is_read(text: str) -> None:
    with pytest.raises(ValueError, match="half of a character"):
        parse_json(text)


def test_two_halves_are_a_character() -> None:
    assert parse_json(r'"\ud83d\ude00 \\ud800"') == "😀 \\ud800"


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "Free some space"),
        (errno.ENOENT, "a place that is there"),
        (errno.EACCES, "may write to"),
    ],
)
def test_the_advice_suits_what_went_wrong(tmp_path: Path, number: int, advice: str) -> None:
    def write(_: Path) -> None:
        raise OSError(number, "so it is")

    for put in (write_whole, write_folder):
        with pytest.raises(RunError, match=f"so it is.*{advice}"):
            put(tmp_path / "a", write)
