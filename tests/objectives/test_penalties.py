"""Gradient penalties against closed forms, and a law over every kind of them."""

from collections.abc import Callable
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from zerosum.config import family_of
from zerosum.objectives.penalties import (
    R1,
    R2,
    Dragan,
    GradientPenalty,
    Penalty,
    gradient_norm,
    logits_and_gradient,
)
from zerosum.rng import Noise

Score = Callable[[Tensor], Tensor]

WEIGHTS = torch.tensor([3.0, -4.0, 12.0], dtype=torch.float64)  # of length 13
SQUARE = torch.tensor([[2.0, 0.5, 0.0], [0.5, 1.0, -1.0], [0.0, -1.0, 3.0]], dtype=torch.float64)
X_REAL = Noise(1).normal(6, 3).double()
X_FAKE = Noise(2).normal(6, 3).double() + 1


def linear(x: Tensor) -> Tensor:
    """Its gradient is `WEIGHTS` everywhere."""
    return x @ WEIGHTS


def quadratic(x: Tensor) -> Tensor:
    """½xᵀSx; its gradient is Sx."""
    return 0.5 * ((x @ SQUARE) * x).sum(1)


def place(penalty: Penalty) -> Tensor:
    """The points at which a penalty looks, the same each time."""
    if penalty.site == "own":
        return penalty.points(X_REAL.float(), X_FAKE.float(), Noise(3)).double()
    return {"real": X_REAL, "fake": X_FAKE}[penalty.site]


def paid(penalty: Penalty, score: Score) -> Tensor:
    """The mean cost of a discriminator, before its weight."""
    return penalty.cost(logits_and_gradient(score, place(penalty))[1]).mean()


def test_r1_and_r2_of_a_linear_discriminator() -> None:
    assert paid(R1(), linear).item() == pytest.approx(0.5 * 13**2, rel=1e-12)
    assert paid(R2(), linear).item() == pytest.approx(0.5 * 13**2, rel=1e-12)


def test_distance_from_slope_one_of_a_linear_discriminator() -> None:
    assert paid(GradientPenalty(), linear).item() == pytest.approx(12**2, rel=1e-12)
    assert paid(Dragan(), linear).item() == pytest.approx(12**2, rel=1e-12)


@pytest.mark.parametrize(("penalty", "x"), [(R1(), X_REAL), (R2(), X_FAKE)])
def test_zero_centred_penalties_of_a_quadratic_discriminator(penalty: Penalty, x: Tensor) -> None:
    slopes = x.numpy() @ SQUARE.numpy()
    expected = 0.5 * (slopes**2).sum(1).mean()
    assert paid(penalty, quadratic).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("penalty", [GradientPenalty(), Dragan()])
def test_one_centred_penalties_of_a_quadratic_discriminator(penalty: Penalty) -> None:
    slopes = place(penalty).numpy() @ SQUARE.numpy()
    expected = ((np.linalg.norm(slopes, axis=1) - 1) ** 2).mean()
    assert paid(penalty, quadratic).item() == pytest.approx(expected, rel=1e-9)


def test_points_lie_on_lines_between_reals_and_fakes() -> None:
    real, fake = X_REAL.float(), X_FAKE.float()
    x = GradientPenalty().points(real, fake, Noise(0))
    share = (x - real) / (fake - real)
    torch.testing.assert_close(share, share[:, :1].expand_as(share), rtol=1e-3, atol=1e-4)
    assert len(share[:, 0].unique()) == len(share)
    assert 0 <= share.min() <= share.max() <= 1


def test_points_of_pictures_share_one_place_on_the_line() -> None:
    x = GradientPenalty().points(torch.zeros(5, 2, 4, 3), torch.ones(5, 2, 4, 3), Noise(0))
    assert x.flatten(1).std(dim=1).max() == 0
    assert len(x[:, 0, 0, 0].unique()) == 5


def test_dragan_disturbs_reals_in_proportion_to_their_spread() -> None:
    x = Noise(0).normal(4_000, 2)
    moved = Dragan(spread=0.5).points(7 * x, X_FAKE, Noise(1)) - 7 * x
    reach = 0.5 * float((7 * x).std())
    assert moved.min() >= 0
    assert moved.max() <= reach
    assert moved.mean().item() == pytest.approx(reach / 2, rel=0.05)


def test_gradient_norm_has_a_finite_slope_at_zero() -> None:
    flat = torch.zeros(2, 3, requires_grad=True)
    gradient_norm(flat).sum().backward()
    assert flat.grad is not None
    assert bool(flat.grad.isfinite().all())
    assert gradient_norm(torch.tensor([[[3.0], [4.0]]])).item() == pytest.approx(5.0)


def test_the_gradient_is_that_of_finite_differences() -> None:
    network = smooth_network()
    logits, gradient = logits_and_gradient(lambda x: network(x).squeeze(1), X_REAL)
    torch.testing.assert_close(logits, network(X_REAL).squeeze(1))
    for i in range(3):
        step = torch.zeros(3, dtype=torch.float64)
        step[i] = 1e-5
        rise = network(X_REAL + step) - network(X_REAL - step)
        torch.testing.assert_close(gradient[:, i], rise.squeeze(1) / 2e-5, rtol=1e-7, atol=1e-9)


def test_the_functional_transform_takes_the_same_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    network = smooth_network()

    def outcome() -> list[Tensor]:
        logits, slope = logits_and_gradient(lambda x: network(x).squeeze(1), X_REAL)
        parts = [logits.sum() + slope.square().sum()]
        return [logits, slope, *torch.autograd.grad(parts, list(network.parameters()))]

    plain = outcome()
    # Tracing takes this branch; here it runs without the compiler, which would take a minute.
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    for a, b in zip(plain, outcome(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-14)


def test_the_gradient_is_there_where_gradients_are_off() -> None:
    with torch.no_grad():
        _, gradient = logits_and_gradient(linear, X_REAL)
    torch.testing.assert_close(gradient.detach(), WEIGHTS.expand(6, 3))


# The law: a penalty teaches. Its slope in every parameter is that of finite differences.


def smooth_network() -> nn.Sequential:
    """Twice differentiable, and without a bias that the input gradient cannot see."""
    network = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1, bias=False)).double()
    noise = Noise(4)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(noise.normal(*parameter.shape))
    return network


def assert_teaches(penalty: Penalty) -> None:
    network = smooth_network()

    def cost() -> Tensor:
        return paid(penalty, lambda x: network(x).squeeze(1))

    total = cost()
    assert total.requires_grad, f"{penalty.kind} carries no graph to the parameters"
    total.backward()
    for parameter in network.parameters():
        assert parameter.grad is not None, f"{penalty.kind} misses a parameter"
        flat, slope = parameter.data.view(-1), parameter.grad.view(-1)
        for i in range(len(flat)):
            kept, h = flat[i].item(), 1e-5
            flat[i] = kept + h
            above = cost().item()
            flat[i] = kept - h
            below = cost().item()
            flat[i] = kept
            expected = (above - below) / (2 * h)
            assert slope[i].item() == pytest.approx(expected, rel=1e-5, abs=1e-7), penalty.kind


def of_zerosum() -> list[str]:
    return [k for k, c in family_of(Penalty).items() if c.__module__.startswith("zerosum.")]


@pytest.mark.parametrize("kind", of_zerosum())
def test_every_penalty_teaches(kind: str) -> None:
    assert_teaches(Penalty.from_json(kind))


class DetachedPenalty(R1):
    """Broken: no graph at all."""

    kind = "test_detached_penalty"

    def cost(self, gradient: Tensor) -> Tensor:
        return super().cost(gradient.detach())


class HalfDetachedPenalty(GradientPenalty):
    """Broken: one factor of the square is cut off, so the slope is half of what it should be."""

    kind = "test_half_detached_penalty"
    site: ClassVar[str] = "real"

    def cost(self, gradient: Tensor) -> Tensor:
        excess = gradient_norm(gradient) - 1
        return excess * excess.detach()


@pytest.mark.parametrize("broken", [DetachedPenalty(), HalfDetachedPenalty()])
def test_the_law_catches_a_cut_graph(broken: Penalty) -> None:
    with pytest.raises(AssertionError, match=broken.kind):
        assert_teaches(broken)
