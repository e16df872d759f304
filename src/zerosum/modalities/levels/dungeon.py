"""Simulated levels that can all be played: rooms, corridors, a key and a door."""

import random
from itertools import pairwise
from typing import Annotated

from pydantic import Field

from zerosum.config import Count
from zerosum.data.base import DataConfig, Dataset, Progress
from zerosum.modalities.levels.reading import level_dataset
from zerosum.modalities.levels.rules import Grid, Reach, flood
from zerosum.rng import derive_seed

Side = Annotated[int, Field(ge=8, le=32)]

RULES = Reach()
LABELS = ("open", "locked")


class DungeonConfig(DataConfig):
    """Simulated dungeons of 12 x 12 tiles, labelled `open` and `locked`.

    Two or three rooms are joined by corridors. The hero `@` stands in the first room and the exit
    `>` in the last. In a `locked` one a door `+` stands in the only way, and its key `k` lies
    before it. Coins `o` lie around. Every level can be played.
    """

    kind = "dungeon"
    spaces = ("level",)
    built_in = True
    side: Side = 12
    num_samples: Count = 3_000
    seed: int = 0

    def build(self, progress: Progress | None = None) -> Dataset:
        """Levels `[num_samples, side, side]`."""
        chance = random.Random(derive_seed(self.seed, self.kind))
        made = [dungeon(self.side, chance) for _ in range(self.num_samples)]
        return level_dataset(
            [grid for grid, _ in made], [label for _, label in made], name=self.kind, rules=RULES
        )


def dungeon(side: int, chance: random.Random) -> tuple[Grid, str]:
    """One level and its label.

    >>> grid, label = dungeon(12, random.Random(0))
    >>> RULES.playable(grid), label in LABELS
    (True, True)
    """
    while True:
        cells = [["#"] * side for _ in range(side)]
        rooms = _rooms(side, chance)
        for top, left, bottom, right in rooms:
            for row in range(top, bottom):
                cells[row][left:right] = ["."] * (right - left)
        for one, two in pairwise(rooms):
            _dig(cells, _middle(one, chance), _middle(two, chance), chance)
        label = chance.choice(LABELS)
        if _furnish(cells, rooms, label, chance):
            return ["".join(row) for row in cells], label


def _rooms(side: int, chance: random.Random) -> list[tuple[int, int, int, int]]:
    """Two or three rooms `(top, left, bottom, right)` that do not touch."""
    wanted = chance.choice((2, 3, 3))
    rooms: list[tuple[int, int, int, int]] = []
    for _ in range(200):
        high, wide = chance.randint(2, side // 3), chance.randint(2, side // 3)
        top, left = chance.randint(1, side - 1 - high), chance.randint(1, side - 1 - wide)
        apart = all(
            top > below + 1 or top + high + 1 < above or left > right + 1 or left + wide + 1 < aside
            for above, aside, below, right in rooms
        )
        if apart:
            rooms.append((top, left, top + high, left + wide))
        if len(rooms) == wanted:
            break
    return rooms


def _middle(room: tuple[int, int, int, int], chance: random.Random) -> tuple[int, int]:
    top, left, bottom, right = room
    return chance.randrange(top, bottom), chance.randrange(left, right)


def _dig(
    cells: list[list[str]], begin: tuple[int, int], end: tuple[int, int], chance: random.Random
) -> None:
    """A corridor with one bend."""
    (row, column), (last_row, last_column) = begin, end
    across_first = chance.random() < 0.5
    for _ in range(2):
        if across_first:
            for one in range(min(column, last_column), max(column, last_column) + 1):
                cells[row][one] = "."
            column = last_column
        else:
            for one in range(min(row, last_row), max(row, last_row) + 1):
                cells[one][column] = "."
            row = last_row
        across_first = not across_first


def _furnish(
    cells: list[list[str]], rooms: list[tuple[int, int, int, int]], label: str,
    chance: random.Random,
) -> bool:  # fmt: skip
    """Put in hero, exit, key, door and coins; False where there is no place for a door."""
    if len(rooms) < 2:
        return False
    hero, goal = _middle(rooms[0], chance), _middle(rooms[-1], chance)
    cells[hero[0]][hero[1]], cells[goal[0]][goal[1]] = "@", ">"
    if label == "locked":
        grid = ["".join(row) for row in cells]
        floor = [(r, c) for r, row in enumerate(grid) for c, tile in enumerate(row) if tile == "."]
        doors = [
            place for place in floor
            if _beside_walls(grid, place)
            and goal not in flood(_with(grid, place, "+"), hero, "#+")
        ]  # fmt: skip
        if not doors:
            return False
        door = chance.choice(doors)
        before = flood(_with(grid, door, "+"), hero, "#+") - {hero}
        free = sorted(place for place in before if grid[place[0]][place[1]] == ".")
        if not free:
            return False
        key = chance.choice(free)
        cells[door[0]][door[1]], cells[key[0]][key[1]] = "+", "k"
    for row in cells:
        for column, tile in enumerate(row):
            if tile == "." and chance.random() < 0.06:
                row[column] = "o"
    return True


def _beside_walls(grid: Grid, place: tuple[int, int]) -> bool:
    row, column = place
    upright = grid[row - 1][column] == "#" == grid[row + 1][column]
    return upright or grid[row][column - 1] == "#" == grid[row][column + 1]


def _with(grid: Grid, place: tuple[int, int], tile: str) -> Grid:
    row, column = place
    line = grid[row]
    return [*grid[:row], line[:column] + tile + line[column + 1 :], *grid[row + 1 :]]
