"""A game that a file describes is no larger than what its weights allow."""

import pytest
import torch

from zerosum.catalogue import all_recipes, find_recipe
from zerosum.config import family_of
from zerosum.errors import ConfigError, RecipeError, RunError
from zerosum.games.base import GameConfig
from zerosum.games.build import build_game
from zerosum.games.two_player import TwoPlayerConfig
from zerosum.modalities.sound.space import sound_space
from zerosum.networks.mlp import MlpDiscriminatorConfig, MlpGeneratorConfig
from zerosum.rng import seeded_initialisation
from zerosum.testing import small_dataset


@pytest.mark.parametrize("name", list(all_recipes()))
def test_every_recipe_fits_its_own_weights(name: str) -> None:
    entry = all_recipes()[name]
    space = small_dataset(entry.spaces[0]).space
    try:
        recipe = entry.resolve(space)
    except RecipeError:
        pytest.skip("this data does not suit it")
    with seeded_initialisation(0):
        game = recipe.game.build(space)
    saved = game.state_dict()
    with seeded_initialisation(0):
        built = build_game(recipe.game, space, saved.values())
    again = built.state_dict()
    assert all(torch.equal(saved[key], again[key]) for key in saved)


@pytest.mark.parametrize(("width", "depth"), [(65_536, 2), (4_096, 1_024), (1, 1_024), (8, 1_024)])
def test_a_game_far_larger_than_its_weights_is_not_built(width: int, depth: int) -> None:
    config = TwoPlayerConfig(
        generator=MlpGeneratorConfig(width=width, depth=depth),
        discriminator=MlpDiscriminatorConfig(),
    )
    if width * depth < 65_536:  # small after all: it is not the depth alone
        build_game(config, small_dataset("point").space, [torch.zeros(9)])
        return
    with pytest.raises(RunError, match="far larger than the weights"):
        build_game(config, small_dataset("point").space, [torch.zeros(9)])


def test_sizes_are_bounded() -> None:
    for changes in ({"depth": 10**9}, {"width": 10**9}, {"label_dim": 10**9}):
        with pytest.raises(ConfigError, match="less than or equal to"):
            MlpGeneratorConfig.from_json({"kind": "mlp_generator", **changes})
    assert "two_player" in family_of(GameConfig)


def test_long_sounds_take_their_time_to_become_waves() -> None:
    """Finding phases makes many numbers, one after another."""
    space = sound_space(torch.empty(0, 1, 64_000), 16_000)
    recipe = find_recipe("sound").resolve(space).with_values({"game.generator.width": 8})
    saved = recipe.game.build(space).get_submodule("generator").state_dict()
    assert build_game(recipe.game, space, saved.values()).space == space
