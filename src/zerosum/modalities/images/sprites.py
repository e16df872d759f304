"""Simulated images of one shape each, whose factors are known and can be read back.

An image is RGB, with one shape on a plain grey background. Every *factor* is uniform in its range
and independent of the others and of the shape:

- `x`, `y`: where the shape's centre is, to the right and downwards, as shares of the side;
- `size`: the radius of the circle with the shape's area when filled, as a share of the side;
- `hue`: the angle of the colour in the plane of equal brightness, in turns;
- `rotation`: degrees, clockwise. Within the range no shape looks the same twice. A circle has one
  too, which nobody can see;
- `stroke`: 0 for a thin outline, 1 for a filled shape.

Whatever the factors are, the shape lies inside the image. The same seed gives the same images;
between machines a rare pixel may differ by one step of 255.

`measure_factors` reads them back by moments and colour, without a network, so that control over
them can be measured on what a model made.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi, sin, sqrt
from typing import Annotated, Any

import torch
from pydantic import Field, field_validator
from torch import Tensor
from torch.nn.functional import max_pool2d

from zerosum.config import Count
from zerosum.data.base import ArrayDataset, DataConfig, Dataset, Progress
from zerosum.errors import ConfigError, DataError
from zerosum.modalities.images.pixels import as_sides
from zerosum.rng import Noise, derive_seed

SHAPES = ("circle", "square", "triangle", "star")
RANGES = {
    "x": (0.3, 0.7),
    "y": (0.3, 0.7),
    "size": (0.1, 0.19),
    "hue": (0.0, 0.8),
    "rotation": (-30.0, 30.0),
    "stroke": (0.0, 1.0),
}
"""Lowest and highest value of each factor."""

BACKGROUND, BRIGHTNESS, COLOURFULNESS = 0.3, 0.55, 0.5
"""Grey behind the shape; mean of the shape's channels, and its distance from grey; 1 is white."""

_THINNEST = 0.25
"""Thickness of the thinnest outline, as a share of the way from the edge to the centre."""
_INNER = 0.5
"""Of a star's inner corners: their distance from the centre as a share of the tips'."""
_RED = torch.tensor([2.0, -1.0, -1.0], dtype=torch.float64) / sqrt(6)
_GREEN = torch.tensor([0.0, 1.0, -1.0], dtype=torch.float64) / sqrt(2)
"""Axes of the plane of colours of equal brightness; hue 0 is along the first."""
_SEEN = 0.25
"""Coverage of a pixel beside which others count, however little they are covered."""
_TYPICAL = (0.43, 0.66, 0.77)
"""How strong the symmetry of a square, a triangle and a star is."""
_ROUND = 0.5
"""Share of a typical strength below which a shape is a circle."""
_CUT = RANGES["hue"][1] / 2 - 0.5
"""Where the circle of hues is cut open, opposite the middle of the range."""
_AT_ONCE = 1_000


class SpritesConfig(DataConfig):
    """Images of one shape each, with known factors; see the module for what these are.

    Attributes:
        num_samples: how many.
        size: pixels a side, 16 to 128.
        seed: which.
    """

    kind = "sprites"
    spaces = ("image",)
    built_in = True
    num_samples: Count = 20_000
    size: Annotated[int, Field(ge=16, le=128)] = 32
    seed: int = 0

    @field_validator("size", mode="before")
    @classmethod
    def _one_side(cls, value: Any) -> Any:
        """Sides as readers of images take them, which have to be equal."""
        value = as_sides(value)
        if len(set(value)) != 1:
            sides = " x ".join(map(str, value))
            raise ConfigError(f"sprites are square, and the size is {sides}. Give one number.")
        return value[0]

    def build(self, progress: Progress | None = None) -> Dataset:
        """uint8 images `[num_samples, 3, size, size]`, labelled with their shape."""
        x, factors = simulate(self.num_samples, seed=self.seed, size=self.size, progress=progress)
        return ArrayDataset(x, factors["shape"], name=self.kind, labels=SHAPES)


def simulate(
    n: int, seed: int = 0, *, size: int = 32, progress: Progress | None = None
) -> tuple[Tensor, dict[str, Tensor]]:
    """`n` images, uint8 `[n, 3, size, size]`, and what they show.

    Args:
        n: how many.
        seed: which.
        size: pixels a side.
        progress: told how many are drawn.

    Returns:
        The images; and float64 `[n]` for each factor, with int64 indices of `SHAPES` as `shape`.
    """
    noise = Noise(derive_seed(seed, "sprites"))
    factors = {"shape": noise.integers(n, high=len(SHAPES))}
    for name, (low, high) in RANGES.items():
        factors[name] = low + (high - low) * noise.uniform(n).double()
    return draw_sprites(factors, size=size, progress=progress), factors


def draw_sprites(
    factors: dict[str, Tensor], *, size: int = 32, progress: Progress | None = None
) -> Tensor:
    """Images, uint8 `[n, 3, size, size]`, of given factors and shapes `[n]`, as `simulate` has.

    >>> one = {name: torch.tensor([sum(ends) / 2]) for name, ends in RANGES.items()}
    >>> draw_sprites(one | {"shape": torch.tensor([0])}, size=16).shape
    torch.Size([1, 3, 16, 16])
    """
    n = len(factors["shape"])
    pictures = torch.empty(n, 3, size, size, dtype=torch.uint8)
    for start in range(0, n, _AT_ONCE):
        piece = {name: values[start : start + _AT_ONCE] for name, values in factors.items()}
        cover = _coverage(piece, size)[:, None]
        colour = _colours(piece["hue"].double()).float()[:, :, None, None]
        mixed = BACKGROUND + cover * (colour - BACKGROUND)
        pictures[start : start + _AT_ONCE] = mixed.mul_(255).round_().to(torch.uint8)
        if progress is not None:
            progress("drawing sprites", min(start + _AT_ONCE, n), n)
    return pictures


def measure_factors(pictures: Tensor) -> dict[str, Tensor]:
    """What images of sprites show, read from their moments and colour.

    Args:
        pictures: uint8 `[N, 3, S, S]`, as drawn, as made by a model, or with a little noise.

    Returns:
        float64 `[N]` for each factor, and the index of the shape, int64, as `shape`. Hues are from
        -0.1 to 0.9, so that small errors do not wrap around. The rotation of a circle is NaN; where
        there is no shape at all, every factor is NaN and `shape` -1.

    Raises:
        DataError: the images have another form.
    """
    n, *form = pictures.shape if pictures.ndim == 4 else (0, 0, 0, 0)
    if pictures.dtype != torch.uint8 or n < 1 or form != [3, form[2], form[2]]:
        raise DataError(
            f"the images are {pictures.dtype} of shape {tuple(pictures.shape)}; sprites are "
            "uint8 [N, 3, S, S], one or more. `samples.tensor` has this form."
        )
    pieces = [_measured(piece) for piece in pictures.split(_AT_ONCE)]
    return {name: torch.cat([piece[name] for piece in pieces]) for name in pieces[0]}


@dataclass(frozen=True)
class _Form:
    """One shape at unit size, which is that of the unit circle's area.

    Attributes:
        gauge: of points `u`, `v`, right and down from the centre: how far out, so that the shape
            scaled by s is where the gauge is at most `edge * s`. It grows by 1 for each unit of
            length at right angles to an edge, so it tells distances to edges.
        edge: the gauge of the edge.
        compactness: squared area over the polar moment of area; size does not change it.
        turns: number of rotations that look alike; 0 for all.
        tip: where a tip points without rotation, in radians clockwise from the right.
    """

    gauge: Callable[[Tensor, Tensor], Tensor]
    edge: float
    compactness: float
    turns: int
    tip: float


def _polygon(
    gauge: Callable[[Tensor, Tensor], Tensor], turns: int, tip: float, inner: float
) -> _Form:
    """A form of `turns` tips and, between them, as many points at a share `inner` of their length.

    It consists of `2 * turns` triangles from the centre to a tip and to one of these points.
    """
    angle = pi / turns
    area = inner * sin(angle) / 2
    reach = sqrt(pi / (2 * turns * area))  # of the tips, so that all triangles have the area pi
    slant = sqrt(1 + inner**2 - 2 * inner * cos(angle))
    compactness = 12 * turns * area / (1 + inner**2 + inner * cos(angle))
    return _Form(gauge, reach * 2 * area / slant, compactness, turns, tip)


def _square(u: Tensor, v: Tensor) -> Tensor:
    return torch.maximum(u.abs(), v.abs())


def _triangle(u: Tensor, v: Tensor) -> Tensor:
    """Its tip is at the top, where `v` is negative."""
    return torch.maximum(v, sqrt(0.75) * u.abs() - 0.5 * v)


def _star(u: Tensor, v: Tensor) -> Tensor:
    """Mirrored at its axes into one half of the tip at the top, which has a single edge."""
    u, up = u.abs(), -v
    u, up = _mirrored(u, up, 2 * pi / 5)
    u, up = _mirrored(u.abs(), up, pi / 5)
    across, along = 1 - _INNER * cos(pi / 5), _INNER * sin(pi / 5)
    return (u * across + up * along) / sqrt(across**2 + along**2)


def _mirrored(u: Tensor, up: Tensor, angle: float) -> tuple[Tensor, Tensor]:
    """Points beyond the line at `angle` from the top, clockwise, on its other side."""
    beyond = (u * cos(angle) - up * sin(angle)).clamp_min_(0)
    return u - 2 * cos(angle) * beyond, up + 2 * sin(angle) * beyond


_FORMS = (
    _Form(lambda u, v: (u.square() + v.square()).sqrt(), 1.0, 2 * pi, 0, 0.0),
    _polygon(_square, 4, pi / 4, cos(pi / 4)),
    _polygon(_triangle, 3, -pi / 2, cos(pi / 3)),
    _polygon(_star, 5, -pi / 2, _INNER),
)
"""In the order of `SHAPES`."""


def _coverage(factors: dict[str, Tensor], side: int) -> Tensor:
    """The share of each pixel that the shape covers, float32 `[n, side, side]`."""
    n = len(factors["shape"])
    ticks = (torch.arange(side) + 0.5) / side
    angle = factors["rotation"].double() * (pi / 180)
    turn = [part.float()[:, None, None] for part in (angle.cos(), angle.sin())]
    centre = [factors[name].float()[:, None, None] for name in ("x", "y")]
    size = factors["size"].float()[:, None, None]
    thick = (_THINNEST + (1 - _THINNEST) * factors["stroke"]).float()[:, None, None]
    cover = torch.empty(n, side, side)
    for code, form in enumerate(_FORMS):
        mine = (factors["shape"] == code).nonzero()[:, 0]
        if not len(mine):
            continue
        across, down = (
            ticks[None, None, :] - centre[0][mine],
            ticks[None, :, None] - centre[1][mine],
        )
        cosine, sine = turn[0][mine], turn[1][mine]
        out = form.gauge(cosine * across + sine * down, cosine * down - sine * across)
        edge = form.edge * size[mine]
        hole = edge * (1 - thick[mine])
        # An edge is one pixel wide; that of a hole smaller than a pixel is narrower.
        soft = (2 * hole).clamp(1e-6, 1 / side)
        inside = ((edge - out) * side + 0.5).clamp_(0, 1)
        cover[mine] = inside - ((hole - out) / soft + 0.5).clamp_(0, 1)
    return cover


def _colours(hue: Tensor) -> Tensor:
    """RGB in [0, 1], float64 `[n, 3]`, of hues in turns."""
    angle = 2 * pi * hue[:, None]
    return BRIGHTNESS + COLOURFULNESS * (angle.cos() * _RED + angle.sin() * _GREEN)


def _measured(pictures: Tensor) -> dict[str, Tensor]:
    side = pictures.shape[-1]
    pixels = pictures.double() / 255
    border = torch.cat([pixels[..., [0, -1]].flatten(2), pixels[..., [0, -1], :].flatten(2)], dim=2)
    apart = pixels - border.median(dim=2).values[..., None, None]
    hue = _hue_of(apart)
    # First of everything, then of the shape alone, which noise reaches less.
    hue = _hue_of(apart * _unmixed(apart, hue)[:, None])
    cover = _unmixed(apart, hue)
    moments = _Moments(cover)
    shape, rotation = _shape_of(moments)
    # An outline is a form of area A and polar moment P less the same form, scaled by k: with
    # q = k^2, A^2 / P is the form's compactness times (1 - q) / (1 + q).
    compactness = torch.tensor([form.compactness for form in _FORMS], dtype=torch.float64)[shape]
    share = (moments.area / moments.spread / compactness).clamp(0, 1)
    hole = (1 - share) / (1 + share)
    measured = {
        "shape": shape,
        "x": moments.x / side,
        "y": moments.y / side,
        "size": (compactness / pi * moments.spread / (1 + hole)).sqrt() / side,
        "hue": (hue - _CUT) % 1 + _CUT,
        "rotation": rotation,
        "stroke": ((1 - hole.sqrt() - _THINNEST) / (1 - _THINNEST)).clamp(0, 1),
    }
    nothing = moments.area < 1
    for name, values in measured.items():
        values[nothing] = -1 if name == "shape" else torch.nan
    return measured


def _hue_of(apart: Tensor) -> Tensor:
    """The hue in turns `[N]` of all pixels `[N, 3, S, S]` together, of which grey is taken off."""
    colour = apart.flatten(2).sum(2)
    return torch.atan2(colour @ _GREEN, colour @ _RED) / (2 * pi)


def _unmixed(apart: Tensor, hue: Tensor) -> Tensor:
    """How much of each pixel is of the colour of `hue`, 0 far from the shape; `[N, S, S]`.

    `apart` `[N, 3, S, S]` is what pixels are beside the background.
    """
    ink = _colours(hue) - BACKGROUND
    cover = (apart * ink[..., None, None]).sum(1) / ink.square().sum(1)[:, None, None]
    near = max_pool2d((cover > _SEEN).double()[:, None], 3, stride=1, padding=1)[:, 0]
    return cover * near


class _Moments:
    """Area, centre and mean square distance from it, of coverage `[N, S, S]`, in pixels."""

    def __init__(self, cover: Tensor) -> None:
        side = cover.shape[-1]
        ticks = torch.arange(side, dtype=torch.float64) + 0.5
        self.area = cover.sum((1, 2))
        weight = cover / self.area.clamp_min(1e-9)[:, None, None]
        self.x, self.y = weight.sum(1) @ ticks, weight.sum(2) @ ticks
        across = ticks[None, None, :] - self.x[:, None, None]
        down = ticks[None, :, None] - self.y[:, None, None]
        self._place, self._weight = torch.complex(*torch.broadcast_tensors(across, down)), weight
        square = self._place.real.square() + self._place.imag.square()
        blur = 1 / 6  # what pixels of width 1 add, in both directions together
        self.spread = ((weight * square).sum((1, 2)) - blur).clamp_min(1e-6)

    def symmetry(self, turns: int) -> Tensor:
        """How alike a rotation by 1 / `turns` is, complex `[N]`; its angle tells where tips are."""
        power = self._place**turns
        weight = self._weight.clamp_min(0)
        return (weight * power).sum((1, 2)) / (weight * power.abs()).sum((1, 2)).clamp_min(1e-9)


def _shape_of(moments: _Moments) -> tuple[Tensor, Tensor]:
    """Indices of shapes, int64, and rotations in degrees, both `[N]`."""
    turns = [form.turns for form in _FORMS[1:]]
    marks = torch.stack([moments.symmetry(count) for count in turns], dim=1)
    best = (marks.abs() / torch.tensor(_TYPICAL)).max(dim=1)
    shape = torch.where(best.values < _ROUND, 0, best.indices + 1)
    rotation = torch.full_like(moments.x, torch.nan)
    for code, form in enumerate(_FORMS):
        mine = shape == code
        if form.turns:
            angle = marks[mine, code - 1].angle() / form.turns - form.tip
            period = 2 * pi / form.turns
            rotation[mine] = ((angle + period / 2) % period - period / 2) * (180 / pi)
    return shape, rotation
