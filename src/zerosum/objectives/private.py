"""Private gradients: each sample's own is clipped, and noise is added to their sum (DP-SGD).

Abadi et al., "Deep learning with differential privacy", CCS 2016, arXiv:1607.00133, algorithm 1.
"""

from collections.abc import Iterable

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
