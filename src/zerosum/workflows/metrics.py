"""What is measured while a training runs: the metrics that ask for it, at next to no cost."""

import time
from collections.abc import Sequence

from torch import Tensor

from zerosum.catalogue import metrics_for
from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import Trainer
from zerosum.evaluation.features.base import Embedded
from zerosum.evaluation.metrics.base import Metric, MetricContext, SampleSet
from zerosum.rng import Noise, derive_seed
from zerosum.runs.store import Run

_SAMPLES = 2_500
_SHARE_OF_TIME = 0.02
_LEAST_SECONDS = 5.0


class MeasureHook(Hook):
    """Reads measures of 2,500 samples, beside as many training rows.

    Args:
        run: where the numbers are recorded.
        metrics: that are cheap enough, see `Metric.in_training`.
        reference: the training rows.
        context: what the metrics share.
    """

    def __init__(
        self, run: Run, metrics: Sequence[Metric], reference: SampleSet, context: MetricContext
    ) -> None:
        self._run, self._metrics, self._reference, self._context = run, metrics, reference, context
        self._next = 0.0
        self.newest: dict[str, float] = {}

    def stepped(self, trainer: Trainer) -> None:
        """Measure when it costs at most two hundredths of the time."""
        if time.monotonic() < self._next:
            return
        start = time.monotonic()
        self._measure(trainer)
        pause = max((time.monotonic() - start) / _SHARE_OF_TIME, _LEAST_SECONDS)
        self._next = time.monotonic() + pause

    def ended(self, trainer: Trainer, reason: str) -> None:
        """Measure the final weights."""
        self._measure(trainer)
        self._run.update(scores=self.newest)

    def _measure(self, trainer: Trainer) -> None:
        noise = Noise(derive_seed(0, "mode samples"))
        x = trainer.sample(trainer.game.draw(_SAMPLES, noise))
        samples = _exhibit(x, self._context)
        readings = [one.read(samples, self._reference, self._context) for one in self._metrics]
        self.newest = {
            name: round(reading.value, 4) for found in readings for name, reading in found.items()
        }
        self._run.add_event(
            "measured", step=trainer.step, samples=trainer.samples_seen, **self.newest
        )


def metric_hook(run: Run, trainer: Trainer) -> list[Hook]:
    """Reads what can be measured while this training runs; empty if nothing can.

    In a private training nothing is measured: the numbers are computed from real rows.
    """
    dataset = trainer.dataset
    space = dataset.space.judged
    metrics = [one for one in metrics_for(space) if one.in_training]
    if not metrics or run.manifest.get("privacy"):
        return []
    context = MetricContext(
        space, extractor="embedded", split="train", modes=dataset.modes, mode_std=dataset.mode_std
    )
    noise = Noise(derive_seed(0, "measured rows"))
    rows = noise.uniform(len(dataset)).argsort(stable=True)[:_SAMPLES]
    reference = _exhibit(dataset.take(rows)[0], context)
    there = [one for one in metrics if one.applies(reference, reference, context)]
    return [MeasureHook(run, there, reference, context)] if there else []


def _exhibit(x: Tensor, context: MetricContext) -> SampleSet:
    return SampleSet(x, Embedded(context.space, name=context.extractor)(x))
