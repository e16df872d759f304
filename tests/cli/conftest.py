"""The command line in this process, and runs to use it on."""

import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from zerosum.cli.app import main
from zerosum.engine.choose import Wishes
from zerosum.workflows.train import train


@dataclass(frozen=True)
class Outcome:
    """What a command printed, and how it exited."""

    code: int
    out: str
    err: str


Zerosum = Callable[..., Outcome]


@pytest.fixture
def zerosum(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """Runs `zerosum WORDS`."""

    def run(*words: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["zerosum", *map(str, words)])
        monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # put it back after
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            main()
        code = exit_.value.code
        printed = capsys.readouterr()
        return Outcome(code if isinstance(code, int) else 0, printed.out, printed.err)

    return run


def _train(folder: Path, recipe: str, data: str) -> Path:
    changes = {"optimisation.record_every": 2}
    wishes = Wishes(precision="fp32", layout="contiguous", compile=False, threads=1)
    train(recipe, data, out=folder, samples=640, changes=changes, wishes=wishes)
    return folder


@pytest.fixture(scope="session")
def digits_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A conditional run on images."""
    return _train(tmp_path_factory.mktemp("runs") / "digits", "cgan", "digits")


@pytest.fixture(scope="session")
def ring_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An unconditional run on points."""
    return _train(tmp_path_factory.mktemp("runs") / "ring", "vanilla", "ring")
