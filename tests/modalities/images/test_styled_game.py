"""Styles: truncated, mixed, interpolated; path lengths that are held even."""

import pytest
import torch

from zerosum.errors import RecipeError
from zerosum.games.base import StepContext
from zerosum.modalities.images.styled_game import Styled, StyledConfig
from zerosum.networks.mlp import MlpGeneratorConfig
from zerosum.networks.style import StyleDiscriminatorConfig, StyleGeneratorConfig
from zerosum.rng import Noise, seeded_initialisation
from zerosum.spaces import Batch, ImageSpace

SPACE = ImageSpace(channels=1, height=8, width=8)


def make_game(**given: object) -> Styled:
    config = StyledConfig.from_json(
        StyledConfig(
            latent_dim=6,
            generator=StyleGeneratorConfig(width=8, style_dim=8),
            discriminator=StyleDiscriminatorConfig(width=8),
        ).to_json()
        | given
    )
    with seeded_initialisation(0):
        game = config.build(SPACE)
    for layer in game.generator.second:
        layer.get_parameter("strength").data.fill_(0.1)
    return game


def context() -> StepContext:
    return StepContext(8, Noise(1), 0, 0.0, lambda: Batch(Noise(2).normal(8, 1, 8, 8)))


def test_truncation_pulls_styles_to_their_centre() -> None:
    game = make_game()
    game.generator.centre.fill_(0.3)
    inputs = game.draw(4, Noise(0))
    full = game.styles(inputs)
    half = game.styles(game.control(inputs, "truncation", torch.full((4,), 0.5)))
    none = game.styles(game.control(inputs, "truncation", torch.zeros(4)))
    torch.testing.assert_close(half, 0.5 * (full + 0.3))
    torch.testing.assert_close(none, torch.full_like(none, 0.3))
    assert torch.equal(game.styles(inputs), full)


def test_mixed_samples_take_coarse_and_fine_styles_from_two() -> None:
    game = make_game()
    coarse, fine = game.draw(3, Noise(0)), game.draw(3, Noise(1))
    styles = game.styles(game.mixed(coarse, fine, 1))
    torch.testing.assert_close(styles[:, :1], game.styles(coarse)[:, :1])
    torch.testing.assert_close(styles[:, 1:], game.styles(fine)[:, 1:])


@pytest.mark.parametrize("mixing", [0.0, 0.5, 1.0])
def test_the_training_mixes_as_often_as_it_says(mixing: float) -> None:
    game = make_game(mixing=mixing)
    layer = game.draw_latents(2_000, Noise(0))[:, -3]
    assert float((layer < game.num_styles).float().mean()) == pytest.approx(mixing, abs=0.04)
    assert layer.min() >= 1
    assert (game.draw(100, Noise(0)).z[:, -3] == game.num_styles).all()


def test_interpolation_keeps_noise_and_truncation() -> None:
    game = make_game()
    a, b = game.draw(2, Noise(0)), game.draw(2, Noise(1))
    a = game.control(a, "truncation", torch.tensor([0.7, 0.2]))
    between = game.interpolate(a, b, 0.5)
    assert torch.equal(between.z[:, -3:], a.z[:, -3:])
    torch.testing.assert_close(game.interpolate(a, b, 0.0).z, a.z)
    assert not torch.allclose(between.z[:, :6], a.z[:, :6])


def test_the_centre_follows_the_styles_of_the_training() -> None:
    game = make_game()
    with torch.no_grad():
        for i in range(600):
            game.make(game.draw(16, Noise(i)))
    mean = torch.cat([game.styles(game.draw(64, Noise(i)))[:, 0] for i in range(50)]).mean(0)
    torch.testing.assert_close(game.generator.centre, mean, rtol=0.2, atol=0.05)
    before = game.generator.centre.clone()
    game.generate(game.draw(4, Noise(0)))
    game.generator_loss(context())
    assert torch.equal(game.generator.centre, before)


def test_path_lengths_are_paid_for_and_remembered() -> None:
    game = make_game(path_weight=2.0, path_every=4)
    game.path_length.fill_(0.5)
    terms = game.path_loss(context())
    assert game.path_length != 0.5
    terms["path_length"].backward()
    assert all(p.grad is not None for p in game.generator.mapping.parameters())
    assert [move.every for move in game.moves()] == [1, 1, 4]
    assert len(make_game(path_weight=0.0).moves()) == 2


def test_a_generator_without_styles_is_refused() -> None:
    with pytest.raises(RecipeError, match="takes no styles"):
        make_game(generator=MlpGeneratorConfig(width=8).to_json())
