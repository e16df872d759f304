"""Codes of times of day that do not reach across hours.

Intervals of equally many rows are wide where there are few, so that all of a quiet night would be
one code with the morning after, and nothing could fall in the night alone.
"""

import numpy as np
import torch

from zerosum.modalities.tables.codecs import NumberCodec
from zerosum.modalities.tables.intervals import quantiles


def by_hours(codec: NumberCodec, clocks: np.ndarray, *, hour: float, least: int) -> NumberCodec:
    """The codec with intervals cut at full hours, where enough rows are on both sides.

    Args:
        codec: of clocks.
        clocks: what it was fitted to, float64 `[N]`.
        hour: its length in steps of a clock.
        least: rows of a part at least.

    >>> clocks = np.array([1.0, 2, 3, 4, 61, 62, 63, 64])
    >>> codec = NumberCodec(name="clock", knots=((1.0, 64.0),), counts=(8,))
    >>> by_hours(codec, clocks, hour=60, least=3).knots
    ((1.0, 4.0), (61.0, 64.0))
    """
    codes = codec.encode(torch.from_numpy(clocks)).floor().numpy()
    knots, counts = list[tuple[float, ...]](), list[int]()
    for code, one in enumerate(codec.knots):
        if len(one) == 1:
            knots.append(one)
            counts.append(codec.counts[code])
            continue
        inside = np.sort(clocks[codes == code]).clip(one[0], one[-1])
        for part in _parts(inside, np.floor(inside / hour), least):
            knots.append(quantiles(part, len(one)))
            counts.append(len(part))
    missing = codec.counts[len(codec.knots) :]
    return NumberCodec.from_json(codec.to_json() | {"knots": knots, "counts": [*counts, *missing]})


def _parts(values: np.ndarray, hours: np.ndarray, least: int) -> list[np.ndarray]:
    """Sorted values cut where the hour changes, into parts of `least` or more."""
    cuts, start = [0], 0
    for at in np.flatnonzero(np.diff(hours)) + 1:
        if at - start >= least and len(values) - at >= least:
            cuts.append(int(at))
            start = at
    return [part for part in np.split(values, cuts[1:]) if len(part)]
