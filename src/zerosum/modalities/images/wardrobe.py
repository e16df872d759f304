"""Simulated try-on: a person, a garment laid flat, and the person wearing it, with exact truth.

A garment has a kind (vest, tee, jumper or dress), one of eight colours and a pattern in white
(plain, stripes or dots). People are those of `figures`, in grey and dark clothes. What a person and
a garment are is independent, and so is everything about each.

`read_worn` says, without a network, which garment a picture of a known person shows.
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from zerosum.config import Count
from zerosum.data.base import ArrayDataset, DataConfig, Dataset, Progress
from zerosum.errors import DataError
from zerosum.modalities.images.figures import (
    GROUND,
    Canvas,
    Figures,
    key_points_of,
    paint_body,
    paint_head,
    simulate_figures,
    torso_edge,
)
from zerosum.modalities.images.joined import JoinedImages
from zerosum.modalities.images.paired import PairDataset
from zerosum.rng import Noise, derive_seed

KINDS = ("vest", "tee", "jumper", "dress")
COLOURS = {
    "red": (208, 48, 48), "orange": (236, 136, 34), "yellow": (214, 184, 30),
    "green": (58, 150, 70), "blue": (50, 96, 214), "purple": (134, 66, 176),
    "pink": (226, 98, 158), "black": (38, 38, 42),
}  # fmt: skip
PATTERNS = ("plain", "stripes", "dots")

_WHITE = (246, 246, 246)
_TABLE = (252, 252, 252)
"""What garments lie on."""
_PERIOD = 0.11
"""From one stripe or dot to the next, as a share of the side."""
_DOT = 0.034
_LOOSE = 0.034
"""How far a garment reaches beyond the corners of the torso."""
_LAID = 1.45
"""How much larger a garment is when it lies flat."""
_AT_ONCE = 500


@dataclass(frozen=True)
class Garments:
    """Garments.

    Attributes:
        kind: indices of `KINDS`, int64 `[n]`.
        colour: indices of `COLOURS`.
        pattern: indices of `PATTERNS`.
    """

    kind: Tensor
    colour: Tensor
    pattern: Tensor

    def __len__(self) -> int:
        return len(self.kind)

    def rows(self, rows: slice | Tensor) -> "Garments":
        """Some of them, by numbers `[m]` or a slice."""
        return Garments(self.kind[rows], self.colour[rows], self.pattern[rows])


@dataclass(frozen=True)
class TryOn:
    """Pictures, uint8 `[n, 3, size, size]` each, and what they show.

    Attributes:
        person: people without the garment.
        garment: garments, laid flat.
        worn: these people in these garments.
        figures: who they are.
        garments: what they wear.
    """

    person: Tensor
    garment: Tensor
    worn: Tensor
    figures: Figures
    garments: Garments


class WardrobeConfig(DataConfig):
    """People, garments laid flat, and people wearing them: two sources for each picture.

    Attributes:
        num_samples: how many.
        size: pixels a side, 32 to 128.
        seed: which.
    """

    kind = "wardrobe"
    spaces = ("pair",)
    built_in = True
    num_samples: Count = 8_000
    size: Annotated[int, Field(ge=32, le=128)] = 48
    seed: int = 0

    def build(self, progress: Progress | None = None) -> Dataset:
        """uint8 pairs: `person` and `garment`, joined as channels, and what is worn."""
        made = simulate_wardrobe(
            self.num_samples, seed=self.seed, size=self.size, progress=progress
        )
        sources = JoinedImages(
            {
                "person": ArrayDataset(made.person, name="person"),
                "garment": ArrayDataset(made.garment, name="garment"),
            },
            name=self.kind,
        )
        worn = ArrayDataset(made.worn, name="worn")
        return PairDataset(sources, worn, aligned=True, name=self.kind)


def simulate_wardrobe(
    n: int, *, seed: int = 0, size: int = 48, progress: Progress | None = None
) -> TryOn:
    """`n` people with a garment each.

    Args:
        n: how many.
        seed: which.
        size: pixels a side.
        progress: called with how many are drawn.

    >>> simulate_wardrobe(2, size=32).worn.shape
    torch.Size([2, 3, 32, 32])
    """
    noise = Noise(derive_seed(seed, "wardrobe"))
    figures = simulate_figures(n, noise)
    several = (len(KINDS), len(COLOURS), len(PATTERNS))
    garments = Garments(*(noise.integers(n, high=count) for count in several))
    person, flat, worn = (torch.empty(n, 3, size, size, dtype=torch.uint8) for _ in range(3))
    for start in range(0, n, _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        person[rows] = draw_people(figures.rows(rows), size=size)
        flat[rows] = draw_garments(garments.rows(rows), size=size)
        worn[rows] = draw_people(figures.rows(rows), garments.rows(rows), size=size)
        if progress is not None:
            progress("drawing people", min(start + _AT_ONCE, n), n)
    return TryOn(person, flat, worn, figures, garments)


def draw_people(figures: Figures, garments: Garments | None = None, *, size: int) -> Tensor:
    """People, wearing garments if there are any, uint8 `[n, 3, size, size]`.

    >>> draw_people(simulate_figures(2, Noise(0)), size=32).shape
    torch.Size([2, 3, 32, 32])
    """
    canvas = Canvas(len(figures), size, GROUND)
    paint_body(canvas, figures)
    if garments is not None:
        _paint_garments(canvas, figures, garments)
    paint_head(canvas, figures)
    return canvas.whole()


def draw_garments(garments: Garments, *, size: int) -> Tensor:
    """Garments laid flat, uint8 `[n, 3, size, size]`.

    >>> red_vest = Garments(*torch.zeros(3, 1, dtype=torch.int64))
    >>> draw_garments(red_vest, size=32)[0, :, 12, 16].tolist()
    [208, 48, 48]
    """
    n = len(garments)
    canvas = Canvas(n, size, _TABLE, zoom=_LAID, middle=(0.5, 0.45))
    _paint_garments(canvas, _laid(n), garments)
    return canvas.whole()


def read_worn(pictures: Tensor, figures: Figures) -> Garments:
    """Which garment each picture is nearest to, of all that its person could wear.

    Nearest is the least mean absolute difference of pixels.

    Args:
        pictures: uint8 `[n, 3, size, size]`, as drawn or as made by a model.
        figures: the people.

    Raises:
        DataError: there is not one picture for each person.

    >>> made = simulate_wardrobe(4, seed=1)
    >>> bool((read_worn(made.worn, made.figures).colour == made.garments.colour).all())
    True
    """
    if pictures.ndim != 4 or len(pictures) != len(figures) or pictures.dtype != torch.uint8:
        raise DataError(
            f"{len(figures)} people and pictures of shape {tuple(pictures.shape)}, "
            f"{pictures.dtype}; give one for each, uint8 [n, 3, size, size]."
        )
    found = [
        _read(pictures[start : start + _AT_ONCE], figures.rows(slice(start, start + _AT_ONCE)))
        for start in range(0, len(figures), _AT_ONCE)
    ]
    kind, colour, pattern = torch.cat(found, 1)
    return Garments(kind, colour, pattern)


def _read(pictures: Tensor, figures: Figures) -> Tensor:
    """Kind, colour and pattern, int64 `[3, n]`."""
    several = (len(KINDS), len(COLOURS), len(PATTERNS))
    every = torch.cartesian_prod(*map(torch.arange, several))
    away = []
    for kind, colour, pattern in every:
        one = Garments(*(value.expand(len(figures)) for value in (kind, colour, pattern)))
        drawn = draw_people(figures, one, size=pictures.shape[-1])
        away.append((drawn.float() - pictures.float()).abs().mean((1, 2, 3)))
    return every[torch.stack(away).argmin(0)].T


def _paint_garments(canvas: Canvas, figures: Figures, garments: Garments) -> None:
    cover = canvas.cover(_edge_of(canvas, figures, garments.kind))
    white = canvas.cover(_pattern_edge(canvas, figures, garments.pattern))
    ink = torch.tensor([*COLOURS.values()]).float()[garments.colour]
    paper = torch.tensor(_WHITE).float()[:, None, None]
    ink = torch.lerp(ink[:, :, None, None], paper, white[:, None])
    canvas.paint(cover, ink)


def _edge_of(canvas: Canvas, figures: Figures, kind: Tensor) -> Tensor:
    """Distances from the edges of garments on their people, `[n, size, size]`."""
    p = figures.points
    edge = torso_edge(canvas, figures, _LOOSE)
    sleeved = (kind[:, None, None] == 1) | (kind[:, None, None] == 2)
    long = kind == KINDS.index("jumper")
    for shoulder, elbow, wrist in ((2, 3, 4), (5, 6, 7)):
        end = torch.where(long[:, None], p[:, elbow], torch.lerp(p[:, shoulder], p[:, elbow], 0.6))
        sleeve = canvas.capsule(p[:, shoulder], end, 0.042 * figures.build)
        edge = torch.where(sleeved, torch.minimum(edge, sleeve), edge)
        wrapped = canvas.capsule(p[:, elbow], p[:, wrist], 0.036 * figures.build)
        edge = torch.where(long[:, None, None], torch.minimum(edge, wrapped), edge)
    hips, down = (p[:, 11], p[:, 8]), p[:, 8] + p[:, 11] - p[:, 5] - p[:, 2]
    down = down / down.norm(dim=1, keepdim=True)
    across = hips[1] - hips[0]
    hem = [hips[1] + 0.19 * down + 0.3 * across, hips[0] + 0.19 * down - 0.3 * across]
    skirt = canvas.convex([*hips, *hem], 0.024 * figures.build)
    dress = kind[:, None, None] == KINDS.index("dress")
    return torch.where(dress, torch.minimum(edge, skirt), edge)


def _pattern_edge(canvas: Canvas, figures: Figures, pattern: Tensor) -> Tensor:
    """Distances from the edge of what is white, along the torso and across it."""
    neck = figures.points[:, 1]
    hips = (figures.points[:, 8] + figures.points[:, 11]) / 2
    down = (hips - neck) / (hips - neck).norm(dim=1, keepdim=True)
    x, y = (at - neck[:, i, None, None] for i, at in enumerate((canvas.x, canvas.y)))
    v = x * down[:, 0, None, None] + y * down[:, 1, None, None]
    u = x * down[:, 1, None, None] - y * down[:, 0, None, None]
    row = v / _PERIOD
    stripe = ((row - row.floor() - 0.5).abs() - 0.22) * _PERIOD
    column = u / _PERIOD + 0.5 * (row.floor() % 2)
    far = (row - row.floor() - 0.5).square() + (column - column.floor() - 0.5).square()
    dot = far.sqrt() * _PERIOD - _DOT
    plain = torch.ones_like(dot)
    pick = pattern[:, None, None]
    return torch.where(pick == 0, plain, torch.where(pick == 1, stripe, dot))


def _laid(n: int) -> Figures:
    """Whom a garment lies flat like: with arms spread, and of a middle build."""
    angles = dict.fromkeys(
        ("right elbow", "left elbow", "right leg", "left leg", "right knee", "left knee", "lean"),
        torch.zeros(1),
    )
    arms = torch.full((1,), 50.0)
    points = key_points_of(angles | {"right arm": arms, "left arm": arms}, torch.ones(1))
    return Figures(points.expand(n, -1, -1), torch.ones(n), torch.zeros(n, dtype=torch.int64))
