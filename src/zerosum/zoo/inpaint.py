"""Inpainting: holes in images are filled, and every other pixel stays as it is.

Yu, Lin, Yang, Shen, Lu and Huang, "Free-Form Image Inpainting with Gated Convolution", ICCV 2019,
arXiv:1806.03589: holes of any form, a patch discriminator that sees where they are, and the hinge
loss with L1.

A U-Net of plain convolutions takes the place of the paper's two stages of gated ones. Holes are
rectangles, or strokes of a brush that moves in straight lines.
"""

from typing import ClassVar

import torch
from torch import Tensor

from zerosum.engine.optimisation import Adam, Averaging, Optimisation
from zerosum.modalities.images.translation_game import (
    Degradation,
    TranslationConfig,
    require_plain_images,
    with_num_channels,
)
from zerosum.networks.patch import PatchDiscriminatorConfig
from zerosum.networks.unet import UnetConfig
from zerosum.objectives.adversarial import AdversarialLoss, Hinge
from zerosum.recipes import Recipe, recipe
from zerosum.rng import Noise
from zerosum.spaces import ImageSpace, Space

_CORNERS = 5
"""Points that a brush goes through."""

_SIDES = (0.2, 0.6)
"""Shortest and longest side of a rectangle, as a share of the image's."""

_BRUSH = (0.03, 0.08)
"""Smallest and largest radius of a brush, as a share of the shorter side."""


class InpaintConfig(TranslationConfig):
    """A generator that is shown an image with holes, and where they are."""

    kind = "inpaint"
    adversarial: AdversarialLoss = Hinge()

    def build(self, space: Space) -> "Inpaint":
        """The game for images."""
        return Inpaint(self, require_plain_images(space, recipe=self.kind))


class Inpaint(Degradation):
    """See `InpaintConfig`. The last channel of a source is 1 where it is known, and -1 in holes."""

    takes_mask: ClassVar[bool] = True

    def __init__(self, config: InpaintConfig, space: ImageSpace) -> None:
        super().__init__(config, space, with_num_channels(space, space.channels + 1))

    def degrade(self, x: Tensor, noise: Noise) -> Tensor:
        """Images with a hole each, a rectangle or a stroke."""
        n, (height, width) = len(x), x.shape[2:]
        box = rectangles(noise.uniform(n, 4), height, width)
        brush = strokes(noise.uniform(n, 2 * _CORNERS + 1), height, width)
        either = noise.uniform(n)[:, None, None] < 0.5
        return self.prepare(x, torch.where(either, box, brush)[:, None].to(x))

    def pictures(self, direction: str) -> tuple[ImageSpace, ImageSpace]:
        """Images go in, and images come out."""
        assert isinstance(self.space, ImageSpace)
        return self.space, self.space

    def prepare(self, x: Tensor, hole: Tensor | None) -> Tensor:
        """Images that are grey in the holes, with a channel that tells them."""
        if hole is None:
            hole = torch.zeros_like(x[:, :1])
        return torch.cat([x * (1 - hole), 1 - 2 * hole], dim=1)

    def finish(self, raw: Tensor, source: Tensor) -> Tensor:
        """What is known, and elsewhere what the network says."""
        return torch.where(source[:, -1:] > 0, source[:, :-1], raw.tanh())

    @property
    def judged_space(self) -> ImageSpace:
        """Images with a channel that tells where the holes were."""
        return self.source

    def judged(self, x: Tensor, source: Tensor) -> Tensor:
        """Images, with that channel."""
        return torch.cat([x, source[:, -1:].to(x)], dim=1)


def rectangles(u: Tensor, height: int, width: int) -> Tensor:
    """Rectangles of at least a pixel, bool `[B, height, width]`.

    `u` `[B, 4]`, uniform in [0, 1), are the height, the width, and how far down and right.
    """
    inside = []
    for i, side in enumerate((height, width)):
        length = (side * (_SIDES[0] + (_SIDES[1] - _SIDES[0]) * u[:, i])).ceil()
        start = (u[:, 2 + i] * (side - length + 1)).floor()
        at = torch.arange(side, device=u.device)
        inside.append((at >= start[:, None]) & (at < (start + length)[:, None]))
    return inside[0][:, :, None] & inside[1][:, None, :]


def strokes(u: Tensor, height: int, width: int) -> Tensor:
    """Where a round brush was that went through five points, bool `[B, height, width]`.

    `u` `[B, 11]`, uniform in [0, 1), are the points and the radius. A stroke is at least as wide
    as a pixel's diagonal, so that it hits some.
    """
    scale = u.new_tensor([height, width])
    points = u[:, :-1].unflatten(1, (-1, 2)) * scale  # [B, P, 2]
    radius = min(height, width) * (_BRUSH[0] + (_BRUSH[1] - _BRUSH[0]) * u[:, -1])
    rows, columns = (torch.arange(side, device=u.device) + 0.5 for side in (height, width))
    pixels = torch.stack(torch.meshgrid(rows, columns, indexing="ij"), dim=-1)  # [H, W, 2]
    hit = torch.zeros(len(u), height, width, dtype=torch.bool, device=u.device)
    for i in range(points.shape[1] - 1):
        start, way = points[:, i], points[:, i + 1] - points[:, i]
        from_start = pixels - start[:, None, None]
        share = (from_start * way[:, None, None]).sum(-1) / way.square().sum(-1).clamp_min(1e-6)[
            :, None, None
        ]
        nearest = share.clamp(0, 1)[..., None] * way[:, None, None]
        far = (from_start - nearest).square().sum(-1).sqrt()
        hit |= far <= radius.clamp_min(0.75)[:, None, None]
    return hit


@recipe(paper="Yu et al. 2019, arXiv:1806.03589")
def inpaint(space: Space) -> Recipe:
    """Fills holes in images, learned from images into which it cuts holes itself.

    To translate an image, a mask says where the holes are: white where to fill.
    """
    return Recipe(
        name="inpaint",
        game=InpaintConfig(
            generator=UnetConfig(width=32, dropout=0.0),
            discriminator=PatchDiscriminatorConfig(width=32),
        ),
        optimisation=Optimisation(
            batch_size=16,
            total_samples=300_000,
            optimizers={"generator": Adam(lr=2e-4), "discriminator": Adam(lr=2e-4)},
            averaging=Averaging(half_life=2_000),
        ),
    )
