"""DCGAN's pair: normalisations, sizes, initialisation."""

import numpy as np
import pytest
import torch
from torch import nn

from zerosum.networks.dcgan import (
    DcganDiscriminatorConfig,
    DcganGenerator,
    DcganGeneratorConfig,
    Normalisation,
    crop_centre,
    num_levels,
)
from zerosum.rng import Noise, seeded_initialisation
from zerosum.spaces import ImageSpace

SPACE = ImageSpace(channels=3, height=16, width=24)


def discriminator(normalisation: Normalisation, *, num_labels: int = 0) -> nn.Module:
    with seeded_initialisation(0):
        config = DcganDiscriminatorConfig(width=8, normalisation=normalisation)
        return config.build(SPACE, num_labels=num_labels)


def test_spectral_normalisation_makes_every_layer_of_norm_one() -> None:
    network = discriminator("spectral")
    x = Noise(0).normal(4, *SPACE.shape)
    with torch.no_grad():
        for _ in range(200):  # each pass in training mode is one power iteration
            network(x)
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(layers) == 3
    for layer in layers:
        matrix = layer.weight.detach().flatten(1).double().numpy()
        assert np.linalg.svd(matrix, compute_uv=False)[0] == pytest.approx(1, abs=1e-3)


def test_layer_normalisation_keeps_samples_apart_and_batch_normalisation_does_not() -> None:
    x = Noise(0).normal(4, *SPACE.shape)
    for normalisation in ("layer", "none"):
        network = discriminator(normalisation)
        torch.testing.assert_close(network(x)[:2], network(x[:2]), rtol=1e-4, atol=1e-6)
    network = discriminator("batch")
    assert not torch.allclose(network(x)[:2], network(x[:2]), rtol=1e-2)


def test_labels_enter_by_projection() -> None:
    network = discriminator("none", num_labels=3)
    x = Noise(0).normal(4, *SPACE.shape)
    y = torch.tensor([0, 1, 2, 1])
    features = network.layers(x)  # pyright: ignore[reportCallIssue]
    embedded = network.embed.weight[y]  # pyright: ignore[reportAttributeAccessIssue, reportIndexIssue]
    expected = network.head(features) + (features * embedded).sum(1, keepdim=True)  # pyright: ignore[reportCallIssue]
    torch.testing.assert_close(network(x, y), expected)


@pytest.mark.parametrize(
    ("sides", "levels"), [((8, 8), 1), ((15, 99), 1), ((16, 16), 2), ((28, 28), 2), ((64, 64), 4)]
)
def test_the_number_of_levels_follows_the_shorter_side(sides: tuple[int, int], levels: int) -> None:
    assert num_levels(ImageSpace(channels=1, height=sides[0], width=sides[1])) == levels


def test_crop_takes_the_middle() -> None:
    x = torch.arange(30.0).view(1, 1, 5, 6)
    assert crop_centre(x, 3, 2)[0, 0].tolist() == [[8.0, 9.0], [14.0, 15.0], [20.0, 21.0]]


def test_widths_halve_and_stop_at_the_limit() -> None:
    space = ImageSpace(channels=1, height=64, width=64)
    network = DcganGeneratorConfig(width=4, max_width=16).build(5, space)
    assert isinstance(network, DcganGenerator)
    convs = [m for m in network.modules() if isinstance(m, nn.ConvTranspose2d)]
    assert [conv.in_channels for conv in convs] == [16, 16, 8, 4]
    assert network.grid == (4, 4)


def test_weights_start_as_in_the_paper() -> None:
    network = discriminator("batch")
    weights = torch.cat([m.weight.view(-1) for m in network.modules() if isinstance(m, nn.Conv2d)])
    assert weights.std().item() == pytest.approx(0.02, rel=0.1)
    assert weights.mean().item() == pytest.approx(0, abs=0.002)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.weight.mean().item() == pytest.approx(1, abs=0.05)
            assert module.bias.abs().max() == 0
