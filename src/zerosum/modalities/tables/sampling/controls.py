"""What can be asked of each column, from the codes that the model knows."""

import numpy as np
import torch

from zerosum.games.controls import Choice, Range
from zerosum.modalities.tables.codecs import MIDDLE, NumberCodec
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.sampling.evidence import readings_of
from zerosum.modalities.tables.space import TableSpace


def controls_of(space: TableSpace) -> dict[str, Choice | Range]:
    """For each modelled column the names or the range that rows have.

    The range of a column that a constraint computes from others is not known.
    """
    ends = _ends_of(space)
    return {
        field.name: _choice(field, ends.get(field.name))
        if field.categories
        else _range(field, ends.get(field.name))
        for field in space.modelled
    }


def _ends_of(space: TableSpace) -> dict[str, np.ndarray]:
    """Values of the codes of each column; of intervals their ends."""
    found = {}
    for name, (index, read) in readings_of(space).items():
        codec = space.codecs[index]
        if read is None and isinstance(codec, NumberCodec):
            values = np.array([end for knots in codec.knots for end in (knots[0], knots[-1])])
        else:
            told = codec.decode(torch.arange(codec.size) + MIDDLE) if read is None else read
            values = told.numpy()
        found[name] = np.unique(values[~np.isnan(values)])
    return found


def _choice(field: Field, values: np.ndarray | None) -> Choice:
    if values is None:
        return Choice(field.categories)
    return Choice(tuple(field.categories[int(i)] for i in values if i < len(field.categories)))


def _range(field: Field, values: np.ndarray | None) -> Range:
    if values is None or not len(values):
        return Range(-np.inf, np.inf)
    low, high = values[[0, -1]].tolist()
    texts = [end for end in field.to_arrow(values[[0, -1]]).to_pylist() if end is not None]
    if all(isinstance(end, int | float) for end in texts):
        return Range(low, high)
    return Range(low, high, (str(texts[0]), str(texts[1])))
