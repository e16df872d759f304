"""WGAN-GP: five critic moves for each generator move, and a critic of slope one.

Gulrajani, Ahmed, Arjovsky, Dumoulin and Courville, "Improved Training of Wasserstein GANs", NeurIPS
2017, arXiv:1704.00028. Algorithm 1 with its defaults.

The critic is called the discriminator here, as in every other recipe. On images it has layer
normalisation as the paper advises; the networks are DCGAN's, one of the paper's architectures.
"""

from typing import ClassVar

from pydantic import NonNegativeFloat

from zerosum.config import Depth, Size
from zerosum.engine.optimisation import Adam, Averaging, Optimisation
from zerosum.games.two_player import TwoPlayerConfig
from zerosum.networks.dcgan import DcganDiscriminatorConfig, DcganGeneratorConfig
from zerosum.networks.mlp import MlpDiscriminatorConfig, MlpGeneratorConfig
from zerosum.objectives.adversarial import AdversarialLoss, Wasserstein
from zerosum.objectives.penalties import GradientPenalty, Penalty
from zerosum.recipe_registry import Recipe, recipe
from zerosum.spaces import Space


class WganGpConfig(TwoPlayerConfig):
    """The Wasserstein loss with the gradient penalty of weight `penalty` (the paper's λ)."""

    kind = "wgan_gp"
    latent_dim: Size = 128
    penalty: NonNegativeFloat = 10.0
    adversarial: AdversarialLoss = Wasserstein()
    discriminator_repeats: Depth = 5
    weights_of_penalties: ClassVar[tuple[str, ...]] = ("penalty",)

    def all_penalties(self) -> tuple[Penalty, ...]:
        """The paper's penalty, then `penalties`."""
        return (GradientPenalty(weight=self.penalty), *self.penalties)


@recipe(
    paper="Gulrajani et al. 2017, arXiv:1704.00028",
    spaces=("image", "point"),
    capacities={
        "medium": {
            "game.generator.width": 96,
            "game.generator.max_width": 768,
            "game.discriminator.width": 96,
            "game.discriminator.max_width": 768,
        },
        "large": {
            "game.generator.width": 128,
            "game.generator.max_width": 1024,
            "game.discriminator.width": 128,
            "game.discriminator.max_width": 1024,
            "optimisation.batch_size": 128,
        },
    },
)
def wgan_gp(space: Space) -> Recipe:
    """The Wasserstein distance, with a critic held to slope one by a gradient penalty.

    Slow and steady: each step moves the critic five times. The signal `gradient_norm` in the
    history is the slope at the points between reals and fakes, and should stay near 1.
    """
    images = space.axes == 2
    adam = Adam(lr=1e-4, beta1=0.0, beta2=0.9)
    return Recipe(
        name="wgan_gp",
        game=WganGpConfig(
            generator=DcganGeneratorConfig() if images else MlpGeneratorConfig(width=256, depth=3),
            discriminator=DcganDiscriminatorConfig(normalisation="layer")
            if images
            else MlpDiscriminatorConfig(width=256, depth=3),
        ),
        optimisation=Optimisation(
            batch_size=64,
            total_samples=1_000_000,
            optimizers={"generator": adam, "discriminator": adam},
            averaging=Averaging(half_life=10_000),
        ),
    )
