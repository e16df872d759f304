"""Optimizers against their papers' update rules, and the averaging's half-life."""

import numpy as np
import pytest
import torch
from torch import nn

from zerosum.config import family_of
from zerosum.engine.optimisation import Adam, AdamW, Averaging, OptimizerConfig, RmsProp, Sgd
from zerosum.rng import Noise
from zerosum.schedules import Linear

START = Noise(0).normal(5).double()
GRADIENTS = Noise(1).normal(6, 5).double()
SCHEDULE = Linear(start=1.0, end=0.5)
KINDS = [k for k, c in family_of(OptimizerConfig).items() if c.__module__.startswith("zerosum.")]


def descend(config: OptimizerConfig) -> np.ndarray:
    weight = nn.Parameter(START.clone())
    optimizer = config.build([weight])
    for i, gradient in enumerate(GRADIENTS):
        weight.grad = gradient.clone()
        config.apply(optimizer, i / len(GRADIENTS))
        optimizer.step()
    return weight.detach().numpy()


def test_adam_with_a_moving_beta2() -> None:
    config = Adam(
        lr=0.1, beta1=0.5, beta2=0.9, schedule=SCHEDULE, beta2_schedule=Linear(start=0.8, end=1.0)
    )
    w, m, v = START.numpy().copy(), np.zeros(5), np.zeros(5)
    for i, g in enumerate(GRADIENTS.numpy()):
        beta2 = 0.9 * (0.8 + 0.2 * i / 6)
        m, v = 0.5 * m + 0.5 * g, beta2 * v + (1 - beta2) * g**2
        m_hat, v_hat = m / (1 - 0.5 ** (i + 1)), v / (1 - beta2 ** (i + 1))
        w -= 0.1 * (1 - 0.5 * i / 6) * m_hat / (np.sqrt(v_hat) + 1e-8)
    np.testing.assert_allclose(descend(config), w, rtol=1e-9)


def test_adamw_lets_matrices_decay_and_no_vectors() -> None:
    matrix, vector = nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(2))
    optimizer = AdamW(lr=0.1, decay=0.5).build([matrix, vector])
    for weight in (matrix, vector):
        weight.grad = torch.zeros_like(weight)
    optimizer.step()
    assert matrix.flatten().tolist() == pytest.approx([0.95] * 4)
    assert vector.tolist() == [1.0, 1.0]


def test_sgd_with_momentum() -> None:
    w, m = START.numpy().copy(), np.zeros(5)
    for i, g in enumerate(GRADIENTS.numpy()):
        m = 0.9 * m + g
        w -= 0.1 * (1 - 0.5 * i / 6) * m
    np.testing.assert_allclose(descend(Sgd(lr=0.1, momentum=0.9, schedule=SCHEDULE)), w, rtol=1e-9)


def test_rmsprop() -> None:
    w, v = START.numpy().copy(), np.zeros(5)
    for i, g in enumerate(GRADIENTS.numpy()):
        v = 0.9 * v + 0.1 * g**2
        w -= 0.1 * (1 - 0.5 * i / 6) * g / (np.sqrt(v) + 1e-8)
    np.testing.assert_allclose(descend(RmsProp(lr=0.1, alpha=0.9, schedule=SCHEDULE)), w, rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_every_optimizer_goes_downhill(kind: str) -> None:
    config = OptimizerConfig.from_json({"kind": kind, "lr": 0.01})
    weight = nn.Parameter(torch.ones(3))
    optimizer = config.build([weight])
    for _ in range(5):
        optimizer.zero_grad()
        weight.square().sum().backward()
        config.apply(optimizer, 0.0)
        optimizer.step()
    assert bool((weight < 1).all())


def test_the_half_life_is_one() -> None:
    averaging = Averaging(half_life=500, ramp=1.0)
    left = np.prod([averaging.decay(samples_seen=10_000, batch_size=50) for _ in range(10)])
    assert left == pytest.approx(0.5)


def test_the_half_life_grows_with_the_images_seen() -> None:
    averaging = Averaging(half_life=500, ramp=0.05)
    decays = [averaging.decay(samples_seen=seen, batch_size=50) for seen in (0, 50, 1_000, 10_000)]
    assert decays == pytest.approx([0, 0.5**20, 0.5, 0.5**0.1])
    assert averaging.decay(samples_seen=10**9, batch_size=50) == pytest.approx(0.5**0.1)


def test_no_half_life_follows_the_weights() -> None:
    assert Averaging(half_life=0).decay(samples_seen=1_000, batch_size=50) == 0
