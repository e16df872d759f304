"""Can boosted trees tell entities from real ones by what their rows come to?"""

import numpy as np
from torch import Tensor

from zerosum.evaluation.metrics.base import Metric, MetricContext, metric
from zerosum.evaluation.metrics.c2st import c2st_spec
from zerosum.modalities.sequences.space import SequenceSpace
from zerosum.modalities.tables.metrics.boosted import RowC2st, boosted_c2st
from zerosum.spaces import Space

MOST_ENTITIES = 5_000
"""Entities of each side that the trees see at most."""


class SequenceMetric(Metric):
    """A metric that asks what the rows of an entity are like, and so suits sequences alone."""

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Sequences of rows."""
        return isinstance(space, SequenceSpace)


def space_of(context: MetricContext) -> SequenceSpace:
    """What a sequence is."""
    assert isinstance(context.space, SequenceSpace)
    return context.space


@metric
class C2stEntities(SequenceMetric, RowC2st):
    """The judge that sequences must fear most."""

    most = MOST_ENTITIES
    outputs = (
        c2st_spec(
            "c2st_entities",
            "C2ST of entities",
            "How well boosted trees tell entities from real ones by their attributes and what "
            "their rows come to (lengths, gaps, calendars, means, spreads and shares)",
            judge="boosted trees on aggregates of entities",
            most=f"{MOST_ENTITIES} entities",
        ),
    )

    def odds(self, reals: Tensor, samples: Tensor, context: MetricContext) -> np.ndarray:
        """By attributes and aggregates."""
        space = space_of(context)
        a, b = (space.aggregated(x).numpy() for x in (reals, samples))
        return boosted_c2st(a, b, space.aggregates.fields, seed=context.seed)
