"""The convolutional pair of DCGAN, for images of any size from 8 x 8.

Radford et al., "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
Networks", ICLR 2016, arXiv:1511.06434. Several papers build on it, so it stands here.
"""

from itertools import pairwise
from math import ceil
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from zerosum.config import Size, SizeOrZero
from zerosum.networks.base import DiscriminatorConfig, GeneratorConfig, require_images
from zerosum.spaces import ImageSpace, Space

Normalisation = Literal["none", "batch", "layer", "spectral"]

_SMALLEST = 8


class DcganGeneratorConfig(GeneratorConfig):
    """Transposed 4 x 4 convolutions from a coarse grid; channels halve as the size doubles.

    `width` is the number of channels at the finest level; the coarsest has at most `max_width`.
    Layer normalisation looks at one sample at a time, for batches whose samples are much alike.
    `output` is what becomes of the last convolution's numbers: images are between -1 and 1.
    """

    kind = "dcgan_generator"
    width: Size = 64
    max_width: Size = 512
    normalisation: Literal["none", "batch", "layer"] = "batch"
    label_dim: SizeOrZero = 32
    output: Literal["tanh", "linear"] = "tanh"

    def build(self, latent_dim: int, space: Space, *, num_labels: int = 0) -> nn.Module:
        """See `GeneratorConfig.build`; images of at least 8 x 8."""
        images = require_images(space, least=_SMALLEST, network=self.kind)
        return DcganGenerator(self, latent_dim, images, num_labels)


class DcganGenerator(nn.Module):
    """`[B, latent_dim]` to `[B, C, H, W]`, in [-1, 1] unless `output` is `linear`.

    The grid starts at a size that, doubled, covers the image; the rest is cropped evenly.
    """

    def __init__(
        self, config: DcganGeneratorConfig, latent_dim: int, space: ImageSpace, num_labels: int
    ) -> None:
        super().__init__()
        self.size, self.output = (space.height, space.width), config.output
        levels = num_levels(space)
        self.grid = tuple(ceil(side / 2**levels) for side in self.size)
        widths = [min(config.width * 2**i, config.max_width) for i in reversed(range(levels))]
        plain = config.normalisation == "none"
        self.embed = nn.Embedding(num_labels, config.label_dim) if num_labels else None
        inputs = latent_dim + (config.label_dim if num_labels else 0)
        self.project = nn.Linear(inputs, widths[0] * self.grid[0] * self.grid[1], bias=plain)
        layers: list[nn.Module] = [*_normalised(config.normalisation, widths[0]), nn.ReLU()]
        for wide, narrow in pairwise(widths):
            layers.append(nn.ConvTranspose2d(wide, narrow, 4, 2, 1, bias=plain))
            layers += [*_normalised(config.normalisation, narrow), nn.ReLU()]
        layers.append(nn.ConvTranspose2d(widths[-1], space.channels, 4, 2, 1))
        self.layers = nn.Sequential(*layers)
        self.coarsest = widths[0]
        initialise_normal(self)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Images `[B, C, H, W]` of latents `[B, latent_dim]` and labels `[B]`."""
        if self.embed is not None:
            z = torch.cat([z, self.embed(y)], dim=1)
        x = self.layers(self.project(z).unflatten(1, (self.coarsest, *self.grid)))
        x = crop_centre(x, *self.size)
        return x.tanh() if self.output == "tanh" else x


def _normalised(how: str, width: int) -> list[nn.Module]:
    """What follows a convolution of the generator; a list of none or one."""
    if how == "none":
        return []
    return [nn.BatchNorm2d(width) if how == "batch" else nn.GroupNorm(1, width)]


class DcganDiscriminatorConfig(DiscriminatorConfig):
    """Strided 4 x 4 convolutions; channels double as the size halves. Labels enter by projection.

    `width` is the number of channels at the finest level. Batch normalisation, as in the paper,
    skips the first layer; layer normalisation is for gradient penalties, which look at one sample
    at a time.
    """

    kind = "dcgan_discriminator"
    width: Size = 64
    max_width: Size = 512
    normalisation: Normalisation = "batch"

    def build(self, space: Space, *, num_outputs: int = 1, num_labels: int = 0) -> nn.Module:
        """See `DiscriminatorConfig.build`; images of at least 8 x 8."""
        images = require_images(space, least=_SMALLEST, network=self.kind)
        return DcganDiscriminator(self, images, num_outputs, num_labels)


class DcganDiscriminator(nn.Module):
    """`[B, C, H, W]` to `[B, num_outputs]`."""

    def __init__(
        self,
        config: DcganDiscriminatorConfig,
        space: ImageSpace,
        num_outputs: int,
        num_labels: int,
    ) -> None:
        super().__init__()
        levels = num_levels(space)
        layers: list[nn.Module] = []
        inputs, height, width = space.channels, space.height, space.width
        for level in range(levels):
            outputs = min(config.width * 2**level, config.max_width)
            norm = config.normalisation if level else "none"
            conv = nn.Conv2d(inputs, outputs, 4, 2, 1, bias=norm not in ("batch", "layer"))
            layers.append(spectral_norm(conv) if config.normalisation == "spectral" else conv)
            if norm == "batch":
                # Running averages would never be read: a discriminator is always in training.
                layers.append(nn.BatchNorm2d(outputs, track_running_stats=False))
            if norm == "layer":
                layers.append(nn.GroupNorm(1, outputs))
            layers.append(nn.LeakyReLU(0.2))
            inputs, height, width = outputs, height // 2, width // 2
        self.layers = nn.Sequential(*layers, nn.Flatten())
        self.piecewise_linear = config.normalisation == "none"
        features = inputs * height * width
        head = nn.Linear(features, num_outputs, bias=False)
        self.head = spectral_norm(head) if config.normalisation == "spectral" else head
        self.embed = nn.Embedding(num_labels, features) if num_labels else None
        initialise_normal(self)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Scores `[B, num_outputs]` of images `[B, C, H, W]`.

        With labels `[B]`, the product of features and label vector is added.
        """
        features = self.layers(x)
        scores = self.head(features)
        if self.embed is not None:
            scores = scores + (features * self.embed(y)).sum(1, keepdim=True)
        return scores


def num_levels(space: ImageSpace) -> int:
    """How often an image is halved until its shorter side is below 8.

    >>> num_levels(ImageSpace(channels=3, height=64, width=64))
    4
    """
    levels, side = 0, min(space.height, space.width)
    while side >= _SMALLEST:
        levels, side = levels + 1, side // 2
    return levels


def crop_centre(x: Tensor, height: int, width: int) -> Tensor:
    """The middle `height` x `width` of images `[B, C, H, W]`.

    >>> crop_centre(torch.arange(5).view(1, 1, 1, 5), 1, 3).tolist()
    [[[[1, 2, 3]]]]
    """
    top, left = (x.shape[2] - height) // 2, (x.shape[3] - width) // 2
    return x[:, :, top : top + height, left : left + width]


def initialise_normal(network: nn.Module, std: float = 0.02) -> None:
    """Weights from N(0, std), scales of normalisations from N(1, std), biases zero (section 3)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, 0.0, std)
        elif isinstance(module, nn.BatchNorm2d | nn.GroupNorm):
            nn.init.normal_(module.weight, 1.0, std)
        else:
            continue
        if getattr(module, "bias", None) is not None:
            nn.init.zeros_(module.bias)  # pyright: ignore[reportArgumentType]
