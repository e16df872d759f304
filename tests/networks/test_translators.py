"""What every network from images to images obeys."""

from itertools import product

import pytest
import torch

from zerosum.catalogue import all_recipes
from zerosum.config import family_of
from zerosum.errors import RecipeError
from zerosum.networks.patch import PatchDiscriminator, PatchDiscriminatorConfig, receptive_field
from zerosum.networks.translator import TranslatorConfig, drop, reflect_to, up_to
from zerosum.rng import Noise, seeded_initialisation
from zerosum.spaces import ImageSpace

all_recipes()  # papers bring networks of their own

KINDS = [k for k, c in family_of(TranslatorConfig).items() if c.__module__.startswith("zerosum.")]
SIZES = [(8, 8), (9, 13), (28, 28), (32, 48)]


def space(height: int, width: int, channels: int = 3) -> ImageSpace:
    return ImageSpace(channels=channels, height=height, width=width)


def make(kind: str, size: tuple[int, int] = (16, 16), **channels: int) -> torch.nn.Module:
    config = TranslatorConfig.from_json({"kind": kind, "width": 8})
    source = space(*size, channels.get("source", 3))
    with seeded_initialisation(0):
        return config.build(source, space(*size, channels.get("target", 3)))


@pytest.mark.parametrize(("size", "channels"), [*product(SIZES, [(1, 3), (4, 1)])])
@pytest.mark.parametrize("kind", KINDS)
def test_it_keeps_the_size(kind: str, size: tuple[int, int], channels: tuple[int, int]) -> None:
    network = make(kind, size, source=channels[0], target=channels[1])
    x = network(Noise(0).normal(2, channels[0], *size), Noise(1))
    assert x.shape == (2, channels[1], *size)
    assert bool(x.isfinite().all())


@pytest.mark.parametrize("size", [(8, 8), (11, 70), (40, 33)])
@pytest.mark.parametrize("kind", KINDS)
def test_once_built_it_takes_any_size(kind: str, size: tuple[int, int]) -> None:
    network = make(kind, (32, 32)).eval()
    assert network(Noise(0).normal(1, 3, *size)).shape == (1, 3, *size)


@pytest.mark.parametrize("kind", KINDS)
def test_what_comes_out_follows_the_picture_alone(kind: str) -> None:
    network = make(kind).eval()
    x = Noise(0).normal(3, 3, 16, 16)
    torch.testing.assert_close(network(x)[1:2], network(x[1:2]), rtol=1e-4, atol=1e-5)
    assert not torch.equal(network(x[:1]), network(x[1:2]))


@pytest.mark.parametrize("kind", KINDS)
def test_it_gives_the_same_in_channels_last(kind: str) -> None:
    network, x = make(kind).eval(), Noise(0).normal(3, 3, 16, 16)
    plain = network(x)
    network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    torch.testing.assert_close(network(x), plain, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_small_pictures_are_refused(kind: str) -> None:
    with pytest.raises(RecipeError, match=r"at least 8 x 8; these are 7 x 30"):
        make(kind, (7, 30))


def test_the_unet_drops_units_by_the_noise_it_is_given() -> None:
    network, x = make("unet", (32, 32)).eval(), Noise(0).normal(1, 3, 32, 32)
    assert torch.equal(network(x, Noise(1)), network(x, Noise(1)))
    assert not torch.equal(network(x, Noise(1)), network(x, Noise(2)))
    assert not torch.equal(network(x, Noise(1)), network(x))


def test_dropping_keeps_the_mean() -> None:
    x = torch.ones(1, 100, 100)
    dropped = drop(x, 0.25, Noise(0))
    assert dropped.unique().tolist() == pytest.approx([0.0, 4 / 3])
    assert float(dropped.mean()) == pytest.approx(1.0, abs=0.02)
    assert torch.equal(drop(x, 0.25, None), x)


def test_reflection_goes_on_for_ever() -> None:
    x = torch.arange(6.0).reshape(1, 1, 2, 3)
    near = torch.nn.functional.pad(x, (0, 2, 0, 1), mode="reflect")
    assert torch.equal(reflect_to(x, 3, 5), near)
    assert reflect_to(x, 2, 3) is x
    assert reflect_to(torch.ones(1, 1, 1, 1), 4, 4).tolist() == torch.ones(1, 1, 4, 4).tolist()
    assert [up_to(side, 8) for side in (1, 8, 9)] == [8, 8, 16]


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_patch_is_as_large_as_it_says(depth: int) -> None:
    config = PatchDiscriminatorConfig(width=4, depth=depth, normalisation="none")
    network = config.build(space(200, 200))
    assert isinstance(network, PatchDiscriminator)
    x = Noise(0).normal(1, 3, 200, 200).requires_grad_()
    scores = network.patches(x)
    middle = scores.shape[2] // 2
    scores[0, 0, middle, middle].backward()
    assert x.grad is not None
    seen = x.grad[0].abs().sum(0)
    assert int((seen.sum(0) > 0).sum()) == receptive_field(depth)
    assert torch.allclose(network(x)[:, 0], scores.mean((1, 2, 3)))
