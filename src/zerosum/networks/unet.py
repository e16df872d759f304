"""U-Net: down to a coarse grid and up again, with skips from the way down.

Ronneberger et al., "U-Net: Convolutional Networks for Biomedical Image Segmentation", MICCAI 2015,
arXiv:1505.04597, in the form that Isola et al. (2017, arXiv:1611.07004, section 6.1) give it.
"""

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, relu

from zerosum.config import Depth, Size
from zerosum.networks.base import require_images
from zerosum.networks.dcgan import initialise_normal, num_levels
from zerosum.networks.translator import (
    Normalisation,
    Translator,
    TranslatorConfig,
    drop,
    normalise,
    reflect_to,
    up_to,
)
from zerosum.rng import Noise
from zerosum.spaces import ImageSpace

_DROPPED = 3
"""Levels, from the coarsest, that drop units: as in the paper."""


class UnetConfig(TranslatorConfig):
    """Strided 4 x 4 convolutions down to 4 to 7 pixels, transposed ones up, and skips between.

    Pictures whose sides do not divide are continued by reflection, and cropped again at the end.

    Attributes:
        width: channels at the finest level; they double as the size halves.
        max_width: channels at most.
        max_levels: how often the size is halved at most.
        normalisation: of all levels but the finest.
        dropout: share of units that are dropped while training, at the three coarsest levels.
    """

    kind = "unet"
    width: Size = 64
    max_width: Size = 512
    max_levels: Depth = 8
    normalisation: Normalisation = "batch"
    dropout: float = Field(default=0.5, ge=0, lt=1)

    def build(self, source: ImageSpace, target: ImageSpace, *, factor: int = 1) -> Translator:
        """See `TranslatorConfig.build`; images of at least 8 x 8, and a factor of 1."""
        require_images(source, least=8, network=self.kind)
        if factor != 1:
            raise TypeError("a U-Net keeps the size")
        return Unet(self, source, target)


class Unet(Translator):
    """`[B, C, H, W]` to `[B, C', H, W]`."""

    def __init__(self, config: UnetConfig, source: ImageSpace, target: ImageSpace) -> None:
        super().__init__()
        levels = min(num_levels(source), config.max_levels)
        self.stride, self.dropout = 2**levels, config.dropout
        widths = [min(config.width * 2**i, config.max_width) for i in range(levels)]
        bias = config.normalisation != "batch"
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for i, width in enumerate(widths):
            conv = nn.Conv2d(widths[i - 1] if i else source.channels, width, 4, 2, 1, bias=bias)
            self.down.append(
                nn.Sequential(conv, *(normalise(config.normalisation, width) if i else []))
            )
        for i in reversed(range(levels)):
            inputs = widths[i] if i == levels - 1 else 2 * widths[i]
            outputs = widths[i - 1] if i else target.channels
            conv = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=bias or not i)
            self.up.append(
                nn.Sequential(conv, *(normalise(config.normalisation, outputs) if i else []))
            )
        initialise_normal(self)

    def forward(self, x: Tensor, noise: Noise | None = None) -> Tensor:
        """`[B, C, H, W]` to `[B, C', H, W]`; dropout draws from `noise`, if given."""
        height, width = x.shape[2:]
        x = reflect_to(x, up_to(height, self.stride), up_to(width, self.stride))
        seen: list[Tensor] = []
        for i, level in enumerate(self.down):
            x = level(leaky_relu(x, 0.2) if i else x)
            seen.append(x)
        x = seen.pop()
        for i, level in enumerate(self.up):
            x = level(relu(x))
            if seen:
                x = drop(x, self.dropout if i < _DROPPED else 0.0, noise)
                x = torch.cat([x, seen.pop()], dim=1)
        return x[:, :, :height, :width]
