"""A search for pushes that solve a level of Sokoban.

Best-first over pushes: a position is the places of all boxes and the region that the player can
walk in, so that walking costs nothing. Sets of places are bits of an integer, which makes them
quick. Junghanns and Schaeffer, "Sokoban: enhancing general single-agent search methods using domain
knowledge", Artificial Intelligence 129, 2001, describe these means and more.
"""

import heapq
from collections.abc import Iterator, Sequence
from typing import Literal

Outcome = Literal["solved", "impossible", "unknown"]
"""Whether pushes were found; `unknown` if the search ended before it was through."""

_AHEAD = 2
"""Weight of the pushes that are at least ahead, beside those that were made."""


def search_pushes(grid: Sequence[str], *, most_states: int) -> Outcome:
    """Whether every box can be pushed onto a goal.

    Args:
        grid: rows of an XSB level, all of one length, with one player.
        most_states: positions that are looked at.

    >>> search_pushes(["#####", "#@$.#", "#####"], most_states=10)
    'solved'
    >>> search_pushes(["#####", "#$@.#", "#####"], most_states=10)
    'impossible'
    """
    return _Search(grid).run(most_states)


class _Search:
    """A level as sets of places, each an integer with a bit for each place."""

    def __init__(self, grid: Sequence[str]) -> None:
        self.width = width = len(grid[0]) + 2
        rows = ["#" * width, *(f"#{row}#" for row in grid), "#" * width]
        text = "".join(rows)

        def places(tiles: str) -> int:
            return sum(1 << i for i, tile in enumerate(text) if tile in tiles)

        self.steps = (1, -1, width, -width)
        self.walls, self.goals = places("#"), places(".+*")
        self.free = (1 << len(text)) - 1 & ~self.walls
        self.boxes, self.player = places("$*"), places("@+")
        self.pushes_from = [self._distances(goal) for goal in _each(self.goals)]
        self.alive = 0
        for distances in self.pushes_from:
            for place in distances:
                self.alive |= place
        self.squares = {place: self._squares_at(place) for place in _each(self.free)}

    def run(self, most_states: int) -> Outcome:
        """Look at positions, the most promising first."""
        if self.boxes & ~self.alive:
            return "impossible"
        waiting = [(0, 0, 0, self.boxes, self.player)]
        seen: set[tuple[int, int]] = set()
        number = 0  # of two positions that promise as much, the newer one is looked at first
        while waiting:
            _, _, made, boxes, player = heapq.heappop(waiting)
            if not boxes & ~self.goals:
                return "solved"
            reached = self._walk(player, self.free & ~boxes)
            if (boxes, reached) in seen:
                continue
            if len(seen) >= most_states:
                return "unknown"
            seen.add((boxes, reached))
            for step in self.steps:
                can = boxes & _moved(reached, step) & _moved(self.alive & ~boxes, -step)
                for box in _each(can):
                    to = _moved(box, step)
                    after = boxes ^ box ^ to
                    ahead = None if self._is_stuck(to, after) else self._least_pushes(after)
                    if ahead is not None:
                        number -= 1
                        found = made + 1 + _AHEAD * ahead, number, made + 1, after, box
                        heapq.heappush(waiting, found)
        return "impossible"

    def _walk(self, start: int, free: int) -> int:
        """All places that can be walked to."""
        width, seen = self.width, start
        while True:
            grown = (seen | seen << 1 | seen >> 1 | seen << width | seen >> width) & free
            if grown == seen:
                return seen
            seen = grown

    def _distances(self, goal: int) -> dict[int, int]:
        """Pushes that take a box alone from each place to a goal: found by pulling it away."""
        found, layer = {goal: 0}, [goal]
        while layer:
            further = []
            for place in layer:
                for step in self.steps:
                    to, behind = _moved(place, step), _moved(place, 2 * step)
                    if to not in found and to & self.free and behind & self.free:
                        found[to] = found[place] + 1
                        further.append(to)
            layer = further
        return found

    def _least_pushes(self, boxes: int) -> int | None:
        """Pushes to the nearest goal of each box, and to the nearest box of each goal.

        None if a box has no goal, or if so many goals have no box that boxes are left over.
        """
        each = [
            [far for box in _each(boxes) if (far := goal.get(box)) is not None]
            for goal in self.pushes_from
        ]
        spare = len(each) - boxes.bit_count()
        if sum(not found for found in each) > spare:
            return None
        ahead = sum(min(found) for found in each if found)
        for box in _each(boxes):
            found = [goal[box] for goal in self.pushes_from if box in goal]
            if not found:
                return None
            ahead += min(found)
        return ahead

    def _squares_at(self, place: int) -> list[int]:
        """The four squares of 2 x 2 places that a place lies in."""
        beside, below = (1, -1), (self.width, -self.width)
        return [
            place | _moved(place, x) | _moved(place, y) | _moved(place, x + y)
            for x in beside for y in below
        ]  # fmt: skip

    def _is_stuck(self, moved: int, boxes: int) -> bool:
        """Whether a box that was moved makes a full square with boxes that are on no goal."""
        solid, off_goal = self.walls | boxes, boxes & ~self.goals
        return any(square & solid == square and square & off_goal for square in self.squares[moved])


def _each(places: int) -> Iterator[int]:
    """Each of some places, as a bit of its own."""
    while places:
        lowest = places & -places
        yield lowest
        places ^= lowest


def _moved(places: int, step: int) -> int:
    """All of some places, a step on."""
    return places << step if step > 0 else places >> -step
