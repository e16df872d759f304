"""Let a copy of a run go on with a fault or a remedy; the run itself stays as it is."""

import shutil
from pathlib import Path
from typing import Any

from zerosum.engine.hooks import Hook
from zerosum.errors import PrivacyError, RecipeError, RunError
from zerosum.faces import option
from zerosum.recipe_registry import Recipe
from zerosum.referee.diagnosis import REMEDIES_FOR
from zerosum.referee.faults import FAULTS, DataFault, find_fault
from zerosum.referee.guard import Guard
from zerosum.referee.remedies import REMEDIES
from zerosum.runs.checkpoints import Checkpoint
from zerosum.runs.files import write_whole
from zerosum.runs.store import Run
from zerosum.workflows.prepare import recipe_of, space_of_run

_OF_ITS_OWN = ("schema", "created", "state", "name", "model", "healthiest", "health", "scores")
"""What a copy's manifest does not take over."""


def provoke(
    source: Run | Path | str,
    *,
    out: Path | str,
    samples: int,
    fault: str | None = None,
    referee: Guard = "watch",
) -> Run:
    """Copy a run as it stands, and put a fault into the copy; `resume` plays it.

    The copy goes on from the newest checkpoint, with the same moments of optimizers, order of the
    data and notes of the referee. Its manifest names the run under `parent`, and the fault.

    Args:
        source: the run; it may be played meanwhile.
        out: folder of the copy.
        samples: how many samples it is to see on top of those it has seen.
        fault: a key of `FAULTS`; if not given, the copy goes on as it is.
        referee: what the referee may do from here on.

    Raises:
        RunError: no such run, or no usable checkpoint.
        RecipeError: no such fault, or it does not apply here.
        PrivacyError: the run is private.
    """
    run = source if isinstance(source, Run) else Run.open(source)
    if run.manifest.get("privacy"):
        raise PrivacyError(
            f"{run.folder} promises privacy for the steps that were planned, so no copy of it goes "
            "on. Train anew."
        )
    if samples < 1:
        raise RunError(f"{option('samples', samples)} is not allowed: 1 or more.")
    newest, _ = run.checkpoints.load_newest()
    recipe = recipe_of(run, None)
    seen = newest.step * recipe.optimisation.batch_size
    recipe = recipe.with_values({"optimisation.total_samples": seen + samples})
    changed = recipe
    if fault is not None:
        wanted = find_fault(fault)
        if not wanted.applies(recipe, space_of_run(run)):
            raise RecipeError(
                f"{fault} ({wanted.words}) does not apply to {run.folder}. These do: "
                f"{', '.join(faults_for(run)) or 'none'}."
            )
        if wanted.change is not None:
            changed = wanted.change(recipe) or recipe
    given = [one for one in run.manifest.get("remedies") or [] if one["step"] <= newest.step]
    if changed is not recipe:
        given = [
            *given,
            {"step": newest.step, "name": fault, "by": "fault", "instead_of": recipe.to_json()},
        ]
    manifest = {name: one for name, one in run.manifest.items() if name not in _OF_ITS_OWN}
    folder = Path(out)
    manifest |= {
        "name": folder.name,
        "recipe": changed.to_json(),
        "remedies": given,
        "budget": None,
        "referee": referee,
        "step": newest.step,
        "samples": seen,
        "parent": {
            "run": str(run.folder), "step": newest.step, "taken": len(newest.tensors),
            "shares": {}, "fresh": [], "frozen": list(recipe.optimisation.frozen),
        },
        "fault": run.manifest.get("fault")
        if fault is None
        else {"name": fault, "step": newest.step},
    }  # fmt: skip

    def fill(copy: Run) -> None:
        _fill(copy, run, newest, seen)
        copy.add_event("continued", step=newest.step, name=run.name, by="hand")
        if fault is not None:
            words = find_fault(fault).words
            copy.add_event("provoked", step=newest.step, name=fault, words=words, by="hand")

    return Run.create(folder, manifest, fill)


def _fill(copy: Run, run: Run, newest: Checkpoint, seen: int) -> None:
    """Put in what the run had at the checkpoint: rows, events, pictures, and states."""
    for row in run.history():
        if row["step"] <= newest.step:
            copy.add_history(row)
    for event in run.events():
        if (event.get("step") or 0) <= newest.step and event["event"] not in ("ended", "abandoned"):
            details = {k: v for k, v in event.items() if k not in ("event", "time")}
            copy.add_event(event["event"], **details)
    for path in sorted((run.folder / "samples").glob("samples-*.png")):
        drawn = path.stem.partition("-")[2]
        if drawn.isdecimal() and int(drawn) <= seen:
            target = copy.subfolder("samples") / path.name
            write_whole(target, lambda aside, path=path: shutil.copyfile(path, aside))
    for step in run.healthy.steps():
        if step <= newest.step:
            state = run.healthy.load(step)
            copy.healthy.save(state.tensors, state.scalars)
    copy.checkpoints.save(newest.tensors, newest.scalars)


def take_back(run: Run | Path | str) -> Run:
    """End the fault of a run: its data is whole again, and its recipe what it was before.

    Raises:
        RunError: no such run, one that is being played, or one without a fault.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    with run.held():
        fault = run.manifest.get("fault")
        if not fault:
            raise RunError(f"{run.folder} has no fault to take back.")
        given = run.manifest.get("remedies") or []
        mine = [one for one in given if (one["by"], one["name"]) == ("fault", fault["name"])]
        struck = mine[-1] if mine else None
        changes: dict[str, Any] = {"fault": None}
        newest, _ = run.checkpoints.load_newest()
        if struck is not None:
            now = run.manifest["recipe"]
            note = {
                "step": newest.step, "name": "take-back", "by": "hand", "instead_of": now,
            }  # fmt: skip
            given = [one | {"by": "hand"} if one is struck else one for one in given]
            changes |= {"recipe": struck["instead_of"], "remedies": [*given, note]}
        run.update(**changes)
        words = f"{find_fault(fault['name']).words}: no longer"
        run.add_event("remedy", step=newest.step, name="take-back", words=words, by="hand")
    return run


def fault_hook(run: Run) -> list[Hook]:
    """What keeps a fault of the data in a run that has one."""
    fault = run.manifest.get("fault")
    if not fault or find_fault(fault["name"]).rows is None:
        return []
    return [DataFault(find_fault(fault["name"]), seed=run.manifest["seed"])]


def faults_for(run: Run) -> dict[str, str]:
    """Faults that apply to a run, with what they do; none to a private one."""
    if run.manifest.get("privacy"):
        return {}
    recipe, space = Recipe.from_json(run.manifest["recipe"]), space_of_run(run)
    return {one.name: one.words for one in FAULTS.values() if one.applies(recipe, space)}


def remedies_for(run: Run) -> dict[str, Any]:
    """Remedies that would change a run now, with what they do, and which a diagnosis asks for."""
    if run.manifest.get("privacy"):
        return {"remedies": {}, "by_diagnosis": {}}
    recipe, space = Recipe.from_json(run.manifest["recipe"]), space_of_run(run)
    found = {
        one.name: one.words
        for one in REMEDIES.values()
        if not one.anew and one.change(recipe, space) is not None
    }
    asked = {
        name: [one for one in dict.fromkeys(wanted) if one in found]
        for name, wanted in REMEDIES_FOR.items()
    }
    return {"remedies": found, "by_diagnosis": asked}
