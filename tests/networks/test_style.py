"""Styles: modulation is a kernel for each sample, sizes are free, noise is repeatable."""

import pytest
import torch
from torch.nn.functional import conv2d

from zerosum.networks.resample import binomial, enlarge, enlarge_and_convolve
from zerosum.networks.style import (
    ModulatedConv,
    StyleDiscriminatorConfig,
    StyleGenerator,
    StyleGeneratorConfig,
)
from zerosum.spaces import ImageSpace

SPACE = ImageSpace(channels=3, height=18, width=11)


def generator(num_labels: int = 0) -> StyleGenerator:
    torch.manual_seed(0)
    network = StyleGeneratorConfig(width=8, max_width=16, style_dim=12).build(
        5, SPACE, num_labels=num_labels
    )
    assert isinstance(network, StyleGenerator)
    return network


@pytest.mark.parametrize("demodulate", [False, True])
def test_modulation_is_a_kernel_for_each_sample(demodulate: bool) -> None:
    torch.manual_seed(0)
    layer = ModulatedConv(4, 6, 5, demodulate=demodulate).double()
    x, w = torch.randn(3, 4, 7, 9).double(), torch.randn(3, 5).double()
    found = layer(x, w)
    scales = layer.style(w)
    for i in range(3):
        kernel = layer.weight * layer.scale * scales[i][:, None, None]
        if demodulate:
            energy = kernel.square().sum((1, 2, 3), keepdim=True)
            kernel = kernel / (energy + 1e-8).sqrt()
        expected = conv2d(x[i : i + 1], kernel, padding=1)
        torch.testing.assert_close(found[i : i + 1], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (18, 11), (9, 30)])
def test_enlarging_may_come_after_the_convolution(height: int, width: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 4, (height + 1) // 2, (width + 1) // 2).double()
    weight, kernel = torch.randn(5, 4, 3, 3).double(), binomial().double()
    expected = conv2d(enlarge(x, kernel)[:, :, :height, :width], weight, padding=1)
    found = enlarge_and_convolve(x, weight, kernel, (height, width))
    torch.testing.assert_close(found, expected)


def test_pictures_are_of_any_size() -> None:
    for height, width in ((8, 8), (9, 30), (32, 32)):
        space = ImageSpace(channels=1, height=height, width=width)
        network = StyleGeneratorConfig(width=4).build(5, space)
        x = network(torch.randn(2, 5))
        assert x.shape == (2, 1, height, width)
        assert StyleDiscriminatorConfig(width=4).build(space)(x).shape == (2, 1)


def test_only_the_way_of_a_latent_counts() -> None:
    network, z = generator(), torch.randn(4, 5)
    torch.testing.assert_close(network.map(z), network.map(3 * z))


def test_labels_change_styles() -> None:
    network, z = generator(num_labels=2), torch.randn(4, 5)
    styles = [network.map(z, torch.full((4,), label)) for label in (0, 1)]
    assert (styles[0] - styles[1]).abs().min() > 0


def test_layers_get_noise_that_chance_decides() -> None:
    network = generator()
    for layer in network.second:
        layer.get_parameter("strength").data.fill_(0.5)
    styles = torch.randn(2, 1, 12).expand(-1, network.num_styles, -1)
    same = [network.synthesise(styles, torch.tensor([0.25, 0.75])) for _ in range(2)]
    other = network.synthesise(styles, torch.tensor([0.25, 0.5]))
    assert torch.equal(same[0], same[1])
    assert torch.equal(same[0][0], other[0])
    assert not torch.allclose(same[0][1], other[1])
    noise = network._noise(torch.rand(64), 3, 16, 16)
    assert abs(float(noise.mean())) < 0.05
    assert float(noise.std()) == pytest.approx(1, abs=0.05)


def test_every_style_reaches_the_picture_and_coarse_ones_the_coarse_parts() -> None:
    network = generator()
    styles = torch.randn(1, network.num_styles, 12, requires_grad=True)
    (slope,) = torch.autograd.grad(network.synthesise(styles, torch.zeros(1)).sum(), styles)
    assert (slope.abs().sum(2) > 0).all()


def test_the_discriminator_sees_the_spread_of_a_group() -> None:
    torch.manual_seed(0)
    judge = StyleDiscriminatorConfig(width=8, group=4).build(SPACE)
    alone = StyleDiscriminatorConfig(width=8, group=1).build(SPACE)
    x = torch.randn(8, 3, 18, 11)
    changed = torch.cat([x[:7], torch.zeros_like(x[:1])])
    assert not torch.equal(judge(x)[1], judge(changed)[1])  # 1, 3, 5 and 7 are a group
    assert torch.equal(judge(x)[0], judge(changed)[0])
    torch.testing.assert_close(alone(x)[:7], alone(changed)[:7])
    assert judge(x[:5]).shape == (5, 1)
    assert (judge.piecewise_linear, alone.piecewise_linear) == (False, True)
