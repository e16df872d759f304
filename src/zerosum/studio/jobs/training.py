"""Train a recipe, or go on with a training that was cut off; the run folder is the truth."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from zerosum.engine.choose import Wishes
from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import Row, Trainer
from zerosum.errors import RunError
from zerosum.runs.hooks import SampleHook
from zerosum.runs.store import Run
from zerosum.workflows.train import resume, train

_EVERY = 0.5
"""Seconds between two words of progress."""
_COMPLETE = ("finished", "out of time")


class ProgressHook(Hook):
    """Says how far a training is."""

    def __init__(self, say: Callable[..., None], minutes: float | None) -> None:
        self._say, self._minutes, self._last = say, minutes, 0.0

    def started(self, trainer: Trainer) -> None:
        """Say what the model can be asked for."""
        space, controls = trainer.game.space, trainer.game.controls()
        facts = {
            "unit": space.unit, "kind": space.kind, "labels": list(space.labels)[:1_000],
            "controls": {name: one.to_json() for name, one in controls.items()},
            "total": trainer.optimisation.total_samples,
        }  # fmt: skip
        self._say(facts=facts, words="training")

    def recorded(self, trainer: Trainer, row: Row) -> None:
        """Say how far it is, now and then."""
        if time.monotonic() - self._last < _EVERY:
            return
        self._last = time.monotonic()
        share = trainer.progress
        if self._minutes is not None:
            share = max(share, trainer.seconds / (60 * self._minutes))
        words = f"{row.samples:,} {trainer.game.space.unit} seen"
        self._say(progress=min(share, 0.99), words=words)


def do(order: dict[str, Any], say: Callable[..., None]) -> None:
    """Train into the folder that the order names, or resume what is there.

    Raises:
        ZerosumError: see `train` and `resume`.
    """
    folder, minutes = Path(order["run"]), order.get("minutes")

    def listener(_run: Run, _trainer: Trainer, _samples: SampleHook) -> Sequence[Hook]:
        return [ProgressHook(say, minutes)]

    def progress(what: str, done: int, total: int) -> None:
        say(words=f"{what}: {done:,} of {total:,}")

    say(words="opening the data")
    often = float(order.get("checkpoint_seconds") or 60.0)
    if (folder / "manifest.json").is_file():
        run = Run.open(folder)
        if run.manifest["state"] not in _COMPLETE:
            left = minutes
            if minutes is not None:
                left = max(minutes - run.manifest.get("seconds", 0) / 60, 0.05)
            run = resume(
                folder, minutes=left, listener=listener, progress=progress, checkpoint_seconds=often
            )
    else:
        run = train(
            order["recipe"], order["data"], out=folder, minutes=minutes,
            samples=order.get("samples"), seed=order["seed"], changes=order.get("changes") or None,
            wishes=Wishes(**order["wishes"]) if order.get("wishes") else None,
            listener=listener, progress=progress, checkpoint_seconds=often,
        )  # fmt: skip
    state = run.manifest["state"]
    if state not in _COMPLETE:
        raise RunError(f"the training ended before its budget was used: {state}.")
    say(done={"state": state, "seen": run.manifest.get("samples", 0)})
