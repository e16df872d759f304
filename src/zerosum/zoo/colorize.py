"""Colouring: grey images get colours, and keep their luma.

Nazeri, Ng and Ebrahimi, "Image Colorization using Generative Adversarial Networks", AMDO 2018,
arXiv:1803.05400.

Chroma is that of BT.601 (the paper: L*a*b*), so that grey is what Pillow calls grey. A chroma
that would leave the range of a channel is made paler, as little as is needed, so that the luma is
kept as it is. The discriminator judges patches.
"""

import torch
from torch import Tensor

from zerosum.engine.optimisation import Adam, Averaging, Optimisation
from zerosum.errors import RecipeError
from zerosum.modalities.images.translation_game import (
    Degradation,
    TranslationConfig,
    require_plain_images,
    with_num_channels,
)
from zerosum.networks.patch import PatchDiscriminatorConfig
from zerosum.networks.translator import Translator
from zerosum.networks.unet import UnetConfig
from zerosum.pictures import LUMA, luma
from zerosum.recipes import Recipe, recipe
from zerosum.rng import Noise
from zerosum.spaces import ImageSpace, Space


class ColorizeConfig(TranslationConfig):
    """A generator that says what colour a grey image has."""

    kind = "colorize"

    def build(self, space: Space) -> "Colorize":
        """The game for colour images."""
        images = require_plain_images(space, recipe=self.kind)
        if images.channels != 3:
            raise RecipeError(
                f"colorize needs images of 3 channels, and these have {images.channels}. Set "
                "--channels 3 if there is colour in them."
            )
        return Colorize(self, images)


class Colorize(Degradation):
    """See `ColorizeConfig`."""

    def __init__(self, config: ColorizeConfig, space: ImageSpace) -> None:
        super().__init__(config, space, with_num_channels(space, 1))

    def build_generator(self) -> Translator:
        """From luma to two channels of chroma."""
        return self.config.generator.build(self.source, with_num_channels(self.source, 2))

    def degrade(self, x: Tensor, noise: Noise) -> Tensor:
        """Luma."""
        return luma(x)

    def finish(self, raw: Tensor, source: Tensor) -> Tensor:
        """Luma with the chroma that the network says."""
        return with_chroma(source, raw.tanh())


def with_chroma(y: Tensor, chroma: Tensor) -> Tensor:
    """Colour `[B, 3, H, W]` in [-1, 1] of luma `[B, 1, H, W]` and Cb, Cr `[B, 2, H, W]`.

    All are in [-1, 1]. Where a colour would lie outside, its chroma is scaled down.

    >>> y, chroma = torch.full((1, 1, 1, 1), 0.5), torch.ones(1, 2, 1, 1)
    >>> luma(with_chroma(y, chroma)).item()
    0.5
    """
    cb, cr = chroma.split(1, dim=1)
    red, blue = 2 * (1 - LUMA[0]) * cr, 2 * (1 - LUMA[2]) * cb
    green = -(LUMA[0] * red + LUMA[2] * blue) / LUMA[1]
    offset = torch.cat([red, green, blue], dim=1)
    room = torch.where(offset > 0, 1 - y, 1 + y).clamp_min(0)
    scale = (room / offset.abs().clamp_min(1e-6)).amin(1, keepdim=True).clamp_max(1)
    return y + scale * offset


@recipe(paper="Nazeri et al. 2018, arXiv:1803.05400", needs=("colour",))
def colorize(space: Space) -> Recipe:
    """Colours grey images, learned from colour images that it makes grey itself."""
    return Recipe(
        name="colorize",
        game=ColorizeConfig(
            generator=UnetConfig(width=32),
            discriminator=PatchDiscriminatorConfig(width=32),
        ),
        optimisation=Optimisation(
            batch_size=16,
            total_samples=200_000,
            optimizers={"generator": Adam(lr=2e-4), "discriminator": Adam(lr=2e-4)},
            averaging=Averaging(half_life=2_000),
        ),
    )
