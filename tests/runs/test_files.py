"""Files are whole or absent, and lines stay apart."""

from pathlib import Path

import pytest

from zerosum.errors import RunError
from zerosum.runs.files import append_line, make_folder, read_json, write_json, write_whole


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
