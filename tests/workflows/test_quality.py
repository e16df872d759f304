"""How good samples are while a training runs, in learned features."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.workflows.conftest import PLAIN, SMALL
from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import Trainer
from zerosum.evaluation.features.self_features import (
    kept_self_features,
    seconds_to_learn,
    self_features,
)
from zerosum.runs.hooks import SampleHook
from zerosum.runs.store import Run
from zerosum.testing import small_dataset
from zerosum.workflows.data import open_data
from zerosum.workflows.history import curves_of
from zerosum.workflows.load import load
from zerosum.workflows.quality import QualityHook, quality_hook
from zerosum.workflows.train import train


def looked(out: Path, **options: Any) -> Run:
    """Forty steps of a small GAN on digits, looked at as often as may be."""

    def listen(run: Run, trainer: Trainer, _samples: SampleHook) -> Sequence[Hook]:
        return [QualityHook(run, trainer.dataset, share_to_look=1e9, least_seconds=0, **options)]

    return train(
        "cgan", "digits", out=out, changes=SMALL, samples=40 * 16, wishes=PLAIN, referee="off",
        seed=5, listener=listen,
    )  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZEROSUM_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Looked at, but never in features: these would take too long to learn."""
    return looked(tmp_path_factory.mktemp("plain") / "run", share_to_learn=0.0)


@pytest.fixture(scope="module")
def watched(plain: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The same training, with features that are learned on the way."""
    assert kept_self_features(open_data("digits")[0]) is None
    return looked(tmp_path_factory.mktemp("watched") / "run", share_to_learn=1e9)


def test_features_that_take_long_are_not_learned(plain: Run) -> None:
    assert "kernel_distance" not in curves_of(plain)
    assert "scores" not in plain.manifest


def test_a_curve_of_quality_is_in_the_history(watched: Run) -> None:
    curves = curves_of(watched)
    assert len(curves["kernel_distance"]) == len(curves["coverage"]) > 20
    first, last = (curves["kernel_distance"][i][1] for i in (0, -1))
    assert 0 < last < first
    assert watched.manifest["scores"] == {
        name: pytest.approx(curves[name][-1][1], rel=1e-3)
        for name in ("kernel_distance", "coverage")
    }


def test_it_changes_nothing_of_the_training(watched: Run, plain: Run) -> None:
    a, b = (load(run.folder).sample(8, seed=1).tensor for run in (watched, plain))
    assert a.equal(b)


def test_kept_features_are_those_that_were_learned() -> None:
    data = small_dataset("image")
    assert kept_self_features(data) is None
    assert 0 < seconds_to_learn(data) < 600
    learned, x = self_features(data), data.take(torch.arange(8))[0]
    kept = kept_self_features(data)
    assert kept is not None
    assert kept(x).equal(learned(x))
    assert (kept.accuracy, kept.num_learned) == (learned.accuracy, learned.num_learned)


@pytest.mark.parametrize("data", ["ring", "reviews"])
def test_points_and_rows_have_no_such_curve(data: str, tmp_path: Path) -> None:
    found: list[list[Hook]] = []

    def listen(run: Run, trainer: Trainer, _samples: SampleHook) -> Sequence[Hook]:
        found.append(quality_hook(run, trainer))
        return []

    recipe = {"ring": "vanilla", "reviews": "table_gan"}[data]
    train(recipe, data, out=tmp_path / "run", samples=64, wishes=PLAIN, referee="off",
          listener=listen)  # fmt: skip
    assert found == [[]]
