"""Noise on gradients: where they can be other than zero, of the deviation that was planned."""

import torch
from torch import nn

from tests.secrets import Seeded
from zerosum.objectives.private import Private, clipped_sum


def test_noise_is_added_within_the_mask_and_nowhere_else() -> None:
    masked, whole, idle = (nn.Parameter(torch.zeros(300, 40)) for _ in range(3))
    masked.grad, whole.grad = torch.zeros(300, 40), torch.full((300, 40), 50.0)
    mask = torch.arange(40).expand(300, 40) < 30
    pairs = [(masked, mask.float()), (whole, None), (idle, None)]
    Private(clip=0.5, noise_multiplier=4.0).add_noise(pairs, 10, Seeded())
    assert idle.grad is None
    assert not masked.grad[~mask].any()
    for noise in (masked.grad[mask], whole.grad - 5.0):
        assert abs(float(noise.mean())) < 0.01
        assert abs(float(noise.std()) - 0.2) < 0.01


def test_each_loss_is_clipped_over_all_parameters_together() -> None:
    weight, bias, idle = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(1)), torch.ones(3)
    unused = nn.Parameter(idle)
    losses = (one * (3 * weight[0] + 4 * bias.sum()) for one in (1.0, 0.1, -2.0))
    norms = clipped_sum([weight, bias, unused], losses, clip=2.0)
    torch.testing.assert_close(norms, torch.tensor([5.0, 0.5, 10.0]))
    assert weight.grad is not None
    assert bias.grad is not None
    assert unused.grad is not None
    # Of norms 5 and 10 a gradient of norm 2 is left, which here cancel out; .5 stays.
    torch.testing.assert_close(weight.grad, torch.tensor([0.3, 0.0]))
    torch.testing.assert_close(bias.grad, torch.tensor([0.4]))
    assert not unused.grad.any()
    assert clipped_sum([weight], [], clip=2.0).shape == (0,)
    assert weight.grad is not None
    assert not weight.grad.any()
