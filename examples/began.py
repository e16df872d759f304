"""BEGAN as one file of your own: nothing else in zerosum knows of it.

Berthelot, Schumm and Metz, "BEGAN: Boundary Equilibrium Generative Adversarial Networks", 2017,
arXiv:1703.10717. Equation numbers are the paper's. Perceptrons replace its convolutions, so that it
trains on any space. They have batch normalisation: without it the generator starts from a single
image and stays there. The controller is quicker (λ of k .01 for .001) and γ higher, since a run
here has thousands of steps and not hundreds of thousands; the rate falls linearly.

    zerosum train examples/began.py --data digits --minutes 1
    python -c "from zerosum.testing import check_recipe; check_recipe('examples/began.py')"
"""

from collections.abc import Sequence

import torch
from pydantic import Field, PositiveFloat, PositiveInt
from torch import Tensor

import zerosum as zs
from zerosum.engine.optimisation import Adam, Averaging, Optimisation
from zerosum.games.base import Game, GameConfig, Inputs, Move, StepContext, Terms
from zerosum.networks.base import DiscriminatorConfig, GeneratorConfig
from zerosum.networks.mlp import MlpDiscriminatorConfig, MlpGeneratorConfig
from zerosum.rng import Noise
from zerosum.schedules import Linear
from zerosum.spaces import Space


class BeganConfig(GameConfig):
    """The discriminator is an autoencoder: an encoder to `latent_dim` numbers, and back.

    Attributes:
        latent_dim: numbers a sample is made from, and squeezed through.
        gamma: diversity ratio E[L(G(z))] / E[L(x)] that the game is held at.
        lambda_k: gain of the controller of k.
        generator: from latents to samples; the decoder has the same form.
        encoder: from samples to as many numbers.
    """

    kind = "began"
    latent_dim: PositiveInt = 16
    gamma: float = Field(default=1.0, gt=0, le=1)
    lambda_k: PositiveFloat = 1e-2
    generator: GeneratorConfig = MlpGeneratorConfig(batch_norm=True)
    encoder: DiscriminatorConfig = MlpDiscriminatorConfig()

    def build(self, space: Space) -> "Began":
        """The game for samples of any space."""
        return Began(self, space)


class Began(Game):
    """A generator against an autoencoder, balanced by k."""

    k: Tensor

    def __init__(self, config: BeganConfig, space: Space) -> None:
        super().__init__()
        self.config, self.space = config, space
        self.generator = config.generator.build(config.latent_dim, space)
        self.discriminator = torch.nn.Sequential(
            config.encoder.build(space, num_outputs=config.latent_dim),
            config.generator.build(config.latent_dim, space),
        )
        self.register_buffer("k", torch.zeros(()))

    def moves(self) -> Sequence[Move]:
        """The discriminator, which also steers k, then the generator."""
        return [
            Move("discriminator", self.discriminator_loss),
            Move("generator", self.generator_loss),
        ]

    def draw(self, n: int, noise: Noise) -> Inputs:
        """Latents uniform in [-1, 1), as in the paper."""
        return Inputs(2 * noise.uniform(n, self.config.latent_dim) - 1)

    def generate(self, inputs: Inputs) -> Tensor:
        """Samples in model units."""
        return self.generator(inputs.z)

    def error(self, x: Tensor) -> Tensor:
        """Mean absolute reconstruction error, eq. 1 with η = 1."""
        return (x - self.discriminator(x)).abs().float().mean()

    def discriminator_loss(self, context: StepContext) -> Terms:
        """Restore reals, and fakes badly by a share of k: eq. 5."""
        batch = context.next_batch()
        with torch.no_grad():
            x_fake = self.generate(self.draw(batch.size, context.noise))
        real_error, fake_error = self.error(batch.x), self.error(x_fake)
        k = self.k.clone()
        balance = self.config.gamma * real_error.detach() - fake_error.detach()
        with torch.no_grad():
            self.k.add_(self.config.lambda_k * balance).clamp_(0, 1)
        context.signals["k"] = k
        context.signals["convergence"] = real_error.detach() + balance.abs()  # section 3.4.1
        return {"real": real_error, "fake": -k * fake_error}

    def generator_loss(self, context: StepContext) -> Terms:
        """Make samples that are restored well."""
        return {"fake": self.error(self.generate(self.draw(context.batch_size, context.noise)))}


@zs.recipe(paper="Berthelot et al. 2017, arXiv:1703.10717", spaces=("image", "point"))
def began(space: Space) -> zs.Recipe:
    """An autoencoder as discriminator, and a controller that keeps both sides level."""
    adam = Adam(lr=1e-3, beta1=0.5, schedule=Linear(begin=0.5, end=0.05))
    return zs.Recipe(
        name="began",
        game=BeganConfig(),
        optimisation=Optimisation(
            batch_size=64,
            total_samples=500_000,
            optimizers={"generator": adam, "discriminator": adam},
            averaging=Averaging(half_life=10_000),
        ),
    )
