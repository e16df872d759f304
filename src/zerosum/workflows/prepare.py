"""From a recipe's name and some data to everything a training needs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zerosum.catalogue import all_recipes, find_recipe, load_recipe_file, modality_of
from zerosum.config import kinds_in, known_kind
from zerosum.data.base import DataConfig, Dataset, Progress
from zerosum.engine.execution import Execution
from zerosum.engine.trainer import Trainer
from zerosum.errors import ConfigError, DataError, RecipeError, RunError
from zerosum.faces import option
from zerosum.games.build import build_game
from zerosum.modalities.tables.privacy.private_rows import FINGERPRINT
from zerosum.recipe_registry import Capacity, Recipe
from zerosum.rng import SecretNoise, derive_seed, seeded_initialisation
from zerosum.runs.store import Run
from zerosum.runtime import Runtime
from zerosum.spaces import Space
from zerosum.workflows.data import open_data, reader_for

_COMPARED = 16
"""Samples that are compared at once, to see whether all are equal."""

_LEAST = 4
"""Samples below which there is nothing to make a batch of."""

Teller = Callable[[str], None]
"""Called with a sentence that the user should read."""


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
    capacity: Capacity = "small",
    changes: Mapping[str, Any] | None = None,
    data_options: Mapping[str, Any] | None = None,
    private: bool = False,
    progress: Progress | None = None,
    tell: Teller | None = None,
) -> Plan:
    """Open the data and resolve the recipe for it; nothing is trained.

    Args:
        recipe: a name, a Python file, or a recipe.
        data: whatever `open_data` takes.
        capacity: how much the networks hold; `changes` come after it.
        changes: dotted keys of the recipe and their values: `{"game.gamma": 0.5}`.
        data_options: the options of `open_data`.
        private: whether a table is opened for a private training.
        progress: called during work that takes long.
        tell: called with each guess about the data, and what is to be known of the game.

    Raises:
        RecipeError: no such recipe, or it does not take this data.
        DataError: the data cannot be used.
        ConfigError: a change names no key, or has a value that is not allowed.
    """
    entry = None if isinstance(recipe, Recipe) else find_recipe(recipe)
    options = dict(data_options or {})
    apart = None if entry is None else entry.holdout
    if apart is not None and not isinstance(data, Dataset):
        options.setdefault("holdout", apart)
    dataset, config = open_data(
        data, **wanted_by(recipe), private=private, progress=progress, **options
    )
    if not private:  # whether rows are equal is for nobody to know there
        _require_varied(dataset)
    if tell is not None:
        for note in dataset.notes:
            tell(f"{dataset.name}: {note}")
    resolved = recipe if isinstance(recipe, Recipe) else None
    if entry is not None:
        resolved = entry.resolve(dataset.space, capacity)
    elif capacity != "small":
        raise RecipeError(f"a Recipe has its own widths. Leave out {option('capacity')}.")
    if resolved is None:
        raise RecipeError("give a recipe's name, a file, or a Recipe.")
    if entry is not None and not private:
        resolved = _in_batches_that_fit(resolved, dataset, changes or {}, tell)
    if changes:
        resolved = resolved.with_values(dict(changes))
    if tell is not None:
        for note in resolved.game.notes:
            tell(f"{resolved.name}: {note}")
    return Plan(resolved, dataset, config, entry.source if entry else None)


def _require_varied(dataset: Dataset) -> None:
    if len(dataset) < 2 or dataset.in_parts:  # units may be equal where their rows are not
        return
    first, _ = dataset.take(torch.zeros(1, dtype=torch.int64))
    for rows in torch.arange(len(dataset)).split(_COMPARED):
        x, _ = dataset.take(rows)
        if not ((x == first) | (x.isnan() & first.isnan())).all():
            return
    raise DataError(
        f"there is nothing to learn: all {len(dataset):,} {dataset.space.unit} of {dataset.name} "
        "are equal. Give data that varies."
    )


def _in_batches_that_fit(
    recipe: Recipe, dataset: Dataset, changes: Mapping[str, Any], tell: Teller | None
) -> Recipe:
    """The recipe with smaller batches, where the data is smaller than one and none was asked for.

    They hold a power of two, so that processes can share them.
    """
    size, batch = dataset.stated_size, recipe.optimisation.batch_size
    if size >= batch or size < _LEAST or "optimisation.batch_size" in changes:
        return recipe
    fits = 1 << (size.bit_length() - 1)
    if tell is not None:
        tell(
            f"{dataset.name}: {size} samples are fewer than a batch of {batch}, so batches are of "
            f"{fits}."
        )
    return recipe.with_values({"optimisation.batch_size": fits})


def wanted_by(recipe: str | Path | Recipe) -> dict[str, tuple[str, ...]]:
    """The kinds of space that a recipe takes and what it needs, as `open_data` asks for them.

    Raises:
        RecipeError: no such recipe.
    """
    name = recipe.name if isinstance(recipe, Recipe) else recipe
    if isinstance(recipe, Recipe) and name not in all_recipes():
        return {}
    entry = find_recipe(name)
    return {"spaces": entry.spaces, "needs": entry.needs}


def make_trainer(
    recipe: Recipe,
    dataset: Dataset,
    *,
    seed: int,
    runtime: Runtime,
    execution: Execution,
    saved: Iterable[Tensor] | None = None,
    secret: SecretNoise | None = None,
) -> Trainer:
    """A fresh trainer; weights are initialised from the seed alone.

    Args:
        recipe: game and optimisation.
        dataset: what is learned.
        seed: of weights, order and noise.
        runtime: device and processes.
        execution: precision, layout, compilation, threads.
        saved: what is to be loaded; the game may not be far larger, where a file describes it.
        secret: where private training takes its noise from; if not given, a fresh source.

    Raises:
        RunError: it would be.
        ConfigError: see `Trainer`.
        DataError: see `Trainer`.
    """
    with seeded_initialisation(derive_seed(seed, "weights")):
        if saved is None:
            game = recipe.game.build(dataset.space)
        else:
            game = build_game(recipe.game, dataset.space, saved)
    return Trainer(
        game, dataset, recipe.optimisation, seed=seed, runtime=runtime, execution=execution,
        secret=secret,
    )  # fmt: skip


def known_options(data: Any, space: Space, options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `options` that the reader of `data` has, and of a `Dataset` none."""
    if isinstance(data, Dataset | DataConfig):
        return {}
    known = reader_for(data, (space.kind,)).options()
    return {name: value for name, value in options.items() if name in known}


def recipe_of(run: Run, code: Path | str | None, *, step: int | None = None) -> Recipe:
    """The recipe that a run recorded.

    Args:
        run: the run.
        step: of a state that was saved; if not given, the recipe in force. A remedy changes the
            recipe for the states after its step; one given by hand leaves that of its step.
        code: the user's own file that defines the recipe's kinds, where there was one. Code in a
            run folder is never executed unless it is named here.

    Raises:
        RunError: the recipe needs a file of the user's own, and `code` is not given.
    """
    recorded = run.manifest["recipe"]
    for remedy in reversed(run.manifest.get("remedies") or [] if step is not None else []):
        before = step is not None and step < remedy["step"]
        if before or (remedy["by"] == "hand" and step == remedy["step"]):
            recorded = remedy["instead_of"]
    kept = sorted((run.folder / "code").glob("*.py"))
    hint = f" The run keeps a copy: read {kept[0]} before you trust it." if kept else ""
    return recipe_in(run.folder, recorded, code, hint=hint)


def recipe_in(source: Path, recorded: Any, code: Path | str | None, *, hint: str = "") -> Recipe:
    """The recipe that `source` recorded as JSON.

    Args:
        source: the run folder or file, for messages.
        recorded: the JSON.
        code: the user's own file that defines the recipe's kinds, where there was one.
        hint: what to add where that file is needed and not given.

    Raises:
        RunError: the recipe needs a file of the user's own, and `code` is not given.
    """
    find_recipe("vanilla")  # the zoo registers its kinds
    if code is not None:
        load_recipe_file(Path(code))
    unknown = sorted(kind for kind in kinds_in(recorded) if not known_kind(kind))
    if unknown:
        raise RunError(
            f"{source} uses the kinds {', '.join(unknown)}, which come from a file outside "
            f"zerosum. Name the file with {option('code')}.{hint}"
        )
    return Recipe.from_json(recorded)


def data_of(
    run: Run, data: Any = None, progress: Progress | None = None
) -> tuple[Dataset, DataConfig | None]:
    """The data that a run was trained on, known to be the same, and how it was opened.

    Args:
        run: the run.
        data: its data, where it has moved or was held in memory.
        progress: called during work that takes long.

    Raises:
        DataError: the data is not there, or is not the data of the run.
    """
    recorded, space = run.manifest["data"], space_of_run(run)
    config = DataConfig.from_json(recorded["config"]) if recorded["config"] else None
    if data is not None:
        private = bool((recorded["config"] or {}).get("private"))
        options = {} if config is None else config.given_options()
        dataset, config = open_data(
            data,
            spaces=(space.kind,),
            private=private,
            progress=progress,
            **known_options(data, space, options),
        )
    elif config is None:
        raise DataError(
            f"{run.folder} was trained on a Dataset of yours. Give it again with {option('data')}."
        )
    else:
        try:
            dataset, _ = open_data(config, progress=progress)
        except DataError as error:
            if "path" not in type(config).model_fields:
                raise
            raise DataError(
                f"{error} If the data has moved, name it with {option('data')}."
            ) from error
    kit = modality_of(space).private
    if recorded["fingerprint"] == FINGERPRINT and kit is not None:
        return kit.known_again(dataset, space), config
    if not dataset.is_of(recorded["fingerprint"]):
        raise DataError(
            f"this is not the data of {run.folder}: fingerprint {dataset.fingerprint}, and the run "
            f"has {recorded['fingerprint']} ({recorded['name']}, {recorded['count']:,} samples). "
            "An exact resume and a judgement need the same data; start a new run for other data."
        )
    return dataset, config


def space_of_run(run: Run) -> Space:
    """What the run's samples are.

    Raises:
        RunError: the manifest describes no space.
    """
    try:
        return Space.from_json(run.manifest["space"])
    except ConfigError as error:
        raise RunError(f"{run.folder / 'manifest.json'} describes no samples: {error}") from error
