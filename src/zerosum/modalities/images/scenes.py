"""Simulated scenes with captions, and a reader that says what pictures of them show.

A scene has one to three things on a dark ground. A thing has a size, a colour and a shape. Either
there is one thing at a place, or there are several equal ones, or two of which one is left of,
right of, above or below the other. Its caption says so: `a small red ring left of a blue square`.
Sizes and places are left out now and then, and may then be any.

Some pairs of colour and shape, `HELD_OUT`, are never drawn for training, so it can be measured
whether a model has learned what words mean or pictures by heart. `read_scenes` reads pictures back,
without a network, and `Scene.agrees` says which of the words are right.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import pi, sqrt
from typing import Literal

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from zerosum.rng import derive_seed

SIDE = 32
COLOURS = {
    "red": (220, 50, 50), "green": (60, 190, 80), "blue": (60, 100, 235),
    "yellow": (235, 205, 60), "white": (235, 235, 235), "purple": (185, 75, 205),
}  # fmt: skip
SHAPES = ("circle", "square", "triangle", "ring")
SIZES = {"small": 3.8, "large": 6.0}
"""Radius of the circle, in pixels."""
PLACES = {
    "on the left": (8.5, 16.0), "on the right": (23.5, 16.0), "at the top": (16.0, 8.5),
    "at the bottom": (16.0, 23.5), "in the middle": (16.0, 16.0),
}  # fmt: skip
"""Where the middle of a thing is, to the right and downwards."""
RELATIONS = {"left of": (-1, 0), "right of": (1, 0), "above": (0, -1), "below": (0, 1)}
COUNTS = ("one", "two", "three")

HELD_OUT = (("red", "triangle"), ("blue", "ring"), ("green", "circle"), ("yellow", "square"))
"""Pairs of colour and shape that are not drawn for training."""

Combinations = Literal["seen", "held_out"]

_GROUND = (26.0, 26.0, 32.0)
_HOLE = 0.5
_GAP, _RIM, _REACH = 2.0, 0.5, 1.15
_NEAR = 1.5
_LEFT_OUT = 0.25
_LEAST_PIXELS, _LEAST_OVERLAP = 8, 0.6
_AT_ONCE = 2_000


@dataclass(frozen=True)
class Thing:
    """What is said of a thing; None where nothing is said of its size."""

    colour: str
    shape: str
    size: str | None = None

    def named(self, *, several: bool = False) -> str:
        """Such as `small red ring`, or `small red rings`."""
        words = [self.size] if self.size else []
        return " ".join([*words, self.colour, self.shape + "s" * several])


@dataclass(frozen=True)
class FoundThing:
    """A thing that was read from a picture; `shape` is empty where it is like none.

    `x` and `y` are where its middle is, to the right and downwards, in pixels.
    """

    colour: str
    shape: str
    size: str
    x: float
    y: float


@dataclass(frozen=True)
class Scene:
    """What a caption says.

    Attributes:
        things: one, or two of which the first is `relation` the second.
        count: how many there are of the only thing.
        place: where the only thing is; None where nothing is said.
        relation: of two things.
    """

    things: tuple[Thing, ...]
    count: int = 1
    place: str | None = None
    relation: str | None = None

    @property
    def caption(self) -> str:
        """The sentence.

        >>> ring, square = Thing("red", "ring", "small"), Thing("blue", "square")
        >>> Scene((ring, square), relation="left of").caption
        'a small red ring left of a blue square'
        """
        first = self.things[0]
        if self.relation:
            return f"a {first.named()} {self.relation} a {self.things[1].named()}"
        if self.count > 1:
            return f"{COUNTS[self.count - 1]} {first.named(several=True)}"
        return f"a {first.named()}" + (f" {self.place}" if self.place else "")

    def agrees(self, found: list[FoundThing]) -> Mapping[str, list[bool]]:
        """Which words a picture obeys, by what they are about.

        Of two things the better assignment to what was found counts.
        """
        number = self.count if self.relation is None else 2
        right = {"count": [len(found) == number]}
        if self.relation is None:
            shown = found[:1] if self.count == 1 else found
            best = _of_things([self.things[0]] * max(len(shown), 1), shown or [None])
            if self.place is not None:
                right["place"] = [bool(found) and nearest_place(found[0]) == self.place]
            return right | best
        pairs = [(a, b) for a in found for b in found if a is not b] or [(None, None)]
        tried = []
        for pair in pairs:
            a, b = pair
            stands = False
            if a is not None and b is not None:
                stands = relation_of(a, b) == self.relation
            tried.append(_of_things(self.things, pair) | {"relation": [stands]})
        best = max(tried, key=lambda one: sum(sum(words) for words in one.values()))
        return right | best


def _of_things(asked, found) -> dict[str, list[bool]]:
    right: dict[str, list[bool]] = {"colour": [], "shape": [], "size": []}
    for thing, one in zip(asked, found, strict=True):
        right["colour"].append(one is not None and one.colour == thing.colour)
        right["shape"].append(one is not None and one.shape == thing.shape)
        if thing.size is not None:
            right["size"].append(one is not None and one.size == thing.size)
    return right


def relation_of(a: FoundThing, b: FoundThing) -> str:
    """Where `a` is beside `b`.

    >>> ring, other = (FoundThing("red", "ring", "small", x, 9) for x in (5, 20))
    >>> relation_of(ring, other)
    'left of'
    """
    right, down = a.x - b.x, a.y - b.y
    if abs(right) > abs(down):
        return "left of" if right < 0 else "right of"
    return "above" if down < 0 else "below"


def nearest_place(found: FoundThing) -> str:
    """The place that a thing is nearest to."""
    away = {name: (found.x - x) ** 2 + (found.y - y) ** 2 for name, (x, y) in PLACES.items()}
    return min(away, key=lambda name: away[name])


def draw_scenes(
    n: int, *, seed: int = 0, combinations: Combinations = "seen"
) -> tuple[Tensor, list[Scene]]:
    """`n` pictures, uint8 `[n, 3, 32, 32]`, and what their captions say.

    Args:
        n: how many.
        seed: which.
        combinations: `seen` draws no pair of colour and shape of `HELD_OUT`; in scenes of
            `held_out` each has one.

    >>> pictures, scenes = draw_scenes(2)
    >>> pictures.shape, len(scenes)
    (torch.Size([2, 3, 32, 32]), 2)
    """
    chance = random.Random(derive_seed(seed, "scenes", combinations))
    scenes = [_scene(chance, combinations) for _ in range(n)]
    return _drawn([_placed(scene, chance) for scene in scenes]), scenes


def read_scenes(pictures: Tensor) -> list[list[FoundThing]]:
    """What pictures show, uint8 `[N, 3, 32, 32]`: the things of each, those on the left first.

    A thing is a patch of pixels that are not of the ground. Its colour is the mean of these pixels,
    and its shape and size are those of the nearest of eight patterns.

    >>> pictures, scenes = draw_scenes(3, seed=1)
    >>> [len(found) for found in read_scenes(pictures)] == [
    ...     scene.count if scene.relation is None else 2 for scene in scenes
    ... ]
    True
    """
    ground = torch.tensor(_GROUND)[:, None, None]
    inks = torch.tensor([*COLOURS.values()]) - torch.tensor(_GROUND)
    found = []
    for picture in pictures:
        ink = picture.float() - ground
        # Of each colour: how much of it a pixel has; the colour that is most like a pixel decides.
        length = inks.square().sum(1)
        cover = torch.einsum("chw,kc->khw", ink, inks) / length[:, None, None]
        rest = (ink - cover[:, None] * inks[:, :, None, None]).square().sum(1)
        cover = cover.gather(0, rest.argmin(0, keepdim=True))[0].clamp(0, 1)
        patches = np.empty(cover.shape, np.int32)
        ndimage.label((cover > 0.5).numpy(), structure=[[1] * 3] * 3, output=patches)
        things = [
            _found(cover, ink, torch.from_numpy(patches == i + 1)) for i in range(patches.max())
        ]
        found.append(sorted((one for one in things if one is not None), key=lambda one: one.x))
    return found


def _found(cover: Tensor, ink: Tensor, patch: Tensor) -> FoundThing | None:
    """One thing, from the pixels that it covers; None where there are too few."""
    if int(patch.sum()) < _LEAST_PIXELS:
        return None
    mean = ink[:, patch].mean(1)
    inks = torch.tensor([*COLOURS.values()]) - torch.tensor(_GROUND)
    alike = torch.nn.functional.cosine_similarity(inks, mean[None]) - (
        (inks.norm(dim=1) - mean.norm()).abs() / 500
    )
    near = torch.nn.functional.max_pool2d(patch.float()[None], 3, stride=1, padding=1)[0] > 0
    own = cover * near
    ticks = torch.arange(SIDE) + 0.5
    x, y = (float((own.sum(dim) * ticks).sum() / own.sum()) for dim in (0, 1))
    kinds = [(shape, size) for shape in SHAPES for size in SIZES]
    patterns = _coverage([(shape, SIZES[size], x, y) for shape, size in kinds])
    overlap = torch.minimum(patterns, own).sum((1, 2)) / torch.maximum(patterns, own).sum((1, 2))
    best = int(overlap.argmax())
    shape, size = kinds[best]
    shape = shape if float(overlap[best]) >= _LEAST_OVERLAP else ""
    return FoundThing([*COLOURS][int(alike.argmax())], shape, size, x, y)


_Placed = list[tuple[str, str, float, float, float]]
"""Colour, shape, radius and middle of each thing."""


def _scene(chance: random.Random, combinations: Combinations) -> Scene:
    def thing(pairs: list[tuple[str, str]]) -> Thing:
        size = None if chance.random() < _LEFT_OUT else chance.choice([*SIZES])
        return Thing(*chance.choice(pairs), size=size)

    seen = [(c, s) for c in COLOURS for s in SHAPES if (c, s) not in HELD_OUT]
    things = [thing([*HELD_OUT] if combinations == "held_out" else seen), thing(seen)]
    kind = chance.randrange(3)
    if kind == 0:
        place = None if chance.random() < _LEFT_OUT else chance.choice([*PLACES])
        return Scene((things[0],), place=place)
    if kind == 1:
        return Scene((things[0],), count=chance.choice((2, 3)))
    while things[1] == things[0]:
        things[1] = thing(seen)
    chance.shuffle(things)
    return Scene(tuple(things), relation=chance.choice([*RELATIONS]))


def _placed(scene: Scene, chance: random.Random) -> _Placed:
    """Things that obey a scene, and do not touch each other."""
    things = scene.things if scene.relation else scene.things * scene.count
    sizes = [chance.choice([*SIZES]) for _ in things]
    if scene.relation is None:
        sizes = sizes[:1] * len(things)  # several equal ones
    radii = [SIZES[thing.size or size] for thing, size in zip(things, sizes, strict=True)]
    if scene.relation is not None:
        middles = _beside(scene.relation, radii, chance)
    elif scene.count > 1:
        middles = _apart(scene.count, radii[0], chance)
    elif scene.place is not None:
        x, y = PLACES[scene.place]
        middles = [(x + chance.uniform(-_NEAR, _NEAR), y + chance.uniform(-_NEAR, _NEAR))]
    else:
        rim = radii[0] * _REACH + _RIM
        middles = [(chance.uniform(rim, SIDE - rim), chance.uniform(rim, SIDE - rim))]
    return [
        (thing.colour, thing.shape, radius, x, y)
        for thing, radius, (x, y) in zip(things, radii, middles, strict=True)
    ]


def _apart(count: int, radius: float, chance: random.Random) -> list[tuple[float, float]]:
    """Middles of equal things: each in a quarter of its own."""
    half, rim = SIDE / 2, radius * _REACH + max(_RIM, _GAP / 2)
    quarters = [(0.0, 0.0), (0.0, half), (half, 0.0), (half, half)]
    return [
        (x + chance.uniform(rim, half - rim), y + chance.uniform(rim, half - rim))
        for x, y in chance.sample(quarters, count)
    ]


def _beside(relation: str, radii: list[float], chance: random.Random) -> list[tuple[float, float]]:
    """Middles of two things, of which the first is plainly on one side of the second."""
    right, down = RELATIONS[relation]
    reach = [radius * _REACH for radius in radii]
    apart = chance.uniform(sum(reach) + _GAP, SIDE - sum(reach) - 2 * _RIM)
    if right + down < 0:  # the first comes first
        near = chance.uniform(reach[0] + _RIM, SIDE - reach[1] - _RIM - apart)
        along = near, near + apart
    else:
        near = chance.uniform(reach[1] + _RIM, SIDE - reach[0] - _RIM - apart)
        along = near + apart, near
    rim = max(reach) + _RIM
    middle, lean = chance.uniform(rim, SIDE - rim), min(apart / 4, 4.0)
    aside = [min(max(middle + chance.uniform(-lean, lean), rim), SIDE - rim) for _ in radii]
    pairs = zip(along, aside, strict=True)
    return [(a, b) if right else (b, a) for a, b in pairs]


def _drawn(rows: list[_Placed]) -> Tensor:
    """Pictures, uint8 `[n, 3, 32, 32]`, of the things in each."""
    pictures = []
    for start in range(0, len(rows), _AT_ONCE):
        piece = rows[start : start + _AT_ONCE]
        things = [(i, *one) for i, row in enumerate(piece) for one in row]
        cover = _coverage([thing[2:] for thing in things])[:, None]
        which = torch.tensor([thing[0] for thing in things])
        inks = torch.tensor([COLOURS[thing[1]] for thing in things]).float()
        ground = torch.tensor(_GROUND)
        ink = cover * (inks - ground)[:, :, None, None]
        x = torch.zeros(len(piece), 3, SIDE, SIDE).index_add_(0, which, ink)
        pictures.append((x + ground[:, None, None]).round().to(torch.uint8))
    return torch.cat(pictures)


def _coverage(things: Sequence[tuple[str, float, float, float]]) -> Tensor:
    """The share of each pixel that things cover, `[K, 32, 32]`; see `_Placed`."""
    ticks = torch.arange(SIDE) + 0.5
    radius, x, y = torch.tensor([thing[1:] for thing in things])[..., None, None].unbind(1)
    u, v = (ticks[None, None] - x) / radius, (ticks[None, :, None] - y) / radius
    far = (u.square() + v.square()).sqrt()
    edges = {
        "circle": far - 1,
        "square": torch.maximum(u.abs(), v.abs()) - sqrt(pi) / 2,
        "triangle": torch.maximum(v, sqrt(0.75) * u.abs() - 0.5 * v) - 0.72,
        "ring": torch.maximum(far - 1.1, _HOLE - far),
    }
    pick = torch.tensor([SHAPES.index(thing[0]) for thing in things])
    edge = torch.stack([edges[shape].expand_as(far) for shape in SHAPES], 1)
    own = edge[torch.arange(len(things)), pick]
    return (0.5 - own * radius).clamp(0, 1)
