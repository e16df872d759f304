"""Codes of a table that are fitted privately: from noisy histograms, and from nothing else.

The rows are counted, and every column in one or two histograms to which each row adds one. All of
them together are released once by the Gaussian mechanism; what follows, ends of intervals,
categories and marginals, is made from the noisy counts alone.

A number is first counted on a grid of signed powers of two, which needs no bounds; the noisy counts
say where the data lies and whether it is spread or skewed. Then it is counted on a fine grid there.
Names of categories are data too: a name is released only if so many rows have it that a single
row is unlikely to have decided it (see `SecretNoise.frequent`). How many rows share all other names
follows from what is released besides: their own noisy counts, added up, would scatter more the more
names there are, which a single row may decide.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from zerosum.data.base import Dataset
from zerosum.errors import DataError
from zerosum.modalities.tables.codecs import MIDDLE, CategoryCodec, NumberCodec
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.reading.dataset import TableDataset
from zerosum.modalities.tables.space import TableSpace
from zerosum.modalities.tables.time_fields import StepField
from zerosum.rng import Noise, SecretNoise, derive_seed
from zerosum.spaces import Space

FINGERPRINT = "private"
"""Stands for the fingerprint of private data, since a digest of rows reveals something."""

_LEAST_POWER, _MOST_POWER = -20, 63
_CELLS = 512
_INTERVALS = 32
_KNOTS = 9
_KEPT = 0.999
"""Share of the noisy counts that lies between the bounds that are taken."""


@dataclass(frozen=True)
class NoisyRelease:
    """The Gaussian mechanism over all counts of a table.

    Attributes:
        noise_multiplier: deviation of the noise over the L2 sensitivity of all counts together.
        delta: probability with which a category of a single row may be released.
        secret: where the noise comes from.
        num_counts: how many counts a row adds one to.
    """

    noise_multiplier: float
    delta: float
    secret: SecretNoise
    num_counts: int

    @property
    def deviation(self) -> float:
        """Of the noise of each count."""
        return self.noise_multiplier * math.sqrt(self.num_counts)

    @property
    def threshold(self) -> float:
        """A noisy count that one row exceeds with probability `delta` at most, in any column."""
        share = torch.tensor(1 - self.delta / self.num_counts, dtype=torch.float64)
        return 1 + self.deviation * float(torch.special.ndtri(share))

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
    release = NoisyRelease(noise_multiplier, delta, secret, num_counts)
    num_rows = max(round(float(release.noisy(np.array([len(values)]))[0])), 1)
    codecs = tuple(
        _categories(field, column.numpy(), release, num_rows)
        if field.categories
        else _numbers(field, column.numpy(), release)
        for field, column in zip(modelled, values.unbind(dim=1), strict=True)
    )
    return TableSpace(fields=tuple(fields), codecs=codecs, num_rows=num_rows)


class PrivateTable(TableDataset):
    """Rows in private codes, which say nothing of themselves: no digest, and no exact number.

    Attributes:
        content: the fingerprint of the rows as they were opened; it is written nowhere.
    """

    def __init__(
        self, values: Tensor, space: TableSpace, *, name: str, source: str | None = None
    ) -> None:
        super().__init__(values, space, name=name, source=source)
        self.content, self.fingerprint = self.fingerprint, FINGERPRINT
        self._stated = space.num_rows

    @property
    def stated_size(self) -> int:
        """The noisy number of rows."""
        return self._stated

    def holds_what(self, other: Dataset) -> bool:
        """By what was opened: the fingerprints of all private data are the same."""
        return isinstance(other, PrivateTable) and self.content == other.content


def as_private(dataset: Dataset, space: Space) -> PrivateTable:
    """The rows of `dataset` as values of the fields of `space`: withheld categories are unknown.

    Raises:
        DataError: they are not rows of a table, a column is missing, or counts other steps of time.
    """
    if not isinstance(dataset, TableDataset) or not isinstance(space, TableSpace):
        raise DataError("this is not the data of the run, which is a table.")
    assert isinstance(dataset.space, TableSpace)
    held, _ = dataset.resident
    columns = dataset.space.columns(held)
    theirs = {field.name: field for field in dataset.space.modelled}
    missing = [name for name in space.names if name not in theirs]
    if missing:
        raise DataError(f"this is not the data of the run: it lacks {', '.join(missing[:5])}.")
    for field in space.modelled:
        _require_steps(theirs[field.name], field)
    values = [_recoded(columns[f.name], theirs[f.name], f) for f in space.modelled]
    table = PrivateTable(
        torch.stack(values, dim=1), space, name=dataset.name, source=dataset.source
    )
    table.content = dataset.fingerprint
    return table


def stand_in(space: TableSpace, *, seed: int) -> PrivateTable:
    """As many rows as `space` says, of independent columns: nothing of the real ones is looked at.

    What a step takes is measured on them, so that nothing recorded about it reveals rows.
    """
    noise = Noise(derive_seed(seed, "stand-in rows"))
    columns = {
        codec.name: codec.decode(
            noise.choice(space.num_rows, torch.tensor(codec.counts, dtype=torch.float64)) + MIDDLE
        )
        for codec in space.codecs
    }
    return PrivateTable(space.compact(columns), space, name="made-up rows")


def _require_steps(theirs: Field, ours: Field) -> None:
    if not isinstance(ours, StepField):
        return
    stated, run = (
        (one.resolution, one.offset) if isinstance(one, StepField) else one.kind
        for one in (theirs, ours)
    )
    if stated != run:
        raise DataError(
            f"this is not the data of the run: column {ours.name!r} is of {theirs.details}, and "
            f"the run's of {ours.details}."
        )


def _recoded(values: Tensor, old: Field, new: Field) -> Tensor:
    """Category indices of one field as those of another with fewer names."""
    if not new.categories:
        return values
    place = {name: float(i) for i, name in enumerate(new.categories)}
    unknown = float(len(new.categories))
    table = torch.tensor([*(place.get(name, unknown) for name in old.categories), unknown]).double()
    index = values.nan_to_num(nan=0.0).long().clamp(0, len(table) - 1)
    return torch.where(values.isnan(), values, table[index])


def _categories(
    field: Field, values: np.ndarray, release: NoisyRelease, num_rows: int
) -> CategoryCodec:
    """Codes of the categories that many rows have; all others share one."""
    known = values[~np.isnan(values)].astype(np.int64)
    names = field.categories
    times = np.bincount(known, minlength=len(names))
    common = release.frequent(
        {names[i]: int(times[i]) for i in np.flatnonzero(times[: len(names)])}
    )
    order = sorted(common, key=lambda name: (-common[name], names.index(name)))
    gone = float(release.noisy(np.array([len(values) - len(known)]))[0])
    has_missing = gone > release.threshold
    missing = [max(round(gone), 1)] if has_missing else []
    num_rare = max(round(num_rows - sum(common.values()) - sum(missing)), 1)
    return CategoryCodec(
        name=field.name, values=tuple(names.index(name) for name in order),
        counts=(*(max(round(common[name]), 1) for name in order), num_rare, *missing),
        num_rare=num_rare, has_missing=has_missing,
    )  # fmt: skip


def _numbers(field: Field, values: np.ndarray, release: NoisyRelease) -> NumberCodec:
    """Codes of a column of numbers: a coarse noisy count finds where, a fine one how many."""
    known = values[~np.isnan(values)]
    powers = _power_edges()
    coarse = release.noisy(np.histogram(known, powers)[0])
    low, high = _bounds(powers, np.maximum(coarse, 0) * (coarse > release.threshold))
    edges = _fine_edges(low, high, field.decimals)
    inside = np.clip(known, edges[0], np.nextafter(edges[-1], edges[0]))
    noisy = release.noisy(np.append(np.histogram(inside, edges)[0], len(values) - len(known)))
    has_missing = bool(noisy[-1] > release.threshold)
    knots, sizes = _intervals(edges, noisy[:-1], field.decimals, release.deviation)
    missing = [max(round(noisy[-1]), 1)] if has_missing else []
    return NumberCodec(
        name=field.name, knots=tuple(knots),
        counts=(*(max(round(size), 1) for size in sizes), *missing),
        places=field.decimals, has_missing=has_missing,
    )  # fmt: skip


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
    return np.unique(every[(every >= min(low, -least / 2)) & (every <= high)])


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
