"""Generators on a torus: what they make goes on across its edges, so that it can be tiled.

Bergmann, Jetchev and Vollgraf, "Learning texture manifolds with the Periodic Spatial GAN", ICML
2017, arXiv:1705.06566, after Jetchev, Bergmann and Vollgraf, "Texture synthesis with Spatial
Generative Adversarial Networks", 2016, arXiv:1611.08207: a texture is made by convolutions from a
lattice of noise and of waves, so it can have any size.

Here what lies beyond an edge is what lies at the opposite one, in every layer, so a texture can be
laid beside itself without a seam. Sides need not be multiples of anything: each layer doubles its
map, or enlarges it by a little less where a side is not twice the one before.
"""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from math import ceil, pi

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pixel_shuffle

from zerosum.config import Depth, Size
from zerosum.errors import RecipeError
from zerosum.faces import verb
from zerosum.modalities.images.texture_space import TextureSpace
from zerosum.networks.base import GeneratorConfig
from zerosum.networks.dcgan import initialise_normal
from zerosum.spaces import Space

MOVES = 2
"""Latents that say how far waves are moved, downwards and to the right."""

MARGIN = 3
"""Places around a patch that are read to make it."""

_REACH = 64.0
"""Pixels that waves are moved by for each unit of these."""

_STRETCH = 0.22
"""Logarithm of how far waves are stretched at most, so that they close."""


class TorusGeneratorConfig(GeneratorConfig):
    """Nearest neighbours and 3 x 3 convolutions, from a lattice up.

    Attributes:
        width: channels of the finest layer; they double with every coarser one.
        max_width: channels at most.
        depth: how often the lattice is doubled.
        label_dim: length of what stands for a label.
    """

    kind = "torus_generator"
    width: Size = 24
    max_width: Size = 96
    depth: Depth = 3
    label_dim: Size = 8

    def build(self, latent_dim: int, space: Space, *, num_labels: int = 0) -> "TorusGenerator":
        """See `GeneratorConfig.build`; `latent_dim` is that of each place, and textures are made.

        Raises:
            RecipeError: the space holds no textures.
        """
        return TorusGenerator(self, latent_dim, require_texture(space), num_labels)


class TorusGenerator(nn.Module):
    """Latents are `[moves, noise]`: how far waves are moved, and noise at each place.

    Attributes:
        stride: pixels to a place of the lattice.
    """

    def __init__(
        self, config: TorusGeneratorConfig, latent_dim: int, space: TextureSpace, num_labels: int
    ) -> None:
        super().__init__()
        self.stride, self.latent_dim, self.waves = 2**config.depth, latent_dim, space.waves
        self.embed = nn.Embedding(num_labels, config.label_dim) if num_labels else None
        inputs = latent_dim + 2 * len(space.waves) + (config.label_dim if num_labels else 0)
        widths = [min(config.width * 2**i, config.max_width) for i in range(config.depth)][::-1]
        widths = [widths[0], widths[0], *widths]
        pairs = zip([inputs, *widths], widths, strict=False)
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, bias=False) for a, b in pairs)
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in widths)
        self.to_image = nn.Conv2d(widths[-1], space.channels, 3)
        initialise_normal(self)

    def forward(self, z: Tensor, y: Tensor | None, size: tuple[int, int]) -> Tensor:
        """Textures `[B, C, *size]` in [-1, 1] that can be tiled.

        Args:
            z: latents `[B, L]`; see `latent_size`.
            y: labels, int64 `[B]`, or None.
            size: `(height, width)`.
        """
        waves = [
            [count / side for count in whole_waves(cycles, side)]
            for cycles, side in zip(self._cycles, size, strict=True)
        ]
        sides = [sides_of(side, self.stride) for side in size]
        starts = [starts_of(side) for side in sides]
        x = self._lattice(z, y, waves, starts)
        for i, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            if i > 1:
                for dim, side in zip((2, 3), sides, strict=True):
                    rows = torch.tensor(twice(side[i - 2], side[i - 1]), device=x.device)
                    x = x.index_select(dim, rows)
            x = norm(conv(around(x))).relu()
        return self.to_image(around(x)).tanh()

    def patch(self, z: Tensor, y: Tensor | None, size: tuple[int, int]) -> Tensor:
        """Patches `[B, C, *size]` in [-1, 1] of textures without an end.

        Args:
            z: latents `[B, L]`; see `latent_size`.
            y: labels, int64 `[B]`, or None.
            size: `(height, width)`.
        """
        height, width = lattice_of(size, self.stride)
        starts = [
            [self.stride * i for i in range(places + 2 * MARGIN)] for places in (height, width)
        ]
        x = self._lattice(z, y, self._cycles, starts)
        for i, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            assert isinstance(conv, nn.Conv2d)
            x = norm(doubled_and_convolved(x, conv.weight) if i > 1 else conv(x)).relu()
        x = self.to_image(x)
        top, left = ((have - want) // 2 for have, want in zip(x.shape[2:], size, strict=True))
        return x[:, :, top : top + size[0], left : left + size[1]].tanh()

    def latent_size(self, size: tuple[int, int], *, margin: int = 0) -> int:
        """Length of the latents of textures of `size`, or of patches, which have a `margin`."""
        height, width = lattice_of(size, self.stride)
        return MOVES + self.latent_dim * (height + 2 * margin) * (width + 2 * margin)

    @property
    def _cycles(self) -> list[tuple[float, ...]]:
        """Of each wave for each pixel, downwards and to the right."""
        return [tuple(wave[dim] for wave in self.waves) for dim in (0, 1)]

    def _lattice(
        self, z: Tensor, y: Tensor | None, cycles: Sequence[Sequence[float]],
        starts: Sequence[Sequence[int]],
    ) -> Tensor:  # fmt: skip
        """Noise, waves of so many cycles for a pixel, and labels, `[B, C, h, w]`.

        `starts` are the first pixels of places, downwards and to the right.
        """
        places = tuple(map(len, starts))
        parts = [z[:, MOVES:].unflatten(1, (self.latent_dim, *places))]
        if self.waves:
            turns = []
            for dim in (0, 1):
                at = z.new_tensor(starts[dim]) + _REACH * z[:, dim : dim + 1]
                turns.append(torch.tensor(cycles[dim], device=z.device)[:, None] * at[:, None])
            angle = 2 * pi * (turns[0][..., None] + turns[1][:, :, None])
            parts += [angle.sin(), angle.cos()]
        if self.embed is not None:
            parts.append(self.embed(y)[:, :, None, None].expand(-1, -1, *places))
        return torch.cat(parts, dim=1)


@cache
def whole_waves(cycles: tuple[float, ...], side: int) -> tuple[int, ...]:
    """How many waves of each kind fit a side, so that all of them close.

    All are first stretched alike, by a quarter at most, until they nearly close: so a wave and its
    half stay one.

    Args:
        cycles: of each kind for each pixel.
        side: in pixels.

    >>> whole_waves((1 / 24, 1 / 12), 55)
    (2, 4)
    """
    stretch = np.linspace(-_STRETCH, _STRETCH, 881)
    found = np.exp(stretch)[:, None] * (side * np.array(cycles))
    cost = np.square(found - found.round()).sum(1) + np.square(stretch) / 10
    return tuple(int(count) for count in found[cost.argmin()].round())


def lattice_of(size: tuple[int, int], stride: int) -> tuple[int, int]:
    """Places of the lattice of images of `size`.

    >>> lattice_of((64, 100), 8)
    (8, 13)
    """
    return ceil(size[0] / stride), ceil(size[1] / stride)


def sides_of(side: int, stride: int) -> list[int]:
    """The sides of maps, from the lattice to an image.

    >>> sides_of(50, 8)
    [7, 13, 25, 50]
    """
    return [ceil(side / 2**i) for i in reversed(range(stride.bit_length()))]


def twice(short: int, long: int) -> list[int]:
    """Which of `short` places each of `long` is; one in the middle may come once.

    >>> twice(4, 7)
    [0, 0, 1, 2, 2, 3, 3]
    """
    return [(2 * i + 1) * short // (2 * long) for i in range(long)]


def starts_of(sides: Sequence[int]) -> list[int]:
    """The first pixel of each place of a lattice.

    >>> starts_of([2, 3]), starts_of([2, 4, 8])
    ([0, 1], [0, 4])
    """
    place = list(range(sides[0]))
    for short, long in pairwise(sides):
        place = [place[i] for i in twice(short, long)]
    return [place.index(i) for i in range(sides[0])]


def around(x: Tensor) -> Tensor:
    """A map `[B, C, H, W]` with one place more on each side, which is that of the opposite side.

    >>> around(torch.tensor([[[[1, 2, 3]]]]))[0, 0].tolist()
    [[3, 1, 2, 3, 1], [3, 1, 2, 3, 1], [3, 1, 2, 3, 1]]
    """
    x = torch.cat([x[:, :, -1:], x, x[:, :, :1]], dim=2)
    return torch.cat([x[..., -1:], x, x[..., :1]], dim=3)


def doubled_and_convolved(x: Tensor, weight: Tensor) -> Tensor:
    """The 3 x 3 convolution of the map with each place four times, in half of the time.

    Args:
        x: `[B, I, H, W]`.
        weight: `[O, I, 3, 3]`.

    Returns:
        `[B, O, 2 * H - 2, 2 * W - 2]`: places at the rim lack neighbours.

    >>> x, weight = torch.rand(2, 3, 5, 6), torch.rand(4, 3, 3, 3)
    >>> slow = conv2d(x.repeat_interleave(2, 2).repeat_interleave(2, 3), weight)
    >>> torch.allclose(doubled_and_convolved(x, weight), slow, atol=1e-5)
    True
    """
    # Of two neighbours in the large map one or both are the same place of the small one.
    first, second, third = weight.unbind(2)
    rows = (torch.stack([first + second, third], 2), torch.stack([first, second + third], 2))
    made = []
    for row in rows:
        a, b, c = row.unbind(3)
        made += [torch.stack([a + b, c], 3), torch.stack([a, b + c], 3)]
    return pixel_shuffle(conv2d(x, torch.stack(made, 1).flatten(0, 1)), 2)


def require_texture(space: Space) -> TextureSpace:
    """`space`, known to hold textures.

    Raises:
        RecipeError: it does not.
    """
    if not isinstance(space, TextureSpace):
        raise RecipeError(
            f"texture takes textures, and the data is of kind {space.kind!r}. Take a recipe that "
            f"lists {space.kind!r} under {verb('recipes')}."
        )
    return space
