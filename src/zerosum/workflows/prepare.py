"""From a recipe's name and some data to everything a training needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zerosum.config import kinds_in, known_kind
from zerosum.data.base import DataConfig, Dataset, Progress
from zerosum.data.open import open_data
from zerosum.engine.execution import Execution
from zerosum.engine.trainer import Trainer
from zerosum.errors import RecipeError, RunError
from zerosum.recipes import Recipe, find_recipe, load_recipe_file
from zerosum.rng import derive_seed, seeded_initialisation
from zerosum.runs.store import Run
from zerosum.runtime import Runtime
from zerosum.spaces import Space


@dataclass(frozen=True)
class Plan:
    """A recipe resolved for some data.

    Attributes:
        recipe: with every value decided.
        dataset: the open data.
        data: how to open it again; None for a `Dataset` that the caller made.
        code: the user's own file that the recipe came from, else None.
    """

    recipe: Recipe
    dataset: Dataset
    data: DataConfig | None
    code: Path | None


def plan_training(
    recipe: str | Path | Recipe,
    data: Any,
    *,
    changes: Mapping[str, Any] | None = None,
    data_options: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Plan:
    """Open the data and resolve the recipe for it; nothing is trained.

    Args:
        recipe: a name, a Python file, or a recipe.
        data: whatever `open_data` takes.
        changes: dotted keys of the recipe and their values: `{"game.gamma": 0.5}`.
        data_options: `size`, `fit`, `channels`, `labels`, `skip_bad`, `limit`.
        progress: told about anything that takes long.

    Raises:
        RecipeError: no such recipe, or it does not take this data.
        DataError: the data cannot be used.
        ConfigError: a change names no key, or has a value that is not allowed.
    """
    entry = None if isinstance(recipe, Recipe) else find_recipe(recipe)
    dataset, config = open_data(data, progress=progress, **(data_options or {}))
    resolved = recipe if isinstance(recipe, Recipe) else None
    if entry is not None:
        resolved = entry.resolve(dataset.space)
    if resolved is None:
        raise RecipeError("give a recipe's name, a file, or a Recipe.")
    if changes:
        resolved = resolved.with_values(dict(changes))
    return Plan(resolved, dataset, config, entry.source if entry else None)


def make_trainer(
    recipe: Recipe, dataset: Dataset, *, seed: int, runtime: Runtime, execution: Execution
) -> Trainer:
    """A fresh trainer; weights are initialised from the seed alone."""
    with seeded_initialisation(derive_seed(seed, "weights")):
        game = recipe.game.build(dataset.space)
    return Trainer(
        game, dataset, recipe.optimisation, seed=seed, runtime=runtime, execution=execution
    )


def recipe_of(run: Run, code: Path | str | None) -> Recipe:
    """The recipe that a run recorded.

    Args:
        run: the run.
        code: the user's own file that defines the recipe's kinds, where there was one. Code in a
            run folder is never executed unless it is named here.

    Raises:
        RunError: the recipe needs a file of the user's own, and `code` is not given.
    """
    find_recipe("vanilla")  # the zoo registers its kinds
    if code is not None:
        load_recipe_file(Path(code))
    recorded = run.manifest["recipe"]
    unknown = sorted(kind for kind in kinds_in(recorded) if not known_kind(kind))
    if unknown:
        kept = sorted((run.folder / "code").glob("*.py"))
        hint = f" The run keeps a copy: read {kept[0]} before you trust it." if kept else ""
        raise RunError(
            f"{run.folder} uses the kinds {', '.join(unknown)}, which come from a file outside "
            f"zerosum. Name the file with --code (in Python: code=...).{hint}"
        )
    return Recipe.from_json(recorded)


def space_of_run(run: Run) -> Space:
    """What the run's samples are."""
    return Space.from_json(run.manifest["space"])
