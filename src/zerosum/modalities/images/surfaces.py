"""Simulated textures whose truth is known: bricks, a weave and wood.

- `bricks`: rows of bricks, each row moved by half a brick; every brick has a colour of its own;
- `weave`: threads over and under each other, alternately;
- `wood`: grain along the picture, wavy, without a period.

`bricks` repeat every two rows downwards and every brick to the right, `weave` every two threads
both ways; see `PERIODS`. Where they begin depends on the seed.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from zerosum.rng import Noise, derive_seed

PATTERNS = ("bricks", "weave", "wood")

PERIODS = {"bricks": (24, 24), "weave": (16, 16), "wood": None}
"""Pixels downwards and to the right after which a pattern comes again; None if it never does."""

_MORTAR = 2
_ROW = 12
_THREAD = 8


def draw_surface(pattern: str, size: tuple[int, int], *, seed: int = 0) -> Tensor:
    """One picture of a texture, uint8 `[3, H, W]`.

    Args:
        pattern: one of `PATTERNS`.
        size: `(height, width)` in pixels.
        seed: which.

    >>> draw_surface("bricks", (48, 64)).shape
    torch.Size([3, 48, 64])
    """
    noise = Noise(derive_seed(seed, "surface", pattern))
    draw = {"bricks": _bricks, "weave": _weave, "wood": _wood}[pattern]
    return (255 * draw(*size, noise)).round().clamp(0, 255).to(torch.uint8)


def again(pictures: Tensor, period: tuple[int, int]) -> float:
    """How alike pictures are to themselves one period on: the correlation of brightness.

    It is the mean of both directions; noise has 0, and a pattern without any chance 1.

    Args:
        pictures: uint8 `[N, C, H, W]`, larger than the period.
        period: downwards and to the right, in pixels.

    >>> round(again(draw_surface("weave", (64, 64))[None], PERIODS["weave"]), 1)
    1.0
    """
    grey = pictures.float().mean(1)
    down, right = period
    pairs = (grey[:, down:], grey[:, :-down]), (grey[..., right:], grey[..., :-right])
    found = [torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1] for a, b in pairs]
    return float(torch.stack(found).mean())


def _bricks(height: int, width: int, noise: Noise) -> Tensor:
    period = PERIODS["bricks"]
    assert period is not None
    down, right = _begin(noise, period)
    y, x = torch.arange(height)[:, None] + down, torch.arange(width)[None] + right
    row = y // _ROW
    x = x + (row % 2) * (period[1] // 2)
    brick = row * (x.max() // period[1] + 2) + x // period[1]
    tint = noise.normal(int(brick.max()) + 1)
    shade = 0.09 * tint[brick] + 0.025 * noise.normal(height, width)
    base = torch.tensor([0.62, 0.30, 0.22])[:, None, None]
    clay = base + shade * torch.tensor([1.0, 0.7, 0.5])[:, None, None]
    mortar = 0.72 + 0.03 * noise.normal(height, width)
    joint = (y % _ROW < _MORTAR) | (x % period[1] < _MORTAR)
    return torch.where(joint, mortar.expand(3, -1, -1), clay)


def _weave(height: int, width: int, noise: Noise) -> Tensor:
    period = PERIODS["weave"]
    assert period is not None
    down, right = _begin(noise, period)
    y, x = torch.arange(height)[:, None] + down, torch.arange(width)[None] + right
    over = (y // _THREAD + x // _THREAD) % 2 == 0
    across, along = (y % _THREAD + 0.5) / _THREAD, (x % _THREAD + 0.5) / _THREAD
    round_ = torch.where(over, (math.pi * across).sin(), (math.pi * along).sin())
    bent = torch.where(over, (math.pi * along).sin(), (math.pi * across).sin())
    light = 0.25 + 0.55 * round_ * (0.6 + 0.4 * bent) + 0.03 * noise.normal(height, width)
    warm, cold = torch.tensor([0.95, 0.80, 0.50]), torch.tensor([0.45, 0.65, 0.75])
    return torch.where(over, warm[:, None, None], cold[:, None, None]) * light


def _wood(height: int, width: int, noise: Noise) -> Tensor:
    def smooth(rows: int, columns: int) -> Tensor:
        coarse = noise.normal(1, 1, max(height // rows, 2), max(width // columns, 2))
        return interpolate(coarse, size=(height, width), mode="bicubic", align_corners=True)[0, 0]

    rings = torch.arange(width)[None] / 7 + 1.2 * smooth(48, 24) + 0.3 * smooth(16, 8)
    light = 0.5 + 0.25 * (2 * math.pi * rings / 2).sin() + 0.12 * smooth(24, 2)
    light = light + 0.05 * smooth(8, 1)
    dark, bright = torch.tensor([0.36, 0.20, 0.10]), torch.tensor([0.85, 0.62, 0.38])
    return dark[:, None, None] + (bright - dark)[:, None, None] * light


def _begin(noise: Noise, period: tuple[int, int]) -> tuple[int, int]:
    """Where a pattern begins, before the first pixel."""
    return int(noise.integers(1, high=period[0])), int(noise.integers(1, high=period[1]))
