"""Simulated clips with truth: a ball that moves straight on and bounces off the walls.

Each clip is labelled with its speed, `slow`, `medium` or `fast`. Direction and place are random.
The ball never changes its speed, and turns at the walls of the picture alone. `read_motion` finds
that out again from pixels, without a network, so that what a model made can be checked.
"""

from dataclasses import dataclass
from math import pi
from typing import Annotated, Any, Literal

import torch
from pydantic import Field, field_validator
from torch import Tensor

from zerosum.config import Count
from zerosum.data.base import ArrayDataset, DataConfig, Dataset, Progress
from zerosum.errors import ConfigError
from zerosum.modalities.clips.space import LEAST_FRAMES, MOST_FRAMES, ClipSpace
from zerosum.rng import Noise, derive_seed

SPEEDS = {"slow": 0.05, "medium": 0.09, "fast": 0.13}
"""What the ball moves in one frame, as a share of the picture's side."""

RADIUS = 0.13
"""Of the ball, as a share of the side."""

RATE = 8.0

PATH_TOLERANCE = 0.05
"""How far a ball may be from its path in any frame, as a share of the side."""

SPEED_TOLERANCE = 0.15
"""How far a speed may be from one of `SPEEDS`, as a share of it."""

BACKGROUND, BRIGHTNESS = 0.25, 0.85
"""Of what does not move and of the ball's brightest channel; 1 is white."""

_SEEN = 0.15
"""Share of a pixel from which it counts as covered."""

_AREAS = (0.6, 1.5)
"""Areas that a ball may have, beside its true one."""

_SPREAD = 1.6
"""Mean square distance from its centre that a ball may have, beside its true one."""

_FASTEST = 0.2
_VELOCITIES, _PHASES, _NEARER = 41, 48, 9
_AT_ONCE = 200

Things = Literal["ball", "sprites"]


class BouncingConfig(DataConfig):
    """Simulated clips of something that bounces off the walls; see the module.

    Attributes:
        num_samples: how many.
        size: pixels a side, 16 to 64.
        frames: in each clip, 4 to 64.
        things: `ball` is bright grey; `sprites` are discs, squares and diamonds in colour.
        seed: which.
    """

    kind = "bouncing"
    spaces = ("clip",)
    built_in = True
    num_samples: Count = 4_000
    size: Annotated[int, Field(ge=16, le=64)] = 16
    frames: Annotated[int, Field(ge=LEAST_FRAMES, le=MOST_FRAMES)] = 8
    things: Things = "ball"
    seed: int = 0

    @field_validator("size", mode="before")
    @classmethod
    def _one_side(cls, value: Any) -> Any:
        """Sides as readers of images take them, which have to be equal."""
        sides = value if isinstance(value, tuple | list) else (value,)
        if len({*sides}) != 1:
            raise ConfigError(f"these clips are square, and the size is {value}. Give one number.")
        return sides[0]

    def build(self, progress: Progress | None = None) -> Dataset:
        """uint8 clips `[num_samples, frames, channels, size, size]`, labelled with their speed."""
        x, y = simulate(
            self.num_samples, seed=self.seed, size=self.size, frames=self.frames, things=self.things
        )
        space = ClipSpace(
            channels=1 if self.things == "ball" else 3, frames=self.frames, height=self.size,
            width=self.size, rate=RATE, scene="bouncing", labels=tuple(SPEEDS),
            label_counts=tuple(torch.bincount(y, minlength=len(SPEEDS)).tolist()),
        )  # fmt: skip
        return ArrayDataset(x, y, name=self.kind, labels=space.labels, space=space)


def simulate(
    n: int, seed: int = 0, *, size: int = 16, frames: int = 8, things: Things = "ball"
) -> tuple[Tensor, Tensor]:
    """`n` clips, uint8 `[n, frames, C, size, size]`, and the index of their speeds, int64 `[n]`.

    >>> clips, speeds = simulate(4)
    >>> clips.shape, speeds.shape
    (torch.Size([4, 8, 1, 16, 16]), torch.Size([4]))
    """
    noise = Noise(derive_seed(seed, "bouncing"))
    y = noise.integers(n, high=len(SPEEDS))
    speed = torch.tensor([*SPEEDS.values()])[y]
    angle = 2 * pi * noise.uniform(n)
    velocity = speed[:, None] * torch.stack([angle.cos(), angle.sin()], dim=1)
    start = (1 - 2 * RADIUS) * noise.uniform(n, 2)
    time = torch.arange(frames)[None, :, None]
    places = RADIUS + _folded(start[:, None] + velocity[:, None] * time, 1 - 2 * RADIUS)
    shape = noise.integers(n, high=3) if things == "sprites" else torch.zeros(n, dtype=torch.long)
    clips = torch.cat(
        [
            _covered(places[i : i + _AT_ONCE], shape[i : i + _AT_ONCE], size)
            for i in range(0, n, _AT_ONCE)
        ]
    )[:, :, None]
    if things == "sprites":
        hue = noise.uniform(n, 1) + torch.tensor([0.0, 1 / 3, 2 / 3])
        colour = (0.5 + 0.5 * (2 * pi * hue).cos()) ** 0.5
        colour = colour / colour.amax(1, keepdim=True)
        clips = clips * colour[:, None, :, None, None]
    pixels = BACKGROUND + (BRIGHTNESS - BACKGROUND) * clips
    return pixels.mul(255).round_().to(torch.uint8), y


@dataclass(frozen=True)
class Motion:
    """What clips of something that bounces show; all fields have a row for each clip.

    Attributes:
        place: centre of the ball in each frame, across and down, as a share of the side;
            float64 `[N, T, 2]`, NaN where nothing is seen.
        seen: whether there is one ball of the right size in every frame, bool `[N]`.
        speed: of the path that fits best, in sides a frame, float64 `[N]`.
        off: how far the ball is from that path in its worst frame, as a share of the side, `[N]`.
        contacts: how often that path meets a wall, int64 `[N]`.
    """

    place: Tensor
    seen: Tensor
    speed: Tensor
    off: Tensor
    contacts: Tensor

    @property
    def keeps_to_walls(self) -> Tensor:
        """Whether there is one ball that moves straight on and turns at walls alone, bool `[N]`."""
        return self.seen & (self.off <= PATH_TOLERANCE)

    @property
    def has_speed(self) -> Tensor:
        """Whether its speed is one of those that there are, bool `[N]`."""
        known = torch.tensor([*SPEEDS.values()], dtype=torch.float64)
        apart = (self.speed[:, None] - known).abs() / known
        return self.seen & (apart.amin(1) <= SPEED_TOLERANCE)

    @property
    def right(self) -> Tensor:
        """Whether both are right, bool `[N]`."""
        return self.keeps_to_walls & self.has_speed

    @property
    def label(self) -> Tensor:
        """The index in `SPEEDS` of the nearest speed, int64 `[N]`; -1 where the clip is wrong."""
        known = torch.tensor([*SPEEDS.values()], dtype=torch.float64)
        nearest = (self.speed[:, None] - known).abs().argmin(1)
        return torch.where(self.right, nearest, -1)


def read_motion(clips: Tensor) -> Motion:
    """What clips of something that bounces show, read from their pixels.

    The centre of what is bright is looked for in each frame. Along both sides the path of something
    that bounces is a triangle wave: that with the least distance in the worst frame is found.

    Args:
        clips: uint8 `[N, T, C, S, S]`.

    >>> clips, _ = simulate(8, seed=1)
    >>> read_motion(clips).right.all()
    tensor(True)
    """
    pieces = [_read(piece) for piece in clips.split(_AT_ONCE)]
    return Motion(*(torch.cat([getattr(piece, name) for piece in pieces]) for name in _FIELDS))


_FIELDS = ("place", "seen", "speed", "off", "contacts")


def _folded(way: Tensor, length: float) -> Tensor:
    """Where something is that has gone a `way` between two walls `length` apart.

    >>> _folded(torch.tensor([0.5, 1.25, -0.25]), 1.0).tolist()
    [0.5, 0.75, 0.25]
    """
    return length - (way % (2 * length) - length).abs()


def _covered(places: Tensor, shape: Tensor, size: int) -> Tensor:
    """How much of each pixel is covered, float32 `[n, T, size, size]`, of centres `[n, T, 2]`."""
    ticks = (torch.arange(size) + 0.5) / size
    across = (ticks - places[..., :1])[:, :, None, :].abs()
    down = (ticks - places[..., 1:])[:, :, :, None].abs()
    disc = (across.square() + down.square()).sqrt()
    square = torch.maximum(across, down) * (2 / pi**0.5)
    diamond = (across + down) * (2 / pi) ** 0.5
    out = torch.stack([disc, *torch.broadcast_tensors(square, diamond)])[
        shape, torch.arange(len(places))
    ]
    return ((RADIUS - out) * size + 0.5).clamp_(0, 1)


def _read(clips: Tensor) -> Motion:
    side = clips.shape[-1]
    cover = (clips.amax(2).double() / 255 - BACKGROUND) / (BRIGHTNESS - BACKGROUND)
    bright = ((cover - _SEEN) / (1 - _SEEN)).clamp(0, 1.2)
    ticks = (torch.arange(side, dtype=torch.float64) + 0.5) / side
    area = bright.sum((2, 3))
    share = bright / area.clamp_min(1e-9)[..., None, None]
    columns, rows = share.sum(2), share.sum(3)
    place = torch.stack([columns @ ticks, rows @ ticks], dim=2)
    spread = columns @ ticks.square() + rows @ ticks.square() - place.square().sum(2)
    true_area = pi * (RADIUS * side) ** 2
    fits = (area > _AREAS[0] * true_area) & (area < _AREAS[1] * true_area)
    seen = (fits & (spread < _SPREAD * RADIUS**2 / 2 + 1 / 6 / side**2)).all(1)
    place = torch.where((area > 0)[..., None], place, torch.nan)
    found = [_path(place[:, :, axis]) for axis in range(2)]
    speed = (found[0][0].square() + found[1][0].square()).sqrt()
    off = torch.maximum(found[0][1], found[1][1])
    return Motion(place, seen, speed, off, found[0][2] + found[1][2])


def _path(place: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The triangle wave that places `[N, T]` along one side fit: velocity, distance, contacts."""
    n, frames = place.shape
    length = 1 - 2 * RADIUS
    time = torch.arange(frames, dtype=torch.float64)
    seen = (place - RADIUS).nan_to_num(nan=9.0)
    velocity = torch.linspace(0, _FASTEST, _VELOCITIES, dtype=torch.float64).expand(n, -1)
    phase = (torch.arange(_PHASES, dtype=torch.float64) * 2 * length / _PHASES).expand(n, -1)
    steps = _FASTEST / (_VELOCITIES - 1), 2 * length / _PHASES
    best_velocity = best_phase = off = seen.new_zeros(n)
    for _ in range(4):
        way = phase[:, None, :, None] + velocity[:, :, None, None] * time
        worst = (_folded(way, length) - seen[:, None, None]).abs().amax(3).flatten(1)
        off, at = worst.min(1)
        best_velocity = velocity.gather(1, (at // phase.shape[1])[:, None])[:, 0]
        best_phase = phase.gather(1, (at % phase.shape[1])[:, None])[:, 0]
        nearer = torch.linspace(-1, 1, _NEARER, dtype=torch.float64)
        velocity = (best_velocity[:, None] + steps[0] * nearer).abs()
        phase = best_phase[:, None] + steps[1] * nearer
        steps = steps[0] * 2 / (_NEARER - 1), steps[1] * 2 / (_NEARER - 1)
    last = best_phase + best_velocity * (frames - 1)
    contacts = (last / length).floor() - (best_phase / length).floor()
    return best_velocity, off, contacts.long()
