"""Textures through every verb: read, trained, sampled at any size, judged, resumed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import zerosum as zs
from tests.workflows.conftest import QUICK
from zerosum.catalogue import modality_of
from zerosum.errors import ConditionError, ConfigError, DataError
from zerosum.evaluation.metrics.base import MetricContext, SampleSet
from zerosum.modalities.images.crops import waves_of
from zerosum.modalities.images.metrics.textures import PatchDistance, Seam, differences
from zerosum.modalities.images.surfaces import PATTERNS, PERIODS, again, draw_surface
from zerosum.modalities.images.texture_space import TextureSpace
from zerosum.rng import Noise
from zerosum.workflows.data import open_data

pytestmark = pytest.mark.usefixtures("small_judges")

SMALL = {
    "game.generator.width": 4, "game.generator.max_width": 8, "game.discriminator.width": 4,
    "optimisation.record_every": 5,
}  # fmt: skip


def read(data: Any, **options: Any) -> Any:
    return open_data(data, spaces=("texture",), **options)[0]


def write(path: Path, height: int = 80, width: int = 100, pattern: str = "bricks") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = draw_surface(pattern, (height, width)).permute(1, 2, 0).numpy()
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("textures")
    for pattern in ("bricks", "weave"):
        write(place / "walls" / pattern / "one.png", 96, 128, pattern)
    zs.train(
        "texture", data=place / "walls", out=place / "run", samples=160, size=24, holdout=0.3,
        options={"num_crops": 200}, set=SMALL, **QUICK,
    )  # fmt: skip
    return place / "run"


@pytest.fixture(scope="module")
def model(run: Path) -> zs.TextureModel:
    return zs.load(run, recipe="texture")


def test_one_file_is_data(tmp_path: Path) -> None:
    path = write(tmp_path / "wall.jpg")
    data = read(path, num_crops=50)
    x, y = data.take(torch.arange(50))
    assert y is None
    assert x.shape == (50, 3, 40, 40)
    again_read = read(path, num_crops=50)
    assert again_read.fingerprint == data.fingerprint
    assert torch.equal(again_read.take(torch.arange(50))[0], x)
    pixels = torch.from_numpy(np.asarray(Image.open(path)).copy()).permute(2, 0, 1)
    places = pixels.unfold(1, 40, 1).unfold(2, 40, 1).permute(1, 2, 0, 3, 4)
    assert any(torch.equal(x[0], one) for one in places.flatten(0, 1))


def test_large_pictures_are_shrunk_and_that_is_said(tmp_path: Path) -> None:
    path = write(tmp_path / "wall.png", 320, 640)
    data = read(path)
    assert data.notes[0].startswith("it is shrunk, from 320 x 640 to 256 x 512")
    assert "repeat every" in data.notes[-1]
    assert not any("shrunk" in note for note in read(path, side=320).notes)
    assert "nothing repeats" in read(write(tmp_path / "oak.png", 256, 256, "wood")).notes[-1]


def test_pictures_of_several_sizes_and_textures(tmp_path: Path) -> None:
    write(tmp_path / "a" / "1.png", 60, 90)
    write(tmp_path / "a" / "2.png", 120, 70)
    write(tmp_path / "b" / "1.png", 64, 64, "weave")
    data = read(tmp_path, num_crops=300)
    assert data.space.labels == ("a", "b")
    assert sum(data.space.label_counts) == 300
    assert min(data.space.label_counts) > 20
    assert data.space.shape == (3, 30, 30)


def test_a_part_of_each_picture_is_kept_apart(tmp_path: Path) -> None:
    path = tmp_path / "ramp.png"  # every column has a shade of its own
    Image.fromarray(np.arange(200, dtype=np.uint8)[None].repeat(64, 0)).save(path)
    data = read(path, size=16, holdout=0.25)
    assert data.held_out is not None
    seen, held = (
        one.take(torch.arange(len(one)))[0].unique().tolist() for one in (data, data.held_out)
    )
    assert max(seen) == 149
    assert min(held) == 150
    assert max(held) == 199


@pytest.mark.parametrize("held", [Image.Image, np.ndarray, torch.Tensor, list, tuple])
def test_pictures_that_the_caller_holds(held: type) -> None:
    tensor = draw_surface("weave", (64, 80))
    array = tensor.permute(1, 2, 0).numpy()
    data: Any = {
        Image.Image: Image.fromarray(array), np.ndarray: array, torch.Tensor: tensor,
        list: [array, array[:50]], tuple: ([array, array[:50]], ["x", "y"]),
    }[held]  # fmt: skip
    found = read(data, size=32)
    assert found.space.shape == (3, 32, 32)
    assert found.space.labels == (("x", "y") if held is tuple else ())


@pytest.mark.parametrize(
    ("make", "options", "said"),
    [
        (lambda p: write(p / "a.png", 12, 12), {}, "fewer than a crop of 16 x 16"),
        (lambda p: write(p / "a.png"), {"size": 90}, "has 80 x 100 pixels, fewer than a crop"),
        (lambda p: write(p / "a.png"), {"size": 8}, "too small; a side has 16 pixels or more"),
        (lambda p: write(p / "a.png"), {"holdout": 0.05}, "0.05 of it that are kept apart"),
        (lambda p: (p / "a.png").write_text("no") and p / "a.png", {}, "a.png: not an image"),
        (lambda p: (p / "n").mkdir() or p / "n", {}, "no pictures in"),
        (lambda p: "surfaces", {"pattern": "brick"}, "no pattern 'brick'. Did you mean 'bricks'"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused(
    tmp_path: Path, make: Any, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(DataError, match=said.replace(".", r"\.")):
        read(make(tmp_path), **options)


def test_mixed_channels_and_sizes_that_are_none(tmp_path: Path) -> None:
    write(tmp_path / "a.png")
    Image.open(tmp_path / "a.png").convert("L").save(tmp_path / "b.png")
    with pytest.raises(DataError, match="mixed channels: 1 with 1, 1 with 3"):
        read(tmp_path)
    assert read(tmp_path, channels=1).space.channels == 1
    with pytest.raises(ConfigError, match=r"size is 'abc': .*HEIGHTxWIDTH"):
        read(tmp_path / "a.png", size="abc")


@pytest.mark.parametrize("pattern", PATTERNS)
def test_periods_are_found_where_there_are_some(pattern: str) -> None:
    waves = waves_of(draw_surface(pattern, (256, 256), seed=4))
    period = PERIODS[pattern]
    if period is None:
        assert not waves
        return
    for down, right in waves:  # a whole number of each wave fits the period
        for cycles, length in ((down, period[0]), (right, period[1])):
            assert abs(cycles * length - round(cycles * length)) < 0.1
    assert again(draw_surface(pattern, (256, 256))[None], period) > 0.7


def test_tiles_of_any_size_have_no_seam(model: zs.TextureModel) -> None:
    made = model.sized("50x60").sample(64, where={"label": "weave"}, seed=1)
    assert made.x.shape == (64, 50, 60, 3)
    edge, inner = differences(made.tensor)
    assert float(edge.mean() / inner.mean()) < 1.1
    assert model.sample(2, seed=1).x.shape == (2, 24, 24, 3)
    assert model.sized(32).sample(1, seed=1).x.shape == (1, 32, 32, 3)


def test_sizes_are_the_same_texture_with_the_same_weights(model: zs.TextureModel) -> None:
    large = model.sized((48, 48))
    assert large.fingerprint == model.fingerprint
    assert torch.equal(large.sized(24).sample(2, seed=3).tensor, model.sample(2, seed=3).tensor)
    provenance = large.sample(1, seed=2).provenance
    assert provenance is not None
    assert provenance.recipe == "texture"


@pytest.mark.parametrize("size", ["abc", "10x", "1x2x3", 8, "9x900", (1 << 15, 1 << 15)])
def test_sizes_that_cannot_be_made(model: zs.TextureModel, size: Any) -> None:
    with pytest.raises(ConditionError, match="512x256"):
        model.sized(size)


def test_one_tile_is_drawn_as_it_is_and_several_two_by_two(model: zs.TextureModel) -> None:
    assert model.sized("40x70").sample(1, seed=1).picture().size == (70, 40)
    x = model.sized("40x70").sample(2, seed=1).tensor
    sheet = np.asarray(modality_of(model.space).preview.draw(model.space, x))
    tile = x[0].permute(1, 2, 0).numpy()
    assert np.array_equal(sheet[2:82, 2:142], np.tile(tile, (2, 2, 1)))


def test_it_is_judged_between_floor_and_ceiling(run: Path) -> None:
    figures = {
        one.name.partition("/")[0]: one for one in zs.evaluate(run, n=40, quiet=True).figures
    }
    distance = next(one for name, one in figures.items() if name.startswith("patch_distance"))
    assert distance.ceiling is not None
    assert distance.floor is not None
    assert distance.ceiling < distance.floor
    seam = next(one for name, one in figures.items() if name.startswith("seam"))
    assert seam.value < 1.1


def test_measures_know_crops_from_shuffled_pixels_and_other_textures() -> None:
    def crops(pattern: str, seed: int) -> SampleSet:
        data = read("surfaces", pattern=pattern, seed=seed, size=32, num_crops=128)
        x = data.take(torch.arange(128))[0]
        return SampleSet(x, x.flatten(1).float())

    space = read("surfaces", size=32).space
    assert isinstance(space, TextureSpace)
    context = MetricContext(space, extractor="", split="holdout", replicates=5)
    reals, fresh, others = crops("bricks", 0), crops("bricks", 1), crops("weave", 0)
    shuffled = space.independent(reals.x, 128, Noise(0))
    floor = SampleSet(shuffled, shuffled.flatten(1).float())

    def distance(one: SampleSet) -> float:
        return PatchDistance().read(one, reals, context)["patch_distance"].value

    assert 2 * distance(fresh) < distance(floor) < distance(others)
    assert distance(reals) == 0
    assert Seam().read(reals, reals, context)["seam"].value > 1.1
    tiles = torch.stack([draw_surface("weave", (32, 32), seed=i) for i in range(32)])  # two periods
    assert Seam().read(SampleSet(tiles, tiles.flatten(1)), reals, context)["seam"].value < 1.1


def test_other_recipes_say_what_sizes_are_for(tmp_path: Path) -> None:
    model = zs.train("dcgan", data="digits", samples=64, out=tmp_path / "run", **QUICK)
    with pytest.raises(ConditionError, match=r"makes samples of one size.*such as texture"):
        model.sized(64)


def test_little_pictures_repeat_nowhere_beside_their_waves() -> None:
    picture = torch.zeros(1, 16, 16, dtype=torch.uint8)
    assert waves_of(picture) == []
    picture[0, :, 3] = 255
    assert len(waves_of(picture)) <= 1
