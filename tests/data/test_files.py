"""Only regular files are opened: nothing waits for a pipe, and each says what it is."""

import os
import socket
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zerosum.data.files import look_at, open_regular
from zerosum.data.places import open_archive
from zerosum.errors import DataError
from zerosum.modalities.tables.reading.readers import schema_of
from zerosum.workflows.data import open_data, scan_data


def test_what_lies_at_a_path(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    assert look_at(tmp_path / "a") == "file"
    assert look_at(tmp_path) == "folder"
    assert look_at(tmp_path / "a" / "b") is None
    assert look_at(tmp_path / "gone") is None
    with open_regular(tmp_path / "a") as handle:
        assert handle.read() == b"one"
    for path, words in ((tmp_path, "is a folder"), (tmp_path / "gone", "there is no file")):
        with pytest.raises(DataError, match=words):
            open_regular(path)


@pytest.mark.parametrize("name", ["x" * 5_000, "a\0b", "loop"])
def test_paths_that_cannot_be_looked_at(name: str, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(DataError, match="cannot be opened: "):
        open_data(tmp_path / name)


@pytest.mark.parametrize(
    "name", ["a.csv", "a.parquet", "a.npz", "a.zip", "a-idx3-ubyte", "a-idx3-ubyte.gz", "63"]
)
def test_a_pipe_is_refused_before_it_is_opened(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(DataError, match=r"is a named pipe, such as <\(\.\.\.\) makes.*write it"):
        open_data(tmp_path / name)
    if name.startswith("a."):
        with pytest.raises(DataError, match="is a named pipe"):
            schema_of(tmp_path / name)


def test_sockets_and_devices_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("s.csv")
        with pytest.raises(DataError, match="is a socket"):
            open_data("s.csv")
    with pytest.raises(DataError, match="is a device"):
        open_data("/dev/null")


def test_a_pipe_among_pictures_is_an_unreadable_file(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / name)
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    with pytest.raises(
        DataError, match=r"2 unreadable files: loop\.png: .*pipe\.png: .*named pipe"
    ):
        open_data(tmp_path)
    dataset, _ = open_data(tmp_path, skip_bad=True)
    assert len(dataset) == 2
    os.mkfifo(tmp_path / "labels.csv")
    with pytest.raises(DataError, match=r"labels\.csv is a named pipe"):
        open_data(tmp_path, skip_bad=True)


def test_names_that_are_no_text(tmp_path: Path) -> None:
    folder = tmp_path / "caf\udce9"  # as Python has the byte 0xe9, which is no UTF-8
    folder.mkdir()
    for name in ("a.png", "b.png"):
        Image.fromarray(np.zeros((8, 8), np.uint8)).save(folder / name)
    with pytest.raises(DataError, match=r"the path of the data '.*caf\\udce9' is not UTF-8"):
        scan_data(str(folder))
    (tmp_path / "other").mkdir()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "other" / "c.png")
    with pytest.raises(DataError, match=r"the class folder 'caf\\udce9' is not UTF-8"):
        open_data(tmp_path)
    dataset, _ = open_data(tmp_path, labels="none")
    assert len(dataset) == 3
    assert open_archive(tmp_path).read("caf\udce9/a.png")


def test_a_pipe_where_labels_of_an_idx_file_should_be(tmp_path: Path) -> None:
    header = struct.pack(">4B3I", 0, 0, 8, 3, 2, 8, 8)
    (tmp_path / "a-images-idx3-ubyte").write_bytes(header + bytes(128))
    os.mkfifo(tmp_path / "a-labels-idx1-ubyte")
    with pytest.raises(DataError, match="is a named pipe"):
        open_data(tmp_path / "a-images-idx3-ubyte")
