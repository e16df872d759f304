"""How often an attack succeeds, how sure that is, and what of it is due to training.

Intervals of rates are Wilson's ("Probable inference, the law of succession, and statistical
inference", JASA 1927). The risk is the excess over a control of Giomi et al., "A unified framework
for quantifying privacy risk in synthetic data", PETS 2023, arXiv:2211.10459, equation 2.
"""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

CONFIDENCE = 0.95
"""Share of intervals that hold the truth."""


@dataclass(frozen=True)
class Rate:
    """A share of tries that succeed.

    Attributes:
        value: from 0 to 1.
        n: tries; where each counts for less than one, as many as they are worth.
    """

    value: float
    n: float

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Wilson's interval.

        >>> low, high = Rate(0.1, 100).interval()
        >>> round(low, 4), round(high, 4)
        (0.0552, 0.1744)
        """
        z = NormalDist().inv_cdf((1 + confidence) / 2)
        shrink = 1 / (1 + z**2 / self.n)
        centre = (self.value + z**2 / (2 * self.n)) * shrink
        spread = self.value * (1 - self.value) / self.n + (z / (2 * self.n)) ** 2
        half = z * shrink * sqrt(spread)
        return max(min(centre - half, self.value), 0.0), min(max(centre + half, self.value), 1.0)


@dataclass(frozen=True)
class Estimate:
    """A number with an interval that holds it."""

    value: float
    low: float
    high: float


def risk(main: Rate, control: Rate, confidence: float = CONFIDENCE) -> Estimate:
    """Of those whom the attack misses without training, the share that it reaches with it.

    (main - control) / (1 - control): 1 where training exposes everybody, 0 where it changes
    nothing, below 0 where the control happened to do better. The distances of both rates to the
    ends of their own intervals are propagated, so that the interval is not symmetric near 0 and 1.

    >>> risk(Rate(0.6, 1_000), Rate(0.2, 1_000)).value
    0.49999999999999994
    """
    left = 1 - control.value
    if left <= 0:
        return Estimate(0.0, -1.0, 1.0)
    value = (main.value - control.value) / left
    (main_low, main_high), (low, high) = main.interval(confidence), control.interval(confidence)
    slope, pull = 1 / left, (1 - main.value) / left**2
    down = sqrt((slope * (main.value - main_low)) ** 2 + (pull * (high - control.value)) ** 2)
    up = sqrt((slope * (main_high - main.value)) ** 2 + (pull * (control.value - low)) ** 2)
    return Estimate(value, max(value - down, -1.0), min(value + up, 1.0))
