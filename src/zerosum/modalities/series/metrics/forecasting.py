"""Can one learn to forecast from samples what one learns from reals?

Train on synthetic, test on real: Esteban, Hyland and Rätsch, "Real-valued (medical) time series
generation with recurrent conditional GANs", 2017, arXiv:1706.02633. The next step is forecast, as
in Yoon, Jarrett and van der Schaar, "Time-series generative adversarial networks", NeurIPS 2019.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from zerosum.evaluation.metrics.base import (
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
    metric,
)
from zerosum.modalities.series.metrics.boosted import SeriesMetric
from zerosum.modalities.series.space import SeriesSpace
from zerosum.spaces import Space

MOST_SERIES = 2_000
MOST_CHANNELS = 6
_PAST = 12
_LEAST_LENGTH = 4


@metric
class Forecasting(SeriesMetric):
    """Fit on samples, forecast reals (TSTR)."""

    least: ClassVar[int] = 40
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="forecast_error",
            title="Forecast error",
            better="lower",
            meaning="How wrong boosted trees that learned from samples alone are about the last "
            "step of reals, given the steps before: the mean absolute error beside that of taking "
            "the mean step of the reals, on average over channels. As many reals teach what "
            "stands beside it.",
            source="Esteban et al. 2017, arXiv:1706.02633; Yoon et al. 2019",
            protocol=f"boosted trees on {_PAST} steps, up to {MOST_SERIES} series each",
            extractor=False,
        ),
    )

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Series of four steps or more."""
        return isinstance(space, SeriesSpace) and space.length >= _LEAST_LENGTH

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One error; for the interval the forecast reals are resampled, not the fit."""
        assert isinstance(context.space, SeriesSpace)
        train, test = (
            self.bridged(one, context)[context.some(MOST_SERIES, len(one), "forecast_error", side)]
            for one, side in ((candidate, "samples"), (reference, "reals"))
        )
        errors, steps = forecast_errors(train, test, seed=context.seed)
        base = steps.mean(0)
        rows = context.resamples(len(errors), "forecast_error")
        again = tuple(float((errors[r].mean(0) / base).mean()) for r in map(Tensor.numpy, rows))
        return {"forecast_error": MetricValue(float((errors.mean(0) / base).mean()), again)}


def forecast_errors(train: Tensor, test: Tensor, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Absolute errors about the last steps of `test`, and how far these are from their mean.

    What is forecast is the change from the last but one value, in the standard deviation of the
    channel's values in `test`. Channels that do not move there do not count; of many, six count.

    Args:
        train: series `[N, C, L]`.
        test: others `[M, C, L]`.
        seed: of the trees.

    Returns:
        Two arrays, float64 `[M, K]`.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    scale = test.double().std(dim=(0, 2), correction=0)
    moving = torch.nonzero(test[:, :, -1].double().std(0) > 0).flatten()
    moving = moving[torch.linspace(0, len(moving) - 1, min(len(moving), MOST_CHANNELS)).long()]
    inputs, targets = zip(*(_asked(one, scale) for one in (train, test)), strict=True)
    errors, apart = [], []
    for channel in moving.tolist():
        trees = HistGradientBoostingRegressor(
            max_iter=40, max_leaf_nodes=8, l2_regularization=1.0, random_state=seed % 2**32
        )
        trees.fit(inputs[0], targets[0][:, channel])
        truth = targets[1][:, channel]
        errors.append(np.abs(trees.predict(inputs[1]) - truth))
        apart.append(np.maximum(np.abs(truth - np.median(truth)), 1e-9))
    return np.stack(errors, axis=1), np.stack(apart, axis=1)


def _asked(x: Tensor, scale: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Last values and steps before the last, `[N, F]`, and the last steps `[N, C]`."""
    own = x.double() / torch.where(scale > 0, scale, 1)[:, None]
    past = own[:, :, :-1]
    steps = past.diff(dim=2)[:, :, -_PAST:]
    inputs = torch.cat([past[:, :, -1], steps.flatten(1)], dim=1)
    return inputs.numpy(), (own[:, :, -1] - own[:, :, -2]).numpy()
