"""Can boosted trees tell sounds from reals by their loudness and spectrum?"""

import numpy as np
import torch
from torch import Tensor

from zerosum.evaluation.metrics.base import MetricContext, metric
from zerosum.evaluation.metrics.c2st import C2st, boosted_odds, c2st_spec
from zerosum.modalities.sound.features import summaries
from zerosum.modalities.sound.space import SoundSpace
from zerosum.spaces import Space

MOST_SOUNDS = 2_000
"""Sounds of each side that the trees see at most."""

_BATCH = 64


@metric
class C2stSound(C2st):
    """The judge that sounds must fear most."""

    most = MOST_SOUNDS
    outputs = (
        c2st_spec(
            "c2st_sound",
            "C2ST of sounds",
            "How well boosted trees tell samples from reals by their loudness over time, the shape "
            "of their spectrum and cepstral coefficients",
            judge="boosted trees on summary features",
            most=f"{MOST_SOUNDS:,} sounds",
            more="It is the hardest judge here: it hears what is lost when phases are found again, "
            "which few people do.",
        ),
    )

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Sounds."""
        return isinstance(space, SoundSpace)

    def odds(self, reals: Tensor, samples: Tensor, context: MetricContext) -> np.ndarray:
        """By summary features."""
        space = context.space
        assert isinstance(space, SoundSpace)
        rows = (
            torch.cat([summaries(some, space) for some in x.split(_BATCH)]).numpy()
            for x in (reals, samples)
        )
        return boosted_odds(*rows, seed=context.seed)
