"""Can boosted trees tell songs from reals?

The classifier two-sample test of Lopez-Paz and Oquab, ICLR 2017, arXiv:1610.06545, with gradient
boosting on summary features of notes. What is given is the area under the ROC curve of cross-fitted
log-odds.
"""

from collections.abc import Mapping
from typing import ClassVar

from zerosum.evaluation.boosted import NUM_FOLDS, area, boosted_odds
from zerosum.evaluation.metrics.base import (
    Metric,
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
    metric,
)
from zerosum.modalities.music.counting import summaries
from zerosum.modalities.music.space import MusicSpace
from zerosum.spaces import Space

MOST_SONGS = 2_000
"""Songs of each side that the trees see at most."""


@metric
class C2stMusic(Metric):
    """The judge that songs must fear most."""

    least: ClassVar[int] = 20
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="c2st_music",
            title="C2ST of songs",
            better="lower",
            meaning="How well boosted trees tell samples from reals by their pitches, intervals, "
            "lengths, rhythm, consonance and repeats: the chance that a sample looks more made "
            "than a real does. 0.5 is chance, 1 is always.",
            source="Lopez-Paz and Oquab 2017, arXiv:1610.06545",
            protocol=f"AUC, boosted trees on summary features, {NUM_FOLDS} folds, up to "
            f"{MOST_SONGS:,} songs each",
            extractor=False,
            limits=(0.5, 1.0),
        ),
    )

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Songs."""
        return isinstance(space, MusicSpace)

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One area; for the interval the judged songs are resampled, not the fits."""
        space = context.space
        assert isinstance(space, MusicSpace)
        n = min(len(candidate), len(reference), MOST_SONGS)
        made = candidate.x[context.some(n, len(candidate), "c2st_music", "samples")]
        real = reference.x[context.some(n, len(reference), "c2st_music", "reals")]
        rows = (summaries(space.counted(x)).numpy() for x in (real, made))
        odds = boosted_odds(*rows, seed=context.seed)
        draws = zip(
            context.resamples(n, "c2st_music reals"), context.resamples(n, "c2st_music samples"),
            strict=True,
        )  # fmt: skip
        again = tuple(area(odds[0][a.numpy()], odds[1][b.numpy()]) for a, b in draws)
        return {"c2st_music": MetricValue(max(area(*odds), 0.5), again)}
