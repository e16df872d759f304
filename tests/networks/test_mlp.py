"""Perceptrons against the same sums written out in NumPy."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from zerosum.networks.mlp import Activation, MlpDiscriminatorConfig, MlpGeneratorConfig, activation
from zerosum.rng import Noise
from zerosum.spaces import ImageSpace, PointSpace

CURVES = {
    "relu": lambda h: np.maximum(h, 0),
    "leaky_relu": lambda h: np.where(h > 0, h, 0.2 * h),
    "silu": lambda h: h / (1 + np.exp(-h)),
}
IMAGES = ImageSpace(channels=2, height=3, width=4)
POINTS = PointSpace(center=(0.0, 0.0), scale=(1.0, 1.0))
NAMES: tuple[Activation, ...] = ("relu", "leaky_relu", "silu")


def by_hand(network: nn.Module, x: np.ndarray, name: Activation) -> np.ndarray:
    layers = [m for m in network.modules() if isinstance(m, nn.Linear)]
    for i, layer in enumerate(layers):
        x = x @ layer.weight.detach().numpy().T
        x = x if layer.bias is None else x + layer.bias.detach().numpy()
        x = CURVES[name](x) if i < len(layers) - 1 else x
    return x


@pytest.mark.parametrize("name", NAMES)
def test_discriminator_by_hand(name: Activation) -> None:
    network = MlpDiscriminatorConfig(width=6, depth=3, activation=name).build(IMAGES)
    x = Noise(0).normal(5, *IMAGES.shape)
    expected = by_hand(network, x.flatten(1).numpy(), name)
    np.testing.assert_allclose(network(x).detach().numpy(), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_generator_by_hand(name: Activation) -> None:
    z = Noise(0).normal(5, 7)
    config = MlpGeneratorConfig(width=6, depth=2, activation=name)
    for space in (POINTS, IMAGES):
        network = config.build(7, space)
        expected = by_hand(network, z.numpy(), name)
        expected = np.tanh(expected) if space is IMAGES else expected
        made = network(z).detach().flatten(1).numpy()
        np.testing.assert_allclose(made, expected, rtol=1e-4, atol=1e-6)


def test_depth_and_width_are_what_was_asked_for() -> None:
    network = MlpGeneratorConfig(width=9, depth=4).build(5, POINTS)
    layers = [m for m in network.modules() if isinstance(m, nn.Linear)]
    assert [m.in_features for m in layers] == [5, 9, 9, 9, 9]
    assert all(a.out_features == b.in_features for a, b in pairwise(layers))


def test_batch_norm_is_there_when_asked_for() -> None:
    network = MlpGeneratorConfig(width=9, depth=2, batch_norm=True).build(5, POINTS)
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm1d)]
    assert len(norms) == 2
    assert network(Noise(0).normal(4, 5)).shape == (4, 2)


def test_leaky_slope() -> None:
    assert activation("leaky_relu")(torch.tensor(-1.0)).item() == pytest.approx(-0.2)
