"""What can be done for a duel that goes wrong: changes of its recipe, each with a name.

A remedy is a change of configuration and nothing else, so it is written into the run, resumes
exactly, and can be given by hand: `zerosum remedy RUN add-r2`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from zerosum.errors import RecipeError, did_you_mean
from zerosum.games.two_player import TwoPlayerConfig
from zerosum.objectives.penalties import R1, R2, Penalty
from zerosum.recipe_registry import Recipe
from zerosum.spaces import Space

_SLOWER = 0.3
_MUCH_SLOWER = 0.1
_STRONGER = 3.0
_LAZY = 4
_RAMP = 10
"""The augmentation may become full within a tenth of the budget."""
_LEAST_RATE = 1e-6


@dataclass(frozen=True)
class Remedy:
    """A change of a recipe.

    Attributes:
        name: what it is called by hand.
        words: what it does, for people.
        change: from a recipe and the space of its data to the changed recipe; None where it does
            not apply, or would change nothing.
        anew: whether the duel starts again from other first weights.
    """

    name: str
    words: str
    change: Callable[[Recipe, Space], Recipe | None]
    anew: bool = False


@dataclass(frozen=True)
class Wish:
    """A remedy, and the step whose state is to be gone back to."""

    remedy: Remedy
    back_to: int


REMEDIES: dict[str, Remedy] = {}
"""Every remedy, by name."""


def remedy(name: str, words: str, *, anew: bool = False) -> Callable[..., Any]:
    """Register a function from a recipe and a space to the changed recipe."""

    def register(
        change: Callable[[Recipe, Space], Recipe | None],
    ) -> Callable[[Recipe, Space], Recipe | None]:
        REMEDIES[name] = Remedy(name, words, change, anew)
        return change

    return register


def find_remedy(name: str) -> Remedy:
    """The remedy called `name`.

    Raises:
        RecipeError: it is unknown.
    """
    if name not in REMEDIES:
        raise RecipeError(f"no remedy {name!r}.{did_you_mean(name, REMEDIES)}")
    return REMEDIES[name]


@remedy("roll-back", "go back to a healthy snapshot, and on with other batches and noise")
def roll_back(recipe: Recipe, space: Space) -> Recipe:
    """The recipe as it is: only weights and moments of the optimizers go back."""
    return recipe


@remedy("new-seed", "start again from other first weights", anew=True)
def new_seed(recipe: Recipe, space: Space) -> Recipe:
    """The recipe as it is; the weights are drawn from another seed."""
    return recipe


@remedy("lower-rates", f"multiply every learning rate by {_SLOWER}")
def lower_rates(recipe: Recipe, space: Space) -> Recipe | None:
    """Slower players; None where they are too slow already to be the reason."""
    rates = {name: one.lr for name, one in recipe.optimisation.optimizers.items()}
    if min(rates.values()) * _SLOWER < _LEAST_RATE:
        return None
    return recipe.with_values(
        {f"optimisation.optimizers.{name}.lr": _SLOWER * lr for name, lr in rates.items()}
    )


@remedy("slow-generator", f"multiply the generator's learning rate by {_MUCH_SLOWER}")
def slow_generator(recipe: Recipe, space: Space) -> Recipe | None:
    """For a generator whose weights move too far in a step."""
    return _slow(recipe, "generator")


@remedy("slow-discriminator", f"multiply the discriminator's learning rate by {_MUCH_SLOWER}")
def slow_discriminator(recipe: Recipe, space: Space) -> Recipe | None:
    """For a discriminator whose weights move too far in a step."""
    return _slow(recipe, "discriminator")


@remedy("raise-penalties", f"multiply every gradient penalty by {_STRONGER:g}")
def raise_penalties(recipe: Recipe, space: Space) -> Recipe | None:
    """A flatter discriminator; None where it pays no penalty yet."""
    game = recipe.game
    if not isinstance(game, TwoPlayerConfig) or not any(p.weight for p in game.all_penalties()):
        return None
    schedule = game.penalty_schedule.to_json()
    scaled = {
        f"game.penalty_schedule.{key}": _STRONGER * schedule[key]
        for key in ("value", "start", "end")
        if key in schedule
    }
    return recipe.with_values(scaled)


@remedy("add-r1", "add the gradient penalty R1 on reals")
def add_r1(recipe: Recipe, space: Space) -> Recipe | None:
    """R1 beside the recipe's own penalties; None where it was added before."""
    return _with_penalty(recipe, R1(weight=usual_weight(space), every=_LAZY))


@remedy("add-r2", "add the gradient penalty R2 on fakes")
def add_r2(recipe: Recipe, space: Space) -> Recipe | None:
    """R2 beside the recipe's own penalties; None where it was added before."""
    return _with_penalty(recipe, R2(weight=usual_weight(space), every=_LAZY))


@remedy("add-penalties", "add the gradient penalties R1 on reals and R2 on fakes")
def add_penalties(recipe: Recipe, space: Space) -> Recipe | None:
    """Both penalties; None where both were added before."""
    with_r1 = add_r1(recipe, space)
    return add_r2(with_r1 or recipe, space) or with_r1


@remedy("relativistic", "let the discriminator compare each fake with a real")
def relativistic(recipe: Recipe, space: Space) -> Recipe | None:
    """The relativistic paired loss; None where it is in use."""
    game = recipe.game
    if not isinstance(game, TwoPlayerConfig) or game.adversarial.pairs_reals:
        return None
    return recipe.with_values({"game.adversarial": "relativistic_paired"})


@remedy("augment", "alter what the discriminator sees, more as it knows the reals by heart")
def augment(recipe: Recipe, space: Space) -> Recipe | None:
    """Adaptive augmentation; None where there is an augmentation already."""
    game = recipe.game
    if not isinstance(game, TwoPlayerConfig) or game.augmentation.kind != "none":
        return None
    ramp = max(recipe.optimisation.total_samples // _RAMP, 1)
    return recipe.with_values(
        {"game.augmentation": "adaptive", "game.augmentation.ramp_samples": ramp}
    )


@remedy("repack", "let the discriminator judge samples in pairs, so that it sees repetitions")
def repack(recipe: Recipe, space: Space) -> Recipe | None:
    """Packs of two; None for games that cannot be packed, and for packed ones."""
    game = recipe.game
    if not isinstance(game, TwoPlayerConfig) or game.pack > 1:
        return None
    packed = recipe.with_values({"game.pack": 2})
    try:
        packed.game.build(space)
    except RecipeError:
        return None
    alone = recipe.optimisation.batch_size // recipe.optimisation.accumulate
    return packed if alone % 2 == 0 else None


def usual_weight(space: Space) -> float:
    """A weight of R1 or R2 that suits images of this size, or points.

    It grows with the number of pixels, as γ does in R3GAN (Huang et al., 2024, table 7).
    """
    if space.axes != 2:
        return 0.1
    height, width = space.shape[-2:]
    return round(max(height * width / 32**2, 1.0) ** 1.9, 3)


def _slow(recipe: Recipe, player: str) -> Recipe | None:
    optimizer = recipe.optimisation.optimizers.get(player)
    if optimizer is None or optimizer.lr * _MUCH_SLOWER < _LEAST_RATE:
        return None
    return recipe.with_values({f"optimisation.optimizers.{player}.lr": _MUCH_SLOWER * optimizer.lr})


def _with_penalty(recipe: Recipe, penalty: Penalty) -> Recipe | None:
    """The recipe with one more penalty at the end of `penalties`.

    A penalty that the recipe has from its paper does not count: where the duel went wrong all the
    same, it is too weak, and this one adds to it.
    """
    game = recipe.game
    if not isinstance(game, TwoPlayerConfig) or penalty in game.penalties:
        return None
    penalties = [*(one.to_json() for one in game.penalties), penalty.to_json()]
    return recipe.with_values({"game.penalties": penalties})
