"""Private gradients: each sample's own is clipped, and noise is added to their sum (DP-SGD).

Abadi et al., "Deep learning with differential privacy", CCS 2016, arXiv:1607.00133, algorithm 1.
"""

from collections.abc import Iterable, Sequence

import torch
from pydantic import NonNegativeFloat, PositiveFloat
from torch import Tensor, nn

from zerosum.config import Config
from zerosum.rng import SecretNoise


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
        self,
        parameters: Iterable[tuple[nn.Parameter, Tensor | None]],
        batch_size: int,
        secret: SecretNoise,
    ) -> None:
        """Turn sums of clipped gradients into noisy means over the expected `batch_size`.

        Args:
            parameters: each `[...]` with a mask `[...]` of the numbers whose gradient can be other
                than zero, whatever the samples are; None for all of them. The rest needs no noise.
            batch_size: expected number of samples.
            secret: where noise comes from; it is added in float64, before anything is rounded.
        """
        deviation = self.noise_multiplier * self.clip
        for parameter, mask in parameters:
            gradient = parameter.grad
            if gradient is None:
                continue
            within = slice(None) if mask is None else mask.bool()
            noisy = secret.noisy(gradient[within], deviation) / batch_size
            gradient[within] = noisy.to(gradient)


def clipped_sum(
    parameters: Sequence[nn.Parameter], losses: Iterable[Tensor], *, clip: float
) -> Tensor:
    """Leave the sum of the losses' gradients, each of norm `clip` at most, with the parameters.

    Args:
        parameters: what is learned; a loss need not depend on each.
        losses: one for each sample, made and differentiated one after another.
        clip: the largest norm of one sample's gradient, over all parameters together.

    Returns:
        The gradients' norms before they were clipped, `[B]`.
    """
    total = [torch.zeros_like(one) for one in parameters]
    norms = []
    for loss in losses:
        found = torch.autograd.grad(loss, parameters, allow_unused=True)
        known = [one for one in found if one is not None]
        norm = torch.stack([one.norm() for one in known]).norm()
        share = float((clip / norm.clamp_min(1e-12)).clamp_max(1.0))
        for whole, one in zip(total, found, strict=True):
            if one is not None:
                whole.add_(one, alpha=share)
        norms.append(norm)
    for parameter, whole in zip(parameters, total, strict=True):
        parameter.grad = whole
    return torch.stack(norms) if norms else torch.zeros(0)
