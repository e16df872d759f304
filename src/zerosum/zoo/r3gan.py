"""R3GAN: a relativistic loss, two gradient penalties, and no other tricks.

Huang, Gokaslan, Kuleshov and Tompkin, "The GAN is dead; long live the GAN! A Modern GAN Baseline",
NeurIPS 2024, arXiv:2501.05441.

On images the networks are DCGAN's, the discriminator's without normalisation: at the same time
on a CPU they end far ahead of the paper's grouped residual blocks, which are here as
`game.generator=r3gan_generator` and `game.discriminator=r3gan_discriminator`, at a width that a CPU
can train. γ stays as it is, small batches take many steps, and both penalties come on every eighth
of them. Labels are shown where there are 50 images or more of each: with 10 of each, modes were
lost. Any size from 8 x 8 works. Points meet plain perceptrons, with as many latents as
dimensions and the penalties on every fourth step.
"""

from typing import ClassVar

import torch
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from zerosum.config import Depth, Size, SizeOrZero
from zerosum.engine.optimisation import Adam, Averaging, Optimisation
from zerosum.games.two_player import TwoPlayerConfig
from zerosum.networks.base import DiscriminatorConfig, GeneratorConfig, require_images
from zerosum.networks.dcgan import DcganDiscriminatorConfig, DcganGeneratorConfig
from zerosum.networks.mlp import MlpDiscriminatorConfig, MlpGeneratorConfig
from zerosum.networks.resample import binomial, enlarge, shrink, stages
from zerosum.objectives.adversarial import AdversarialLoss, RelativisticPaired
from zerosum.objectives.penalties import R1, R2, Penalty
from zerosum.recipe_registry import Recipe, recipe
from zerosum.schedules import Constant, Cosine, Linear, Schedule
from zerosum.spaces import ImageSpace, Space

_PICTURES_PER_LABEL = 50  # from here on labels are shown


class R3ganConfig(TwoPlayerConfig):
    """The relativistic paired loss with γ/2 (R1 + R2).

    `penalty_every` takes both penalties on every so many discriminator moves only, scaled up.
    """

    kind = "r3gan"
    gamma: NonNegativeFloat = 1.0
    penalty_every: PositiveInt = 1
    adversarial: AdversarialLoss = RelativisticPaired()
    penalty_schedule: Schedule = Cosine(end=0.1, until=0.5)
    weights_of_penalties: ClassVar[tuple[str, ...]] = ("gamma",)

    def all_penalties(self) -> tuple[Penalty, ...]:
        """R1 and R2 of weight γ, then `penalties`."""
        every = self.penalty_every
        return (
            R1(weight=self.gamma, every=every),
            R2(weight=self.gamma, every=every),
            *self.penalties,
        )


class R3ganGeneratorConfig(GeneratorConfig):
    """Residual stages from a learned 4 x 4 basis up; `width` channels at the finest stage."""

    kind = "r3gan_generator"
    width: Size = 32
    max_width: Size = 128
    num_blocks: Depth = 1
    group_size: Size = 16
    label_dim: SizeOrZero = 32

    def build(self, latent_dim: int, space: Space, *, num_labels: int = 0) -> nn.Module:
        """See `GeneratorConfig.build`; images of at least 8 x 8."""
        images = require_images(space, least=8, network=self.kind)
        return R3ganGenerator(self, latent_dim, images, num_labels)


class R3ganGenerator(nn.Module):
    """`[B, latent_dim]` to `[B, C, H, W]`, without a bound on the values."""

    filter: Tensor

    def __init__(
        self, config: R3ganGeneratorConfig, latent_dim: int, space: ImageSpace, num_labels: int
    ) -> None:
        super().__init__()
        sizes, widths = stages(space, config.width, config.max_width)
        self.sizes = sizes
        self.embed = nn.Embedding(num_labels, config.label_dim) if num_labels else None
        inputs = latent_dim + (config.label_dim if num_labels else 0)
        self.basis = nn.Parameter(torch.randn(widths[0], *sizes[0]))
        self.mix = nn.Linear(inputs, widths[0], bias=False)
        self.stages = nn.ModuleList(
            _stage(before, after, config.num_blocks, config.group_size)
            for before, after in zip([widths[0], *widths], widths, strict=False)
        )
        self.to_image = nn.Conv2d(widths[-1], space.channels, 1)
        self.register_buffer("filter", binomial(), persistent=False)
        _scale_residual_blocks(self)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Images from latents."""
        if self.embed is not None:
            z = torch.cat([z, self.embed(y)], dim=1)
        x = self.basis * self.mix(z)[:, :, None, None]
        for i, stage in enumerate(self.stages):
            if i:
                x = enlarge(x, self.filter)
                height, width = self.sizes[i]
                x = x[:, :, :height, :width]
            x = stage(x)
        return self.to_image(x)


class R3ganDiscriminatorConfig(DiscriminatorConfig):
    """The generator's mirror; labels enter by projection."""

    kind = "r3gan_discriminator"
    width: Size = 32
    max_width: Size = 128
    num_blocks: Depth = 1
    group_size: Size = 16

    def build(self, space: Space, *, num_outputs: int = 1, num_labels: int = 0) -> nn.Module:
        """See `DiscriminatorConfig.build`; images of at least 8 x 8."""
        images = require_images(space, least=8, network=self.kind)
        return R3ganDiscriminator(self, images, num_outputs, num_labels)


class R3ganDiscriminator(nn.Module):
    """`[B, C, H, W]` to `[B, num_outputs]`."""

    piecewise_linear = True
    filter: Tensor

    def __init__(
        self,
        config: R3ganDiscriminatorConfig,
        space: ImageSpace,
        num_outputs: int,
        num_labels: int,
    ) -> None:
        super().__init__()
        sizes, widths = stages(space, config.width, config.max_width)
        widths = widths[::-1]
        self.from_image = nn.Conv2d(space.channels, widths[0], 1)
        self.stages = nn.ModuleList(
            _stage(before, after, config.num_blocks, config.group_size)
            for before, after in zip([widths[0], *widths], widths, strict=False)
        )
        features = widths[-1]
        self.basis = nn.Conv2d(features, features, sizes[0], groups=features, bias=False)
        self.head = nn.Linear(features, num_outputs, bias=False)
        self.embed = nn.Embedding(num_labels, features) if num_labels else None
        self.register_buffer("filter", binomial(), persistent=False)
        _scale_residual_blocks(self)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Scores of images."""
        x = self.from_image(x)
        for i, stage in enumerate(self.stages):
            x = stage(shrink(x, self.filter) if i else x)
        features = self.basis(x).flatten(1)
        scores = self.head(features)
        if self.embed is not None:
            scores = scores + (features * self.embed(y)).mean(1, keepdim=True)
        return scores


class ResidualBlock(nn.Module):
    """1 x 1 to twice the width, grouped 3 x 3, 1 x 1 back; the last one starts at zero."""

    def __init__(self, width: int, group_size: int) -> None:
        super().__init__()
        inner = 2 * width
        groups = max(1, inner // group_size)
        while inner % groups:
            groups -= 1
        self.expand = nn.Conv2d(width, inner, 1)
        self.spatial = nn.Conv2d(inner, inner, 3, padding=1, groups=groups)
        self.contract = nn.Conv2d(inner, width, 1, bias=False)
        nn.init.zeros_(self.contract.weight)

    def forward(self, x: Tensor) -> Tensor:
        """`x` and a correction."""
        h = leaky_relu(self.expand(x), 0.2)
        return x + self.contract(leaky_relu(self.spatial(h), 0.2))


def _stage(before: int, after: int, num_blocks: int, group_size: int) -> nn.Sequential:
    widen = [nn.Conv2d(before, after, 1, bias=False)] if before != after else []
    return nn.Sequential(*widen, *(ResidualBlock(after, group_size) for _ in range(num_blocks)))


def _scale_residual_blocks(network: nn.Module) -> None:
    """He initialisation times L^(-1/4) for L blocks, which keeps the sum of corrections level."""
    blocks = [m for m in network.modules() if isinstance(m, ResidualBlock)]
    for block in blocks:
        for conv in (block.expand, block.spatial):
            nn.init.kaiming_normal_(conv.weight, a=0.2)
            with torch.no_grad():
                conv.weight *= len(blocks) ** -0.25


@recipe(
    paper="Huang et al. 2024, arXiv:2501.05441",
    spaces=("image", "point"),
    capacities={
        "medium": {
            "game.generator.width": 64,
            "game.discriminator.width": 48,
            "optimisation.batch_size": 32,
            "game.latent_dim": 128,
        },
        "large": {
            "game.generator.width": 128,
            "game.generator.max_width": 1024,
            "game.discriminator.width": 96,
            "game.discriminator.max_width": 1024,
            "optimisation.batch_size": 64,
            "game.latent_dim": 256,
        },
    },
)
def r3gan(space: Space) -> Recipe:
    """A relativistic loss with R1 and R2: it covers every mode, and trains steadily.

    The one number to know is `game.gamma`: more is steadier and blurrier, less is sharper and
    riskier. On labelled images both players see the class, which makes samples far better, where
    each class has 50 of them or more; `game.conditional=false` leaves it out.
    """
    if space.axes == 2:
        return _on_images(require_images(space, least=8, network="r3gan"))
    rates = Cosine(end=0.1, begin=0.3)
    adam = Adam(lr=1e-3, beta1=0.0, beta2=0.99, schedule=rates)
    return Recipe(
        name="r3gan",
        game=R3ganConfig(
            latent_dim=min(max(space.size, 2), 128),
            generator=MlpGeneratorConfig(width=128, depth=3),
            discriminator=MlpDiscriminatorConfig(width=128, depth=3),
            gamma=0.1,
            penalty_every=4,
        ),
        optimisation=Optimisation(
            batch_size=256,
            total_samples=2_000_000,
            optimizers={"generator": adam, "discriminator": adam},
            averaging=Averaging(half_life=50_000),
        ),
    )


def _on_images(space: ImageSpace) -> Recipe:
    adam = Adam(lr=2e-3, beta1=0.0, beta2=0.99, schedule=Linear(begin=0.5))
    return Recipe(
        name="r3gan",
        game=R3ganConfig(
            latent_dim=64,
            generator=DcganGeneratorConfig(width=32),
            discriminator=DcganDiscriminatorConfig(width=16, normalisation="none"),
            gamma=0.1,
            penalty_every=8,
            penalty_schedule=Constant(),
            conditional=min(space.label_counts, default=0) >= _PICTURES_PER_LABEL,
        ),
        optimisation=Optimisation(
            batch_size=16,
            total_samples=2_000_000,
            optimizers={"generator": adam, "discriminator": adam},
            averaging=Averaging(half_life=10_000),
        ),
    )
