"""StyleGAN2: a generator that is steered layer by layer.

Karras, Laine, Aittala, Hellsten, Lehtinen and Aila, "Analyzing and Improving the Image Quality of
StyleGAN", CVPR 2020, arXiv:1912.04958.

Skip connections to images in the generator, a residual discriminator, lazy path lengths, style
mixing and truncation are the paper's. The loss is not: with the non-saturating one and R1 alone the
generator lost the places and most shapes of `sprites`, which it keeps with the relativistic loss,
R1 and R2 of R3GAN (arXiv:2501.05441); so the discriminator needs no spread of a batch either.
Widths are for a CPU, the mapping network has four layers (the paper: eight), noise is read from a
fixed table so that a sample is the same every time, and path lengths come on every eighth step.
Adaptive augmentation is `game.augmentation=adaptive`. Any size from 8 x 8 works, square or not.
"""

from zerosum.engine.optimisation import Adam, Averaging, Optimisation
from zerosum.modalities.images.styled_game import StyledConfig
from zerosum.networks.base import require_images
from zerosum.networks.style import StyleDiscriminatorConfig, StyleGeneratorConfig
from zerosum.objectives.adversarial import RelativisticPaired
from zerosum.objectives.penalties import R1, R2
from zerosum.recipes import Recipe, recipe
from zerosum.schedules import Linear
from zerosum.spaces import Space


@recipe(paper="Karras et al. 2020, arXiv:1912.04958", spaces=("image",))
def stylegan(space: Space) -> Recipe:
    """Styles for every layer: truncation, mixing, directions to edit along.

    `where={"truncation": 0.7}` trades variety for quality. Set `game.conditional=true` to control
    the class on labelled data, and `game.augmentation=adaptive` where there are few images.
    """
    require_images(space, least=8, network="stylegan")
    adam = Adam(lr=2e-3, beta1=0.0, beta2=0.99, schedule=Linear(begin=0.5))
    return Recipe(
        name="stylegan",
        game=StyledConfig(
            latent_dim=128,
            generator=StyleGeneratorConfig(width=16, max_width=128),
            discriminator=StyleDiscriminatorConfig(width=16, max_width=128, group=1),
            adversarial=RelativisticPaired(),
            penalties=(R1(weight=1.0, every=8), R2(weight=1.0, every=8)),
        ),
        optimisation=Optimisation(
            batch_size=16,
            total_samples=1_000_000,
            optimizers={"generator": adam, "discriminator": adam},
            averaging=Averaging(half_life=10_000),
        ),
    )
