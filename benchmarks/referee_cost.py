"""What the referee costs: its share of the time of a training, by part.

    python benchmarks/referee_cost.py

`signals` is what the engine and the game measure for it in the steps, as a ratio to the same steps
without; `watching` is the referee's work on rows and real batches, `looks` its looks at samples,
both as shares of the whole time. All on one thread and in its CPU time; short rounds alternate, and
their medians count.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch
from referee_faults import SETUPS, Setup

import zerosum.engine.trainer as engine
from zerosum.engine.execution import Execution
from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import Trainer
from zerosum.referee.hook import Referee
from zerosum.runs.store import Run
from zerosum.runtime import Runtime
from zerosum.workflows.prepare import make_trainer, plan_training

_ROUNDS = 30
_STEPS = 40
_NEVER = 10**9


class Stopwatch:
    """Adds up the time spent in the calls that it wraps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """`work`, timed."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.process_time()
            try:
                return work(*args, **kwargs)
            finally:
                self.seconds += time.process_time() - start

        return timed


def trainer_of(setup: Setup, images: int) -> Trainer:
    """A fresh trainer with a budget."""
    changes = setup.changes | {"optimisation.total_samples": images}
    plan = plan_training(setup.recipe, setup.data, changes=changes)
    return make_trainer(
        plan.recipe, plan.dataset, seed=0, runtime=Runtime(torch.device("cpu")),
        execution=Execution(threads=1),
    )  # fmt: skip


def steps_seconds(trainer: Trainer, every: int) -> float:
    """Seconds of some steps, with signals on every `every`-th."""
    engine.OBSERVE_EVERY = every
    start = time.process_time()
    for _ in range(_STEPS):
        trainer.play()
    trainer._window.clear()
    return time.process_time() - start


def main() -> None:
    """Print a table."""
    torch.set_num_threads(1)
    print(f"{'training':<22}{'step ms':>9}{'signals':>9}{'watching':>10}{'looks':>8}")
    usual = engine.OBSERVE_EVERY
    for name, setup in SETUPS.items():
        trainer = trainer_of(setup, 10**9)
        steps_seconds(trainer, usual)
        pairs = [
            (steps_seconds(trainer, usual), steps_seconds(trainer, _NEVER)) for _ in range(_ROUNDS)
        ]
        engine.OBSERVE_EVERY = usual
        with_signals, without = (median(side) for side in zip(*pairs, strict=True))
        signals, step = with_signals / without - 1, without / _STEPS
        watching, looks, whole = watch(setup)
        print(
            f"{name:<22}{1000 * step:>9.2f}{signals:>9.1%}{watching / whole:>10.1%}"
            f"{looks / whole:>8.1%}"
        )


def watch(setup: Setup) -> tuple[float, float, float]:
    """Seconds of watching, of looks, and of a whole training."""
    watching, looks = Stopwatch(), Stopwatch()
    with tempfile.TemporaryDirectory() as place:
        run = Run.create(Path(place) / "run", {"recipe": {}})
        trainer = trainer_of(setup, setup.images)
        referee = Referee(run, guard="watch", seed=0)
        referee.recorded = watching(referee.recorded)
        referee._look = looks(referee._look)
        start = time.process_time()
        trainer.run([referee, Listening(watching)])
        return watching.seconds, looks.seconds, time.process_time() - start


class Listening(Hook):
    """Times what the referee does with real batches."""

    def __init__(self, watching: Stopwatch) -> None:
        self._watching = watching

    def started(self, trainer: Trainer) -> None:
        """Wrap the listener that the referee has just put there."""
        if trainer.loader.listener is not None:
            trainer.loader.listener = self._watching(trainer.loader.listener)


if __name__ == "__main__":
    main()
