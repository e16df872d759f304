"""`zerosum augment`: what it prints, writes and refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from zerosum.cli.augmenting import _print_counts
from zerosum.engine.choose import Wishes
from zerosum.models.augmented import Augmented, ClassCount
from zerosum.workflows.train import train

Zerosum = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("small_judges")


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run on rows, and their file; `kind` follows from the number beside it."""
    folder = tmp_path_factory.mktemp("rows")
    rng = np.random.default_rng(0)
    kinds = ["rare"] * 30 + ["common"] * 90
    sizes = rng.normal([0.0] * 30 + [6.0] * 90, 1).round(1)
    lines = [f"{size},{kind}" for size, kind in zip(sizes, kinds, strict=True)]
    (folder / "train.csv").write_text("\n".join(["size,kind", *lines]) + "\n")
    wishes = Wishes(precision="fp32", layout="contiguous", compile=False, threads=1)
    train(
        "table", str(folder / "train.csv"), out=folder / "run", samples=2_560, wishes=wishes,
        referee="off",
    )  # fmt: skip
    return folder / "run", folder / "train.csv"


def test_classes_are_filled(zerosum: Zerosum, rows: tuple[Path, Path], tmp_path: Path) -> None:
    run, data = rows
    out = tmp_path / "more.csv"
    given = ("augment", run, "--target", "kind", "--amount", "rare=5")
    done = zerosum(*given, "--out", out)
    assert done.code == 0, done.err
    assert done.out.splitlines()[0].split()[:4] == ["kind", "reals", "asked", "kept"]
    assert done.out.endswith(f"{out}\n")
    assert out.read_text().count("true") == 5
    assert len(out.read_text().splitlines()) == 126
    other = tmp_path / "other.parquet"
    told = json.loads(zerosum(*given, "--data", data, "--out", other, "--json").out)
    assert [item["label"] for item in told["items"]] == ["rare"] * 5
    assert told["made_by"]["run"] == "run"
    again = zerosum(*given, "--out", out)
    assert again.code == 2
    assert "is there already" in again.err


def test_a_column_may_be_called_like_a_count(capsys: pytest.CaptureFixture[str]) -> None:
    counts = (ClassCount("rare", 3, 5, 4, 9, 2, 3),)
    _print_counts(cast(Augmented, SimpleNamespace(control="made", counts=counts)))
    head, row = capsys.readouterr().out.splitlines()
    assert head.split()[:5] == ["class", "reals", "asked", "kept", "made"]
    assert row.split() == ["rare", "3", "5", "4", "9", "2", "3"]


def test_whether_it_is_worth_it(zerosum: Zerosum, rows: tuple[Path, Path], tmp_path: Path) -> None:
    run, _ = rows
    given = ("augment", run, "--target", "kind", "--evaluate", "--seeds", 1)
    plot = tmp_path / "worth.png"
    done = zerosum(*given, "--out", plot)
    assert done.code == 0, done.err
    assert [line.split()[0] for line in done.out.splitlines()[1:6]] == [
        "none", "oversampling", "GAN", "half", "quarter",
    ]  # fmt: skip
    assert "warning: No holdout was given" in done.err
    kept = json.loads((tmp_path / "worth.json").read_text())
    assert kept["verdict"] in done.out
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--out"),
        (("--holdout", "digits", "--out", "x"), "--holdout is for --evaluate"),
        (("--out", "x", "--amount", "3"), "Write label=number"),
        (("--out", "x", "--amount", "3=1", "--amount", "3=2"), "twice"),
        (("--evaluate", "--out", "x.html"), r".png for a plot"),
        (("--out", "x", "--amount", "3=2", "--features", "pixels"), "everything was rejected"),
    ],
)
def test_what_is_refused(
    zerosum: Zerosum, digits_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...], said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("zerosum.evaluation.augmenting.labelled._SAMPLES", 1_280)
    done = zerosum("augment", digits_run, *words)
    assert done.code == 2
    assert said in done.err
    assert not [*tmp_path.iterdir()]
