"""Features that the data taught: what is learned from, what is kept, and what a row depends on."""

import json
import shutil
import warnings
from pathlib import Path

import pytest
import torch
from torch import Tensor

from zerosum.data.base import ArrayDataset
from zerosum.errors import EvaluationError
from zerosum.evaluation.features.base import Extractor
from zerosum.evaluation.features.self_features import (
    SelfFeatures,
    cache_folder,
    learning_rows,
    self_features,
    unseen_rows,
)
from zerosum.evaluation.features.self_network import build_network
from zerosum.rng import Noise
from zerosum.spaces import ImageSpace, PointSpace


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("ZEROSUM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def pictures(n: int = 160, *, labelled: bool = True, seed: int = 0) -> ArrayDataset:
    """Noisy images 8 x 8 that are bright on the left or on the right."""
    noise = Noise(seed)
    y = torch.arange(n) % 2
    x = 60 + 20 * noise.normal(n, 1, 8, 8)
    x[y == 0, :, :, :4] += 120
    x[y == 1, :, :, 4:] += 120
    x = x.clamp(0, 255).to(torch.uint8)
    if labelled:
        return ArrayDataset(x, y, name="sides", labels=["left", "right"])
    return ArrayDataset(x, name="sides")


def points(n: int = 200, *, labelled: bool = True) -> ArrayDataset:
    y = torch.arange(n) % 2
    x = Noise(0).normal(n, 3) + 6.0 * y[:, None]
    return ArrayDataset(x, y if labelled else None, name="p", labels="ab" if labelled else ())


class Told:
    """A ticker that remembers."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int, int]] = []

    def __call__(self, what: str, done: int, total: int) -> None:
        self.calls.append((what, done, total))


@pytest.mark.parametrize("n", [20, 161, 50_000])
def test_learning_and_unseen_rows_share_none_and_are_fixed(n: int) -> None:
    dataset = ArrayDataset(torch.zeros(n, 1), name="zeros")
    learned, unseen = learning_rows(dataset), unseen_rows(dataset)
    assert len(learned) == min(n // 2, 20_000)
    assert torch.cat([learned, unseen]).sort().values.equal(torch.arange(n))
    assert learning_rows(dataset).equal(learned)
    assert unseen_rows(dataset).equal(unseen)


def test_labels_are_learned_and_the_accuracy_is_that_of_unseen_rows() -> None:
    for dataset in (pictures(), points()):
        features = self_features(dataset)
        x, y = dataset.take(unseen_rows(dataset))
        logits = features.classify(x)
        assert y is not None
        assert logits is not None
        assert features.accuracy is not None
        assert logits.shape == (len(x), 2)
        assert features.accuracy == pytest.approx(float((logits.argmax(1) == y).float().mean()))
        assert features.accuracy > 0.9
        assert features.num_learned == len(learning_rows(dataset))


def test_pictures_give_64_features_of_variance_one() -> None:
    for labelled in (True, False):
        dataset = pictures(labelled=labelled)
        features = self_features(dataset)
        rows = features(dataset.take(learning_rows(dataset))[0])
        assert (features.name, features.num_features) == ("self-64", 64)
        assert rows.shape == (80, 64)
        assert float(rows.var(dim=0).mean()) == pytest.approx(1, rel=0.01)


def test_without_labels_there_is_nothing_to_classify() -> None:
    for dataset in (pictures(labelled=False), points(labelled=False)):
        features = self_features(dataset)
        assert features.classify(dataset.take(torch.arange(3))[0]) is None
        assert features.accuracy is None


@pytest.mark.parametrize("labelled", [True, False])
def test_points_are_their_own_features(labelled: bool) -> None:
    dataset = points(labelled=labelled)
    features = self_features(dataset)
    x, _ = dataset.take(torch.arange(50))
    assert features.name == "self-3"
    assert features(x).equal(dataset.space.to_model(x))


SPACES = [
    ImageSpace(channels=1, height=8, width=8),
    ImageSpace(channels=3, height=9, width=30),
    ImageSpace(channels=3, height=40, width=64),
    ImageSpace(channels=4, height=256, width=256),
    ImageSpace(channels=1, height=200, width=3),
    ImageSpace(channels=3, height=32, width=32, labels=("a", "b"), label_counts=(1, 1)),
    PointSpace(center=(0.0,), scale=(1.0,), labels=("a", "b"), label_counts=(1, 1)),
]


def samples(space: ImageSpace | PointSpace, n: int) -> Tensor:
    return space.to_data(0.5 * Noise(1).normal(n, *space.shape))


@pytest.mark.parametrize("space", SPACES, ids=lambda space: f"{space.kind}-{space.shape}")
def test_the_batch_size_changes_nothing(space: ImageSpace | PointSpace) -> None:
    features = SelfFeatures(space, build_network(space, 0))
    x = samples(space, 11)
    for size in (1, 4, 11):
        torch.testing.assert_close(features(x, batch_size=size), features(x), atol=1e-5, rtol=1e-5)
        logits = features.classify(x, batch_size=size)
        assert (logits is None) == (not space.num_labels)
        if logits is not None:
            torch.testing.assert_close(logits, features.classify(x), atol=1e-5, rtol=1e-5)
    assert features(x[:0]).shape == (0, features.num_features)


@pytest.mark.parametrize("labelled", [True, False])
def test_other_rows_teach_other_features_and_the_same_rows_the_same(
    labelled: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    x, _ = pictures(20, seed=9).take(torch.arange(20))

    def learned(seed_of_data: int, seed: int = 0) -> Extractor:
        return self_features(pictures(60, labelled=labelled, seed=seed_of_data), seed=seed)

    first = learned(0)
    assert not learned(1)(x).allclose(first(x), atol=1e-3)
    other = learned(0, seed=1)
    assert other.name == "self-64-seed1" != first.name
    assert not other(x).allclose(first(x), atol=1e-3)
    monkeypatch.setenv("ZEROSUM_CACHE", str(tmp_path / "another"))
    assert learned(0)(x).equal(first(x))


def test_torchs_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    self_features(pictures(40))
    assert torch.get_rng_state().equal(before)


def test_the_second_time_nothing_is_learned() -> None:
    dataset = pictures(60)
    x, _ = dataset.take(torch.arange(20))
    told, silent = Told(), Told()
    first = self_features(dataset, tick=told)
    again = self_features(dataset, tick=silent)
    assert told.calls[0][:2] == ("learn features", 0)
    assert not silent.calls
    assert again(x).equal(first(x))
    assert (again.accuracy, again.num_learned) == (first.accuracy, first.num_learned)


def entry(cache: Path) -> Path:
    (folder,) = (cache / "self-features").iterdir()
    return folder


def flip_a_byte(folder: Path, cache: Path) -> None:
    (weights,) = folder.glob("*.safetensors")
    body = bytearray(weights.read_bytes())
    body[-5] ^= 1
    weights.write_bytes(body)


def cut_off(folder: Path, cache: Path) -> None:
    (weights,) = folder.glob("*.safetensors")
    weights.write_bytes(weights.read_bytes()[:-100])


def not_json(folder: Path, cache: Path) -> None:
    (record,) = folder.glob("*.json")
    record.write_text("{", encoding="utf-8")


def change_a_number(folder: Path, cache: Path) -> None:
    (record,) = folder.glob("*.json")
    content = json.loads(record.read_text(encoding="utf-8"))
    content["scalars"]["found"]["accuracy"] = 1.0
    content["scalars"]["found"]["scale"] = 7.0
    record.write_text(json.dumps(content), encoding="utf-8")


def take_anothers(folder: Path, cache: Path) -> None:
    self_features(pictures(60, seed=5))
    (other,) = {*(cache / "self-features").iterdir()} - {folder}
    shutil.rmtree(folder)
    other.rename(folder)


@pytest.mark.parametrize(
    "harm", [flip_a_byte, cut_off, not_json, change_a_number, take_anothers],
    ids=lambda harm: harm.__name__,
)  # fmt: skip
def test_what_is_damaged_or_foreign_is_learned_again(harm, cache: Path) -> None:
    dataset = pictures(60)
    x, _ = dataset.take(torch.arange(20))
    first = self_features(dataset)
    harm(entry(cache), cache)
    told, silent = Told(), Told()
    with pytest.warns(UserWarning, match="learned again"):
        again = self_features(dataset, tick=told)
    assert told.calls
    assert again(x).equal(first(x))
    assert self_features(dataset, tick=silent)(x).equal(first(x))
    assert not silent.calls


def test_a_cache_that_cannot_be_written_is_no_obstacle(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("ZEROSUM_CACHE", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="not kept.*ZEROSUM_CACHE"):
        features = self_features(pictures(40))
    assert features(pictures(40).take(torch.arange(3))[0]).shape == (3, 64)


def test_the_cache_is_in_the_home_folder_unless_told_otherwise(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cache_folder() == cache
    monkeypatch.delenv("ZEROSUM_CACHE")
    assert cache_folder() == Path.home() / ".cache" / "zerosum"


def test_without_a_home_folder_features_are_learned_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(_uid: int) -> None:
        raise KeyError("a user without an entry, as in some containers")

    monkeypatch.delenv("ZEROSUM_CACHE")
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    assert cache_folder() is None
    with pytest.warns(UserWarning, match="no home folder. Set ZEROSUM_CACHE"):
        features = self_features(pictures(40))
    assert features(pictures(40).take(torch.arange(3))[0]).shape == (3, 64)


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(EvaluationError, match=r"sides has 19 rows.*at least 20"):
        self_features(pictures(19))


def test_labels_that_are_all_one_are_no_labels() -> None:
    x, _ = pictures(40).take(torch.arange(40))
    alone = ArrayDataset(x, torch.zeros(40, dtype=torch.int64), name="one", labels=["left"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert self_features(alone).classify(x) is None
