"""Whether a text says what its row says, and teaches it."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

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
        space = context.space
        assert isinstance(space, TextSpace)
        mine, real = candidate.x[:_MOST], reference.x[:_MOST]
        words, known = hashed_words(texts_of(space, mine)), hashed_words(texts_of(space, real))
        draws = [rows[rows < len(mine)].numpy() for rows in context.resamples(len(mine), "agree")]
        each = []
        for column, values in _columns(space, real):
            truth = real[:, column].numpy()
            learned = np.isin(truth, values)
            named = _named(known[learned], truth[learned], words)
            said = np.equal(named, mine[:, column].numpy().astype(str))
            each.append([
                _balanced(said[rows], mine[rows, column].numpy())
                for rows in (np.arange(len(mine)), *draws)
            ])  # fmt: skip
        value, *again = np.mean(each, axis=0).tolist()
        return {"agreement": MetricValue(value, tuple(again))}


@metric
class Lesson(TextMetric):
    """How well a reader of samples reads reals."""

    least: ClassVar[int] = 30
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="lesson",
            title="Cells learned from texts",
            better="higher",
            meaning="A classifier of words learns from samples to name what stands in the row, "
            "and is tried on reals: the share in which it is right, mean over the values of a "
            "column and over the columns that have few. Beside it one that learned from reals.",
            source="Esteban et al. 2017, arXiv:1706.02633 (train on synthetic, test on real)",
            protocol="logistic regression of words and pairs of words; balanced accuracy",
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
        """The share; intervals are those of drawing the reals again."""
        space = context.space
        assert isinstance(space, TextSpace)
        mine, real = candidate.x[:_MOST], reference.x[:_MOST]
        words, known = (hashed_words(texts_of(space, one)) for one in (mine, real))
        draws = [rows.numpy() for rows in context.resamples(len(real), "lesson")]
        each = []
        for column, _ in _columns(space, real):
            truth, taught = (one[:, column].numpy() for one in (real, mine))
            said = _named(words, taught, known)
            right = np.equal(said, truth.astype(str))
            each.append([
                _balanced(right[rows], truth[rows]) for rows in (np.arange(len(real)), *draws)
            ])  # fmt: skip
        value, *again = np.mean(each, axis=0).tolist()
        return {"lesson": MetricValue(value, tuple(again))}


def _named(words: Any, truth: np.ndarray, asked: Any) -> np.ndarray:
    """What a classifier that learned `truth` from texts says of others."""
    from sklearn.linear_model import LogisticRegression

    given = ~np.isnan(truth)
    if len({*truth[given]}) < 2:
        return np.repeat(str(truth[given][0]) if given.any() else "", asked.shape[0])
    judge = LogisticRegression(C=10.0, max_iter=200, random_state=0)
    return np.asarray(judge.fit(words[given], truth[given].astype(str)).predict(asked))


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
