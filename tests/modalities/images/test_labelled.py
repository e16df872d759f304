"""Images that a CSV lists: which column counts, where files lie, and what is refused."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from zerosum.errors import DataError
from zerosum.modalities.images.labelled import open_labelled


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three grey images, one of them in a subfolder."""
    (tmp_path / "more").mkdir()
    for name, grey in (("a.png", 10), ("b.png", 20), ("more/c.png", 30)):
        Image.new("L", (9, 5), grey).save(tmp_path / name)
    return tmp_path


def write(folder: Path, text: str) -> Path:
    path = folder / "labels of mine.csv"
    path.write_text(text, encoding="utf-8-sig")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "file,age\nb.png,3\nmore/c.png,11\na.png,5\n",
        "name, years\n b.png, 3\nmore/c.png, 11\n\na.png, 5",  # two columns of any names
        "sex,age,file\nf,3,b.png\nm,11,more/c.png\nf,5,a.png\n",
        "who,age,sex\nb.png,3,f\nmore/c.png,11,m\na.png,5,f\n",
    ],
)
def test_files_and_values(folder: Path, text: str) -> None:
    found = open_labelled(write(folder, text), "age", size=(4, 4), channels=3)
    x, y = found.take(torch.arange(3))
    assert found.space.labels == ("3", "5", "11"), "numbers are in the order of numbers"
    assert y is not None
    assert y.tolist() == [0, 2, 1]
    assert x.shape == (3, 3, 4, 4)
    assert x[:, 0, 0, 0].tolist() == [20, 30, 10]


def test_files_elsewhere(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    path = write(tmp_path / "lists", "file,age\na.png,no\nb.png,yes\n")
    found = open_labelled(path, "age", images=folder, size=(8, 8), channels=1)
    assert found.space.labels == ("no", "yes")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file,age,sex\na.png,1,f\n", "no column 'agee'. Did you mean 'age'.*Allowed: age, sex"),
        ("file,age\na.png,1\nd.png,2\n", "1 files that are not in .*: d.png. Say with --images"),
        ("file,age\na.png,1\na.png,2\n", "names 1 files more than once"),
        ("file,age\na.png,1\nb.png,\n", "a file and a value in each row; see row 2 below it"),
        ("file,age\na.png\n", "see row 1 below it"),
        ("file,age\n", "there is none"),
        ("file\na.png\n", "needs two columns or more"),
        ("", "needs two columns or more"),
        ("file,age\nlabels of mine.csv,1\n", "1 unreadable files: labels of mine.csv: "),
    ],
)
def test_what_is_refused(folder: Path, text: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        open_labelled(write(folder, text), "agee", size=(4, 4), channels=1)


def test_what_is_not_there(folder: Path) -> None:
    with pytest.raises(DataError, match="there is no file"):
        open_labelled(folder / "none.csv", "age", size=(4, 4), channels=1)
    path = write(folder, "file,age\na.png,1\n")
    with pytest.raises(DataError, match=r"no folder of images at .*Name it with --images"):
        open_labelled(path, "age", images=folder / "gone", size=(4, 4), channels=1)
    path.write_bytes(b"file,age\n\xff,1\n")
    with pytest.raises(DataError, match="in UTF-8"):
        open_labelled(path, "age", size=(4, 4), channels=1)


def test_a_name_of_a_file_with_a_nul(folder: Path) -> None:
    path = write(folder, "file,age\na\0.png,1\n")
    with pytest.raises(DataError, match="cannot be opened: embedded null"):
        open_labelled(path, "age", size=(4, 4), channels=1)
