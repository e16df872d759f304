"""From line drawings to images.

After Isola, Zhu, Zhou and Efros, "Image-to-Image Translation with Conditional Adversarial
Networks", CVPR 2017, arXiv:1611.07004, who learn it from edges of photos (section 4).

Edges are those of the Sobel filter, dark on white, where the paper has a network for them; so any
images will do as data. Networks and deviations are those of `pix2pix`.
"""

from typing import ClassVar

import torch
from pydantic import PositiveFloat
from torch import Tensor
from torch.nn.functional import conv2d

from zerosum.engine.optimisation import Adam, Averaging, Optimisation
from zerosum.modalities.images.translation_game import (
    Degradation,
    TranslationConfig,
    require_plain_images,
    with_num_channels,
)
from zerosum.networks.patch import PatchDiscriminatorConfig
from zerosum.networks.unet import UnetConfig
from zerosum.pictures import luma
from zerosum.recipes import Recipe, recipe
from zerosum.rng import Noise
from zerosum.spaces import ImageSpace, Space


class SketchConfig(TranslationConfig):
    """A discriminator that sees the drawing beside the image.

    Attributes:
        contrast: what slopes are multiplied by; a step from black to white is 1 at contrast 1.
    """

    kind = "sketch"
    contrast: PositiveFloat = 3.0

    def build(self, space: Space) -> "Sketch":
        """The game for images."""
        return Sketch(self, require_plain_images(space, recipe=self.kind))


class Sketch(Degradation):
    """See `SketchConfig`."""

    judges_source: ClassVar[bool] = True
    keeps_alpha: ClassVar[bool] = False

    config: SketchConfig

    def __init__(self, config: SketchConfig, space: ImageSpace) -> None:
        super().__init__(config, space, with_num_channels(space, 1))

    def degrade(self, x: Tensor, noise: Noise) -> Tensor:
        """Edges of the luma; of images with alpha, as they look on white."""
        return edges(grey(x), self.config.contrast)


def grey(x: Tensor) -> Tensor:
    """`[B, 1, H, W]` of images in model units with any number of channels."""
    if x.shape[1] == 4:
        x = 1 + (x[:, :3] - 1) * (x[:, 3:] + 1) / 2
    return luma(x) if x.shape[1] == 3 else x.mean(1, keepdim=True)


def edges(y: Tensor, contrast: float) -> Tensor:
    """Dark lines on white, in [-1, 1], where grey `[B, 1, H, W]` in [-1, 1] has steps.

    Sobel and Feldman, "A 3 x 3 Isotropic Gradient Operator for Image Processing", 1968.

    >>> edges(torch.tensor([[[[-1.0, -1.0, 1.0, 1.0]]]]).repeat(1, 1, 4, 1), 1.0)[0, 0, 0].tolist()
    [1.0, -1.0, -1.0, 1.0]
    """
    across = y.new_tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 8
    filters = torch.stack([across, across.T])[:, None]
    padded = torch.nn.functional.pad(y, (1, 1, 1, 1), mode="replicate")
    steps = conv2d(padded, filters).square().sum(1, keepdim=True).sqrt()
    return 1 - 2 * (contrast * steps).clamp(0, 1)


@recipe(paper="after Isola et al. 2017, arXiv:1611.07004")
def sketch(space: Space) -> Recipe:
    """Makes images from line drawings, learned from the edges of images.

    What is translated are drawings with dark lines on white.
    """
    return Recipe(
        name="sketch",
        game=SketchConfig(
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
