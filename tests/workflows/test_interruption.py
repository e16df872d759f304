"""A training that is killed, interrupted or terminated goes on as if nothing had been."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from zerosum.runs.store import Run
from zerosum.workflows.train import resume

_ENDLESS = 10**9


def _start(folder: Path, words: list[str], images: int, env: dict[str, str]) -> subprocess.Popen:
    return subprocess.Popen(
        [
            sys.executable, "-m", "zerosum", "train", *words, "--images", str(images),
            "--out", str(folder), "--checkpoint-seconds", "0.2",
        ],
        env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def _await_checkpoint(process: subprocess.Popen, folder: Path) -> None:
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
    environment: dict[str, str],
) -> None:
    images = 16 * 1_500
    process = _start(tmp_path / "killed", small_arguments, images, environment)
    try:
        _await_checkpoint(process, tmp_path / "killed")
    finally:
        process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    killed = Run.open(tmp_path / "killed")
    assert killed.manifest["state"] == "running"
    straight = train_small(tmp_path / "straight", images=images)
    assert_same_run(straight, resume(killed.folder))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_a_training_after_its_step(
    tmp_path: Path,
    small_arguments: list[str],
    environment: dict[str, str],
    assert_same_run: Callable[[Run, Run], None],
    train_small: Callable[..., Run],
    number: signal.Signals,
) -> None:
    folder = tmp_path / "run"
    process = _start(folder, small_arguments, _ENDLESS, environment)
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
        train_small(tmp_path / "straight", images=images), resume(folder, images=images)
    )
