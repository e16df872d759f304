"""Train a recipe on data, and continue a run exactly where it stopped."""

import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from zerosum.data.base import Progress
from zerosum.engine.choose import (
    Trial,
    Wishes,
    can_compile,
    candidates,
    choose_execution,
    measure,
)
from zerosum.engine.execution import Execution
from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import Trainer
from zerosum.errors import DivergenceError, RunError
from zerosum.recipes import Recipe
from zerosum.rng import derive_seed
from zerosum.runs.files import make_folder, write_whole
from zerosum.runs.hooks import CheckpointHook, HistoryHook, SampleHook, StopAfter
from zerosum.runs.store import Run, new_folder, versions
from zerosum.runtime import Runtime, open_runtime
from zerosum.spaces import ImageSpace
from zerosum.workflows.metrics import metric_hook
from zerosum.workflows.prepare import Plan, data_of, make_trainer, plan_training, recipe_of

Listener = Callable[[Run, Trainer, SampleHook], Sequence[Hook]]
"""Gives the hooks of a face, such as a live view, once the run exists."""

_PLANNED_SHARE = 0.85
"""Share of a time budget that is planned to be spent in steps; the rest draws and saves."""


def train(
    recipe: str | Path | Recipe,
    data: Any,
    *,
    out: Path | str | None = None,
    root: Path | str = "runs",
    minutes: float | None = None,
    images: int | None = None,
    seed: int = 0,
    changes: Mapping[str, Any] | None = None,
    data_options: Mapping[str, Any] | None = None,
    device: str = "auto",
    wishes: Wishes | None = None,
    checkpoint_seconds: float = 60.0,
    listener: Listener | None = None,
    progress: Progress | None = None,
) -> Run:
    """Train a recipe on data, into a new run folder.

    Args:
        recipe: a name, a Python file, or a recipe.
        data: whatever `open_data` takes.
        out: the run folder; left out, a new one below `root`.
        root: where new run folders go.
        minutes: budget in minutes of training. The number of images is planned from a measured
            step and recorded, since schedules depend on it; the clock is obeyed all the same.
        images: budget in images (rows, points) seen; replaces the recipe's own.
        seed: decides weights, order and noise.
        changes: dotted keys of the recipe and their values.
        data_options: `size`, `fit`, `channels`, `labels`, `skip_bad`, `limit`.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
        wishes: precision, layout, compile and threads to force.
        checkpoint_seconds: time between checkpoints.
        listener: gives more hooks once the run exists.
        progress: told about anything that takes long before training starts.

    Raises:
        ZerosumError: see its subclasses; the message says what to do.
    """
    _check_budget(minutes, images)
    with open_runtime(device) as runtime:
        plan = plan_training(
            recipe, data, changes=changes, data_options=data_options, progress=progress
        )
        resolved = plan.recipe
        if images is not None:
            resolved = resolved.with_values({"optimisation.total_images": images})
        folder = Path(out) if out else new_folder(Path(root), resolved.name, plan.dataset.name)
        folder = Path(runtime.agree_text(str(folder)))
        make_trainer(  # fail on a recipe that does not fit before anything is measured or written
            resolved, plan.dataset, seed=seed, runtime=runtime, execution=Execution()
        )
        execution, trials = _choose(resolved, plan, seed, runtime, wishes or Wishes(), minutes)
        if minutes is not None and images is None:
            resolved = _planned(resolved, plan, seed, runtime, execution, trials, minutes)
        trainer = make_trainer(
            resolved, plan.dataset, seed=seed, runtime=runtime, execution=execution
        )
        run = _create(folder, resolved, plan, seed, runtime, execution, trials)
        _play(run, trainer, seed, minutes, checkpoint_seconds, listener)
    return run


def resume(
    folder: Path | str,
    *,
    data: Any = None,
    minutes: float | None = None,
    images: int | None = None,
    device: str | None = None,
    code: Path | str | None = None,
    checkpoint_seconds: float = 60.0,
    listener: Listener | None = None,
    progress: Progress | None = None,
) -> Run:
    """Continue a run bit for bit from its newest whole checkpoint.

    Args:
        folder: the run.
        data: the run's data, where it has moved or was held in memory.
        minutes: stop after so long.
        images: a new, larger budget in images; schedules stretch with it.
        device: left out, the device the run was trained on.
        code: the user's own recipe file, where the run came from one.
        checkpoint_seconds: time between checkpoints.
        listener: gives more hooks once the run is open.
        progress: told about anything that takes long before training starts.

    Raises:
        RunError: no such run, no usable checkpoint, or nothing left to do.
        DataError: the data is not there, or is not the data of the run.
    """
    _check_budget(minutes, images)
    run = Run.open(folder)
    recipe = recipe_of(run, code)
    if images is not None:
        recipe = recipe.with_values({"optimisation.total_images": images})
    with open_runtime(device or _same_device(run)) as runtime:
        dataset, _ = data_of(run, data, progress)
        execution = Execution.from_json(run.manifest["execution"])
        seed = run.manifest["seed"]
        trainer = make_trainer(recipe, dataset, seed=seed, runtime=runtime, execution=execution)
        checkpoint, problems = run.checkpoints.load_newest()
        same = runtime.device.type == run.manifest["device"].partition(":")[0]
        alike = same and images is None and runtime.world == run.manifest["processes"]
        if not same:
            # Generators of CPU and GPU have unlike states: start a new stream from this step.
            trainer.noise = type(trainer.noise)(
                derive_seed(seed, "noise", checkpoint.step),
                device=runtime.device, rank=runtime.rank, world=runtime.world,
            )  # fmt: skip
            checkpoint.tensors["noise"] = trainer.noise.state()
        trainer.load_state(checkpoint.tensors, checkpoint.scalars)
        if trainer.progress >= 1:
            raise RunError(
                f"{run.folder} is finished: {trainer.images_seen:,} images. To train on, give a "
                f"larger budget: --images {2 * trainer.images_seen}."
            )
        if runtime.is_main:
            run.rewind_history(checkpoint.step)
            run.checkpoints.tidy(checkpoint.step)
            for problem in problems:
                run.add_event("checkpoint_damaged", problem=problem, used=checkpoint.step)
            run.add_event("resumed", step=checkpoint.step, exact=alike, device=str(runtime.device))
            run.update(recipe=recipe.to_json())
        _play(run, trainer, seed, minutes, checkpoint_seconds, listener)
    return run


def _choose(
    recipe: Recipe, plan: Plan, seed: int, runtime: Runtime, wishes: Wishes, minutes: float | None
) -> tuple[Execution, list[Trial]]:
    ways = candidates(
        wishes,
        images=isinstance(plan.dataset.space, ImageSpace),
        device=runtime.device,
        compilable=can_compile(runtime.device),
    )
    return choose_execution(
        ways,
        lambda way: make_trainer(recipe, plan.dataset, seed=seed, runtime=runtime, execution=way),
        runtime=runtime,
        num_steps=recipe.optimisation.total_images / recipe.optimisation.batch_size,
        budget_seconds=None if minutes is None else minutes * 60,
    )


def _planned(
    recipe: Recipe, plan: Plan, seed: int, runtime: Runtime, execution: Execution,
    trials: list[Trial], minutes: float,
) -> Recipe:  # fmt: skip
    """The recipe with as many images as fit into the time."""
    mine = [trial for trial in trials if trial.execution == execution] or measure(
        [execution],
        lambda way: make_trainer(recipe, plan.dataset, seed=seed, runtime=runtime, execution=way),
        runtime,
    )
    seconds = mine[0].mean_seconds
    steps = max(1, int(_PLANNED_SHARE * minutes * 60 / seconds))
    return recipe.with_values({"optimisation.total_images": steps * recipe.optimisation.batch_size})


def _create(
    folder: Path, recipe: Recipe, plan: Plan, seed: int, runtime: Runtime, execution: Execution,
    trials: list[Trial],
) -> Run:  # fmt: skip
    dataset = plan.dataset
    manifest = {
        "name": folder.name,
        "recipe": recipe.to_json(),
        "space": dataset.space.to_json(),
        "data": {
            "config": plan.data.to_json() if plan.data else None,
            "name": dataset.name,
            "fingerprint": dataset.fingerprint,
            "count": len(dataset),
        },
        "seed": seed,
        "device": str(runtime.device),
        "processes": runtime.world,
        "execution": execution.to_json(),
        "versions": versions(),
        "parent": None,
    }
    if not runtime.is_main:
        return Run(folder, manifest)
    run = Run.create(folder, manifest)
    if plan.code is not None:
        make_folder(folder / "code")
        source = plan.code
        write_whole(folder / "code" / source.name, lambda aside: shutil.copyfile(source, aside))
    measured = [
        {"execution": str(t.execution), "step_seconds": round(t.step_seconds, 6)} for t in trials
    ]
    run.add_event("execution_chosen", chosen=str(execution), measured=measured)
    return run


def _play(
    run: Run, trainer: Trainer, seed: int, minutes: float | None, checkpoint_seconds: float,
    listener: Listener | None,
) -> None:  # fmt: skip
    samples = SampleHook(run, seed=seed)
    hooks: list[Hook] = [HistoryHook(run), samples]
    hooks += metric_hook(run, trainer)
    hooks += listener(run, trainer, samples) if listener and trainer.runtime.is_main else []
    hooks += [StopAfter(minutes * 60)] if minutes is not None else []
    hooks.append(CheckpointHook(run, seconds=checkpoint_seconds))
    try:
        with _interruptible(trainer):
            trainer.run(hooks)
    except BaseException as error:
        trainer.loader.close()
        if trainer.runtime.is_main:
            for hook in hooks:
                hook.failed(trainer)
            _record_failure(run, trainer, error)
        raise


def _record_failure(run: Run, trainer: Trainer, error: BaseException) -> None:
    """Say in the run why it ended; where even that cannot be written, the error itself says it."""
    state = "failed"
    if isinstance(error, DivergenceError):
        state = "diverged"
    elif isinstance(error, KeyboardInterrupt):
        state = "interrupted"
    with suppress(RunError):
        run.add_event(state, step=trainer.step, message=str(error))
        run.update(state=state)


def _same_device(run: Run) -> str:
    device = run.manifest["device"]
    return "auto" if device.startswith("cuda") else device


def _check_budget(minutes: float | None, images: int | None) -> None:
    if minutes is not None and not minutes > 0:
        raise RunError(f"--minutes is {minutes}; give a number above 0.")
    if images is not None and images < 1:
        raise RunError(f"--images is {images}; give a whole number above 0.")


@contextmanager
def _interruptible(trainer: Trainer) -> Iterator[None]:
    """The first Ctrl-C ends the training after the step, resumable; a second one at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def on_signal(number: int, _frame: object) -> None:
        trainer.stop("interrupted")
        signal.signal(number, signal.default_int_handler)

    previous = {n: signal.signal(n, on_signal) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
