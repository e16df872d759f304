"""Feature extractors: what distances between images or points are measured in.

Every one has a name that appears in each figure made with it, since numbers in different features
cannot be compared.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from zerosum.spaces import Space


class Extractor(ABC):
    """From compact samples to features.

    Attributes:
        name: such as `pixels` or `self-64`; two extractors with one name give the same features.
        published: whether published figures are measured in these very features.
        num_features: length of a feature vector.
    """

    name: str
    num_features: int
    published: ClassVar[bool] = False

    def __call__(self, x: Tensor, *, batch_size: int = 256) -> Tensor:
        """Features of compact samples `[N, ...]`, float32 `[N, num_features]`, on the CPU.

        The batch size changes nothing but memory.
        """
        pieces = [self.extract(x[i : i + batch_size]) for i in range(0, len(x), batch_size)]
        return torch.cat(pieces) if pieces else torch.empty(0, self.num_features)

    @abstractmethod
    def extract(self, x: Tensor) -> Tensor:
        """Features of one batch; each row must depend on its own sample alone."""

    def classify(self, x: Tensor, *, batch_size: int = 256) -> Tensor | None:
        """Logits of the data's own labels `[N, K]`; None where the extractor knows none."""
        return None


class Embedded(Extractor):
    """The samples themselves, as their space embeds them: nothing is learned or hidden.

    Args:
        space: what a sample is.
        name: what these features are called, such as `pixels`.
    """

    def __init__(self, space: Space, *, name: str) -> None:
        self._space, self.name = space, name
        self.num_features = space.embed(torch.zeros(1, *space.shape)).shape[1]

    def extract(self, x: Tensor) -> Tensor:
        """See `Space.embed`."""
        return self._space.embed(self._space.to_model(x))
