"""The network behind `self` features, and the tasks that it learns from."""

import pytest
import torch

from zerosum.evaluation.features.self_network import (
    Classifier,
    Redrawer,
    build_network,
    damaged,
    learn,
    shrink,
    shrunk_size,
)
from zerosum.rng import Noise
from zerosum.spaces import ImageSpace, PointSpace

PLAIN = ImageSpace(channels=1, height=8, width=8)
LABELLED = ImageSpace(channels=1, height=8, width=8, labels=("a", "b"), label_counts=(1, 1))


@pytest.mark.parametrize(
    ("height", "width", "size"),
    [(8, 8, (8, 8)), (64, 20, (64, 20)), (256, 256, (64, 64)), (128, 32, (64, 16)),
     (1_000, 2, (64, 1))],
)  # fmt: skip
def test_pictures_keep_their_proportions(height: int, width: int, size: tuple[int, int]) -> None:
    space = ImageSpace(channels=3, height=height, width=width)
    assert shrunk_size(space) == size
    x = torch.full((2, 3, height, width), 77, dtype=torch.uint8)
    small = shrink(space, x)
    assert small.dtype == torch.uint8
    assert small.shape == (2, 3, *size)
    assert bool((small == 77).all())


def test_areas_are_averaged() -> None:
    space = ImageSpace(channels=1, height=128, width=128)
    x = torch.zeros(130, 1, 128, 128, dtype=torch.uint8)  # more than are made smaller at once
    x[..., ::2] = torch.arange(0, 260, 2).clamp_max(255)[:, None, None, None]
    assert shrink(space, x)[:127, 0, 0, 0].tolist() == [*range(127)]
    assert shrink(space, x[:0]).shape == (0, 1, 64, 64)


def test_the_task_follows_from_the_labels() -> None:
    points = PointSpace(center=(0.0,), scale=(1.0,))
    assert isinstance(build_network(LABELLED, 0), Classifier)
    assert isinstance(build_network(PLAIN, 0), Redrawer)
    assert build_network(points, 0) is None


def test_damages_are_what_they_are_called() -> None:
    x = Noise(0).uniform(4, 1, 8, 8)
    as_it_is, blurred, noised, displaced = damaged(x, torch.arange(4), Noise(1))
    assert as_it_is.equal(x[0])
    assert float(blurred.std()) < 0.6 * float(x[1].std())
    assert float((noised - x[2]).std()) == pytest.approx(0.2, rel=0.3)
    assert displaced.equal(x[3].roll((4, 4), (1, 2)))


def test_a_network_learns_to_redraw_and_to_tell_damages() -> None:
    noise = Noise(0)
    place = noise.integers(200, high=2)
    x = 40 + 10 * noise.normal(200, 1, 8, 8)
    x[place == 0, :, :3] += 150
    x[place == 1, :, 5:] += 150
    x = x.clamp(0, 255).to(torch.uint8)
    network = build_network(PLAIN, 0)
    assert isinstance(network, Redrawer)
    learn(network, PLAIN, x[:150], None, seed=0)
    unseen = PLAIN.to_model(x[150:])
    drawn = network.redraw(network.body(unseen))
    missed = (drawn - unseen.flatten(1)).square().mean() / unseen.var(dim=0).mean()
    assert float(missed) < 0.3
    kind = torch.arange(50) % 4
    told = network.damage(network.body(damaged(unseen, kind, Noise(1)))).argmax(1)
    assert float((told == kind).float().mean()) > 0.5
    assert not any(p.requires_grad for p in network.parameters())
