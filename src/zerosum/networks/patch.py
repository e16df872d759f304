"""PatchGAN: a discriminator that judges every patch of an image by itself.

Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017,
arXiv:1611.07004, section 3.2.2.
"""

from torch import Tensor, nn

from zerosum.config import DepthOrZero, Size
from zerosum.networks.base import DiscriminatorConfig, require_images
from zerosum.networks.dcgan import initialise_normal, num_levels
from zerosum.networks.translator import Normalisation, normalise
from zerosum.spaces import ImageSpace, Space


class PatchDiscriminatorConfig(DiscriminatorConfig):
    """Strided 4 x 4 convolutions, then two that keep the size.

    Attributes:
        width: channels of the first layer; they double with every layer.
        max_width: channels at most.
        depth: strided layers, which decide how large a patch is (see `receptive_field`); small
            pictures get fewer.
        normalisation: of all layers but the first and the last.
    """

    kind = "patch_discriminator"
    width: Size = 64
    max_width: Size = 512
    depth: DepthOrZero = 3
    normalisation: Normalisation = "batch"

    def build(self, space: Space, *, num_outputs: int = 1, num_labels: int = 0) -> nn.Module:
        """See `DiscriminatorConfig.build`; images of at least 8 x 8."""
        images = require_images(space, least=8, network=self.kind)
        return PatchDiscriminator(self, images, num_outputs, num_labels)


class PatchDiscriminator(nn.Module):
    """`[B, C, H, W]` to `[B, num_outputs]`: the mean over all patches."""

    def __init__(
        self,
        config: PatchDiscriminatorConfig,
        space: ImageSpace,
        num_outputs: int,
        num_labels: int,
    ) -> None:
        super().__init__()
        depth = min(config.depth, num_levels(space))
        layers: list[nn.Module] = []
        inputs = space.channels
        for i in range(depth + 1):
            outputs = min(config.width * 2**i, config.max_width)
            norm: Normalisation = config.normalisation if i else "none"
            stride = 2 if i < depth else 1
            layers.append(nn.Conv2d(inputs, outputs, 4, stride, 1, bias=norm != "batch"))
            layers += [*normalise(norm, outputs, running=False), nn.LeakyReLU(0.2)]
            inputs = outputs
        self.layers = nn.Sequential(*layers)
        self.head = nn.Conv2d(inputs, num_outputs, 4, 1, 1, bias=False)
        self.embed = nn.Embedding(num_labels, inputs) if num_labels else None
        initialise_normal(self)

    def patches(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Scores of every patch, `[B, num_outputs, h, w]`, of images `[B, C, H, W]`."""
        features = self.layers(x)
        scores = self.head(features)
        if self.embed is not None:
            known = (features * self.embed(y)[:, :, None, None]).sum(1).mean((1, 2))
            scores = scores + known[:, None, None, None]
        return scores

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Scores `[B, num_outputs]` of images `[B, C, H, W]`: means over their patches."""
        return self.patches(x, y).mean((2, 3))


def receptive_field(depth: int) -> int:
    """Side of a patch, in pixels, of `depth` strided layers.

    >>> receptive_field(1), receptive_field(3), receptive_field(5)
    (16, 70, 286)
    """
    side = 1 + 3 + 3
    for _ in range(depth):
        side = 2 * side + 2
    return side
