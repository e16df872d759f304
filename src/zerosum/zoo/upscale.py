"""Super-resolution: images enlarged, with what they may have lost put back in.

Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial
Network", CVPR 2017, arXiv:1609.04802, with the relativistic loss that Wang et al., "ESRGAN", ECCV
Workshops 2018, arXiv:1809.00219, put in, here in its paired form.

The network says what is to be added to a bicubic enlargement, without normalisation (as in
ESRGAN). L1 takes the place of distances in features of a pretrained network, which would have to
be downloaded. Training sources are shrunk by an antialiased bicubic filter, and rounded as files
are; photos that were blurred or compressed otherwise are not what it has learned.
"""

from typing import Literal

from torch import Tensor
from torch.nn.functional import interpolate

from zerosum.engine.optimisation import Adam, Averaging, Optimisation
from zerosum.modalities.images.translation_game import (
    Degradation,
    TranslationConfig,
    require_plain_images,
)
from zerosum.networks.patch import PatchDiscriminatorConfig
from zerosum.networks.resnet_translator import ResnetTranslatorConfig
from zerosum.networks.translator import reflect_to, up_to
from zerosum.objectives.adversarial import AdversarialLoss, RelativisticPaired
from zerosum.recipes import Recipe, recipe
from zerosum.rng import Noise
from zerosum.spaces import ImageSpace, Space


class UpscaleConfig(TranslationConfig):
    """A generator that makes images `factor` times as large."""

    kind = "upscale"
    factor: Literal[2, 4] = 2
    adversarial: AdversarialLoss = RelativisticPaired()

    def build(self, space: Space) -> "Upscale":
        """The game for images, which are what is made."""
        return Upscale(self, require_plain_images(space, recipe=self.kind))


class Upscale(Degradation):
    """See `UpscaleConfig`."""

    def __init__(self, config: UpscaleConfig, space: ImageSpace) -> None:
        factor = config.factor
        source = ImageSpace(
            channels=space.channels,
            height=up_to(space.height, factor) // factor,
            width=up_to(space.width, factor) // factor,
        )
        super().__init__(config, space, source, factor=factor)

    def degrade(self, x: Tensor, noise: Noise) -> Tensor:
        """Shrunk by `factor`; sides that do not divide are continued by reflection first."""
        height, width = self.source.height, self.source.width
        x = reflect_to(x, self.factor * height, self.factor * width)
        small = interpolate(x, size=(height, width), mode="bicubic", antialias=True)
        return self.source.to_model(self.source.to_data(small))

    def finish(self, raw: Tensor, source: Tensor) -> Tensor:
        """The bicubic enlargement, corrected."""
        return interpolate(source, scale_factor=self.factor, mode="bicubic") + raw


@recipe(paper="Ledig et al. 2017, arXiv:1609.04802")
def upscale(space: Space) -> Recipe:
    """Enlarges images twice or four times, learned from images that it shrinks itself.

    `game.factor` is 2 or 4. The size of the training images is that of what is made.
    """
    return Recipe(
        name="upscale",
        game=UpscaleConfig(
            generator=ResnetTranslatorConfig(width=32, num_down=0, normalisation="none"),
            discriminator=PatchDiscriminatorConfig(width=32),
            adversarial_weight=0.2,
        ),
        optimisation=Optimisation(
            batch_size=16,
            total_samples=200_000,
            optimizers={
                "generator": Adam(lr=2e-4, beta1=0.9),
                "discriminator": Adam(lr=2e-4, beta1=0.9),
            },
            averaging=Averaging(half_life=2_000),
        ),
    )
