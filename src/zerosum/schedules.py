"""Schedules: a factor as a function of the share of the budget that is used."""

import math

from pydantic import Field

from zerosum.config import Config


class Schedule(Config):
    """A number for each moment of a training; rates and penalties are multiplied by it."""

    def at(self, progress: float) -> float:
        """The value when `progress`, in [0, 1], of the budget is used."""
        raise TypeError(f"{type(self).__name__} must define at()")


class Constant(Schedule):
    """Always the same value."""

    kind = "constant"
    value: float = 1.0

    def at(self, progress: float) -> float:
        """`value`."""
        return self.value


class _Ramp(Schedule):
    """From `start` to `end` between the shares `begin` and `until` of the budget."""

    start: float = 1.0
    end: float = 0.0
    begin: float = Field(default=0.0, ge=0, le=1)
    until: float = Field(default=1.0, ge=0, le=1)

    def _share(self, progress: float) -> float:
        if self.until <= self.begin:
            return float(progress >= self.until)
        return min(max((progress - self.begin) / (self.until - self.begin), 0.0), 1.0)


class Linear(_Ramp):
    """A straight line.

    >>> Linear(begin=0.5).at(0.75)
    0.5
    """

    kind = "linear"

    def at(self, progress: float) -> float:
        """The value on the line."""
        return self.start + (self.end - self.start) * self._share(progress)


class Cosine(_Ramp):
    """Half a cosine wave.

    >>> round(Cosine(end=0.25).at(0.5), 4)
    0.625
    """

    kind = "cosine"

    def at(self, progress: float) -> float:
        """The value on the wave."""
        wave = 0.5 - 0.5 * math.cos(math.pi * self._share(progress))
        return self.start + (self.end - self.start) * wave
