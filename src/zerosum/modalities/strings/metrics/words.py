"""What texts say and how: variety, likelihood both ways, copies, and whether trees tell them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import exp, log
from typing import ClassVar

import numpy as np
import torch

from zerosum.evaluation.metrics.base import (
    Memorisation,
    Metric,
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
    metric,
)
from zerosum.evaluation.metrics.c2st import NUM_FOLDS, area, cross_fitted
from zerosum.modalities.strings.copies import words_of
from zerosum.modalities.strings.features import hashed_words
from zerosum.modalities.strings.frames import texts_of
from zerosum.modalities.strings.space import TextSpace
from zerosum.spaces import Space

_MOST = 2_000
_ORDER = 3
_DISCOUNT = 0.75


class TextMetric(Metric):
    """A metric of texts."""

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Texts of words."""
        return isinstance(space, TextSpace) and space.kind == TextSpace.kind


@metric
class Variety(TextMetric):
    """How many different words and pairs of words there are."""

    least: ClassVar[int] = 2
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="distinct_pairs",
            title="Distinct pairs of words",
            better="one",
            meaning="How many different pairs of words are in samples, compared with as many "
            "reals: 1 where they are as varied, below 1 where samples repeat themselves.",
            source="after Li et al. 2016, arXiv:1510.03055 (distinct-2), beside reals",
            extractor=False,
        ),
    )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """The ratio; of equally many texts."""
        mine, theirs = _both(candidate, reference, context)
        many = min(len(mine), len(theirs))
        real = len({pair for text in theirs[:many] for pair in _ngrams(words_of(text), 2)})
        pairs = [set(_ngrams(words_of(text), 2)) for text in mine[:many]]
        draws = [rows[rows < many] for rows in context.resamples(len(mine), "pairs")]
        value = len(set().union(*pairs)) / max(real, 1)
        again = tuple(
            len(set().union(*(pairs[int(row)] for row in rows))) / max(real, 1) for rows in draws
        )
        return {"distinct_pairs": MetricValue(value, again)}


@metric
class Perplexity(TextMetric):
    """How surprising samples are to a model of reals, and reals to a model of samples."""

    least: ClassVar[int] = 20
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="perplexity",
            title="Perplexity of samples",
            better="lower",
            meaning="To how many equally likely words a simple model of reals would take each word "
            "of a sample. Samples that say only what is frequent are below the ceiling.",
            source="Kneser and Ney 1995; words in threes",
            extractor=False,
            limits=(1.0, float("inf")),
        ),
        MetricSpec(
            name="reverse_perplexity",
            title="Perplexity of reals",
            better="lower",
            meaning="The same of reals, by a simple model of samples: large where samples lack "
            "what reals say.",
            source="Zhao et al. 2018, arXiv:1706.04223 (reverse perplexity)",
            extractor=False,
            limits=(1.0, float("inf")),
        ),
    )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """Both; the intervals are those of drawing texts again."""
        mine, theirs = _both(candidate, reference, context)
        ways = {"perplexity": (theirs, mine), "reverse_perplexity": (mine, theirs)}
        found = {}
        for name, (learned, asked) in ways.items():
            model = WordModel(learned)
            logs, counts = np.array([model.log_prob(text) for text in asked]).T
            draws = context.resamples(len(asked), name)
            rows = [np.arange(len(asked)), *(one.numpy() for one in draws)]
            value, *again = [exp(-logs[r].sum() / max(counts[r].sum(), 1)) for r in rows]
            found[name] = MetricValue(value, tuple(again))
        return found


@metric
class TextCopies(TextMetric):
    """How many samples repeat a training text word for word."""

    least: ClassVar[int] = 1
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="text_copies",
            title="Copies of training texts",
            better="lower",
            meaning="The share of samples of six words or more that are a training text word for "
            "word. Beside it fresh reals, which may be as well.",
            source="exact match of words, case aside",
            extractor=False,
            limits=(0.0, 1.0),
            memorisation=Memorisation(0.01, share=0.25),
        ),
    )

    def applies(self, samples: SampleSet, reference: SampleSet, context: MetricContext) -> bool:
        """Where training texts are at hand."""
        return context.train is not None

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """The share of long samples."""
        assert context.train is not None
        assert isinstance(context.space, TextSpace)
        known = {_plain(text) for text in texts_of(context.space, context.train.x)}
        mine = [_plain(text) for text in texts_of(context.space, candidate.x)]
        each = torch.tensor([
            text in known and text.count(" ") >= 5 for text in mine
        ]).double()  # fmt: skip
        draws = context.resamples(len(candidate), "copies")
        again = tuple(float(each[rows].mean()) for rows in draws)
        return {"text_copies": MetricValue(float(each.mean()), again)}


@metric
class WordTest(TextMetric):
    """Can a classifier of words tell samples from reals?"""

    least: ClassVar[int] = 30
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="word_test",
            title="Told apart by words",
            better="lower",
            meaning="The area under the ROC curve of a logistic regression on words and pairs of "
            "words that tells samples from reals it has not seen: 0.5 where it cannot.",
            source="after Lopez-Paz and Oquab 2017, arXiv:1610.06545",
            protocol=f"cross-fitted in {NUM_FOLDS} folds",
            extractor=False,
            limits=(0.0, 1.0),
        ),
    )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """The area; reals and samples in equal numbers."""
        from sklearn.linear_model import LogisticRegression

        mine, theirs = _both(candidate, reference, context)
        many = min(len(mine), len(theirs))
        x = hashed_words([*theirs[:many], *mine[:many]])
        judge = LogisticRegression(C=10.0, max_iter=200, solver="liblinear", random_state=0)
        odds = cross_fitted(
            np.arange(many),
            np.arange(many, 2 * many),
            lambda known, sides, asked: judge.fit(x[known], sides).decision_function(x[asked]),
        )
        draws = [rows[rows < many].numpy() for rows in context.resamples(len(mine), "words")]
        again = tuple(area(odds[0], odds[1][rows]) for rows in draws if len(rows))
        return {"word_test": MetricValue(area(*odds), again)}


class WordModel:
    """Words in threes, each by absolute discounting (Kneser and Ney, 1995).

    Args:
        texts: what it learns from.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._counts = [Counter[tuple[str, ...]]() for _ in range(_ORDER)]
        self._totals = [Counter[tuple[str, ...]]() for _ in range(_ORDER)]
        self._kinds = [Counter[tuple[str, ...]]() for _ in range(_ORDER)]
        for text in texts:
            words = ["", "", *words_of(text), "\n"]
            for i in range(2, len(words)):
                for size in range(_ORDER):
                    before, now = tuple(words[i - size : i]), words[i]
                    self._kinds[size][before] += (*before, now) not in self._counts[size]
                    self._counts[size][*before, now] += 1
                    self._totals[size][before] += 1
        self._size = len(self._counts[0]) + 1

    def log_prob(self, text: str) -> tuple[float, int]:
        """The logarithm of the probability of a text, and how many words that is of."""
        words = ["", "", *words_of(text), "\n"]
        found = [log(self._share(tuple(words[i - 2 : i]), words[i])) for i in range(2, len(words))]
        return sum(found), len(found)

    def _share(self, before: tuple[str, ...], word: str) -> float:
        size = len(before)
        lower = 1 / self._size if size == 0 else self._share(before[1:], word)
        total = self._totals[size][before]
        if not total:
            return lower
        kept = max(self._counts[size][*before, word] - _DISCOUNT, 0.0)
        return (kept + _DISCOUNT * self._kinds[size][before] * lower) / total


def _ngrams(words: Sequence[str], n: int) -> Iterator[tuple[str, ...]]:
    return (tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def _both(
    candidate: SampleSet, reference: SampleSet, context: MetricContext
) -> tuple[list[str], list[str]]:
    assert isinstance(context.space, TextSpace)
    mine, theirs = (texts_of(context.space, one.x) for one in (candidate, reference))
    return mine[:_MOST], theirs[:_MOST]
