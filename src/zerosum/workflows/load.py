"""Open a run, or an exported file, as a model."""

import warnings
from pathlib import Path
from typing import Any

import torch

from zerosum.catalogue import modality_of
from zerosum.engine.fit import require_finite, require_game_state
from zerosum.errors import ConfigError, ExportError, RunError, ZerosumError
from zerosum.games.base import Game
from zerosum.games.build import build_game
from zerosum.models.export import is_model_file, left_out_of, read_weights
from zerosum.models.model import Model
from zerosum.recipe_registry import Recipe
from zerosum.runs.checkpoints import Checkpoint
from zerosum.runs.store import Run
from zerosum.runtime import resolve_device
from zerosum.spaces import Space
from zerosum.workflows.anomalies import find_anomalies
from zerosum.workflows.augmenting import augment_with
from zerosum.workflows.prepare import recipe_in, recipe_of, space_of_run


def load(
    run: Run | Path | str,
    *,
    device: str = "auto",
    step: int | None = None,
    code: Path | str | None = None,
) -> Model:
    """The model of a run, or of a file that `zerosum export` wrote, with averaged weights.

    Where a referee found an earlier state healthier than the last one, it is that state; the
    manifest says so under `model`. Where the newest checkpoint is damaged, the one before it is
    used, with a warning.

    Args:
        run: the run, its folder, or a `.safetensors` file.
        device: where to sample.
        step: a checkpoint of the run other than the newest.
        code: the user's own recipe file, where the run came from one.

    Raises:
        RunError: no such run, no usable checkpoint, or weights that fit another version only.
        ExportError: the file was not written by zerosum, is of a newer version, or is damaged.
    """
    if not isinstance(run, Run):
        if is_model_file(run):
            return _load_file(Path(run), device=device, step=step, code=code)
        run = Run.open(run)
    checkpoint = checkpoint_of(run, step)
    recipe = recipe_of(run, code, step=checkpoint.step)
    game = build_game(recipe.game, space_of_run(run), checkpoint.tensors.values())
    state = {
        name.removeprefix("game."): tensor
        for name, tensor in checkpoint.tensors.items()
        if name.startswith("game.")
    }
    for name, tensor in checkpoint.tensors.items():
        if name.startswith("average."):
            state[name.removeprefix("average.")] = tensor
    try:
        require_game_state(game, state)
        require_finite(state)
        game.load_state_dict(state)
    except (RunError, RuntimeError) as error:
        raise unlike(run, checkpoint.step, error) from error
    return model_of(
        recipe, game, run=run.folder, step=checkpoint.step, device=device,
        precision=run.manifest["execution"].get("precision"),
    )  # fmt: skip


def require_recipe(name: str | None, wanted: str | None, where: Path | str) -> None:
    """Refuse what was trained by another recipe than `wanted`; None for any.

    Raises:
        RunError: it was.
    """
    if wanted is not None and name != wanted:
        raise RunError(
            f"{where} was trained by {name}, and recipe={wanted!r} was asked for. Leave it out, or "
            "name another run."
        )


def controls_of(run: Run) -> dict[str, Any]:
    """What `where` may ask of a run's model, as JSON; nothing where it cannot be opened."""
    with warnings.catch_warnings(action="ignore"):
        try:
            model = load(run, device="cpu")
        except ZerosumError:
            return {}
    return {name: control.to_json() for name, control in model.controls.items()}


def checkpoint_of(run: Run, step: int | None = None) -> Checkpoint:
    """The state that is a run's model; see `load`.

    Raises:
        RunError: there is no usable checkpoint, or none of `step`.
    """
    store = run.checkpoints
    chosen = run.manifest.get("model")
    if step is None and chosen is not None:
        store, step = run.healthy, chosen["step"]
    elif step is not None and step not in store.steps() and step in run.healthy.steps():
        store = run.healthy
    if step is not None and step not in store.steps():
        raise RunError(f"{run.folder} has no checkpoint of step {step}. It has: {store.steps()}.")
    checkpoint, problems = store.load_newest() if step is None else (store.load(step), [])
    for problem in problems:
        warnings.warn(f"{problem} Step {checkpoint.step} is used instead.", stacklevel=3)
    return checkpoint


def unlike(run: Run, step: int, error: Exception) -> RunError:
    """What to say where a checkpoint's weights do not fit the networks that its recipe builds."""
    lines = [line.strip() for line in str(error).splitlines()]
    written = run.manifest["versions"]["zerosum"]
    return RunError(
        f"step {step} of {run.folder} does not fit its networks as this version of zerosum builds "
        f"them ({' '.join(lines[1:2]) or lines[0]}). It was written by zerosum {written}; use that "
        "version, or the recipe file as it was then, or train anew."
    )


def _load_file(path: Path, *, device: str, step: int | None, code: Path | str | None) -> Model:
    """The model in an exported file; what it leaves out is absent from the game."""
    exported = read_weights(path)
    if step not in (None, exported.step):
        raise ExportError(f"{path} holds step {exported.step} and no other. Leave out the step.")
    recipe = recipe_in(path, exported.recipe, code)
    try:
        space = Space.from_json(exported.space)
        game = build_game(recipe.game, space, exported.tensors.values())
        strange = set(exported.left_out) - left_out_of(game)
        if strange:
            raise RunError(f"{min(strange)!r} is no part that an export leaves out")
        for part in exported.left_out:
            delattr(game, part)
        require_game_state(game, exported.tensors)
        require_finite(exported.tensors)
        game.load_state_dict(exported.tensors)
    except (ConfigError, RunError, AttributeError, RuntimeError) as error:
        reason = str(error).strip().partition("\n")[0].removesuffix(".")
        raise ExportError(
            f"{path} does not fit this version of zerosum ({reason}); it was written by "
            f"{exported.facts.get('zerosum_version')}. Export the run again."
        ) from error
    model = model_of(
        recipe, game, run=None, step=exported.step, device=device, precision=exported.precision
    )
    model.facts = exported.facts
    return model


def model_of(
    recipe: Recipe,
    game: Game,
    *,
    run: Path | None = None,
    step: int | None = None,
    device: str = "cpu",
    precision: str | None = None,
) -> Model:
    """A game with trained weights as the model that its modality makes of it.

    Args:
        recipe: that it was trained by.
        game: the players, with averaged weights.
        run: the run folder, if there is one.
        step: of the training that the weights are from, if it is known.
        device: where to sample.
        precision: what the training computed in; some games sample in it too.
    """
    if game.samples_in_bfloat16 and precision == "bf16":
        game.sampling_dtype = torch.bfloat16
    modality = modality_of(game.space)
    model = modality.model(game)(
        recipe=recipe, game=game, preview=modality.preview, writer=modality.writer, run=run,
        step=step, device=resolve_device(device),
    )  # fmt: skip
    model.augmenter, model.finder = augment_with, find_anomalies
    return model
