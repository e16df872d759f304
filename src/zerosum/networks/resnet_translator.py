"""Residual blocks at a coarser size, for translations that keep what lies where.

Johnson, Alahi and Fei-Fei, "Perceptual Losses for Real-Time Style Transfer and Super-Resolution",
ECCV 2016, arXiv:1603.08155, as Zhu et al. (2017, arXiv:1703.10593) use it. Without steps down and
with a tail of shuffled pixels it enlarges images (Shi et al., "Real-Time Single Image and Video
Super-Resolution", CVPR 2016, arXiv:1609.05158).
"""

from torch import Tensor, nn

from zerosum.config import Depth, DepthOrZero, Size
from zerosum.networks.base import require_images
from zerosum.networks.dcgan import initialise_normal
from zerosum.networks.translator import (
    Normalisation,
    Translator,
    TranslatorConfig,
    normalise,
    reflect_to,
    up_to,
)
from zerosum.rng import Noise
from zerosum.spaces import ImageSpace

_LEAST = 8


class ResnetTranslatorConfig(TranslatorConfig):
    """A 7 x 7 convolution, steps down, residual blocks, and as many steps up.

    Attributes:
        width: channels at the finest level; they double with every step down.
        num_blocks: residual blocks.
        num_down: how often the size is halved before the blocks, and doubled after them.
        normalisation: after every convolution but the last.
    """

    kind = "resnet_translator"
    width: Size = 64
    num_blocks: Depth = 6
    num_down: DepthOrZero = 2
    normalisation: Normalisation = "instance"

    def build(self, source: ImageSpace, target: ImageSpace, *, factor: int = 1) -> Translator:
        """See `TranslatorConfig.build`; images of at least 8 x 8, and factors 1, 2, 4 and so on.

        Raises:
            RecipeError: smaller images.
        """
        least = _LEAST if factor == 1 else 1  # where they are enlarged, the large ones count
        require_images(source, least=least, network=self.kind)
        return ResnetTranslator(self, source, target, factor)


class ResnetTranslator(Translator):
    """`[B, C, H, W]` to `[B, C', factor * H, factor * W]`."""

    def __init__(
        self, config: ResnetTranslatorConfig, source: ImageSpace, target: ImageSpace, factor: int
    ) -> None:
        super().__init__()
        self.stride = 2**config.num_down
        self.factor = factor
        norm, width = config.normalisation, config.width
        bias = norm != "batch"
        layers: list[nn.Module] = [_conv(source.channels, width, 7, bias)]
        layers += [*normalise(norm, width), nn.ReLU()]
        for _ in range(config.num_down):
            layers.append(nn.Conv2d(width, 2 * width, 3, 2, 1, bias=bias))
            width *= 2
            layers += [*normalise(norm, width), nn.ReLU()]
        layers += [Block(width, norm) for _ in range(config.num_blocks)]
        for _ in range(config.num_down):
            layers.append(nn.ConvTranspose2d(width, width // 2, 3, 2, 1, 1, bias=bias))
            width //= 2
            layers += [*normalise(norm, width), nn.ReLU()]
        while factor > 1:
            layers += [_conv(width, 4 * width, 3, bias=True), nn.PixelShuffle(2), nn.ReLU()]
            factor //= 2
        layers.append(_conv(width, target.channels, 7, bias=True))
        self.layers = nn.Sequential(*layers)
        initialise_normal(self)

    def forward(self, x: Tensor, noise: Noise | None = None) -> Tensor:
        """`[B, C, H, W]` to `[B, C', factor * H, factor * W]`; nothing here is random."""
        height, width = x.shape[2:]
        sides = [max(up_to(side, self.stride), up_to(_LEAST, self.stride)) for side in x.shape[2:]]
        x = self.layers(reflect_to(x, *sides))
        return x[:, :, : self.factor * height, : self.factor * width]


class Block(nn.Module):
    """Two 3 x 3 convolutions whose result is added."""

    def __init__(self, width: int, norm: Normalisation) -> None:
        super().__init__()
        bias = norm != "batch"
        self.layers = nn.Sequential(
            _conv(width, width, 3, bias), *normalise(norm, width), nn.ReLU(),
            _conv(width, width, 3, bias), *normalise(norm, width),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """`x` `[B, width, H, W]` plus a correction."""
        return x + self.layers(x)


def _conv(inputs: int, outputs: int, side: int, bias: bool) -> nn.Conv2d:
    return nn.Conv2d(
        inputs, outputs, side, padding=side // 2, padding_mode="reflect", bias=bias
    )  # fmt: skip
