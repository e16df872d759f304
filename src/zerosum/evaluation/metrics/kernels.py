"""Kernel distances: the squared maximum mean discrepancy between samples and reals, unbiased.

Gretton et al., "A kernel two-sample test", JMLR 2012, equation 3. For images with the kernel of
Bińkowski et al., "Demystifying MMD GANs", ICLR 2018, arXiv:1801.01401 (KID); for points with
Gaussians. It is called KID only where the features are the published ones.

Unbiased means that it is 0 on average where both sets come from one distribution, at every size; so
it is below 0 about half of the times then.

Where we deviate: subsets of sets of equal size are the same rows of both, so that the distance
is the same in both directions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
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
from zerosum.spaces import Space

Kernel = Callable[[Tensor, Tensor], Tensor]
"""From rows `[N, F]` and `[M, F]`, float64, to how alike they are, `[N, M]`."""


def polynomial(x: Tensor, y: Tensor) -> Tensor:
    """(x·y / F + 1)³.

    >>> polynomial(torch.tensor([[1.0, 1.0]]), torch.tensor([[1.0, 1.0]]))
    tensor([[8.]])
    """
    return (x @ y.T / x.shape[1] + 1) ** 3


def gaussian(bandwidths: Sequence[float]) -> Kernel:
    """The mean over bandwidths σ of exp(-|x - y|² / 2σ²).

    >>> gaussian([1.0])(torch.zeros(1, 2), torch.zeros(1, 2))
    tensor([[1.]])
    """

    def kernel(x: Tensor, y: Tensor) -> Tensor:
        norms = x.square().sum(1)[:, None] + y.square().sum(1)
        squared = torch.addmm(norms, x, y.T, alpha=-2).clamp_min_(0)
        table = torch.zeros_like(squared)
        for width in bandwidths:
            table += torch.exp(squared / (-2 * width**2))
        return table / len(bandwidths)

    return kernel


def median_distance(x: Tensor) -> float:
    """The median distance between two of the rows `[N, F]`; 1 where most rows are the same."""
    median = float(torch.pdist(x.double()).median())
    return median if median > 0 else 1.0


def squared_mmd(
    x: Tensor,
    y: Tensor,
    kernel: Kernel,
    *,
    weights: Tensor | None = None,
    block: int = 512,
) -> Tensor:
    """Mean k(x, x') + mean k(y, y') - 2 mean k(x, y), over pairs of different rows.

    Args:
        x: `[N, F]`, with N at least 2.
        y: `[M, F]`, with M at least 2.
        kernel: how alike rows are.
        weights: `[R, N]`: R times the result, with rows of `x` weighted.
        block: rows of the kernel's table that are held at once; changes nothing else.

    Returns:
        float64 `[R]`, or a single number without weights. It may be below 0.
    """
    x, y = x.double(), y.double()
    w = torch.ones(1, len(x)).double() if weights is None else weights.double()
    mass = w.sum(1)
    within, across = torch.zeros_like(mass), torch.zeros_like(mass)
    for rows, table in _tables(x, x, kernel, block):
        table.diagonal(rows.start).zero_()  # no row is paired with itself, nor with its copies
        within += ((w @ table.T) * w[:, rows]).sum(1)
    for rows, table in _tables(x, y, kernel, block):
        across += w[:, rows] @ table.sum(1)
    other = 0.0
    for rows, table in _tables(y, y, kernel, block):
        table.diagonal(rows.start).zero_()
        other += float(table.sum())
    pairs = mass.square() - w.square().sum(1)
    result = within / pairs + other / (len(y) * (len(y) - 1)) - 2 * across / (mass * len(y))
    return result[0] if weights is None else result


def _tables(x: Tensor, y: Tensor, kernel: Kernel, block: int) -> Iterator[tuple[slice, Tensor]]:
    for start in range(0, len(x), block):
        rows = slice(start, start + block)
        yield rows, kernel(x[rows], y)


def _reading(
    candidate: SampleSet,
    reference: SampleSet,
    context: MetricContext,
    kernel: Kernel,
    *,
    size: int,
    times: int,
) -> MetricValue:
    """The mean over `times` subsets of at most `size` rows; once, where these are all rows.

    For the interval the candidate's rows are weighted by how often they were drawn again.
    """
    x, y = candidate.features, reference.features
    draws = context.resamples(len(x), "kernel")
    counts = [torch.ones(len(x))] + [torch.bincount(rows, minlength=len(x)) for rows in draws]
    weights = torch.stack([count.double() for count in counts])
    times = times if max(len(x), len(y)) > size else 1
    found = torch.zeros(len(weights), dtype=torch.float64)
    for i in range(times):
        mine, theirs = (_subset(len(rows), size, context, i) for rows in (x, y))
        found += squared_mmd(x[mine], y[theirs], kernel, weights=weights[:, mine])
        if context.tick is not None:
            context.tick("kernel", i + 1, times)
    value, *replicates = (found / times).tolist()
    return MetricValue(value, tuple(replicates))


def _subset(n: int, size: int, context: MetricContext, time: int) -> Tensor:
    """At most `size` of `n` rows, a function of these numbers alone, int64 `[min(n, size)]`."""
    if n <= size:
        return torch.arange(n)
    return context.noise("subset", str(n), str(time)).uniform(n).argsort()[:size]


@metric
class KernelDistance(Metric):
    """How unlike samples and reals are to a polynomial kernel."""

    least: ClassVar[int] = 10
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="kernel_distance",
            title="Kernel distance",
            better="lower",
            meaning="How far mean, spread and skew of the samples' features are from the reals'. "
            "Around 0 for reals, at every number of samples; a little below is chance.",
            source="Bińkowski et al. 2018, arXiv:1801.01401",
            protocol="subsets of at most 1000",
            limits=(float("-inf"), float("inf")),
        ),
    )

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Samples with axes, such as images; others have `mmd`."""
        return space.axes > 0

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """The mean over 50 subsets."""
        reading = _reading(candidate, reference, context, polynomial, size=1_000, times=50)
        return {"kernel_distance": reading}


@metric
class MaximumMeanDiscrepancy(Metric):
    """How unlike samples and reals are to Gaussian kernels, from narrow to wide."""

    least: ClassVar[int] = 10
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="mmd",
            title="MMD",
            better="lower",
            meaning="The squared distance between samples and reals, both smeared by Gaussians of "
            "an eighth, a quarter, half and all of the median distance between reals. Around 0 "
            "for reals; a little below is chance.",
            source="Gretton et al. 2012, JMLR 13, equation 3",
            protocol="at most 5000 rows",
            limits=(-2.0, 2.0),
        ),
    )

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Samples without axes; others have `kernel_distance`."""
        return not space.axes

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One subset of at most 5,000 rows; the median is that of 1,000 reals."""
        real = reference.features
        median = median_distance(real[_subset(len(real), 1_000, context, 0)])
        kernel = gaussian([median / part for part in (8, 4, 2, 1)])
        return {"mmd": _reading(candidate, reference, context, kernel, size=5_000, times=1)}
