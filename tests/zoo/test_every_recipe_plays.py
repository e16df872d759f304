"""Every recipe of the zoo plays on images and points of many shapes, with labels and without."""

from typing import Any

import pytest
import torch

from zerosum.catalogue import all_recipes
from zerosum.engine.execution import Execution
from zerosum.engine.trainer import Trainer
from zerosum.errors import RecipeError
from zerosum.games.one_class import OneClassConfig
from zerosum.games.two_player import TwoPlayerConfig
from zerosum.rng import Noise
from zerosum.runtime import Runtime
from zerosum.testing import small_dataset
from zerosum.workflows.load import model_of
from zerosum.workflows.prepare import make_trainer

ZOO = {n: e for n, e in all_recipes().items() if e.build.__module__.startswith("zerosum.zoo.")}
LABELLED = small_dataset("image").space
PICTURES = [n for n, e in ZOO.items() if "image" in e.spaces]
TWO = [
    n
    for n, e in ZOO.items()
    if "image" in e.spaces
    and isinstance(e.build(LABELLED).game, TwoPlayerConfig)
    and not isinstance(e.build(LABELLED).game, OneClassConfig)
]
POINTS = [n for n, e in ZOO.items() if "point" in e.spaces]


def make(name: str, changes: dict[str, Any] | None = None, **shape: Any) -> Trainer:
    space = "point" if "dimensions" in shape else "image"
    dataset = small_dataset(space, **shape)
    recipe = (
        ZOO[name]
        .resolve(dataset.space)
        .with_values({"optimisation.batch_size": 4} | (changes or {}))
    )
    return make_trainer(
        recipe, dataset, seed=0, runtime=Runtime(torch.device("cpu")), execution=Execution()
    )


def assert_plays(trainer: Trainer) -> None:
    trainer.play()
    trainer.check_healthy()
    x = trainer.sample(trainer.game.draw(3, Noise(0)))
    assert x.shape == (3, *trainer.game.space.shape)


@pytest.mark.parametrize(
    ("channels", "height", "width"), [(1, 8, 8), (1, 9, 13), (1, 28, 28), (3, 16, 24)]
)
@pytest.mark.parametrize("name", PICTURES)
def test_on_pictures(name: str, channels: int, height: int, width: int) -> None:
    channels = 3 if "colour" in ZOO[name].needs else channels
    assert_plays(make(name, channels=channels, height=height, width=width))


@pytest.mark.parametrize("dimensions", [1, 2, 7])
@pytest.mark.parametrize("name", POINTS)
def test_on_points(name: str, dimensions: int) -> None:
    assert_plays(make(name, dimensions=dimensions))


@pytest.mark.parametrize(("name", "space"), [(n, space) for n in TWO for space in ZOO[n].spaces])
def test_with_labels(name: str, space: str) -> None:
    shape: dict[str, Any] = {"dimensions": 3} if space == "point" else {"height": 8}
    trainer = make(name, {"game.conditional": True}, **shape)
    assert "label" in trainer.game.controls()
    before = {n: p.detach().clone() for n, p in trainer.game.named_parameters()}
    assert_plays(trainer)
    embeddings = [n for n in before if n.endswith("embed.weight")]
    assert {n.partition(".")[0] for n in embeddings} == {"generator", "discriminator"}
    for _ in range(2):
        trainer.play()
    still = [n for n in embeddings if torch.equal(trainer.game.get_parameter(n), before[n])]
    assert not still
    model = model_of(ZOO[name].resolve(trainer.dataset.space), trainer.game)
    a, b = (model.sample(4, where={"label": label}, seed=0).tensor for label in "ab")
    assert not torch.equal(a, b)


@pytest.mark.parametrize(("key", "value"), [("game.conditional", True), ("game.pack", 2)])
def test_normals_are_one_class(key: str, value: Any) -> None:
    with pytest.raises(RecipeError, match=f"Leave {key} as it is"):
        make("anomaly", {key: value}, height=8)
