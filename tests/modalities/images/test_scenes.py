"""Simulated scenes: what is drawn is read back, and held-out pairs are held out."""

from dataclasses import replace

import torch

from zerosum.modalities.images.scenes import (
    HELD_OUT,
    RELATIONS,
    FoundThing,
    Scene,
    Thing,
    draw_scenes,
    read_scenes,
)

RED, BLUE = Thing("red", "ring", "small"), Thing("blue", "square")
FOUND_RED, FOUND_BLUE = (
    FoundThing("red", "ring", "small", 6, 16),
    FoundThing("blue", "square", "large", 22, 15),
)


def test_every_word_is_read_back() -> None:
    for combinations in ("seen", "held_out"):
        pictures, scenes = draw_scenes(150, seed=7, combinations=combinations)
        for scene, found in zip(scenes, read_scenes(pictures), strict=True):
            assert all(all(words) for words in scene.agrees(found).values()), scene.caption


def test_pairs_are_held_out_and_captions_say_all() -> None:
    _, scenes = draw_scenes(600, seed=1)
    pairs = {(thing.colour, thing.shape) for scene in scenes for thing in scene.things}
    assert len(pairs) == 20
    assert not pairs & {*HELD_OUT}
    _, others = draw_scenes(200, seed=1, combinations="held_out")
    for scene in others:
        assert any((thing.colour, thing.shape) in HELD_OUT for thing in scene.things)
    assert {scene.relation for scene in scenes} == {None, *RELATIONS}
    assert {scene.count for scene in scenes} == {1, 2, 3}
    words = {word for scene in scenes + others for word in scene.caption.split()}
    seen = {word for scene in scenes for word in scene.caption.split()}
    assert words == seen, "a word that training never sees cannot be known"


def test_the_same_seed_draws_the_same() -> None:
    (x, scenes), (y, again) = draw_scenes(5, seed=3), draw_scenes(5, seed=3)
    assert torch.equal(x, y)
    assert scenes == again
    assert not torch.equal(x, draw_scenes(5, seed=4)[0])


def test_wrong_pictures_are_wrong_in_what_is_wrong() -> None:
    scene = Scene((RED, BLUE), relation="left of")
    right = {"count": [True], "colour": [True] * 2, "shape": [True] * 2, "size": [True]}
    both = [FOUND_RED, FOUND_BLUE]
    assert scene.agrees(both) == right | {"relation": [True]}
    assert scene.agrees([FOUND_BLUE, FOUND_RED]) == right | {"relation": [True]}
    assert replace(scene, relation="above").agrees(both)["relation"] == [False]
    green = [replace(FOUND_RED, colour="green"), FOUND_BLUE]
    assert scene.agrees(green)["colour"].count(False) == 1
    assert scene.agrees([FOUND_RED])["count"] == [False]
    assert not any(scene.agrees([])["shape"])
    two = Scene((BLUE,), count=2)
    assert two.agrees([FOUND_BLUE])["count"] == [False]
    at_left = Scene((RED,), place="on the left")
    assert at_left.agrees([FOUND_RED])["place"] == [True]
    assert at_left.agrees([replace(FOUND_RED, x=27.0)])["place"] == [False]


def test_a_shape_like_none_has_no_name() -> None:
    picture = draw_scenes(1)[0] * 0 + torch.tensor([26, 26, 32], dtype=torch.uint8)[:, None, None]
    picture[0, :, 4:7, 2:30] = 235  # a bar
    (found,) = read_scenes(picture)
    assert [one.shape for one in found] == [""]
