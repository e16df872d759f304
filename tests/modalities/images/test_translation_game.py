"""Games that translate: what is drawn, what is remembered, and what each player pays."""

from typing import Any

import pytest
import torch

from zerosum.catalogue import find_recipe
from zerosum.engine.execution import Execution
from zerosum.engine.trainer import Trainer
from zerosum.errors import ConfigError, RecipeError
from zerosum.games.base import StepContext
from zerosum.modalities.images.pair_space import PairSpace
from zerosum.modalities.images.translation_game import GALLERY, Translation, TranslationConfig
from zerosum.rng import Noise
from zerosum.runtime import Runtime
from zerosum.spaces import Batch
from zerosum.testing import small_dataset
from zerosum.workflows.prepare import make_trainer

PAIRS = small_dataset("pair", channels=3)


def make(**changes: Any) -> Trainer:
    values = {"optimisation.batch_size": 8, "optimisation.total_samples": 160}
    values |= {f"game.{name}": value for name, value in changes.items()}
    recipe = find_recipe("pix2pix").resolve(PAIRS.space).with_values(values)
    return make_trainer(
        recipe, PAIRS, seed=0, runtime=Runtime(torch.device("cpu")), execution=Execution()
    )


def game_of(trainer: Trainer) -> Translation:
    assert isinstance(trainer.game, Translation)
    return trainer.game


def test_the_gallery_holds_the_first_sources() -> None:
    trainer = make()
    game = game_of(trainer)
    assert game.draw(3, Noise(0)).z.shape == (3, 3, 8, 8)
    for step in range(10):
        trainer.play()
        assert int(game.filled) == min(8 * (step + 1), GALLERY)
    # Two moves draw a batch each; the generator's is the second.
    rows = trainer.loader._order.rows(8, 8)
    known = PAIRS.sources
    assert known is not None
    assert torch.equal(game.gallery[:8], known.take(rows)[0])


def test_draws_come_from_what_is_there_and_each_once() -> None:
    trainer = make()
    game = game_of(trainer)
    trainer.play()
    z = game.draw(8, Noise(3)).z
    assert len({tuple(one.flatten().tolist()) for one in z}) == 8
    again = game.draw(20, Noise(3)).z
    assert torch.equal(again[:8], z)
    assert torch.equal(again[8:16], z)


def test_interpolation_blends() -> None:
    game = game_of(make())
    a, b = (game.draw(2, Noise(0)), game.draw(2, Noise(0)))
    b.z.fill_(1.0)
    assert torch.allclose(game.interpolate(a, b, 0.25).z, 0.75 * a.z + 0.25)


def context(x: torch.Tensor, source: torch.Tensor) -> StepContext:
    return StepContext(len(x), Noise(0), 0, 0.0, lambda: Batch(x, None, source), observe=True)


def test_l1_is_the_mean_distance_in_model_units() -> None:
    game = game_of(make(l1_weight=7.0))
    x, source = Noise(1).normal(8, 3, 8, 8), Noise(2).normal(8, 3, 8, 8)
    fake = game.make(source, Noise(0)).detach()
    terms = game.generator_loss(context(x, source))
    expected = 7 * float((fake - x).abs().mean())
    assert float(terms["l1"].detach()) == pytest.approx(expected, rel=1e-4)
    assert terms.keys() == {"adversarial", "l1"}


def test_every_patch_is_judged_by_itself() -> None:
    game = game_of(make())
    x = Noise(1).normal(2, 3, 8, 8)
    assert game.discriminator is not None
    logits = game.logits(x, x)
    assert len(logits) > 2
    whole = game.discriminator(torch.cat([x, x], dim=1))
    assert torch.allclose(logits.reshape(2, -1).mean(1), whole[:, 0], atol=1e-6)
    spent = context(x, x)
    game.discriminator_loss(spent)
    assert {"accuracy", "logit_gap", "spread", "real_sign"} <= spent.signals.keys()


@pytest.mark.parametrize("loss", ["least_squares", "hinge", "relativistic_paired"])
def test_any_adversarial_loss_fits(loss: str) -> None:
    trainer = make(adversarial=loss)
    trainer.play()
    trainer.check_healthy()


def test_without_adversarial_weight_there_is_no_discriminator() -> None:
    trainer = make(adversarial_weight=0)
    game = game_of(trainer)
    assert [move.player for move in trainer.moves] == ["generator"]
    assert game.discriminator is None
    before = [p.detach().clone() for p in game.generator.parameters()]
    trainer.play()
    after = game.generator.parameters()
    assert all(not torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert int(game.filled) == 8


def test_a_player_that_is_unknown_is_still_refused() -> None:
    recipe = find_recipe("pix2pix").resolve(PAIRS.space)
    more = recipe.optimisation.optimizers | {"nobody": recipe.optimisation.optimizers["generator"]}
    learning = recipe.optimisation.model_copy(update={"optimizers": more, "batch_size": 8})
    with pytest.raises(ConfigError, match="nobody"):
        make_trainer(
            recipe.model_copy(update={"optimisation": learning}), PAIRS,
            seed=0, runtime=Runtime(torch.device("cpu")), execution=Execution(),
        )  # fmt: skip


def test_something_has_to_be_learned() -> None:
    with pytest.raises(ConfigError, match="both 0"):
        make(adversarial_weight=0, l1_weight=0)


def test_pairs_are_needed() -> None:
    game = find_recipe("pix2pix").resolve(PAIRS.space).game
    assert isinstance(game, TranslationConfig)
    with pytest.raises(RecipeError, match="aligned pairs"):
        game.build(small_dataset("image").space)
    assert isinstance(PAIRS.space, PairSpace)
    loose = PAIRS.space.model_copy(update={"aligned": False})
    with pytest.raises(RecipeError, match="it needs aligned pairs"):
        find_recipe("pix2pix").resolve(loose)
