"""Values of rows that come in bursts: few entities have any, and these have several.

How many an entity has, such as payments that are fraud, depends on the entity. Row by row that is
hardly learned, so it is an attribute of the entity, and each row sees how many of them are left.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from zerosum.config import Config
from zerosum.modalities.tables.fields import BooleanField, Field

COUNT = "# "
"""What names of these attributes begin with."""

_MOST = 8
_ENTITIES, _SHARE_OF_ENTITIES, _SHARE_OF_ROWS = 20, 1 / 3, 0.05
_DISPERSION = 2.0
"""Variance of the numbers of entities beside their mean; of rows that come one by one it is 1."""

_FOLLOWED = 1 / 3
"""Share of these rows that are followed by another of them."""


class Burst(Config):
    """A value of a column of rows that is counted for each entity.

    Attributes:
        name: of the attribute that holds its number.
        column: of rows.
        value: of the column, as the number of its category.
    """

    kind = "burst"
    name: str
    column: str
    value: int


def find_bursts(
    fields: Sequence[Field], rows: Tensor, lengths: np.ndarray, *, taken: Sequence[str]
) -> tuple[Burst, ...]:
    """Values that come in bursts, the most uneven first.

    Args:
        fields: of the columns of rows that are modelled.
        rows: their values `[T, R]`, those of an entity one after another.
        lengths: rows of each entity `[N]`.
        taken: names that are columns already.
    """
    owner = np.repeat(np.arange(len(lengths)), lengths)
    found: list[tuple[float, Burst]] = []
    for field, column in zip(fields, rows.numpy().T, strict=True):
        for value, category in enumerate(field.categories):
            hit = column == value
            counts = np.bincount(owner[hit], minlength=len(lengths))
            some = (counts > 0).sum()
            name = f"{COUNT}{field.name} {category}"
            if isinstance(field, BooleanField) and value == 1:
                name = f"{COUNT}{field.name}"
            few = _ENTITIES <= some <= _SHARE_OF_ENTITIES * len(lengths)
            if not few or counts.sum() > _SHARE_OF_ROWS * len(owner) or name in taken:
                continue
            dispersion = counts.var() / counts.mean()
            followed = (hit[1:] & hit[:-1] & (owner[1:] == owner[:-1])).sum() / counts.sum()
            if dispersion >= _DISPERSION and followed >= _FOLLOWED:
                found.append((-dispersion, Burst(name=name, column=field.name, value=value)))
    return tuple(one for _, one in sorted(found, key=lambda pair: pair[0])[:_MOST])


def hits(bursts: Sequence[Burst], names: Sequence[str], rows: Tensor) -> Tensor:
    """Which rows hold each value, float64 `[..., B]`.

    Args:
        bursts: the values.
        names: of the columns.
        rows: values `[..., R]`.
    """
    if not bursts:
        return rows.new_zeros(*rows.shape[:-1], 0)
    return torch.stack(
        [(rows[..., names.index(one.column)] == one.value).double() for one in bursts], dim=-1
    )
