"""A tiny training, and how two runs compare."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from zerosum.engine.choose import Wishes
from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import Trainer
from zerosum.runs.store import Run
from zerosum.workflows.train import train

PLAIN = Wishes(precision="fp32", layout="contiguous", compile=False, threads=1)
SMALL = {
    "game.generator.width": 16,
    "game.discriminator.width": 16,
    "optimisation.batch_size": 16,
    "optimisation.record_every": 3,
}


class StopAt(Hook):
    """Ends a training after the step `step`."""

    def __init__(self, step: int) -> None:
        self.step = step

    def stepped(self, trainer: Trainer) -> None:
        if trainer.step == self.step:
            trainer.stop("enough")


@pytest.fixture(scope="session")
def train_small() -> Callable[..., Run]:
    """Trains twenty steps of a narrow network; `stop` ends it early."""

    def run(
        out: Path, recipe: Any = "vanilla", data: Any = "ring", *, stop: int = 0, **options: Any
    ) -> Run:
        changes = SMALL | options.pop("changes", {})
        options = {"samples": 20 * 16, "wishes": PLAIN, "seed": 5} | options
        hooks = [StopAt(stop)]
        return train(recipe, data, out=out, changes=changes, listener=lambda *_: hooks, **options)

    return run


@pytest.fixture
def small_arguments() -> list[str]:
    """The same training as words of the command line, without its budget."""
    changes = [word for key, value in SMALL.items() for word in ("--set", f"{key}={value}")]
    return [
        "vanilla", "--data", "ring", "--seed", "5", *changes, "--precision", "fp32",
        "--layout", "contiguous", "--compile", "off", "--threads", "1",
    ]  # fmt: skip


@pytest.fixture
def assert_same_run() -> Callable[[Run, Run], None]:
    """Final checkpoints are bit-identical, and histories agree in all but the time taken."""

    def check(a: Run, b: Run) -> None:
        mine, _ = a.checkpoints.load_newest()
        yours, _ = b.checkpoints.load_newest()
        assert mine.step == yours.step
        assert mine.tensors.keys() == yours.tensors.keys()
        wrong = [k for k, v in mine.tensors.items() if not torch.equal(v, yours.tensors[k])]
        assert not wrong, f"tensors differ: {wrong}"
        assert _timeless(a) == _timeless(b)
        assert _timeless(a), "the training was too short to record anything"

    return check


def _timeless(run: Run) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if k != "seconds"} for row in run.history()]
