"""A network that has grown takes over what the one before it had learned."""

import pytest
import torch
from torch import nn

from zerosum.networks.base import DiscriminatorConfig, adopt
from zerosum.networks.dcgan import DcganDiscriminatorConfig
from zerosum.networks.mlp import MlpDiscriminatorConfig
from zerosum.rng import Noise
from zerosum.spaces import ImageSpace, PointSpace, Space

PICTURES = ImageSpace(channels=2, height=8, width=9)
POINTS = PointSpace(center=(0.0,) * 3, scale=(1.0,) * 3)


def test_equal_shapes_are_taken_as_they_are() -> None:
    saved = torch.ones(3, 2)
    assert adopt(saved, torch.zeros(3, 2)) is saved
    scalar = torch.tensor(2.0)
    assert adopt(scalar, torch.tensor(0.0)) is scalar


@pytest.mark.parametrize(
    ("saved", "new"),
    [
        ((4, 3), (4, 7)),
        ((4, 3), (5, 6)),
        ((4, 6), (4, 3)),
        ((4,), (8,)),
        ((4, 3, 4, 4), (4, 6, 3, 3)),
        ((4, 3), (4, 6, 1)),
        ((4, 0), (4, 3)),
        ((), (2, 2)),
    ],
)
def test_what_does_not_fit_starts_afresh(saved: tuple[int, ...], new: tuple[int, ...]) -> None:
    assert adopt(torch.ones(saved), torch.zeros(new)) is None


@pytest.mark.parametrize("pack", [2, 4])
@pytest.mark.parametrize(
    ("config", "space", "first"),
    [
        (DcganDiscriminatorConfig(width=4), PICTURES, nn.Conv2d),
        (MlpDiscriminatorConfig(width=6), PICTURES, nn.Linear),
        (MlpDiscriminatorConfig(width=6), POINTS, nn.Linear),
    ],
)
def test_the_first_layer_begins_with_the_mean_over_the_pack(
    config: DiscriminatorConfig, space: Space, first: type[nn.Module], pack: int
) -> None:
    alone, packed = config.build(space), config.build(space.packed(pack))
    saved = alone.state_dict()
    taken = {name: adopt(saved[name], new) for name, new in packed.state_dict().items()}
    packed.load_state_dict({name: tensor for name, tensor in taken.items() if tensor is not None})
    x = Noise(0).normal(4 * pack, *space.shape)
    joined = x.unflatten(0, (4, pack)).flatten(1, 2)
    if first is nn.Linear:
        x, joined = x.flatten(1), joined.flatten(1)
    layers = [next(m for m in n.modules() if isinstance(m, first)) for n in (alone, packed)]
    mean = layers[0](x).unflatten(0, (4, pack)).mean(1)
    torch.testing.assert_close(layers[1](joined), mean, rtol=1e-4, atol=1e-5)
