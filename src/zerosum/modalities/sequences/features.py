"""Features of sequences: what the rows of an entity come to."""

import torch
from torch import Tensor

from zerosum.evaluation.features.base import Extractor
from zerosum.modalities.sequences.space import SequenceSpace


class EntityFeatures(Extractor):
    """Attributes, and aggregates of rows: means, spreads, shares, gaps, calendars.

    Args:
        space: what a sequence is.
    """

    name = "entities"

    def __init__(self, space: SequenceSpace) -> None:
        self._space = space
        attributes = torch.zeros(1, len(space.attributes.codecs)) + 0.5
        self.num_features = space.attributes.embed(attributes).shape[1] + len(
            space.aggregates.fields
        ) - len(space.attributes.names)  # fmt: skip

    def extract(self, x: Tensor) -> Tensor:
        """Features of compact sequences `[B, W]`."""
        return self._space.features(x)
