"""The two-player game with augmentation and packs: laws, and what the discriminator is shown."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from zerosum.catalogue import find_recipe
from zerosum.data.base import Dataset
from zerosum.engine.execution import Execution
from zerosum.engine.trainer import Trainer
from zerosum.errors import RecipeError
from zerosum.games.base import Inputs, StepContext
from zerosum.games.two_player import TwoPlayer, TwoPlayerConfig
from zerosum.networks.mlp import MlpDiscriminatorConfig, MlpGeneratorConfig
from zerosum.objectives.adversarial import RelativisticPaired
from zerosum.objectives.augment import AdaptiveAugmenter
from zerosum.objectives.penalties import R1, R2, GradientPenalty
from zerosum.recipes import Entry, Recipe
from zerosum.rng import Noise, seeded_initialisation
from zerosum.runtime import Runtime
from zerosum.spaces import Batch, ImageSpace, PointSpace, Space
from zerosum.testing import check_recipe, small_dataset
from zerosum.workflows.prepare import make_trainer
from zerosum.zoo.infogan import InfoganConfig

QUICK = {"kind": "adaptive", "ramp_samples": 100, "target": -0.9}
"""An adaptive augmentation that is at work after a few steps."""

SMALL = {"width": 12, "depth": 1}
CHANGES: dict[str, Any] = {
    "game.generator": {"kind": "mlp_generator", **SMALL},
    "game.discriminator": {"kind": "mlp_discriminator", **SMALL},
    "game.adversarial": "relativistic_paired",
    "game.penalties": [{"kind": "r1", "every": 2}, {"kind": "r2"}, {"kind": "gradient_penalty"}],
}
LAWS = (
    "survives_json",
    "resumes_exactly",
    "stays_finite",
    "samples_fit_the_space",
    "trains_each_player_whole",
    "trains_nobody_else",
    "owns_its_randomness",
    "takes_every_shape",
)
NETWORKS = {
    "generator": MlpGeneratorConfig(width=8, depth=1),
    "discriminator": MlpDiscriminatorConfig(width=8, depth=1),
}
POINTS = PointSpace(center=(0.0,) * 3, scale=(1.0,) * 3)
PICTURES = ImageSpace(channels=2, height=8, width=9)


def entry(name: str, changes: dict[str, Any]) -> Entry:
    """A recipe of the zoo, changed."""
    found = find_recipe(name)

    def build(space: Space) -> Recipe:
        return found.build(space).with_values(changes)

    return replace(found, build=build)


def make_game(space: Space = POINTS, **changes: Any) -> TwoPlayer:
    config = TwoPlayerConfig.from_json(
        TwoPlayerConfig(**NETWORKS, latent_dim=4).to_json() | changes
    )
    with seeded_initialisation(0):
        return config.build(space)


def context(space: Space = POINTS, n: int = 8) -> StepContext:
    x = Noise(9).normal(n, *space.shape)
    return StepContext(n, Noise(1), 0, 0.0, lambda: Batch(x))


def trainer_of(changed: Entry, dataset: Dataset, **optimisation: Any) -> Trainer:
    values = {f"optimisation.{key}": value for key, value in optimisation.items()}
    recipe = changed.resolve(dataset.space).with_values(values)
    return make_trainer(
        recipe, dataset, seed=0, runtime=Runtime(torch.device("cpu")), execution=Execution()
    )


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("pack", [1, 2, 4])
@pytest.mark.parametrize("augmentation", ["none", "diff_augment", QUICK], ids=["", "diff", "ada"])
def test_every_combination_obeys(augmentation: Any, pack: int, law: str) -> None:
    change = {"game.augmentation": augmentation, "game.pack": pack}
    check_recipe(entry("vanilla", CHANGES | change), laws=(law,))


@pytest.mark.parametrize("name", ["dcgan", "cgan", "infogan", "wgan_gp", "r3gan"])
def test_other_recipes_can_be_augmented(name: str) -> None:
    check_recipe(entry(name, {"game.augmentation": QUICK}), laws=("stays_finite",))


@pytest.mark.parametrize("name", ["dcgan", "r3gan"])
def test_convolutions_resume_exactly_too(name: str) -> None:
    small = {"game.generator.width": 8, "game.discriminator.width": 8, "game.pack": 2}
    check_recipe(entry(name, {"game.augmentation": QUICK} | small), laws=("resumes_exactly",))


@pytest.mark.parametrize("space", ["image", "point"])
@pytest.mark.parametrize("pack", [1, 2, 4])
def test_a_batch_may_be_split(pack: int, space: str) -> None:
    changed = entry("vanilla", CHANGES | {"game.augmentation": QUICK, "game.pack": pack})
    trainer = trainer_of(changed, small_dataset(space), batch_size=24, accumulate=3)
    trainer.play()
    trainer.play()
    trainer.check_healthy()


# What the discriminator is shown


def inputs_shown(game: TwoPlayer, play: Callable[[], Any]) -> list[Tensor]:
    """Everything that the discriminator reads while `play` runs."""
    seen: list[Tensor] = []
    hook = game.discriminator.register_forward_pre_hook(
        lambda _, arguments: seen.append(arguments[0].detach().clone())
    )
    play()
    hook.remove()
    return seen


@pytest.mark.parametrize(("pack", "passes"), [(1, (3, 2)), (2, (3, 2))])
def test_reals_and_fakes_are_altered_in_every_pass_of_both_moves(
    pack: int, passes: tuple[int, int]
) -> None:
    game = make_game(
        adversarial=RelativisticPaired().to_json(),
        penalties=[p.to_json() for p in (R1(), R2(), GradientPenalty())],
        augmentation={"kind": "diff_augment", "jitter": 1_000.0},
        pack=pack,
    )
    losses = (game.discriminator_loss, game.generator_loss)
    for loss, number in zip(losses, passes, strict=True):
        seen = inputs_shown(game, lambda loss=loss: loss(context()))
        assert len(seen) == number
        for x in seen:
            assert x.shape == (8 // pack, 3 * pack)
            assert x.std() > 300


@pytest.mark.parametrize("space", [POINTS, PICTURES])
def test_penalties_look_at_what_is_shown(space: Space) -> None:
    game = make_game(
        space, penalties=[R1(weight=2.0).to_json()], augmentation="diff_augment", pack=2
    )
    played: dict[str, Tensor] = {}
    seen = inputs_shown(game, lambda: played.update(game.discriminator_loss(context(space))))
    points = seen[0].detach().requires_grad_()
    (slope,) = torch.autograd.grad(game.outputs(points, None).sum(), points)
    assert slope.shape == (4, 2 * space.shape[0], *space.shape[1:])
    expected = slope.square().flatten(1).sum(1).mean()
    torch.testing.assert_close(played["r1"], expected)


@pytest.mark.parametrize("pack", [1, 2])
@pytest.mark.parametrize("augmentation", ["diff_augment", QUICK])
@pytest.mark.parametrize("space", [POINTS, PICTURES])
def test_the_generator_learns_through_it(space: Space, augmentation: Any, pack: int) -> None:
    game = make_game(space, augmentation=augmentation, pack=pack)
    if isinstance(game.augment, AdaptiveAugmenter):
        game.augment.probability.fill_(0.8)
    terms = game.generator_loss(context(space))
    torch.stack(list(terms.values())).sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in game.generator.parameters())


def test_without_augmentation_no_number_is_drawn() -> None:
    noise = Noise(0)
    before = noise.state()
    assert make_game().augmentation_draws(8, noise) is None
    assert torch.equal(noise.state(), before)
    assert make_game().augment is None


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning"
)  # torch's compiler imports its own old parts
@pytest.mark.parametrize("space", [POINTS, PICTURES])
def test_both_are_traced_in_one_piece(space: Space) -> None:
    game = make_game(space, augmentation=QUICK, pack=2)
    assert isinstance(game.augment, AdaptiveAugmenter)
    game.augment.probability.fill_(0.5)
    inputs = Inputs(Noise(1).normal(8, 4))
    draws = game.augmentation_draws(8, Noise(2))
    traced = torch.compile(game._please, backend="eager", fullgraph=True, dynamic=False)
    for probability in (0.5, 0.1):  # the trace reads p, and does not remember it
        game.augment.probability.fill_(probability)
        expected = game._please(inputs, None, None, draws)["adversarial"]
        torch.testing.assert_close(traced(inputs, None, None, draws)["adversarial"], expected)


# The adaptive probability in play


def learn(game: TwoPlayer, draw: Callable[[int], Tensor], moves: int) -> float:
    """p after the discriminator alone has learned from `draw(i)` for some moves."""
    assert isinstance(game.augment, AdaptiveAugmenter)
    optimizer = torch.optim.Adam(game.discriminator.parameters(), lr=5e-3)
    noise = Noise(1)
    for i in range(moves):
        optimizer.zero_grad()
        played = StepContext(16, noise, i, 0.0, lambda i=i: Batch(draw(i)))
        terms = game.discriminator_loss(played)
        torch.stack(list(terms.values())).sum().backward()
        optimizer.step()
        assert played.signals["augmentation"] is game.augment.probability
    return float(game.augment.probability)


@pytest.mark.parametrize("adversarial", ["non_saturating", "least_squares", "relativistic_paired"])
def test_p_rises_when_reals_are_known_by_heart_and_falls_when_not(adversarial: str) -> None:
    adaptive = {"kind": "adaptive", "ramp_samples": 2_000, "jitter": 0.01}
    game = make_game(augmentation=adaptive, adversarial=adversarial)
    few = Noise(4).normal(16, 3) + 4
    risen = learn(game, lambda _: few, 120)
    assert risen > 0.3
    fresh = Noise(5)  # reals that are made as fakes are: nothing can tell them apart
    assert learn(game, lambda _: game.generate(game.draw(16, fresh)).detach(), 120) < risen - 0.2


def test_p_moves_by_the_images_of_all_processes() -> None:
    for world in (1, 2):
        game = make_game(augmentation=QUICK)
        assert isinstance(game.augment, AdaptiveAugmenter)
        game.discriminator_loss(replace(context(), noise=Noise(1, rank=0, world=world)))
        assert game.augment.probability.item() == pytest.approx(0.08 * world)


def test_p_is_recorded_and_saved() -> None:
    changed = entry("vanilla", CHANGES | {"game.augmentation": QUICK})
    trainer = trainer_of(changed, small_dataset("point"), batch_size=8)
    for _ in range(3):
        trainer.play()
    tensors, scalars = trainer.state()
    assert tensors["game.augment.probability"] > 0
    assert "discriminator/augmentation" in scalars["window"]


# Packs


@pytest.mark.parametrize("space", [POINTS, PICTURES])
@pytest.mark.parametrize("pack", [1, 2, 4])
def test_samples_are_scored_in_packs(pack: int, space: Space) -> None:
    game = make_game(space, pack=pack)
    x = Noise(0).normal(8, *space.shape)
    scores = game.score(x, None)
    assert scores.shape == (8 // pack,)
    last = x.clone()
    last[-1] += 1
    changed = game.score(last, None) != scores
    assert changed.tolist() == [False] * (8 // pack - 1) + [True]


def test_a_batch_that_is_no_multiple_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"8 samples .* packs of 3.* multiple of 3"):
        make_game(pack=3).discriminator_loss(context())


def test_a_conditional_game_is_not_packed() -> None:
    labelled = PointSpace(center=(0.0,), scale=(1.0,), labels=("a", "b"), label_counts=(2, 2))
    with pytest.raises(RecipeError, match=r"label of each sample.*game.conditional=false"):
        make_game(labelled, conditional=True, pack=2)


def test_a_game_with_readings_is_not_packed() -> None:
    config = InfoganConfig(**NETWORKS, pack=2)
    with pytest.raises(RecipeError, match=r"game.pack=2 .* reads .* Set game.pack=1\."):
        config.build(POINTS)
