"""Does the model give back the rows it was trained on?

All need training rows and a holdout of the same kind: what is near to both is merely typical.
They say nothing about quality; noise and a good model score alike.

Meehan et al., "A non-parametric test to detect data-copying in generative models", AISTATS 2020,
arXiv:2004.05675, for samples that are nearer to training rows than a holdout is.
"""

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from zerosum.evaluation.judging.holdout import row_bytes
from zerosum.evaluation.metrics.base import (
    Memorisation,
    Metric,
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
    metric,
)
from zerosum.evaluation.metrics.blocks import nearest

NEAR = 0.01
"""A sample is a near copy where it is as near to a training row as this share of the holdout."""


def identical(x: Tensor, train: Tensor) -> Tensor:
    """Whether each compact sample `[N, ...]` is one of the training rows `[M, ...]`, bool `[N]`.

    >>> identical(torch.tensor([[0.0], [2.0]]), torch.tensor([[-0.0], [1.0]]))
    tensor([ True, False])
    """
    known = set(row_bytes(train))
    return torch.tensor([row in known for row in row_bytes(x)], dtype=torch.bool)


def closer(to_train: Tensor, to_holdout: Tensor) -> Tensor:
    """1 if a sample is nearer to training rows, 0 if to the holdout, ½ if equally near.

    Both are distances `[N]` to the nearest of as many rows; the result is float64 `[N]`.

    >>> closer(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([2.0, 2.0, 2.0])).tolist()
    [1.0, 0.5, 0.0]
    """
    return (to_train < to_holdout).double() + 0.5 * (to_train == to_holdout).double()


class _Memory(Metric):
    def applies(self, samples: SampleSet, reference: SampleSet, context: MetricContext) -> bool:
        """If there are training rows, and reals that the model was not trained on."""
        return context.train is not None and context.split == "holdout"

    def _share(
        self, hits: Tensor, context: MetricContext, *, least: float = 0.0
    ) -> dict[str, MetricValue]:
        name = self.outputs[0].name
        rows = context.resamples(len(hits), name)
        shares = tuple(float(hits[some].double().mean()) for some in rows)
        return {name: MetricValue(max(float(hits.double().mean()), least), shares)}


@metric
class CloserToTrain(_Memory):
    """Whether samples lean towards the rows that were trained on."""

    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="closer_to_train",
            title="Closer to train",
            better="lower",
            meaning="Share of samples that are nearer to a training row than to any of as many "
            "reals that were never trained on. An honest model has a half; what is below counts as "
            "a half. More means that training rows are given back, blurred or bent.",
            source="after Meehan et al. 2020, arXiv:2004.05675",
            limits=(0.5, 1.0),
            memorisation=Memorisation(0.05),
        ),
    )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One share; for the interval the candidate is resampled."""
        train = _train(context)
        n = min(len(train), len(reference))
        of_train = train.features[context.some(n, len(train), "closer", "train")]
        of_holdout = reference.features[context.some(n, len(reference), "closer", "holdout")]
        hits = closer(_to(candidate, of_train, context), _to(candidate, of_holdout, context))
        return self._share(hits, context, least=0.5)


@metric
class ExactCopies(_Memory):
    """Samples that are training rows, value by value."""

    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="exact_copies",
            title="Exact copies",
            better="lower",
            meaning="Share of samples that equal a training row in every value. Where fresh reals "
            "have some too, the data holds rows several times.",
            source="equality of stored values",
            protocol="train={train}",
            extractor=False,
            limits=(0.0, 1.0),
            memorisation=Memorisation(0.0, share=0.25),
        ),
    )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One share; for the interval the candidate is resampled."""
        return self._share(identical(candidate.x, _train(context).x), context)


@metric
class NearCopies(_Memory):
    """Samples that are nearer to a training row than nearly all of the holdout."""

    least: ClassVar[int] = 20
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="near_copies",
            title="Near copies",
            better="lower",
            meaning="Share of samples that are as near to a training row as only 1 % of the "
            "holdout is. So about 0.01 is right; much more means copies with small changes.",
            source="distances to the nearest training row, threshold at the holdout's 1 % quantile",
            protocol="train={train}",
            limits=(0.0, 1.0),
            memorisation=Memorisation(0.01, share=0.25),
        ),
    )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One share; for the interval the candidate is resampled, not the threshold."""
        train = _train(context).features
        threshold = _to(reference, train, context).quantile(NEAR)
        return self._share(_to(candidate, train, context) <= threshold, context)


def _train(context: MetricContext) -> SampleSet:
    assert context.train is not None
    return context.train


def _to(exhibit: SampleSet, points: Tensor, context: MetricContext) -> Tensor:
    return nearest(exhibit.features, points, 1, tick=context.tick)[0][:, 0]
