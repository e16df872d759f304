"""Boosted trees, prediction, coverage and groups: against scikit-learn and by construction."""

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score, f1_score, r2_score, roc_auc_score

from tests.modalities.tables.chain import people
from zerosum.evaluation.features.base import Embedded
from zerosum.evaluation.metrics.base import MetricContext, SampleSet
from zerosum.modalities.tables.fields import CategoryField, FloatField, IntegerField
from zerosum.modalities.tables.judging import prediction
from zerosum.modalities.tables.judging.prediction import Task, holds_classes
from zerosum.modalities.tables.judging.rows import auc, tree_inputs
from zerosum.modalities.tables.metrics.boosted import C2stBoosted
from zerosum.modalities.tables.metrics.clusters import Clustering, adjusted_rand, clustering_of
from zerosum.modalities.tables.metrics.coverage import category_coverage, outside_fences


def weights(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 4, (2, n)).astype(float)


def test_areas_are_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    odds, positive, w = rng.normal(size=90).round(1), rng.random(90) < 0.4, weights(90)
    known = [roc_auc_score(positive, odds, sample_weight=each) for each in w]
    assert auc(odds, positive, w) == pytest.approx(known)


def test_scores_of_a_prediction_are_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    y, said, w = rng.integers(3, size=80), rng.integers(3, size=80), weights(80)
    known = [f1_score(y, said, average="macro", sample_weight=each) for each in w]
    assert prediction._macro_f1(said, y, w, 3) == pytest.approx(known)
    numbers = y + rng.normal(size=80)
    known = [r2_score(numbers, said, sample_weight=each) for each in w]
    assert prediction._r2(said, numbers, w) == pytest.approx(known)


def test_agreement_of_labels_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    a = rng.integers(4, size=200)
    b = np.where(rng.random(200) < 0.7, a, rng.integers(3, size=200))
    rows = rng.integers(200, size=200)
    counts = np.stack([np.ones(200), np.bincount(rows, minlength=200)])
    known = [adjusted_rand_score(a, b), adjusted_rand_score(a[rows], b[rows])]
    assert adjusted_rand(a, b, counts) == pytest.approx(known)


def test_groups_that_are_there_are_found() -> None:
    centres = torch.tensor([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
    x = centres.repeat(60, 1) + torch.randn(180, 2, generator=torch.Generator().manual_seed(0))
    clusters = clustering_of(x, seed=0)
    assert len(clusters.centres) == 3
    assert len(np.unique(clusters.labels(centres))) == 3
    assert len(Clustering.of(torch.zeros(9, 2), 4, seed=0).centres) == 1


def test_trees_see_categories_by_how_frequent_they_are() -> None:
    fields = [CategoryField(name="c", names=tuple("abc")), FloatField(name="x")]
    values = np.array([[2.0, 1], [2, 2], [0, np.nan], [np.nan, 4]])
    inputs, categorical = tree_inputs(values, fields)
    assert inputs[:, 0].tolist()[:3] == [0, 0, 1]
    assert np.isnan(inputs[3, 0])
    assert np.array_equal(inputs[:, 1], values[:, 1], equal_nan=True)
    assert categorical.tolist() == [True, False]
    many = np.arange(600.0)[:, None]
    assert tree_inputs(many, fields[:1])[0].max() < 255


def test_trees_tell_a_combination_that_no_real_has() -> None:
    data = people(1_200)
    x = data.take(torch.arange(1_200))[0]
    real, made = x[:600], x[600:].clone()
    made[:, 3] = 1 - made[:, 3]
    features = Embedded(data.space, name="columns")
    context = MetricContext(data.space, extractor="columns", split="holdout")
    exhibits = [SampleSet(rows, features(rows)) for rows in (made, x[600:], real)]
    told, fresh = (
        C2stBoosted().read(one, exhibits[2], context)["c2st_boosted"].value for one in exhibits[:2]
    )
    assert told > 0.9
    assert fresh < 0.56


def test_a_target_is_predicted_where_it_can_be() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(900, 2))
    x[:, 1] = x[:, 0] > 0
    x[::50, 1] = np.nan
    fields = [FloatField(name="x"), CategoryField(name="y", names=("no", "yes"))]
    task = Task.of(x[:600], x[600:], fields, 1)
    assert task.num_classes == 2
    assert len(task.test) == 294
    scores = task.scores(np.arange(588), np.ones((1, 294)), seed=0)
    assert scores["auc"][0] > 0.99
    assert scores["f1"][0] > 0.97
    alone = task.scores(np.flatnonzero(task.train_y == 0), np.ones((1, 294)), seed=0)
    assert alone["auc"][0] == 0.5
    number = Task.of(x[:600], x[600:], fields, 0)
    assert 0.3 < number.scores(np.arange(600), np.ones((1, 300)), seed=0)["r2"][0] < 0.8


def test_targets_of_0_and_1_are_classes() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(900, 2))
    x[:, 1] = x[:, 0] > 0
    fields = [FloatField(name="x"), IntegerField(name="y")]
    task = Task.of(x[:600], x[600:], fields, 1)
    assert task.num_classes == 2
    assert task.scores(np.arange(600), np.ones((1, 300)), seed=0)["auc"][0] > 0.99
    assert holds_classes(fields[1], np.array([0.0, 1.0, np.nan]))
    assert not holds_classes(fields[1], np.array([0.0, 1.0, 2.0]))
    assert not holds_classes(FloatField(name="x", places=1), np.array([0.0, 1.0]))


def test_coverage_and_fences() -> None:
    real = np.array([0.0, 0, 1, 2, 2, np.nan])
    assert category_coverage(real, np.array([np.nan, 7.0]))[0] == 0
    column = np.r_[np.arange(100.0), 1_000][:, None]
    fields = [FloatField(name="x")]
    assert outside_fences(column, column, fields).sum() == 1
    assert outside_fences(column, np.array([[np.nan], [-60.0], [160.0]]), fields).tolist() == [
        False, True, True,
    ]  # fmt: skip
