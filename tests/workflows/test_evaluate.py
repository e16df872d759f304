"""Judging a run: what is set apart, what is written down, and what is refused."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from zerosum.data.base import ArrayDataset
from zerosum.errors import DataError, EvaluationError, RunError
from zerosum.evaluation.features.self_features import unseen_rows
from zerosum.evaluation.judging.figures import Evaluation
from zerosum.evaluation.reports.parts import NeighboursPart, SamplesPart
from zerosum.runs.store import Run
from zerosum.workflows.data import open_data
from zerosum.workflows.evaluate import evaluate, open_subject
from zerosum.workflows.evaluation_setup import EvaluationSetup, open_case
from zerosum.workflows.load import load, model_of

pytestmark = pytest.mark.usefixtures("small_judges")
TrainSmall = Callable[..., Run]
SESSION = {"samples": 20 * 16}
N = 60


def digits() -> tuple[np.ndarray, np.ndarray]:
    x, y = open_data("digits")[0].take(torch.arange(700))
    assert y is not None
    return x[:, 0].numpy(), y.numpy()


@pytest.fixture(scope="module")
def npz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """500 digits to train on, 200 others as the test split."""
    path, (x, y) = tmp_path_factory.mktemp("data") / "digits.npz", digits()
    np.savez(path, x_train=x[:500], y_train=y[:500], x_test=x[500:], y_test=y[500:])
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, train_small: TrainSmall, npz: Path) -> Path:
    """Two runs, to be copied."""
    folder = tmp_path_factory.mktemp("trained")
    train_small(folder / "run", "cgan", str(npz))
    train_small(folder / "points", "vanilla", "ring")
    return folder


@pytest.fixture
def run(tmp_path: Path, trained: Path) -> Run:
    """A conditional run on images."""
    return Run.open(shutil.copytree(trained / "run", tmp_path / "run"))


@pytest.fixture
def points(tmp_path: Path, trained: Path) -> Run:
    """An unconditional run on points."""
    return Run.open(shutil.copytree(trained / "points", tmp_path / "points"))


def judge(run: Any, **options: Any) -> Evaluation:
    settings = {"features": "pixels", "replicates": 3, "n": N} | options
    return evaluate(run, **{name: value for name, value in settings.items() if value is not None})


def numbers(evaluation: Evaluation) -> list[tuple[float | None, ...]]:
    return [(f.value, f.low, f.high, f.ceiling, f.floor) for f in evaluation]


def case_of(run: Run, **options: Any) -> EvaluationSetup:
    subject = open_subject(run)
    return open_case(
        subject.dataset, subject.data, space=subject.model.space,
        **({"features": "pixels", "n": N} | options),
    )  # fmt: skip


def rows(x: torch.Tensor) -> set[bytes]:
    return {row.numpy().tobytes() for row in x}


def test_an_exported_file_is_judged_as_its_run_is(run: Run, npz: Path, tmp_path: Path) -> None:
    path = load(run).save(tmp_path / "model.safetensors")
    with pytest.raises(DataError, match="data="):
        judge(path)
    options = {"data": str(npz), "holdout": str(npz)}
    assert numbers(judge(path, **options)) == numbers(judge(run, **options))


def test_with_a_holdout(run: Run, npz: Path) -> None:
    found = judge(run.folder, holdout=npz)
    assert found.figures
    assert all("holdout, N=60" in figure.full_name for figure in found)
    assert all(None not in (f.low, f.high, f.ceiling, f.floor) for f in found)
    facts = found.subject
    assert (facts["split"], facts["n"], facts["ceiling_from"]) == ("holdout", N, "train")
    assert (facts["step"], facts["samples"], facts["trained_on"]) == (20, 320, 500)
    assert facts["compared_for_copies"] == 500 - N
    assert facts["command"] == (
        f"zerosum evaluate {run.folder} --holdout {npz} -n 60 --features pixels --seed 0"
    )
    assert found.warnings == ()
    assert found.verdict.endswith(".")
    samples = found.part("samples")
    assert isinstance(samples, SamplesPart)
    assert samples.samples.caption == f"{N} samples, not selected"
    assert samples.reals is not None
    assert samples.reals.caption == f"{N} reals of the holdout"
    assert {"discriminator/accuracy", "generator/adversarial"} <= found.curves.keys()
    assert found.seconds > 0


def test_without_a_holdout(points: Run) -> None:
    found = judge(points)
    assert all("train, N=60" in figure.full_name for figure in found)
    assert found.subject["compared_for_copies"] == 0
    (warning,) = found.warnings
    assert "neither memorisation nor overfitting can be judged" in warning
    assert "memorisation was not judged" in found.verdict or not found.figures
    assert found.curves["modes_covered"]


def test_the_same_seed_gives_the_same_numbers(run: Run, npz: Path) -> None:
    first, again = judge(run, holdout=npz, seed=3), judge(run, holdout=npz, seed=3)
    other = judge(run, holdout=npz, seed=4)
    assert numbers(first) == numbers(again) != numbers(other)
    assert first.parts == again.parts


def test_no_row_is_used_twice(run: Run, npz: Path) -> None:
    case = case_of(run, holdout=npz)
    assert case.train is not None
    train, held = (open_data(npz)[0].take(torch.arange(500))[0], digits()[0][500:, None])
    assert rows(case.reference.x) <= {row.tobytes() for row in held}
    assert rows(case.fresh.x) | rows(case.train.x) == rows(train)
    assert not rows(case.fresh.x) & rows(case.train.x)
    assert len(case.reference) == len(case.fresh) == len(case.baseline) == N
    without = case_of(run)
    assert without.train is None
    assert not rows(without.reference.x) & rows(without.fresh.x)
    assert rows(without.reference.x) | rows(without.fresh.x) <= rows(train)


def test_as_many_as_there_are(run: Run, npz: Path) -> None:
    assert case_of(run, holdout=npz, n=None).n == 200
    assert case_of(run, n=None).n == 250


def test_a_ceiling_from_the_holdout_where_training_rows_are_few(
    tmp_path: Path, train_small: TrainSmall
) -> None:
    x, y = digits()
    small = train_small(tmp_path / "small", "cgan", (x[:40], y[:40]))
    found = judge(small, data=(x[:40], y[:40]), holdout=(x[40:], y[40:]), n=100)
    assert found.subject["ceiling_from"] == "holdout"
    assert found.subject["compared_for_copies"] == 40


def test_samples_have_the_labels_of_the_fresh_reals(run: Run, npz: Path) -> None:
    case, model = case_of(run, holdout=npz), load(run)
    x, y = model.drawn_like(case.fresh.x, case.fresh.y, seed=case.seed)
    assert y is not None
    assert case.fresh.y is not None
    assert torch.equal(y, case.fresh.y)
    names = [model.space.labels[code] for code in y.tolist()]
    assert torch.equal(x, model.sample(N, in_turn={"label": names}, seed=case.seed).tensor)


def test_a_holdout_with_some_of_the_labels(run: Run) -> None:
    x, y = digits()
    keep = (y >= 5) & (np.arange(len(y)) >= 500)
    names = np.array([f"{label}" for label in y[keep]])
    case = case_of(run, holdout=(x[keep], names), n=40)
    assert case.reference.y is not None
    assert case.reference.y.min() == 5
    by_content = {x[i].tobytes(): y[i] for i in range(len(x))}
    for part in (case.reference, case.fresh, case.train):
        assert part is not None
        assert part.y is not None
        for row, code in zip(part.x, part.y, strict=True):
            assert by_content[row.numpy().tobytes()] == code
    assert case.fresh.y is not None
    assert case.fresh.y.min() == 5, "fresh reals have labels that the holdout lacks"


def test_labels_of_fresh_reals_are_as_frequent_as_in_the_holdout(run: Run) -> None:
    x, y = digits()
    few = np.arange(500, 700)
    few = few[(y[few] != 3) | (few % 4 == 0)]
    share, chance = [], []
    for seed in range(20):
        case = case_of(run, holdout=(x[few], y[few]), seed=seed)
        assert case.reference.y is not None
        assert case.fresh.y is not None
        share.append(float((case.fresh.y == 3).double().mean()))
        ours, theirs = (torch.bincount(p, minlength=10) for p in (case.fresh.y, case.reference.y))
        chance.append(float((ours - theirs).double().square().sum()))
    assert np.mean(share) == pytest.approx((y[few] == 3).mean(), abs=0.02)
    # Two draws of n differ by 2 n Σ p (1 - p) on average, here about 2 · 60 · 0.9.
    assert 60 < np.mean(chance) < 170


def test_a_holdout_without_labels(run: Run) -> None:
    found = judge(run, holdout=digits()[0][500:])
    assert "The holdout has no labels: nothing that needs them is measured." in found.warnings


def test_a_model_and_a_run_and_a_folder_are_the_same(run: Run, npz: Path) -> None:
    everyone = [judge(one, holdout=npz) for one in (run, run.folder, str(run.folder), load(run))]
    assert all(numbers(one) == numbers(everyone[0]) for one in everyone)


def test_a_model_without_a_run(run: Run, npz: Path) -> None:
    model = load(run)
    alone = model_of(model.recipe, model.game)
    with pytest.raises(DataError, match="belongs to no run; give what it was trained on"):
        judge(alone)
    found = judge(alone, data=npz, holdout=npz)
    assert numbers(found) == numbers(judge(run, holdout=npz))
    assert found.subject["command"].startswith("zs.evaluate(model, holdout=")


def test_the_result_is_kept_in_the_run(run: Run, npz: Path) -> None:
    before = run.manifest
    found = judge(run, holdout=npz)
    kept = json.loads((run.folder / "report" / "evaluation.json").read_text("utf-8"))
    assert kept == replace(found, parts=()).to_json()
    back = Evaluation.from_json(kept)
    assert back == replace(found, parts=())
    event = run.events()[-1]
    assert (event["event"], event["step"], event["split"]) == ("evaluated", 20, "holdout")
    assert event["verdict"] == found.verdict
    assert Run.open(run.folder).manifest == before
    judge(run, holdout=npz, n=50)
    assert json.loads((run.folder / "report" / "evaluation.json").read_text())["subject"]["n"] == 50


def test_a_run_that_cannot_be_written_is_judged_all_the_same(run: Run) -> None:
    (run.folder / "report").write_text("in the way")
    assert "Not kept in the run: cannot make" in judge(run).warnings[-1]


def test_neighbours_are_training_rows(run: Run, npz: Path) -> None:
    from zerosum.workflows.evaluate import find_neighbours

    case = case_of(run, holdout=npz)
    found = find_neighbours(case.fresh, case.pool, seed=0)
    assert [n.chosen for n in found] == ["closest"] * 6 + ["random"] * 6
    train = rows(open_data(npz)[0].take(torch.arange(500))[0])
    for one in found:
        assert set(rows(one.nearest)) <= set(train)
        assert list(one.distances) == sorted(one.distances)
    closest = [n.distances[0] for n in found[:6]]
    assert closest == sorted(closest)
    assert max(closest) <= min(n.distances[0] for n in found[6:])
    part = judge(run, holdout=npz).part("neighbours")
    assert isinstance(part, NeighboursPart)
    assert len(part.cards) == 12
    assert part.pool == len(case.pool)


def test_a_copy_is_its_own_neighbour(run: Run, npz: Path) -> None:
    from zerosum.workflows.evaluate import find_neighbours

    case = case_of(run, holdout=npz)
    copies = case.pool.rows(torch.arange(5))
    (first, *_rest) = find_neighbours(copies, case.pool, seed=0)
    assert first.distances[0] == 0
    assert torch.equal(first.sample, first.nearest[0])


def test_unfinished_and_damaged_runs_are_said(
    tmp_path: Path, train_small: TrainSmall, recwarn: pytest.WarningsRecorder
) -> None:
    stopped = train_small(tmp_path / "stopped", stop=8, checkpoint_seconds=0.0)
    assert "The training is not finished (enough): 128 of 320 points." in judge(stopped).warnings
    stopped.update(state="diverged")
    assert "last healthy state, 128 points" in judge(stopped).warnings[0]
    newest = stopped.folder / "checkpoints" / "step-000000008.safetensors"
    newest.write_bytes(newest.read_bytes()[:-1])
    found = judge(stopped)
    assert "What is judged is step 7, not the newest checkpoint, step 8." in found.warnings
    assert found.subject["step"] == 7


def test_a_collapsed_training_is_called_so(points: Run) -> None:
    assert "collapsed" not in judge(points).verdict
    points.update(health="collapsed")
    found = judge(points)
    assert found.verdict.startswith("The training collapsed. ")
    assert found.subject["health"] == "collapsed"


def test_events_of_the_referee_are_taken_over(points: Run) -> None:
    points.add_event("diagnosis", step=3, samples=48, name="mode collapse", words="…")
    points.add_event("remedy", step=3, name="lower-rates", words="…", outcome="healthy")
    assert [event["event"] for event in judge(points).events] == ["diagnosis", "remedy"]


@pytest.mark.parametrize(
    ("holdout", "message"),
    [
        (np.zeros((50, 8, 9), np.uint8), r"holds images of 1 x 8 x 9.*makes images of 1 x 8"),
        (np.zeros((50, 64)), "If each row is an image, say its shape.*'8x8'"),
        ((digits()[0][500:], np.array(["x", "y"] * 100)), "labels that the training data lacks"),
        (digits()[0][:60], "this is training data"),
        (digits()[0][300:600], "200 of 300 rows of the holdout are also training rows"),
    ],
)
def test_what_is_no_holdout(run: Run, holdout: Any, message: str) -> None:
    with pytest.raises((EvaluationError, DataError), match=message):
        judge(run, holdout=holdout)


def test_a_few_shared_rows_are_a_warning(run: Run) -> None:
    found = judge(run, holdout=digits()[0][495:])
    assert "5 of 205 rows of the holdout are also training rows." in found.warnings


def test_a_dozen_samples_are_judged_by_what_needs_no_more(run: Run) -> None:
    found = judge(run, holdout=digits()[0][500:], n=12)
    names = {figure.name for figure in found.figures}
    assert "frechet_distance" in names
    assert not names & {"c2st_linear", "near_copies"}
    (said,) = [one for one in found.warnings if "left out" in one]
    assert said.startswith("12 samples are held against ")
    assert "c2st_linear" in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 1}, r"n=1: it may be 2 to 200, the 200 rows of the holdout"),
        ({"n": 201}, r"n=201: .*Give n=200, or a larger holdout"),
        ({"n": 300, "holdout": None}, "half of the 500 training rows"),
        ({"n": 5}, "5 samples are too few for frechet_distance"),
        ({"features": "pixel"}, "no features 'pixel'.*Did you mean 'pixels'"),
    ],
)
def test_what_cannot_be_asked(run: Run, npz: Path, options: Any, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        judge(run, **({"holdout": npz} | options))


def test_samples_that_are_not_finite(run: Run) -> None:
    model = load(run)
    with torch.no_grad():
        next(model.game.get_submodule("generator").parameters()).fill_(float("nan"))
    with pytest.raises(EvaluationError, match="60 of 60 samples hold NaN or infinite values"):
        judge(model)


def test_a_run_without_checkpoints(run: Run) -> None:
    shutil.rmtree(run.folder / "checkpoints")
    with pytest.raises(RunError, match="no checkpoints, so there is no model to judge"):
        judge(run)
    with pytest.raises(RunError, match="no run at"):
        judge(run.folder / "nowhere")


def test_the_data_must_be_that_of_the_run(tmp_path: Path, train_small: TrainSmall) -> None:
    x, _ = digits()
    run = train_small(tmp_path / "memory", data=x)
    with pytest.raises(DataError, match=r"held in memory\. Give them again, .* with data="):
        judge(run)
    with pytest.raises(DataError, match="this is not the data of"):
        judge(run, data=x[:100])
    found = judge(run, data=x)
    assert found.subject["command"].startswith(f"zs.evaluate('{run.folder}', data=..., n=60")


def test_figures_are_read_on_rows_that_features_were_not_learned_from(
    tmp_path: Path, train_small: TrainSmall
) -> None:
    x = np.random.default_rng(0).normal(size=(400, 2)).astype(np.float32)
    run = train_small(tmp_path / "points", data=x)
    subject = open_subject(run, data=x)
    case = open_case(subject.dataset, None, space=subject.model.space, features="self")
    assert (case.n, case.extractor.name) == (100, "self-2")
    kept = rows(subject.dataset.take(unseen_rows(subject.dataset))[0])
    assert rows(case.reference.x) | rows(case.fresh.x) == kept
    found = judge(run, data=x, features=None)
    assert found.subject["features"] == "self-2"
    assert "--features self" in found.subject["command"] or "'self'" in found.subject["command"]


def test_the_state_that_the_referee_chose(run: Run, npz: Path) -> None:
    step = run.checkpoints.steps()[0]
    shutil.copytree(run.folder / "checkpoints", run.folder / "healthy", dirs_exist_ok=True)
    run.update(model={"step": step})
    found = judge(run, holdout=npz)
    assert (found.subject["step"], found.subject["healthiest"]) == (step, True)
    assert found.warnings == ()
    shutil.rmtree(run.folder / "checkpoints")
    assert numbers(judge(run, holdout=npz)) == numbers(found)


def test_progress_is_told(run: Run, npz: Path) -> None:
    told: list[str] = []
    judge(run, holdout=npz, progress=lambda what, done, total: told.append(what))
    assert {"reading the holdout", "extracting features", "drawing samples", "judge"} <= {*told}


def test_a_dataset_of_ones_own(tmp_path: Path, train_small: TrainSmall) -> None:
    x = torch.randn(300, 2, generator=torch.Generator().manual_seed(0))
    mine = ArrayDataset(x[:200], name="mine")
    run = train_small(tmp_path / "own", data=mine)
    found = judge(run, data=mine, holdout=ArrayDataset(x[200:], name="others"))
    assert found.subject["holdout"] == "others"
