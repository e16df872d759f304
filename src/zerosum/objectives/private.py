"""Private gradients: each sample's own is clipped, and noise is added to their sum (DP-SGD).

Abadi et al., "Deep learning with differential privacy", CCS 2016, arXiv:1607.00133, algorithm 1.
"""

from collections.abc import Iterable

import torch
from pydantic import NonNegativeFloat, PositiveFloat
from torch import nn

from zerosum.config import Config


class Private(Config):
    """How a gradient is taken privately.

    Attributes:
        clip: the largest norm of one sample's gradient.
        noise_multiplier: standard deviation of the noise over `clip`.
    """

    kind = "private"
    clip: PositiveFloat = 1.0
    noise_multiplier: NonNegativeFloat

    def add_noise(
        self, parameters: Iterable[nn.Parameter], batch_size: int, generator: torch.Generator
    ) -> None:
        """Turn sums of clipped gradients into noisy means over the expected `batch_size`."""
        deviation = self.noise_multiplier * self.clip
        for parameter in parameters:
            if parameter.grad is not None:
                noise = torch.randn(
                    parameter.shape, generator=generator, device=generator.device
                ).to(parameter.grad)
                parameter.grad.add_(noise, alpha=deviation).div_(batch_size)
