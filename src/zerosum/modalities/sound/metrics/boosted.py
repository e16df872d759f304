"""Can boosted trees tell sounds from reals?

The classifier two-sample test of Lopez-Paz and Oquab, ICLR 2017, arXiv:1610.06545, with gradient
boosting on summary features: loudness over time, the shape of the spectrum, cepstral coefficients.
What is given is the area under the ROC curve of cross-fitted log-odds.
"""

from collections.abc import Mapping
from typing import ClassVar

import torch

from zerosum.evaluation.boosted import NUM_FOLDS, area, boosted_odds
from zerosum.evaluation.metrics.base import (
    Metric,
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
    metric,
)
from zerosum.modalities.sound.features import summaries
from zerosum.modalities.sound.space import SoundSpace
from zerosum.spaces import Space

MOST_SOUNDS = 2_000
"""Sounds of each side that the trees see at most."""

_BATCH = 64


@metric
class C2stSound(Metric):
    """The judge that sounds must fear most."""

    least: ClassVar[int] = 20
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="c2st_sound",
            title="C2ST of sounds",
            better="lower",
            meaning="How well boosted trees tell samples from reals by their loudness over time, "
            "the shape of their spectrum and cepstral coefficients: the chance that a sample looks "
            "more made than a real does. 0.5 is chance, 1 is always. It is the hardest judge here: "
            "it hears what is lost when phases are found again, which few people do.",
            source="Lopez-Paz and Oquab 2017, arXiv:1610.06545",
            protocol=f"AUC, boosted trees on summary features, {NUM_FOLDS} folds, up to "
            f"{MOST_SOUNDS:,} sounds each",
            extractor=False,
            limits=(0.5, 1.0),
        ),
    )

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Sounds."""
        return isinstance(space, SoundSpace)

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One area; for the interval the judged sounds are resampled, not the fits."""
        space = context.space
        assert isinstance(space, SoundSpace)
        n = min(len(candidate), len(reference), MOST_SOUNDS)
        made = candidate.x[context.some(n, len(candidate), "c2st_sound", "samples")]
        real = reference.x[context.some(n, len(reference), "c2st_sound", "reals")]
        rows = (
            torch.cat([summaries(some, space) for some in x.split(_BATCH)]).numpy()
            for x in (real, made)
        )
        odds = boosted_odds(*rows, seed=context.seed)
        draws = zip(
            context.resamples(n, "c2st_sound reals"), context.resamples(n, "c2st_sound samples"),
            strict=True,
        )  # fmt: skip
        again = tuple(area(odds[0][a.numpy()], odds[1][b.numpy()]) for a, b in draws)
        return {"c2st_sound": MetricValue(max(area(*odds), 0.5), again)}
