"""The type `Recipe`: everything that decides a training, in one typed, frozen value."""

from zerosum.config import Config
from zerosum.engine.optimisation import Optimisation
from zerosum.games.base import GameConfig


class Recipe(Config):
    """A game and how its players learn.

    Attributes:
        name: the recipe's name in lists and run folders.
        game: players and moves.
        optimisation: optimizers, averaging, batch and budget.
    """

    kind = "recipe"
    name: str
    game: GameConfig
    optimisation: Optimisation
