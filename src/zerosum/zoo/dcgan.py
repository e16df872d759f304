"""DCGAN: the convolutional pair that made GANs train on images.

Radford, Metz and Chintala, "Unsupervised Representation Learning with Deep Convolutional Generative
Adversarial Networks", ICLR 2016, arXiv:1511.06434.

Batch 64 (the paper: 128), latents are Gaussian (the paper: uniform), and samples come from averaged
weights. Any size from 8 x 8 works, where the paper has 64 x 64 alone.
"""

from zerosum.engine.optimisation import Adam, Averaging, Optimisation
from zerosum.games.two_player import TwoPlayerConfig
from zerosum.networks.dcgan import DcganDiscriminatorConfig, DcganGeneratorConfig
from zerosum.objectives.adversarial import NonSaturating
from zerosum.recipes import Recipe, recipe
from zerosum.spaces import Space


@recipe(paper="Radford et al. 2016, arXiv:1511.06434")
def dcgan(space: Space) -> Recipe:
    """Strided convolutions with batch normalisation, for images of any size from 8 x 8.

    Set `game.conditional=true` to control the class on labelled data.
    """
    return Recipe(
        name="dcgan",
        game=TwoPlayerConfig(
            latent_dim=100,
            generator=DcganGeneratorConfig(width=64),
            discriminator=DcganDiscriminatorConfig(width=64),
            adversarial=NonSaturating(),
        ),
        optimisation=Optimisation(
            batch_size=64,
            total_samples=1_500_000,
            optimizers={"generator": Adam(lr=2e-4), "discriminator": Adam(lr=2e-4)},
            averaging=Averaging(half_life=10_000),
        ),
    )
