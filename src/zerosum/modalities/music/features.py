"""Summary features of songs, for judges."""

import numpy as np
import torch
from torch import Tensor

from zerosum.evaluation.features.base import Extractor
from zerosum.modalities.music.counting import summaries
from zerosum.modalities.music.space import MusicSpace
from zerosum.spaces import Space


class NoteFeatures(Extractor):
    """Summary features of each song; see `summaries`.

    Args:
        space: what a song is.
    """

    name = "notes"

    def __init__(self, space: MusicSpace) -> None:
        self._space = space
        blank = torch.zeros(1, space.shape[0], dtype=torch.uint8)
        self.num_features = self.extract(blank).shape[1]

    def extract(self, x: Tensor) -> Tensor:
        """Features of songs `[B, W]`."""
        return summaries(self._space.counted(x))


def judge_inputs(space: Space, x: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """What a judge of `refine` sees of songs `[N, W]`: what boosted trees of a C2ST see."""
    assert isinstance(space, MusicSpace)
    found = summaries(space.counted(x)).numpy()
    return found, np.zeros(found.shape[1], bool)
