"""The Fréchet distance against closed forms, scipy's matrix root, and repeated experiments."""

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import Tensor

from zerosum.evaluation.metrics.frechet import (
    FeatureMoments,
    frechet_distance,
    influences,
    narrowed,
)


def rows(n: int, num_features: int, *, seed: int) -> Tensor:
    return torch.randn(n, num_features, generator=torch.Generator().manual_seed(seed))


def moments(x: Tensor) -> FeatureMoments:
    return FeatureMoments(x.shape[1]).update(x)


def cloud(mean: Tensor, root: Tensor, *, n: int = 50) -> Tensor:
    """Rows whose mean is `mean` and whose covariance is `root @ root.T`, exactly."""
    x = rows(n, len(mean), seed=5).double()
    x = x - x.mean(0)
    whiten = torch.linalg.cholesky(x.T @ x / (n - 1)).inverse().T
    return x @ whiten @ root.T + mean


def with_scipy(a: Tensor, b: Tensor) -> float:
    (m1, s1), (m2, s2) = ((x.mean(0), np.cov(x, rowvar=False)) for x in (a.numpy(), b.numpy()))
    cross = np.real(scipy.linalg.sqrtm(s1 @ s2))
    return float(((m1 - m2) ** 2).sum() + np.trace(s1 + s2 - 2 * cross))


def test_moments_are_those_of_numpy_in_any_batches() -> None:
    x = 1e4 + rows(300, 7, seed=0)
    parts = FeatureMoments(7)
    for piece in x.split([1, 99, 200]):
        parts.update(piece)
    for found in (parts, moments(x)):
        np.testing.assert_allclose(found.mean, x.double().mean(0), rtol=1e-12)
        np.testing.assert_allclose(found.covariance, np.cov(x.double().numpy(), rowvar=False))


def test_two_gaussians_with_axes_in_common() -> None:
    a = cloud(
        torch.tensor([1.0, 2.0, 3.0]).double(), torch.diag(torch.tensor([1.0, 2, 3])).double()
    )
    b = cloud(
        torch.tensor([1.0, 0.0, 7.0]).double(), torch.diag(torch.tensor([4.0, 2, 1])).double()
    )
    expected = (0 + 4 + 16) + (9 + 0 + 4)  # of the means, and of the deviations
    assert frechet_distance(moments(a), moments(b)) == pytest.approx(expected)


def test_two_gaussians_with_axes_of_their_own() -> None:
    # In the plane tr(A^½) = √(tr A + 2 √det A), for A = Σ₁Σ₂.
    a = cloud(torch.zeros(2).double(), torch.tensor([[1.0, 0.0], [2.0, 0.5]]).double())
    b = cloud(torch.ones(2).double(), torch.tensor([[1.5, 0.0], [-1.0, 1.0]]).double())
    s1 = torch.tensor([[1.0, 2.0], [2.0, 4.25]]).double()
    s2 = torch.tensor([[2.25, -1.5], [-1.5, 2.0]]).double()
    cross = ((s1 @ s2).trace() + 2 * torch.linalg.det(s1 @ s2).sqrt()).sqrt()
    expected = 2 + s1.trace() + s2.trace() - 2 * cross
    assert frechet_distance(moments(a), moments(b)) == pytest.approx(float(expected))


@pytest.mark.parametrize("seed", range(3))
def test_it_is_that_of_scipy(seed: int) -> None:
    mix = rows(6, 6, seed=seed + 10).double()
    a, b = rows(80, 6, seed=seed).double(), rows(50, 6, seed=seed + 1).double() @ mix + 0.3
    assert frechet_distance(moments(a), moments(b)) == pytest.approx(with_scipy(a, b))
    assert influences(a, moments(a), moments(b))[0] == pytest.approx(with_scipy(a, b))


def test_it_bears_fewer_rows_than_features() -> None:
    a, b = rows(10, 30, seed=0), rows(12, 30, seed=1)
    there, back = (frechet_distance(moments(x), moments(y)) for x, y in ((a, b), (b, a)))
    assert there == pytest.approx(back)
    assert frechet_distance(moments(a), moments(a)) == pytest.approx(0, abs=1e-6)
    assert torch.isfinite(influences(a, moments(a), moments(b))[1]).all()


def test_collapsed_samples_have_a_distance_too() -> None:
    b = rows(50, 4, seed=1)
    collapsed = torch.ones(20, 4)
    value, each = influences(collapsed, moments(collapsed), moments(b))
    target = moments(b)
    expected = (1 - target.mean).square().sum() + target.covariance.trace()
    assert value == pytest.approx(float(expected))
    assert each.tolist() == pytest.approx([0] * 20)


def test_what_a_row_adds_is_the_derivative_by_its_weight() -> None:
    x, y = rows(400, 3, seed=0).double(), 2 * rows(60, 3, seed=1).double() + 1
    value, each = influences(x, moments(x), moments(y))
    assert value == pytest.approx(frechet_distance(moments(x), moments(y)))
    assert float(each.mean()) == pytest.approx(0, abs=1e-9)
    many = x.repeat(50, 1)
    before = frechet_distance(moments(many), moments(y))
    for row in (0, 17):  # once more than the others
        after = frechet_distance(moments(torch.cat([many, x[row : row + 1]])), moments(y))
        assert (after - before) * len(many) == pytest.approx(float(each[row]), rel=0.01, abs=0.01)


@pytest.mark.parametrize("n", [64, 400])
def test_the_interval_is_as_wide_as_repeated_experiments_scatter(n: int) -> None:
    size = 32
    target = moments(rows(400, size, seed=0))
    made = [1.3 * rows(n, size, seed=seed) + 0.2 for seed in range(100, 200)]
    scatter = torch.tensor([frechet_distance(moments(x), target) for x in made]).std()
    each = torch.stack([influences(x, moments(x), target)[1] for x in made[:10]])
    said = (each.square().mean(1) / n).sqrt().mean()
    assert 0.8 < float(said / scatter) < 1.4

    draws = torch.randint(n, (100, n), generator=torch.Generator().manual_seed(1))
    resampled = [frechet_distance(moments(made[0][drawn]), target) for drawn in draws]
    assert said < torch.tensor(resampled).std()


def test_more_features_than_rows_are_narrowed_without_loss() -> None:
    a, b = rows(40, 300, seed=0), 3 + 2 * rows(50, 300, seed=1)
    plain = [moments(one) for one in (a, b)]
    short = narrowed(a, b)
    assert [one.shape for one in short] == [(40, 90), (50, 90)]
    turned = [moments(one) for one in short]
    value, each = influences(a, *plain)
    again, each_again = influences(short[0], *turned)
    assert again == pytest.approx(value, rel=1e-6)
    assert frechet_distance(*turned) == pytest.approx(frechet_distance(*plain), rel=1e-6)
    torch.testing.assert_close(each_again, each, rtol=1e-5, atol=1e-5 * float(each.abs().max()))
    assert narrowed(a[:, :80], b[:, :80])[0].shape == (40, 80)
