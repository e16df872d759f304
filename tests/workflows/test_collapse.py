"""A training whose samples never were varied is called collapsed, for as long as that is so."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import nn

from zerosum.engine.choose import Wishes
from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import Trainer
from zerosum.live import PlainLines
from zerosum.referee.guard import Guard
from zerosum.runs.store import Run
from zerosum.workflows.train import resume, train

SAMPLES = 126 * 64


class Dead(Hook):
    """Moves the generator's hidden biases so far down that no unit ever answers."""

    def started(self, trainer: Trainer) -> None:
        generator = trainer.game.get_submodule("generator")
        layers = [one for one in generator.modules() if isinstance(one, nn.Linear)]
        for layer in layers[:-1]:
            nn.init.constant_(layer.bias, -100.0)


def play(out: Path, data: Any, *hooks: Hook, guard: Guard = "watch") -> Run:
    changes = {"game.generator.width": 16, "game.discriminator.width": 16}
    return train(
        "vanilla", data, out=out, samples=SAMPLES, changes=changes, device="cpu", referee=guard,
        wishes=Wishes("fp32", "contiguous", False, 1),
        listener=lambda run, *_: [*hooks, PlainLines(run)],
    )  # fmt: skip


def findings(run: Run) -> list[dict[str, Any]]:
    return [event for event in run.events() if event["event"] == "diagnosis"]


def test_a_dead_generator(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = play(tmp_path / "run", "ring", Dead())
    assert (run.manifest["state"], run.manifest["health"]) == ("finished", "collapsed")
    assert (
        "collapsed: samples are far less varied than the data"
        in capsys.readouterr().err.splitlines()[-1]
    )
    assert [one["name"] for one in findings(run)] == ["mode collapse"]


@pytest.mark.parametrize(("guard", "health"), [("watch", "collapsed"), ("off", None)])
def test_a_resume_judges_anew(tmp_path: Path, guard: Guard, health: str | None) -> None:
    play(tmp_path / "run", "ring", Dead())
    run = resume(tmp_path / "run", samples=SAMPLES + 640, referee=guard)
    assert run.manifest["health"] == health


def test_images_that_are_nearly_all_equal_can_only_collapse(tmp_path: Path) -> None:
    """Nothing is mended, since no remedy makes data varied."""
    image = np.random.default_rng(0).integers(0, 256, (1, 8, 8, 1), dtype=np.uint8)
    data = np.repeat(image, 5_000, axis=0)
    data[-1] ^= 255  # where all are equal, no training begins
    run = play(tmp_path / "run", data, guard="act")
    assert run.manifest["health"] == "collapsed"
    (finding,) = findings(run)
    assert finding["name"] == "mode collapse"
    assert "the data is one sample again and again" in finding["words"]
    assert not run.manifest.get("remedies")


def test_an_unwatched_run_is_not_judged(tmp_path: Path) -> None:
    assert play(tmp_path / "run", "ring", Dead(), guard="off").manifest.get("health") is None
