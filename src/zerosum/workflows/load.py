"""Open a run as a model."""

import warnings
from pathlib import Path

import torch

from zerosum.errors import RunError
from zerosum.games.rows import RowGame
from zerosum.games.translation import TranslationGame
from zerosum.runs.store import Run
from zerosum.runtime import resolve_device
from zerosum.tables.space import TableSpace
from zerosum.tasks.model import Model
from zerosum.tasks.table import TableModel
from zerosum.tasks.translation import TranslationModel
from zerosum.workflows.prepare import recipe_of, space_of_run


def load(
    run: Run | Path | str,
    *,
    device: str = "auto",
    step: int | None = None,
    code: Path | str | None = None,
) -> Model:
    """The model of a run, with averaged weights.

    Where a referee found an earlier state healthier than the last one, it is that state; the
    manifest says so under `model`. Where the newest checkpoint is damaged, the one before it is
    used, with a warning.

    Args:
        run: the run or its folder.
        device: where to sample.
        step: a checkpoint other than the newest.
        code: the user's own recipe file, where the run came from one.

    Raises:
        RunError: no such run, or no usable checkpoint.
    """
    if not isinstance(run, Run):
        run = Run.open(run)
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
        warnings.warn(f"{problem} Step {checkpoint.step} is used instead.", stacklevel=2)
    recipe = recipe_of(run, code, step=checkpoint.step)
    game = recipe.game.build(space_of_run(run))
    state = {
        name.removeprefix("game."): tensor
        for name, tensor in checkpoint.tensors.items()
        if name.startswith("game.")
    }
    for name, tensor in checkpoint.tensors.items():
        if name.startswith("average."):
            state[name.removeprefix("average.")] = tensor
    game.load_state_dict(state)
    if isinstance(game, RowGame) and run.manifest["execution"].get("precision") == "bf16":
        game.sampling_dtype = torch.bfloat16
    kind = TableModel if isinstance(game.space, TableSpace) else Model
    if isinstance(game, TranslationGame):
        kind = TranslationModel
    return kind(
        recipe=recipe,
        game=game,
        run=run.folder,
        step=checkpoint.step,
        device=resolve_device(device),
    )
