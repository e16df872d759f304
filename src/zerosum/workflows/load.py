"""Open a run as a model."""

from pathlib import Path

from zerosum.errors import RunError
from zerosum.runs.store import Run
from zerosum.runtime import resolve_device
from zerosum.tasks.model import Model
from zerosum.workflows.prepare import recipe_of, space_of_run


def load(
    run: Run | Path | str,
    *,
    device: str = "auto",
    step: int | None = None,
    code: Path | str | None = None,
) -> Model:
    """The model of a run, with averaged weights.

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
    recipe = recipe_of(run, code)
    game = recipe.game.build(space_of_run(run))
    store = run.checkpoints
    if step is not None and step not in store.steps():
        raise RunError(f"{run.folder} has no checkpoint of step {step}. It has: {store.steps()}.")
    checkpoint = store.load_newest()[0] if step is None else store.load(step)
    state = {
        name.removeprefix("game."): tensor
        for name, tensor in checkpoint.tensors.items()
        if name.startswith("game.")
    }
    for name, tensor in checkpoint.tensors.items():
        if name.startswith("average."):
            state[name.removeprefix("average.")] = tensor
    game.load_state_dict(state)
    return Model(recipe=recipe, game=game, run=run.folder, device=resolve_device(device))
