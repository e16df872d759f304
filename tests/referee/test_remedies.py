"""Every remedy changes the recipe of every game of two players, once, and the result trains."""

from functools import cache

import pytest
import torch

from zerosum.catalogue import all_recipes
from zerosum.data.base import Dataset
from zerosum.engine.carry import carry_over
from zerosum.engine.execution import Execution
from zerosum.engine.trainer import Trainer
from zerosum.errors import RecipeError
from zerosum.recipe_registry import Recipe
from zerosum.referee.diagnosis import REMEDIES_FOR
from zerosum.referee.remedies import REMEDIES, find_remedy
from zerosum.runtime import Runtime
from zerosum.testing import small_dataset
from zerosum.workflows.prepare import make_trainer

CASES = [(name, space) for name, entry in all_recipes().items() for space in entry.spaces]
SLOW = {("cgan", "point"), ("dcgan", "image"), ("infogan", "image"), ("vanilla", "image"),
        ("wgan_gp", "image")}  # fmt: skip
"""Recipes whose game another one plays too, or on points."""
UNCHANGED = {"roll-back", "new-seed"}


def recipe_of(name: str, space: str) -> Recipe:
    recipe = all_recipes()[name].resolve(data_of(name, space).space)
    players = [p for p in ("generator", "discriminator") if p in recipe.to_json()["game"]]
    by_likelihood = ("table", "relational", "sequences", "string")
    narrow = {} if space in by_likelihood else {_width_of(recipe, one): 16 for one in players}
    return recipe.with_values(
        narrow | {"optimisation.batch_size": 8, "optimisation.total_samples": 400}
    )


def _width_of(recipe: Recipe, player: str) -> str:
    """The key of a player's width; of clips, that of the network of their frames."""
    of_frames = "picture" in recipe.to_json()["game"][player]
    return f"game.{player}.picture.width" if of_frames else f"game.{player}.width"


def data_of(name: str, space: str) -> Dataset:
    return small_dataset(space, needs=all_recipes()[name].needs)


def trainer_of(recipe: Recipe, space: str) -> Trainer:
    return make_trainer(
        recipe, data_of(recipe.name, space), seed=0, runtime=Runtime(torch.device("cpu")),
        execution=Execution(),
    )  # fmt: skip


@cache
def played(name: str, space: str) -> Trainer:
    """A duel after three steps, of which remedies take the state."""
    old = trainer_of(recipe_of(name, space), space)
    for _ in range(3):
        old.play()
    return old


@pytest.mark.parametrize(
    ("name", "space"),
    [pytest.param(*case, marks=[pytest.mark.slow] * (case in SLOW)) for case in CASES],
)
@pytest.mark.parametrize("remedy", REMEDIES)
def test_a_changed_duel_goes_on_from_the_state_of_the_old(
    name: str, space: str, remedy: str
) -> None:
    recipe = recipe_of(name, space)
    old = played(name, space)
    tensors, scalars = old.state()
    changed = REMEDIES[remedy].change(recipe, old.game.space)
    if changed is None:
        return
    assert (changed == recipe) == (remedy in UNCHANGED)
    assert Recipe.from_json(changed.to_json()) == changed
    new = trainer_of(changed, space)
    new.roll_back(carry_over(tensors, new), scalars)
    made_by = old.moves[-1].player
    for name_of, weight in old.game.get_submodule(made_by).named_parameters():
        assert torch.equal(weight, new.game.get_submodule(made_by).get_parameter(name_of))
    for _ in range(2):
        new.play()
    new.check_healthy()


@pytest.mark.parametrize(("name", "space"), CASES)
def test_there_is_a_remedy_for_every_diagnosis(name: str, space: str) -> None:
    recipe = recipe_of(name, space)
    data = data_of(name, space).space
    for diagnosis, names in REMEDIES_FOR.items():
        assert set(names) <= set(REMEDIES)
        some = [one for one in names if REMEDIES[one].change(recipe, data) is not None]
        assert some or diagnosis == "strange data"


def test_rates_do_not_fall_for_ever() -> None:
    recipe, data = recipe_of("vanilla", "point"), small_dataset("point").space
    for _ in range(20):
        slower = REMEDIES["lower-rates"].change(recipe, data)
        if slower is None:
            break
        recipe = slower
    assert REMEDIES["lower-rates"].change(recipe, data) is None
    assert recipe.optimisation.optimizers["generator"].lr > 1e-7


def test_one_player_can_be_slowed_alone() -> None:
    recipe, data = recipe_of("vanilla", "point"), small_dataset("point").space
    slower = REMEDIES["slow-generator"].change(recipe, data)
    assert slower is not None
    rates = {name: one.lr for name, one in slower.optimisation.optimizers.items()}
    assert rates["generator"] == pytest.approx(0.1 * rates["discriminator"])


def test_penalties_are_added_once() -> None:
    recipe, data = recipe_of("dcgan", "image"), small_dataset("image").space
    once = REMEDIES["add-penalties"].change(recipe, data)
    assert once is not None
    assert REMEDIES["add-penalties"].change(once, data) is None
    assert REMEDIES["add-r2"].change(once, data) is None
    raised = REMEDIES["raise-penalties"].change(once, data)
    assert raised is not None
    assert REMEDIES["raise-penalties"].change(recipe, data) is None


def test_an_unknown_remedy_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(RecipeError, match="Did you mean 'add-r2'"):
        find_remedy("add-r3")
