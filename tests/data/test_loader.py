"""Order and batches: no hidden state, and the same for held and streamed data."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from zerosum.data.base import ArrayDataset, Dataset
from zerosum.data.loader import Loader, Order, require_batch_fits
from zerosum.errors import DataError
from zerosum.modalities.images import folders as images
from zerosum.modalities.images.decoding import StreamedImages
from zerosum.modalities.images.folders import ImagesConfig
from zerosum.rng import SecretNoise
from zerosum.runtime import Runtime

CPU = Runtime(torch.device("cpu"))


@pytest.fixture
def points() -> Dataset:
    return ArrayDataset(torch.arange(20.0).reshape(10, 2), torch.arange(10) % 3, name="points",
                        labels="abc")  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for i in range(11):
        (tmp_path / "ab"[i % 2]).mkdir(exist_ok=True)
        pixels = rng.integers(0, 256, (9, 12, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "ab"[i % 2] / f"{i}.png")
    return tmp_path


@pytest.fixture
def streamed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setattr(images, "RESIDENT_BYTES", 0)
    dataset = ImagesConfig(path=str(folder), size=(6, 8)).build()
    assert isinstance(dataset, StreamedImages)
    assert dataset.resident is None
    return dataset


def held(folder: Path) -> Dataset:
    dataset = ImagesConfig(path=str(folder), size=(6, 8)).build()
    assert dataset.resident is not None
    return dataset


def test_each_epoch_is_a_permutation() -> None:
    order = Order(7, seed=3)
    epochs = [order.rows(7 * epoch, 7).tolist() for epoch in range(4)]
    assert all(sorted(epoch) == list(range(7)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 4


def test_random_access_equals_sequential() -> None:
    straight = Order(7, seed=3).rows(0, 40).tolist()
    order = Order(7, seed=3)
    for start, count in [(33, 7), (0, 3), (6, 2), (5, 20), (13, 1)]:
        assert order.rows(start, count).tolist() == straight[start : start + count]


def test_different_seeds_differ() -> None:
    assert not torch.equal(Order(50, seed=0).rows(0, 50), Order(50, seed=1).rows(0, 50))


def test_order_does_not_read_the_global_generator() -> None:
    state = torch.get_rng_state()
    Order(50, seed=0).rows(0, 120)
    assert torch.equal(torch.get_rng_state(), state)


def test_streamed_and_held_batches_are_the_same(
    folder: Path, streamed: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    resident = held(folder)
    assert streamed.space == resident.space
    assert streamed.fingerprint == resident.fingerprint
    a, b = (Loader(dataset, seed=5, runtime=CPU) for dataset in (resident, streamed))
    for size in (4, 4, 4, 11, 3, 4):
        first, second = a.next(size), b.next(size)
        assert torch.equal(first.x, second.x)
        assert first.y is not None
        assert second.y is not None
        assert torch.equal(first.y, second.y)
    b.close()


@pytest.mark.parametrize("form", ["held", "streamed"])
def test_two_processes_share_the_batch_of_one(
    form: str, folder: Path, streamed: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = streamed
    if form == "held":
        monkeypatch.undo()
        dataset = held(folder)
    one = Loader(dataset, seed=5, runtime=CPU)
    two = [Loader(dataset, seed=5, runtime=Runtime(CPU.device, rank=r, world=2)) for r in (0, 1)]
    for _ in range(5):
        whole, halves = one.next(6), [loader.next(3) for loader in two]
        assert torch.equal(whole.x, torch.cat([half.x for half in halves]))
        assert whole.y is not None
        assert whole.y.tolist() == [int(y) for h in halves if h.y is not None for y in h.y]
    assert one.position == two[0].position == two[1].position == 30
    for loader in (one, *two):
        loader.close()


@pytest.mark.parametrize("form", ["held", "streamed"])
def test_position_resumes(
    form: str, folder: Path, streamed: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = streamed
    if form == "held":
        monkeypatch.undo()
        dataset = held(folder)
    first, second = Loader(dataset, seed=5, runtime=CPU), Loader(dataset, seed=5, runtime=CPU)
    for _ in range(3):
        first.next(4)
    expected = [first.next(4).x for _ in range(3)]
    second.next(4)  # has read ahead when it is moved
    second.position = 12
    assert all(torch.equal(x, second.next(4).x) for x in expected)
    first.position = 12  # and back
    assert all(torch.equal(x, first.next(4).x) for x in expected)
    first.close()
    second.close()


def test_batches_are_in_model_units(points: Dataset) -> None:
    batch = Loader(points, seed=0, runtime=CPU).next(10)
    assert batch.size == 10
    torch.testing.assert_close(batch.x.mean(0), torch.zeros(2))
    torch.testing.assert_close(batch.x.std(0, correction=0), torch.ones(2))


def test_pictures_in_either_layout_are_the_same(folder: Path) -> None:
    dataset = held(folder)
    plain = Loader(dataset, seed=0, runtime=CPU).next(4).x
    last = Loader(dataset, seed=0, runtime=CPU, channels_last=True).next(4).x
    assert last.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(plain, last)
    assert float(plain.abs().max()) <= 1


def test_a_file_that_goes_away_is_named(streamed: Dataset, folder: Path) -> None:
    (folder / "a" / "0.png").unlink()
    loader = Loader(streamed, seed=0, runtime=CPU)
    with pytest.raises(DataError, match=r"a/0\.png"):
        loader.next(11)
    loader.close()


def test_a_batch_larger_than_the_data_is_refused(points: Dataset) -> None:
    require_batch_fits(points, 10)
    with pytest.raises(DataError, match="a batch of 11 is larger than points, which has 10"):
        require_batch_fits(points, 11)


def test_each_sample_comes_by_its_own_chance() -> None:
    data = ArrayDataset(torch.arange(4_000.0).reshape(2_000, 2), name="points")
    loader = Loader(data, seed=0, runtime=CPU)
    assert loader.sampled(1.0, SecretNoise()).size == 2_000
    assert loader.sampled(0.0, SecretNoise()).size == 0
    first, second = (loader.sampled(0.25, SecretNoise()).x for _ in range(2))
    assert len(torch.unique(first, dim=0)) == len(first)
    assert 350 < len(first) < 650
    assert first.shape != second.shape or not torch.equal(first, second)
