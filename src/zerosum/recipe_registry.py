"""Recipes by name: a recipe is a function of the data's space, so that one name suits much data.

`catalogue` finds them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import getdoc
from pathlib import Path
from typing import Any, Literal, get_args

from zerosum.cards import Described, InfoCard
from zerosum.engine.recipe import Recipe
from zerosum.errors import RecipeError, did_you_mean
from zerosum.faces import option, verb
from zerosum.spaces import Space

__all__ = [
    "Capacities", "Capacity", "Entry", "Recipe", "RecipeList", "forget_recipes", "name_file",
    "parse_capacity", "recipe", "registered_recipes",
]  # fmt: skip

Capacity = Literal["small", "medium", "large"]
"""How much a recipe's networks hold: `small` suits a CPU, the others are for GPUs."""

Capacities = Mapping[Capacity, Mapping[str, Any]]
"""For a capacity other than `small`, the dotted keys that it changes and their values."""


@dataclass(frozen=True)
class Entry:
    """A recipe that can be asked for by name.

    Attributes:
        name: its name.
        build: from the space to the recipe.
        paper: authors and year, with the arXiv id.
        spaces: kinds of space it takes.
        needs: what the data must have, in the words of `Space.missing`: `labels`, `colour`.
        source: the file of the user's own it came from, else None.
        capacities: what other capacities change where the data is images.
        holdout: share of the data that is kept apart where the user names none; None for nothing.
    """

    name: str
    build: Callable[[Space], Recipe]
    paper: str
    spaces: tuple[str, ...]
    needs: tuple[str, ...] = ()
    source: Path | None = None
    capacities: Capacities = field(default_factory=dict)
    holdout: float | None = None

    @property
    def summary(self) -> str:
        """The first sentence of its docstring."""
        return (getdoc(self.build) or "").partition("\n\n")[0].replace("\n", " ")

    def resolve(self, space: Space, capacity: Capacity = "small") -> Recipe:
        """The recipe for data of `space`.

        Raises:
            RecipeError: it does not take such data, needs what the data lacks, or has no such
                capacity for it.
        """
        if space.kind not in self.spaces:
            raise RecipeError(
                f"{self.name} takes {' and '.join(self.spaces)} data, and this is of kind "
                f"{space.kind!r} with shape {space.shape}. See {verb('recipes')} for others."
                f"{_OTHER_DATA.get(space.kind, '')}"
            )
        for need in self.needs:
            reason = space.missing(need)
            if reason is not None:
                raise RecipeError(f"{self.name} does not take this data: {reason}")
        built = self.build(space)
        return built if capacity == "small" else built.with_values(self._changes(space, capacity))

    def _changes(self, space: Space, capacity: Capacity) -> dict[str, Any]:
        """What a capacity other than `small` changes."""
        parse_capacity(capacity)
        if space.axes != 2 or capacity not in self.capacities:
            what = f"on {space.unit} " if self.capacities else ""
            raise RecipeError(
                f"{self.name} {what}comes in one size, so it has no capacity {capacity!r}. Leave "
                f"out {option('capacity')}, and change its widths with {option('set')}."
            )
        return dict(self.capacities[capacity])


class RecipeList(Described, dict[str, Entry]):
    """Recipes by name."""

    def card(self, *, drawn: bool) -> InfoCard:
        """A line for each."""
        rows = [(e.name, ", ".join(e.spaces), e.summary, e.paper) for e in self.values()]
        return InfoCard(
            f"{len(self)} recipes",
            {} if drawn else {name: entry.summary for name, entry in self.items()},
            ("recipe", "takes", "in one sentence", "paper"),
            rows,
        )


_OTHER_DATA = {
    "relational": " Of a database one table can be named after #, as in shop.sqlite#orders."
}
"""What else may be meant where a recipe does not take a kind of data."""

_ENTRIES: dict[str, Entry] = {}


def recipe(
    *,
    paper: str,
    spaces: tuple[str, ...] = ("image",),
    needs: tuple[str, ...] = (),
    capacities: Capacities | None = None,
    holdout: float | None = None,
) -> Callable[[Callable[[Space], Recipe]], Callable[[Space], Recipe]]:
    """Register a function from a space to a recipe, under the function's name.

    Args:
        paper: authors and year, with the arXiv id.
        spaces: kinds of space it takes.
        needs: what the data must have, in the words of `Space.missing`.
        capacities: what `medium` and `large` change where the data is images.
        holdout: share of the data that is kept apart where the user names none.
    """

    def register(build: Callable[[Space], Recipe]) -> Callable[[Space], Recipe]:
        name, source = build.__name__, _FILES.get(build.__module__)
        known = _ENTRIES.get(name)
        if known is not None and known.build.__module__ != build.__module__:
            raise RecipeError(
                f"recipe {name!r} of {build.__module__} is taken by {known.build.__module__}. "
                "Recipe names are unique: rename the function."
            )
        _ENTRIES[name] = Entry(
            name, build, paper, spaces, needs, source, capacities or {}, holdout
        )  # fmt: skip
        return build

    return register


def parse_capacity(text: str) -> Capacity:
    """A capacity by its name.

    Raises:
        RecipeError: the name is unknown.
    """
    for capacity in get_args(Capacity):
        if text == capacity:
            return capacity
    raise RecipeError(f"{option('capacity', text)}.{did_you_mean(text, get_args(Capacity))}")


def registered_recipes() -> dict[str, Entry]:
    """The recipes whose modules were imported so far, by name."""
    return dict(_ENTRIES)


def forget_recipes(module: str) -> None:
    """Drop what `module` registered, when its file failed or has changed."""
    for name in [name for name, entry in _ENTRIES.items() if entry.build.__module__ == module]:
        del _ENTRIES[name]


def name_file(module: str, path: Path) -> None:
    """Recipes that `module` registers come from the user's own file at `path`."""
    _FILES[module] = path


_FILES: dict[str, Path] = {}
