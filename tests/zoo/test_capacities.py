"""Capacities: small is the recipe as it stands, the others hold more, and all of them play."""

import re
from pathlib import Path

import pytest
import torch

from zerosum.catalogue import all_recipes, find_recipe
from zerosum.engine.execution import Execution
from zerosum.errors import RecipeError
from zerosum.games.base import Game
from zerosum.modalities.images.pair_space import PairSpace
from zerosum.recipe_registry import Capacity, Entry
from zerosum.runtime import open_runtime
from zerosum.spaces import ImageSpace, Space
from zerosum.testing import small_dataset
from zerosum.workflows.prepare import make_trainer

CAPACITIES: tuple[Capacity, ...] = ("small", "medium", "large")
WITH = {name: entry for name, entry in all_recipes().items() if entry.capacities}
DOCS = Path(__file__).parents[2] / "docs" / "configuration.md"
ROW = re.compile(r"^\| `(\w+)` \| (\d+) \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)


def space_for(entry: Entry, side: int) -> Space:
    image = ImageSpace(channels=3, height=side, width=side)
    if "pair" in entry.spaces:
        return PairSpace(channels=3, height=side, width=side, aligned=True, source=image)
    if "labels" in entry.needs:
        names, counts = ("a", "b"), (100, 100)
        return ImageSpace(
            channels=3, height=side, width=side, labels=names, label_counts=counts
        )  # fmt: skip
    return image


def built(entry: Entry, side: int, capacity: Capacity) -> Game:
    space = space_for(entry, side)
    with torch.device("meta"):
        return entry.resolve(space, capacity).game.build(space)


def millions(game: Game) -> str:
    """Parameters of generators, and of discriminators, as the documentation has them."""
    sides = [0, 0]
    for name, tensor in game.named_parameters():
        sides[name.startswith("discriminator")] += tensor.numel()
    return " + ".join(f"{n / 1e6:.2f}" if n < 1e7 else f"{n / 1e6:.1f}" for n in sides)


def test_every_recipe_for_images_has_them() -> None:
    of_images = {n for n, e in all_recipes().items() if {"image", "pair"} & set(e.spaces)}
    assert set(WITH) == {name for name in of_images if find_recipe(name).source is None}


@pytest.mark.parametrize("name", WITH)
def test_each_holds_more_than_the_one_before(name: str) -> None:
    sizes = [
        sum(tensor.numel() for tensor in built(WITH[name], 64, capacity).parameters())
        for capacity in CAPACITIES
    ]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("name", WITH)
def test_small_is_the_recipe_as_it_stands(name: str) -> None:
    space = space_for(WITH[name], 64)
    assert WITH[name].resolve(space, "small") == WITH[name].build(space)


def test_the_documentation_counts_right() -> None:
    rows = ROW.findall(DOCS.read_text("utf-8"))
    assert {row[0] for row in rows} == set(WITH) - {"vanilla", "cgan"}
    for name, side, *told, batches in rows:
        entry = WITH[name]
        assert told == [millions(built(entry, int(side), one)) for one in CAPACITIES], name
        recipes = [entry.resolve(space_for(entry, 64), one) for one in CAPACITIES]
        assert batches == ", ".join(str(one.optimisation.batch_size) for one in recipes)


def test_a_name_that_there_is_not() -> None:
    space = ImageSpace(channels=1, height=8, width=8)
    with pytest.raises(RecipeError, match=r"capacity='big'\. Allowed: large, medium, small"):
        find_recipe("dcgan").resolve(space, "big")  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[] if n == "stylegan" else [pytest.mark.slow]) for n in sorted(WITH)],
)
@pytest.mark.parametrize("capacity", ["medium", pytest.param("large", marks=pytest.mark.slow)])
def test_they_play(name: str, capacity: Capacity) -> None:
    entry = WITH[name]
    dataset = small_dataset(entry.spaces[0], needs=entry.needs)
    if name == "cyclegan" or "pair" in entry.spaces:
        dataset = small_dataset("pair", needs=entry.needs)
    recipe = entry.resolve(dataset.space, capacity)
    recipe = recipe.with_values({"optimisation.batch_size": 4, "optimisation.total_samples": 8})
    with open_runtime("cpu") as runtime:
        trainer = make_trainer(recipe, dataset, seed=0, runtime=runtime, execution=Execution())
        trainer.run()
        assert trainer.step == 2
        trainer.check_healthy()
