"""Whether a text says what its row says."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

import numpy as np
from torch import Tensor

from zerosum.evaluation.metrics.base import (
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
    metric,
)
from zerosum.modalities.strings.features import hashed_words
from zerosum.modalities.strings.frames import texts_of
from zerosum.modalities.strings.metrics.words import TextMetric
from zerosum.modalities.strings.space import LENGTH, TextSpace

_MOST = 2_000
_CLASSES = 10
_LEAST = 5
"""Texts that a class must have to be learned."""


@metric
class Agreement(TextMetric):
    """How often a reader of reals finds in a text what stands in its row."""

    least: ClassVar[int] = 30
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="agreement",
            title="Agreement of text and row",
            better="higher",
            meaning="A classifier of words learns from reals to name what stands in the row: a "
            "sentiment, a diagnosis. The share of samples in which it is right, mean over the "
            "values of a column and over the columns that have few. Beside it fresh reals.",
            source="logistic regression of words and pairs of words; balanced accuracy",
            extractor=False,
            limits=(0.0, 1.0),
        ),
    )

    def applies(self, samples: SampleSet, reference: SampleSet, context: MetricContext) -> bool:
        """Where a column has few values."""
        assert isinstance(context.space, TextSpace)
        return any(True for _ in _columns(context.space, reference.x[:_MOST]))

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """The share; intervals are those of drawing samples again."""
        from sklearn.linear_model import LogisticRegression

        space = context.space
        assert isinstance(space, TextSpace)
        mine, real = candidate.x[:_MOST], reference.x[:_MOST]
        words, known = hashed_words(texts_of(space, mine)), hashed_words(texts_of(space, real))
        draws = [rows[rows < len(mine)].numpy() for rows in context.resamples(len(mine), "agree")]
        each = []
        for column, values in _columns(space, real):
            truth = real[:, column].numpy()
            learned = np.isin(truth, values)
            judge = LogisticRegression(C=10.0, max_iter=200, random_state=0)
            judge.fit(known[learned], truth[learned].astype(str))
            named = np.asarray(judge.predict(words))
            said = np.equal(named, mine[:, column].numpy().astype(str))
            each.append([
                _balanced(said[rows], mine[rows, column].numpy())
                for rows in (np.arange(len(mine)), *draws)
            ])  # fmt: skip
        value, *again = np.mean(each, axis=0).tolist()
        return {"agreement": MetricValue(value, tuple(again))}


def _columns(space: TextSpace, real: Tensor) -> Iterator[tuple[int, np.ndarray]]:
    """Columns of few values, and those of which there are enough to learn from."""
    for i, name in enumerate(space.attributes.names):
        values, counts = np.unique(real[:, i].numpy(), return_counts=True)
        known = values[(counts >= _LEAST) & ~np.isnan(values)]
        if name != LENGTH and len(known) >= 2 and len(values) <= _CLASSES:
            yield i, known


def _balanced(right: np.ndarray, truth: np.ndarray) -> float:
    """The mean over values of how often one was right, 0 to 1."""
    shares = [right[truth == value].mean() for value in np.unique(truth[~np.isnan(truth)])]
    return float(np.mean(shares)) if shares else 0.0
