"""Whether texts repeat each other more than reals do."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import exp, log
from typing import ClassVar

import numpy as np

from zerosum.evaluation.metrics.base import (
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
    metric,
)
from zerosum.modalities.strings.copies import words_of
from zerosum.modalities.strings.frames import texts_of
from zerosum.modalities.strings.metrics.words import TextMetric
from zerosum.modalities.strings.space import TextSpace

_ORDERS = (1, 2, 3, 4)
_MOST = 500


@metric
class SelfBleu(TextMetric):
    """How like each other samples are, beside how like each other reals are."""

    least: ClassVar[int] = 20
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="self_bleu",
            title="Self-BLEU beside reals'",
            better="one",
            meaning="How many runs of one to four words a text shares with the others of its set, "
            "compared with reals: 1 where samples are as varied, above 1 where they repeat each "
            "other, below 1 where their words are not put together as people put them.",
            source="Zhu et al. 2018, arXiv:1802.01886 (Texygen)",
            protocol=f"BLEU-4 with all others as references, up to {_MOST} texts each",
            extractor=False,
        ),
    )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """The ratio; of equally many texts."""
        assert isinstance(context.space, TextSpace)
        many = min(len(candidate), len(reference), _MOST)
        mine, theirs = (
            self_bleu(texts_of(context.space, one.x[:many])) for one in (candidate, reference)
        )
        usual = max(float(theirs.mean()), 1e-6)
        again = tuple(
            float(mine[rows.numpy()].mean()) / usual for rows in context.resamples(many, "bleu")
        )
        return {"self_bleu": MetricValue(float(mine.mean()) / usual, again)}


def self_bleu(texts: Sequence[str]) -> np.ndarray:
    """BLEU-4 of each text with all others as references, `[N]`, 0 to 1.

    A run of words counts as often as the other text that has it most often. Orders in which a text
    has no run, or shares none, count as half a run (Chen and Cherry 2014). No text is shorter than
    all others by much, so there is no penalty for length.

    >>> self_bleu(["a b c d", "a b c d", "x"]).round(2).tolist()
    [1.0, 1.0, 0.5]
    """
    words = [words_of(text) for text in texts]
    logs = np.zeros(len(texts))
    for order in _ORDERS:
        runs = [
            Counter(tuple(own[i : i + order]) for i in range(len(own) - order + 1)) for own in words
        ]
        most = Counter[tuple[str, ...]]()
        second = Counter[tuple[str, ...]]()
        for own in runs:
            for run, many in own.items():
                second[run] = max(second[run], min(many, most[run]))
                most[run] = max(most[run], many)
        for i, own in enumerate(runs):
            shared = sum(
                min(many, second[run] if many == most[run] else most[run])
                for run, many in own.items()
            )
            logs[i] += log(max(shared, 0.5) / max(own.total(), 1))
    return np.array([exp(one / len(_ORDERS)) for one in logs])
