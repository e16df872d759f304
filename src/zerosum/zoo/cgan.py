"""Conditional GAN: both players see the label, so that a sample can be asked for by class.

Mirza and Osindero, "Conditional Generative Adversarial Nets", 2014, arXiv:1411.1784.

As in the paper both players are perceptrons and the label is joined to their input. We deviate in
what the paper left weak: labels are embedded instead of one-hot, leaky ReLUs instead of maxout with
dropout, Adam with a falling rate instead of momentum, a lazy R1 penalty (Mescheder et al., 2018)
for steadiness, and averaged weights.
"""

from zerosum.engine.optimisation import Adam, Averaging, Optimisation
from zerosum.games.two_player import TwoPlayerConfig
from zerosum.networks.mlp import MlpDiscriminatorConfig, MlpGeneratorConfig
from zerosum.objectives.adversarial import NonSaturating
from zerosum.objectives.penalties import R1
from zerosum.recipes import Recipe, recipe
from zerosum.schedules import Linear
from zerosum.spaces import Space


@recipe(
    paper="Mirza and Osindero 2014, arXiv:1411.1784",
    spaces=("image", "point"),
    needs=("labels",),
)
def cgan(space: Space) -> Recipe:
    """Both players see the label; `where={"label": 3}` asks for a class.

    Quick on small images. For larger ones take `r3gan`, or `dcgan` with `game.conditional=true`.
    """
    adam = Adam(lr=1e-3, beta1=0.0, beta2=0.99, schedule=Linear(begin=0.5, end=0.05))
    return Recipe(
        name="cgan",
        game=TwoPlayerConfig(
            latent_dim=32,
            generator=MlpGeneratorConfig(width=256, depth=3),
            discriminator=MlpDiscriminatorConfig(width=256, depth=3),
            adversarial=NonSaturating(),
            penalties=(R1(weight=1.0, every=4),),
            conditional=True,
        ),
        optimisation=Optimisation(
            batch_size=128,
            total_samples=2_000_000,
            optimizers={"generator": adam, "discriminator": adam},
            averaging=Averaging(half_life=10_000),
        ),
    )
