"""Captions that are wrong by a word, and a game that asks for them."""

import torch

import zerosum as zs
from tests.workflows.conftest import QUICK
from zerosum.modalities.images.altered import altered, alternatives
from zerosum.modalities.images.caption_game import CaptionGame
from zerosum.modalities.images.captions import CaptionSpace
from zerosum.rng import Noise

WORDS = CaptionSpace(words=("a", "red", "blue", "ring", "above", "below", "the"), length=7)
SAID = ("a red ring above a blue ring", "a blue ring below a red ring", "a red ring")


def codes(*captions: str) -> torch.Tensor:
    return torch.stack([WORDS.encode(one) for one in captions])


def test_words_between_the_same_neighbours_take_each_others_place() -> None:
    others = alternatives(codes(*SAID), 9)
    pairs = {tuple(WORDS.words[i - 2] for i in pair) for pair in others.nonzero().tolist()}
    assert pairs == {("red", "blue"), ("blue", "red"), ("above", "below"), ("below", "above")}


def test_one_word_is_replaced_or_two_are_exchanged() -> None:
    others = alternatives(codes(*SAID), 9)
    drawn = altered(codes(SAID[0]).repeat(200, 1), others, Noise(0))
    assert {WORDS.decode(one) for one in drawn} == {
        "a blue ring above a blue ring", "a red ring above a red ring",
        "a red ring below a blue ring", "a blue ring above a red ring",
    }  # fmt: skip
    exchanged = sum(WORDS.decode(one) == "a blue ring above a red ring" for one in drawn)
    assert 70 < exchanged < 130, "one in two"
    assert torch.equal(altered(codes("the ring"), others, Noise(0)), codes("the ring"))


def test_an_image_is_held_against_its_own_altered_captions() -> None:
    narrow = {
        "game.generator.width": 4, "game.discriminator.width": 4, "game.text_dim": 8,
        "game.features": 8, "game.altered": 2,
    }  # fmt: skip
    model = zs.train(
        "text2image", data="scenes", samples=32, options={"num_samples": 64}, set=narrow, **QUICK
    )
    game = model.game
    assert isinstance(game, CaptionGame)
    captions = game.captions[:4]
    beside = torch.stack([captions, captions, captions.flip(1)], dim=1)
    x = torch.zeros(4, 3, 32, 32)
    outputs = game.outputs(x, beside)
    assert outputs.shape == (4, 1 + 4 + 2)
    assert torch.allclose(outputs[:, 5], outputs[:, 1:5].diagonal())
    assert not torch.allclose(outputs[:, 6], outputs[:, 5]), "order counts"
    assert torch.allclose(game.outputs(x, captions[:, None]), outputs[:, :5])
