"""Levels that are made: those that cannot be played are made again."""

import random
from pathlib import Path

import pytest
import torch
from torch import nn

import zerosum as zs
from tests.workflows.conftest import QUICK
from zerosum.errors import RunError
from zerosum.modalities.levels.metrics.play import patterns
from zerosum.modalities.levels.reading import level_dataset, levels_of
from zerosum.modalities.levels.rules import Reach
from zerosum.modalities.levels.shown import LevelPreview
from zerosum.modalities.levels.space import LevelSpace
from zerosum.workflows.data import open_data

SMALL = {
    "game.generator.width": 16, "game.generator.max_width": 32, "game.discriminator.width": 16,
    "game.discriminator.max_width": 32, "optimisation.averaging.half_life": 1_000,
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("levels") / "run"
    zs.train(
        "levels", data="dungeon", out=out, samples=32 * 250, set=SMALL, quiet=True, referee="off",
        threads=1, precision="fp32", layout="contiguous", compile=False, options={"side": 8},
    )  # fmt: skip
    return out


@pytest.fixture(scope="module")
def model(run: Path) -> zs.LevelModel:
    return zs.load(run, recipe="levels")


def solved(model: zs.LevelModel, samples: zs.Samples) -> list[bool]:
    assert isinstance(model.space, LevelSpace)
    rules = model.space.rules
    assert isinstance(rules, Reach)
    return [rules.playable(grid) for grid in levels_of(samples.tensor, model.space)]


def test_more_can_be_played_than_at_once(model: zs.LevelModel) -> None:
    plain = model.samples_of(model.drawn_like(torch.zeros(64, 8, 8), None, seed=3)[0])
    made = model.sample(64, seed=3)
    before, after = (sum(solved(model, one)) for one in (plain, made))
    assert before < after <= 64
    assert made.remark is not None
    assert made.remark.startswith(f"{before} of 64 levels could be played as they first came")
    assert made.remark.endswith("made again." if after == 64 else "20 tries.")
    assert made.remark in repr(made)


def test_a_level_does_not_depend_on_how_many_are_made(model: zs.LevelModel) -> None:
    many, few = model.sample(40, seed=5), model.sample(7, seed=5)
    assert many.tensor[:7].equal(few.tensor)
    pieces = [piece.tensor for piece in model.stream(40, seed=5, batch_size=16)]
    assert torch.cat(pieces).equal(many.tensor)


def test_labels_are_kept_when_a_level_is_made_again(model: zs.LevelModel) -> None:
    made = model.sample(20, where={"label": "locked"}, seed=1)
    assert made.labels == ["locked"] * 20


def test_levels_are_written_and_read_again(model: zs.LevelModel, tmp_path: Path) -> None:
    made = model.sample(12, seed=2)
    for name in ("levels.txt", "levels/"):
        path = made.save(tmp_path / name)
        data, _ = open_data(path)
        assert isinstance(data.space, LevelSpace)
        assert isinstance(model.space, LevelSpace)
        there = levels_of(data.take(torch.arange(12))[0], data.space)
        assert sorted(there) == sorted(levels_of(made.tensor, model.space))
    with pytest.raises(RunError, match="hold levels of Sokoban"):
        made.save(tmp_path / "levels.xsb")


def test_the_judge_says_how_many_can_be_played(model: zs.LevelModel) -> None:
    found = zs.evaluate(model, n=100)
    assert found["playable"].ceiling == 1.0
    assert (found["playable"].floor or 0.0) < found["playable"].value
    assert found["pattern_divergence"].value < (found["pattern_divergence"].floor or 0.0)


def test_patterns_are_numbers_of_four_tiles() -> None:
    level = torch.tensor([[[0, 1], [2, 0]]])
    assert patterns(level, 3).tolist() == [[0 * 27 + 1 * 9 + 2 * 3 + 0]]


def test_goals_can_be_seen_on_floor() -> None:
    space = LevelSpace(tiles=(" ", "#", "$", "."), height=8, width=8)
    picture = LevelPreview().draw_one(space, torch.tensor([[0, 3]] + [[0, 0]] * 7).repeat(1, 4))
    floor, goal = picture.getpixel((6, 6)), picture.getpixel((18, 6))
    assert isinstance(floor, tuple)
    assert isinstance(goal, tuple)
    assert max(abs(a - b) for a, b in zip(floor, goal, strict=True)) > 100


def test_pipes_are_whole_tiles_and_an_exit_is_a_dot() -> None:
    pipe = LevelSpace(tiles=("-", "<", ">", "[", "]"), height=8, width=8)
    exit_ = LevelSpace(tiles=("-", "@", ">"), height=8, width=8)
    level = torch.full((8, 8), 2, dtype=torch.uint8)
    corners = [LevelPreview().draw_one(space, level).getpixel((0, 0)) for space in (pipe, exit_)]
    floor = LevelPreview().draw_one(exit_, torch.zeros_like(level)).getpixel((0, 0))
    assert corners[0] != floor
    assert corners[1] == floor


@pytest.mark.parametrize("count", [1, 3])
def test_tiles_of_fixed_number_lie_anywhere(count: int) -> None:
    level = ["########", *["#      #"] * 6, "########"]
    chance = random.Random(0)
    grids = []
    for _ in range(64):
        rows = [[*row] for row in level]
        for at in chance.sample(range(36), count):
            rows[1 + at // 6][1 + at % 6] = "o"
        grids.append(["".join(row) for row in rows])
    data = level_dataset(grids, name="made")
    assert isinstance(data.space, LevelSpace)
    assert data.space.fixed == (("o", count),)
    model = zs.train("levels", data=data, samples=32, set=SMALL, **QUICK)
    modules = model.game.get_submodule("generator").modules()
    convolutions = [one for one in modules if isinstance(one, nn.ConvTranspose2d)]
    with torch.no_grad():
        convolutions[-1].weight *= 1e4  # as sure as after a long training
    found = model.sample(200, seed=0).tensor == data.space.tiles.index("o")
    assert (found.sum((1, 2)) == count).all()
    assert found.any(0).sum() > 20, "not the first places alone"
