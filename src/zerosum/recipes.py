"""Recipes: everything that decides a training, in one typed, frozen value, found by name.

A recipe is a function of the data's space, so that one name suits pictures of any size and points.
The zoo's files are found by themselves; other packages add theirs through the entry-point group
`zerosum.recipes`, and users name a file of their own.
"""

import hashlib
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from inspect import getdoc
from pathlib import Path
from pkgutil import iter_modules

from zerosum.config import Config, forget_kinds
from zerosum.data.open import Pairs
from zerosum.engine.optimisation import Optimisation
from zerosum.errors import RecipeError, did_you_mean
from zerosum.games.base import GameConfig
from zerosum.spaces import ImageSpace, PairSpace, Space


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


@dataclass(frozen=True)
class Entry:
    """A recipe that can be asked for by name.

    Attributes:
        name: its name.
        build: from the space to the recipe.
        paper: authors and year, with the arXiv id.
        spaces: kinds of space it takes.
        needs_labels: whether the data must be labelled.
        needs_colour: whether pictures must have three channels.
        needs_aligned: whether each picture must have one that it is made from.
        source: the file of the user's own it came from, else None.
    """

    name: str
    build: Callable[[Space], Recipe]
    paper: str
    spaces: tuple[str, ...]
    needs_labels: bool
    source: Path | None = None
    needs_colour: bool = False
    needs_aligned: bool = False

    @property
    def summary(self) -> str:
        """The first sentence of its docstring."""
        return (getdoc(self.build) or "").partition("\n\n")[0].replace("\n", " ")

    @property
    def pairs(self) -> Pairs | None:
        """How its data is opened, where it takes two domains of pictures; else None."""
        if "pair" not in self.spaces:
            return None
        return "aligned" if self.needs_aligned else "unpaired"

    @property
    def needs(self) -> str:
        """What the data must have, in a word; empty where it needs nothing."""
        told = {"labels": self.needs_labels, "colour": self.needs_colour}
        return ", ".join(name for name, needed in told.items() if needed)

    def resolve(self, space: Space) -> Recipe:
        """The recipe for data of `space`.

        Raises:
            RecipeError: it does not take such data, or needs labels that are not there.
        """
        if space.kind not in self.spaces:
            raise RecipeError(
                f"{self.name} takes {' and '.join(self.spaces)} data, and this is of kind "
                f"{space.kind!r} with shape {space.shape}. See `zerosum recipes` for others."
            )
        if self.needs_labels and not space.labels:
            raise RecipeError(
                f"{self.name} is conditional and the data has no labels. Sort a folder into one "
                "subfolder for each class, or give `y` beside `x`."
            )
        if self.needs_colour and isinstance(space, ImageSpace) and space.channels != 3:
            raise RecipeError(
                f"{self.name} needs colour pictures, with 3 channels, and these have "
                f"{space.channels}. Set --channels 3 if there is colour in them."
            )
        if self.needs_aligned and not (isinstance(space, PairSpace) and space.aligned):
            raise RecipeError(
                f"{self.name} needs aligned pairs, a source for each picture, and these are "
                "unpaired. Give pictures of equal names in A and B, or train cyclegan."
            )
        return self.build(space)


_ENTRIES: dict[str, Entry] = {}


def recipe(
    *,
    paper: str,
    spaces: tuple[str, ...] = ("image",),
    needs_labels: bool = False,
    needs_colour: bool = False,
    needs_aligned: bool = False,
) -> Callable[[Callable[[Space], Recipe]], Callable[[Space], Recipe]]:
    """Register a function from a space to a recipe, under the function's name."""

    def register(build: Callable[[Space], Recipe]) -> Callable[[Space], Recipe]:
        name, source = build.__name__, _own_file(build.__module__)
        known = _ENTRIES.get(name)
        if known is not None and known.build.__module__ != build.__module__:
            raise RecipeError(
                f"recipe {name!r} of {build.__module__} is taken by {known.build.__module__}. "
                "Recipe names are unique: rename the function."
            )
        _ENTRIES[name] = Entry(
            name, build, paper, spaces, needs_labels, source, needs_colour, needs_aligned
        )
        return build

    return register


def all_recipes() -> dict[str, Entry]:
    """Every recipe of the zoo and of installed packages, by name."""
    _load_installed()
    return dict(sorted(_ENTRIES.items()))


def find_recipe(name: str | Path) -> Entry:
    """The recipe called `name`, or the one in the Python file `name`.

    Raises:
        RecipeError: there is none; the nearest name is suggested.
    """
    if isinstance(name, Path) or name.endswith(".py"):
        return load_recipe_file(Path(name))
    known = all_recipes()
    if name not in known:
        raise RecipeError(f"no recipe {name!r}.{did_you_mean(name, known)}")
    return known[name]


def load_recipe_file(path: Path) -> Entry:
    """Import a user's own file and return the last recipe that it registers.

    A file that has changed since it was last loaded is loaded anew in place of its old self.

    Raises:
        RecipeError: the file is missing, or registers none.
    """
    path = path.resolve()
    if not path.is_file():
        raise RecipeError(f"no recipe file at {path}. Give the path of a .py file.")
    _load_installed()
    module_name = _FILE_PREFIX + hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    if module_name not in sys.modules:
        spec = importlib.util.spec_from_file_location(module_name, path)
        if spec is None or spec.loader is None:
            raise RecipeError(f"{path} is not a Python file.")
        for stale in [name for name, file in _FILES.items() if file == path]:
            _forget(stale)
        module = importlib.util.module_from_spec(spec)
        _FILES[module_name] = path
        sys.modules[module_name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            _forget(module_name)
            raise
    mine = [entry for entry in _ENTRIES.values() if entry.build.__module__ == module_name]
    if not mine:
        raise RecipeError(f"{path} registers no recipe. Decorate a function with @zs.recipe(...).")
    return mine[-1]


_FILE_PREFIX = "zerosum_file_"
_FILES: dict[str, Path] = {}


def _forget(module: str) -> None:
    """Undo the import of a user's file: its recipes, its kinds, the module."""
    for name in [name for name, entry in _ENTRIES.items() if entry.build.__module__ == module]:
        del _ENTRIES[name]
    forget_kinds(module)
    sys.modules.pop(module, None)
    del _FILES[module]


def _own_file(module: str) -> Path | None:
    return _FILES.get(module)


@cache
def _load_installed() -> None:
    zoo = import_module("zerosum.zoo")
    for info in iter_modules(zoo.__path__):
        import_module(f"zerosum.zoo.{info.name}")
    for point in entry_points(group="zerosum.recipes"):
        try:
            point.load()
        except Exception as error:
            raise RecipeError(
                f"the installed package {point.dist.name if point.dist else point.value!r} adds "
                f"recipes and cannot be loaded: {type(error).__name__}: {error}. Update it, or "
                "uninstall it."
            ) from error
