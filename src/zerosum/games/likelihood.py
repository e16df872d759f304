"""Games that say how likely a sample is, and so can be refined by weights of samples."""

from typing import Protocol, runtime_checkable

from torch import Tensor


@runtime_checkable
class LikelihoodGame(Protocol):
    """A game whose generator gives every sample a probability.

    `zerosum refine` folds the verdict of a judge into such a generator: samples that look more real
    than they are frequent count for more in a likelihood of the generator's own samples.
    """

    def log_likelihood(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Log-probability of samples in nats, `[B]`; it can be differentiated.

        Args:
            x: samples in model units, `[B, ...]`.
            y: their labels `[B]`, where the game is steered by them.
        """
        ...
