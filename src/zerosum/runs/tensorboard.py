"""Runs as TensorBoard logs, while they train or afterwards; needs the extra `tensorboard`."""

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from zerosum.engine.hooks import Hook, Row
from zerosum.engine.trainer import Trainer
from zerosum.errors import MissingExtraError
from zerosum.runs.files import require_unicode
from zerosum.runs.hooks import SampleHook
from zerosum.runs.store import Run

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

_NOT_CURVES = {"step", "samples", "seconds"}
_QUIET_SECONDS = 5
"""What is logged is on disk after so long."""


def require_tensorboard() -> None:
    """Refuse to log where TensorBoard is missing, before anything is trained.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import tensorboard  # noqa: F401  (optional)
    except ImportError as error:
        raise MissingExtraError(
            "TensorBoard is not installed. Install the extra: pip install 'zerosum[tensorboard]'."
        ) from error


def open_log(folder: Path, *, begin: int = 0) -> "SummaryWriter":
    """A TensorBoard log in `folder`, in which what lies after `begin` samples is dropped.

    Raises:
        MissingExtraError: TensorBoard is not installed.
        RunError: the path is not UTF-8.
    """
    require_tensorboard()
    require_unicode(folder)
    from torch.utils.tensorboard import SummaryWriter

    purge = begin + 1 if begin else None
    return SummaryWriter(str(folder), purge_step=purge, flush_secs=_QUIET_SECONDS)


def log_row(writer: "SummaryWriter", row: dict[str, Any]) -> None:
    """Log a row of the history: every term and signal, over the samples seen."""
    for name, value in row.items():
        if name not in _NOT_CURVES:
            writer.add_scalar(name, value, global_step=row["samples"])


def log_measured(writer: "SummaryWriter", event: dict[str, Any]) -> None:
    """Log what was measured of samples: `quality/…`, or `referee/…` if the referee looked."""
    by = "referee" if "distance" in event else "quality"
    for name, value in event.items():
        number = isinstance(value, int | float) and isfinite(value)
        if name not in _NOT_CURVES and number:
            writer.add_scalar(f"{by}/{name}", value, global_step=event["samples"])


class TensorBoardHook(Hook):
    """Logs terms, signals, the referee's events and pictures of samples while a run trains."""

    def __init__(self, run: Run, samples: SampleHook, folder: Path) -> None:
        self._run, self._samples, self._folder = run, samples, folder
        self._drawn: torch.Tensor | None = None

    def started(self, trainer: Trainer) -> None:
        """Open the log; a resume drops what it will log again."""
        self._writer = open_log(self._folder, begin=trainer.samples_seen)
        self._run.listeners.append(self._hear)

    def recorded(self, trainer: Trainer, row: Row) -> None:
        """Log the row, and the newest picture if it is new."""
        log_row(self._writer, {"samples": row.samples, **row.values})
        self._draw(trainer)

    def ended(self, trainer: Trainer, reason: str) -> None:
        """Log the last picture."""
        self._draw(trainer)
        self._writer.close()

    def failed(self, trainer: Trainer) -> None:
        """Keep what was logged."""
        self._writer.close()

    def _draw(self, trainer: Trainer) -> None:
        if self._samples.newest is self._drawn or self._samples.newest is None:
            return
        self._drawn = self._samples.newest
        picture = self._samples.preview.draw(trainer.game.space, self._drawn)
        pixels = np.asarray(picture.convert("RGB"))
        self._writer.add_image("samples", pixels, trainer.samples_seen, dataformats="HWC")

    def _hear(self, event: dict[str, Any]) -> None:
        seen = event.get("samples")
        if event["event"] == "measured":
            log_measured(self._writer, event)
        elif isinstance(event.get("words"), str):
            self._writer.add_text(event["event"], f"{event['name']}: {event['words']}", seen)
