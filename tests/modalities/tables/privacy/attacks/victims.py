"""Rows of a table with known structure, laid out for attacks."""

import torch
from torch import Tensor

from tests.modalities.tables.chain import people
from zerosum.modalities.tables.privacy.attack import SyntheticRelease, Targets, lay_out

CATEGORICAL = (True, False, False, True)
NAMES = ("city", "age", "income", "vip")


def rows(n: int, seed: int) -> Tensor:
    """Fresh rows of `people`, float64 `[n, 4]`; incomes are missing here and there."""
    return people(n, seed).take(torch.arange(n))[0]


def laid_out(
    synthetic: Tensor, train: Tensor, holdout: Tensor, *, attacks: int = 200, seed: int = 0
) -> tuple[SyntheticRelease, Targets]:
    """What attackers get and whom they are shown."""
    return lay_out(
        synthetic, train, holdout, names=NAMES, categorical=CATEGORICAL, attacks=attacks, seed=seed
    )
