"""Discriminators on frozen features: what is frozen, what is mixed, and what is saved of it."""

from importlib.util import find_spec

import pytest
import torch

from zerosum.errors import RecipeError
from zerosum.modalities.images.pretrained import load_efficientnet
from zerosum.modalities.images.projected import (
    FrozenFeatures,
    ProjectedDiscriminator,
    ProjectedDiscriminatorConfig,
    RandomMixing,
    enlarged,
)
from zerosum.rng import Noise, seeded_initialisation
from zerosum.spaces import ImageSpace

CPU = torch.device("cpu")
GREY = ImageSpace(channels=1, height=20, width=12)
needs_features = pytest.mark.skipif(
    find_spec("efficientnet_lite_pytorch") is None, reason="the extra efficientnet is not installed"
)


def built(space: ImageSpace = GREY, num_labels: int = 0, seed: int = 0) -> ProjectedDiscriminator:
    config = ProjectedDiscriminatorConfig(width=8)
    with seeded_initialisation(seed):
        network = config.build(space, num_labels=num_labels)
    assert isinstance(network, ProjectedDiscriminator)
    return network


def noise(*shape: int) -> torch.Tensor:
    return 2 * Noise(0).uniform(*shape) - 1


@pytest.mark.parametrize("size", [(8, 8), (8, 21), (28, 28), (97, 128), (300, 64)])
def test_images_are_enlarged_to_whole_strides(size: tuple[int, int]) -> None:
    made = enlarged(*size)
    assert min(made) >= 64
    assert all(side % 32 == 0 for side in made)
    ratio = (made[0] / made[1]) / (size[0] / size[1])
    assert 0.6 < ratio < 1.6


def test_mixing_is_random_keeps_spread_and_passes_down_what_is_deep() -> None:
    with seeded_initialisation(0):
        mixing = RandomMixing((24, 40), 32)
    fine, coarse = Noise(0).normal(4, 24, 16, 16), Noise(1).normal(4, 40, 8, 8)
    first, second = mixing([fine, coarse])
    assert first.shape == (4, 32, 16, 16)
    assert second.shape == (4, 32, 8, 8)
    assert 0.7 < second.std().item() < 1.3
    assert not list(mixing.parameters())
    again, deep = mixing([fine, coarse + 1])
    assert not torch.equal(again, first)
    same_deep = mixing([fine + 1, coarse])[1]
    assert torch.equal(same_deep, second)
    assert not torch.equal(deep, second)


def test_what_is_saved_holds_no_frozen_weights_and_needs_no_package() -> None:
    network = built().eval()
    saved = network.state_dict()
    assert sum(tensor.numel() for tensor in saved.values()) < 20_000
    assert {name.partition(".")[0] for name in saved} == {"mixing", "heads"}
    assert not torch.equal(saved["mixing.near0"], built(seed=1).state_dict()["mixing.near0"])


@pytest.mark.parametrize("channels", [2, 4])
def test_other_channels_are_refused(channels: int) -> None:
    with pytest.raises(RecipeError, match=rf"1 or 3 channels.*{channels} channels.*Take another"):
        built(ImageSpace(channels=channels, height=8, width=8))


@needs_features
def test_features_are_those_of_the_package_up_to_rounding() -> None:
    network, x = load_efficientnet(), noise(2, 3, 64, 96)
    with torch.no_grad():
        expected = network._swish(network._bn0(network._conv_stem((127.5 * x + 0.5) / 128)))
        wanted = []
        for i, block in enumerate(network._blocks):
            expected = block(expected)
            if i in (2, 4, 10, 15):
                wanted.append(expected)
        found = FrozenFeatures(CPU)(x)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, atol=1e-3, rtol=1e-3)


@needs_features
@pytest.mark.parametrize("size", [(8, 8), (28, 28), (9, 40), (128, 128)])
def test_every_depth_gives_as_many_scores(size: tuple[int, int]) -> None:
    space = ImageSpace(channels=3, height=size[0], width=size[1])
    network = built(space)
    scores = network.scores(noise(2, *space.shape))
    down, right = (side // 16 for side in enlarged(*size))
    assert scores.shape == (2, 4 * down * right)
    assert network(noise(2, *space.shape)).shape == (2, 1)


@needs_features
def test_only_small_discriminators_learn_and_images_get_a_gradient() -> None:
    network, x = built(num_labels=3), noise(4, *GREY.shape).requires_grad_()
    network.scores(x, torch.tensor([0, 1, 2, 0])).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())
    assert x.grad is not None
    assert x.grad.abs().sum() > 0
    assert all(p.grad is None for p in load_efficientnet().parameters())


@needs_features
def test_labels_change_scores() -> None:
    network, x = built(num_labels=2).eval(), noise(2, *GREY.shape)
    a, b = (network.scores(x, torch.tensor([label] * 2)) for label in (0, 1))
    assert not torch.allclose(a, b)
