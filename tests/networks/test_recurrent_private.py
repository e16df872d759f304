"""Gradients clipped by sequence, against a loop over sequences."""

import pytest
import torch
from torch import Tensor

from zerosum.errors import RecipeError
from zerosum.networks.masked import MaskedNetworkConfig
from zerosum.networks.recurrent_private import clipped_sequences
from zerosum.networks.recurrent_rows import RecurrentRows, RecurrentRowsConfig
from zerosum.rng import Noise, seeded_initialisation

ENTITY, SIZES, NUMBERS, MARKS, LONGEST = (3, 4), (6, 5, 9, 2), 4, 7, 5
LEARNED = (0, 2, 3)


def network(*, marks: int = MARKS, depth: int = 2) -> RecurrentRows:
    config = RecurrentRowsConfig(width=12, rank=6, row=MaskedNetworkConfig(width=20, depth=depth))
    with seeded_initialisation(0):
        net = config.build(ENTITY, SIZES, numbers=NUMBERS, ordered=(0, 2), marks=marks)
        for parameter in net.parameters():
            parameter.data += 0.3 * torch.randn_like(parameter)
    return net


def sequences(n: int, *, marks: int = MARKS) -> tuple[Tensor, ...]:
    noise = Noise(1)
    entity = torch.stack([noise.integers(n, high=size) for size in ENTITY], dim=1)
    codes = torch.stack([noise.integers(n, LONGEST, high=size) for size in SIZES], dim=2)
    numbers = noise.normal(n, LONGEST, NUMBERS)
    valid = torch.arange(LONGEST) < (1 + noise.integers(n, high=LONGEST))[:, None]
    codes[~valid] = -1
    told = noise.integers(int(valid.sum()), SIZES[0], 2, high=marks + 1)
    return entity, codes, numbers, valid, told


def by_hand(net: RecurrentRows, given: tuple[Tensor, ...], clip: float) -> tuple[list, Tensor]:
    entity, codes, numbers, valid, told = given
    total = [torch.zeros_like(one) for one in net.parameters()]
    rows = [0, *valid.sum(1).cumsum(0).tolist()]
    norms = []
    for i in range(len(codes)):
        mine = slice(i, i + 1)
        known = net.log_prob(
            entity[mine], codes[mine], numbers[mine], valid[mine], told[rows[i] : rows[i + 1]]
        )
        loss = -known[:, list(LEARNED)].sum()
        found = torch.autograd.grad(loss, list(net.parameters()), allow_unused=True)
        found = [0 * p if g is None else g for p, g in zip(net.parameters(), found, strict=True)]
        norm = torch.stack([one.norm() for one in found]).norm()
        norms.append(norm)
        for whole, one in zip(total, found, strict=True):
            whole += one * min(1.0, clip / float(norm))
    return total, torch.stack(norms)


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("marks", [MARKS, 0])
@pytest.mark.parametrize("clip", [1e9, 1.0])
def test_it_is_the_sum_of_each_sequences_clipped_gradient(
    depth: int, marks: int, clip: float
) -> None:
    net, given = network(marks=marks, depth=depth), sequences(40, marks=marks)  # in two pieces
    norms = clipped_sequences(net, *given, learned=LEARNED, clip=clip)
    wanted, wanted_norms = by_hand(net, given, clip)
    torch.testing.assert_close(norms, wanted_norms, rtol=1e-4, atol=1e-5)
    for (name, parameter), gradient in zip(net.named_parameters(), wanted, strict=True):
        assert parameter.grad is not None, name
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-4, atol=1e-4, msg=name)


def test_no_sequences_have_no_gradient() -> None:
    net = network()
    entity, codes, numbers, valid, told = sequences(4)
    none = (entity[:0], codes[:0], numbers[:0], valid[:0], told[:0])
    assert clipped_sequences(net, *none, learned=LEARNED, clip=1.0).shape == (0,)
    assert all(p.grad is not None and not p.grad.any() for p in net.parameters())


def test_columns_of_very_many_codes_are_refused() -> None:
    config = RecurrentRowsConfig(row=MaskedNetworkConfig(width=20, depth=1, wide=4))
    net = config.build(ENTITY, SIZES, numbers=NUMBERS)
    with pytest.raises(RecipeError, match="codes, and gradients"):
        clipped_sequences(net, *sequences(2), learned=LEARNED, clip=1.0)
