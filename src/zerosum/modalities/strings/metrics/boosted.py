"""Can boosted trees tell texts and their rows from reals?

The classifier two-sample test of Lopez-Paz and Oquab, ICLR 2017, arXiv:1610.06545, with gradient
boosting on what a judge of `refine` sees. What is given is the area under the ROC curve of
cross-fitted log-odds.
"""

from collections.abc import Mapping
from typing import ClassVar

import torch

from zerosum.evaluation.boosted import NUM_FOLDS, area, boosted_odds
from zerosum.evaluation.metrics.base import (
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
    metric,
)
from zerosum.modalities.strings.features import looks_of
from zerosum.modalities.strings.metrics.words import TextMetric

MOST_TEXTS = 1_000
"""Texts of each side that the trees see at most."""
MOST_WORDS = 64
"""Words and pairs of words that they see counted, the most frequent ones."""


@metric
class C2stTexts(TextMetric):
    """The judge that sees whether words go with the columns of their row."""

    least: ClassVar[int] = 20
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="c2st_texts",
            title="C2ST of texts",
            better="lower",
            meaning="How well boosted trees tell samples from reals by the columns of the row and "
            "by how often frequent words and pairs of words are in the text: the chance that a "
            "sample looks more made than a real does. 0.5 is chance, 1 is always.",
            source="Lopez-Paz and Oquab 2017, arXiv:1610.06545",
            protocol=f"AUC, boosted trees on columns and {MOST_WORDS} words or pairs of words, "
            f"{NUM_FOLDS} folds, up to {MOST_TEXTS:,} texts each",
            extractor=False,
            limits=(0.5, 1.0),
        ),
    )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One area; for the interval the judged texts are resampled, not the fits."""
        n = min(len(candidate), len(reference), MOST_TEXTS)
        made = candidate.x[context.some(n, len(candidate), "c2st_texts", "samples")]
        real = reference.x[context.some(n, len(reference), "c2st_texts", "reals")]
        seen, _ = looks_of(context.space, torch.cat([real, made]), most=MOST_WORDS)
        odds = boosted_odds(seen[:n], seen[n:], seed=context.seed)
        draws = zip(
            context.resamples(n, "c2st_texts reals"), context.resamples(n, "c2st_texts samples"),
            strict=True,
        )  # fmt: skip
        again = tuple(area(odds[0][a.numpy()], odds[1][b.numpy()]) for a, b in draws)
        return {"c2st_texts": MetricValue(max(area(*odds), 0.5), again)}
