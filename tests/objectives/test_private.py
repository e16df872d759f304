"""Noise on gradients: where they can be other than zero, of the deviation that was planned."""

import torch
from torch import nn

from tests.secrets import Seeded
from zerosum.objectives.private import Private


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
