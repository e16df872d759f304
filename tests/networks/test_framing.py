"""A learned frame: where it lies, and what images look like through it."""

import torch

from zerosum.networks.framing import Framing
from zerosum.rng import Noise


def framed(x: torch.Tensor, *frame: float) -> torch.Tensor:
    framing = Framing()
    with torch.no_grad():
        framing.numbers.copy_(torch.tensor(frame) / 10)
        return framing(x)


def test_it_begins_as_the_whole_picture() -> None:
    x = Noise(0).normal(2, 3, 9, 14)
    torch.testing.assert_close(framed(x, 0, 0, 0, 0), x)


def test_shifts_are_in_halves_of_a_side() -> None:
    x = Noise(0).normal(1, 2, 6, 8)
    moved = framed(x, 0, 0, 0.5, 0)  # two of eight columns
    torch.testing.assert_close(moved[..., :6], x[..., 2:])
    torch.testing.assert_close(moved[..., 6:], x[..., -1:].expand(-1, -1, -1, 2))
    moved = framed(x, 0, 0, 0, -1 / 3)
    torch.testing.assert_close(moved[..., 1:, :], x[..., :-1, :])


def test_zooms_shrink_and_enlarge() -> None:
    x = torch.zeros(1, 1, 16, 16)
    x[..., 4:12, 4:12] = 1.0
    log2 = torch.tensor(2.0).log().item()
    assert framed(x, log2, log2, 0, 0).sum() == 16
    assert framed(x, -log2, 0, 0, 0)[..., 5:11, 1:-1].min() == 1
    assert framed(x, -log2, 0, 0, 0)[..., :3, :].max() == 0
