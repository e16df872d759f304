"""What may look on while the engine plays: records, samples, checkpoints, metrics, referees."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zerosum.errors import DivergenceError

if TYPE_CHECKING:
    from zerosum.engine.trainer import Trainer


@dataclass(frozen=True)
class Row:
    """Means of the terms and signals of some steps, up to and with step `step`."""

    step: int
    samples: int
    seconds: float
    values: dict[str, float]


class Hook:
    """A listener; override what you need.

    Hooks run in their order, on rank 0 alone, and must not draw from the trainer's noise. To end a
    training call `trainer.stop(reason)`.

    Attributes:
        closing_seconds: how long `ended` is likely to take; a training that is to end in time
            leaves room for it.
    """

    closing_seconds: float = 0.0

    def started(self, trainer: Trainer) -> None:
        """Before the first step, also of a resume."""

    def taken_over(self, trainer: Trainer) -> None:
        """When another trainer goes on in place of the one before: its recipe was changed."""

    def stepped(self, trainer: Trainer) -> None:
        """After every step; must cost next to nothing unless it is due."""

    def recorded(self, trainer: Trainer, row: Row) -> None:
        """After every `record_every` steps, with the means of their terms and signals."""

    def ended(self, trainer: Trainer, reason: str) -> None:
        """After the last step: `finished`, or the reason given to `stop`."""

    def failed(self, trainer: Trainer) -> None:
        """When an error ended the training instead: give back what was taken, such as a screen."""


def first_problem(calls: Iterable[None]) -> str:
    """What calls of hooks find wrong; empty if they find nothing."""
    try:
        for _ in calls:
            pass
    except DivergenceError as problem:
        return str(problem)
    return ""
