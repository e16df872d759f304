"""What is measured while a training runs, where the data allows it at next to no cost."""

import time

from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import Trainer
from zerosum.modalities.points.modes import count_modes
from zerosum.rng import Noise, derive_seed
from zerosum.runs.store import Run

_SAMPLES = 2_500
_SHARE_OF_TIME = 0.02
_LEAST_SECONDS = 5.0


class ModeHook(Hook):
    """Counts the modes that 2,500 samples cover, on mixtures whose modes are known."""

    def __init__(self, run: Run) -> None:
        self._run = run
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
        modes = trainer.dataset.modes
        if modes is None:
            return
        noise = Noise(derive_seed(0, "mode samples"))
        x = trainer.sample(trainer.game.draw(_SAMPLES, noise))
        count = count_modes(x, modes, trainer.dataset.mode_std)
        self.newest = {
            "modes_covered": count.covered,
            "high_quality": round(count.high_quality, 4),
            "mode_kl": round(count.kl, 4),
        }
        self._run.add_event(
            "measured", step=trainer.step, images=trainer.images_seen, **self.newest
        )


def metric_hook(run: Run, trainer: Trainer) -> list[Hook]:
    """The measures that suit the trainer's data; none where there is nothing cheap to measure."""
    return [ModeHook(run)] if trainer.dataset.modes is not None else []
