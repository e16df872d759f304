"""How far reviewers agree, and whether they tell made from real: figures with their intervals.

- Cohen, "A coefficient of agreement for nominal scales", 1960.
- Fleiss, "Measuring nominal scale agreement among many raters", 1971; its standard error is that of
  Fleiss, Nee and Landis, "Large sample variance of kappa", 1979.
- d′ after Macmillan and Creelman, "Detection theory", 2005, with half a trial added to each count
  (Hautus, 1995) and the variance of Gourevitch and Galanter, 1967.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

_NORMAL = NormalDist()
_Z = _NORMAL.inv_cdf(0.975)


@dataclass(frozen=True)
class Figure:
    """A figure and its 95 % interval.

    Attributes:
        value: the figure.
        low: lower end.
        high: upper end.
        count: items or trials that it rests on.
    """

    value: float
    low: float
    high: float
    count: int


def cohen_kappa(first: Sequence[str], second: Sequence[str]) -> Figure | None:
    """Agreement of two reviewers beyond chance: 1 is full, 0 is what chance gives.

    Its standard error is the simple one, √(p(1 - p) / n) / (1 - p_chance). None without items, or
    where both say one thing throughout, so that chance alone agrees.

    Args:
        first: what the first one says of each item.
        second: what the second one says of the same items.

    >>> first, second = "y" * 25 + "n" * 25, "y" * 20 + "n" * 5 + "y" * 10 + "n" * 15
    >>> cohen_kappa(first, second)
    Figure(value=0.4, low=0.146, high=0.654, count=50)
    """
    n = len(first)
    if not n:
        return None
    agreed = sum(a == b for a, b in zip(first, second, strict=True)) / n
    ones, twos = Counter(first), Counter(second)
    chance = sum(ones[name] * twos[name] for name in ones) / n**2
    if chance >= 1:
        return None
    kappa = (agreed - chance) / (1 - chance)
    return _figure(kappa, math.sqrt(agreed * (1 - agreed) / n) / (1 - chance), n)


def fleiss_kappa(votes: Sequence[Sequence[str]]) -> Figure | None:
    """Agreement beyond chance of as many reviewers for each item, who need not be the same.

    None without items, with fewer than two votes each, or where all votes are one.

    Args:
        votes: what was said of each item; the same number for each.

    Raises:
        ValueError: items have unlike numbers of votes.

    >>> fleiss_kappa([["a", "a", "b"], ["b", "b", "b"], ["a", "a", "a"], ["b", "a", "b"]])
    Figure(value=0.3333, low=-0.2325, high=0.8991, count=4)
    """
    n = len(votes)
    each = len(votes[0]) if n else 0
    if any(len(one) != each for one in votes):
        raise ValueError("every item needs the same number of votes")
    if n == 0 or each < 2:
        return None
    counts = [Counter(one) for one in votes]
    total = Counter(name for one in votes for name in one)
    shares = [value / (n * each) for value in total.values()]
    chance = sum(p * p for p in shares)
    if chance >= 1:
        return None
    agreed = sum(
        (sum(c * c for c in one.values()) - each) / (each * (each - 1)) for one in counts
    ) / n  # fmt: skip
    kappa = (agreed - chance) / (1 - chance)
    spread = sum(p * (1 - p) for p in shares)
    skewed = sum(p * (1 - p) * (1 - 2 * p) for p in shares)
    variance = 2 * (spread**2 - skewed) / (spread**2 * n * each * (each - 1))
    return _figure(kappa, math.sqrt(max(variance, 0.0)), n)


@dataclass(frozen=True)
class Detection:
    """How well somebody tells real from made.

    Attributes:
        d_prime: distance of the two in standard deviations; 0 is guessing.
        bias: above 0 for those who rather say "made".
        correct: share of right answers.
        hits: share of reals that were taken for real.
        false_alarms: share of made ones that were taken for real.
    """

    d_prime: Figure
    bias: float
    correct: float
    hits: float
    false_alarms: float


def detection(hits: int, reals: int, false_alarms: int, made: int) -> Detection | None:
    """d′ of answers "real", with its interval; None without both kinds of trial.

    Args:
        hits: reals that were taken for real.
        reals: trials that showed a real one.
        false_alarms: made ones that were taken for real.
        made: trials that showed a made one.

    >>> found = detection(40, 50, 10, 50)
    >>> round(found.d_prime.value, 2), found.correct
    (1.64, 0.8)
    >>> detection(25, 50, 25, 50).d_prime.value
    0.0
    """
    if not reals or not made:
        return None
    hit = (hits + 0.5) / (reals + 1)
    alarm = (false_alarms + 0.5) / (made + 1)
    z_hit, z_alarm = _NORMAL.inv_cdf(hit), _NORMAL.inv_cdf(alarm)
    variance = hit * (1 - hit) / (reals * _NORMAL.pdf(z_hit) ** 2)
    variance += alarm * (1 - alarm) / (made * _NORMAL.pdf(z_alarm) ** 2)
    right = (hits + made - false_alarms) / (reals + made)
    figure = _figure(z_hit - z_alarm, math.sqrt(variance), reals + made)
    return Detection(
        figure, round(-(z_hit + z_alarm) / 2, 4) + 0.0, right, hits / reals, false_alarms / made
    )


def _figure(value: float, error: float, count: int) -> Figure:
    low, high = value - _Z * error, value + _Z * error
    return Figure(round(value, 4) + 0.0, round(low, 4), round(high, 4), count)
