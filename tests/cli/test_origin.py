"""`zerosum sample --sign`, `inspect` and `bundle`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import zerosum as zs

Zerosum = Callable[..., Any]


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pytest.importorskip("c2pa", reason="the extra `origin` is not installed")
    monkeypatch.setenv("ZEROSUM_IDENTITY", str(tmp_path / "identity"))
    return tmp_path / "identity"


def test_a_grid_says_how_it_was_made(zerosum: Zerosum, digits_run: Path, tmp_path: Path) -> None:
    path = tmp_path / "grid.png"
    done = zerosum(
        "sample", digits_run, "label=3", "-n", 4, "--seed", 7, "--sign", "--out", path, "--json"
    )
    assert done.code == 0, done.err
    assert json.loads(done.out)["signed_by"].startswith("zerosum user")
    done = zerosum("inspect", path, "--json")
    found = json.loads(done.out)
    assert (done.code, found["state"], found["made"]) == (0, "whole", "all")
    facts = found["facts"]
    assert (facts["seed"], facts["n"], facts["where"]) == (7, 4, {"label": "3"})
    assert (facts["recipe"], facts["run"]) == ("cgan", digits_run.name)
    model = zs.load(digits_run)
    assert (facts["model"], facts["step"]) == (model.fingerprint, model.step)


def test_signed_pixels_are_those_of_unsigned_samples(
    zerosum: Zerosum, digits_run: Path, tmp_path: Path
) -> None:
    from PIL import Image

    for words in ((), ("--sign",)):
        out = tmp_path / f"grid{len(words)}.png"
        assert zerosum("sample", digits_run, "-n", 4, "--seed", 0, *words, "--out", out).code == 0
    with Image.open(tmp_path / "grid0.png") as one, Image.open(tmp_path / "grid1.png") as other:
        assert one.tobytes() == other.tobytes()


def test_each_file_of_a_folder_is_signed(
    zerosum: Zerosum, digits_run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "Bilder für 数"
    assert zerosum("sample", digits_run, "-n", 3, "--sign", "--out", f"{out}/").code == 0
    names = sorted(path.name for path in out.iterdir())
    assert names == ["0.png", "1.png", "2.png", "labels.csv", "labels.csv.origin.json"]
    for i in range(3):
        facts = zs.inspect(out / f"{i}.png").facts
        assert (facts["index"], facts["n"]) == (i, 1)
    assert zs.inspect(out / "labels.csv").facts["n"] == 3
    again = zerosum("sample", digits_run, "-n", 3, "--sign", "--out", f"{out}/")
    assert (again.code, "not empty" in again.err) == (2, True)
    assert sorted(path.name for path in out.iterdir()) == names


@pytest.mark.parametrize("name", ["points.csv", "points.parquet", "points.npz", "points.png"])
def test_points(zerosum: Zerosum, ring_run: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert zerosum("sample", ring_run, "-n", 5, "--sign", "--out", path).code == 0
    assert zerosum("inspect", path).code == 0
    with path.open("ab") as handle:
        handle.write(b"x")
    done = zerosum("inspect", path)
    assert (done.code, "changed" in done.out) == (1, True)
    path.with_name(f"{name}.origin.json").unlink(missing_ok=True)
    if not name.endswith(".png"):
        done = zerosum("inspect", path)
        assert (done.code, "no origin" in done.out) == (3, True)


def test_a_stranger_until_they_are_trusted(
    zerosum: Zerosum, ring_run: Path, tmp_path: Path, own_folder: Path
) -> None:
    path = tmp_path / "a.csv"
    zerosum("sample", ring_run, "-n", 5, "--sign", "--identity", tmp_path / "ada", "--out", path)
    done = zerosum("inspect", path)
    assert (done.code, "Nobody that you trust" in done.out) == (4, True)
    trust = tmp_path / "ada" / "certificate.pem"
    done = zerosum("inspect", path, "--trust", trust)
    assert (done.code, "An authority that you trust" in done.out) == (0, True)
    assert not own_folder.exists()


def test_who_signs_is_asked_for_rightly(zerosum: Zerosum, ring_run: Path, tmp_path: Path) -> None:
    pem = tmp_path / "a.pem"
    for words, said in (
        (("--certificate", pem, "--key", pem), "Add --sign"),
        (("--sign", "--certificate", pem), "--key together"),
        (("--sign", "--certificate", pem, "--key", pem), "No such file"),
    ):
        done = zerosum("sample", ring_run, *words, "--out", tmp_path / "a.csv")
        assert (done.code, said in done.err) == (2, True), done.err
    assert not (tmp_path / "a.csv").exists()


def test_a_bundle(zerosum: Zerosum, digits_run: Path, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        words = ("--sign",) if name == "a.png" else ()
        zerosum("sample", digits_run, "-n", 1, *words, "--out", tmp_path / name)
    copy = tmp_path / "copy.csv"
    copy.write_text("file,title,alt_text\na.png,First,a digit\n")
    files = (tmp_path / "a.png", tmp_path / "b.png")
    out = tmp_path / "bundle.zip"
    done = zerosum("bundle", *files, "--copy", copy, "--title", "Two", "--out", out)
    assert (done.code, done.out.strip()) == (0, str(out))
    done = zerosum("inspect", out)
    assert (done.code, "bundle.zip: whole" in done.out) == (0, True)
    copy.write_text("file,title\nc.png,None\n")
    done = zerosum("bundle", *files, "--copy", copy, "--out", out)
    assert (done.code, "names 'c.png'" in done.err) == (2, True)


def test_words_of_a_stranger_do_not_reach_the_terminal(
    zerosum: Zerosum, ring_run: Path, tmp_path: Path
) -> None:
    from zerosum.models.provenance import Provenance

    path = tmp_path / "a\x1b[31m.csv"
    path.write_text("x")
    zs.Identity.own().sign(path, Provenance("\x1b]0;title\x07", "00"))
    done = zerosum("inspect", path)
    assert (done.code, "\x1b" in done.out) == (0, False)
