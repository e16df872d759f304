"""Photos drawn in a texture: their light and shade, their forms, what is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.functional import avg_pool2d

import zerosum as zs
from tests.workflows.conftest import QUICK
from zerosum.errors import ConditionError, DataError
from zerosum.modalities.images.surfaces import draw_surface
from zerosum.pictures import luma

SMALL = {
    "game.generator.width": 4, "game.generator.max_width": 8, "game.discriminator.width": 4,
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("drawing")
    for pattern in ("wood", "weave"):
        path = place / "walls" / pattern / "one.png"
        path.parent.mkdir(parents=True)
        pixels = draw_surface(pattern, (64, 64)).permute(1, 2, 0).numpy()
        Image.fromarray(pixels).save(path)
    zs.train(
        "texture", data=place / "walls", out=place / "run", samples=240, size=24,
        options={"num_crops": 200}, set=SMALL, **QUICK,
    )  # fmt: skip
    return place / "run"


@pytest.fixture(scope="module")
def model(run: Path) -> zs.TextureModel:
    return zs.load(run, recipe="texture")


def sun(height: int = 48, width: int = 64) -> np.ndarray:
    """A bright disc before a dark sky."""
    down, right = np.mgrid[:height, :width]
    disc = np.hypot(down - height / 2, right - width / 2) < height / 3
    return np.where(disc[:, :, None], [250, 200, 90], [10, 20, 60]).astype(np.uint8)


def alike(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of light and shade, averaged over 8 x 8 pixels."""
    x = torch.from_numpy(np.stack([a, b])).permute(0, 3, 1, 2).float()
    light = avg_pool2d(luma(x), 8).flatten(1)
    return float(torch.corrcoef(light)[0, 1])


def test_light_and_shade_are_those_of_the_photo(model: zs.TextureModel) -> None:
    photo = sun()
    told: list[tuple[str, int, int]] = []
    drawn = model.translate(photo, where={"label": "wood"}, progress=lambda *at: told.append(at))
    assert drawn.shape == photo.shape
    assert drawn.dtype == np.uint8
    plain = model.sized((48, 64)).sample(1, where={"label": "wood"}, seed=0).x[0]
    assert alike(drawn, photo) > alike(plain, photo) + 0.3
    assert told[0][:2] == ("drawing", 0)
    again = model.translate([photo], where={"label": "wood"})
    assert np.array_equal(again[0], drawn)
    weak = model.translate(photo, strength=0.1, where={"label": "wood"})
    assert alike(weak, photo) < alike(drawn, photo)


def test_alpha_is_kept_and_grey_is_taken(model: zs.TextureModel) -> None:
    alpha = np.full((32, 32, 1), 255, np.uint8)
    alpha[:8] = 0
    drawn = model.translate(np.concatenate([sun(32, 32), alpha], axis=2))
    assert drawn.shape == (32, 32, 4)
    assert np.array_equal(drawn[:, :, 3:], alpha)
    assert model.translate(sun(17, 30)[:, :, 0]).shape == (17, 30, 3)


def test_what_cannot_be_drawn_is_refused(model: zs.TextureModel) -> None:
    for strength in (0, -1, 4.5, float("nan")):
        with pytest.raises(ConditionError, match=r"above 0 and at most 4"):
            model.translate(sun(), strength=strength)
    with pytest.raises(DataError, match=r"8 x 64 cannot be drawn.*16 pixels or more"):
        model.translate(sun(8, 64))
    with pytest.raises(DataError, match=r"2000 x 2000 cannot.*1,048,576 at most"):
        model.translate(np.zeros((2_000, 2_000), np.uint8))


def test_folders_keep_their_names(model: zs.TextureModel, tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    Image.fromarray(sun(16, 16)).save(tmp_path / "in" / "deep" / "sun.jpg")
    (tmp_path / "in" / "bad.png").write_bytes(b"no image")
    Image.fromarray(sun(8, 64)).save(tmp_path / "in" / "flat.png")
    done = model.translate_files(tmp_path / "in", tmp_path / "out")
    assert done.paths == [tmp_path / "out" / "deep" / "sun.png"]
    assert [name for name, _ in done.failed] == ["bad.png", "flat.png"]
    assert "8 x 64 cannot be drawn" in done.failed[1][1]
