"""What is frozen stays as it is, the rest learns as ever; and layers count from the image up."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
import torch

from zerosum.catalogue import find_recipe
from zerosum.engine.execution import Execution
from zerosum.engine.layers import layers_of
from zerosum.engine.trainer import Trainer
from zerosum.errors import ConfigError
from zerosum.runtime import Runtime
from zerosum.testing import small_dataset
from zerosum.workflows.prepare import make_trainer

LOWEST = "discriminator.layers.0"


def trainer_of(
    name: str = "dcgan", frozen: tuple[str, ...] = (), *, side: int = 32, kind: str = "image",
    changes: Mapping[str, Any] = {},
) -> Trainer:  # fmt: skip
    dataset = small_dataset(kind, height=side, width=side - 5)
    small = {"optimisation.batch_size": 8, "optimisation.total_samples": 160}
    small |= {"optimisation.frozen": list(frozen)}
    recipe = find_recipe(name).resolve(dataset.space).with_values(small | dict(changes))
    return make_trainer(
        recipe, dataset, seed=0, runtime=Runtime(torch.device("cpu")), execution=Execution()
    )


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("dcgan", {}),
        ("dcgan", {"game.discriminator.normalisation": "spectral"}),
        ("stylegan", {"game.augmentation": "adaptive"}),
        ("wgan_gp", {}),
    ],
)
def test_what_is_frozen_stays_and_the_rest_moves(name: str, changes: dict[str, Any]) -> None:
    layers = layers_of("discriminator", trainer_of(name, side=16, changes=changes))
    trainer = trainer_of(name, tuple(layers[0]), side=16, changes=changes)
    before = {n: p.detach().clone() for n, p in trainer.game.named_parameters()}
    for _ in range(6):
        trainer.play()
    still = {n for n, p in trainer.game.named_parameters() if torch.equal(p, before[n])}
    assert still == set(layers[0])
    saved = [n for n in trainer.state()[0] if n.startswith("optimizer.discriminator.")]
    count = len({n.split(".")[2] for n in saved})
    assert count == sum(map(len, layers[1:])), "optimizers keep nothing of what is frozen"


@pytest.mark.parametrize(
    "penalties", ["[]", '[{"kind": "r1"}]', '[{"kind": "r1"}, {"kind": "r2"}]']
)
def test_the_rest_learns_as_it_would(penalties: str) -> None:
    changes = {"game.discriminator.normalisation": "none", "game.penalties": json.loads(penalties)}
    free, held = (trainer_of("dcgan", f, side=16, changes=changes) for f in ((), (LOWEST,)))
    move = free.moves[0]
    assert move.player == "discriminator"
    for trainer in (free, held):
        trainer._play_move(trainer.moves[0], 0, 0.0)
    learned = dict(free.game.named_parameters())
    for name, parameter in held.game.named_parameters():
        if not name.startswith(f"{LOWEST}."):
            torch.testing.assert_close(parameter, learned[name], rtol=1e-4, atol=1e-5)
    assert not torch.equal(
        learned[f"{LOWEST}.weight"], dict(held.game.named_parameters())[f"{LOWEST}.weight"]
    )


def test_a_resume_with_frozen_parts_is_exact() -> None:
    straight, first, second = (
        trainer_of("stylegan", ("discriminator.from_image",), side=13) for _ in range(3)
    )
    for _ in range(6):
        straight.play()
    for _ in range(3):
        first.play()
    second.load_state(*first.state())
    for _ in range(3):
        second.play()
    mine, yours = straight.state()[0], second.state()[0]
    assert mine.keys() == yours.keys()
    assert not [name for name in mine if not torch.equal(mine[name], yours[name])]


@pytest.mark.parametrize(
    ("frozen", "words"),
    [
        ("discriminator.layer", "no such part. Did you mean 'discriminator.layers'"),
        ("discriminator.layers.1", "no such part"),  # not the beginning of layers.10 either
        ("discriminator", "holds all of the discriminator"),
        ("", "no such part"),
    ],
)
def test_what_cannot_be_frozen_is_named(frozen: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        trainer_of("dcgan", (frozen,))


@pytest.mark.parametrize(
    ("name", "kind", "count"),
    [("dcgan", "image", 3), ("r3gan", "image", 3), ("stylegan", "image", 4), ("pix2pix", "pair", 4),
     ("cyclegan", "pair", 4), ("wgan_gp", "image", 3), ("vanilla", "image", 1)],
)  # fmt: skip
def test_layers_count_from_the_picture_up(name: str, kind: str, count: int) -> None:
    trainer = trainer_of(name, kind=kind)
    every = [n for n, _ in trainer.game.named_parameters() if n.startswith("discriminator.")]
    layers = layers_of("discriminator", trainer)
    assert len(layers) == count
    assert sorted(name for layer in layers for name in layer) == sorted(every)


def test_a_stage_is_one_layer_whatever_it_holds() -> None:
    lowest, second, *_ = layers_of("discriminator", trainer_of("stylegan"))
    assert {name.rpartition(".")[0] for name in lowest} == {
        "discriminator.from_image", "discriminator.first.0",
    }  # fmt: skip
    assert {name.rpartition(".")[0] for name in second} == {
        "discriminator.skip.0", "discriminator.second.0", "discriminator.first.1",
    }  # fmt: skip
