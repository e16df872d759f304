"""Can boosted trees tell series from reals by their values, differences and spectrum?"""

import numpy as np
import torch
from torch import Tensor

from zerosum.evaluation.metrics.base import Metric, MetricContext, SampleSet, metric
from zerosum.evaluation.metrics.c2st import C2st, boosted_odds, c2st_spec
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
class C2stSeries(SeriesMetric, C2st):
    """The judge that series must fear most."""

    most = MOST_SERIES
    outputs = (
        c2st_spec(
            "c2st_series",
            "C2ST of series",
            "How well boosted trees tell samples from reals by their values, differences and "
            "spectrum",
            judge="boosted trees on values, differences and spectrum",
            most=f"{MOST_SERIES} series",
            more="It is the hardest judge here, and finds any difference that shows in a series, "
            "even one that matters to nobody.",
        ),
    )

    def odds(self, reals: Tensor, samples: Tensor, context: MetricContext) -> np.ndarray:
        """By values, differences and spectrum, and attributes."""
        return boosted_odds(_seen(reals, context), _seen(samples, context), seed=context.seed)


def _seen(x: Tensor, context: MetricContext) -> np.ndarray:
    """What trees see of series, and their attributes beside it, `[N, F]`."""
    assert isinstance(context.space, SeriesSpace)
    inputs = tree_inputs_of(context.space.bridged(x))
    return np.concatenate([inputs, context.space.parts(x)[1].numpy()], axis=1)
