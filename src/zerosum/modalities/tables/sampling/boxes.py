"""What conditions on moments leave of the columns that stand for their parts."""

from dataclasses import replace

import torch
from torch import Tensor

from zerosum.modalities.tables.codecs import MIDDLE, Codec, NumberCodec
from zerosum.modalities.tables.sampling.conditions import Allowed, step_of
from zerosum.modalities.tables.space import TableSpace


def boxes_of(space: TableSpace, name: str, allowed: Allowed) -> list[tuple[int, Allowed]]:
    """What a condition on a moment leaves of the columns of its parts; perhaps more, never less.

    Of days since another moment nothing: what is left is left of that moment.
    """
    index = {codec.name: i for i, codec in enumerate(space.codecs)}
    one = next((calendar for calendar in space.calendars if calendar.name == name), None)
    if one is None:
        return [(index[name], allowed)] if name in index else []
    found = [
        (index[part], Allowed.of(ranges, missing=False, step=1.0))
        for part, ranges in one.boxes(allowed.ranges).items()
    ]
    if allowed.missing:  # the first part says what is missing, and the others say nothing then
        known = index[one.made[0]]
        return [(i, replace(box, missing=True)) for i, box in found if i == known]
    if one.since is not None and allowed.ranges:
        ends = ends_of(space.codecs[index[one.made[0]]])
        gaps = ends[~ends.isnan()]
        ranges = one.since_ranges(allowed.ranges, float(gaps.min()), float(gaps.max()))
        step = step_of(one.since)
        found += boxes_of(space, one.since.name, Allowed.of(ranges, missing=False, step=step))
    return found


def ends_of(codec: Codec) -> Tensor:
    """The least and the greatest value of each code, float64 `[2, size]`; NaN if it is missing.

    >>> ends_of(NumberCodec(name="x", knots=((1,), (2, 4)), counts=(5, 5, 1), has_missing=True))
    tensor([[1., 2., nan],
            [1., 4., nan]], dtype=torch.float64)
    """
    known = range(codec.size - (codec.missing is not None))
    ends = torch.full((2, codec.size), torch.nan, dtype=torch.float64)
    if isinstance(codec, NumberCodec):
        for code in known:
            ends[:, code] = torch.tensor([codec.knots[code][0], codec.knots[code][-1]])
    else:
        ends[:] = codec.decode(torch.arange(codec.size) + MIDDLE)
    return ends
