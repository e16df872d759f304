"""Do values depend on each other as they do in reals: over time, across channels, by frequency?

Distances between mean autocorrelations and cross-correlations are those of Liao et al.,
"Sig-Wasserstein GANs for conditional time series generation", Mathematical Finance 2024,
arXiv:2006.05421.
"""

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from zerosum.evaluation.metrics.base import (
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
    metric,
)
from zerosum.modalities.series.dependence import autocorrelations, cross_correlations, spectra
from zerosum.modalities.series.metrics.boosted import SeriesMetric
from zerosum.modalities.series.space import SeriesSpace
from zerosum.spaces import Space

_SOURCE = "Liao et al. 2024, arXiv:2006.05421"


class _MeanDistance(SeriesMetric):
    """How far the mean of something that each series says is from that of reals."""

    least: ClassVar[int] = 10

    def said(self, x: Tensor) -> Tensor:
        """What each series says, float64 `[N, ...]`."""
        raise TypeError(f"{type(self).__name__} must define said()")

    def apart(self, a: Tensor, b: Tensor) -> float:
        """How far two means are apart."""
        return float((a - b).abs().mean())

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One distance; for the interval samples and reals are drawn again."""
        name = self.outputs[0].name
        made, real = (self.said(self.bridged(one, context)) for one in (candidate, reference))
        value = self.apart(made.mean(0), real.mean(0))
        draws = zip(
            context.resamples(len(made), name, "samples"),
            context.resamples(len(real), name, "reals"),
            strict=True,
        )
        again = tuple(self.apart(made[a].mean(0), real[b].mean(0)) for a, b in draws)
        return {name: MetricValue(value, again)}


@metric
class AutocorrelationDistance(_MeanDistance):
    """Over time."""

    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="autocorrelation_distance",
            title="Autocorrelation distance",
            better="lower",
            meaning="How far the mean autocorrelation of values, of their differences and of the "
            "size of these is from that of reals, on average over lags and channels. 0 is no "
            "difference; the third part is what makes calm and wild stretches.",
            source=_SOURCE,
            protocol="values, differences, absolute differences; lags to L/2",
            extractor=False,
        ),
    )

    def said(self, x: Tensor) -> Tensor:
        """Three autocorrelations, `[N, C, 3K]`."""
        steps = x.double().diff(dim=2)
        lags = max(1, min(x.shape[2] // 2, 64) - 1)
        parts = [x, steps, steps.abs()] if steps.shape[2] > lags else [x]
        return torch.cat([autocorrelations(part, lags=lags) for part in parts], dim=2)


@metric
class CrossCorrelationDistance(_MeanDistance):
    """Across channels."""

    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="cross_correlation_distance",
            title="Cross-correlation distance",
            better="lower",
            meaning="How far the mean correlation between two channels within a series, of values "
            "and of differences, is from that of reals, on average over pairs. 0 is no difference.",
            source=_SOURCE,
            protocol="values and differences",
            extractor=False,
        ),
    )

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Series of several channels."""
        return isinstance(space, SeriesSpace) and len(space.names) > 1

    def said(self, x: Tensor) -> Tensor:
        """Two matrices, `[N, 2, C, C]`."""
        parts = [x, x.double().diff(dim=2)]
        return torch.stack([cross_correlations(part) for part in parts], dim=1)


@metric
class SpectrumDistance(_MeanDistance):
    """Over frequencies."""

    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="spectrum_distance",
            title="Spectrum distance",
            better="lower",
            meaning="Which share of the variance lies at other frequencies than in reals, on "
            "average over channels: 0 where the mean spectra agree, 1 where they share none.",
            source="total variation between mean normalised periodograms",
            extractor=False,
            limits=(0.0, 1.0),
        ),
    )

    def said(self, x: Tensor) -> Tensor:
        """Periodograms, `[N, C, F]`."""
        return spectra(x)

    def apart(self, a: Tensor, b: Tensor) -> float:
        """Total variation, the mean over channels."""
        return float((a - b).abs().sum(-1).mean() / 2)


@metric
class Extremes(SeriesMetric):
    """Largest values and steps."""

    least: ClassVar[int] = 10
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="extremes_distance",
            title="Extremes distance",
            better="lower",
            meaning="How differently the largest value, the smallest value, the range and the "
            "largest step of a series are distributed beside those of reals, on average over "
            "channels: 0 where they agree, 1 where they share nothing.",
            source="Kolmogorov-Smirnov distance of each, averaged",
            extractor=False,
            limits=(0.0, 1.0),
        ),
    )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One distance; for the interval samples and reals are drawn again."""
        made, real = (_extremes(self.bridged(one, context)) for one in (candidate, reference))
        draws = zip(
            context.resamples(len(made), "extremes", "samples"),
            context.resamples(len(real), "extremes", "reals"),
            strict=True,
        )
        again = tuple(mean_ks(made[a], real[b]) for a, b in draws)
        return {"extremes_distance": MetricValue(mean_ks(made, real), again)}


def mean_ks(a: Tensor, b: Tensor) -> float:
    """The Kolmogorov-Smirnov distance between columns of `[N, D]` and `[M, D]`, averaged.

    >>> mean_ks(torch.tensor([[0.0], [1.0]]), torch.tensor([[1.0], [2.0]]))
    0.5
    """
    own, other = (one.T.contiguous().sort(dim=1).values for one in (a, b))
    points = torch.cat([own, other], dim=1)

    def below(values: Tensor) -> Tensor:
        return torch.searchsorted(values, points, right=True).double() / values.shape[1]

    return float((below(own) - below(other)).abs().amax(1).mean())


def _extremes(x: Tensor) -> Tensor:
    """Largest, smallest, range and largest step of each channel, `[N, 4C]`."""
    own = x.double()
    most, least = own.amax(2), own.amin(2)
    return torch.cat([most, least, most - least, own.diff(dim=2).abs().amax(2)], dim=1)
