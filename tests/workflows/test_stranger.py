"""Runs and models from a stranger: used or refused, and no harm done."""

from pathlib import Path

import numpy as np
import pytest

import zerosum as zs
from tests.forks import Forks
from zerosum.engine.choose import Wishes
from zerosum.workflows.train import train

SEED, COUNT = 0, 60

CONSTRAINTS = [
    {"kind": "inequality", "low": "low", "high": "high"},
    {"kind": "sum", "parts": ["a", "b"], "total": "total"},
]


@pytest.fixture(params=["points", "rows"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A tiny run that was stopped half way, with an export of it; a referee watched."""
    if request.param == "rows":
        recipe, data, options = "table", _table(tmp_path), {"constraints": CONSTRAINTS}
        changes = {"game.generator.width": 8, "game.generator.depth": 1}
    else:
        rng = np.random.default_rng(0)
        np.savez(tmp_path / "data.npz", x=rng.normal(size=(96, 2)).astype("float32"))
        recipe, data, options = "vanilla", tmp_path / "data.npz", {}
        changes = {
            "game.generator.width": 8, "game.discriminator.width": 8, "game.latent_dim": 4,
        }  # fmt: skip
    changes |= {"optimisation.batch_size": 8, "optimisation.record_every": 4}
    plain = Wishes(precision="fp32", layout="contiguous", compile=False, threads=1)
    run = train(
        recipe, str(data), out=tmp_path / "base", samples=8 * 40, changes=changes, wishes=plain,
        referee="watch", data_options=options,
    )  # fmt: skip
    zs.load(run, device="cpu").save(run.folder / "model.safetensors")
    recipe = run.manifest["recipe"]
    recipe["optimisation"]["total_samples"] *= 10  # so that there is something left to do
    run.update(recipe=recipe, state="interrupted")
    return run.folder


def _table(folder: Path) -> Path:
    """Rows of every kind of column."""
    rng = np.random.default_rng(0)
    rows = ["key,city,on,a,b,total,low,high,day,at,same"]
    for i in range(96):
        a, b, low = rng.integers(0, 9), rng.integers(0, 9), rng.normal()
        day, hour = 1 + i % 28, i % 24
        rows.append(
            f"k{i:03d},{'xyz'[i % 3]},{'true' if i % 2 else 'false'},{a},{b},{a + b},{low:.2f},"
            f"{low + rng.random():.2f},2024-01-{day:02d},2024-01-{day:02d} {hour:02d}:00,1"
        )
    path = folder / "rows.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def test_nothing_but_our_own_errors_comes_of_it(base: Path, tmp_path: Path, forks: Forks) -> None:
    script = Path(__file__).with_name("stranger.py")
    done = forks.run(script, base, tmp_path / "work", SEED, COUNT)
    assert done.returncode == 0, done.stdout + done.stderr
