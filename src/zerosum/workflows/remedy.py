"""Give a run a remedy by hand: its recipe is changed, and the next resume plays by it."""

from pathlib import Path

from zerosum.errors import PrivacyError, RecipeError, RunError
from zerosum.faces import option
from zerosum.referee.notes import read_notes
from zerosum.referee.remedies import find_remedy
from zerosum.runs.store import Run
from zerosum.workflows.prepare import recipe_of, space_of_run


def give_remedy(folder: Path | str, name: str, *, code: Path | str | None = None) -> Run:
    """Change the recipe of a run as the referee would.

    `roll-back` puts the healthiest state that a referee kept in place of the newest one; the clock
    goes on from there. All others change the recipe alone.

    Args:
        folder: the run.
        name: a remedy; see `zerosum remedies`.
        code: the user's own recipe file, where the run came from one.

    Raises:
        RecipeError: no such remedy, or it changes nothing here.
        RunError: no such run, one that is being played, no usable checkpoint, or no healthy state
            to go back to.
        PrivacyError: the run is private.
    """
    run = Run.open(folder)
    if run.manifest.get("privacy"):
        raise PrivacyError(
            f"{run.folder} promises privacy for the recipe and the steps that were planned, and a "
            f"remedy changes them. Resume it as it is, or train anew with {option('epsilon')}."
        )
    with run.held():
        _give(run, name, code)
    return run


def _give(run: Run, name: str, code: Path | str | None) -> None:
    remedy = find_remedy(name)
    if remedy.anew:
        raise RecipeError(
            f"{name} starts from other first weights, so there is nothing of {run.folder} to keep. "
            f"Train again with another {option('seed')}."
        )
    changed = remedy.change(recipe_of(run, code), space_of_run(run))
    if changed is None:
        raise RecipeError(
            f"{name} changes nothing in {run.folder}: it was given before, or does not apply to "
            "this recipe. Its manifest.json says what is in force."
        )
    newest, _ = run.checkpoints.load_newest()
    if name == "roll-back":
        notes = newest.scalars.get("notes")
        left = notes.get("referee") if isinstance(notes, dict) else None
        source = f"what the referee left in {run.checkpoints.folder}"
        noted = None if left is None else read_notes(left, source=source, step=newest.step)
        best = None if noted is None else noted.best
        if best is None:
            raise RunError(
                f"no referee has kept a healthy state of {run.folder} yet, so there is nothing to "
                f"go back to. One does where a training runs with {option('referee', 'watch')} "
                "or 'act'."
            )
        healthy = run.healthy.load(best.step)
        clock = {key: newest.scalars.get(key) for key in ("step", "position", "seconds", "notes")}
        run.checkpoints.save(healthy.tensors, {**healthy.scalars, **clock, "window": []})
    note = {
        "step": newest.step, "name": name, "by": "hand", "instead_of": run.manifest["recipe"],
    }  # fmt: skip
    given = [*run.manifest.get("remedies", []), note]
    run.update(recipe=changed.to_json(), remedies=given)
    run.add_event("remedy", step=newest.step, name=name, words=remedy.words, by="hand")
