"""Pictures of poses: key points drawn as limbs, and a figure to be put into such poses.

`draw_poses` draws any skeleton. A translator that has learned to make a figure of such a picture
is driven by key points: a sequence of them, drawn one by one and translated, is an animation.
"""

import colorsys
from collections.abc import Sequence
from math import pi
from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from zerosum.config import Count
from zerosum.data.base import ArrayDataset, DataConfig, Dataset, Progress
from zerosum.errors import DataError
from zerosum.modalities.images.figures import (
    LINKS,
    RANGES,
    Canvas,
    Figures,
    key_points_of,
    simulate_figures,
)
from zerosum.modalities.images.paired import PairDataset
from zerosum.modalities.images.wardrobe import Garments, draw_people
from zerosum.rng import Noise, derive_seed

_LIMB = 0.022
_FARTHEST = 4.0
"""Sides that key points are away at most: a figure may walk in from outside."""
_AT_ONCE = 500


class PosesConfig(DataConfig):
    """Pairs of a drawn pose and a figure in it, always the same figure.

    Attributes:
        num_samples: how many.
        size: pixels a side, 32 to 128.
        seed: which.
    """

    kind = "poses"
    spaces = ("pair",)
    built_in = True
    num_samples: Count = 8_000
    size: Annotated[int, Field(ge=32, le=128)] = 48
    seed: int = 0

    def build(self, progress: Progress | None = None) -> Dataset:
        """uint8 pairs of `[num_samples, 3, size, size]`."""
        noise = Noise(derive_seed(self.seed, "poses"))
        points = simulate_figures(self.num_samples, noise).points
        poses, frames = [], []
        for piece in points.split(_AT_ONCE):
            poses.append(draw_poses(piece, size=self.size))
            frames.append(draw_dancer(piece, size=self.size))
            if progress is not None:
                progress("drawing poses", len(poses) * _AT_ONCE, self.num_samples)
        sources = ArrayDataset(torch.cat(poses), name="poses")
        targets = ArrayDataset(torch.cat(frames), name="frames")
        return PairDataset(sources, targets, aligned=True, name=self.kind)


def draw_poses(
    points: Tensor | np.ndarray, *, size: int, links: Sequence[tuple[int, int]] = LINKS
) -> Tensor:
    """Limbs between key points, each in a colour of its own, on black.

    Args:
        points: where key points are, to the right and downwards as shares of the side, `[n, K, 2]`.
        size: pixels a side.
        links: pairs of key points that a limb joins; if not given, those of built-in figures.

    Returns:
        uint8 `[n, 3, size, size]`.

    Raises:
        DataError: points have another shape, are not finite or lie far outside, or a link names
            none of them.

    >>> draw_poses(torch.rand(2, 3, 2), size=32, links=[(0, 1), (1, 2)]).shape
    torch.Size([2, 3, 32, 32])
    """
    ends = [end for link in links for end in link]
    points = torch.as_tensor(points)
    formed = points.ndim == 3 and points.shape[2] == 2 and bool(torch.isfinite(points).all())
    if formed and points.numel() and float(points.abs().max()) > _FARTHEST:
        raise DataError(
            f"key points lie up to {float(points.abs().max()):,.4g} away. They are shares of the "
            "side, from 0 to 1 within the picture: divide pixels by its side."
        )
    if not formed or not ends or not 0 <= min(ends) <= max(ends) < points.shape[1]:
        raise DataError(
            f"key points of shape {tuple(points.shape)} and {len(links)} links. Points are finite "
            "[n, K, 2], as shares of the side, and links are pairs of numbers from 0 to K - 1."
        )
    canvas = Canvas(len(points), size, (0, 0, 0))
    places = points.float().unbind(1)
    for i, (a, b) in enumerate(links):
        limb = canvas.cover(canvas.capsule(places[a], places[b], _LIMB))
        canvas.paint(limb, [255 * part for part in colorsys.hsv_to_rgb(i / len(links), 1.0, 1.0)])
    return canvas.whole()


def draw_dancer(points: Tensor, *, size: int) -> Tensor:
    """The figure of `poses` at key points `[n, 14, 2]`, uint8 `[n, 3, size, size]`.

    >>> draw_dancer(simulate_dance(3), size=32).shape
    torch.Size([3, 3, 32, 32])
    """
    n = len(points)
    figures = Figures(points, torch.ones(n), torch.ones(n, dtype=torch.int64))
    red, striped = torch.zeros(n, dtype=torch.int64), torch.ones(n, dtype=torch.int64)
    return draw_people(figures, Garments(striped, red, striped), size=size)


def simulate_dance(frames: int, *, seed: int = 0) -> Tensor:
    """Key points `[frames, 14, 2]` of a figure that dances once round: the last leads to the first.

    Each joint swings once or twice through the middle of its range.

    >>> simulate_dance(8).shape
    torch.Size([8, 14, 2])
    """
    noise = Noise(derive_seed(seed, "dance"))
    time = torch.arange(frames) / frames
    angles = {}
    for name, (low, high) in RANGES.items():
        often, start = 1 + noise.integers(1, high=2), noise.uniform(1)
        swing = (2 * pi * (often * time + start)).sin()
        angles[name] = (low + high) / 2 + 0.45 * (high - low) * swing
    return key_points_of(angles, torch.ones(frames))


def flicker(frames: Tensor) -> float:
    """Mean absolute difference from one frame to the next, of 255; frames `[T, C, H, W]`.

    >>> flicker(torch.zeros(3, 1, 2, 2))
    0.0
    """
    return float((frames[1:].float() - frames[:-1].float()).abs().mean())
