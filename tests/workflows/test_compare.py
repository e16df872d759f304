"""Several runs under one protocol: the same reals, and a best only where it can be told."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zerosum.errors import EvaluationError
from zerosum.evaluation.judging.comparison import Comparison
from zerosum.evaluation.judging.figures import MetricResult, best_of
from zerosum.evaluation.reports.comparison import page
from zerosum.runs.store import Run
from zerosum.workflows.compare import compare
from zerosum.workflows.data import open_data
from zerosum.workflows.evaluate import evaluate

TrainSmall = Callable[..., Run]
PROTOCOL: dict[str, Any] = {"features": "pixels", "replicates": 5, "n": 60}


def digits() -> tuple[np.ndarray, np.ndarray]:
    x, y = open_data("digits")[0].resident or (None, None)
    assert x is not None
    assert y is not None
    return x[:, 0].numpy(), y.numpy()


def held(runs: Any, **options: Any) -> Comparison:
    settings: dict[str, Any] = PROTOCOL | options
    return compare(runs, **settings)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, train_small: TrainSmall) -> list[Path]:
    """One trained for a while, and one that has hardly begun, to be copied."""
    folder = tmp_path_factory.mktemp("trained")
    long = train_small(folder / "long", "cgan", "digits", samples=1_600)
    short = train_small(folder / "short", "cgan", "digits", seed=6, samples=16)
    return [long.folder, short.folder]


@pytest.fixture
def runs(tmp_path: Path, trained: list[Path]) -> list[Run]:
    """Runs of a test of its own."""
    return [Run.open(shutil.copytree(path, tmp_path / path.name)) for path in trained]


def test_each_is_judged_as_alone(runs: list[Run]) -> None:
    found = held(runs)
    assert found.names == ["long", "short"]
    for run, one in zip(runs, found.evaluations, strict=True):
        assert one.figures == evaluate(run, **PROTOCOL).figures
        assert one.subject["name"] == run.name
        assert [part.kind for part in one.parts] == ["samples", "neighbours"]
    assert all(f.ceiling == g.ceiling and f.floor == g.floor for f, g in found.rows)
    assert found.command == (
        f"zerosum compare {runs[0].folder} {runs[1].folder} -n 60 --features pixels --seed 0"
    )
    assert not (runs[0].folder / "report" / "comparison.json").exists()


def test_the_page_and_the_json(runs: list[Run], tmp_path: Path) -> None:
    found = held([str(run.folder) for run in runs])
    found.save(tmp_path / "both.html")
    html, data = (tmp_path / "both.html").read_text("utf-8"), json.loads(
        (tmp_path / "both.json").read_text("utf-8")
    )  # fmt: skip
    assert data == found.to_json()
    assert [one["subject"]["name"] for one in data["evaluations"]] == data["names"]
    assert data["best"].keys() == {row[0].name for row in found.rows}
    text = re.sub(r"<[^>]+>", "", html)
    assert "long and short" in text
    assert "long: 60 samples" in text
    assert html.count("zerosum compare") == 1
    assert text.count("No holdout was given") == 1
    assert not re.search(r"https?:|<script|<link", html)
    with pytest.raises(EvaluationError, match=r"cannot save a report as \.txt"):
        found.save(tmp_path / "both.txt")


def figure(low: float | None, high: float | None, **more: Any) -> MetricResult:
    known: dict[str, Any] = {"better": "lower", "ceiling": 0.0, "floor": 9.0}
    value = 0.0 if low is None or high is None else (low + high) / 2
    return MetricResult(
        "d", "D", "N=9", value, low, high, meaning="m", source="s", **(known | more)
    )


@pytest.mark.parametrize(
    ("ends", "better", "best"),
    [
        ([(1, 2), (3, 4)], "lower", 0),
        ([(1, 2), (3, 4)], "higher", 1),
        ([(1, 3), (2, 4)], "lower", None),
        ([(1, 2), (2, 4)], "lower", None),
        ([(5, 6), (1, 2), (3, 4)], "lower", 1),
        ([(5, 6), (1, 2), (1.5, 4)], "lower", None),
        ([(0.9, 1.1), (0.5, 0.8)], "one", 0),
        ([(0.9, 1.1), (1.05, 1.3)], "one", None),
        ([(0.9, 1.0), (1.3, 1.4), (0.2, 0.3)], "one", 0),
        ([(None, None), (3, 4)], "lower", None),
        ([(1, 2)], "lower", None),
    ],
)
def test_the_best_is_told_only_where_intervals_do_not_overlap(
    ends: list[tuple[float, float]], better: str, best: int | None
) -> None:
    assert best_of(tuple(figure(low, high, better=better) for low, high in ends)) == best


def test_without_intervals_there_is_no_best(runs: list[Run]) -> None:
    found = held(runs, replicates=0)
    assert set(found.to_json()["best"].values()) == {None}
    assert "(best)" not in page(found)


def test_the_best_is_marked(runs: list[Run]) -> None:
    found = held(runs)
    worse = tuple(replace(f, low=f.value + 90, high=f.value + 99) for f in found.evaluations[1])
    far = (found.evaluations[0], replace(found.evaluations[1], figures=worse))
    marked = Comparison(far)
    lower = [row for row in marked.rows if row[0].better == "lower"]
    assert lower
    assert all(best_of(row) == 0 for row in lower)
    assert page(marked).count("(best)") >= len(lower)


def test_runs_of_one_name_are_told_apart(tmp_path: Path, train_small: TrainSmall) -> None:
    x, _ = digits()
    runs = [train_small(tmp_path / name / "run", data=x[:200]) for name in ("a", "b")]
    found = held(runs, data=x[:200])
    assert found.names == [str(run.folder) for run in runs]


def test_other_training_data_needs_a_holdout(tmp_path: Path, train_small: TrainSmall) -> None:
    x, y = digits()
    np.savez(tmp_path / "a.npz", x=x[:400], y=y[:400])
    np.savez(tmp_path / "b.npz", x=x[400:700], y=y[400:700])
    runs = [
        train_small(tmp_path / name, "cgan", str(tmp_path / f"{name}.npz")) for name in ("a", "b")
    ]
    with pytest.raises(
        EvaluationError, match=r"a was trained on a\.npz, and b on other data, b\.npz"
    ):
        held(runs)
    found = held(runs, holdout=(x[700:], y[700:]))
    assert "b was trained on other data than a" in found.warnings[0]
    first, second = found.evaluations
    assert [part.kind for part in first.parts] == ["samples", "neighbours"]
    assert [part.kind for part in second.parts] == ["samples"]
    with pytest.raises(EvaluationError, match="are also training rows"):
        held(runs, holdout=(x[600:], y[600:]))


def test_what_cannot_be_compared(tmp_path: Path, train_small: TrainSmall, runs: list[Run]) -> None:
    with pytest.raises(EvaluationError, match="Name two or more"):
        held(runs[:1])
    with pytest.raises(EvaluationError, match="Name two or more"):
        held(str(runs[0].folder))
    with pytest.raises(EvaluationError, match="named twice"):
        held([runs[0], runs[1], runs[0].folder])
    with pytest.raises(EvaluationError, match=r"the run ring holds points of 2"):
        held([runs[0], train_small(tmp_path / "ring")])
    plain = train_small(tmp_path / "plain", data="digits", data_options={})
    assert held([runs[0], plain]).names == ["long", "plain"]
    np.savez(tmp_path / "digits.npz", x=digits()[0])
    unlabelled = train_small(tmp_path / "unlabelled", data=str(tmp_path / "digits.npz"))
    with pytest.raises(EvaluationError, match=r"long has the labels 0, 1, .*unlabelled has none"):
        held([runs[0], unlabelled])
