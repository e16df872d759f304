"""Singling out: a description, made of synthetic rows, that fits exactly one training row.

Giomi et al., "A unified framework for quantifying privacy risk in synthetic data", PETS 2023,
arXiv:2211.10459, section 4.1; the term is that of Cohen and Nissim, arXiv:1904.06009. Descriptions
are those that fit exactly one of the different synthetic rows: of one column, or of three.

Where we deviate: for the control, each row of the holdout takes the place of a training row, and we
count how often a description fits it and no training row. That is what would single out in a table
of the *same* size, had other people been trained on; success depends on the size, and a holdout is
mostly smaller. The paper counts in the holdout alone, and its authors' program scales the count by
a fitted curve.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from zerosum.errors import EvaluationError
from zerosum.modalities.tables.privacy.attack import (
    Attack,
    Attacker,
    AttackResult,
    SyntheticRelease,
    Targets,
    attack,
    share,
)
from zerosum.modalities.tables.privacy.rates import Rate
from zerosum.rng import Noise

_LOWEST, _HIGHEST = -torch.finfo(torch.float64).max, torch.finfo(torch.float64).max
_GONE = float("-inf")
"""A missing value, below every number, so that each condition is an interval."""

_AT_ONCE = 1 << 19
_TRIES, _IN_VAIN = 400, 5
"""Descriptions that are tried for one that is wanted, at most, and so many without a new one."""

_GLANCE = 512
"""So few rows show of most descriptions that they fit more than one."""


@dataclass(frozen=True)
class Descriptions:
    """Conditions that hold together: each column lies from `low` to `high`, both included.

    Attributes:
        column: which columns, int64 `[P, K]`.
        low: float64 `[P, K]`.
        high: float64 `[P, K]`.
    """

    column: Tensor
    low: Tensor
    high: Tensor

    def __len__(self) -> int:
        return len(self.column)

    def rows(self, which: Tensor) -> "Descriptions":
        """Those of the indices, int64 `[n]`."""
        return Descriptions(self.column[which], self.low[which], self.high[which])

    def counts(self, rows: Tensor) -> Tensor:
        """How many of the rows `[N, D]`, with NaN for what is missing, each one fits, `[P]`.

        >>> one = Descriptions(torch.tensor([[0]]), torch.tensor([[2.0]]), torch.tensor([[9.0]]))
        >>> one.counts(torch.tensor([[1.0], [2.0], [3.0]]))
        tensor([2])
        """
        columns = rows.nan_to_num(nan=_GONE).T.contiguous()
        size = max(1, _AT_ONCE // max(len(rows), 1))
        found = [torch.zeros(0, dtype=torch.int64)]
        for start in range(0, len(self), size):
            some = slice(start, start + size)
            fits = torch.ones(1, dtype=torch.bool)
            for k in range(self.column.shape[1]):
                values = columns[self.column[some, k]]
                fits = fits & (values >= self.low[some, k, None])
                fits &= values <= self.high[some, k, None]
            found.append(fits.sum(1))
        return torch.cat(found)

    def alone_in(self, rows: Tensor) -> Tensor:
        """Which of them fit exactly one of the rows `[N, D]`, int64.

        Rows are looked at in parts that grow, and what fits two is not looked at again.
        """
        left, seen = torch.arange(len(self)), _GLANCE
        while seen < len(rows):
            left = left[self.rows(left).counts(rows[:seen]) <= 1]
            seen *= 8
        return left[self.rows(left).counts(rows) == 1]


class _Describer(Attacker):
    def __init__(self, release: SyntheticRelease, found: Descriptions, blind: Descriptions) -> None:
        if not len(found):
            raise EvaluationError("no description fits exactly one synthetic row")
        self._found, self._blind, self._wanted = found, blind, release.attacks

    def strike(self, victims: Targets) -> AttackResult:
        """Count descriptions that fit one row; for the control, see the module."""
        in_train = self._found.counts(victims.train)
        in_holdout = self._found.counts(victims.holdout)
        sizes = len(victims.holdout) / len(victims.train)
        swapped = in_holdout * (in_train == 0) / sizes
        notes = ()
        if len(self._found) < self._wanted:
            notes = (
                f"Only {len(self._found):,} different descriptions fit exactly one synthetic row; "
                f"{self._wanted:,} were asked for. Columns with few values single out nobody.",
            )
        return AttackResult(
            main=share(in_train == 1),
            control=Rate(
                min(float(swapped.double().mean()), 1.0), len(self._found) * min(sizes, 1.0)
            ),
            baseline=share(self._blind.counts(victims.train) == 1),
            tries=len(self._found),
            notes=notes,
        )


class _SinglingOut(Attack):
    source: ClassVar[str] = "Giomi et al. 2023, arXiv:2211.10459; control by rows that take places"
    exposed: ClassVar[str] = "{count} in 1,000 such descriptions point at one person because of it"


@attack
class UnivariateSinglingOut(_SinglingOut):
    """Values that occur once, and what lies at or beyond an extreme."""

    name: ClassVar[str] = "singling_out_univariate"
    title: ClassVar[str] = "Singling out by one value"
    meaning: ClassVar[str] = (
        "A value that occurs once among the synthetic rows, or an extreme: does it point at "
        "exactly one person who was trained on? Somebody who learns it knows that this person "
        "exists and is alone."
    )
    success: ClassVar[str] = (
        "Of {n} values that are alone among the synthetic rows, {main} are alone among the "
        "training rows. As many as {control} would be, had other people been trained on."
    )

    def prepare(self, release: SyntheticRelease) -> Attacker:
        """Every such value, or as many as are wanted."""
        rows, noise = _distinct(release), release.noise("univariate")
        found = [_alone(rows[:, i], i, release.categorical) for i in range(rows.shape[1])]
        every = Descriptions(*(torch.cat(part) for part in zip(*found, strict=True)))
        order = noise.uniform(len(every)).argsort()
        every = every.rows(order)
        every = every.rows(every.alone_in(rows)[: release.attacks])
        return _Describer(release, every, _blind(rows, release, noise, width=1))


@attack
class MultivariateSinglingOut(_SinglingOut):
    """Conditions on three columns at once."""

    width: ClassVar[int] = 3
    name: ClassVar[str] = "singling_out_multivariate"
    title: ClassVar[str] = "Singling out by three values"
    meaning: ClassVar[str] = (
        "Three values of one synthetic row together, numbers as at least or at most: do they fit "
        "exactly one person who was trained on? The rest of that synthetic row may then be taken "
        "for this person's."
    )
    success: ClassVar[str] = (
        "Of {n} descriptions that fit one synthetic row, {main} fit exactly one training row. As "
        "many as {control} would, had other people been trained on."
    )

    def prepare(self, release: SyntheticRelease) -> Attacker:
        """Conditions that fit exactly one synthetic row, from rows and columns at random."""
        rows, noise = _distinct(release), release.noise("multivariate")
        width = min(self.width, rows.shape[1])
        median = rows.nanmedian(0).values
        kept: list[Descriptions] = []
        known: set[bytes] = set()
        in_vain = 0
        while len(known) < release.attacks and len(kept) < _TRIES and in_vain < _IN_VAIN:
            some = _from_rows(rows, median, release, noise, width=width)
            some = some.rows(some.alone_in(rows))
            fresh = [i for i, key in enumerate(_keys(some)) if not (key in known or known.add(key))]
            kept.append(some.rows(torch.tensor(fresh, dtype=torch.int64)))
            in_vain = 0 if fresh else in_vain + 1
        parts = zip(*((d.column, d.low, d.high) for d in kept), strict=True)
        found = Descriptions(*(torch.cat(part)[: release.attacks] for part in parts))
        return _Describer(release, found, _blind(rows, release, noise, width=width))


def _distinct(release: SyntheticRelease) -> Tensor:
    """The different synthetic rows in random order, since copies add nothing."""
    distinct = release.rows.nan_to_num(nan=_GONE).unique(dim=0)
    distinct = distinct[release.noise("order").uniform(len(distinct)).argsort()]
    return torch.where(distinct == _GONE, torch.nan, distinct)


def _alone(values: Tensor, column: int, categorical: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Conditions on one column: values that occur once, and extremes of numbers."""
    distinct, times = values.nan_to_num(nan=_GONE).unique(return_counts=True)
    low = high = distinct[times == 1]
    known = distinct[distinct > _GONE]
    if not bool(categorical[column]) and len(known):
        low = torch.cat([low, torch.tensor([_LOWEST]).double(), known[-1:]])
        high = torch.cat([high, known[:1], torch.tensor([_HIGHEST]).double()])
    return torch.full((len(low), 1), column), low[:, None], high[:, None]


def _from_rows(
    rows: Tensor, median: Tensor, release: SyntheticRelease, noise: Noise, *, width: int
) -> Descriptions:
    """As many conditions as are wanted, each from one row.

    Numbers above the median are met by what is at least as large, others by what is at most so.
    """
    n = release.attacks
    row = noise.integers(n, high=len(rows))
    column = _some_columns(n, rows.shape[1], width, noise)
    value = rows[row[:, None], column]
    as_it_is = release.categorical[column] | value.isnan()
    above = value > median[column]
    value = value.nan_to_num(nan=_GONE)
    low = torch.where(as_it_is | above, value, _LOWEST)
    high = torch.where(as_it_is | ~above, value, _HIGHEST)
    return Descriptions(column, low, high)


def _blind(rows: Tensor, release: SyntheticRelease, noise: Noise, *, width: int) -> Descriptions:
    """Blind conditions: any value of a column, to be equalled, reached, or not exceeded."""
    n = release.attacks
    column = _some_columns(n, rows.shape[1], width, noise)
    value, chance = torch.empty(n, width, dtype=torch.float64), noise.uniform(n, width)
    for i in range(rows.shape[1]):
        distinct = rows[:, i].nan_to_num(nan=_GONE).unique()
        value[column == i] = distinct[(chance[column == i] * len(distinct)).long()]
    way = noise.integers(n, width, high=3)
    way = torch.where(release.categorical[column] | (value == _GONE), 0, way)
    return Descriptions(
        column, torch.where(way == 2, _LOWEST, value), torch.where(way == 1, _HIGHEST, value)
    )


def _some_columns(n: int, of: int, width: int, noise: Noise) -> Tensor:
    """For each description different columns in their order, int64 `[n, width]`."""
    return noise.uniform(n, of).argsort(dim=1)[:, :width].sort(dim=1).values


def _keys(found: Descriptions) -> list[bytes]:
    """What distinguishes one description from another."""
    numbers = torch.cat([found.column.double(), found.low, found.high], dim=1).numpy()
    return [row.tobytes() for row in numbers]
