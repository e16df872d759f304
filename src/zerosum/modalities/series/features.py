"""Simple features of series: values, differences, and the spectrum."""

import torch
from torch import Tensor

from zerosum.evaluation.features.base import Extractor
from zerosum.modalities.series.attributes import embedded
from zerosum.modalities.series.space import SeriesSpace

_MOST_PLACES = 64


class SeriesFeatures(Extractor):
    """Values, differences from step to step, and the logarithm of the spectrum, scaled alike.

    Values are scores, and levels of what is modelled by increments; of long series 64 places are
    taken, evenly spread. Attributes but the label stand beside them.

    Args:
        space: what a series is.
    """

    name = "values"

    def __init__(self, space: SeriesSpace) -> None:
        self._space = space
        example = torch.full((2, *space.shape), 0.5)
        self.num_features = self._of_scores(example).shape[1]

    def extract(self, x: Tensor) -> Tensor:
        """Features of series `[B, C, L]`."""
        return self._of_scores(self._space.to_model(x))

    def _of_scores(self, scores: Tensor) -> Tensor:
        scores, codes = self._space.model_parts(scores)
        parts = [scores, self._space.levels(scores)] if self._space.summed else [scores]
        own = torch.cat(parts, dim=1)
        places = torch.linspace(0, own.shape[2] - 1, min(own.shape[2], _MOST_PLACES)).long()
        shown = own[:, :, places]
        power = torch.fft.rfft(own - own.mean(2, keepdim=True), norm="ortho").abs().square()
        bands = [
            piece.mean(2) for piece in power[:, :, 1:].tensor_split(8, dim=2) if piece.shape[2]
        ]
        spectrum = (torch.stack(bands, dim=2) + 1e-3).log()
        found = [one.flatten(1) for one in (shown, shown.diff(dim=2), spectrum)]
        if self._space.attributes is not None:
            found.append(embedded(codes, self._space.attributes))
        return torch.cat(found, dim=1)
