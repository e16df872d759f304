"""Clipped gradients against a loop over rows."""

import pytest
import torch
from torch import Tensor

from zerosum.errors import RecipeError
from zerosum.networks.masked import MaskedNetwork, MaskedNetworkConfig
from zerosum.networks.masked_private import clipped_gradient
from zerosum.rng import Noise, seeded_initialisation

SIZES = (3, 5, 12, 2, 4)


def network(sizes: tuple[int, ...] = SIZES, *, width: int = 24, depth: int = 3) -> MaskedNetwork:
    with seeded_initialisation(0):
        net = MaskedNetworkConfig(width=width, depth=depth).build(sizes, ordered=range(1, 3))
        for parameter in net.parameters():
            parameter.data += 0.3 * torch.randn_like(parameter)
    return net


def rows(n: int = 16, sizes: tuple[int, ...] = SIZES) -> Tensor:
    noise = Noise(1)
    return torch.stack([noise.integers(n, high=size) for size in sizes], dim=1)


def by_hand(net: MaskedNetwork, codes: Tensor, clip: float) -> tuple[list[Tensor], Tensor]:
    total = [torch.zeros_like(p) for p in net.parameters()]
    norms = []
    for row in codes:
        loss = -net.log_prob(row[None]).sum()
        one = torch.autograd.grad(loss, list(net.parameters()))
        norm = torch.stack([g.norm() for g in one]).norm()
        norms.append(norm)
        for sum_, g in zip(total, one, strict=True):
            sum_ += g * min(1.0, clip / float(norm))
    return total, torch.stack(norms)


@pytest.mark.parametrize(("width", "depth"), [(24, 3), (3, 2), (64, 1)])
@pytest.mark.parametrize("clip", [1e9, 1.0])
def test_it_is_the_sum_of_each_rows_clipped_gradient(width: int, depth: int, clip: float) -> None:
    net, codes = network(width=width, depth=depth), rows()
    norms = clipped_gradient(net, codes, clip=clip)
    wanted, wanted_norms = by_hand(net, codes, clip)
    torch.testing.assert_close(norms, wanted_norms, rtol=1e-4, atol=1e-5)
    for (name, parameter), gradient in zip(net.named_parameters(), wanted, strict=True):
        assert parameter.grad is not None, name
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-4, atol=3e-5, msg=name)


def test_no_row_moves_the_gradient_by_more_than_the_clip() -> None:
    net, codes = network(), rows()
    clipped_gradient(net, codes, clip=0.5)
    whole = [p.grad for p in net.parameters()]
    clipped_gradient(net, codes[1:], clip=0.5)
    pairs = zip(whole, net.parameters(), strict=True)
    apart = [a - p.grad for a, p in pairs if a is not None and p.grad is not None]
    assert float(torch.stack([one.norm() for one in apart]).norm()) <= 0.5 + 1e-4


def test_no_rows_have_no_gradient() -> None:
    net = network()
    assert clipped_gradient(net, rows()[:0], clip=1.0).shape == (0,)
    assert all(float(p.grad.abs().sum()) == 0 for p in net.parameters() if p.grad is not None)


def test_columns_of_very_many_codes_are_refused() -> None:
    net = network((2, 1_000, 3))
    with pytest.raises(RecipeError, match="1,000 codes"):
        clipped_gradient(net, rows(4, (2, 1_000, 3)), clip=1.0)
