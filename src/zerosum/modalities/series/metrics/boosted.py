"""Can boosted trees tell series from reals?

The classifier two-sample test of Lopez-Paz and Oquab, ICLR 2017, arXiv:1610.06545, with gradient
boosting on what a series holds: its values, its differences from step to step, and its spectrum.
What is given is the area under the ROC curve of cross-fitted log-odds.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from zerosum.evaluation.boosted import NUM_FOLDS, area, boosted_odds
from zerosum.evaluation.metrics.base import (
    Metric,
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
    metric,
)
from zerosum.modalities.series.space import SeriesSpace
from zerosum.spaces import Space

MOST_SERIES = 5_000
"""Series of each side that the trees see at most."""

_MOST_PLACES = 48
_BANDS = 12


class SeriesMetric(Metric):
    """A metric that asks what happens over time, and so suits series alone."""

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Series."""
        return isinstance(space, SeriesSpace)

    @staticmethod
    def bridged(samples: SampleSet, context: MetricContext) -> Tensor:
        """Series without NaN, with marks beneath; see `SeriesSpace.bridged`."""
        assert isinstance(context.space, SeriesSpace)
        return context.space.bridged(samples.x)


def tree_inputs_of(x: Tensor) -> np.ndarray:
    """Values, differences and log spectrum of series `[N, C, L]`, `[N, F]`.

    Of long series 48 places are taken, evenly spread, and differences there.

    >>> tree_inputs_of(torch.zeros(3, 2, 8)).shape
    (3, 38)
    """
    own = x.double()
    length = own.shape[2]
    parts = []
    for values in (own, own.diff(dim=2)):
        places = torch.linspace(0, values.shape[2] - 1, min(length - 1, _MOST_PLACES)).long()
        parts.append(
            (values if values.shape[2] <= _MOST_PLACES else values[:, :, places]).flatten(1)
        )
    power = torch.fft.rfft(own - own.mean(2, keepdim=True), dim=2).abs().square()[:, :, 1:]
    bands = [one.mean(2) for one in power.tensor_split(_BANDS, dim=2) if one.shape[2]]
    parts.append((torch.stack(bands, dim=2) + 1e-12).log().flatten(1))
    return torch.cat(parts, dim=1).numpy()


@metric
class C2stSeries(SeriesMetric):
    """The judge that series must fear most."""

    least: ClassVar[int] = 20
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="c2st_series",
            title="C2ST of series",
            better="lower",
            meaning="How well boosted trees tell samples from reals by their values, differences "
            "and spectrum: the chance that a sample looks more made than a real does. 0.5 is "
            "chance, 1 is always. It is the hardest judge here, and finds any difference that "
            "shows in a series, even one that matters to nobody.",
            source="Lopez-Paz and Oquab 2017, arXiv:1610.06545",
            protocol=f"AUC, boosted trees on values, differences and spectrum, {NUM_FOLDS} folds, "
            f"up to {MOST_SERIES} series each",
            extractor=False,
            limits=(0.5, 1.0),
        ),
    )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One area; for the interval the judged series are resampled, not the fits."""
        n = min(len(candidate), len(reference), MOST_SERIES)
        made = candidate.x[context.some(n, len(candidate), "c2st_series", "samples")]
        real = reference.x[context.some(n, len(reference), "c2st_series", "reals")]
        odds = boosted_odds(_seen(real, context), _seen(made, context), seed=context.seed)
        value = max(area(*odds), 0.5)
        draws = zip(
            context.resamples(n, "c2st_series reals"), context.resamples(n, "c2st_series samples"),
            strict=True,
        )  # fmt: skip
        again = tuple(area(odds[0][a.numpy()], odds[1][b.numpy()]) for a, b in draws)
        return {"c2st_series": MetricValue(value, again)}


def _seen(x: Tensor, context: MetricContext) -> np.ndarray:
    """What trees see of series, and their attributes beside it, `[N, F]`."""
    assert isinstance(context.space, SeriesSpace)
    inputs = tree_inputs_of(context.space.bridged(x))
    return np.concatenate([inputs, context.space.parts(x)[1].numpy()], axis=1)
