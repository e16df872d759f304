"""How numbers are cut into values and intervals that are codes, by how often each occurs."""

from collections.abc import Sequence

import numpy as np

ROWS_FOR_A_CODE = 40
"""Rows of the table for each code of a column of numbers; more codes are learned by heart."""

_ROWS_IN_TAIL, _WIDER = 50, 2.0
"""Rows of an interval in a tail at least, and how much wider an outer half is than the other."""

FEWEST_INTERVALS, _FEWEST_VALUES, MOST_VALUES = 8, 20, 100


def most_values(num_rows: int, most: int = MOST_VALUES) -> int:
    """Different values of a column of so many rows that are each a code of their own, at most.

    >>> most_values(100), most_values(2_000), most_values(100_000)
    (20, 50, 100)
    """
    return min(most, max(_FEWEST_VALUES, num_rows // ROWS_FOR_A_CODE))


def spikes(times: np.ndarray, num_intervals: int, least: int) -> np.ndarray:
    """Which of the different values are as frequent as an interval of all less frequent ones."""
    spike = np.zeros(len(times), bool)
    while True:
        often = max(least, times[~spike].sum() / num_intervals)
        more = spike | (times >= often)
        if (more == spike).all():
            return spike
        spike = more


def pieces(values: np.ndarray, count: int, least: int) -> list[np.ndarray]:
    """Sorted values cut into at most `count` runs of about as many rows; ties stay together."""
    count = min(count, len(values) // max(least, 1)) or min(1, len(values))
    pieces, start = [], 0
    for i in range(count):
        stop = len(values) if i == count - 1 else (i + 1) * len(values) // count
        stop = max(stop, start)
        while stop < len(values) and stop > 0 and values[stop] == values[stop - 1]:
            stop += 1
        if stop > start:
            pieces.append(values[start:stop])
        start = stop
    return pieces


def with_tails(pieces: list[np.ndarray]) -> list[np.ndarray]:
    """The pieces, the outermost cut in halves as long as their outer half is much the wider one."""
    if len(pieces) < 2:
        return pieces
    low = [-part[::-1] for part in _tail(-pieces[0][::-1])][::-1]
    return [*low, *pieces[1:-1], *_tail(pieces[-1])]


def _tail(piece: np.ndarray) -> list[np.ndarray]:
    """A piece of sorted values, cut where its upper half is much wider than its lower one."""
    middle = int(np.searchsorted(piece, piece[len(piece) // 2]))  # ties stay together
    rows = min(middle, len(piece) - middle)
    if rows < _ROWS_IN_TAIL:
        return [piece]
    inner, outer = piece[middle] - piece[0], piece[-1] - piece[middle]
    return [piece[:middle], *_tail(piece[middle:])] if outer > _WIDER * inner else [piece]


def num_knots(rows: int) -> int:
    """Knots of intervals of so many rows each: one for each hundred rows, from 9 to 65.

    >>> num_knots(400), num_knots(1_600), num_knots(100_000)
    (9, 17, 65)
    """
    halvings = (max(rows, 1) // 100).bit_length() - 1
    return 1 + 2 ** min(max(halvings, 3), 6)


def quantiles(piece: np.ndarray, num_knots: int) -> tuple[float, ...]:
    """Knots of an interval; always more than one."""
    return tuple(np.quantile(piece, np.linspace(0, 1, num_knots)).tolist())


def without_extremes(
    knots: Sequence[tuple[float, ...]], known: np.ndarray, least: int
) -> list[tuple[float, ...]]:
    """Intervals that end where `least` rows lie beyond or at their end."""
    rank = min(least, len(known)) - 1
    low, high = known[rank], known[-1 - rank]
    if low > high:
        low = high = float(np.median(known))
    return [k if len(k) == 1 else tuple(float(np.clip(v, low, high)) for v in k) for k in knots]
