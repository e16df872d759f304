"""The built-in sets: sizes, types, centres and spreads, and the same data from the same seed."""

import math

import pytest
import torch
from torch import Tensor

from zerosum.data.base import DataConfig, Dataset
from zerosum.modalities.images.digits import DigitsConfig
from zerosum.modalities.points.toy import (
    GridConfig,
    MoonsConfig,
    RingConfig,
    SpiralConfig,
)
from zerosum.spaces import ImageSpace
from zerosum.workflows.data import all_readers, built_in_names

MIXTURES = [RingConfig(), GridConfig()]


def everything(dataset: Dataset) -> tuple[Tensor, Tensor]:
    x, y = dataset.take(torch.arange(len(dataset)))
    return x, torch.zeros(len(x), dtype=torch.int64) if y is None else y


def test_digits() -> None:
    dataset = DigitsConfig().build()
    x, y = everything(dataset)
    assert x.shape == (1797, 1, 8, 8)
    assert x.dtype == torch.uint8
    assert (int(x.min()), int(x.max())) == (0, 255)
    assert len(x.unique()) == 17
    assert dataset.space == ImageSpace(
        channels=1, height=8, width=8,
        labels=tuple("0123456789"), label_counts=tuple(torch.bincount(y).tolist()),
    )  # fmt: skip
    # The third row of the first digit, a zero, as scikit-learn prints it: 0 3 15 2 0 11 8 0.
    assert x[0, 0, 2].tolist() == [round(v * 255 / 16) for v in (0, 3, 15, 2, 0, 11, 8, 0)]
    assert int(y[0]) == 0


def test_ring_has_eight_modes_on_a_circle_of_radius_2() -> None:
    dataset = RingConfig().build()
    assert dataset.modes is not None
    assert dataset.mode_std == 0.02
    expected = [(2 * math.cos(k * math.pi / 4), 2 * math.sin(k * math.pi / 4)) for k in range(8)]
    torch.testing.assert_close(dataset.modes, torch.tensor(expected), atol=1e-6, rtol=0)


def test_grid_has_25_modes() -> None:
    dataset = GridConfig().build()
    assert dataset.modes is not None
    assert dataset.mode_std == 0.05
    expected = [[2.0 * i, 2.0 * j] for i in range(-2, 3) for j in range(-2, 3)]
    assert dataset.modes.tolist() == expected


@pytest.mark.parametrize("config", MIXTURES, ids=lambda config: config.kind)
def test_mixtures_spread_around_their_modes(config: DataConfig) -> None:
    dataset = config.build()
    x, y = everything(dataset)
    assert dataset.modes is not None
    assert x.shape == (50_000, 2)
    assert x.dtype == torch.float32
    assert dataset.space.num_labels == len(dataset.modes)
    for mode, center in enumerate(dataset.modes):
        points = x[y == mode]
        n = len(points)
        assert abs(n - 50_000 / len(dataset.modes)) < 5 * math.sqrt(n)
        error = 5 * dataset.mode_std / math.sqrt(n)
        torch.testing.assert_close(points.mean(0), center, atol=error, rtol=0)
        spread = torch.full((2,), dataset.mode_std)
        torch.testing.assert_close(points.std(0), spread, atol=error, rtol=0)


def test_spiral_lies_on_its_curve() -> None:
    dataset = SpiralConfig(std=1e-4).build()
    x, _ = everything(dataset)
    assert x.shape == (50_000, 2)
    assert dataset.space.labels == ()
    radius = x.norm(dim=1)
    assert 1.99 < float(radius.max()) < 2.01
    angle = torch.atan2(x[:, 1], x[:, 0]) / (2 * math.pi)
    turns = radius - angle  # whole turns, whatever the point; near the centre the noise is large
    assert float((turns - turns.round()).abs()[radius > 0.05].max()) < 0.01


def test_moons_are_two_half_circles() -> None:
    dataset = MoonsConfig(std=1e-4).build()
    x, y = everything(dataset)
    assert x.shape == (50_000, 2)
    assert dataset.space.labels == ("upper", "lower")
    upper, lower = x[y == 0], x[y == 1]
    assert float((upper.norm(dim=1) - 1).abs().max()) < 0.01
    assert float((lower - torch.tensor([1.0, 0.5])).norm(dim=1).sub(1).abs().max()) < 0.01
    assert float(upper[:, 1].min()) > -0.01
    assert float(lower[:, 1].max()) < 0.51


@pytest.mark.parametrize("name", built_in_names())
def test_same_seed_same_data(name: str) -> None:
    config = all_readers()[name]()
    many = [key for key in type(config).model_fields if key.startswith("num_")]
    config = config.with_values(dict.fromkeys(many, 200))
    first, second = config.build(), config.build()
    assert torch.equal(everything(first)[0].nan_to_num(), everything(second)[0].nan_to_num())
    assert torch.equal(everything(first)[1], everything(second)[1])
    assert first.fingerprint == second.fingerprint


@pytest.mark.parametrize("name", ["ring", "grid", "spiral", "moons", "sprites"])
def test_another_seed_or_size_is_other_data(name: str) -> None:
    config = all_readers()[name]().with_values({"num_samples": 100})
    other = config.with_values({"seed": 1}).build()
    assert len(config.build()) == 100
    assert not torch.equal(everything(config.build())[0], everything(other)[0])
    assert config.build().fingerprint != other.fingerprint
