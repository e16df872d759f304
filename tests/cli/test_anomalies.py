"""`zerosum anomalies`: what it prints, writes and refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zerosum.engine.choose import Wishes
from zerosum.workflows.train import train

Zerosum = Callable[..., Any]


def _write(path: Path, n: int, seed: int, far: float = 0.0) -> Path:
    random = np.random.default_rng(seed)
    a = random.normal(size=n).round(2)
    b = (2 * a + far).round(2)
    lines = [f"{one},{two}" for one, two in zip(a, b, strict=True)]
    path.write_text("\n".join(["a,b", *lines]) + "\n")
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rows")
    wishes = Wishes(precision="fp32", layout="contiguous", compile=False, threads=1)
    train(
        "anomaly", str(_write(folder / "normal.csv", 300, 0)), out=folder / "run",
        samples=1_280, wishes=wishes, referee="off",
        changes={"game.generator.width": 8, "game.discriminator.width": 8,
                 "game.encoder.width": 8},
    )  # fmt: skip
    return folder / "run"


def test_scores_are_printed_and_written(zerosum: Zerosum, run: Path, tmp_path: Path) -> None:
    data, out = _write(tmp_path / "new.csv", 12, 1), tmp_path / "scores.csv"
    done = zerosum("anomalies", run, data, "--out", out, "--heat", tmp_path / "heat",
                   "--false-alarms", "0.05")  # fmt: skip
    assert done.code == 0, done.err
    assert done.out.splitlines()[0].split() == ["row", "score", "anomalous"]
    assert "of 12 rows are anomalous" in done.out
    assert out.read_text().splitlines()[0] == "row,score,anomalous"
    assert (tmp_path / "heat" / "heat.csv").read_text().startswith("row,a,b\n")


def test_drift_is_a_warning(zerosum: Zerosum, run: Path, tmp_path: Path) -> None:
    done = zerosum("anomalies", run, _write(tmp_path / "new.csv", 40, 1, far=50.0), "--json")
    said = json.loads(done.out)
    assert all(item["anomalous"] for item in said["items"])
    assert any("another kind" in one for one in said["warnings"])


def test_errors_spell_options(zerosum: Zerosum, run: Path, tmp_path: Path) -> None:
    data = _write(tmp_path / "new.csv", 12, 1)
    done = zerosum("anomalies", run, data, "--false-alarms", "7")
    assert done.code == 2
    assert "--false-alarms 7" in done.err
    done = zerosum("anomalies", run, data, "--out", tmp_path / "scores.xlsx")
    assert done.code == 2
    assert ".csv, .parquet and .json" in done.err
    assert not (tmp_path / "scores.xlsx").exists()
