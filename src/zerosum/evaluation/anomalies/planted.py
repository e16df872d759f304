"""Controlled anomalies with exact masks, to try detectors with.

Each function alters every sample once, as its seed says, and leaves what it was given as it is. A
mask is true exactly where a sample was changed. Images are uint8 `[N, H, W]` or `[N, H, W, C]`,
series are numbers `[N, L, C]`, and rows are columns by name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from zerosum.errors import DataError

Columns = Mapping[str, np.ndarray]
"""Rows of a table: columns by name, `[N]` each."""


@dataclass(frozen=True, eq=False)
class PlantedArrays:
    """Images or series with anomalies.

    Attributes:
        x: as they were given, altered.
        mask: where, bool: `[N, H, W]` of images, `[N, L, C]` of series.
    """

    x: np.ndarray
    mask: np.ndarray


@dataclass(frozen=True, eq=False)
class PlantedRows:
    """Rows with anomalies.

    Attributes:
        columns: by name, altered.
        mask: which cells, bool `[N, D]`, in the order of the columns.
    """

    columns: dict[str, np.ndarray]
    mask: np.ndarray


def scratch(images: np.ndarray, *, seed: int = 0, contrast: float = 0.4) -> PlantedArrays:
    """A straight line a pixel and a half wide, brighter or darker by `contrast` of the range.

    Its length is .4 to .8 of the shorter side.

    >>> plain = np.full((2, 16, 16), 128, np.uint8)
    >>> made = scratch(plain, seed=1)
    >>> bool((made.mask == (made.x != plain)).all()), made.mask.any(axis=(1, 2)).tolist()
    (True, [True, True])
    """

    def alter(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
        high, wide = image.shape[:2]
        side = min(high, wide)
        centre = random.uniform(0.3, 0.7, 2) * (high, wide)
        angle, half = random.uniform(0, np.pi), random.uniform(0.2, 0.4) * side
        along, across = _axes(high, wide, centre, angle)
        inside = (np.abs(along) <= half) & (np.abs(across) <= 0.75)
        return _lit(image, inside, _either(random) * contrast)

    return _images(images, seed, alter)


def stain(images: np.ndarray, *, seed: int = 0, contrast: float = 0.3) -> PlantedArrays:
    """A soft spot, brighter or darker by `contrast` of the range in its middle.

    Its radius is .1 to .2 of the shorter side.

    >>> made = stain(np.full((2, 16, 16, 3), 128, np.uint8), seed=1)
    >>> made.x.shape, made.mask.shape
    ((2, 16, 16, 3), (2, 16, 16))
    """

    def alter(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
        high, wide = image.shape[:2]
        centre = random.uniform(0.25, 0.75, 2) * (high, wide)
        radius = random.uniform(0.1, 0.2) * min(high, wide)
        along, across = _axes(high, wide, centre, 0.0)
        fall = np.exp(-0.5 * (along**2 + across**2) / radius**2)
        return _lit(image, fall > 0.1, _either(random) * contrast * fall)

    return _images(images, seed, alter)


def shifted_part(images: np.ndarray, *, seed: int = 0, share: float = 0.4) -> PlantedArrays:
    """A block of `share` of each side whose content is moved within it, by a quarter of its side.

    >>> plain = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    >>> made = shifted_part(plain, seed=0)
    >>> sorted(made.x.flat) == sorted(plain.flat), int(made.mask.sum())
    (True, 36)
    """

    def alter(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
        rows, columns = _block(image, random, share)
        made = image.copy()
        by = max(1, (rows.stop - rows.start) // 4)
        made[rows, columns] = np.roll(image[rows, columns], by, axis=int(random.integers(2)))
        return made

    return _images(images, seed, alter)


def missing_part(images: np.ndarray, *, seed: int = 0, share: float = 0.3) -> PlantedArrays:
    """A block of `share` of each side in the image's own mean colour.

    >>> made = missing_part(np.arange(256, dtype=np.uint8).reshape(1, 16, 16), seed=0)
    >>> len(np.unique(made.x[made.mask]))
    1
    """

    def alter(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
        rows, columns = _block(image, random, share)
        made = image.copy()
        made[rows, columns] = image.mean(axis=(0, 1)).round()
        return made

    return _images(images, seed, alter)


def spike(series: np.ndarray, *, seed: int = 0, size: float = 3.0) -> PlantedArrays:
    """One value of one channel moved by `size` of the channel's standard deviations.

    >>> made = spike(np.random.default_rng(0).normal(size=(4, 20, 2)), seed=1)
    >>> made.mask.sum(axis=(1, 2)).tolist()
    [1, 1, 1, 1]
    """

    def alter(own: np.ndarray, spread: np.ndarray, random: np.random.Generator) -> None:
        step, channel = random.integers(own.shape[0]), random.integers(own.shape[1])
        own[step, channel] += _either(random) * size * spread[channel]

    return _series(series, seed, alter)


def level_shift(series: np.ndarray, *, seed: int = 0, size: float = 1.5) -> PlantedArrays:
    """A quarter to a half of one channel moved by `size` of its standard deviations.

    >>> made = level_shift(np.random.default_rng(0).normal(size=(4, 20, 2)), seed=1)
    >>> all(5 <= many <= 10 for many in made.mask.sum(axis=(1, 2)))
    True
    """

    def alter(own: np.ndarray, spread: np.ndarray, random: np.random.Generator) -> None:
        steps, channel = _stretch(own, random), random.integers(own.shape[1])
        own[steps, channel] += _either(random) * size * spread[channel]

    return _series(series, seed, alter)


def flat_line(series: np.ndarray, *, seed: int = 0) -> PlantedArrays:
    """A quarter to a half of one channel that stays at the value before it, as a stuck sensor's.

    >>> made = flat_line(np.random.default_rng(0).normal(size=(1, 20, 1)), seed=1)
    >>> len(np.unique(made.x[made.mask]))
    1
    """

    def alter(own: np.ndarray, _: np.ndarray, random: np.random.Generator) -> None:
        steps, channel = _stretch(own, random), random.integers(own.shape[1])
        own[steps, channel] = own[max(steps.start - 1, 0), channel]

    return _series(series, seed, alter)


def extreme_cells(rows: Columns, *, seed: int = 0, times: float = 2.0) -> PlantedRows:
    """One number of each row moved beyond the column's end, by `times` its range.

    >>> made = extreme_cells({"a": np.arange(5.0), "b": np.array(list("vwxyz"))}, seed=0)
    >>> made.mask.sum(axis=1).tolist(), bool((abs(made.columns["a"]) > 4).all())
    ([1, 1, 1, 1, 1], True)
    """
    numbers = [name for name, own in rows.items() if own.dtype.kind in "iuf"]
    if not numbers:
        raise DataError("extreme_cells needs a column of numbers. Give one, or swap cells.")

    def alter(made: dict[str, np.ndarray], i: int, random: np.random.Generator) -> None:
        name = numbers[int(random.integers(len(numbers)))]
        low, high = np.nanmin(rows[name]), np.nanmax(rows[name])
        apart = times * ((high - low) or 1)
        made[name][i] = low - apart if random.random() < 0.5 else high + apart

    return _rows(rows, seed, alter)


def swapped_cells(rows: Columns, *, seed: int = 0, num_cells: int = 2) -> PlantedRows:
    """In each row, `num_cells` cells with values of other rows: usual by themselves, not together.

    >>> made = swapped_cells({"a": np.arange(9), "b": np.arange(9)}, seed=0, num_cells=1)
    >>> made.mask.sum(axis=1).tolist()
    [1, 1, 1, 1, 1, 1, 1, 1, 1]
    """
    names = list(rows)

    def alter(made: dict[str, np.ndarray], i: int, random: np.random.Generator) -> None:
        for at in random.permutation(len(names))[:num_cells]:
            own = rows[names[at]]
            others = np.flatnonzero(own != own[i])
            if len(others):
                made[names[at]][i] = own[random.choice(others)]

    return _rows(rows, seed, alter)


def inconsistent_cells(rows: Columns, *, total: str, parts: tuple[str, ...], seed: int = 0,
                       by: float = 0.5) -> PlantedRows:  # fmt: skip
    """A column that is the sum of others, off by `by` of itself in each row, up or down.

    >>> rows = {"net": np.array([10.0, 20.0]), "tax": np.array([2.0, 4.0])}
    >>> rows["all"] = rows["net"] + rows["tax"]
    >>> made = inconsistent_cells(rows, total="all", parts=("net", "tax"))
    >>> made.mask.tolist()
    [[False, False, True], [False, False, True]]
    """
    absent = [name for name in (total, *parts) if name not in rows]
    if absent:
        raise DataError(f"no column {absent[0]!r}. There are {', '.join(rows)}.")
    if not np.allclose(sum(rows[name] for name in parts), rows[total]):
        raise DataError(f"{total!r} is not the sum of {', '.join(parts)}.")

    def alter(made: dict[str, np.ndarray], i: int, random: np.random.Generator) -> None:
        own = float(rows[total][i])
        made[total][i] = own + _either(random) * by * (abs(own) or 1.0)

    return _rows(rows, seed, alter)


def _images(
    images: np.ndarray, seed: int, alter: Callable[[np.ndarray, np.random.Generator], np.ndarray]
) -> PlantedArrays:
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        raise DataError(
            f"images are uint8 [N, H, W] or [N, H, W, C], and these are {images.dtype} "
            f"{images.shape}."
        )
    random = np.random.default_rng(seed)
    x = np.stack([alter(one, random) for one in images])
    changed = x != images
    return PlantedArrays(x, changed if images.ndim == 3 else changed.any(axis=-1))


def _series(
    series: np.ndarray, seed: int,
    alter: Callable[[np.ndarray, np.ndarray, np.random.Generator], None],
) -> PlantedArrays:  # fmt: skip
    if series.ndim != 3 or series.dtype.kind != "f":
        raise DataError(
            f"series are floats [N, L, C], and these are {series.dtype} {series.shape}."
        )
    random, spread = np.random.default_rng(seed), series.std(axis=(0, 1))
    x = series.copy()
    for one in x:
        alter(one, spread, random)
    return PlantedArrays(x, x != series)


def _rows(
    rows: Columns, seed: int,
    alter: Callable[[dict[str, np.ndarray], int, np.random.Generator], None],
) -> PlantedRows:  # fmt: skip
    random = np.random.default_rng(seed)
    made = {name: own.copy() for name, own in rows.items()}
    for i in range(len(next(iter(rows.values())))):
        alter(made, i, random)
    return PlantedRows(made, np.stack([made[name] != rows[name] for name in rows], axis=1))


def _axes(high: int, wide: int, centre: np.ndarray, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """How far each pixel is from a point, along a direction and across it."""
    rows, columns = np.mgrid[:high, :wide] + 0.5
    down, right = rows - centre[0], columns - centre[1]
    return (right * np.cos(angle) + down * np.sin(angle),
            down * np.cos(angle) - right * np.sin(angle))  # fmt: skip


def _lit(image: np.ndarray, inside: np.ndarray, by: np.ndarray | float) -> np.ndarray:
    """An image that is brighter by a share of the range inside a mask."""
    change = np.where(inside, 255.0 * by, 0.0)
    change = change if image.ndim == 2 else change[..., None]
    return (image + change).round().clip(0, 255).astype(np.uint8)


def _block(image: np.ndarray, random: np.random.Generator, share: float) -> tuple[slice, slice]:
    sides = [max(2, round(share * side)) for side in image.shape[:2]]
    starts = [
        int(random.integers(whole - side + 1))
        for whole, side in zip(image.shape[:2], sides, strict=True)
    ]
    rows, columns = (slice(s, s + side) for s, side in zip(starts, sides, strict=True))
    return rows, columns


def _stretch(own: np.ndarray, random: np.random.Generator) -> slice:
    length = len(own)
    many = int(random.integers(max(length // 4, 1), max(length // 2, 1) + 1))
    start = int(random.integers(length - many + 1))
    return slice(start, start + many)


def _either(random: np.random.Generator) -> int:
    return 1 if random.random() < 0.5 else -1
