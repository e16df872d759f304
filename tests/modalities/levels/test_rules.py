"""Programs that play levels: what can be played, and why not."""

import random

import pytest

from zerosum.modalities.levels.dungeon import LABELS, RULES, dungeon
from zerosum.modalities.levels.rules import Jump, Reach, Sokoban

MICROBAN = [
    ["####  ", "# .#  ", "#  ###", "#*@  #", "#  $ #", "#  ###", "####  "],
    ["######", "#    #", "# #@ #", "# $* #", "# .* #", "#    #", "######"],
]
"""The first two levels of Microban, by David W. Skinner."""


@pytest.mark.parametrize("level", MICROBAN)
def test_published_levels_of_sokoban_are_solved(level: list[str]) -> None:
    assert Sokoban().problem(level) is None


def test_a_box_in_a_corner_is_never_solved() -> None:
    stuck = ["#####", "#$ @#", "#  .#", "#####"]
    assert "no way to push" in str(Sokoban().problem(stuck))


BOXOBAN = """
##########
######## #
#######  #
#######$ #
#######  #
######. .#
###### $.#
#####  #$#
#####. $@#
##########
"""
"""The first of the hard levels of Boxoban (Guez et al. 2018, Apache-2.0)."""


def test_four_boxes_take_few_positions() -> None:
    rows = [*map(str, BOXOBAN.strip("\n").split("\n"))]
    assert Sokoban(most_states=1_000).problem(rows) is None
    assert "was found in 5 positions" in str(Sokoban(most_states=5).problem(rows))
    swapped = [row.replace("$@", "@$") for row in rows]
    assert Sokoban(most_states=1_000).problem(swapped) == (
        "there is no way to push all boxes onto goals"
    )


@pytest.mark.parametrize(
    ("level", "words"),
    [
        (["####", "#$.#"], "0 players"),
        (["####", "#@@#"], "2 players"),
        (["####", "#@.#"], "0 boxes and 1 goals"),
    ],
)
def test_what_no_level_of_sokoban_can_be(level: list[str], words: str) -> None:
    assert words in str(Sokoban().problem(level))


def test_a_key_behind_its_door_opens_nothing() -> None:
    assert Reach().playable(["#####", "#@k+>"])
    assert not Reach().playable(["#####", "#@+k>"])


def test_a_gap_is_jumped_and_a_wide_one_is_not() -> None:
    sky = ["-" * 16] * 6
    assert Jump().playable([*sky, "XXXXX----XXXXXXX"])
    assert not Jump().playable([*sky, "XXXX---------XXX"])
    assert not Jump(deadly="^").playable([*sky, "XXXX^^^^^^^^^XXX"])


def test_a_wall_is_climbed_up_to_the_height_of_a_jump() -> None:
    def wall(high: int) -> list[str]:
        return ["----X----" if 8 - row <= high else "-" * 9 for row in range(8)] + ["X" * 9]

    assert Jump(height=4).playable(wall(3))
    assert not Jump(height=4).playable(wall(6))


def test_every_dungeon_can_be_played() -> None:
    chance = random.Random(1)
    made = [dungeon(12, chance) for _ in range(200)]
    assert all(RULES.playable(grid) for grid, _ in made)
    assert {label for _, label in made} == set(LABELS)
    locked = [grid for grid, label in made if label == "locked"]
    assert all(sum(row.count("+") for row in grid) == 1 for grid in locked)
    without = [[row.replace("k", ".") for row in grid] for grid in locked]
    assert not any(RULES.playable(grid) for grid in without), "the key is needed"
