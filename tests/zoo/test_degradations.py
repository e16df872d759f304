"""Recipes that undo what they do to images themselves: what is kept, and what is asked for."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from zerosum.catalogue import find_recipe
from zerosum.errors import ConditionError, DataError, RecipeError
from zerosum.modalities.images.translation import TranslationModel
from zerosum.modalities.images.translation_game import Degradation
from zerosum.pictures import luma
from zerosum.rng import Noise, seeded_initialisation
from zerosum.spaces import ImageSpace
from zerosum.workflows.load import model_of
from zerosum.zoo.colorize import with_chroma
from zerosum.zoo.inpaint import rectangles, strokes
from zerosum.zoo.sketch import edges, grey

NAMES = ("upscale", "inpaint", "colorize", "sketch")


def translator(name: str, *, channels: int = 3, side: int = 16, **changes: Any) -> TranslationModel:
    space = ImageSpace(channels=channels, height=side, width=side)
    values = {f"game.{key}": value for key, value in {"generator.width": 8, **changes}.items()}
    recipe = find_recipe(name).resolve(space).with_values(values)
    with seeded_initialisation(0):
        game = recipe.game.build(space)
    model = model_of(recipe, game)
    assert isinstance(model, TranslationModel)
    return model


def game_of(name: str, **changes: Any) -> Degradation:
    game = translator(name, **changes).game
    assert isinstance(game, Degradation)
    return game


def colours(height: int, width: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, channels), dtype=np.uint8)


def pictures(n: int, channels: int = 3, side: int = 16) -> torch.Tensor:
    return 2 * Noise(0).uniform(n, channels, side, side) - 1


@pytest.mark.parametrize("size", [(16, 16), (9, 13), (40, 21)])
@pytest.mark.parametrize(("name", "factor"), [*((n, 1) for n in NAMES[1:]), ("upscale", 2)])
def test_what_comes_out_is_as_large_times_the_factor(
    name: str, factor: int, size: tuple[int, int]
) -> None:
    mask = np.zeros(size, bool) if name == "inpaint" else None
    made = translator(name).translate(colours(*size), mask=mask)
    assert made.shape == (factor * size[0], factor * size[1], 3)


@pytest.mark.parametrize("name", NAMES)
def test_alpha_is_carried_through(name: str) -> None:
    x = colours(12, 20, 4)
    mask = np.zeros((12, 20), bool) if name == "inpaint" else None
    made = translator(name).translate(x, mask=mask)
    if name == "sketch":  # a drawing on nothing becomes an image
        assert made.shape == (12, 20, 3)
    elif name == "upscale":
        whole = np.asarray(Image.fromarray(x[:, :, 3]).resize((40, 24), Image.Resampling.BICUBIC))
        assert np.corrcoef(made[:, :, 3].ravel(), whole.ravel())[0, 1] > 0.98
    else:
        assert np.array_equal(made[:, :, 3], x[:, :, 3])


@pytest.mark.parametrize("factor", [2, 4])
def test_an_untrained_upscale_is_bicubic(factor: int) -> None:
    model = translator("upscale", factor=factor)
    with torch.no_grad():
        for parameter in model.game.get_submodule("generator").parameters():
            parameter.zero_()
    x = np.zeros((16, 16, 3), np.uint8)
    x[4:12, 4:12] = 200
    made = model.translate(x)
    bicubic = Image.fromarray(x).resize((16 * factor, 16 * factor), Image.Resampling.BICUBIC)
    # The kernel of torch has a = -0.75, and that of Pillow a = -0.5.
    assert np.abs(made.astype(int) - np.asarray(bicubic)).mean() < 3


def test_upscale_shrinks_what_it_learns_from() -> None:
    game = game_of("upscale", side=9, factor=2)
    small = game.degrade(pictures(2, side=9), Noise(0))
    assert small.shape == (2, 3, 5, 5)
    assert torch.equal(small, game.source.to_model(game.source.to_data(small)))
    assert game.make(small).shape == (2, 3, 9, 9)
    with pytest.raises(Exception, match="factor is 3"):
        translator("upscale", factor=3)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_inpaint_keeps_what_is_known(channels: int) -> None:
    model = translator("inpaint", channels=channels)
    x = colours(40, 30, channels)
    mask = np.zeros((40, 30), bool)
    mask[10:20, 5:25] = True
    made = model.translate(x, mask=mask, tile=16, overlap=8)
    assert np.array_equal(made[~mask], x[~mask])
    assert not np.array_equal(made[mask], x[mask])
    hidden = x.copy()
    hidden[mask] = 7
    assert np.array_equal(model.translate(hidden, mask=mask, tile=16, overlap=8), made)
    white = np.where(mask, 255, 0).astype(np.uint8)
    assert np.array_equal(model.translate(x, mask=Image.fromarray(white), tile=16, overlap=8), made)


def test_a_mask_has_to_fit() -> None:
    model = translator("inpaint")
    with pytest.raises(DataError, match=r"the mask is 8 x 9 and the image 16 x 16"):
        model.translate(colours(16, 16), mask=np.ones((8, 9), bool))
    with pytest.raises(ConditionError, match="give a mask"):
        model.translate(colours(16, 16))


def test_masks_by_name(tmp_path: Path) -> None:
    model = translator("inpaint")
    for name, column in (("a", 2), ("b", 9)):
        mask = np.zeros((16, 16), np.uint8)
        mask[:, column] = 255
        for folder, pixels in (("in", colours(16, 16)), ("masks", mask)):
            (tmp_path / folder).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / folder / f"{name}.png")
    model.translate_files(tmp_path / "in", tmp_path / "out", mask=tmp_path / "masks")
    for name, column in (("a", 2), ("b", 9)):
        with Image.open(tmp_path / "out" / f"{name}.png") as made:
            differ = (np.asarray(made) != colours(16, 16)).any((0, 2))
        assert np.flatnonzero(differ).tolist() == [column]
    (tmp_path / "masks" / "b.png").unlink()
    done = model.translate_files(tmp_path / "in", tmp_path / "new", mask=tmp_path / "masks")
    assert [path.name for path in done.paths] == ["a.png"]
    assert [(name, "there is no mask called b in" in why) for name, why in done.failed] == [
        ("b.png", True)
    ]
    one = model.translate_files(
        tmp_path / "in", tmp_path / "one", mask=tmp_path / "masks" / "a.png"
    )
    assert len(one.paths) == 2


def test_holes_are_there_and_leave_something() -> None:
    noise = Noise(3)
    for height, width in ((8, 8), (20, 33)):
        box = rectangles(noise.uniform(200, 4), height, width)
        brush = strokes(noise.uniform(200, 11), height, width)
        for holes in (box, brush):
            share = holes.float().mean((1, 2))
            assert float(share.min()) > 0
            assert float(share.max()) < 0.8
        first = box[0].nonzero()
        low, high = first.amin(0), first.amax(0)
        assert int(box[0].sum()) == int((high - low + 1).prod())
        middle = box.float().mean(0)[height // 4 : -(height // 4), width // 4 : -(width // 4)]
        assert float(middle.min()) > 0  # every place but the rim is cut out now and then


def test_inpaint_hides_what_is_to_be_filled() -> None:
    game = game_of("inpaint")
    x = pictures(50)
    source = game.degrade(x, Noise(1))
    hole = (source[:, -1:] < 0).expand_as(x)
    assert bool((source[:, :-1][hole] == 0).all())
    assert torch.equal(source[:, :-1][~hole], x[~hole])
    made = game.make(source)
    assert torch.equal(made[~hole], x[~hole])


def test_colour_keeps_luma() -> None:
    y = 2 * Noise(0).uniform(2, 1, 40, 40) - 1
    chroma = 2 * Noise(1).uniform(2, 2, 40, 40) - 1
    made = with_chroma(y, chroma)
    assert float(made.abs().max()) <= 1 + 1e-5
    assert float((luma(made) - y).abs().max()) < 1e-5
    assert float(made.std(1).mean()) > 0.1
    grey_again = with_chroma(y, torch.zeros_like(chroma))
    assert torch.allclose(grey_again, y.expand(-1, 3, -1, -1))
    x = colours(24, 17)
    y_before = np.asarray(Image.fromarray(x).convert("L")).astype(int)
    made = translator("colorize").translate(x)
    y_after = np.asarray(Image.fromarray(made).convert("L")).astype(int)
    assert np.abs(y_after - y_before).max() <= 1
    assert translator("colorize").translate(x[:, :, 0]).shape == (24, 17, 3)


def test_a_true_chroma_gives_the_true_colours() -> None:
    x = pictures(2)
    y = luma(x)
    chroma = torch.cat([(x[:, 2:] - y) / 1.772, (x[:, :1] - y) / 1.402], dim=1)
    assert torch.allclose(with_chroma(y, chroma), x, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 4])
def test_colorize_needs_colour(channels: int) -> None:
    with pytest.raises(RecipeError, match="it needs colour, with 3 channels"):
        translator("colorize", channels=channels)
    game = find_recipe("colorize").resolve(ImageSpace(channels=3, height=8, width=8)).game
    with pytest.raises(RecipeError, match="3 channels"):
        game.build(ImageSpace(channels=channels, height=8, width=8))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_edges_are_dark_where_something_changes(channels: int) -> None:
    x = -torch.ones(1, channels, 9, 9)
    x[..., 5:] = 1
    x[:, 3:] = 1  # opaque
    drawn = edges(grey(x), 1.0)
    assert drawn.shape == (1, 1, 9, 9)
    assert drawn[0, 0, 4].tolist() == pytest.approx([1, 1, 1, 1, -1, -1, 1, 1, 1], abs=1e-5)
    turned = edges(grey(x.transpose(2, 3)), 1.0)
    assert torch.allclose(turned, drawn.transpose(2, 3), atol=1e-6)
    assert bool((edges(torch.zeros(1, 1, 8, 8), 9.0) == 1).all())


@pytest.mark.parametrize("name", NAMES)
def test_without_adversarial_weight(name: str) -> None:
    game = game_of(name, adversarial_weight=0)
    assert game.discriminator is None
    assert [move.player for move in game.moves()] == ["generator"]
