"""Tiles cover an image, their weights add up, and no seam is left."""

from itertools import product

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate

from zerosum.modalities.images.tiles import Cuts, _weights, cut, in_tiles
from zerosum.rng import Noise

SIDES = (1, 7, 16, 17, 40, 64, 65, 200)


@pytest.mark.parametrize(("side", "overlap"), [*product(SIDES, (0, 4, 8))])
def test_tiles_cover_the_side(side: int, overlap: int) -> None:
    cuts = cut(side, tile=16, overlap=overlap, stride=4)
    assert cuts.padded >= max(side, 8)
    assert cuts.padded % 4 == cuts.length % 4 == 0
    assert cuts.starts[-1] + cuts.length == cuts.padded
    assert cuts.padded - side < 4 or cuts.padded == 8
    assert all(start % 4 == 0 for start in cuts.starts)
    gaps = [b - a for a, b in zip(cuts.starts, cuts.starts[1:], strict=False)]
    assert all(0 < gap <= 16 - overlap for gap in gaps)


@pytest.mark.parametrize(("side", "overlap", "factor"), [*product(SIDES, (0, 4, 8), (1, 2))])
def test_weights_add_up_to_one(side: int, overlap: int, factor: int) -> None:
    cuts = cut(side, tile=16, overlap=overlap, stride=4)
    total = torch.zeros(factor * cuts.padded)
    for weights, start in zip(_weights(cuts, factor), cuts.starts, strict=True):
        total[factor * start : factor * start + len(weights)] += weights
    assert torch.allclose(total, torch.ones_like(total), atol=1e-6)


def blur(x: Tensor) -> Tensor:
    """Equivariant but for its border, which it takes for black: where tiles would show."""
    kernel = torch.full((1, 1, 5, 5), 1 / 25)
    return torch.cat([conv2d(x[:, i : i + 1], kernel, padding=2) for i in range(x.shape[1])], 1)


def tiled(x: Tensor, overlap: int, factor: int = 1) -> Tensor:
    rows, columns = (cut(side, tile=32, overlap=overlap, stride=4) for side in x.shape[2:])

    def run(tile: Tensor) -> Tensor:
        return blur(interpolate(tile, scale_factor=factor, mode="nearest"))

    return in_tiles(
        run, x, factor=factor, rows=rows, columns=columns, tick=lambda *_: None
    )  # fmt: skip


@pytest.mark.parametrize("size", [(72, 100), (36, 32), (20, 96)])
@pytest.mark.parametrize("factor", [1, 2])
def test_tiled_equals_whole(size: tuple[int, int], factor: int) -> None:
    x = Noise(0).uniform(1, 3, *size)
    whole = blur(interpolate(x, scale_factor=factor, mode="nearest"))
    made = tiled(x, 16, factor)
    assert made.shape == whole.shape
    assert float((made - whole).abs().max()) < 1 / 255
    assert float((tiled(x, 0, factor) - whole).abs().max()) > 10 / 255


def test_ticks_count_tiles() -> None:
    heard: list[tuple[int, int]] = []
    cuts = Cuts((0, 8), 16, 24, 8)
    in_tiles(
        lambda x: x, torch.zeros(1, 1, 24, 20), factor=1, rows=cuts, columns=cuts,
        tick=lambda done, total: heard.append((done, total)),
    )  # fmt: skip
    assert heard == [(1, 4), (2, 4), (3, 4), (4, 4)]
