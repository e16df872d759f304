"""Metrics from a classifier of the data's own labels.

The classifier learned from reals alone, on rows that no figure is taken on, so a generator has no
hand in it. Its errors are in the ceilings too.
"""

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from zerosum.evaluation.metrics.base import (
    Metric,
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
    metric,
)

_PROTOCOL = "own classifier"


def class_score(logits: Tensor, weights: Tensor | None = None) -> float:
    """The exponential of E KL(p(y|x) ‖ p(y)), from 1 to K, for logits `[N, K]`.

    Each row counts `weights` `[N]` times.

    >>> round(class_score(50.0 * torch.eye(4)), 6)
    4.0
    """
    log_p = logits.double().log_softmax(dim=1)
    p = log_p.exp()
    share = torch.full((len(p),), 1 / len(p), dtype=torch.float64)
    if weights is not None:
        share = weights.double() / weights.sum()
    sure = share @ (p * log_p).sum(dim=1)
    mean = share @ p
    score = float((sure - torch.xlogy(mean, mean).sum()).exp())
    return min(max(score, 1.0), float(logits.shape[1]))


def class_kl(samples: Tensor, reals: Tensor) -> float:
    """KL of one histogram over K classes from another, counts `[K]`, in nats.

    Half a row is added to each class of both (Jeffreys), so that it is finite, and 0 for two
    histograms that are alike.

    >>> class_kl(torch.tensor([5, 5]), torch.tensor([5, 5]))
    0.0
    """
    p, q = ((counts.double() + 0.5) / (counts.double() + 0.5).sum() for counts in (samples, reals))
    return max(float(torch.xlogy(p, p / q).sum()), 0.0)


@metric
class ClassScore(Metric):
    """The score of Salimans et al. (2016), with the data's own classifier in place of Inception."""

    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="class_score",
            title="Class score",
            better="higher",
            meaning="How surely each sample is of one class, and how evenly classes are filled: "
            "1 at worst, the number of classes at best. It does not see whether samples of a class "
            "differ, or whether they look real to anyone but the classifier.",
            source="Salimans et al. 2016, arXiv:1606.03498, with the data's own classifier",
            protocol=_PROTOCOL,
            extractor=False,
            limits=(1.0, float("inf")),
        ),
    )

    def applies(self, samples: SampleSet, reference: SampleSet, context: MetricContext) -> bool:
        """If there is a classifier."""
        return samples.class_logits is not None

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One score; for the interval the candidate is resampled."""
        logits = _logits(candidate)
        replicates = [
            class_score(logits, torch.bincount(rows, minlength=len(logits)))
            for rows in context.resamples(len(logits), "class score")
        ]
        return {"class_score": MetricValue(class_score(logits), tuple(replicates))}


@metric
class ClassKl(Metric):
    """Whether the classes are as frequent among samples as among reals."""

    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="class_kl",
            title="Class KL",
            better="lower",
            meaning="How far the shares of classes among samples are from those among reals, in "
            "nats; 0 where they agree. A class that is never made shows here. The classifier says "
            "which class a sample is of, for samples and reals alike.",
            source="Kullback-Leibler divergence of histograms, half a row added to each class",
            protocol=_PROTOCOL,
            extractor=False,
        ),
    )

    def applies(self, samples: SampleSet, reference: SampleSet, context: MetricContext) -> bool:
        """If there is a classifier."""
        return samples.class_logits is not None and reference.class_logits is not None

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One divergence; for the interval the candidate is resampled."""
        classes, num_classes = _logits(candidate).argmax(dim=1), _logits(candidate).shape[1]
        reals = torch.bincount(_logits(reference).argmax(dim=1), minlength=num_classes)

        def divergence(rows: Tensor) -> float:
            return class_kl(torch.bincount(classes[rows], minlength=num_classes), reals)

        rows = context.resamples(len(classes), "class kl")
        value = divergence(torch.arange(len(classes)))
        return {"class_kl": MetricValue(value, tuple(map(divergence, rows)))}


@metric
class IntendedClass(Metric):
    """Whether samples are of the class that was asked for."""

    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="intended_class",
            title="Intended class",
            better="higher",
            meaning="Share of samples in which the classifier sees the label that was asked for. "
            "With reals it is the classifier's own accuracy.",
            source="the data's own classifier, trained on reals that no figure is taken on",
            protocol=_PROTOCOL,
            extractor=False,
            limits=(0.0, 1.0),
        ),
    )

    def applies(self, samples: SampleSet, reference: SampleSet, context: MetricContext) -> bool:
        """If labels were requested and there is a classifier."""
        return samples.class_logits is not None and samples.y is not None

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One share; for the interval the candidate is resampled."""
        assert candidate.y is not None
        right = (_logits(candidate).argmax(dim=1) == candidate.y).double()
        rows = context.resamples(len(right), "intended class")
        shares = tuple(float(right[some].mean()) for some in rows)
        return {"intended_class": MetricValue(float(right.mean()), shares)}


def _logits(exhibit: SampleSet) -> Tensor:
    assert exhibit.class_logits is not None
    return exhibit.class_logits
