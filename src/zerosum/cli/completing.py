"""What a shell offers when Tab is pressed. Nothing is imported that takes long."""

import pkgutil
from collections.abc import Callable, Iterable
from pathlib import Path

import zerosum

BUILT_IN = (
    "bank", "bank_database", "bouncing", "dialogues", "digits", "dungeon", "fragments", "grid",
    "kit", "logins", "moons", "notes", "phishing", "poses", "quizzes", "reviews", "ring", "scenes",
    "spiral", "sprites", "surfaces", "tunes", "wardrobe", "waves",
)  # fmt: skip
"""Names of built-in data."""

REMEDIES = (
    "roll-back", "new-seed", "lower-rates", "slow-generator", "slow-discriminator",
    "raise-penalties", "add-r1", "add-r2", "add-penalties", "relativistic", "augment", "repack",
)  # fmt: skip
"""Names of the referee's remedies."""


def recipe_names() -> list[str]:
    """Recipes that come with zerosum: each has a file of its name."""
    zoo = Path(zerosum.__file__).parent / "zoo"
    return sorted(one.name for one in pkgutil.iter_modules([str(zoo)]) if one.name[0] != "_")


def offering(names: Iterable[str]) -> Callable[[str], list[str]]:
    """Offers those of `names` that begin as what was typed; a shell adds files where none does.

    >>> offering(["digits", "ring"])("di")
    ['digits']
    """
    known = list(names)
    return lambda incomplete: [name for name in known if name.startswith(incomplete)]
