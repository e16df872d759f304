"""Faults that a learner may put into a duel, to see it go wrong and be mended.

They are those of the referee's proof (`benchmarks/referee_faults.py`). A fault of the recipe is a
change of its configuration, as a remedy is. A fault of the data is one of what the loader draws; a
run that has one says so in its manifest, so that a resume has it too.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from zerosum.data.base import Dataset
from zerosum.data.loader import Loader
from zerosum.data.subsets import Subset
from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import Trainer
from zerosum.errors import RecipeError, did_you_mean
from zerosum.games.two_player import TwoPlayerConfig
from zerosum.recipe_registry import Recipe
from zerosum.rng import derive_seed
from zerosum.spaces import Space

_FASTER = 10.0
_FEW = 100
_LOST_CLASS = 3
"""Which class is lost where there are so many; else the last one."""

Change = Callable[[Recipe], Recipe | None]
Choose = Callable[[Dataset, int], Tensor | None]


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong.

    Attributes:
        name: what it is called.
        words: what it does, for people.
        change: from a recipe to the faulty one; None where it does not apply.
        rows: from a data set and a seed to the rows that are left, int64 `[M]`; None where it does
            not apply.
    """

    name: str
    words: str
    change: Change | None = None
    rows: Choose | None = None

    def applies(self, recipe: Recipe, space: Space) -> bool:
        """Whether it can be put into a duel of this recipe on such data."""
        if self.change is not None:
            return self.change(recipe) is not None
        return self.name != "lost-class" or space.num_labels > 1


def _faster(player: str) -> Change:
    def change(recipe: Recipe) -> Recipe | None:
        optimizer = recipe.optimisation.optimizers.get(player)
        if optimizer is None:
            return None
        return recipe.with_values({f"optimisation.optimizers.{player}.lr": _FASTER * optimizer.lr})

    return change


def _without_penalties(recipe: Recipe) -> Recipe | None:
    game = recipe.game
    if not isinstance(game, TwoPlayerConfig) or not any(p.weight for p in game.all_penalties()):
        return None
    own = {f"game.{name}": 0.0 for name in game.weights_of_penalties}
    return recipe.with_values(own | {"game.penalties": []})


def _few(dataset: Dataset, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(derive_seed(seed, "few"))
    return torch.randperm(len(dataset), generator=generator)[:_FEW]


def _without_a_class(dataset: Dataset, _seed: int) -> Tensor | None:
    y = dataset.labels_of(torch.arange(len(dataset)))
    if y is None:
        return None
    kept = (y != min(_LOST_CLASS, dataset.space.num_labels - 1)).nonzero()[:, 0]
    return kept if 0 < len(kept) < len(y) else None


FAULTS: dict[str, Fault] = {
    one.name: one
    for one in (
        Fault("generator-x10", "ten times the generator's learning rate", _faster("generator")),
        Fault(
            "discriminator-x10", "ten times the discriminator's learning rate",
            _faster("discriminator"),
        ),
        Fault("penalty-off", "no gradient penalty any more", _without_penalties),
        Fault("few", f"only {_FEW} samples of the data", rows=_few),
        Fault("lost-class", "one class of the data is gone", rows=_without_a_class),
    )
}  # fmt: skip
"""Every fault, by name."""


def find_fault(name: str) -> Fault:
    """The fault called `name`.

    Raises:
        RecipeError: it is unknown.
    """
    if name not in FAULTS:
        raise RecipeError(f"no fault {name!r}.{did_you_mean(name, FAULTS)}")
    return FAULTS[name]


class DataFault(Hook):
    """Lets the loader draw what a fault has left of the data, also after a remedy.

    The discriminator and the referee know the data set as it was.
    """

    def __init__(self, fault: Fault, *, seed: int) -> None:
        self._fault, self._seed = fault, seed

    def started(self, trainer: Trainer) -> None:
        """From the first step on."""
        self._strike(trainer)

    def taken_over(self, trainer: Trainer) -> None:
        """The next trainer has whole data, so it is struck too."""
        self._strike(trainer)

    def _strike(self, trainer: Trainer) -> None:
        rows = None if self._fault.rows is None else self._fault.rows(trainer.dataset, self._seed)
        if rows is None:
            return
        left = Subset(trainer.dataset, rows, name=trainer.dataset.name)
        left.space = trainer.dataset.space  # what networks see of it stays
        position, listener = trainer.loader.position, trainer.loader.listener
        trainer.loader.close()
        trainer.loader = Loader(
            left, seed=self._seed, runtime=trainer.runtime,
            channels_last=trainer.execution.layout == "channels_last",
        )  # fmt: skip
        trainer.loader.position, trainer.loader.listener = position, listener
