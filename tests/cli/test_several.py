"""`zerosum train`, `translate` and `evaluate` with images that are made from several."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zerosum as zs
from tests.cli.conftest import Zerosum
from zerosum.evaluation.reports.parts import SamplesPart


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short training on the built-in wardrobe."""
    out = tmp_path_factory.mktemp("runs") / "try-on"
    zs.train(
        "pix2pix", data="wardrobe", options={"num_samples": 64, "size": 32}, samples=64, out=out,
        precision="fp32", layout="contiguous", compile=False, threads=1, quiet=True,
        set={"game.generator.width": 8, "game.discriminator.width": 8},
    )  # fmt: skip
    return out


def noise(seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8))


def test_from_the_command_line(zerosum: Zerosum, run: Path, tmp_path: Path) -> None:
    for i in range(3):
        for at, name in enumerate(("person", "garment")):
            path = tmp_path / "in" / name / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            noise(10 * i + at).save(path)
    out = tmp_path / "worn"
    done = zerosum("translate", run, tmp_path / "in", "--out", out)
    assert done.code == 0, done.err
    assert sorted(path.name for path in out.iterdir()) == ["0.png", "1.png", "2.png"]
    one = [f"{name}={tmp_path / 'in' / name / '1.png'}" for name in ("garment", "person")]
    named = ("--with", one[0], "--with", one[1])
    done = zerosum("translate", run, *named, "--out", tmp_path / "one.png", "--json")
    assert json.loads(done.out)["n"] == 1
    assert (tmp_path / "one.png").read_bytes() == (out / "1.png").read_bytes()
    folders = [f"{name}={tmp_path / 'in' / name}" for name in ("garment", "person")]
    done = zerosum(
        "translate", run, "--with", folders[0], "--with", folders[1], "--out", tmp_path / "again"
    )
    assert done.code == 0, done.err
    assert (tmp_path / "again" / "2.png").read_bytes() == (out / "2.png").read_bytes()
    for words, told in (
        ((tmp_path / "in" / "person",), "has no subfolder 'person'"),
        ((tmp_path / "in" / "person" / "1.png",), "--with person=FILE --with garment=FILE"),
        ((), "or one of each name by --with NAME=FILE"),
        ((tmp_path / "in", *named), "or one of each name by --with NAME=FILE"),
    ):
        done = zerosum("translate", run, *words, "--out", tmp_path / "bad")
        assert done.code == 2
        assert told in done.err
    (tmp_path / "in" / "garment" / "2.png").unlink()
    done = zerosum("translate", run, tmp_path / "in", "--out", tmp_path / "bad")
    assert "there is no 2 in garment" in done.err


def test_a_folder_whose_target_is_guessed_is_trained_on_and_judged(
    zerosum: Zerosum, tmp_path: Path
) -> None:
    for i in range(40):
        for at, name in enumerate(("person", "garment", "worn")):
            path = tmp_path / "data" / name / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            noise(10 * i + at).save(path)
    small = ("--samples", "8", "--set", "game.generator.width=8", "--threads", "1")
    small += ("--precision", "fp32", "--layout", "contiguous", "--compile", "off")
    words = ("train", "pix2pix", "--data", tmp_path / "data", "--out", tmp_path / "run", *small)
    done = zerosum(*words)
    assert done.code == 0, done.err
    assert "worn is made from garment and person (--with target=NAME for another)." in done.err
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text("utf-8"))
    assert manifest["data"]["config"]["target"] == "worn"
    found = zs.evaluate(tmp_path / "run", features="pixels", n=20)
    headings = [part.heading for part in found.parts if isinstance(part, SamplesPart)]
    assert headings == ["Translations beside the truth", "Samples beside reals"]
    done = zerosum(*words[:4], "--with", "target=hat", "--out", tmp_path / "other", *small)
    assert done.code == 2
    assert "has no subfolder 'hat' with images; it has garment, person, worn" in done.err
