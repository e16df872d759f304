"""Neighbours and balls in blocks, against all distances at once in float64."""

import pytest
import torch
from torch import Tensor

from zerosum.errors import EvaluationError
from zerosum.evaluation.metrics.blocks import nearest, overlap, radii


def rows(n: int, num_features: int = 8, *, seed: int = 0) -> Tensor:
    return torch.randn(n, num_features, generator=torch.Generator().manual_seed(seed))


def all_distances(a: Tensor, b: Tensor) -> Tensor:
    return (a.double()[:, None] - b.double()).square().sum(-1).sqrt()


def far_from_zero(seed: int) -> Tensor:
    return 1e3 + rows(300, seed=seed)


def tight_clusters(seed: int) -> Tensor:
    """Clusters whose width is lost in float32 where distances come from a matrix product."""
    centres = 10 * rows(6, seed=9)
    return centres[torch.arange(300) % 6] + 1e-4 * rows(300, seed=seed)


def copies(seed: int) -> Tensor:
    """Every row fifteen times, and the same rows for every seed."""
    return rows(20, seed=3)[torch.arange(300) % 20]


CLOUDS = {
    "gaussian": lambda seed: rows(300, seed=seed),
    "far from zero": far_from_zero,
    "tight clusters": tight_clusters,
    "copies": copies,
    "one feature": lambda seed: rows(300, 1, seed=seed),
}
every_cloud = pytest.mark.parametrize("cloud", CLOUDS)


@every_cloud
def test_the_nearest_are_those_of_float64(cloud: str) -> None:
    queries, points = CLOUDS[cloud](1), CLOUDS[cloud](2)
    expected = all_distances(queries, points)
    distances, indices = nearest(queries, points, 3, rows=64, columns=128)
    torch.testing.assert_close(distances, expected.sort(dim=1).values[:, :3])
    torch.testing.assert_close(distances, expected.gather(1, indices))
    assert all(len(set(row)) == 3 for row in indices.tolist())


@every_cloud
def test_a_point_is_not_its_own_neighbour(cloud: str) -> None:
    points = CLOUDS[cloud](1)
    others = all_distances(points, points).fill_diagonal_(float("inf"))
    expected = others.sort(dim=1).values[:, 4]
    torch.testing.assert_close(radii(points, 5, rows=64, columns=128), expected)


@every_cloud
def test_overlaps_are_those_of_float64(cloud: str) -> None:
    a, b = CLOUDS[cloud](1), CLOUDS[cloud](2)[:250]
    distance = all_distances(a, b)
    near = radii(a, 5), radii(b, 5)
    in_b, in_a = distance <= near[1] * (1 + 1e-9), distance <= near[0][:, None] * (1 + 1e-9)
    found = overlap(a, b, *near, rows=64, columns=128)
    assert found.a_in_b.tolist() == in_b.sum(1).tolist()
    assert found.b_in_a.tolist() == in_a.any(0).tolist()
    assert found.b_holds.tolist() == in_b.any(0).tolist()


@every_cloud
@pytest.mark.parametrize(("height", "width"), [(17, 70), (50, 300), (299, 299)])
def test_the_size_of_a_block_changes_nothing(cloud: str, height: int, width: int) -> None:
    a, b = CLOUDS[cloud](1), CLOUDS[cloud](2)
    assert torch.equal(nearest(a, b, 5)[0], nearest(a, b, 5, rows=height, columns=width)[0])
    near = radii(a, 5, rows=height, columns=width), radii(b, 5, rows=height, columns=width)
    assert torch.equal(near[0], radii(a, 5))
    whole, cut = overlap(a, b, *near), overlap(a, b, *near, rows=height, columns=width)
    assert torch.equal(whole.a_in_b, cut.a_in_b)
    assert torch.equal(whole.b_in_a, cut.b_in_a)
    assert torch.equal(whole.b_holds, cut.b_holds)


def test_the_border_belongs_to_the_ball() -> None:
    a = torch.tensor([[0.1, 0.2], [5.0, 5.0]])
    b = torch.tensor([[0.1, 1.2], [0.1, 1.3]])
    found = overlap(a, b, torch.zeros(2), all_distances(a[:1], b)[0] - torch.tensor([0, 1e-6]))
    assert found.a_in_b.tolist() == [1, 0]
    assert found.b_holds.tolist() == [True, False]


def test_copies_have_balls_without_extent_that_hold_copies() -> None:
    a = copies(0)
    found = overlap(a, a, radii(a, 5), radii(a, 5))
    assert found.a_in_b.tolist() == [15] * 300


def test_progress_goes_from_the_first_block_to_the_last() -> None:
    seen: list[tuple[str, int, int]] = []
    points = rows(100)
    nearest(points, points, 3, rows=40, columns=60, tick=lambda *told: seen.append(told))
    assert seen == [("neighbours", i, 6) for i in range(1, 7)]


def test_too_few_points_are_refused() -> None:
    with pytest.raises(EvaluationError, match="6 nearest neighbours cannot be found among 5"):
        nearest(rows(9), rows(5), 6)
    with pytest.raises(EvaluationError, match="5 nearest neighbours cannot be found among 4"):
        radii(rows(5), 5)
    assert radii(rows(5), 4).shape == (5,)


def test_rows_of_different_length_are_refused() -> None:
    with pytest.raises(EvaluationError, match=r"\(3, 8\) and \(3, 7\)"):
        nearest(rows(3), rows(3, 7), 1)
