"""Membership inference: was this person's row trained on?

Two scores for it. The nearer a synthetic row, the likelier (Chen et al., "GAN-Leaks", CCS 2020,
arXiv:1909.03935); and the nearer in comparison with reals that the attacker knows, which says where
rows are dense anyway (van Breugel et al., "Membership inference attacks against synthetic data
through overfitting detection", AISTATS 2023, arXiv:2302.12580, DOMIAS).

Where we deviate: densities are those of nearest neighbours, so that the ratio of two is that of two
distances, in the distance of the other attacks. The rows that the attacker knows are one half of
the holdout, and the people who were not trained on are the other.
"""

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from zerosum.modalities.tables.judging.gower import Gower
from zerosum.modalities.tables.judging.rows import auc
from zerosum.modalities.tables.privacy.attack import (
    Attack,
    Attacker,
    AttackResult,
    Extra,
    SyntheticRelease,
    Targets,
    attack,
    share,
)
from zerosum.modalities.tables.privacy.rates import Estimate
from zerosum.rng import Noise

_MORE = 10
"""So many times as many people as in other attacks, if there are: scores take little time."""

_REPLICATES = 200
_STRICT = 0.01
_LEAST_DISTANCE = 1e-4


class _Suspicion(Attacker):
    """Calls that half of all whom it is shown trained on which has the higher scores."""

    def __init__(self, score: Callable[[Tensor], Tensor], noise: Noise) -> None:
        self._score, self._noise = score, noise

    def strike(self, victims: Targets) -> AttackResult:
        """As many training rows as others are shown."""
        n = min(len(victims.train), len(victims.strangers), _MORE * victims.attacks)
        inside, outside = self._score(victims.train[:n]), self._score(victims.strangers[:n])
        main, control = upper_half(inside, outside)
        notes = () if n >= 500 else (
            f"Membership was tried on {n:,} rows of each kind; the rate at 1 % false alarms needs "
            "some hundreds, so a holdout of a thousand rows.",
        )  # fmt: skip
        return AttackResult(
            share(main), share(control), tries=n, extras=self._extras(inside, outside), notes=notes
        )

    def _extras(self, inside: Tensor, outside: Tensor) -> tuple[Extra, ...]:
        n = len(inside)
        draws = [
            _numbers(inside[self._noise.integers(n, high=n)],
                     outside[self._noise.integers(n, high=n)])
            for _ in range(_REPLICATES)
        ]  # fmt: skip
        ends = torch.tensor([0.025, 0.975], dtype=torch.float64)
        low, high = torch.tensor(draws, dtype=torch.float64).quantile(ends, dim=0).tolist()
        found = [
            Estimate(*three) for three in zip(_numbers(inside, outside), low, high, strict=True)
        ]
        return tuple(
            Extra(name, one, blind, words)
            for (name, blind, words), one in zip(_EXTRAS, found, strict=True)
        )


_EXTRAS = (
    ("AUC", 0.5, "how often a training row has a higher score than a row never trained on"),
    ("advantage", 0.0, "training rows called trained on, less others; half of all are called so"),
    ("rate at 1 % false alarms", _STRICT, "training rows found where 1 % of others are accused"),
)


def _numbers(inside: Tensor, outside: Tensor) -> tuple[float, float, float]:
    """AUC, advantage, and the true positive rate at a false positive rate of 1 %."""
    called, accused = upper_half(inside, outside)
    advantage = float(called.mean() - accused.mean())
    scores = torch.cat([inside, outside]).numpy()
    is_inside = np.arange(len(scores)) < len(inside)
    (area,) = auc(scores, is_inside, np.ones((1, len(scores))))
    return float(area), advantage, rate_at(inside, outside, _STRICT)


def upper_half(inside: Tensor, outside: Tensor) -> tuple[Tensor, Tensor]:
    """Which of both `[n]` are among the higher half of all scores.

    Where the half ends among equal scores, these share what is left of it.

    >>> upper_half(torch.tensor([1.0, 1.0]), torch.tensor([1.0, 0.0]))
    (tensor([0.6667, 0.6667]), tensor([0.6667, 0.0000]))
    """
    every = torch.cat([inside, outside])
    edge = every.sort(descending=True).values[len(every) // 2 - 1]
    over, at = every > edge, every == edge
    left = (len(every) // 2 - over.sum()) / at.sum()
    called = over + at * left
    return called[: len(inside)], called[len(inside) :]


def rate_at(inside: Tensor, outside: Tensor, false_alarms: float) -> float:
    """True positive rate at a false positive rate.

    Scores that equal the threshold count in part, so that the false positive rate is exact.

    Args:
        inside: scores of rows that were trained on, `[N]`.
        outside: scores of other rows, `[M]`.
        false_alarms: the false positive rate, in [0, 1].

    >>> rate_at(torch.tensor([1.0, 5.0]), torch.arange(4.0), 0.25)
    0.5
    """
    edge = outside.quantile(1 - false_alarms, interpolation="lower")
    over, at = (outside > edge).double().mean(), (outside == edge).double().mean()
    extra = ((false_alarms - over) / at).clamp(0, 1)
    return float((inside > edge).double().mean() + extra * (inside == edge).double().mean())


class Membership(Attack):
    """Whether a row was trained on, by a score."""

    exposed: ClassVar[str] = "{count} in 1,000 people are rightly suspected because of it"
    success: ClassVar[str] = (
        "{main} of {n} training rows are called trained on, and {control} of rows that never were."
    )

    def prepare(self, release: SyntheticRelease) -> Attacker:
        """A score for any row."""
        return _Suspicion(self.score(release), release.noise(self.name))

    @abstractmethod
    def score(self, release: SyntheticRelease) -> Callable[[Tensor], Tensor]:
        """From rows `[n, D]` to how likely each was trained on, `[n]`."""


@attack
class MembershipByDistance(Membership):
    """The nearer a synthetic row, the likelier."""

    name: ClassVar[str] = "membership_distance"
    title: ClassVar[str] = "Membership by distance"
    meaning: ClassVar[str] = (
        "Somebody has a person's whole row and asks whether it was trained on: yes, if a synthetic "
        "row is near to it. That matters where being in the table says something, as with patients "
        "of one clinic."
    )
    source: ClassVar[str] = "Chen et al. 2020, arXiv:1909.03935, full black-box attack"

    def score(self, release: SyntheticRelease) -> Callable[[Tensor], Tensor]:
        """From rows `[n, D]` to negative distances to the nearest synthetic row, `[n]`."""
        made = Gower(release.rows, release.categorical)
        return lambda rows: -made.nearest(rows)[0][:, 0]


@attack
class MembershipByDensity(Membership):
    """The nearer a synthetic row in comparison with other reals, the likelier."""

    name: ClassVar[str] = "membership_density"
    title: ClassVar[str] = "Membership by density"
    meaning: ClassVar[str] = (
        "The same, by somebody who also has reals that were not trained on: yes, if synthetic rows "
        "are nearer than those would let one expect. It finds places where a model was fitted too "
        "closely."
    )
    source: ClassVar[str] = "after van Breugel et al. 2023, arXiv:2302.12580 (DOMIAS)"

    def score(self, release: SyntheticRelease) -> Callable[[Tensor], Tensor]:
        """From rows `[n, D]` to log ratios of distances to reals and synthetic rows, `[n]`."""
        made = Gower(release.rows, release.categorical)
        real = Gower(release.known, release.categorical, ranges=release.rows)

        def ratio(rows: Tensor) -> Tensor:
            to_made, to_real = (points.nearest(rows)[0][:, 0] for points in (made, real))
            return (to_real + _LEAST_DISTANCE).log() - (to_made + _LEAST_DISTANCE).log()

        return ratio
