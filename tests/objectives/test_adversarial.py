"""Adversarial losses against formulas in NumPy, values and gradients."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.special import expit, log_expit

from zerosum.config import family_of
from zerosum.objectives.adversarial import AdversarialLoss, RelativisticPaired

Array = np.ndarray
REAL = np.array([-30.0, -1.5, -0.2, 0.3, 1.7, 2.5, 40.0])
FAKE = np.array([25.0, -2.0, 0.4, -0.1, 3.0, -0.9, -35.0])
N = len(REAL)

# One row per kind: discriminator loss and its gradients in real and fake logits, generator loss
# and its gradient in fake logits. D(x) of the papers' logistic losses is expit(logit).
CLOSED: dict[str, tuple[Callable[[Array, Array], tuple], Callable[[Array, Array], tuple]]] = {
    "minimax": (
        lambda r, f: (-log_expit(r) - log_expit(-f), expit(r) - 1, expit(f)),
        lambda r, f: (log_expit(-f), -expit(f)),
    ),
    "non_saturating": (
        lambda r, f: (-log_expit(r) - log_expit(-f), expit(r) - 1, expit(f)),
        lambda r, f: (-log_expit(f), expit(f) - 1),
    ),
    "least_squares": (
        lambda r, f: (((r - 1) ** 2 + f**2) / 2, r - 1, f),
        lambda r, f: ((f - 1) ** 2 / 2, f - 1),
    ),
    "hinge": (
        lambda r, f: (
            np.maximum(0, 1 - r) + np.maximum(0, 1 + f),
            np.where(r < 1, -1.0, 0.0),
            np.where(f > -1, 1.0, 0.0),
        ),
        lambda r, f: (-f, -np.ones(N)),
    ),
    "wasserstein": (
        lambda r, f: (f - r, -np.ones(N), np.ones(N)),
        lambda r, f: (-f, -np.ones(N)),
    ),
    "relativistic_paired": (
        lambda r, f: (-log_expit(r - f), expit(r - f) - 1, 1 - expit(r - f)),
        lambda r, f: (-log_expit(f - r), expit(f - r) - 1),
    ),
}


def of_zerosum() -> list[str]:
    return [k for k, c in family_of(AdversarialLoss).items() if c.__module__.startswith("zerosum.")]


def logits(values: Array) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def assert_close(actual: Array | float, expected: Array) -> None:
    # torch's softplus is linear from 20 on, which is off by exp(-20)
    np.testing.assert_allclose(actual, expected, rtol=1e-8, atol=1e-8)


def test_every_kind_has_a_closed_form_here() -> None:
    assert set(of_zerosum()) == set(CLOSED)


@pytest.mark.parametrize("kind", of_zerosum())
def test_discriminator_matches_the_formula(kind: str) -> None:
    loss = AdversarialLoss.from_json(kind)
    real, fake = logits(REAL), logits(FAKE)
    terms = loss.discriminator(real, fake)
    total = torch.stack(list(terms.values())).sum()
    total.backward()
    value, real_slope, fake_slope = CLOSED[kind][0](REAL, FAKE)
    assert real.grad is not None
    assert fake.grad is not None
    assert_close(total.item(), value.mean())
    assert_close(real.grad.numpy(), real_slope / N)
    assert_close(fake.grad.numpy(), fake_slope / N)


@pytest.mark.parametrize("kind", of_zerosum())
def test_generator_matches_the_formula(kind: str) -> None:
    loss = AdversarialLoss.from_json(kind)
    fake = logits(FAKE)
    total = loss.generator(torch.tensor(REAL) if loss.pairs_reals else None, fake)
    total.backward()
    value, slope = CLOSED[kind][1](REAL, FAKE)
    assert fake.grad is not None
    assert_close(total.item(), value.mean())
    assert_close(fake.grad.numpy(), slope / N)


@pytest.mark.parametrize("kind", of_zerosum())
def test_huge_logits_stay_finite(kind: str) -> None:
    loss = AdversarialLoss.from_json(kind)
    huge = torch.tensor([-1e4, 1e4], requires_grad=True)
    terms = [*loss.discriminator(huge, huge.flip(0)).values(), loss.generator(huge, huge.flip(0))]
    torch.stack(terms).sum().backward()
    assert all(bool(term.isfinite()) for term in terms)
    assert huge.grad is not None
    assert bool(huge.grad.isfinite().all())


# The sign statistic


def undecided(loss: AdversarialLoss) -> float | None:
    """The logit that minimises the discriminator's loss where real and fake are alike, if one."""
    grid = torch.linspace(-2, 2, 401, dtype=torch.float64)
    costs = [sum(t.item() for t in loss.discriminator(v[None], v[None]).values()) for v in grid]
    best = [v for v, cost in zip(grid.tolist(), costs, strict=True) if cost <= min(costs) + 1e-9]
    return None if len(best) == len(grid) else (best[0] + best[-1]) / 2


@pytest.mark.parametrize("kind", of_zerosum())
def test_the_boundary_is_where_an_undecided_discriminator_stands(kind: str) -> None:
    loss, found = AdversarialLoss.from_json(kind), undecided(AdversarialLoss.from_json(kind))
    if loss.boundary is None:
        assert found is None
    else:
        assert found == pytest.approx(loss.boundary, abs=0.006)


@pytest.mark.parametrize("kind", of_zerosum())
def test_the_sign_statistic_is_1_for_known_reals_and_0_for_unknown_ones(kind: str) -> None:
    loss = AdversarialLoss.from_json(kind)
    logits = torch.linspace(-1, 1, 8) + (loss.boundary or 0)
    assert loss.sign_statistic(logits, logits.flip(0)).item() == 0.0
    assert loss.sign_statistic(logits + 2, logits - 2).item() == 1.0
    if loss.boundary is None:
        assert loss.sign_statistic(logits + 102, logits + 98).item() == 1.0


def test_the_minimax_game_is_zero_sum_in_the_fakes() -> None:
    loss = AdversarialLoss.from_json("minimax")
    fake = torch.tensor(FAKE)
    paid = loss.discriminator(torch.tensor(REAL), fake)["fake"]
    assert paid.item() == pytest.approx(-loss.generator(None, fake).item())


def test_the_paired_loss_refuses_to_go_without_reals() -> None:
    with pytest.raises(TypeError, match="reals"):
        RelativisticPaired().generator(None, torch.zeros(2))
