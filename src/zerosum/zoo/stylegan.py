"""StyleGAN2: a generator that is steered layer by layer.

Karras, Laine, Aittala, Hellsten, Lehtinen and Aila, "Analyzing and Improving the Image Quality of
StyleGAN", CVPR 2020, arXiv:1912.04958.

Skip connections to pictures in the generator, a residual discriminator, R1 and path lengths taken
lazily, style mixing and truncation are the paper's; γ is by the rule of "Training Generative
Adversarial Networks with Limited Data" (NeurIPS 2020, arXiv:2006.06676), whose augmentation is
`game.augmentation=adaptive`. Widths are for a CPU, the mapping network has four layers (the paper:
eight), noise is read from a fixed table so that a sample is the same every time, and path lengths
come on every eighth step. Any size from 8 x 8 works, square or not.
"""

from zerosum.engine.optimisation import Adam, Averaging, Optimisation
from zerosum.games.styled import StyledConfig
from zerosum.networks.base import require_images
from zerosum.networks.style import StyleDiscriminatorConfig, StyleGeneratorConfig
from zerosum.objectives.adversarial import NonSaturating
from zerosum.objectives.penalties import R1
from zerosum.recipes import Recipe, recipe
from zerosum.spaces import Space

_BATCH = 32


@recipe(paper="Karras et al. 2020, arXiv:1912.04958", spaces=("image",))
def stylegan(space: Space) -> Recipe:
    """Styles for every layer: truncation, mixing, directions to edit along.

    `where={"truncation": 0.7}` trades variety for quality. Set `game.conditional=true` to control
    the class on labelled data, and `game.augmentation=adaptive` where there are few pictures.
    """
    images = require_images(space, least=8, network="stylegan")
    gamma = 0.0002 * images.height * images.width / _BATCH
    adam = Adam(lr=2.5e-3, beta1=0.0, beta2=0.99)
    return Recipe(
        name="stylegan",
        game=StyledConfig(
            latent_dim=128,
            generator=StyleGeneratorConfig(width=16, max_width=128),
            discriminator=StyleDiscriminatorConfig(width=16, max_width=128),
            adversarial=NonSaturating(),
            penalties=(R1(weight=round(gamma, 5), every=16),),
        ),
        optimisation=Optimisation(
            batch_size=_BATCH,
            total_images=2_000_000,
            optimizers={"generator": adam, "discriminator": adam},
            averaging=Averaging(half_life=10_000),
        ),
    )
