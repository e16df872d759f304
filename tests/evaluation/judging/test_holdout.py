"""What is no holdout is found out."""

import pytest
import torch
from torch import Tensor

from zerosum.data.base import ArrayDataset
from zerosum.errors import EvaluationError
from zerosum.evaluation.judging.holdout import codes_of, require_same_kind, shared_rows
from zerosum.spaces import ImageSpace, PointSpace


def points(seed: int, n: int = 400) -> Tensor:
    return torch.randn(n, 2, generator=torch.Generator().manual_seed(seed))


def dataset(x: Tensor) -> ArrayDataset:
    return ArrayDataset(x, name="mine")


def plane(*labels: str) -> PointSpace:
    return PointSpace(center=(0, 0), scale=(1, 1), labels=labels, label_counts=(1,) * len(labels))


@pytest.mark.parametrize(
    "other",
    [PointSpace(center=(0,), scale=(1,)), ImageSpace(channels=1, height=8, width=8)],
)
def test_another_shape_or_kind_is_refused(other: PointSpace | ImageSpace) -> None:
    with pytest.raises(EvaluationError, match=r"the holdout holds .*the model makes points of 2\."):
        require_same_kind(plane(), other, "the holdout")
    require_same_kind(plane(), PointSpace(center=(5, 5), scale=(2, 2)), "the holdout")


def test_labels_are_matched_by_name() -> None:
    codes = codes_of(plane("a", "b", "c"), plane("c", "a"), "it")
    assert codes is not None
    assert codes.tolist() == [2, 0]
    assert codes_of(plane("a"), plane(), "it") is None
    assert codes_of(plane(), plane("a"), "it") is None
    with pytest.raises(EvaluationError, match=r"it has labels that the training data lacks: 'cat'"):
        codes_of(plane("car", "dog"), plane("cat", "dog"), "it")


def test_nothing_shared_is_no_complaint() -> None:
    shared = shared_rows(dataset(points(0)), dataset(points(1)))
    assert (shared.count, shared.share, shared.complaint()) == (0, 0.0, None)


def test_a_few_shared_rows_are_said() -> None:
    train = points(0)
    shared = shared_rows(dataset(train), dataset(torch.cat([points(1, 98), train[5:7]])))
    assert shared.complaint() == "2 of 100 rows of the holdout are also training rows."


def test_training_data_is_no_holdout() -> None:
    train = points(0)
    for holdout in (train, train.flip(0), train[:50], torch.cat([points(1, 90), train[:10]])):
        with pytest.raises(EvaluationError, match="are also training rows: this is training data"):
            shared_rows(dataset(train), dataset(holdout)).complaint()


def test_rows_that_are_often_equal_are_no_proof() -> None:
    def coins(seed: int) -> Tensor:
        return (points(seed, 500) > 0).float()

    complaint = shared_rows(dataset(coins(0)), dataset(coins(1))).complaint()
    assert complaint is not None
    assert "500 of 500" in complaint
    assert "100% of the training rows have an equal" in complaint
    with pytest.raises(EvaluationError, match="this is training data"):
        shared_rows(dataset(coins(0)), dataset(coins(0))).complaint()


def test_progress_is_told() -> None:
    told: list[tuple[str, int, int]] = []
    shared_rows(dataset(points(0)), dataset(points(1)), lambda *words: told.append(words))
    assert told == [("reading the holdout", 400, 400), ("looking for shared rows", 400, 400)]
