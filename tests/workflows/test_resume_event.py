"""The event of a resume says whether it is bit for bit."""

from pathlib import Path

import pytest

from zerosum.engine.choose import Wishes
from zerosum.runs.store import Run
from zerosum.workflows.train import resume, train

PLAIN = Wishes(precision="fp32", layout="contiguous", compile=False, threads=1)


@pytest.fixture
def stopped(tmp_path: Path) -> Run:
    """A run that has all but its first checkpoint before it."""
    run = train(
        "vanilla", "ring", out=tmp_path / "run", samples=640, device="cpu", wishes=PLAIN,
        changes={"game.generator.width": 8, "game.discriminator.width": 8},
    )  # fmt: skip
    last = run.checkpoints.steps()[-1]
    for path in run.checkpoints.folder.glob(f"step-{last:09d}.*"):
        path.unlink()
    return run


def resumed_exactly(run: Run) -> bool:
    (event,) = [event for event in run.events() if event["event"] == "resumed"]
    return event["exact"]


def test_the_same_again_is_exact(stopped: Run) -> None:
    assert resumed_exactly(resume(stopped.folder))


def test_a_larger_budget_is_not(stopped: Run) -> None:
    assert not resumed_exactly(resume(stopped.folder, samples=1_280))


def test_another_number_of_processes_is_not(stopped: Run) -> None:
    stopped.update(processes=2)
    assert not resumed_exactly(resume(stopped.folder))
