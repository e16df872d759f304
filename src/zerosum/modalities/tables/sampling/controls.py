"""What can be asked of each column, from the codes that the model knows."""

import numpy as np
import torch

from zerosum.games.controls import ChoiceControl, RangeControl
from zerosum.modalities.tables.codecs import MIDDLE, NumberCodec
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.sampling.conditioning import readings_of
from zerosum.modalities.tables.space import TableSpace


def controls_of(space: TableSpace) -> dict[str, ChoiceControl | RangeControl]:
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
            decoded = codec.decode(torch.arange(codec.size) + MIDDLE) if read is None else read
            values = decoded.numpy()
        found[name] = np.unique(values[~np.isnan(values)])
    return found | {one.name: np.array([one.low, one.high]) for one in space.calendars}


def _choice(field: Field, values: np.ndarray | None) -> ChoiceControl:
    if values is None:
        return ChoiceControl(field.categories)
    return ChoiceControl(
        tuple(field.categories[int(i)] for i in values if i < len(field.categories))
    )


def _range(field: Field, values: np.ndarray | None) -> RangeControl:
    if values is None or not len(values):
        return RangeControl(-np.inf, np.inf)
    low, high = values[[0, -1]].tolist()
    texts = [end for end in field.to_arrow(values[[0, -1]]).to_pylist() if end is not None]
    if all(isinstance(end, int | float) for end in texts):
        return RangeControl(low, high)
    return RangeControl(low, high, (str(texts[0]), str(texts[1])))
