"""Can boosted trees tell texts and their rows from reals by what a judge of `refine` sees?"""

import numpy as np
import torch
from torch import Tensor

from zerosum.evaluation.metrics.base import MetricContext, metric
from zerosum.evaluation.metrics.c2st import C2st, boosted_odds, c2st_spec
from zerosum.modalities.strings.features import looks_of
from zerosum.modalities.strings.metrics.words import TextMetric

MOST_TEXTS = 1_000
"""Texts of each side that the trees see at most."""
MOST_WORDS = 64
"""Words and pairs of words that they see counted, the most frequent ones."""


@metric
class C2stTexts(TextMetric, C2st):
    """The judge that sees whether words go with the columns of their row."""

    most = MOST_TEXTS
    outputs = (
        c2st_spec(
            "c2st_texts",
            "C2ST of texts",
            "How well boosted trees tell samples from reals by the columns of the row and by how "
            "often frequent words and pairs of words are in the text",
            judge=f"boosted trees on columns and {MOST_WORDS} words or pairs of words",
            most=f"{MOST_TEXTS:,} texts",
        ),
    )

    def odds(self, reals: Tensor, samples: Tensor, context: MetricContext) -> np.ndarray:
        """By columns and words."""
        seen, _ = looks_of(context.space, torch.cat([reals, samples]), most=MOST_WORDS)
        return boosted_odds(*np.split(seen, 2), seed=context.seed)
