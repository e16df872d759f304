"""What an attack on synthetic rows is, and how it is held against people who were not trained on.

An attack has two halves, and the types keep them apart. `Attack.prepare` gets a `SyntheticRelease`:
what anybody has who was given the synthetic rows. From that alone it makes an `Attacker`, with all
its guesses or the rule by which it guesses. Only then the auditor shows it the `Targets`, training
rows and others, and counts where it was right. So no guess can have looked at a training row.

A file of `attacks/` defines attacks and registers them; the audit and the laws find them there.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import ClassVar

import torch
from torch import Tensor

from zerosum.modalities.tables.privacy.rates import Estimate, Rate, risk
from zerosum.rng import Noise, derive_seed


@dataclass(frozen=True)
class SyntheticRelease:
    """What an attacker has.

    Attributes:
        rows: synthetic rows in compact form, float64 `[S, D]` with NaN for what is missing.
        names: of the columns.
        categorical: which columns hold indices of categories, bool `[D]`.
        known: reals of the attacker's own, from which nothing was trained, `[R, D]`.
        attacks: how many attacks to make.
        seed: of everything random in an attack.
    """

    rows: Tensor
    names: tuple[str, ...]
    categorical: Tensor
    known: Tensor
    attacks: int = 1_000
    seed: int = 0

    def noise(self, *purpose: str) -> Noise:
        """A stream of random numbers for one purpose, the same each time."""
        return Noise(derive_seed(self.seed, "attack", *purpose))


@dataclass(frozen=True)
class Targets:
    """Rows that are attacked, in random order.

    Attributes:
        train: all training rows, `[N, D]`.
        holdout: rows that were never trained on, `[H, D]`.
        strangers: those of the holdout that the attacker does not know.
        attacks: how many rows of each to attack, where an attack is on a row.
    """

    train: Tensor
    holdout: Tensor
    strangers: Tensor
    attacks: int = 1_000


def lay_out(
    synthetic: Tensor,
    train: Tensor,
    holdout: Tensor,
    *,
    names: tuple[str, ...],
    categorical: tuple[bool, ...],
    attacks: int = 1_000,
    seed: int = 0,
) -> tuple[SyntheticRelease, Targets]:
    """What attackers get, and the people that they are shown afterwards.

    All rows are shuffled; half of the holdout is the attacker's own.

    Args:
        synthetic: rows that are given out, `[S, D]`.
        train: rows that the model was trained on, `[N, D]`.
        holdout: rows that it was not trained on, `[M, D]`.
        names: of the D columns.
        categorical: whether each column has categories.
        attacks: how often each attack is tried.
        seed: of the order of rows.

    >>> rows = torch.arange(8.0).reshape(4, 2)
    >>> release, targets = lay_out(rows, rows, rows, names=("a", "b"), categorical=(False, False))
    >>> release.rows.shape, release.known.shape, targets.strangers.shape
    (torch.Size([4, 2]), torch.Size([2, 2]), torch.Size([2, 2]))
    """
    noise = Noise(derive_seed(seed, "audit", "order"))

    def shuffled(rows: Tensor) -> Tensor:
        return rows[noise.uniform(len(rows)).argsort(stable=True)]

    made, trained, held = shuffled(synthetic), shuffled(train), shuffled(holdout)
    half = len(held) // 2
    release = SyntheticRelease(
        made, names, torch.tensor(categorical), known=held[:half], attacks=attacks, seed=seed
    )
    return release, Targets(trained, held, strangers=held[half:], attacks=attacks)


@dataclass(frozen=True)
class ReleasePart:
    """The same attack on one column."""

    name: str
    main: Rate
    control: Rate

    @property
    def risk(self) -> Estimate:
        """See `risk`."""
        return risk(self.main, self.control)


@dataclass(frozen=True)
class Extra:
    """Another number that an attack gives, such as an AUC.

    Attributes:
        name: in words.
        estimate: with its interval.
        blind: what a blind guess would have.
        meaning: in plain words.
    """

    name: str
    estimate: Estimate
    blind: float
    meaning: str


@dataclass(frozen=True)
class AttackResult:
    """What came of an attack.

    Attributes:
        main: how often it succeeds on training rows.
        control: how often it does on rows that were never trained on.
        baseline: how often a blind guess does; None where the control is one.
        tries: on training rows.
        parts: by column.
        extras: other numbers.
        notes: what a reader must know.
    """

    main: Rate
    control: Rate
    baseline: Rate | None = None
    tries: int = 0
    parts: tuple[ReleasePart, ...] = ()
    extras: tuple[Extra, ...] = ()
    notes: tuple[str, ...] = ()


class Attacker(ABC):
    """An attack that is ready; what it knows comes from a release alone."""

    @abstractmethod
    def strike(self, victims: Targets) -> AttackResult:
        """Count how often it is right."""


class Attack(ABC):
    """A way to learn of people from synthetic rows.

    Attributes:
        name: such as `linkability`; unique.
        title: in words.
        meaning: what is tried, and what it would mean for a person, in plain words.
        source: the paper, and where we deviate.
        success: a sentence with `{n}`, `{main}` and `{control}`.
        exposed: what happens to a person: "{count} in 1,000 are …".
    """

    name: ClassVar[str]
    title: ClassVar[str]
    meaning: ClassVar[str]
    source: ClassVar[str]
    success: ClassVar[str]
    exposed: ClassVar[str]

    @abstractmethod
    def prepare(self, release: SyntheticRelease) -> Attacker:
        """Get ready, with nothing but the release.

        Raises:
            EvaluationError: the release does not lend itself to this attack; the message says why.
        """


def strike_rows(
    hits: Callable[[Tensor], Tensor], victims: Targets, *, baseline: Rate | None = None
) -> AttackResult:
    """An attack on single rows: `hits` gives which of some rows `[n, D]` it succeeds on, `[n]`.

    >>> train, others = torch.ones(4, 2), torch.zeros(4, 2)
    >>> targets = Targets(train, others, strangers=others, attacks=4)
    >>> result = strike_rows(lambda rows: rows[:, 0] > 0, targets)
    >>> result.main.value, result.control.value
    (1.0, 0.0)
    """
    main = hits(victims.train[: victims.attacks]).double()
    control = hits(victims.holdout[: victims.attacks]).double()
    return AttackResult(share(main), share(control), baseline, tries=len(main))


def share(hits: Tensor) -> Rate:
    """The rate of hits `[n]`, each from 0 to 1.

    Where hits are shares themselves they vary less than hits and misses do, and count for more
    tries: for so many as would vary as much.

    >>> share(torch.tensor([True, False, False, False]))
    Rate(value=0.25, n=4.0)
    """
    hits = hits.double()
    value, variance = float(hits.mean()), float(hits.var(correction=0))
    worth = value * (1 - value) / variance if variance > 0 else 1.0
    return Rate(value, len(hits) * worth)


@dataclass
class AttackRegistry:
    """Every attack there is, in the order of registration."""

    attacks: list[Attack] = field(default_factory=list)

    def add(self, cls: type[Attack]) -> type[Attack]:
        """Register an attack; use it as a decorator."""
        if any(one.name == cls.name for one in self.attacks):
            raise ValueError(f"an attack {cls.name!r} exists already")
        self.attacks.append(cls())
        return cls


REGISTRY = AttackRegistry()
attack = REGISTRY.add


@cache
def all_attacks() -> tuple[Attack, ...]:
    """Every attack of the package, in the order of their files' names."""
    package = import_module("zerosum.modalities.tables.privacy.attacks")
    for info in iter_modules(package.__path__):
        import_module(f"{package.__name__}.{info.name}")
    return tuple(sorted(REGISTRY.attacks, key=lambda one: type(one).__module__))
