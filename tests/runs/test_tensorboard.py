"""A run as a TensorBoard log: the same curves while it trains, after a resume, and afterwards."""

import sys
from pathlib import Path

import pytest

import zerosum as zs
from zerosum.errors import MissingExtraError
from zerosum.runs.store import Run
from zerosum.workflows.history import export_tensorboard

pytest.importorskip("tensorboard")

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

SMALL = {
    "game.generator.width": 8, "game.discriminator.width": 8, "optimisation.record_every": 2,
    "optimisation.batch_size": 16,
}  # fmt: skip


def read(folder: Path) -> EventAccumulator:
    """The log in a folder."""
    log = EventAccumulator(str(folder))
    log.Reload()
    return log


def curve(log: EventAccumulator, name: str) -> list[tuple[int, float]]:
    """A curve of the log."""
    return [(one.step, one.value) for one in log.Scalars(name)]


def test_a_log_is_written_while_a_run_trains_and_goes_on_with_it(tmp_path: Path) -> None:
    options = {"threads": 1, "precision": "fp32", "layout": "contiguous", "compile": False}
    out, log = tmp_path / "run", tmp_path / "log"
    zs.train(
        "vanilla", data="ring", samples=160, out=out, set=SMALL, quiet=True, tensorboard=log,
        **options,
    )  # fmt: skip
    assert read(log).Images("samples")[-1].step == 160
    zs.resume(out, samples=320, quiet=True, tensorboard=log)
    rows = Run.open(out).history()
    name = "generator/adversarial"
    assert curve(read(log), name) == [(row["samples"], pytest.approx(row[name])) for row in rows]
    export_tensorboard(Run.open(out), tmp_path / "after")
    assert curve(read(tmp_path / "after"), name) == curve(read(log), name)
    for measured in ("quality/modes_covered", "referee/distance"):
        assert curve(read(tmp_path / "after"), measured) == curve(read(log), measured) != []


def test_a_missing_extra_is_named_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)  # as if the extra were missing
    with pytest.raises(MissingExtraError, match=r"pip install 'zerosum\[tensorboard\]'"):
        zs.train("vanilla", data="ring", out=tmp_path / "run", tensorboard=tmp_path / "log")
    assert not (tmp_path / "run").exists()
