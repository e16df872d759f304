"""Can boosted trees tell songs from reals by summary features of notes?"""

import numpy as np
from torch import Tensor

from zerosum.evaluation.metrics.base import MetricContext, metric
from zerosum.evaluation.metrics.c2st import C2st, boosted_odds, c2st_spec
from zerosum.modalities.music.counting import summaries
from zerosum.modalities.music.space import MusicSpace
from zerosum.spaces import Space

MOST_SONGS = 2_000
"""Songs of each side that the trees see at most."""


@metric
class C2stMusic(C2st):
    """The judge that songs must fear most."""

    most = MOST_SONGS
    outputs = (
        c2st_spec(
            "c2st_music",
            "C2ST of songs",
            "How well boosted trees tell samples from reals by their pitches, intervals, lengths, "
            "rhythm, consonance and repeats",
            judge="boosted trees on summary features",
            most=f"{MOST_SONGS:,} songs",
        ),
    )

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Songs."""
        return isinstance(space, MusicSpace)

    def odds(self, reals: Tensor, samples: Tensor, context: MetricContext) -> np.ndarray:
        """By summary features."""
        assert isinstance(context.space, MusicSpace)
        counted = context.space.counted
        rows = (summaries(counted(x)).numpy() for x in (reals, samples))
        return boosted_odds(*rows, seed=context.seed)
