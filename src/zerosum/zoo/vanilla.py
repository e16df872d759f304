"""The first GAN: two multilayer perceptrons.

Goodfellow, Pouget-Abadie, Mirza, Xu, Warde-Farley, Ozair, Courville and Bengio, "Generative
Adversarial Nets", NeurIPS 2014, arXiv:1406.2661.

We deviate where later practice is plainly better: leaky ReLUs without dropout instead of maxout
with dropout in the discriminator, Adam instead of momentum, and Gaussian instead of uniform noise.
"""

from zerosum.engine.optimisation import Adam, Averaging, Optimisation
from zerosum.games.two_player import TwoPlayerConfig
from zerosum.networks.mlp import MlpDiscriminatorConfig, MlpGeneratorConfig
from zerosum.objectives.adversarial import NonSaturating
from zerosum.recipes import Recipe, recipe
from zerosum.spaces import Space


@recipe(paper="Goodfellow et al. 2014, arXiv:1406.2661", spaces=("image", "point"))
def vanilla(space: Space) -> Recipe:
    """The first GAN: two perceptrons and the non-saturating loss.

    It is the textbook duel, and it collapses as the textbooks say: on `grid` it finds a few of the
    25 modes. Take it to learn from; take `r3gan` to use.
    """
    return Recipe(
        name="vanilla",
        game=TwoPlayerConfig(
            latent_dim=64,
            generator=MlpGeneratorConfig(width=256, depth=2),
            discriminator=MlpDiscriminatorConfig(width=256, depth=2),
            adversarial=NonSaturating(),
        ),
        optimisation=Optimisation(
            batch_size=64,
            total_samples=1_500_000,
            optimizers={"generator": Adam(lr=2e-4), "discriminator": Adam(lr=2e-4)},
            averaging=Averaging(half_life=10_000),
        ),
    )
