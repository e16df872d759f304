"""Images of every size and form are translated, and alpha survives."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from zerosum.catalogue import find_recipe
from zerosum.errors import ConditionError, DataError, RunError
from zerosum.modalities.images.translation import TranslationModel
from zerosum.modalities.images.translation_game import TranslationGame
from zerosum.networks.translator import Translator
from zerosum.rng import Noise, seeded_initialisation
from zerosum.testing import small_dataset
from zerosum.workflows.load import model_of


def translator(recipe: str, *, space: str = "pair", channels: int = 3, **changes: Any) -> Any:
    dataset = small_dataset(space, channels=channels, height=16, width=16, num_labels=0)
    resolved = find_recipe(recipe).resolve(dataset.space)
    resolved = resolved.with_values({f"game.{k}": v for k, v in changes.items()})
    with seeded_initialisation(0):
        game = resolved.game.build(dataset.space)
    return model_of(resolved, game)


class Inverse(Translator):
    """Negatives, which an inverse tanh makes exact."""

    stride = 4

    def forward(self, x: Tensor, noise: Noise | None = None) -> Tensor:
        return (-x).clamp(-0.999999, 0.999999).atanh()


@pytest.fixture
def inverse() -> TranslationModel:
    model = translator("pix2pix")
    assert isinstance(model.game, TranslationGame)
    model.game.generator = Inverse()
    return model


def colours(height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (height, width, channels), dtype=np.uint8)


@pytest.mark.parametrize("size", [(16, 16), (9, 13), (1, 1), (3, 50), (70, 41)])
def test_every_size_comes_back(inverse: TranslationModel, size: tuple[int, int]) -> None:
    x = colours(*size)
    assert np.array_equal(inverse.translate(x), 255 - x)
    assert np.array_equal(inverse.translate(x, tile=16, overlap=8), 255 - x)


@pytest.mark.parametrize("size", [(8, 8), (17, 40)])
def test_a_real_network_takes_every_size(size: tuple[int, int]) -> None:
    assert translator("pix2pix").translate(colours(*size)).shape == (*size, 3)


def test_every_form_comes_back_as_it_came(inverse: TranslationModel, tmp_path: Path) -> None:
    x = colours(12, 10)
    Image.fromarray(x).save(tmp_path / "x.png")
    picture = inverse.translate(tmp_path / "x.png")
    assert isinstance(picture, Image.Image)
    assert np.array_equal(np.asarray(picture), 255 - x)
    again = inverse.translate([Image.fromarray(x), torch.from_numpy(x).permute(2, 0, 1)])
    assert isinstance(again[0], Image.Image)
    assert np.array_equal(np.asarray(again[0]), 255 - x)
    assert np.array_equal(again[1].permute(1, 2, 0).numpy(), 255 - x)
    grey = inverse.translate(x[:, :, 0])
    assert np.array_equal(grey, np.repeat(255 - x[:, :, :1], 3, axis=2))


def test_alpha_survives(inverse: TranslationModel) -> None:
    x = colours(20, 30, 4)
    x[:5, :, 3], x[5:10, :, 3] = 255, 0
    made = inverse.translate(x)
    assert np.array_equal(made[:, :, 3], x[:, :, 3])
    assert np.array_equal(made[:5, :, :3], 255 - x[:5, :, :3])


def test_colour_is_taken_off_the_white_that_it_was_laid_over(inverse: TranslationModel) -> None:
    assert isinstance(inverse.game, TranslationGame)
    inverse.game.finish = lambda raw, source: source  # nothing changes
    x = colours(20, 30, 4)
    x[:, :, 3] = np.maximum(x[:, :, 3], 20)
    made = inverse.translate(x)
    assert int(np.abs(made.astype(int) - x).max()) <= 1


def test_a_model_of_four_channels_makes_its_own_alpha() -> None:
    model = translator("pix2pix", channels=4)
    assert model.translate(colours(16, 20, 3)).shape == (16, 20, 4)
    assert model.translate(colours(16, 20, 4)).shape == (16, 20, 4)


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.zeros((4, 4, 3)), "array of float64"),
        (np.zeros((4, 4, 2), np.uint8), r"shape \(4, 4, 2\)"),
        (torch.zeros(5, 4, 3, dtype=torch.uint8), r"shape \(5, 4, 3\)"),
        ("nowhere.png", "no image at nowhere.png"),
        (7, "of type int"),
    ],
)
def test_what_is_no_picture_is_refused(inverse: TranslationModel, picture: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        inverse.translate(picture)


def test_wishes_that_cannot_be_are_refused(inverse: TranslationModel) -> None:
    x = colours(8, 8)
    with pytest.raises(ConditionError, match=r"'B2A', and this model translates A2B alone"):
        inverse.translate(x, direction="B2A")
    with pytest.raises(ConditionError, match="takes no mask"):
        inverse.translate(x, mask=x)
    with pytest.raises(ConditionError, match="tile=8"):
        inverse.translate(x, tile=8)
    with pytest.raises(ConditionError, match="overlap=40"):
        inverse.translate(x, tile=64, overlap=40)


def put(path: Path, x: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(x).save(path)


def test_a_folder_keeps_its_names(inverse: TranslationModel, tmp_path: Path) -> None:
    for i, name in enumerate(["a.png", "deep/b.bmp", "same.png", "same.bmp"]):
        put(tmp_path / "in" / name, colours(9 + i, 12, seed=i))
    (tmp_path / "in" / "bad.png").write_bytes(b"no image")
    (tmp_path / "in" / "notes.txt").write_text("nothing")
    heard: list[tuple[str, int, int]] = []
    done = inverse.translate_files(
        tmp_path / "in", tmp_path / "out", progress=lambda *words: heard.append(words)
    )
    names = sorted(path.relative_to(tmp_path / "out").as_posix() for path in done.paths)
    assert names == ["a.png", "deep/b.png", "same.bmp.png", "same.png.png"]
    assert [name for name, _ in done.failed] == ["bad.png"]
    assert heard[-1] == ("translating images", 5, 5)
    with Image.open(tmp_path / "out" / "deep" / "b.png") as picture:
        assert np.array_equal(np.asarray(picture), 255 - colours(10, 12, seed=1))
    written = {path.name for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert written == {"a.png", "b.png", "same.bmp.png", "same.png.png"}
    with pytest.raises(RunError, match="not an empty folder"):
        inverse.translate_files(tmp_path / "in", tmp_path / "out")
    with pytest.raises(RunError, match="not an empty folder"):
        inverse.translate_files(tmp_path / "in", tmp_path / "in")


def test_a_single_picture(inverse: TranslationModel, tmp_path: Path) -> None:
    put(tmp_path / "x.png", colours(9, 12))
    done = inverse.translate_files(tmp_path / "x.png", tmp_path / "out")
    assert done.paths == [tmp_path / "out" / "x.png"]
    done = inverse.translate_files(tmp_path / "x.png", tmp_path / "y.png")
    assert done.paths == [tmp_path / "y.png"]
    with pytest.raises(RunError, match="the image itself"):
        inverse.translate_files(tmp_path / "x.png", tmp_path)


def test_folders_without_pictures_are_refused(inverse: TranslationModel, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(DataError, match=r"no images in .*in \(0 files\)"):
        inverse.translate_files(tmp_path / "in", tmp_path / "out")
    (tmp_path / "in" / "bad.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"none of the images in .*bad\.png: not an image"):
        inverse.translate_files(tmp_path / "in", tmp_path / "out")
    with pytest.raises(DataError, match="no file or folder"):
        inverse.translate_files(tmp_path / "nowhere", tmp_path / "out")


@pytest.mark.parametrize(
    ("ending", "form", "alpha"),
    [
        (".png", "PNG", True),
        (".jpg", "JPEG", False),
        (".webp", "WEBP", True),
        (".bmp", "BMP", False),
    ],
)
def test_a_file_name_says_the_form(
    inverse: TranslationModel, tmp_path: Path, ending: str, form: str, alpha: bool
) -> None:
    x = colours(16, 16, 4)
    x[:, :8, 3], x[:, 8:, 3] = 255, 0
    Image.fromarray(x).save(tmp_path / "x.png")
    done = inverse.translate_files(tmp_path / "x.png", tmp_path / f"out{ending}")
    assert done.paths == [tmp_path / f"out{ending}"]
    with Image.open(done.paths[0]) as picture:
        assert picture.format == form
        assert ("A" in picture.mode) == alpha
        if not alpha:
            assert np.asarray(picture)[:, 10:].mean() > 240, "white where it was transparent"
