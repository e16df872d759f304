"""Tiles of any size on the command line."""

from pathlib import Path

import pytest
from PIL import Image

import zerosum as zs
from tests.cli.conftest import Zerosum
from tests.workflows.conftest import QUICK


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tile") / "run"
    small = {"game.generator.width": 4, "game.generator.max_width": 8}
    options = {"num_crops": 64, "pattern": "weave", "side": 64}
    zs.train(
        "texture", "surfaces", samples=64, size=24, out=out, set=small, options=options, **QUICK
    )
    return out


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def test_a_tile_is_pixel_for_pixel_of_the_size_asked_for(
    run: Path, tmp_path: Path, zerosum: Zerosum
) -> None:
    out = tmp_path / "tile.png"
    assert zerosum("sample", run, "--size", "64x32", "--out", out).code == 0
    assert size_of(out) == (32, 64)
    assert zerosum("sample", run, "--size", "40", "-n", 3, "--out", f"{tmp_path}/three/").code == 0
    made = [*(tmp_path / "three").glob("*.png")]
    assert [size_of(path) for path in made] == [(40, 40)] * 3


def test_sizes_that_are_none(run: Path, digits_run: Path, tmp_path: Path, zerosum: Zerosum) -> None:
    out = tmp_path / "tile.png"
    refused = zerosum("sample", run, "--size", "wide", "--out", out)
    assert refused.code == 2
    assert "'wide' is no size" in refused.err
    assert "--size 512x256" in refused.err
    other = zerosum("sample", digits_run, "--size", "64", "--out", out)
    assert other.code == 2
    assert "such as texture" in other.err
    assert not out.exists()


def test_data_that_cannot_be_used(tmp_path: Path, zerosum: Zerosum) -> None:
    Image.new("RGB", (10, 9)).save(tmp_path / "tiny.png")
    tiny = zerosum("train", "texture", "--data", tmp_path / "tiny.png", "--out", tmp_path / "run")
    assert tiny.code == 2
    assert "tiny.png has 9 x 10 pixels, fewer than a crop of 16 x 16" in tiny.err
    other = zerosum("train", "dcgan", "--data", tmp_path / "tiny.png", "--out", tmp_path / "run")
    assert other.code == 2
    assert other.err.startswith("DataError: ")
