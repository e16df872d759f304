"""What makes a level playable, and programs that find out by playing."""

from abc import abstractmethod
from collections import Counter, deque
from collections.abc import Iterator
from typing import ClassVar

from pydantic import PositiveInt

from zerosum.config import Config
from zerosum.modalities.levels.pushing import search_pushes

Place = tuple[int, int]
"""Row and column."""

Grid = list[str]
"""Rows of characters."""

AROUND = ((-1, 0), (1, 0), (0, -1), (0, 1))


class Rules(Config):
    """How a level is played.

    Attributes:
        required: tiles without which no level can be of this game.
        whole: a piece of a level cannot be played, so levels are never cut.
    """

    required: ClassVar[str] = ""
    whole: ClassVar[bool] = False

    @abstractmethod
    def problem(self, grid: Grid) -> str | None:
        """Why a level cannot be played to its end; None if it can.

        Args:
            grid: rows of characters, all of one length.
        """

    def playable(self, grid: Grid) -> bool:
        """Whether a level can be played to its end."""
        return self.problem(grid) is None


class Reach(Rules):
    """Walk from the start to the goal; a door opens once the key was reached.

    Attributes:
        start: the only tile of its kind.
        goal: the only tile of its kind.
        wall: nobody walks there.
        key: opens doors.
        door: a wall until the key is reached.
        solid: further tiles that nobody walks on.

    >>> Reach().problem(["@.>"]) is None
    True
    >>> Reach().problem(["@#>"])
    'the goal cannot be reached from the start'
    >>> Reach().problem([".#>"])
    'there are 0 starts @, and a level has one'
    >>> Reach().problem(["@k+>"]), Reach().problem(["@+k>"])
    (None, 'the goal cannot be reached from the start')
    """

    kind = "reach"
    whole = True
    required = "@>"
    start: str = "@"
    goal: str = ">"
    wall: str = "#"
    key: str = "k"
    door: str = "+"
    solid: str = ""

    def problem(self, grid: Grid) -> str | None:
        """See `Rules.problem`."""
        for tile, name in ((self.start, "starts"), (self.goal, "goals")):
            count = sum(row.count(tile) for row in grid)
            if count != 1:
                return f"there are {count} {name} {tile}, and a level has one"
        begin = next(_places(grid, self.start))
        stops = self.wall + self.solid
        reached = flood(grid, begin, stops + self.door)
        if any(grid[row][column] == self.key for row, column in reached):
            reached = flood(grid, begin, stops)
        goal = next(_places(grid, self.goal))
        return None if goal in reached else "the goal cannot be reached from the start"


class Sokoban(Rules):
    """Push every box `$` onto a goal `.`, as in XSB files.

    `+` and `*` are the player and a box that stand on goals.

    Attributes:
        most_states: positions that are looked at; a level that takes more counts as one that cannot
            be solved.

    >>> Sokoban().problem(["#####", "#@$.#", "#####"]) is None
    True
    >>> Sokoban().problem(["#####", "#$@.#", "#####"])
    'there is no way to push all boxes onto goals'
    """

    kind = "sokoban"
    whole = True
    required = "#@$."
    most_states: PositiveInt = 5_000

    def problem(self, grid: Grid) -> str | None:
        """See `Rules.problem`."""
        tiles = Counter("".join(grid))
        players, boxes = tiles["@"] + tiles["+"], tiles["$"] + tiles["*"]
        goals = tiles["."] + tiles["*"] + tiles["+"]
        if players != 1:
            return f"there are {players} players, and a level has one"
        if not boxes or boxes > goals:
            return f"there are {boxes} boxes and {goals} goals"
        found = search_pushes(grid, most_states=self.most_states)
        if found == "impossible":
            return "there is no way to push all boxes onto goals"
        if found == "unknown":
            return (
                f"no way to push all boxes onto goals was found in {self.most_states:,} positions"
            )
        return None


class Jump(Rules):
    """Run and jump from the left edge to the right one, as in platform games.

    Attributes:
        solid: tiles that one stands on and cannot pass.
        deadly: tiles that nobody may touch.
        height: tiles that a jump rises.

    >>> Jump().problem(["---", "---", "XXX"]) is None
    True
    >>> Jump(height=1).problem(["--X", "--X", "--X", "X-X"])
    'the right edge cannot be reached from the left one'
    """

    kind = "jump"
    required = "X"
    solid: str = "XS?Q<>[]Bb#%"
    deadly: str = ""
    height: PositiveInt = 4

    def problem(self, grid: Grid) -> str | None:
        """See `Rules.problem`."""
        rows, columns = len(grid), len(grid[0])

        def holds(row: int, column: int) -> bool:
            return 0 <= row < rows and grid[row][column] in self.solid

        def open_at(row: int, column: int) -> bool:
            inside = 0 <= column < columns and row < rows
            tile = grid[row][column] if inside and row >= 0 else "-"
            return inside and tile not in self.solid and tile not in self.deadly

        # A state is a place and how far one may still rise; 0 is falling or standing.
        begin = [(row, 0, 0) for row in range(rows) if open_at(row, 0) and holds(row + 1, 0)]
        seen, waiting = set(begin), deque(begin)
        while waiting:
            row, column, rise = waiting.popleft()
            if column == columns - 1:
                return None
            stands = holds(row + 1, column)
            rises = self.height if stands else rise
            for aside in (-1, 0, 1):
                steps = [(row + 1, column + aside, 0)] if not stands else []
                steps += [(row, column + aside, 0)] if stands else []
                steps += [(row - 1, column + aside, rises - 1)] if rises and row >= 0 else []
                for state in steps:
                    if state not in seen and open_at(state[0], state[1]):
                        seen.add(state)
                        waiting.append(state)
        return "the right edge cannot be reached from the left one"


def flood(grid: Grid, begin: Place, stops: str) -> set[Place]:
    """The places that can be walked to from `begin`, over tiles that are not in `stops`."""
    seen, waiting = {begin}, [begin]
    while waiting:
        row, column = waiting.pop()
        for down, right in AROUND:
            to = row + down, column + right
            inside = 0 <= to[0] < len(grid) and 0 <= to[1] < len(grid[0])
            if inside and to not in seen and grid[to[0]][to[1]] not in stops:
                seen.add(to)
                waiting.append(to)
    return seen


def _places(grid: Grid, tile: str) -> Iterator[Place]:
    for row, line in enumerate(grid):
        for column, found in enumerate(line):
            if found == tile:
                yield row, column
