"""Runs and models from a stranger: used or refused, and no harm done."""

from pathlib import Path

import numpy as np
import pytest

import zerosum as zs
from tests.forks import Forks
from zerosum.engine.choose import Wishes
from zerosum.workflows.train import train

SEED, COUNT = 0, 100


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A tiny run that a referee watched, stopped half way, with an export of it."""
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "data.npz", x=rng.normal(size=(96, 2)).astype("float32"))
    changes = {
        "game.generator.width": 8, "game.discriminator.width": 8, "game.latent_dim": 4,
        "optimisation.batch_size": 8, "optimisation.record_every": 4,
    }  # fmt: skip
    plain = Wishes(precision="fp32", layout="contiguous", compile=False, threads=1)
    run = train(
        "vanilla", str(tmp_path / "data.npz"), out=tmp_path / "base", images=8 * 40,
        changes=changes, wishes=plain, referee="watch",
    )  # fmt: skip
    zs.load(run, device="cpu").export(run.folder / "model.safetensors")
    recipe = run.manifest["recipe"]
    recipe["optimisation"]["total_images"] *= 10  # so that there is something left to do
    run.update(recipe=recipe, state="interrupted")
    return run.folder


def test_nothing_but_our_own_errors_comes_of_it(base: Path, tmp_path: Path, forks: Forks) -> None:
    script = Path(__file__).with_name("stranger.py")
    done = forks.run(script, base, tmp_path / "work", SEED, COUNT)
    assert done.returncode == 0, done.stdout + done.stderr
