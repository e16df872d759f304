"""Train a recipe on data, and continue a run exactly where it stopped."""

import shutil
import time
import warnings
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from zerosum.data.base import Dataset, Progress
from zerosum.engine.budget import Budget
from zerosum.engine.carry import carry_over
from zerosum.engine.choose import Trial, Wishes
from zerosum.engine.execution import Execution
from zerosum.engine.fit import require_finite
from zerosum.engine.trainer import Trainer
from zerosum.errors import PrivacyError, RunError
from zerosum.faces import option
from zerosum.games.one_class import OneClassGame
from zerosum.models.model import Model
from zerosum.recipe_registry import Capacity, Recipe
from zerosum.referee.guard import Guard, parse_guard
from zerosum.rng import SecretNoise, derive_seed
from zerosum.runs.checkpoints import Checkpoint
from zerosum.runs.files import write_whole
from zerosum.runs.hooks import Deadline, KeepTime, StopAfter
from zerosum.runs.ledger import Ledger
from zerosum.runs.lock import held
from zerosum.runs.store import Run, new_folder, require_free, versions
from zerosum.runtime import open_runtime
from zerosum.workflows.anomalies import detector_of, require_apart
from zerosum.workflows.budgets import check_budget, choose, planned
from zerosum.workflows.load import load, unlike
from zerosum.workflows.play import Listener, play
from zerosum.workflows.prepare import Plan, Teller, data_of, make_trainer, plan_training, recipe_of
from zerosum.workflows.private import PrivacyBudget, plan_private, stand_in_for
from zerosum.workflows.transfer import open_source, require_source


def train(
    recipe: str | Path | Recipe,
    data: Any,
    *,
    out: Path | str | None = None,
    root: Path | str = "runs",
    minutes: float | None = None,
    samples: int | None = None,
    seed: int = 0,
    capacity: Capacity = "small",
    changes: Mapping[str, Any] | None = None,
    data_options: Mapping[str, Any] | None = None,
    from_run: Model | Run | Path | str | None = None,
    freeze: int = 0,
    device: str = "auto",
    wishes: Wishes | None = None,
    referee: Guard = "act",
    promise: PrivacyBudget | None = None,
    show_reals: bool = False,
    checkpoint_seconds: float = 60.0,
    listener: Listener | None = None,
    progress: Progress | None = None,
    tell: Teller | None = None,
) -> Run:
    """Train a recipe on data, into a new run folder.

    Args:
        recipe: a name, a Python file, or a recipe.
        data: whatever `open_data` takes.
        out: the run folder; if not given, a new one below `root`.
        root: where new run folders go.
        minutes: budget in minutes of training; samples are planned from a measured step.
        samples: budget in samples seen; replaces the recipe's own.
        seed: decides weights, order and noise.
        capacity: how much the networks hold: `small`, `medium` or `large`.
        changes: dotted keys of the recipe and their values.
        data_options: of the reader, such as `size`, `limit` and `holdout`.
        from_run: another run, or its model, whose weights it starts with where they fit.
        freeze: layers of the discriminator, from the image up, that stay as they are there.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
        wishes: precision, layout, compile and threads to force.
        referee: `off`, `watch` or `act`: whether to report what goes wrong, and mend it.
        promise: of privacy; then the referee is off.
        show_reals: whether rows of a table are drawn in grey beneath samples, in the run folder.
        checkpoint_seconds: time between checkpoints.
        listener: gives more hooks once the run exists.
        progress: called during work that takes long before training starts.
        tell: called with each guess about the data.

    Raises:
        ZerosumError: see its subclasses; the message says what to do.
    """
    check_budget(minutes, samples)
    parse_guard(referee)
    require_source(freeze, from_run)
    if promise is not None and from_run is not None:
        raise PrivacyError(
            f"{option('epsilon')} counts what is learned of rows from first weights on, and those "
            f"of {option('from_run')} may have been trained on them. Leave out one of the two."
        )
    if promise is not None and show_reals:
        raise PrivacyError(
            f"{option('show_reals')} draws rows of the data into the run folder, and "
            f"{option('epsilon')} promises that nothing there reveals a row. Leave out one of the "
            "two."
        )
    begin = time.monotonic()
    with open_runtime(device) as runtime:
        source = None if from_run is None else open_source(from_run, runtime)
        plan = plan_training(
            recipe, data, capacity=capacity, changes=changes, data_options=data_options,
            private=promise is not None, tell=tell,
            progress=progress if promise is None else None,  # which would count the rows
        )  # fmt: skip
        if show_reals and not plan.dataset.space.holds_records:
            raise RunError(
                f"{option('show_reals')} is for tables: points are drawn on reals anyway, and "
                "images never are. Leave it out."
            )
        secret, tried = None, plan
        if promise is not None:
            plan, promise = plan_private(plan, promise, recipe, changes)
            if tell is not None:
                for note in plan.dataset.notes:
                    tell(f"{plan.dataset.name}: {note}")
            secret, referee = promise.secret, "off"
            tried = replace(plan, dataset=stand_in_for(plan, seed))
        resolved = plan.recipe
        require_apart(resolved, plan.dataset)
        if samples is not None:
            resolved = resolved.with_values({"optimisation.total_samples": samples})
        folder = Path(out) if out else new_folder(Path(root), resolved.name, plan.dataset.name)
        folder = Path(runtime.agree_text(str(folder)))
        if runtime.is_main:
            require_free(folder)
        draft = make_trainer(  # fail on a recipe that does not fit before anything is measured
            resolved, plan.dataset, seed=seed, runtime=runtime, execution=Execution()
        )
        if source is not None:
            resolved = source.settle(resolved, draft, freeze)
        del draft
        execution, trials = choose(resolved, tried, seed, runtime, wishes or Wishes(), minutes)
        if minutes is not None and samples is None:
            resolved = planned(resolved, tried, seed, runtime, execution, trials, minutes)
        privacy = None
        if promise is not None:
            resolved, privacy = promise.settle(resolved, plan.dataset.space, runtime.world)
        trainer = make_trainer(
            resolved, plan.dataset, seed=seed, runtime=runtime, execution=execution, secret=secret
        )
        facts: dict[str, Any] = {
            "parent": None if source is None else source.give(trainer),
            "show_reals": show_reals,
        }
        if privacy is not None:
            facts["privacy"] = privacy  # and no time that opening the rows took
        else:
            facts["setup_seconds"] = round(time.monotonic() - begin, 1)
        with held(folder) if runtime.is_main else nullcontext():
            run = _create(folder, resolved, plan, seed, trainer, trials, referee, facts)
            clock: Deadline | None = None
            if minutes is not None:
                replan = samples is None and promise is None  # private steps are planned once
                clock = KeepTime(run, minutes * 60) if replan else StopAfter(minutes * 60)
            play(
                run, trainer, seed=seed, guard=referee, clock=clock,
                checkpoint_seconds=checkpoint_seconds, listener=listener,
            )  # fmt: skip
            _keep_normals(run, plan.dataset, trainer)
    return run


def resume(
    folder: Path | str,
    *,
    data: Any = None,
    minutes: float | None = None,
    samples: int | None = None,
    device: str | None = None,
    code: Path | str | None = None,
    referee: Guard | None = None,
    secret: SecretNoise | None = None,
    checkpoint_seconds: float = 60.0,
    listener: Listener | None = None,
    progress: Progress | None = None,
) -> Run:
    """Continue a run bit for bit from its newest whole checkpoint.

    A run that was cut off before it saved any is begun anew, from its seed. A private run goes on
    with other noise, after the last step that was reserved: steps whose weights were lost count as
    played, and their history and images are removed.

    Args:
        folder: the run.
        data: the run's data, where it has moved or was held in memory.
        minutes: stop after so long.
        samples: a new, larger budget in samples; schedules stretch with it.
        device: if not given, the device that the run was trained on.
        code: the user's own recipe file, where the run came from one.
        referee: if not given, as the run was started.
        secret: what private gradients are made noisy by.
        checkpoint_seconds: time between checkpoints.
        listener: gives more hooks once the run is open.
        progress: called during work that takes long before training starts.

    Raises:
        RunError: no such run, one that another process plays, no usable checkpoint of what was
            trained, or nothing left to do.
        DataError: the data is not there, or is not the data of the run.
        PrivacyError: a private run is to be changed, or its ledger is missing or damaged.
    """
    check_budget(minutes, samples)
    if referee is not None:
        parse_guard(referee)
    run = Run.open(folder)
    private = run.manifest.get("privacy")
    if private and (samples is not None or referee not in (None, "off")):
        raise PrivacyError(
            f"{run.folder} promises privacy for the steps that were planned, without a referee. "
            f"Resume it as it is, or train anew with another {option('epsilon')}."
        )
    with (
        open_runtime(device or _same_device(run)) as runtime,
        run.held() if runtime.is_main else nullcontext(),
    ):
        runtime.wait()
        run.reread()
        newest, problems = _newest(run)
        _undo_remedies(run, 0 if newest is None else newest.step)
        recipe = recipe_of(run, code)
        if samples is not None:
            recipe = recipe.with_values({"optimisation.total_samples": samples})
        dataset, _ = data_of(run, data, None if private else progress)
        execution = Execution.from_json(run.manifest["execution"])
        seed = run.manifest["seed"]
        trainer = make_trainer(
            recipe, dataset, seed=seed, runtime=runtime, execution=execution,
            saved=None if newest is None else newest.tensors.values(), secret=secret,
        )  # fmt: skip
        if samples is None and run.manifest.get("budget"):
            trainer.budget = Budget.read(run.manifest["budget"])
        checkpoint = newest or Checkpoint(0, *trainer.state())
        same = runtime.device.type == run.manifest["device"].partition(":")[0]
        alike = same and samples is None and runtime.world == run.manifest["processes"]
        alike = alike and not private
        if not same:
            # Generators of CPU and GPU have unlike states: start a new stream from this step.
            trainer.noise = type(trainer.noise)(
                derive_seed(seed, "noise", checkpoint.step),
                device=runtime.device, rank=runtime.rank, world=runtime.world,
            )  # fmt: skip
            checkpoint.tensors["noise"] = trainer.noise.state()
        tensors = checkpoint.tensors
        if checkpoint.step in [one["step"] for one in run.manifest.get("remedies") or []]:
            tensors = carry_over(tensors, trainer)  # a remedy by hand may have changed shapes
        try:
            require_finite(tensors)
            trainer.load_state(tensors, checkpoint.scalars)
        except (RunError, RuntimeError) as error:
            raise unlike(run, checkpoint.step, error) from error
        saved = trainer.samples_seen
        if trainer.progress >= 1:
            raise RunError(
                f"{run.folder} is finished: {saved:,} samples. To train on, "
                + ("train anew: a promise of privacy is for the steps that were planned." if private
                   else f"give a larger budget: {option('samples', 2 * saved)}.")
            )  # fmt: skip
        spent = {}
        if private:
            # What was reserved after the checkpoint may have been played, so the clock goes on.
            trainer.step = Ledger(run.folder, private["steps"]).read(checkpoint.step)
            spent = {"lost": trainer.step - checkpoint.step}
            if spent["lost"]:
                trainer.roll_back(tensors, checkpoint.scalars)
        if runtime.is_main:
            run.rewind(checkpoint.step)
            if not alike:
                run.drop_pictures(saved)
            run.checkpoints.tidy(checkpoint.step if newest else -1)
            run.healthy.tidy(checkpoint.step)
            for problem in problems:
                run.add_event("checkpoint_damaged", problem=problem, used=checkpoint.step)
            run.add_event(
                "resumed", step=checkpoint.step, exact=alike, device=str(runtime.device), **spent
            )
            changed = {} if samples is None else {"budget": None}
            run.update(recipe=recipe.to_json(), model=None, health=None, **changed)
        play(
            run, trainer, seed=seed, guard=referee or run.manifest.get("referee", "off"),
            clock=None if minutes is None else StopAfter(minutes * 60),
            checkpoint_seconds=checkpoint_seconds, listener=listener,
        )  # fmt: skip
        _keep_normals(run, dataset, trainer)
    return run


def _keep_normals(run: Run, dataset: Dataset, trainer: Trainer) -> None:
    """In a run of a recipe that finds anomalies: what it needs for that, so that it can move."""
    if trainer.runtime.is_main and isinstance(trainer.game, OneClassGame):
        with warnings.catch_warnings(action="ignore"):  # whoever opens the run is warned
            detector_of(load(run, device="cpu"), dataset)


def _newest(run: Run) -> tuple[Checkpoint | None, list[str]]:
    """The state to go on from, and what is wrong with newer ones; None to begin anew.

    Raises:
        RunError: there is no checkpoint, and what was trained is lost with it, or cannot be begun
            anew.
    """
    checkpoint, problems = run.checkpoints.newest()
    if checkpoint is not None:
        return checkpoint, problems
    if run.manifest.get("step") or run.history():
        run.checkpoints.load_newest()  # which says what is wrong
    if run.manifest.get("parent"):
        raise RunError(
            f"{run.folder} was cut off before anything was trained, and began with the weights of "
            f"{run.manifest['parent']['run']}, which it has not kept. Train with "
            f"{option('from_run')} and {option('out', run.folder)} again."
        )
    return None, [*problems, f"no usable checkpoint in {run.checkpoints.folder}."]


def _undo_remedies(run: Run, step: int) -> None:
    """Go back to the recipe of `step`: what a referee changed later, it will change again."""
    given = run.manifest.get("remedies") or []
    later = [one for one in given if one["step"] > step]
    if later and all(one["by"] == "referee" for one in later):
        run.manifest["recipe"] = later[0]["instead_of"]
        run.manifest["remedies"] = given[: -len(later)]


def _create(
    folder: Path, recipe: Recipe, plan: Plan, seed: int, trainer: Trainer, trials: list[Trial],
    referee: Guard, facts: dict[str, Any],
) -> Run:  # fmt: skip
    """The run with the untrained state in it, so that it can be resumed as soon as it is there."""
    dataset, runtime, execution = plan.dataset, trainer.runtime, trainer.execution
    manifest = {
        "name": folder.name,
        "recipe": recipe.to_json(),
        "space": dataset.space.to_json(),
        "data": {
            "config": plan.data.to_json() if plan.data else None,
            "name": dataset.name,
            "fingerprint": dataset.fingerprint,
            "count": dataset.stated_size,
        },
        "seed": seed,
        "device": str(runtime.device),
        "processes": runtime.world,
        "execution": execution.to_json(),
        "referee": referee,
        "versions": versions(),
        "step": 0,
        "samples": 0,
        "seconds": 0.0,
        **facts,
    }
    if not runtime.is_main:
        return Run(folder, manifest)

    def fill(run: Run) -> None:
        if plan.code is not None:
            source = plan.code
            kept = run.subfolder("code") / source.name
            write_whole(kept, lambda aside: shutil.copyfile(source, aside))
        measured = [
            {"execution": str(t.execution), "step_seconds": round(t.step_seconds, 6)}
            for t in trials
        ]
        run.add_event("execution_chosen", chosen=str(execution), measured=measured)
        if facts["parent"] is not None:
            run.add_event("inherited", **facts["parent"])
        if "privacy" in facts:
            Ledger(run.folder, facts["privacy"]["steps"]).write(0)
        trainer.check_healthy()
        run.checkpoints.save(*trainer.state())

    return Run.create(folder, manifest, fill)


def _same_device(run: Run) -> str:
    device = run.manifest["device"]
    return "auto" if device.startswith("cuda") else device
