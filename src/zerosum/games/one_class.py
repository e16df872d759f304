"""The game of one class: a generator, a discriminator, and an encoder that is trained along.

The encoder is the generator's inverse. What both make of a sample is near to it where the sample is
like those of the training, and misses what these never had.
"""

from collections.abc import Sequence
from typing import ClassVar

import torch
from pydantic import NonNegativeFloat
from torch import Tensor

from zerosum.errors import RecipeError
from zerosum.games.base import Move, StepContext, Terms
from zerosum.games.two_player import TwoPlayer, TwoPlayerConfig
from zerosum.networks.base import DiscriminatorConfig
from zerosum.networks.pyramid import Pyramid, PyramidConfig
from zerosum.spaces import Space


class OneClassConfig(TwoPlayerConfig):
    """Two players and an encoder.

    Attributes:
        encoder: from samples to latents.
        feature_weight: weight of the distance in the discriminator's features.
        value_weight: weight of the distance in values.
        latent_weight: weight of how badly the encoder finds the latents of fakes.
    """

    discriminator: DiscriminatorConfig = PyramidConfig()
    encoder: PyramidConfig = PyramidConfig()
    feature_weight: NonNegativeFloat = 1.0
    value_weight: NonNegativeFloat = 1.0
    latent_weight: NonNegativeFloat = 0.5


class OneClassGame(TwoPlayer):
    """Alternates discriminator, generator and encoder."""

    averaged: ClassVar[tuple[str, ...]] = ("generator", "encoder")
    config: OneClassConfig

    def __init__(self, config: OneClassConfig, space: Space) -> None:
        for key, usual in (("conditional", False), ("pack", 1)):
            if getattr(config, key) != usual:
                raise RecipeError(
                    f"game.{key}={getattr(config, key)}: normals are one class, and each is read "
                    f"by itself. Leave game.{key} as it is."
                )
        super().__init__(config, space)
        self.encoder = config.encoder.build(self.seen_space, num_outputs=self.latent_size)
        if not isinstance(self.discriminator, Pyramid):
            raise RecipeError(
                "distances are measured in the features of the discriminator, and "
                f"{config.discriminator.kind} shows none. Take game.discriminator=pyramid."
            )

    def moves(self) -> Sequence[Move]:
        """The two players' moves, then the encoder's."""
        return [*super().moves(), Move("encoder", self.encoder_loss)]

    def generator_loss(self, context: StepContext) -> Terms:
        """The adversarial term, and how far reals are from what is made of them."""
        terms = super().generator_loss(context)
        x = self.seen(context.next_batch().x)
        with torch.no_grad():
            z = self.encoder(x)
        return terms | self._distances(x, z)

    def encoder_loss(self, context: StepContext) -> Terms:
        """How far reals are from what is made of them, and fakes' latents from those found."""
        x = self.seen(context.next_batch().x)
        inputs = self.draw(context.batch_size, context.noise)
        with torch.no_grad():
            fakes = self.make(inputs)
        missed = (self.encoder(fakes).float() - inputs.z).square().mean()
        return self._distances(x, self.encoder(x)) | {"latent": self.config.latent_weight * missed}

    def remade(self, z: Tensor) -> Tensor:
        """What is made of latents `[B, L]`, `[B, *seen_space.shape]`, with a gradient."""
        return self.generator(z, None)

    def rebuilt(self, x: Tensor) -> Tensor:
        """What generator and encoder make of samples, both as the discriminator sees them."""
        return self.remade(self.encoder(x).float())

    def features(self, x: Tensor) -> list[Tensor]:
        """The discriminator's features of what it sees, `[B, channels, ...]` for each stage."""
        assert isinstance(self.discriminator, Pyramid)
        return self.discriminator.features(x)

    def beyond(self, compact: Tensor) -> Tensor | None:
        """How far compact samples `[B, ...]` are outside of what the networks can see, `[B, K]`.

        One number for each of `parts`; None where the networks see everything.
        """
        return None

    @property
    def parts(self) -> Sequence[tuple[str, int]]:
        """Names of what a sample consists of, and how many numbers that are seen belong to each.

        They are for samples without axes, such as rows; else none.
        """
        return ()

    def _distances(self, x: Tensor, z: Tensor) -> Terms:
        """Distances of samples as they are seen from what is made of the latents `[B, L]`."""
        made = self.remade(z)
        apart = [
            (ours - theirs).float().abs().mean() / theirs.float().abs().mean().clamp_min(1e-6)
            for ours, theirs in zip(self.features(made), self._fixed_features(x), strict=True)
        ]
        return {
            "values": self.config.value_weight * (made - x).float().abs().mean(),
            "features": self.config.feature_weight * torch.stack(apart).mean(),
        }

    @torch.no_grad()
    def _fixed_features(self, x: Tensor) -> list[Tensor]:
        return self.features(x)
