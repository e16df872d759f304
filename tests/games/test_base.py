"""What all games share: inputs, turns, the great circle."""

import math

import pytest
import torch

from zerosum.games.base import Game, GameConfig, Inputs, StepContext, slerp
from zerosum.games.controls import ChoiceControl, label_controls
from zerosum.rng import Noise
from zerosum.spaces import Batch, PointSpace

SPACE = PointSpace(center=(0.0,), scale=(1.0,), labels=("a", "b"), label_counts=(1, 2))


def test_slerp_ends_at_its_ends_and_keeps_to_the_circle() -> None:
    a, b = Noise(0).normal(50, 6), Noise(1).normal(50, 6)
    torch.testing.assert_close(slerp(a, b, 0.0), a)
    torch.testing.assert_close(slerp(a, b, 1.0), b)
    middle = slerp(a, b, 0.5)
    torch.testing.assert_close(middle.norm(dim=1), (a.norm(dim=1) + b.norm(dim=1)) / 2)
    to_a = torch.cosine_similarity(middle, a)
    torch.testing.assert_close(to_a, torch.cosine_similarity(middle, b), rtol=1e-4, atol=1e-5)


def test_slerp_goes_a_third_of_the_angle() -> None:
    angle = math.radians(30)
    a, b = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    expected = torch.tensor([[2 * math.cos(angle), 2 * math.sin(angle)]])
    torch.testing.assert_close(slerp(a, b, 1 / 3), expected)


@pytest.mark.parametrize("b", [[1.0, 2.0], [2.0, 4.0], [-1.0, -2.0], [0.0, 0.0]])
def test_slerp_is_finite_between_parallel_opposite_and_empty_rows(b: list[float]) -> None:
    assert bool(slerp(torch.tensor([[1.0, 2.0]]), torch.tensor([b]), 0.3).isfinite().all())


def test_equal_rows_stay_where_they_are() -> None:
    a = Noise(0).normal(3, 4)
    torch.testing.assert_close(slerp(a, a.clone(), 0.3), a, rtol=1e-3, atol=1e-3)


def test_interpolate_keeps_the_labels_of_the_first() -> None:
    a = Inputs(torch.eye(2), torch.tensor([0, 1]))
    b = Inputs(torch.eye(2).flip(0), torch.tensor([1, 0]))
    between = Game().interpolate(a, b, 0.5)
    assert between.y is a.y
    torch.testing.assert_close(between.z, torch.full((2, 2), math.sqrt(0.5)))


def test_rows_of_inputs() -> None:
    inputs = Inputs(torch.arange(8.0).view(4, 2), torch.arange(4))
    piece = inputs.rows(1, 3)
    assert piece.size == 2
    assert piece.z.tolist() == [[2.0, 3.0], [4.0, 5.0]]
    assert piece.y is not None
    assert piece.y.tolist() == [1, 2]
    assert Inputs(inputs.z).rows(0, 1).y is None
    assert Inputs(inputs.z).to("cpu").y is None


def test_due_counts_from_the_first_play() -> None:
    def context(index: int) -> StepContext:
        return StepContext(1, Noise(0), index, 0.0, lambda: Batch(torch.zeros(1)))

    assert [context(i).due(3) for i in range(7)] == [True, False, False, True, False, False, True]
    assert all(context(i).due(1) for i in range(3))


def test_label_controls_name_the_classes() -> None:
    assert label_controls(SPACE) == {"label": ChoiceControl(("a", "b"), (1, 2))}


def test_an_unfinished_game_says_what_it_lacks() -> None:
    game, inputs = Game(), Inputs(torch.zeros(1, 1))
    with pytest.raises(TypeError, match="Game must define moves"):
        game.moves()
    with pytest.raises(TypeError, match="Game must define draw"):
        game.draw(1, Noise(0))
    with pytest.raises(TypeError, match="Game must define generate"):
        game.generate(inputs)
    with pytest.raises(TypeError, match="no control 'size'"):
        game.control(inputs, "size", torch.zeros(1))
    with pytest.raises(TypeError, match="define build"):
        GameConfig.build(Unfinished(), SPACE)
    assert game.controls() == {}


class Unfinished(GameConfig):
    kind = "test_unfinished_game"
