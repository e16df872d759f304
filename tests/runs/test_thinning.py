"""A finished run keeps what it needs, and of the rest what fits."""

from pathlib import Path

import pytest
import torch

import zerosum as zs
from zerosum.runs import thinning
from zerosum.runs.checkpoints import Checkpoints
from zerosum.runs.store import Run


def bytes_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("step-*"))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run with three checkpoints and four healthy states of 400 kB each; the best is step 2."""
    zs.train("vanilla", data="ring", samples=64, referee="off", out=tmp_path / "run", quiet=True)
    run = Run.open(tmp_path / "run")
    run.checkpoints.retain([])
    for store, steps in ((run.checkpoints, (3, 4, 5)), (run.healthy, (1, 2, 4, 5))):
        for step in steps:
            store.save({"w": torch.zeros(100_000)}, {"step": step})
    run.update(healthiest={"step": 2})
    return run


def test_all_stays_that_fits(run: Run) -> None:
    thinning.thin_out(run)
    assert run.checkpoints.steps() == [3, 4, 5]
    assert run.healthy.steps() == [1, 2, 4, 5]


@pytest.mark.parametrize(
    ("room", "checkpoints", "healthy"),
    [(0, [4, 5], [2]), (1_700_000, [3, 4, 5], [2]), (2_100_000, [3, 4, 5], [2, 5])],
)
def test_the_best_and_the_newest_stay_and_then_what_fits(
    run: Run, monkeypatch: pytest.MonkeyPatch, room: int, checkpoints: list[int],
    healthy: list[int],
) -> None:  # fmt: skip
    monkeypatch.setattr(thinning, "ROOM", room)
    thinning.thin_out(run)
    assert run.checkpoints.steps() == checkpoints
    assert run.healthy.steps() == healthy


def test_a_finished_training_is_bounded_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thinning, "ROOM", 0)
    out = tmp_path / "run"
    zs.train("vanilla", data="ring", samples=20_000, out=out, quiet=True)
    one = max(Checkpoints(out / "checkpoints").sizes().values())
    assert bytes_of(out) <= 3 * one
    best = Run.open(out).manifest["healthiest"]["step"]
    assert Run.open(out).healthy.steps() == [best]
    zs.resume(out, samples=24_000, quiet=True)
    assert Run.open(out).manifest["state"] == "finished"
    assert len(zs.load(out).sample(3, seed=0)) == 3
