"""Codes of a table that are fitted privately: from noisy histograms, and from nothing else.

The rows are counted, and every column in one or two histograms to which each row adds one. Where a
person has several rows, these together add a vector of length 1, so that nobody counts for more.
All of them together are released once by the Gaussian mechanism; what follows, ends of intervals,
categories and marginals, is made from the noisy counts alone.

A number is first counted on a grid of signed powers of two, which needs no bounds; the noisy counts
say where the data lies and whether it is spread or skewed. Then it is counted on a fine grid there.
Names of categories are data too: a name is released only if so many rows have it that a single
row is unlikely to have decided it (see `SecretNoise.frequent`). How many rows share all other names
follows from what is released besides: their own noisy counts, added up, would scatter more the more
names there are, which a single row may decide. Where a person has several rows, names are chosen by
who has them at all, and those that are chosen are counted once more, beside all others.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from zerosum.errors import DataError
from zerosum.modalities.tables.codecs import CategoryCodec, Codec, NumberCodec
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.space import TableSpace
from zerosum.rng import SecretNoise

_LEAST_POWER, _MOST_POWER = -20, 63
_CELLS = 512
_INTERVALS = 32
_KNOTS = 9
_STRETCHES, _NEARLY_ALL = 32, 0.95
_STANDS_OUT = 3.0
"""Deviations of the noise above which a count is taken for one."""

_KEPT = 0.999
"""Share of the noisy counts that lies between the bounds that are taken."""


@dataclass(frozen=True)
class NoisyRelease:
    """The Gaussian mechanism over all counts of a table.

    Attributes:
        noise_multiplier: deviation of the noise over the L2 sensitivity of all counts together.
        delta: probability with which a category of a single row may be released.
        secret: where the noise comes from.
        num_counts: how many histograms a person adds to, each by a vector of length 1 at most.
        num_names: how many names of categories one person may bring.
    """

    noise_multiplier: float
    delta: float
    secret: SecretNoise
    num_counts: int
    num_names: int

    @property
    def deviation(self) -> float:
        """Of the noise of each count."""
        return self.noise_multiplier * math.sqrt(self.num_counts)

    @property
    def threshold(self) -> float:
        """A noisy count that one person's names exceed with probability `delta` at most."""
        share = torch.tensor(1 - self.delta / self.num_names, dtype=torch.float64)
        return 1 + self.deviation * float(torch.special.ndtri(share))

    def size(self, count: int) -> int:
        """A number of persons with noise, 1 at least."""
        return max(round(float(self.noisy(np.array([count]))[0])), 1)

    def bound(self, numbers: np.ndarray, most: int) -> int:
        """A number that hardly any of `numbers` exceed, one of each person; from one histogram.

        It ends the last stretch, of half a power of two, whose count stands out from the noise.

        Args:
            numbers: at least 0, `[N]`.
            most: the largest number that may come out.
        """
        steps = [1, *(step << power for power in range(most.bit_length()) for step in (2, 3))]
        ends = np.array(sorted({0, most, *(one for one in steps if one < most)}))
        counts = np.bincount(np.searchsorted(ends, np.minimum(numbers, most)), minlength=len(ends))
        found = np.flatnonzero(self.noisy(counts) > _STANDS_OUT * self.deviation)
        return int(max(ends[found].max(initial=1), 1))

    def noisy(self, counts: np.ndarray) -> np.ndarray:
        """Counts with noise."""
        return self.secret.noisy(torch.from_numpy(counts.astype(float)), self.deviation).numpy()

    def frequent(self, counts: Mapping[str, int]) -> dict[str, float]:
        """The names that many rows have, with their noisy counts."""
        return self.secret.frequent(counts, deviation=self.deviation, threshold=self.threshold)


def fit_private_space(
    fields: Sequence[Field], values: Tensor, *, noise_multiplier: float, delta: float,
    secret: SecretNoise,
) -> TableSpace:  # fmt: skip
    """The space of rows with these values, by noisy histograms.

    Args:
        fields: every column of the table. Kinds and decimals are taken for public; categories are
            not: only those that many rows have get codes.
        values: of the modelled fields, float64 `[N, D]`.
        noise_multiplier: deviation of the noise over the L2 sensitivity of all counts together.
        delta: probability with which a category of a single row may be released.
        secret: where the noise comes from.

    Raises:
        DataError: no field is left to learn.
    """
    modelled = [field for field in fields if field.modelled]
    if not modelled:
        raise DataError("there is nothing to learn: no column of the table holds values.")
    num_counts = 1 + sum(1 if field.categories else 2 for field in modelled)
    release = NoisyRelease(noise_multiplier, delta, secret, num_counts, num_counts)
    num_rows = release.size(len(values))
    codecs = tuple(
        private_codec(field, column.numpy(), release, num_rows=num_rows)
        for field, column in zip(modelled, values.unbind(dim=1), strict=True)
    )
    return TableSpace(fields=tuple(fields), codecs=codecs, num_rows=num_rows)


def private_codec(
    field: Field, values: np.ndarray, release: NoisyRelease, *, num_rows: int,
    owner: np.ndarray | None = None, has_missing: bool = False,
) -> Codec:  # fmt: skip
    """Codes of one column, from noisy histograms.

    Args:
        field: of the column.
        values: `[N]`, NaN where something is missing.
        release: the mechanism, with the number of all histograms.
        num_rows: rows, as they were released; without `owner` they are persons.
        owner: whose each row is, `[N]`, where a person may have several: all of these together
            count as a vector of length 1. If not given, each row is a person.
        has_missing: whether something is known to be missing, whatever is counted.
    """
    counts = _Counts(release, owner)
    if field.categories:
        return _categories(field, values, counts, num_rows)
    return _numbers(field, values, counts, num_rows, has_missing)


def public_codec(
    field: Field, values: np.ndarray, release: NoisyRelease, *, num_rows: int,
    owner: np.ndarray | None = None,
) -> CategoryCodec:  # fmt: skip
    """Codes of a column all categories of which are public: each has one, whoever has it.

    Args:
        field: of the column.
        values: `[N]`, NaN where something is missing.
        release: the mechanism, with the number of all histograms; this takes one.
        num_rows: rows, as they were released.
        owner: whose each row is, `[N]`; see `private_codec`.
    """
    size = len(field.categories)
    cells = np.where(np.isnan(values), size, values).astype(np.int64)
    noisy = release.noisy(_Counts(release, owner).of_rows(cells, size + 1))
    has_missing = bool(noisy[size] > release.threshold)
    held = noisy.clip(0)[: size + has_missing]
    held *= num_rows / max(held.sum(), 1.0)
    return CategoryCodec(
        name=field.name, values=tuple(range(size)), has_missing=has_missing,
        counts=tuple(max(round(one), 1) for one in held.tolist()),
    )  # fmt: skip


@dataclass(frozen=True)
class _Counts:
    """Histograms of a column to which each person adds a vector of length 1 at most."""

    release: NoisyRelease
    owner: np.ndarray | None

    def of_rows(self, cells: np.ndarray, num_cells: int) -> np.ndarray:
        """How much each cell holds, `[num_cells]`.

        Args:
            cells: the number of each row's cell, `[N]`; below 0 for rows that are not counted.
            num_cells: how many there are.
        """
        if self.owner is None:
            return np.bincount(cells[cells >= 0], minlength=num_cells).astype(float)
        return self._shared(self.owner, cells, num_cells)

    def of_owners(self, cells: np.ndarray, num_cells: int) -> np.ndarray:
        """The same where a cell counts once for each who has it, `[num_cells]`."""
        assert self.owner is not None
        pairs = np.unique(self.owner[cells >= 0] * num_cells + cells[cells >= 0])
        return self._shared(pairs // num_cells, pairs % num_cells, num_cells)

    @staticmethod
    def _shared(owner: np.ndarray, cells: np.ndarray, num_cells: int) -> np.ndarray:
        """What owners add, each a vector of length 1, `[num_cells]`."""
        counted = cells >= 0
        own, where = np.unique(owner[counted], return_inverse=True)
        pairs, times = np.unique(where * num_cells + cells[counted], return_counts=True)
        norms = np.sqrt(np.bincount(pairs // num_cells, times.astype(float) ** 2, len(own)))
        shares = times / norms[pairs // num_cells]
        return np.bincount(pairs % num_cells, shares, num_cells)

    def scale(self, held: float, num_rows: int) -> float:
        """What turns so much that all cells hold together into rows."""
        return 1.0 if self.owner is None else num_rows / max(held, 1.0)


def _categories(field: Field, values: np.ndarray, counts: _Counts, num_rows: int) -> CategoryCodec:
    """Codes of the categories that many have; all others share one."""
    names, release = field.categories, counts.release
    gone = len(names) + 1  # after the index of what the field does not name
    cells = np.where(np.isnan(values), gone, values).astype(np.int64)
    several = counts.owner is not None
    times = (counts.of_owners if several else counts.of_rows)(cells, gone + 1)
    common = release.frequent({names[i]: times[i] for i in np.flatnonzero(times[: len(names)])})
    lacking = 0.0
    if several:
        chosen = [*common]
        at = np.full(gone + 1, len(chosen))
        at[[names.index(name) for name in chosen]] = np.arange(len(chosen))
        at[gone] = len(chosen) + 1
        noisy = release.noisy(counts.of_rows(at[cells], len(chosen) + 2)).clip(0)
        noisy *= num_rows / max(noisy.sum(), 1.0)
        common, lacking = dict(zip(chosen, noisy[:-2].tolist(), strict=True)), float(noisy[-1])
    else:
        lacking = float(release.noisy(times[gone:])[0])
    order = sorted(common, key=lambda name: (-common[name], names.index(name)))
    has_missing = lacking > release.threshold
    missing = [max(round(lacking), 1)] if has_missing else []
    num_rare = max(round(num_rows - sum(common.values()) - sum(missing)), 1)
    return CategoryCodec(
        name=field.name, values=tuple(names.index(name) for name in order),
        counts=(*(max(round(common[name]), 1) for name in order), num_rare, *missing),
        num_rare=num_rare, has_missing=has_missing,
    )  # fmt: skip


def _numbers(
    field: Field, values: np.ndarray, counts: _Counts, num_rows: int, has_missing: bool
) -> NumberCodec:
    """Codes of a column of numbers: a coarse noisy count finds where, a fine one how many."""
    release, gone = counts.release, np.isnan(values)
    powers = _power_edges()
    coarse = release.noisy(counts.of_rows(_cells(values, powers), len(powers) - 1))
    low, high = _bounds(powers, np.maximum(coarse, 0) * (coarse > release.threshold))
    edges = _fine_edges(low, high, field.decimals)
    inside = np.clip(values, edges[0], np.nextafter(edges[-1], edges[0]))
    cells = np.where(gone, len(edges) - 1, _cells(inside, edges))
    noisy = release.noisy(counts.of_rows(cells, len(edges)))
    has_missing = has_missing or bool(noisy[-1] > release.threshold)
    held = noisy[:-1]
    if low > 0 or high < 0:
        known = held.sum() if counts.owner is not None else num_rows - noisy[-1]
        edges, held = _occupied(edges, held, float(known))
    knots, sizes = _intervals(edges, held, field.decimals, release.deviation)
    scale = counts.scale(sum(sizes) + (noisy[-1] if has_missing else 0.0), num_rows)
    missing = [max(round(scale * noisy[-1]), 1)] if has_missing else []
    return NumberCodec(
        name=field.name, knots=tuple(knots),
        counts=(*(max(round(scale * size), 1) for size in sizes), *missing),
        places=field.decimals, has_missing=has_missing,
    )  # fmt: skip


def _cells(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The number of the cell that each value lies in, `[N]`; -1 outside and where it is missing.

    >>> _cells(np.array([0.0, 1.5, 2.0, 3.0, np.nan]), np.array([0.0, 1.0, 2.0]))
    array([ 0,  1,  1, -1, -1])
    """
    cells = np.searchsorted(edges, values, side="right") - 1
    cells = np.where(values == edges[-1], len(edges) - 2, cells)
    return np.where(np.isnan(values) | (cells > len(edges) - 2), -1, cells)


def _power_edges() -> np.ndarray:
    """Ends of cells at signed powers of two, with a cell of its own around zero."""
    powers = 2.0 ** np.arange(_LEAST_POWER, _MOST_POWER + 1)
    return np.concatenate([-powers[::-1], powers])


def _bounds(edges: np.ndarray, counts: np.ndarray) -> tuple[float, float]:
    """Between which edges nearly all counts lie."""
    if counts.sum() <= 0:
        return -1.0, 1.0
    shares = np.cumsum(counts) / counts.sum()
    low = int(np.searchsorted(shares, (1 - _KEPT) / 2))
    high = int(np.searchsorted(shares, 1 - (1 - _KEPT) / 2))
    return float(edges[low]), float(edges[min(high + 1, len(edges) - 1)])


def _fine_edges(low: float, high: float, decimals: int | None) -> np.ndarray:
    """Ends of fine cells: of single values where there are few, else evenly many.

    Where zero lies between the bounds or at one, half of the cells are spaced by powers, so that
    skewed columns are seen as finely near zero as far from it.
    """
    if decimals is not None:
        step = 10.0**-decimals
        if (high - low) / step <= _CELLS:
            count = round((high - low) / step) + 1
            return low + step * (np.arange(count + 1) - 0.5)
    even = np.linspace(low, high, _CELLS // 2 + 1)
    size = max(abs(low), abs(high))
    least = max(size * 2.0**-16, 10.0**-decimals if decimals is not None else 0.0)
    skewed = np.geomspace(least, size, _CELLS // 4)
    every = np.concatenate([even, skewed, -skewed, [-least / 2, least / 2]])
    if decimals is not None:
        every = np.round(every, decimals) - 0.5 * 10.0**-decimals
    # Far from zero there is nothing near it but noise, of which values would be made.
    first = low if low > 0 else min(low, -least / 2)
    last = high if high < 0 else max(high, least / 2)
    return np.unique(every[(every >= first) & (every <= last)])


def _occupied(
    edges: np.ndarray, cells: np.ndarray, total: float
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """The cells of the fewest stretches next to each other that hold nearly all, and one beyond.

    Far from zero a power of two is wide: years from 1935 on lie between 1024 and 2048.

    >>> edges, cells = _occupied(np.arange(65.0), np.r_[np.zeros(40), 9.0, 9.0, np.zeros(22)], 18.0)
    >>> edges.tolist()
    [38.0, 39.0, 40.0, 41.0, 42.0, 43.0, 44.0]
    """
    size = -(-len(cells) // _STRETCHES)
    sums = np.cumsum(np.r_[0.0, np.add.reduceat(cells, np.arange(0, len(cells), size))])
    for width in range(1, len(sums)):
        held = sums[width:] - sums[:-width]
        at = int(held.argmax())
        if held[at] >= _NEARLY_ALL * total:
            first, last = max(at - 1, 0) * size, min((at + width + 1) * size, len(cells))
            return edges[first : last + 1], cells[first:last]
    return edges, cells


def _intervals(
    edges: np.ndarray, cells: np.ndarray, decimals: int | None, deviation: float
) -> tuple[list[tuple[float, ...]], list[float]]:
    """Knots and noisy counts of intervals of about as many rows each; heavy cells by themselves.

    Counts are not clipped before they are added up, since a thousand empty cells would then have
    many rows; an interval ends where its count stands out from the noise of `deviation`.
    """
    target = max(cells.sum() / _INTERVALS, 6 * deviation)
    bounds, start = [0], 0
    for stop in range(1, len(cells) + 1):
        next_is_heavy = stop < len(cells) and cells[stop] >= target
        if cells[start:stop].sum() >= target or next_is_heavy:
            bounds.append(stop)
            start = stop
    bounds = sorted({*bounds, len(cells)})
    knots, sizes = [], []
    for first, last in pairwise(bounds):
        size = float(cells[first:last].sum())
        if size > deviation:
            inner = np.maximum(cells[first:last], 0) + 1e-9
            knots.append(_knots(edges[first : last + 1], inner, decimals))
            sizes.append(size)
    if not knots:
        return [_knots(edges, np.ones(len(cells)), decimals)], [1.0]
    return knots, sizes


def _knots(edges: np.ndarray, cells: np.ndarray, decimals: int | None) -> tuple[float, ...]:
    """Quantiles of cells taken for evenly filled; of a cell of one value that value."""
    if decimals is not None and len(cells) == 1:
        first, last = np.ceil(edges[0] * 10**decimals), np.floor(edges[1] * 10**decimals)
        if first >= last:
            return (float(np.round((edges[0] + edges[1]) / 2, decimals)),)
    inner = np.concatenate([[0.0], np.cumsum(cells)]) / cells.sum()
    return tuple(np.interp(np.linspace(0, 1, _KNOTS), inner, edges).tolist())
