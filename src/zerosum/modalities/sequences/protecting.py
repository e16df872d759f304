"""Values that too few entities share are no codes of their own.

Tables protect a value that few rows share. One entity has many rows, so here entities are counted:
what one of them does every week is not learned as something that there is.
"""

import numpy as np
import torch

from zerosum.modalities.tables.reading.dataset import fit_codec
from zerosum.modalities.tables.space import TableSpace


def protected(
    space: TableSpace, rows: torch.Tensor, owner: np.ndarray, *, least: int
) -> TableSpace:
    """The space of rows with codes that `least` entities share.

    Args:
        space: of rows.
        rows: values `[T, D]`.
        owner: the number of each row's entity, `[T]`.
        least: entities that must share a value, or reach as far, before it is learned.
    """
    if least <= 1:
        return space
    columns = space.coded(space.columns(rows))
    parts = (*space.constraints, *space.calendars)
    made = {field.name: field for one in parts for field in one.makes}
    fields = {field.name: field for field in space.modelled} | made
    codecs = []
    for codec in space.codecs:
        values = columns[codec.name].numpy()
        field = fields[codec.name]
        kept = thinned(values, owner, least=least, ends=not field.categories)
        same = len(kept) == len(values) and np.array_equal(kept, values, equal_nan=True)
        codecs.append(codec if same else fit_codec(codec.name, kept, field, least=least))
    return TableSpace.from_json(space.to_json() | {"codecs": [one.to_json() for one in codecs]})


def thinned(values: np.ndarray, owner: np.ndarray, *, least: int, ends: bool) -> np.ndarray:
    """Values `[M]` of which those that fewer than `least` owners share occur less than that often.

    Args:
        values: `[N]`, NaN where something is missing.
        owner: whose each is, `[N]`.
        least: owners that must share a value.
        ends: whether values are also held within what `least` owners reach.

    >>> values, owner = np.array([1.0, 1, 1, 2, 2, 2]), np.array([0, 1, 2, 0, 0, 0])
    >>> thinned(values, owner, least=3, ends=False)
    array([1., 1., 1., 2., 2.])
    """
    known = ~np.isnan(values)
    if ends and len(np.unique(owner[known])) >= least:
        order = np.lexsort((values[known], owner[known]))
        mine, whose = values[known][order], owner[known][order]
        first = np.flatnonzero(np.r_[True, np.diff(whose) != 0])
        least_of, most_of = mine[first], mine[np.r_[first[1:] - 1, len(mine) - 1]]
        low = np.partition(least_of, least - 1)[least - 1]
        high = -np.partition(-most_of, least - 1)[least - 1]
        if low <= high:
            values = np.where(known, np.clip(values, low, high), values)
    distinct, at = np.unique(values[known], return_inverse=True)
    pairs = np.unique(np.stack([at, owner[known]]), axis=1)[0]
    owners = np.bincount(pairs, minlength=len(distinct))
    few = (owners < least)[at]
    place = np.zeros(len(at), np.int64)
    order = np.argsort(at, kind="stable")
    starts = np.searchsorted(at[order], np.arange(len(distinct)))
    place[order] = np.arange(len(at)) - starts[at[order]]
    dropped = np.flatnonzero(known)[few & (place >= least - 1)]
    return np.delete(values, dropped)
