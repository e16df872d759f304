"""Key points drawn as limbs, and a figure in poses."""

import pytest
import torch

from zerosum.errors import DataError
from zerosum.modalities.images.poses import draw_dancer, draw_poses, flicker, simulate_dance
from zerosum.workflows.data import open_data


def test_limbs_lie_between_their_points() -> None:
    points = torch.tensor([[[0.1, 0.5], [0.5, 0.5], [0.5, 0.9]]])
    picture = draw_poses(points, size=40, links=[(0, 1), (1, 2)])[0]
    seen = picture.amax(0)
    assert (seen[20, 4:20] > 200).all()
    assert (seen[20:36, 20] > 200).all()
    assert int(seen[:18].max()) == 0
    assert not torch.equal(picture[:, 20, 8], picture[:, 32, 20]), "each limb has its colour"


@pytest.mark.parametrize(
    ("points", "links"),
    [
        (torch.zeros(3, 2), [(0, 1)]),
        (torch.zeros(1, 3, 2), [(0, 3)]),
        (torch.full((1, 2, 2), torch.nan), [(0, 1)]),
        (torch.zeros(1, 2, 2), []),
    ],
)
def test_points_that_are_none_are_refused(points: torch.Tensor, links: list) -> None:
    with pytest.raises(DataError, match="Points are finite"):
        draw_poses(points, size=32, links=links)


def test_points_of_other_programs() -> None:
    points = torch.rand(2, 3, 2)
    links = [(0, 1), (1, 2)]
    drawn = draw_poses(points.numpy(), size=32, links=links)
    assert torch.equal(drawn, draw_poses(points, size=32, links=links))
    with pytest.raises(DataError, match="divide pixels by its side"):
        draw_poses(320 * points.numpy(), size=32, links=links)


def test_a_dance_moves_and_comes_round() -> None:
    points = simulate_dance(24, seed=1)
    assert torch.equal(points, simulate_dance(24, seed=1))
    steps = (points - points.roll(1, 0)).norm(dim=2).amax(1)
    assert float(steps[0]) < 2 * float(steps[1:].max()), "the last frame leads to the first"
    frames = draw_dancer(points, size=32)
    still = draw_dancer(points[:1].expand(5, -1, -1), size=32)
    assert flicker(frames) > 1
    assert flicker(still) == 0


def test_as_data_each_pose_has_its_frame() -> None:
    dataset, _ = open_data("poses", spaces=("pair",), needs=("aligned",), num_samples=6, size=32)
    sources = dataset.sources_of(torch.arange(6))
    frames, _ = dataset.take(torch.arange(6))
    assert sources is not None
    assert sources.shape == frames.shape == (6, 3, 32, 32)
    alike = torch.stack([(frames[:, 0] != 232).float(), (sources.amax(1) > 99).float()])
    assert float((alike[1] - alike[0]).clamp_min(0).mean()) < 0.02, "limbs lie on the figure"
