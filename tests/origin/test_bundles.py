"""Bundles: what is in them, what they say, and what is found when they were changed."""

import contextlib
import csv
import io
import json
import shutil
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.origin.conftest import MADE, picture
from zerosum.errors import OriginError, RunError
from zerosum.origin.bundles import BundleCopy, BundleItem, read_copy, safe_name, write_bundle
from zerosum.origin.identity import Identity
from zerosum.origin.inspecting import inspect

COPY = BundleCopy("Three & <four>", "Body\nof it", 'a "three"', ("digit", "b<i>"), "en")


@pytest.fixture
def mine() -> Identity:
    return Identity.own()


@pytest.fixture
def bundle(tmp_path: Path, mine: Identity) -> Path:
    rows = tmp_path / "rows.csv"
    rows.write_text("a\n1\n")
    items = [
        BundleItem(picture(tmp_path / "b.png"), COPY, MADE.approved("Grace", "2026-11-29")),
        BundleItem(rows, BundleCopy("=1+1", alt_text="-x"), MADE),
        BundleItem(picture(tmp_path / "a.jpg")),
    ]
    return write_bundle(tmp_path / "out" / "bundle.zip", items, mine, title="Spring <b>")


def test_what_is_in_it(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as opened:
        assert opened.testzip() is None
        names = opened.namelist()
        manifest = json.loads(opened.read("manifest.json"))
        alt = opened.read("alt.txt").decode()
        rows = list(csv.DictReader(io.StringIO(opened.read("copy.csv").decode())))
        assert {one.date_time[0] for one in opened.infolist()} == {1980}
    assert names == sorted(names)
    assert names == [
        "alt.txt", "copy.csv", "files/a.jpg", "files/b.png", "files/rows.csv",
        "files/rows.csv.origin.json", "index.html", "manifest.json", "manifest.json.origin.json",
    ]  # fmt: skip
    assert [one["file"] for one in manifest["items"]] == [
        "files/b.png", "files/rows.csv", "files/a.jpg",
    ]  # fmt: skip
    assert [one["made"] for one in manifest["items"]] == ["all", "all", "not stated"]
    assert manifest["items"][0]["origin"]["approved_by"] == "Grace"
    assert set(manifest["files"]) == set(names) - {"manifest.json", "manifest.json.origin.json"}
    assert alt.splitlines()[0] == 'files/b.png\ta "three"'
    assert rows[0] == {
        "file": "files/b.png", "title": "Three & <four>", "body": "Body\nof it",
        "alt_text": 'a "three"', "tags": "digit, b<i>", "language": "en", "author": "",
    }  # fmt: skip
    assert (rows[1]["title"], rows[1]["alt_text"]) == ("'=1+1", "'-x")


def test_it_is_whole(bundle: Path, tmp_path: Path) -> None:
    found = inspect(bundle)
    assert (found.state, found.form, found.trust, found.made) == ("whole", "bundle", "own", "some")
    assert inspect(bundle, identity=tmp_path / "another").trusted is False


def test_files_taken_out_keep_their_origin(bundle: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(bundle) as opened:
        opened.extractall(tmp_path / "unpacked")
    for name in ("b.png", "rows.csv"):
        assert inspect(tmp_path / "unpacked" / "files" / name).trusted
    assert inspect(tmp_path / "unpacked" / "files" / "a.jpg").state == "no origin"


class Page(HTMLParser):
    """What a page holds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as opened:
        page = Page(opened.read("index.html").decode())
        names = opened.namelist()
    tags = [tag for tag, _ in page.tags]
    assert not {"script", "b", "i", "four", "iframe", "form"} & set(tags)
    assert not [name for _, held in page.tags for name in held if name.startswith("on")]
    pictures = [held for tag, held in page.tags if tag == "img"]
    assert [held["alt"] for held in pictures] == ['a "three"', "a.jpg"]
    assert all(held["src"] in names for held in pictures)
    assert "Spring <b>" in page.text
    assert "Three & <four>" in page.text
    assert "Grace" in page.text
    assert ("li", {"lang": "en"}) in page.tags


def rewritten(bundle: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    with zipfile.ZipFile(bundle) as opened:
        held = {name: opened.read(name) for name in opened.namelist()}
    change(held)
    with zipfile.ZipFile(bundle, "w") as written:
        for name, body in held.items():
            written.writestr(name, body)
    return bundle


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda held: held.update({"files/a.jpg": held["files/a.jpg"] + b"x"}),
            "a.jpg was changed",
        ),
        (
            lambda held: held.update({"copy.csv": held["copy.csv"].replace(b"Body", b"Bodi")}),
            "copy.csv was changed",
        ),
        (lambda held: held.pop("files/b.png"), "files/b.png was removed"),
        (lambda held: held.update({"../../evil.sh": b"x"}), "../../evil.sh was added"),
        (lambda held: held.update({"index.html": b"<script>"}), "index.html was changed"),
        (
            lambda held: held.update({"manifest.json": held["manifest.json"] + b" "}),
            "manifest.json was changed",
        ),
        (lambda held: held.update({"manifest.json": b"[]"}), "manifest.json"),
        (lambda held: held.update({"manifest.json.origin.json": b"{}"}), "no file that zerosum"),
    ],
)
def test_what_changed_is_named(
    bundle: Path, change: Callable[[dict[str, bytes]], object], words: str
) -> None:
    found = inspect(rewritten(bundle, change))
    assert found.state == "changed"
    assert any(words in problem for problem in found.problems)
    assert len(found.problems) <= 2


def test_a_file_that_is_there_twice(bundle: Path) -> None:
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(bundle, "a") as opened:
        opened.writestr("files/b.png", b"another")
    found = inspect(bundle)
    assert found.state == "changed"
    assert "files/b.png is there twice" in found.problems


def test_an_unsigned_and_a_damaged_bundle(bundle: Path) -> None:
    body = bundle.read_bytes()
    rewritten(bundle, lambda held: held.pop("manifest.json.origin.json"))
    assert inspect(bundle).state == "no origin"
    for place in range(len(body) // 2, len(body), 211):
        bundle.write_bytes(body[:place] + bytes([body[place] ^ 4]) + body[place + 1 :])
        with contextlib.suppress(OriginError):  # a newer version, as its sidecar says then
            state = inspect(bundle).state
            # Times and attributes of entries in the list at the end say nothing of the files.
            assert state != "whole" or same_files(bundle, body)


def same_files(bundle: Path, body: bytes) -> bool:
    with zipfile.ZipFile(bundle) as one, zipfile.ZipFile(io.BytesIO(body)) as other:
        return {name: one.read(name) for name in one.namelist()} == {
            name: other.read(name) for name in other.namelist()
        }


def test_a_file_that_explodes_is_named(bundle: Path) -> None:
    bomb = bytes(5 * 2**20)
    with zipfile.ZipFile(bundle) as opened:
        held = {name: opened.read(name) for name in opened.namelist()}
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as written:
        for name, body in held.items():
            written.writestr(name, bomb if name == "files/b.png" else body)
    assert inspect(bundle).problems == ("files/b.png was changed",)


def test_other_zips_are_files_like_any_other(tmp_path: Path, mine: Identity) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as written:
        written.writestr("a.txt", "x")
    assert inspect(tmp_path / "a.zip").state == "no origin"
    mine.sign(tmp_path / "a.zip", MADE)
    assert inspect(tmp_path / "a.zip").trusted


def test_the_same_items_give_the_same_files(tmp_path: Path, mine: Identity) -> None:
    path = picture(tmp_path / "a.png")
    mine.sign(path, MADE)
    held = []
    for name in ("one.zip", "two.zip"):
        write_bundle(tmp_path / name, [BundleItem(path, COPY)], mine)
        with zipfile.ZipFile(tmp_path / name) as opened:
            held.append({one: opened.read(one) for one in opened.namelist()})
    for one in held:
        del one["manifest.json.origin.json"]
    assert held[0] == held[1]


def test_names_meet_and_lead_nowhere(tmp_path: Path, mine: Identity) -> None:
    names = ("x.png", "x.png", "X.PNG", "con.png", "=é 数.png")
    paths = [tmp_path / str(i) / name for i, name in enumerate(names)]
    for path in paths:
        path.parent.mkdir()
        picture(path)
    write_bundle(tmp_path / "b.zip", [BundleItem(path) for path in paths], mine)
    with zipfile.ZipFile(tmp_path / "b.zip") as opened:
        names = [name for name in opened.namelist() if name.startswith("files/")]
        rows = opened.read("copy.csv").decode()
    assert names == sorted(
        ["files/x.png", "files/x-2.png", "files/X-3.PNG", "files/file-con.png", "files/=é-数.png"]
    )
    assert "files/=é-数.png" in rows


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("a/../b\\c.png", "a-..-b-c.png"),
        ("C:\\x.png", "C-x.png"),
        ("a\x00\n\u202eb.png", "a---b.png"),
        (".hidden", "hidden"),
        ("...", "file"),
        ("", "file"),
        ("nul", "file-nul"),
        ("x" * 300 + ".png", "x" * 100 + ".png"),
        ("数字.png", "数字.png"),
    ],
)
def test_safe_names(given: str, safe: str) -> None:
    assert safe_name(given) == safe
    assert safe_name(safe) == safe


def test_a_sidecar_goes_along_and_a_changed_file_does_not(tmp_path: Path, mine: Identity) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("a\n1\n")
    mine.sign(rows, replace(MADE, share="some"))
    write_bundle(tmp_path / "b.zip", [BundleItem(rows)], mine)
    assert inspect(tmp_path / "b.zip").made == "some"
    rows.write_text("a\n2\n")
    shutil.copy(tmp_path / "b.zip", tmp_path / "before.zip")
    with pytest.raises(OriginError, match="is changed"):
        write_bundle(tmp_path / "b.zip", [BundleItem(rows)], mine)
    assert (tmp_path / "b.zip").read_bytes() == (tmp_path / "before.zip").read_bytes()
    assert not [one for one in tmp_path.iterdir() if ".part" in one.name]


def test_what_cannot_be_bundled(tmp_path: Path, mine: Identity) -> None:
    with pytest.raises(OriginError, match="nothing to bundle"):
        write_bundle(tmp_path / "b.zip", [], mine)
    with pytest.raises(OriginError, match=r"is a \.zip"):
        write_bundle(tmp_path / "b.tar", [BundleItem(tmp_path / "a.png")], mine)
    with pytest.raises(RunError, match=r"cannot read .*a\.png"):
        write_bundle(tmp_path / "b.zip", [BundleItem(tmp_path / "a.png")], mine)
    with pytest.raises(OriginError, match=r"is a folder.*\*\.png"):
        write_bundle(tmp_path / "b.zip", [BundleItem(tmp_path)], mine)


def test_copy_is_read(tmp_path: Path) -> None:
    path = tmp_path / "copy.csv"
    path.write_text('\ufefffile,title,tags\na.png,Three,"b, c"\n', encoding="utf-8")
    assert read_copy(path) == {"a.png": BundleCopy("Three", tags=("b", "c"))}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,title\na,b\n", "needs a column `file`"),
        ("file,headline\na,b\n", "headline"),
        ("file,title\na\n", "each row fills all"),
        ("file,title\na,b,c\n", "each row fills all"),
        ("file,title\na,b\na,c\n", "twice"),
        ("file\n\udcff\n", "no CSV in UTF-8"),
    ],
)
def test_copy_that_cannot_be_read(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "copy.csv"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(OriginError, match=words):
        read_copy(path)
