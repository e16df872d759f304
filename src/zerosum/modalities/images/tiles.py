"""Large images in overlapping tiles, blended so that no seam is seen."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from zerosum.networks.translator import reflect_to, up_to

_DEAD = 4
"""The outer 1/4 of an overlap has no weight: there a tile does not see its surroundings."""

_SMALLEST = 8


@dataclass(frozen=True)
class Cuts:
    """How one side is cut.

    Attributes:
        starts: where tiles begin.
        length: of each tile.
        padded: the side, continued to a multiple of the stride.
        overlap: by how much a tile overlaps the next, at least.
    """

    starts: tuple[int, ...]
    length: int
    padded: int
    overlap: int = 0


def cut(side: int, *, tile: int, overlap: int, stride: int) -> Cuts:
    """Tiles of `tile` pixels that overlap by `overlap`; both are multiples of `stride`.

    The last one ends where the image does, so that a network sees the rim as it has learned to.

    >>> cut(30, tile=16, overlap=8, stride=4)
    Cuts(starts=(0, 8, 16), length=16, padded=32, overlap=8)
    >>> cut(13, tile=16, overlap=8, stride=4)
    Cuts(starts=(0,), length=16, padded=16, overlap=0)
    """
    if side <= tile:
        whole = max(up_to(side, stride), up_to(_SMALLEST, stride))
        return Cuts((0,), whole, whole)
    padded = up_to(side, stride)
    return Cuts((*range(0, padded - tile, tile - overlap), padded - tile), tile, padded, overlap)


def in_tiles(
    translate: Callable[[Tensor], Tensor],
    source: Tensor,
    *,
    factor: int,
    rows: Cuts,
    columns: Cuts,
    tick: Callable[[int, int], None],
) -> Tensor:
    """A translation of `source` `[1, C, H, W]`, `[1, C', factor * H, factor * W]`, tile by tile.

    Args:
        translate: from one tile to its translation, `factor` times as large.
        source: the whole image.
        factor: how many times larger what comes out is.
        rows: how the height is cut.
        columns: how the width is cut.
        tick: called with how many tiles are done, and how many there are.

    >>> cuts = cut(40, tile=32, overlap=8, stride=8)
    >>> picture = torch.linspace(0, 1, 40).expand(1, 3, 40, 40)
    >>> made = in_tiles(lambda x: x, picture, factor=1, rows=cuts, columns=cuts, tick=print)
    1 4
    2 4
    3 4
    4 4
    >>> torch.allclose(made, picture)
    True
    """
    height, width = (factor * side for side in source.shape[2:])
    source = reflect_to(source, rows.padded, columns.padded)
    total = len(rows.starts) * len(columns.starts)
    down, across = (_weights(cuts, factor) for cuts in (rows, columns))
    made: Tensor | None = None
    for i, top in enumerate(rows.starts):
        for j, left in enumerate(columns.starts):
            tile = source[:, :, top : top + rows.length, left : left + columns.length]
            piece = translate(tile).float().cpu()  # the whole may be too large for the device
            if made is None:
                sides = factor * rows.padded, factor * columns.padded
                made = piece.new_zeros(1, piece.shape[1], *sides)
            weight = down[i][:, None] * across[j]
            at_y, at_x = (slice(factor * a, factor * a + b) for a, b in (
                (top, piece.shape[2]), (left, piece.shape[3]),
            ))  # fmt: skip
            made[:, :, at_y, at_x] += weight * piece
            tick(i * len(columns.starts) + j + 1, total)
    assert made is not None
    return made[:, :, :height, :width]


def _weights(cuts: Cuts, factor: int) -> list[Tensor]:
    """The weight of every tile at each of its pixels; at each place they add up to 1."""
    length, count = factor * cuts.length, len(cuts.starts)
    if count == 1:
        return [torch.ones(length)]
    overlap = factor * cuts.overlap
    rise = torch.ones(length)
    dead = overlap // _DEAD
    place = (torch.arange(overlap) + 0.5 - dead) / max(overlap - 2 * dead, 1)
    rise[:overlap] = (0.5 * torch.pi * place.clamp(0, 1)).sin().square()
    whole = torch.ones(length)
    shapes = [
        (rise if i else whole) * (rise.flip(0) if i < count - 1 else whole) for i in range(count)
    ]
    total = torch.zeros(factor * cuts.padded)
    for shape, start in zip(shapes, cuts.starts, strict=True):
        total[factor * start : factor * start + length] += shape
    return [
        shape / total[factor * start : factor * start + length]
        for shape, start in zip(shapes, cuts.starts, strict=True)
    ]
