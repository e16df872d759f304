"""Simulated figures of people: where their joints are, and pictures of them.

A figure stands on a light ground and has a pose, a build and a skin. Its 14 key points are shares
of the side, to the right and downwards. Everything is drawn from capsules, circles and convex
polygons by their distances, so that edges are smooth.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import pi

import torch
from torch import Tensor

from zerosum.rng import Noise

KEY_POINTS = (
    "head", "neck",
    "right shoulder", "right elbow", "right wrist", "left shoulder", "left elbow", "left wrist",
    "right hip", "right knee", "right ankle", "left hip", "left knee", "left ankle",
)  # fmt: skip
"""Names of the key points, in their order; right is on the right of the picture."""

LINKS = (
    (0, 1), (1, 2), (2, 3), (3, 4), (1, 5), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11),
    (11, 12), (12, 13),
)  # fmt: skip
"""Pairs of key points that a limb joins."""

SKINS = ((241, 205, 178), (205, 152, 112), (150, 102, 70), (96, 62, 44))
GROUND = (232, 234, 238)
_SHIRT, _TROUSERS, _HAIR = (200, 200, 205), (66, 72, 92), (58, 44, 38)

RANGES = {
    "right arm": (8.0, 105.0), "right elbow": (-15.0, 75.0),
    "left arm": (8.0, 105.0), "left elbow": (-15.0, 75.0),
    "right leg": (2.0, 16.0), "right knee": (-8.0, 8.0),
    "left leg": (2.0, 16.0), "left knee": (-8.0, 8.0),
    "lean": (-8.0, 8.0),
}  # fmt: skip
"""Lowest and highest angle of each joint, in degrees.

Arms and legs are turned outwards from hanging down, elbows and knees further outwards, and the
whole figure leans to the right.
"""

BUILDS = (0.85, 1.2)
"""The narrowest and the widest build."""

_SHOULDER, _HIPS, _TORSO, _NECK = 0.105, 0.07, 0.32, 0.1
_UPPER_ARM, _FOREARM, _THIGH, _SHIN = 0.14, 0.13, 0.19, 0.19
_TOP = 0.225
"""How far down the neck is."""

Edge = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Figures:
    """People.

    Attributes:
        points: key points, float32 `[n, 14, 2]`; see `KEY_POINTS`.
        build: how wide they are, float32 `[n]`.
        skin: indices of `SKINS`, int64 `[n]`.
    """

    points: Tensor
    build: Tensor
    skin: Tensor

    def __len__(self) -> int:
        return len(self.build)

    def rows(self, rows: slice | Tensor) -> "Figures":
        """Some of them, by numbers `[m]` or a slice."""
        return Figures(self.points[rows], self.build[rows], self.skin[rows])


def simulate_figures(n: int, noise: Noise) -> Figures:
    """`n` figures, whose angles, build and skin are uniform and independent.

    >>> simulate_figures(3, Noise(0)).points.shape
    torch.Size([3, 14, 2])
    """
    low, high = BUILDS
    build = low + (high - low) * noise.uniform(n)
    angles = {name: a + (b - a) * noise.uniform(n) for name, (a, b) in RANGES.items()}
    return Figures(key_points_of(angles, build), build, noise.integers(n, high=len(SKINS)))


def key_points_of(angles: dict[str, Tensor], build: Tensor) -> Tensor:
    """Key points `[n, 14, 2]` of figures in a pose.

    Args:
        angles: degrees `[n]` of each joint of `RANGES`.
        build: widths `[n]`.

    >>> straight = dict.fromkeys(RANGES, torch.zeros(1))
    >>> [round(float(value), 3) for value in key_points_of(straight, torch.ones(1))[0, 1]]
    [0.5, 0.225]
    """
    turn = {name: angle * (pi / 180) for name, angle in angles.items()}
    up, across = _towards(turn["lean"] + pi), _towards(turn["lean"] + pi / 2)
    neck = torch.stack([0.5 + 0.5 * _TORSO * turn["lean"].sin(), torch.full_like(build, _TOP)], 1)
    points = [neck + _NECK * up, neck]
    hips = neck - _TORSO * up
    for side, sign in (("right", 1.0), ("left", -1.0)):
        shoulder = neck + sign * _SHOULDER * build[:, None] * across - 0.02 * up
        arm = turn["lean"] + sign * turn[f"{side} arm"]
        elbow = shoulder + _UPPER_ARM * _towards(arm)
        wrist = elbow + _FOREARM * _towards(arm + sign * turn[f"{side} elbow"])
        points += [shoulder, elbow, wrist]
    for side, sign in (("right", 1.0), ("left", -1.0)):
        hip = hips + sign * _HIPS * build[:, None] * across
        leg = sign * turn[f"{side} leg"]
        knee = hip + _THIGH * _towards(leg)
        points += [hip, knee, knee + _SHIN * _towards(leg + sign * turn[f"{side} knee"])]
    return torch.stack(points, 1)


class Canvas:
    """Pictures that are painted layer by layer, float32 `[n, 3, size, size]` in 0 to 255.

    Args:
        n: how many.
        size: pixels a side.
        ground: their colour at first.
        zoom: how much larger than usual things are.
        middle: what lies in the middle, in shares of the side.
    """

    def __init__(
        self, n: int, size: int, ground: Sequence[float], *, zoom: float = 1.0,
        middle: tuple[float, float] = (0.5, 0.5),
    ) -> None:  # fmt: skip
        ticks = ((torch.arange(size) + 0.5) / size - 0.5) / zoom
        x, y = (ticks + at for at in middle)
        self.x, self.y = x[None, None].expand(1, size, size), y[None, :, None]
        self._scale = size * zoom
        self.pixels = torch.tensor(ground).float()[None, :, None, None].repeat(n, 1, size, size)

    def cover(self, edge: Tensor) -> Tensor:
        """The share of each pixel inside of an edge, from distances to it `[n, size, size]`."""
        return (0.5 - edge * self._scale).clamp_(0, 1)

    def paint(self, cover: Tensor, ink: Sequence[float] | Tensor) -> None:
        """Lay a colour, one for each `[n, 3]`, or pictures over what is covered `[n, S, S]`."""
        ink = torch.as_tensor(ink, dtype=torch.float32)
        if ink.ndim < 4:
            ink = ink.expand(len(self.pixels), 3)[:, :, None, None]
        self.pixels = torch.lerp(self.pixels, ink, cover[:, None])

    def capsule(self, a: Tensor, b: Tensor, radius: Tensor | float) -> Tensor:
        """Distances `[n, S, S]` from the edge of all that is near the line from `a` to `b`.

        The ends are `[n, 2]`, and the radius is `[n]` or one number.
        """
        along = b - a
        px, py = self.x - _each(a[:, 0]), self.y - _each(a[:, 1])
        dx, dy = _each(along[:, 0]), _each(along[:, 1])
        share = ((px * dx + py * dy) / (dx.square() + dy.square()).clamp_min(1e-9)).clamp_(0, 1)
        far = ((px - share * dx).square() + (py - share * dy).square()).sqrt()
        return far - (_each(radius) if isinstance(radius, Tensor) else radius)

    def convex(self, corners: Sequence[Tensor], rounded: Tensor | float) -> Tensor:
        """Distances `[n, S, S]` from the edge of convex polygons that are made larger.

        Corners are `[n, 2]`, clockwise, and `rounded` is `[n]` or one number.
        """
        edges = []
        for a, b in zip(corners, [*corners[1:], corners[0]], strict=True):
            along = (b - a) / (b - a).norm(dim=1, keepdim=True)
            right, down = _each(along[:, 1]), _each(-along[:, 0])
            edges.append((self.x - _each(a[:, 0])) * right + (self.y - _each(a[:, 1])) * down)
        far = torch.stack(edges).amax(0)
        return far - (_each(rounded) if isinstance(rounded, Tensor) else rounded)

    def whole(self) -> Tensor:
        """The pictures, uint8 `[n, 3, size, size]`."""
        return self.pixels.round().clamp(0, 255).to(torch.uint8)


def paint_body(canvas: Canvas, figures: Figures) -> None:
    """Legs, arms and torso, in grey and dark clothes."""
    p, skin = figures.points.unbind(1), torch.tensor(SKINS).float()[figures.skin]
    for hip, knee, ankle in ((8, 9, 10), (11, 12, 13)):
        wide = 0.045 * figures.build
        leg = torch.minimum(
            canvas.capsule(p[hip], p[knee], wide), canvas.capsule(p[knee], p[ankle], 0.8 * wide)
        )
        canvas.paint(canvas.cover(leg), _TROUSERS)
    for shoulder, elbow, wrist in ((2, 3, 4), (5, 6, 7)):
        arm = torch.minimum(
            canvas.capsule(p[shoulder], p[elbow], 0.03 * figures.build),
            canvas.capsule(p[elbow], p[wrist], 0.026 * figures.build),
        )
        canvas.paint(canvas.cover(arm), skin)
    canvas.paint(canvas.cover(torso_edge(canvas, figures, 0.022)), _SHIRT)


def paint_head(canvas: Canvas, figures: Figures) -> None:
    """Neck, hair and head, which are before everything."""
    head, neck = figures.points[:, 0], figures.points[:, 1]
    skin = torch.tensor(SKINS).float()[figures.skin]
    above = head + 0.25 * (head - neck)
    canvas.paint(canvas.cover(canvas.capsule(head, neck, 0.03)), skin)
    canvas.paint(canvas.cover(canvas.capsule(above, above, 0.068)), _HAIR)
    canvas.paint(canvas.cover(canvas.capsule(head, head, 0.06)), skin)


def torso_edge(canvas: Canvas, figures: Figures, rounded: float) -> Tensor:
    """Distances `[n, S, S]` from the edge of the torso, made larger by `rounded`."""
    p = figures.points
    corners = [p[:, 5], p[:, 2], p[:, 8], p[:, 11]]
    return canvas.convex(corners, rounded * figures.build)


def _towards(angle: Tensor) -> Tensor:
    """Directions `[n, 2]` at an angle from downwards to the right, in radians."""
    return torch.stack([angle.sin(), angle.cos()], 1)


def _each(values: Tensor) -> Tensor:
    return values[:, None, None]
