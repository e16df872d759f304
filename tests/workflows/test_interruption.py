"""A training that is killed, interrupted or terminated goes on as if nothing had been."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.forks import Fork, Forks
from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import Trainer
from zerosum.errors import RunError
from zerosum.runs.store import Run
from zerosum.workflows.remedy import give_remedy
from zerosum.workflows.train import resume

_ENDLESS = 10**9


def _words(folder: Path, words: list[str], images: int) -> list[str]:
    return [
        "-m", "zerosum", "train", *words, "--samples", str(images), "--out", str(folder),
        "--checkpoint-seconds", "0.05",
    ]  # fmt: skip


def _await_checkpoint(process: Fork, folder: Path) -> None:
    """Return once there is a checkpoint beyond the untrained one."""
    while not any(step > 0 for step in Run(folder, {}).checkpoints.steps()):
        try:
            process.wait(timeout=0.02)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError(f"the training ended by itself: {process.communicate()[1]}")


def test_killed_run_resumes_bit_for_bit(
    tmp_path: Path,
    train_small: Callable[..., Run],
    small_arguments: list[str],
    assert_same_run: Callable[[Run, Run], None],
    forks: Forks,
) -> None:
    images = 16 * 800
    process = forks.start(*_words(tmp_path / "killed", small_arguments, images))
    try:
        _await_checkpoint(process, tmp_path / "killed")
        for second in (resume, lambda folder: give_remedy(folder, "add-r2")):
            with pytest.raises(RunError, match=f"in use by process {process.pid} on "):
                second(tmp_path / "killed")
    finally:
        process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    killed = Run.open(tmp_path / "killed")
    assert killed.manifest["state"] == "running"
    straight = train_small(tmp_path / "straight", samples=images)
    resumed = resume(killed.folder)
    assert_same_run(straight, resumed)
    assert [e["pid"] for e in resumed.events() if e["event"] == "abandoned"] == [process.pid]


class _HangUp(Hook):
    """Says at one step that the terminal was closed, twice as shells do."""

    def stepped(self, trainer: Trainer) -> None:
        if trainer.step == 5:
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGHUP)


@pytest.mark.parametrize(("handler", "step"), [(signal.SIG_DFL, 5), (signal.SIG_IGN, 20)])
def test_a_terminal_that_is_closed(
    tmp_path: Path, train_small: Callable[..., Run], handler: signal.Handlers, step: int
) -> None:
    before = signal.signal(signal.SIGHUP, handler)
    try:
        run = train_small(tmp_path / "run", stop=99)
        resumed = resume(
            train_small(tmp_path / "hung up", stop=1).folder, listener=lambda *_: [_HangUp()]
        )
        assert signal.getsignal(signal.SIGHUP) == handler
    finally:
        signal.signal(signal.SIGHUP, before)
    assert run.manifest["state"] == "finished"
    assert resumed.manifest["state"] == ("finished" if step == 20 else "interrupted")
    assert resumed.checkpoints.steps()[-1] == step


def test_a_training_goes_on_when_nobody_reads_it_any_more(
    tmp_path: Path, small_arguments: list[str], environment: dict[str, str]
) -> None:
    process = subprocess.Popen(
        [sys.executable, *_words(tmp_path / "run", small_arguments, 16 * 60)],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stderr.readline().startswith("training vanilla")
    process.stderr.close()
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    assert Run.open(tmp_path / "run").manifest["state"] == "finished"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_a_training_after_its_step(
    tmp_path: Path,
    small_arguments: list[str],
    forks: Forks,
    assert_same_run: Callable[[Run, Run], None],
    train_small: Callable[..., Run],
    number: signal.Signals,
) -> None:
    folder = tmp_path / "run"
    process = forks.start(*_words(folder, small_arguments, _ENDLESS))
    try:
        _await_checkpoint(process, folder)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert out == f"{folder}\n"
    assert "interrupted at" in err
    assert f"Continue: zerosum resume {folder}" in err
    assert "Traceback" not in err
    run = Run.open(folder)
    assert run.manifest["state"] == "interrupted"
    assert run.checkpoints.steps()[-1] == run.manifest["step"]
    images = (run.manifest["step"] + 10) * 16
    assert_same_run(
        train_small(tmp_path / "straight", samples=images), resume(folder, samples=images)
    )
