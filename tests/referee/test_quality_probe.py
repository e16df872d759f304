"""The gauge tells better from worse, on images and on points."""

import pytest
import torch
from torch import Tensor

from zerosum.data.base import ArrayDataset, Dataset
from zerosum.referee.diagnosis import STRANGE_DATA, has_collapsed
from zerosum.referee.quality_probe import QualityProbe
from zerosum.referee.reals import RealWatch, compare_counts
from zerosum.rng import Noise
from zerosum.spaces import Batch
from zerosum.workflows.data import open_data

SETS = ("digits", "grid")


def dataset(name: str) -> Dataset:
    return open_data(name)[0]


def some(name: str, seed: int = 7) -> tuple[Tensor, Tensor]:
    data = dataset(name)
    rows = torch.randperm(len(data), generator=torch.Generator().manual_seed(seed))[:1000]
    x, y = data.take(rows)
    assert y is not None
    return x, y


def shaken(x: Tensor, strength: float) -> Tensor:
    noise = Noise(1).normal(len(x), *x.shape[1:])
    if x.dtype == torch.uint8:
        return (x + 255 * strength * noise).clamp(0, 255).to(torch.uint8)
    return x + 2 * strength * noise


@pytest.mark.parametrize("name", SETS)
def test_reals_are_near_and_cover_themselves(name: str) -> None:
    sight = QualityProbe(dataset(name), seed=0).measure(some(name)[0])
    assert sight.coverage > 0.95
    assert sight.lost == 0.0
    assert sight.spread == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("name", SETS)
def test_more_noise_is_farther(name: str) -> None:
    gauge, x = QualityProbe(dataset(name), seed=0), some(name)[0]
    sights = [gauge.measure(shaken(x, strength)) for strength in (0.0, 0.1, 0.4)]
    assert sights[0].distance < sights[1].distance < sights[2].distance
    assert sights[0].coverage > sights[2].coverage


@pytest.mark.parametrize("name", SETS)
def test_scatter_is_what_chance_does(name: str) -> None:
    gauge, x = QualityProbe(dataset(name), seed=0), some(name)[0]
    near, far = gauge.measure(x[:500]).distance, gauge.measure(shaken(x, 0.1)).distance
    assert 0 < gauge.scatter < near
    assert 2 * gauge.scatter < far - near


@pytest.mark.parametrize("name", SETS)
def test_a_lost_class_is_seen(name: str) -> None:
    gauge = QualityProbe(dataset(name), seed=0)
    x, y = some(name)
    whole, without = gauge.measure(x), gauge.measure(x[y != 3])
    assert without.distance > 2 * whole.distance
    assert without.lost > 0.02


@pytest.mark.parametrize("name", SETS)
def test_a_collapse_has_no_spread(name: str) -> None:
    sight = QualityProbe(dataset(name), seed=0).measure(some(name)[0][:1].expand(1000, *[-1] * (some(name)[0].ndim - 1)))  # fmt: skip  # noqa: E501
    assert sight.spread < 1e-3
    assert sight.lost > 0.5


def test_what_is_not_finite_is_infinitely_far() -> None:
    x = some("grid")[0].clone()
    x[3] = torch.nan
    assert QualityProbe(dataset("grid"), seed=0).measure(x).distance == float("inf")


def test_large_colour_pictures_are_looked_at_small() -> None:
    x = Noise(0).integers(40, 3, 33, 70, high=256).to(torch.uint8)
    gauge = QualityProbe(ArrayDataset(x, name="photos"), seed=0)
    assert gauge.measure(x).coverage == 1.0


def watched(name: str, x: Tensor, batches: int = 60) -> tuple[float, float] | None:
    data = dataset(name)
    watch = RealWatch(QualityProbe(data, seed=0))
    noise = Noise(5)
    for _ in range(batches):
        rows = noise.integers(64, high=len(x))
        watch(Batch(data.space.to_model(x[rows])))
    return watch.read()


@pytest.mark.parametrize("name", SETS)
def test_sound_reals_are_not_strange_and_others_are(name: str) -> None:
    data = dataset(name)
    x, y = data.take(torch.arange(len(data)))
    sound = watched(name, x)
    few = watched(name, some(name)[0][:100])
    assert y is not None
    lost = watched(name, x[y != 3])
    assert sound is not None
    assert few is not None
    assert lost is not None
    assert sound[0] < 2.5
    assert few[0] > STRANGE_DATA
    assert lost[0] > STRANGE_DATA


def test_few_batches_say_nothing() -> None:
    assert watched("digits", some("digits")[0], batches=8) is None


def test_counts_are_compared_by_chi_squared() -> None:
    shares = torch.tensor([0.5, 0.3, 0.2])
    statistic, missing = compare_counts(torch.tensor([600.0, 400.0, 0.0]), shares, float("inf"))
    expected = 1000 * (0.01 / 0.5 + 0.01 / 0.3 + 0.04 / 0.2) / 2
    assert expected > 1000 * 0.04 / 0.2 / 9
    assert statistic == pytest.approx(expected, rel=1e-5)
    assert missing == pytest.approx(0.2)


def test_a_watch_goes_on_from_its_state() -> None:
    data = dataset("digits")
    gauge = QualityProbe(data, seed=0)
    x = data.space.to_model(some("digits")[0])
    straight, first, second = RealWatch(gauge), RealWatch(gauge), RealWatch(gauge)
    pieces = [Batch(piece) for piece in x.split(50)]
    for piece in pieces[:7]:
        straight(piece)
        first(piece)
    second.load_state(first.state())
    for piece in pieces[7:] * 4:
        straight(piece)
        second(piece)
    assert straight.read() == second.read() is not None
    assert straight.read_size() == second.read_size() > 0


@pytest.mark.parametrize("name", SETS)
def test_one_broken_batch_among_all_that_are_drawn(name: str) -> None:
    data = dataset(name)
    watch = RealWatch(QualityProbe(data, seed=0))
    x = data.space.to_model(data.take(torch.arange(len(data)))[0])
    for piece in x.split(64):
        watch(Batch(piece))
    assert 1.0 <= watch.read_size() < 3, "all of the data, and the largest of a thousand rows"
    watch(Batch(1000 * x[:64]))
    watch(Batch(x[:64]))
    assert watch.read_size() > 100
    assert watch.read_size() == 0, "told once"


def test_samples_that_vary_far_from_all_reals_have_not_collapsed() -> None:
    """As songs of a model that has hardly learned: all differ, and none is near a real one."""
    gauge, x = QualityProbe(dataset("grid"), seed=0), some("grid")[0]
    away = torch.tensor([100.0, 100.0])
    sight = gauge.measure(x + away)
    assert (sight.far, sight.coverage) == (True, 0.0)
    assert sight.spread == pytest.approx(1.0, abs=0.05)
    assert not has_collapsed(sight)
    alike = gauge.measure(x[:1].expand(1000, 2) + away)
    assert has_collapsed(alike)
    assert not gauge.measure(x).far
