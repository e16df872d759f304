"""Attribute inference: one value of a person, guessed from all the others.

Giomi et al., "A unified framework for quantifying privacy risk in synthetic data", PETS 2023,
arXiv:2211.10459, section 4.3. The guess is the value that the synthetic row has which is nearest in
all other columns.

Where we deviate: every column is the secret in turn, of the same people. A number is guessed where
it is off by at most a twentieth of the range that the middle nine tenths of the synthetic rows
span; the paper takes a twentieth of the number itself, which means nothing for dates or for numbers
around zero.
"""

from typing import ClassVar

import torch
from torch import Tensor

from zerosum.errors import EvaluationError
from zerosum.modalities.tables.judging.gower import Gower
from zerosum.modalities.tables.privacy.attack import (
    Attack,
    Attacker,
    AttackResult,
    ReleasePart,
    SyntheticRelease,
    Targets,
    attack,
    share,
)


class Guesser(Attacker):
    """Guesses values by the nearest synthetic row.

    Args:
        release: what was given out.
        tolerance: how far a guessed number may be off, as a share of the range of the middle 90 %.
    """

    def __init__(self, release: SyntheticRelease, *, tolerance: float = 0.05) -> None:
        self._rows, self._names = release.rows, release.names
        self._gower = Gower(release.rows, release.categorical)
        ends = torch.tensor([0.05, 0.95], dtype=torch.float64)
        spread = torch.stack(
            [_quantiles(column, ends).diff()[0] for column in release.rows.unbind(1)]
        )
        self._slack = torch.where(release.categorical, 0.0, tolerance * spread)
        self._blind = release.rows[
            release.noise("inference").integers(release.attacks, high=len(release.rows))
        ]

    def strike(self, victims: Targets) -> AttackResult:
        """Count values that are guessed; a blind guess is that of a synthetic row at random.

        All columns of a person are guessed, and these hang together: for the interval each person
        is one try, which succeeds for a share of the columns.
        """
        targets, others = (rows[: victims.attacks] for rows in (victims.train, victims.holdout))
        main, control = (self._right(self.guesses(rows), rows) for rows in (targets, others))
        blind = self._right(self._blind[: len(targets)], targets[: len(self._blind)])
        parts = [
            ReleasePart(name, share(main[:, i]), share(control[:, i]))
            for i, name in enumerate(self._names)
        ]
        whole = (share(hits.double().mean(1)) for hits in (main, control, blind))
        return AttackResult(*whole, tries=len(main), parts=tuple(parts))

    def guesses(self, rows: Tensor) -> Tensor:
        """For each value of rows `[n, D]` what is guessed from the others of its row, `[n, D]`."""
        guessed = torch.empty_like(rows)
        for start, far in self._gower.blocks(rows):
            block = rows[start : start + len(far)]
            for column in range(rows.shape[1]):
                without = far - self._gower.added_by(block, column)
                guessed[start : start + len(far), column] = self._rows[without.argmin(1), column]
        return guessed

    def _right(self, guessed: Tensor, rows: Tensor) -> Tensor:
        """Which values are guessed, bool `[n, D]`; a gap by a gap."""
        near = (guessed - rows).abs() <= self._slack
        return near | (guessed.isnan() & rows.isnan())


@attack
class AttributeInference(Attack):
    """Every column in turn."""

    name: ClassVar[str] = "attribute_inference"
    title: ClassVar[str] = "Guessing a value"
    meaning: ClassVar[str] = (
        "Somebody knows all of a person's values but one, and guesses that one from the synthetic "
        "row that is nearest in the others. Much can be guessed of anybody, since columns hang "
        "together; what counts is whether more is guessed of people who were trained on."
    )
    source: ClassVar[str] = "Giomi et al. 2023, arXiv:2211.10459; every column in turn"
    success: ClassVar[str] = (
        "{main} of the values of {n} training rows are guessed, and {control} of those of rows "
        "never trained on."
    )
    exposed: ClassVar[str] = "{count} in 1,000 values are guessed because of it"

    def prepare(self, release: SyntheticRelease) -> Attacker:
        """All synthetic rows are searched."""
        if len(release.names) < 2:
            raise EvaluationError("one column leaves nothing to guess it from")
        return Guesser(release)


def _quantiles(values: Tensor, ends: Tensor) -> Tensor:
    known = values[~values.isnan()]
    return known.quantile(ends) if len(known) else torch.zeros(len(ends), dtype=torch.float64)
