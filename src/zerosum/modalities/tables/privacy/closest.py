"""Distances to the closest record: shown because they are asked for, and never the verdict.

They look at synthetic rows on average. A model that gives back one row in a hundred, or reveals
one group alone, has the distances of a harmless one: "The DCR delusion" of Yao et al., 2025,
arXiv:2505.01524. The attacks are what counts.
"""

from dataclasses import dataclass

from zerosum.evaluation.metrics.memory import closer
from zerosum.modalities.tables.judging.gower import Gower
from zerosum.modalities.tables.privacy.attack import SyntheticRelease, Targets, share
from zerosum.modalities.tables.privacy.rates import Estimate

BLIND = (
    "Distances to the closest record see synthetic rows on average, so they miss a model that "
    "gives back a few people's rows. They are shown because they are asked for; nothing here "
    "follows from them."
)
"""What is said wherever these numbers stand."""

_SAMPLES = 2_000
_ROWS = 20_000


@dataclass(frozen=True)
class Closest:
    """Distances from synthetic rows to the nearest real ones; Gower's, summed over columns.

    Attributes:
        to_train: median to the nearest of some training rows.
        to_holdout: median to the nearest of as many rows never trained on.
        closer_to_train: share of synthetic rows that are nearer to the former; ½ is even.
        samples: synthetic rows looked at.
        rows: rows of each kind.
    """

    to_train: float
    to_holdout: float
    closer_to_train: Estimate
    samples: int
    rows: int


def closest(release: SyntheticRelease, victims: Targets) -> Closest:
    """Distances of some synthetic rows to equally many rows of both kinds."""
    made = release.rows[:_SAMPLES]
    rows = min(len(victims.train), len(victims.holdout), _ROWS)
    to_train, to_holdout = (
        Gower(points[:rows], release.categorical, ranges=victims.train).nearest(made)[0][:, 0]
        for points in (victims.train, victims.holdout)
    )
    rate = share(closer(to_train, to_holdout))
    return Closest(
        to_train=float(to_train.median()),
        to_holdout=float(to_holdout.median()),
        closer_to_train=Estimate(rate.value, *rate.interval()),
        samples=len(made),
        rows=rows,
    )
