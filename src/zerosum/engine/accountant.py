"""How much privacy a training spends, by the accountant of opacus.

Mironov, "Rényi differential privacy", CSF 2017, arXiv:1702.07476; Mironov et al., "Rényi
differential privacy of the sampled Gaussian mechanism", arXiv:1908.10530. Neighbouring data sets
differ by one person, a row or all rows of an entity, who is there or not.
"""

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from zerosum.errors import MissingExtraError, PrivacyError
from zerosum.faces import option

# High orders take long; with every eighth, epsilon is at most 0.3 % above that of all of them.
_ORDERS = [1 + x / 10 for x in range(1, 100)] + [*range(12, 64), *range(64, 513, 8)]
_PRECISION = 1e-3


@dataclass(frozen=True)
class PrivacySpent:
    """What touches the data.

    Attributes:
        histogram_noise: noise multiplier of the histograms that codes are fitted by; None without
            histograms.
        noise_multiplier: of each step.
        sample_rate: probability of each person to be in a step's batch.
        steps: number of steps.
        gradients: private gradients of a step, each of a batch of its own.
    """

    histogram_noise: float | None
    noise_multiplier: float
    sample_rate: float
    steps: int
    gradients: int = 1

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    def epsilon(self, delta: float) -> float:
        """ε for this δ.

        Raises:
            MissingExtraError: opacus is not installed.
        """
        rdp = _rdp()
        spent = [0.0] * len(_ORDERS)
        if self.histogram_noise is not None:
            spent = rdp.compute_rdp(
                q=1.0, noise_multiplier=self.histogram_noise, steps=1, orders=_ORDERS
            )
        if self.steps:
            spent = spent + rdp.compute_rdp(
                q=self.sample_rate, noise_multiplier=self.noise_multiplier,
                steps=self.steps * self.gradients, orders=_ORDERS,
            )  # fmt: skip
        return float(rdp.get_privacy_spent(orders=_ORDERS, rdp=spent, delta=delta)[0])


@cache
def histogram_noise_for(epsilon: float, delta: float) -> float:
    """The least noise multiplier at which histograms alone spend `epsilon`."""
    return _least(lambda noise: PrivacySpent(noise, 0.0, 0.0, 0).epsilon(delta), epsilon)


@cache
def step_noise_for(
    epsilon: float, delta: float, *, histogram_noise: float | None, sample_rate: float, steps: int
) -> float:
    """The least noise multiplier of steps at which everything together spends `epsilon`."""
    return _least(
        lambda noise: PrivacySpent(histogram_noise, noise, sample_rate, steps).epsilon(delta),
        epsilon,
    )


def _least(spent: Any, epsilon: float) -> float:
    """The least noise at which no more than `epsilon` is spent, by bisection."""
    low, high = 1e-2, 1.0
    while spent(high) > epsilon:
        low, high = high, 2 * high
        if high > 1e5:
            raise PrivacyError(
                f"no amount of noise keeps to epsilon {epsilon:g}. Ask for a larger epsilon, a "
                "larger delta, or fewer steps."
            )
    while high - low > _PRECISION * high:
        middle = (low + high) / 2
        low, high = (middle, high) if spent(middle) > epsilon else (low, middle)
    return high


def _rdp() -> Any:
    try:
        from opacus.accountants.analysis import rdp
    except ImportError as error:
        raise MissingExtraError(
            f"{option('epsilon')} needs opacus, which counts what privacy is spent. Install it: "
            "pip install 'zerosum[privacy]'."
        ) from error
    return rdp
