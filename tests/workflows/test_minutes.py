"""A budget in minutes ends when the time does, at the end of its schedules, and resumes exactly."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zerosum.engine.budget import Budget
from zerosum.engine.choose import Wishes
from zerosum.engine.hooks import Hook, Row
from zerosum.engine.trainer import Trainer
from zerosum.referee.guard import Guard
from zerosum.referee.quality_probe import QualityProbe
from zerosum.runs.hooks import SampleHook
from zerosum.runs.store import Run
from zerosum.workflows.train import resume, train

SECONDS = 60.0


class Clock(Hook):
    """Time that passes with steps alone; seconds of a step by its number."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, cost: Callable[[int], float]) -> None:
        self.now, self._cost = 0.0, cost
        self.progress: list[float] = []
        self.break_at: int | None = None
        monkeypatch.setattr("zerosum.runs.hooks.time.monotonic", lambda: self.now)

    def __call__(self, *_: Any) -> list[Hook]:
        return [self]

    def stepped(self, trainer: Trainer) -> None:
        self.progress.append(trainer.progress)
        self.now += self._cost(trainer.step)
        if trainer.step == self.break_at:
            raise MemoryError("as if it was killed")

    def recorded(self, trainer: Trainer, row: Row) -> None:
        """Nothing."""


def trained(folder: Path, clock: Clock, referee: Guard = "off") -> Run:
    return train(
        "vanilla", "ring", out=folder, minutes=SECONDS / 60, seed=3, listener=clock,
        referee=referee,
        checkpoint_seconds=20, wishes=Wishes(precision="fp32", layout="contiguous", compile=False),
        changes={
            "game.generator.width": 8, "game.discriminator.width": 8, "optimisation.batch_size": 16,
            "optimisation.record_every": 1,
        },
    )  # fmt: skip


@pytest.mark.parametrize(
    "cost",
    [
        lambda _: 0.2,
        lambda step: 0.1 if step < 150 else 0.4,  # another process comes
        lambda step: 1.0 if step < 20 else 0.1,  # and goes
        lambda step: 0.15 + (step % 40 == 0) * 2.0,  # drawing and saving
        lambda step: 2.0 if step == 1 else 0.02,  # a first step that is slow
    ],
)
def test_budget_and_clock_end_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cost: Callable[[int], float]
) -> None:
    clock = Clock(monkeypatch, cost)
    run = trained(tmp_path / "run", clock)
    assert run.manifest["state"] == "finished"
    assert clock.now == pytest.approx(SECONDS, rel=0.05)
    jumps = [b - a for a, b in zip(clock.progress, clock.progress[1:], strict=False)]
    assert min(jumps) > 0
    assert clock.progress[-2] > 0.9  # schedules came to their end by small steps
    assert Budget.read(run.manifest["budget"]).total == run.manifest["samples"]


def test_looks_and_pictures_that_take_long_are_within_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a model that makes rows one after another: its samples take far longer than a step."""
    clock, spent = Clock(monkeypatch, lambda _: 0.2), {"looks": 0.0, "pictures": 0.0}

    def slowed(cls: type, name: str, kind: str, seconds: float) -> None:
        plain = getattr(cls, name)

        def slow(*given: Any, **named: Any) -> Any:
            clock.now += seconds
            spent[kind] += seconds
            return plain(*given, **named)

        monkeypatch.setattr(cls, name, slow)

    slowed(QualityProbe, "look", "looks", 3.0)
    slowed(SampleHook, "draw", "pictures", 0.8)
    monkeypatch.setattr("zerosum.referee.hook.time.monotonic", lambda: clock.now)
    run = trained(tmp_path / "run", clock, referee="watch")
    assert run.manifest["state"] == "finished"
    assert clock.now == pytest.approx(SECONDS, rel=0.05)
    assert spent["looks"] <= 0.1 * SECONDS + 3.0 + 3.0  # those between, the first and the last
    assert spent["pictures"] <= 0.1 * SECONDS
    assert clock.progress[-2] > 0.9


def test_a_killed_training_resumes_on_the_same_plans(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch, lambda step: 0.1 if step < 150 else 0.4)
    clock.break_at = 190
    with pytest.raises(MemoryError):
        trained(tmp_path / "run", clock)
    run = Run.open(tmp_path / "run")
    before = {row["step"]: row for row in run.history()}
    plans = run.manifest["budget"]
    newest = run.checkpoints.steps()[-1]
    assert newest < plans[-1][0] // 16 < 190  # it was planned again after the checkpoint
    resumed = resume(run.folder)
    after = {row["step"]: row for row in resumed.history()}
    for step in range(1, 190):
        assert before[step] | {"seconds": 0} == after[step] | {"seconds": 0}
    assert resumed.manifest["state"] == "finished"
    assert resumed.manifest["samples"] == plans[-1][1]
