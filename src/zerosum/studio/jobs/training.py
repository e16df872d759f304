"""Train a recipe, or go on with a training that was cut off; the run folder is the truth."""

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

from zerosum.engine.choose import Wishes
from zerosum.engine.hooks import Hook, Row
from zerosum.engine.trainer import Trainer
from zerosum.errors import RecipeError, RunError
from zerosum.runs.files import read_json
from zerosum.runs.hooks import SampleHook
from zerosum.runs.store import Run
from zerosum.studio.jobs.field import continue_field, field_hooks
from zerosum.workflows.load import model_of
from zerosum.workflows.prepare import Teller, recipe_of
from zerosum.workflows.private import promise_of
from zerosum.workflows.provoke import faults_for, provoke, remedies_for, take_back
from zerosum.workflows.remedy import give_remedy
from zerosum.workflows.train import resume, train

_EVERY = 0.5
"""Seconds between two words of progress."""
_COMPLETE = ("finished", "out of time")
_ASKED = "a remedy was asked for"
_WISH = "wish.json"
_HOUSE = Path(__file__).parents[2]
"""Where zerosum lies: what is warned of there is for people."""


class ProgressHook(Hook):
    """Says how far a training is, and ends it where somebody asks for a remedy."""

    def __init__(
        self, say: Callable[..., None], run: Run, minutes: float | None, wish: Path
    ) -> None:
        self._say, self._run, self._minutes, self._wish = say, run, minutes, wish
        self._last = 0.0

    def started(self, trainer: Trainer) -> None:
        """Say what the model can be asked for."""
        space, controls = trainer.game.space, trainer.game.controls()
        facts = {
            "unit": space.unit, "kind": space.kind, "labels": list(space.labels)[:1_000],
            "controls": {name: one.to_json() for name, one in controls.items()},
            "asks": _asks(self._run, trainer),
            "total": trainer.optimisation.total_samples,
        }  # fmt: skip
        self._say(facts=facts | self._ways(), words="training")

    def taken_over(self, trainer: Trainer) -> None:
        """After a remedy, others apply."""
        self._say(facts=self._ways())

    def _ways(self) -> dict[str, Any]:
        return {"faults": faults_for(self._run), "mends": remedies_for(self._run)}

    def recorded(self, trainer: Trainer, row: Row) -> None:
        """Say how far it is, now and then."""
        if time.monotonic() - self._last < _EVERY:
            return
        self._last = time.monotonic()
        if self._wish.is_file():
            trainer.stop(_ASKED)
        share = trainer.progress
        if self._minutes is not None:
            share = max(share, trainer.seconds / (60 * self._minutes))
        words = f"{row.samples:,} {trainer.game.space.unit} seen"
        self._say(progress=min(share, 0.99), words=words)


def _asks(run: Run, trainer: Trainer) -> list[str]:
    """What conditions may name, as the model says it: of tables the columns, without values."""
    model = model_of(recipe_of(run, None), deepcopy(trainer.game), run=run.folder)
    return list(model.controls)[:1_000]


def do(order: dict[str, Any], say: Callable[..., None]) -> None:
    """Train into the folder that the order names, or resume what is there.

    Raises:
        ZerosumError: see `train`, `provoke` and `resume`.
    """
    folder, wish = Path(order["run"]), Path(order["folder"]) / _WISH
    say(words="opening the data")
    while True:
        if (folder / "manifest.json").is_file() and wish.is_file():
            _mend(folder, wish, say)
        with _noted(say) as tell:
            run = _play(folder, order, wish, say, tell)
        if run.manifest["state"] != _ASKED:
            break
    state = run.manifest["state"]
    wish.unlink(missing_ok=True)  # one that came after the last step
    if state not in _COMPLETE:
        raise RunError(f"the training ended before its budget was used: {state}.")
    say(done={"state": state, "seen": run.manifest.get("samples", 0)})


@contextmanager
def _noted(say: Callable[..., None]) -> Iterator[Teller]:
    """Keep what was guessed of the data, and what zerosum warns of, beside the training."""
    notes, usual = list[str](), warnings.showwarning

    def tell(words: str) -> None:
        if words not in notes:
            notes.append(words)
            say(facts={"notes": notes})

    def show(message: Any, category: type[Warning], filename: str, *place: Any) -> None:
        if _HOUSE in Path(filename).parents:
            tell(str(message))
        else:
            usual(message, category, filename, *place)

    with warnings.catch_warnings():
        warnings.filterwarnings("always", module="zerosum")
        warnings.showwarning = show
        yield tell


def _play(
    folder: Path, order: dict[str, Any], wish: Path, say: Callable[..., None], tell: Teller
) -> Run:
    """Begin, continue another run, or resume, until the budget is used or somebody asks."""
    minutes = order.get("minutes")

    def listener(run: Run, trainer: Trainer, samples: SampleHook) -> Sequence[Hook]:
        if trainer.step == 0:  # what it makes before it has learned, while others get ready
            samples.started(trainer)
            samples.draw(trainer)
        told = ProgressHook(say, run, minutes, wish)
        return [told, *field_hooks(Path(order["folder"]), trainer, seed=order["seed"])]

    def progress(what: str, done: int, total: int) -> None:
        say(words=f"{what}: {done:,} of {total:,}")

    often = float(order.get("checkpoint_seconds") or 60.0)
    given = order.get("continues")
    if given and not (folder / "manifest.json").is_file():
        continue_field(Path(given["folder"]), Path(order["folder"]))
        provoke(
            given["run"], out=folder, samples=order["samples"], fault=given["fault"] or None,
            referee=given["referee"],
        )  # fmt: skip
        if wish.is_file():
            _mend(folder, wish, say)
    if (folder / "manifest.json").is_file():
        run = Run.open(folder)
        if run.manifest["state"] in _COMPLETE:
            return run
        left = minutes
        if minutes is not None:
            left = max(minutes - run.manifest.get("seconds", 0) / 60, 0.05)
        return resume(
            folder, minutes=left, listener=listener, progress=progress, checkpoint_seconds=often
        )
    return train(
        order["recipe"], order["data"], out=folder, minutes=minutes,
        samples=order.get("samples"), seed=order["seed"], changes=order.get("changes") or None,
        capacity=order.get("capacity", "small"), data_options=order.get("options"),
        from_run=order.get("from"), freeze=order.get("freeze", 0),
        referee=order.get("referee", "act"),
        promise=promise_of(order.get("epsilon"), order.get("delta")),
        wishes=Wishes(**order["wishes"]) if order.get("wishes") else None,
        listener=listener, progress=progress, checkpoint_seconds=often, tell=tell,
    )  # fmt: skip


def _mend(folder: Path, wish: Path, say: Callable[..., None]) -> None:
    """Go back to a healthy state, where there is one, and change the recipe as was asked."""
    name = str(read_json(wish).get("remedy", ""))
    try:
        try:
            give_remedy(folder, "roll-back")
        except RunError as error:
            say(words=f"there is no healthy state to go back to: {error}")
        if name == "take-back":
            take_back(folder)
        elif name != "roll-back":
            give_remedy(folder, name)
    except RecipeError as error:
        say(words=str(error))
    finally:
        wish.unlink(missing_ok=True)
