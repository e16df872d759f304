"""Levels brought to one size: whole, filled up at their edge, or cut into pieces."""

import math
from collections import Counter
from collections.abc import Sequence

from zerosum.errors import DataError
from zerosum.faces import reading
from zerosum.modalities.levels.rules import AROUND, Grid
from zerosum.modalities.levels.space import MOST_SIDE

_LEAST = 8
_RATHER_WIDE = 1.5
_FIT = 0.95
"""The share of levels that the usual size has room for."""


def walled_in(grids: Sequence[Grid], notes: list[str]) -> list[Grid]:
    """Levels of Sokoban whose blanks that nobody reaches are walls, as nothing else is outside.

    Levels that are open at their edge stay as they are.
    """
    made = [_closed(grid) for grid in grids]
    changed = sum(a != b for a, b in zip(made, grids, strict=True))
    if changed:
        notes.append(
            f"in {changed:,} of {len(grids):,} levels blanks outside of the walls become walls."
        )
    return made


def _closed(grid: Grid) -> Grid:
    rows, columns = _size(grid)
    begin = {(i, j) for i, row in enumerate(grid) for j, tile in enumerate(row) if tile in "@+"}
    seen, waiting = set(begin), list(begin)
    while waiting:
        row, column = waiting.pop()
        for down, right in AROUND:
            to = row + down, column + right
            if not (0 <= to[0] < rows and 0 <= to[1] < columns):
                return grid
            if to not in seen and grid[to[0]][to[1]] != "#":
                seen.add(to)
                waiting.append(to)
    if not seen:
        return grid
    return [
        "".join("#" if tile == " " and (i, j) not in seen else tile for j, tile in enumerate(row))
        for i, row in enumerate(grid)
    ]


def usual_size(grids: Sequence[Grid], *, name: str) -> tuple[int, int]:
    """The size that levels are brought to: most fit into it, each side by itself.

    Raises:
        DataError: they are too large to be taken whole.
    """
    sides = [sorted(sizes) for sizes in zip(*map(_size, grids), strict=True)]
    height, width = (one[math.ceil(_FIT * len(one)) - 1] for one in sides)
    if max(height, width) > MOST_SIDE or width > _RATHER_WIDE * 2 * height:
        side = min(height, MOST_SIDE)
        raise DataError(
            f"the levels of {name} have up to {spelled(*largest(grids), ' x ')} tiles. Cut them "
            f"into pieces with {reading(window=spelled(side, side))}."
        )
    return max(height, _LEAST), max(width, _LEAST)


def that_fit(grids: Sequence[Grid], height: int, width: int, notes: list[str]) -> list[int]:
    """Which levels are no larger than a size."""
    kept = [
        i
        for i, (rows, columns) in enumerate(map(_size, grids))
        if rows <= height and columns <= width
    ]
    if len(kept) < len(grids):
        notes.append(
            f"{len(grids) - len(kept):,} of {len(grids):,} levels are larger than {height} x "
            f"{width} and are not used ({reading(window=spelled(*largest(grids)))} takes all)."
        )
    return kept


def largest(grids: Sequence[Grid]) -> tuple[int, int]:
    """The height of the highest level and the width of the widest.

    >>> largest([["##"], ["#", "#", "#"]])
    (3, 2)
    """
    height, width = (max(sizes) for sizes in zip(*map(_size, grids), strict=True))
    return height, width


def spelled(height: int, width: int, between: str = ",") -> str:
    """A size as users write it.

    >>> spelled(14, 16)
    '14,16'
    """
    return f"{height}{between}{width}"


def pieces(
    grids: Sequence[Grid], height: int, width: int, stride: tuple[int, int], notes: list[str]
) -> tuple[list[Grid], list[int]]:
    """Levels of one size, and which level each is from.

    Of a level that is cut, pieces of a single tile are left out.
    """
    cut, owners, filled, plain = [], [], 0, 0
    for i, grid in enumerate(grids):
        rows, columns = _size(grid)
        if rows < height or columns < width:
            filled += 1
            grid = _filled_up(grid, height, width)
            rows, columns = _size(grid)
        whole = (rows, columns) == (height, width)
        for top in range(0, rows - height + 1, stride[0]):
            for left in range(0, columns - width + 1, stride[1]):
                piece = [row[left : left + width] for row in grid[top : top + height]]
                if not whole and len(set("".join(piece))) == 1:
                    plain += 1
                    continue
                cut.append(piece)
                owners.append(i)
    if filled:
        notes.append(
            f"{filled:,} of {len(grids):,} levels are smaller than {height} x {width} and are "
            "filled up with what lies at their edge."
        )
    if len(cut) > len(grids):
        notes.append(f"{len(grids):,} levels are cut into {len(cut):,} pieces.")
    if plain:
        notes.append(f"{plain:,} pieces of a single tile are left out.")
    return cut, owners


def _filled_up(grid: Grid, height: int, width: int) -> Grid:
    """The level in the middle, and around it the tile that is most frequent at its edge."""
    edge = Counter(grid[0] + grid[-1] + "".join(row[0] + row[-1] for row in grid))
    tile = edge.most_common(1)[0][0]
    rows, columns = _size(grid)
    left = max(width - columns, 0) // 2
    wide = [(tile * left + row).ljust(max(width, columns), tile) for row in grid]
    missing = max(height - rows, 0)
    above, empty = missing // 2, tile * max(width, columns)
    return [empty] * above + wide + [empty] * (missing - above)


def _size(grid: Grid) -> tuple[int, int]:
    return len(grid), len(grid[0])
