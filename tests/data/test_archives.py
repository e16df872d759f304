"""Folders and zips: the same names either way, and nothing that leaves or bursts them."""

import inspect
import io
import sys
import zipfile
from pathlib import Path

import pytest

from zerosum.data import archives
from zerosum.data.archives import Folder, Zip
from zerosum.data.places import open_archive
from zerosum.errors import DataError

FILES = {"b/2.png": b"two", "b/1.png": b"one", "a.txt": b"", "b/c/ü.png": b"deep"}
HIDDEN = {".hidden": b"x", ".git/1.png": b"x", "b/.DS_Store": b"x"}


def make_folder(path: Path) -> Path:
    for name, content in {**FILES, **HIDDEN}.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def make_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_folder_and_zip_hold_the_same(tmp_path: Path) -> None:
    folder = open_archive(make_folder(tmp_path / "files"))
    packed = {**FILES, **HIDDEN, "__MACOSX/b/._1.png": b"x", "empty/": b""}
    zipped = open_archive(make_zip(tmp_path / "files.zip", packed))
    assert isinstance(folder, Folder)
    assert isinstance(zipped, Zip)
    assert folder.names == zipped.names == sorted(FILES)
    for archive in (folder, zipped):
        for name, content in FILES.items():
            assert archive.read(name) == content
            assert archive.size(name) == len(content)
            with archive.open(name) as handle:
                assert handle.read() == content


def test_a_folder_in_a_zip(tmp_path: Path) -> None:
    make_zip(tmp_path / "files.zip", FILES | {"bc/3.png": b"three"})
    archive = open_archive(tmp_path / "files.zip" / "b")
    assert archive.names == ["1.png", "2.png", "c/ü.png"]
    assert archive.read("c/ü.png") == b"deep"
    assert open_archive(tmp_path / "files.zip" / "b" / "c").names == ["ü.png"]
    assert open_archive(tmp_path / "files.zip" / "nothing").names == []


@pytest.mark.parametrize(
    "name", ["../out.png", "a/../../out.png", "/etc/out.png", "C:/out.png", "..\\out.png"]
)
def test_names_outside_the_archive_are_refused(name: str, tmp_path: Path) -> None:
    path = make_zip(tmp_path / "bad.zip", {"fine.png": b"", name: b""})
    with pytest.raises(DataError, match=r"bad\.zip names .*outside the archive.*pack it again"):
        open_archive(path)


def test_a_zip_that_expands_without_bound_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MAX_SMALL", 1_000_000)
    make_zip(tmp_path / "fine.zip", {"a": bytes(999_999)})
    open_archive(tmp_path / "fine.zip")
    path = make_zip(tmp_path / "bomb.zip", {"a": bytes(2_000_000)})
    with pytest.raises(DataError, match=r"expand from [\d,]+ to 2,000,000 bytes.*decompression"):
        open_archive(path)


def test_files_beyond_the_limit_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBER", 3)
    for archive in (
        open_archive(make_folder(tmp_path / "files")),
        open_archive(make_zip(tmp_path / "files.zip", FILES)),
    ):
        assert archive.read("b/1.png") == b"one"
        for read in (archive.read, archive.open):
            with pytest.raises(DataError, match=r"ü\.png has more than 3 bytes"):
                read("b/c/ü.png")


def test_a_member_that_lies_about_its_length_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(5000))
    honest = buffer.getvalue()
    claim = (5000).to_bytes(4, "little")
    assert honest.count(claim) == 2
    (tmp_path / "lie.zip").write_bytes(honest.replace(claim, (10).to_bytes(4, "little")))
    with pytest.raises(DataError, match=r"a\.png cannot be unpacked"):
        open_archive(tmp_path / "lie.zip").read("a.png")


@pytest.mark.parametrize("harm", ["invalid", "wrong", "encrypted"])
def test_members_that_cannot_be_unpacked_are_named(harm: str, tmp_path: Path) -> None:
    path = make_zip(tmp_path / "files.zip", {"a.png": bytes(range(256)) * 9})
    content = bytearray(path.read_bytes())
    if harm == "invalid":
        content[35] = 0xFF  # the first byte of the compressed stream
    elif harm == "wrong":
        content[content.index(b"PK\x01\x02") + 16] ^= 1  # the checksum in the directory
    else:
        content[6] |= 1
        content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.png cannot be unpacked"):
        open_archive(path).read("a.png")


def test_what_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"hello")
    (tmp_path / "bad.zip").write_bytes(b"PK\x05\x06" + bytes(10))
    with pytest.raises(DataError, match=r"a\.png is neither a folder nor a zip"):
        open_archive(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"bad\.zip is a damaged zip: its end is missing"):
        open_archive(tmp_path / "bad.zip")
    with pytest.raises(DataError, match=r"no file or folder at .*gone"):
        open_archive(tmp_path / "gone")


@pytest.mark.parametrize("cut", [30, 60])
def test_a_zip_that_was_cut_off(cut: int, tmp_path: Path) -> None:
    whole = make_zip(tmp_path / "whole.zip", FILES).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[:-cut])
    with pytest.raises(DataError, match=r"cut\.zip is a damaged zip: its end is missing.*Fetch it"):
        open_archive(tmp_path / "cut.zip")


def test_names_that_come_twice_or_are_empty(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"1.png": b"one", "2.png": b"two"})
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"2.png", b"1.png"))
    with pytest.raises(DataError, match=r"several files called '1\.png'"):
        open_archive(path)
    path.write_bytes(whole.replace(b"2.png", b"\0.png"))  # a name ends at a NUL
    with pytest.raises(DataError, match="a file in it has no name"):
        open_archive(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_damage_that_other_methods_tell_of(method: int, tmp_path: Path) -> None:
    content = bytes(range(256)) * 9
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as archive:
        archive.writestr("a.png", content)
    assert open_archive(tmp_path / "a.zip").read("a.png") == content
    damaged = bytearray((tmp_path / "a.zip").read_bytes())
    damaged[50:60] = b"\xff" * 10
    (tmp_path / "a.zip").write_bytes(damaged)
    with pytest.raises(DataError, match=r"a\.png cannot be unpacked"):
        open_archive(tmp_path / "a.zip").read("a.png")


def test_a_method_that_is_not_known(tmp_path: Path) -> None:
    content = bytearray(make_zip(tmp_path / "a.zip", {"a.png": b"one"}).read_bytes())
    for mark, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        content[content.index(mark) + at] = 99
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.png cannot be unpacked: .*not supported"):
        open_archive(tmp_path / "a.zip").read("a.png")


def test_a_directory_that_would_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_zip(tmp_path / "a.zip", {f"{i}.png": b"" for i in range(100)})
    assert len(open_archive(path).names) == 100
    monkeypatch.setattr(archives, "MAX_DIRECTORY", 5_000)
    with pytest.raises(DataError, match=r"its files take 5,[\d]+ bytes, and the limit is 5,000"):
        open_archive(path)


def test_folders_in_folders_without_end(tmp_path: Path) -> None:
    (tmp_path / "/".join("a" * 200)).mkdir(parents=True)
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 100)
    try:
        with pytest.raises(DataError, match="folders in folders too deep"):
            open_archive(tmp_path)
    finally:
        sys.setrecursionlimit(usual)
    assert open_archive(tmp_path).names == []
