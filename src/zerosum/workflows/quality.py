"""How good samples are while a training runs, in features that were learned from the data."""

import math
import time
from collections.abc import Callable

import torch
from torch import Tensor

from zerosum.data.base import Dataset
from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import Trainer
from zerosum.evaluation.features.self_features import (
    kept_self_features,
    seconds_to_learn,
    self_features,
    unseen_rows,
)
from zerosum.evaluation.metrics.base import MetricContext, SampleSet
from zerosum.evaluation.metrics.kernels import KernelDistance
from zerosum.evaluation.metrics.neighbours import Neighbourhoods
from zerosum.rng import Noise, derive_seed
from zerosum.runs.store import Run

_SAMPLES, _FEW = 1_000, 50
_CHUNK = 250
_LEAST_REALS = 50


class QualityHook(Hook):
    """Records the kernel distance and the coverage of 1,000 samples beside training rows.

    Both are read in `self` features, on rows that these were not learned from, so that `evaluate`
    says nearly the same of the same samples. Features that are not known yet are learned once that
    takes at most a twentieth of the training, and looks take at most a fiftieth.

    Args:
        run: where the numbers are recorded.
        dataset: the training data.
        share_to_look: of the time, for looks.
        share_to_learn: of the time of the whole training, for learning features.
        least_seconds: between two looks.
    """

    def __init__(
        self,
        run: Run,
        dataset: Dataset,
        *,
        share_to_look: float = 0.02,
        share_to_learn: float = 0.05,
        least_seconds: float = 5.0,
    ) -> None:
        self._run, self._dataset, self._pause = run, dataset, least_seconds
        self._share_to_look, self._share_to_learn = share_to_look, share_to_learn
        self._extract = kept_self_features(dataset)
        self._to_learn: float | None = None
        self._to_look = math.inf
        self._reals: SampleSet | None = None
        self._due = 0.0

    def started(self, trainer: Trainer) -> None:
        """The first look is a little later, when there is something to see."""
        self._due = time.monotonic() + self._pause

    def stepped(self, trainer: Trainer) -> None:
        """Look when it is time."""
        if time.monotonic() < self._due:
            return
        if math.isinf(self._to_look):
            self._to_look = self._timed(lambda: self._samples(trainer, _FEW)) * _SAMPLES / _FEW
        elif self._known(trainer):
            self._to_look = self._timed(lambda: self._look(trainer))
            expected = trainer.seconds / trainer.progress
            worth = self._to_look <= self._share_to_look * expected
            self.closing_seconds = self._to_look if worth else 0.0
        self._due = time.monotonic() + max(self._to_look / self._share_to_look, self._pause)

    def ended(self, trainer: Trainer, reason: str) -> None:
        """Look at the final weights."""
        if self._extract is not None and self._to_look <= self._share_to_look * trainer.seconds:
            scores = self._run.manifest.get("scores") or {}
            self._run.update(scores={**scores, **self._look(trainer)})

    def _known(self, trainer: Trainer) -> bool:
        """Whether features are there, which may now be worth learning."""
        if self._extract is None:
            with torch.enable_grad():
                if self._to_learn is None:
                    self._to_learn = seconds_to_learn(self._dataset)
                if self._to_learn <= self._share_to_learn * trainer.seconds / trainer.progress:
                    self._extract = self_features(self._dataset)
        return self._extract is not None

    def _look(self, trainer: Trainer) -> dict[str, float]:
        extract = self._extract
        assert extract is not None
        if self._reals is None:
            reals = self._dataset.take(unseen_rows(self._dataset)[:_SAMPLES])[0]
            self._reals = SampleSet(reals, extract(reals))
        x = self._samples(trainer, _SAMPLES)
        samples = SampleSet(x, extract(x))
        if not bool(samples.features.isfinite().all()):
            return {}
        space = self._dataset.space.judged
        context = MetricContext(space, extractor=extract.name, split="train")
        distance = KernelDistance().read(samples, self._reals, context)["kernel_distance"]
        coverage = Neighbourhoods().read(samples, self._reals, context)["coverage"]
        found = {
            "kernel_distance": float(f"{distance.value:.4g}"), "coverage": round(coverage.value, 4),
        }  # fmt: skip
        self._run.add_event("measured", step=trainer.step, samples=trainer.samples_seen, **found)
        return found

    @staticmethod
    def _samples(trainer: Trainer, n: int) -> Tensor:
        """The first `n` samples, the same latents each time."""
        whole = trainer.game.draw(n, Noise(derive_seed(0, "quality samples")))
        parts = [whole.rows(i, i + _CHUNK) for i in range(0, whole.size, _CHUNK)]
        return torch.cat([trainer.sample(part) for part in parts])

    @staticmethod
    def _timed(work: Callable[[], object]) -> float:
        start = time.monotonic()
        work()
        return time.monotonic() - start


def quality_hook(run: Run, trainer: Trainer) -> list[Hook]:
    """The hook, where samples have axes, such as images, and there are reals enough.

    In a private training nothing is measured: the numbers are computed from real rows.
    """
    dataset = trainer.dataset
    enough = len(unseen_rows(dataset)) >= _LEAST_REALS
    if not dataset.space.axes or not enough or run.manifest.get("privacy"):
        return []
    return [QualityHook(run, dataset)]
