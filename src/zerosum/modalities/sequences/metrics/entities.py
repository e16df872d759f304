"""Can boosted trees tell entities from real ones by what their rows come to?

The classifier two-sample test of Lopez-Paz and Oquab, ICLR 2017, arXiv:1610.06545, with gradient
boosting on an entity's attributes and aggregates: lengths, gaps, calendars, means, shares.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from zerosum.evaluation.metrics.base import (
    Metric,
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
    metric,
)
from zerosum.modalities.sequences.space import SequenceSpace
from zerosum.modalities.tables.judging.rows import auc, drawn_again, reading_of
from zerosum.modalities.tables.metrics.boosted import NUM_FOLDS, boosted_c2st
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
class C2stEntities(SequenceMetric):
    """The judge that sequences must fear most."""

    least: ClassVar[int] = 20
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="c2st_entities",
            title="C2ST of entities",
            better="lower",
            meaning="How well boosted trees tell entities from real ones by their attributes and "
            "what their rows come to: lengths, gaps, calendars, means, spreads and shares. It is "
            "the chance that a sample looks more made than a real does. 0.5 is chance, 1 is "
            "always.",
            source="Lopez-Paz and Oquab 2017, arXiv:1610.06545",
            protocol=f"AUC, boosted trees on aggregates of entities, {NUM_FOLDS} folds, up to "
            f"{MOST_ENTITIES} entities each",
            extractor=False,
            limits=(0.5, 1.0),
        ),
    )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One area; for the interval the judged entities are resampled, not the fits."""
        space = space_of(context)
        n = min(len(candidate), len(reference), MOST_ENTITIES)
        made = candidate.x[context.some(n, len(candidate), "c2st_entities", "samples")]
        real = reference.x[context.some(n, len(reference), "c2st_entities", "reals")]
        odds = boosted_c2st(
            space.aggregated(real).numpy(), space.aggregated(made).numpy(),
            space.aggregates.fields, seed=context.seed,
        )  # fmt: skip
        weights = [
            drawn_again(context, n, f"c2st_entities {side}") for side in ("reals", "samples")
        ]
        areas = auc(odds.ravel(), np.repeat([False, True], n), np.concatenate(weights, axis=1))
        areas[0] = max(areas[0], 0.5)
        return {"c2st_entities": reading_of(areas)}
