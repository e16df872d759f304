"""`zerosum train` on pairs, and `zerosum translate`."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Zerosum
from zerosum.errors import ConditionError
from zerosum.workflows.load import load

SMALL = (
    "--samples", "64", "--set", "game.generator.width=8", "--set", "game.discriminator.width=8",
    "--precision", "fp32", "--layout", "contiguous", "--compile", "off", "--threads", "1",
)  # fmt: skip


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images and their negatives."""
    folder = tmp_path_factory.mktemp("pairs")
    rng = np.random.default_rng(0)
    for i in range(48):
        pixels = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
        for name, x in (("A", pixels), ("B", 255 - pixels)):
            (folder / name).mkdir(exist_ok=True)
            Image.fromarray(x).save(folder / name / f"{i}.png")
    return folder


def test_from_pairs_to_pictures(zerosum: Zerosum, pairs: Path, tmp_path: Path) -> None:
    run, out = tmp_path / "run", tmp_path / "out"
    done = zerosum("train", "pix2pix", "--data", pairs, "--out", run, *SMALL)
    assert done.code == 0, done.err
    assert "aligned pairs: 48 in" in done.err
    (pairs / "A" / "bad.jpg").write_bytes(b"no image")
    done = zerosum("translate", run, pairs / "A", "--out", out)
    (pairs / "A" / "bad.jpg").unlink()
    assert done.code == 1
    assert "bad.jpg is left out: not an image" in done.err
    assert done.out.strip() == str(out)
    assert len(list(out.iterdir())) == 48
    with Image.open(out / "3.png") as picture:
        assert picture.size == (16, 16)
    done = zerosum("translate", run, pairs / "A" / "3.png", "--out", tmp_path / "3.png", "--json")
    assert json.loads(done.out) == {"path": str(tmp_path / "3.png"), "n": 1, "failed": []}
    assert (tmp_path / "3.png").read_bytes() == (out / "3.png").read_bytes()
    done = zerosum("resume", run, "--samples", "96", "--data", pairs, "--quiet")
    assert done.code == 0, done.err
    done = zerosum("evaluate", run, "--features", "pixels", "-n", "20")
    assert done.code == 0, done.err
    done = zerosum("sample", run, "-n", "4", "--out", tmp_path / "grid.png")
    assert done.code == 0, done.err
    done = zerosum("walk", run, "-n", "4", "--frames", "3", "--out", tmp_path / "walk.gif")
    assert done.code == 0, done.err


def test_two_folders_that_have_moved(zerosum: Zerosum, pairs: Path, tmp_path: Path) -> None:
    shutil.copytree(pairs, tmp_path / "old")
    words = ("--data", tmp_path / "old" / "A", tmp_path / "old" / "B")
    few = ("--set", "game.generator.num_blocks=1", "--set", "optimisation.batch_size=8")
    done = zerosum("train", "cyclegan", *words, "--out", tmp_path / "run", *SMALL, *few)
    assert done.code == 0, done.err
    assert "unpaired images: 48 in" in done.err
    (tmp_path / "old").rename(tmp_path / "new")
    words = ("resume", tmp_path / "run", "--samples", "80", "--quiet")
    done = zerosum(*words)
    assert done.code == 2
    assert "name it with --data" in done.err
    assert "stands alone. Write --data" in zerosum(*words, tmp_path / "new").err
    new = (tmp_path / "new" / "A", tmp_path / "new" / "B")
    done = zerosum(*words, "--data", new[0], "--data", new[1])
    assert done.code == 0, done.err
    done = zerosum(*words[:2], "--samples", "96", "--quiet", "--data", *new)
    assert done.code == 0, done.err
    back = ("--direction", "B2A", "--out", tmp_path / "out")
    done = zerosum("translate", tmp_path / "run", pairs / "B", *back)
    assert done.code == 0, done.err
    assert len(list((tmp_path / "out").iterdir())) == 48


def test_pairs_that_do_not_match_are_told(zerosum: Zerosum, pairs: Path, tmp_path: Path) -> None:
    done = zerosum("train", "pix2pix", "--data", pairs / "A", "--out", tmp_path / "run")
    assert done.code == 2
    assert "needs two: A (what is translated) and B" in done.err
    for more in (("--data", pairs / "B"), (pairs / "B",), (pairs / "B", "64")):
        done = zerosum("train", "dcgan", "--data", pairs / "A", *more)
        assert done.code == 2
        assert "dcgan takes image data" in done.err or "Two folders are for" in done.err
    (tmp_path / "other").mkdir()
    done = zerosum("train", "pix2pix", "--data", pairs / "A", pairs / "B", tmp_path / "other")
    assert done.code == 2
    assert "a translation takes a folder or zip with two subfolders, or two folders" in done.err
    done = zerosum("train", "pix2pix", "--data", pairs / "A", pairs / "B", "64")
    assert "there are 3 paths of data" in done.err
    assert "nothing lies at '64'. A translation takes two folders, SOURCES TARGETS" in done.err


def test_a_run_that_translates_nothing(zerosum: Zerosum, digits_run: Path, pairs: Path) -> None:
    done = zerosum("translate", digits_run, pairs / "A")
    assert done.code == 2
    assert "was trained by cgan, which makes samples and translates nothing" in done.err
    with pytest.raises(ConditionError, match="translates nothing"):
        load(digits_run).translate(pairs / "A" / "1.png")


def test_a_photo_is_drawn_in_a_texture(zerosum: Zerosum, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (48, 48, 3), dtype=np.uint8)).save(tmp_path / "wall.png")
    run = tmp_path / "run"
    done = zerosum("train", "texture", "--data", tmp_path / "wall.png", "--out", run, *SMALL)
    assert done.code == 0, done.err
    words = ("translate", run, tmp_path / "wall.png", "--out", tmp_path / "drawn.png")
    done = zerosum(*words, "--strength", "2", "--seed", "3")
    assert done.code == 0, done.err
    with Image.open(tmp_path / "drawn.png") as drawn:
        assert drawn.size == (48, 48)
    done = zerosum(*words, "--tile", "64")
    assert done.code == 2
    assert "--tile means nothing to this model" in done.err
    assert "it knows --strength, --where, --seed" in done.err


def test_a_factor_is_said_in_one_word(zerosum: Zerosum) -> None:
    done = zerosum("train", "upscale", "--data", "digits", "--factor", "4", "--dry-run")
    assert json.loads(done.out)["game"]["factor"] == 4
    done = zerosum("train", "dcgan", "--data", "digits", "--factor", "4", "--dry-run")
    assert done.code == 2
    assert "game has no 'factor'" in done.err
