"""pix2pix: from one image to another, learned from pairs.

Isola, Zhu, Zhou and Efros, "Image-to-Image Translation with Conditional Adversarial Networks", CVPR
2017, arXiv:1611.07004.

Networks are half as wide as the paper's, the batch is 8 (the paper: 1), and the U-Net goes down to
4 to 7 pixels (the paper: to one), so that it translates images of any size. Units are dropped in
training alone: what is made is a function of the image. Samples come from averaged weights. With
`game.adversarial_weight=0` it is the paper's comparison, L1 alone.
"""

from typing import ClassVar

from zerosum.engine.optimisation import Adam, Averaging, Optimisation
from zerosum.modalities.images.translation_game import Translation, TranslationConfig, require_pairs
from zerosum.networks.patch import PatchDiscriminatorConfig
from zerosum.networks.unet import UnetConfig
from zerosum.recipes import Recipe, recipe
from zerosum.spaces import Space


class Pix2pixConfig(TranslationConfig):
    """A discriminator that sees what an image was made from beside it."""

    kind = "pix2pix"

    def build(self, space: Space) -> "Pix2pix":
        """The game for aligned pairs."""
        pairs = require_pairs(space, aligned=True, recipe=self.kind)
        return Pix2pix(self, pairs, pairs.source)


class Pix2pix(Translation):
    """See `Pix2pixConfig`."""

    judges_source: ClassVar[bool] = True


@recipe(paper="Isola et al. 2017, arXiv:1611.07004", spaces=("pair",), needs=("aligned",))
def pix2pix(space: Space) -> Recipe:
    """Translates images, learned from pairs of what goes in and what should come out.

    The data is a folder with the subfolders A (what goes in) and B, whose files have equal names.
    """
    return Recipe(
        name="pix2pix",
        game=Pix2pixConfig(
            generator=UnetConfig(width=32),
            discriminator=PatchDiscriminatorConfig(width=32),
        ),
        optimisation=Optimisation(
            batch_size=8,
            total_samples=200_000,
            optimizers={"generator": Adam(lr=2e-4), "discriminator": Adam(lr=2e-4)},
            averaging=Averaging(half_life=2_000),
        ),
    )
