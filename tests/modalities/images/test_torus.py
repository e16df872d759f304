"""Generators of textures: what they make closes, and patches are of the same kind."""

import pytest
import torch

from zerosum.errors import RecipeError
from zerosum.modalities.images.texture_space import TextureSpace
from zerosum.modalities.images.torus import (
    MARGIN,
    MOVES,
    TorusGenerator,
    TorusGeneratorConfig,
    lattice_of,
    whole_waves,
)
from zerosum.rng import Noise, seeded_initialisation
from zerosum.spaces import ImageSpace

WAVES = ((1 / 12, 0.0), (1 / 24, 1 / 24), (1 / 24, -1 / 24))


@pytest.fixture
def network() -> TorusGenerator:
    space = TextureSpace(channels=3, height=32, width=32, waves=WAVES)
    with seeded_initialisation(0):
        made = TorusGeneratorConfig(width=4, max_width=8).build(5, space)
    with torch.no_grad():
        for conv in made.convs:
            assert isinstance(conv, torch.nn.Conv2d)
            conv.weight.mul_(20)  # so that outputs differ by more than rounding
    return made.eval()


def latents(network: TorusGenerator, size: tuple[int, int], n: int = 2) -> torch.Tensor:
    return Noise(0).normal(n, network.latent_size(size))


@pytest.mark.parametrize("size", [(16, 16), (32, 48), (17, 41), (100, 30)])
def test_any_size_is_made(network: TorusGenerator, size: tuple[int, int]) -> None:
    z = latents(network, size)
    with torch.no_grad():
        x = network(z, None, size)
    assert x.shape == (2, 3, *size)
    assert not torch.equal(x[0], x[1])


def test_noise_that_is_moved_moves_the_texture_across_its_edges(network: TorusGenerator) -> None:
    network.waves = ()
    network.convs[0] = torch.nn.Conv2d(5, 8, 3, bias=False)
    size, stride = (32, 48), network.stride
    z = latents(network, size)
    noise = z[:, MOVES:].unflatten(1, (5, *lattice_of(size, stride)))
    moved = torch.cat([z[:, :MOVES], noise.roll((1, 2), (2, 3)).flatten(1)], dim=1)
    with torch.no_grad():
        x, y = network(z, None, size), network(moved, None, size)
    assert torch.allclose(x.roll((stride, 2 * stride), (2, 3)), y, atol=1e-5)


def test_a_patch_of_what_is_around_a_tile_is_that_tile(network: TorusGenerator) -> None:
    size = (48, 48)  # all of the waves fit
    z = latents(network, size)
    noise = z[:, MOVES:].unflatten(1, (5, *lattice_of(size, network.stride)))
    around = torch.nn.functional.pad(noise, [MARGIN] * 4, mode="circular").flatten(1)
    z = torch.cat([torch.zeros_like(z[:, :MOVES]), z[:, MOVES:]], dim=1)
    # The lattice of a patch begins `MARGIN` places earlier, and its waves do too.
    moves = torch.full((2, MOVES), -MARGIN * network.stride / 64)
    with torch.no_grad():
        tile = network(z, None, size)
        patch = network.patch(torch.cat([moves, around], dim=1), None, size)
    assert torch.allclose(tile, patch, atol=1e-4)


def test_waves_close_together() -> None:
    for side in (40, 60, 100, 250):
        rows, half = whole_waves((1 / 12, 1 / 24), side)
        assert rows == 2 * half
    assert whole_waves((0.0, 1 / 8), 64) == (0, 8)


def test_other_data_is_refused() -> None:
    with pytest.raises(RecipeError, match="texture takes textures"):
        TorusGeneratorConfig().build(5, ImageSpace(channels=3, height=32, width=32))
