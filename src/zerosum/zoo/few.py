"""Few images: as `r3gan`, with augmentation that grows while the discriminator overfits.

Karras, Aittala, Hellsten, Laine, Lehtinen and Aila, "Training Generative Adversarial Networks with
Limited Data", NeurIPS 2020, arXiv:2006.06676. Augmentation reaches its full strength within some
20,000 images, since few images are soon known by heart, and the discriminator learns at a quarter
of the generator's rate. Networks, loss and penalties are those that R3GAN (arXiv:2501.05441) has
here.

`game=projected` puts another game in its place: Sauer, Chitta, Müller and Geiger, "Projected GANs
Converge Faster", NeurIPS 2021, arXiv:2111.01007, whose discriminator sees images through features
that others learned and that come with the extra `efficientnet`. The hinge loss, four discriminators
on mixed features and DiffAugment are the paper's; the generator is DCGAN's, as in the other game,
so that either can begin with the other's. It is not the default: a step takes seven times as long
on a CPU, and after the same seconds it was far behind (docs/few.md).
"""

from torch import Tensor

from zerosum.config import Size
from zerosum.engine.optimisation import Adam, Averaging, Optimisation
from zerosum.games.two_player import TwoPlayer, TwoPlayerConfig
from zerosum.modalities.images.projected import (
    ProjectedDiscriminator,
    ProjectedDiscriminatorConfig,
)
from zerosum.networks.base import DiscriminatorConfig, GeneratorConfig, require_images
from zerosum.networks.dcgan import DcganDiscriminatorConfig, DcganGeneratorConfig
from zerosum.objectives.adversarial import AdversarialLoss, Hinge, RelativisticPaired
from zerosum.objectives.augment import AdaptiveAugmentation, Augmentation, DiffAugment
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
        return (f"the discriminator sees pixels, with the augmentation {self.augmentation.kind}",)

    def build(self, space: Space) -> "Few":
        """The game for images of `space`."""
        return Few(self, space)


class ProjectedConfig(FewConfig):
    """The game of Projected GAN; needs the extra `efficientnet`."""

    kind = "projected"
    latent_dim: Size = 64
    generator: GeneratorConfig = DcganGeneratorConfig(width=32)
    discriminator: DiscriminatorConfig = ProjectedDiscriminatorConfig()
    adversarial: AdversarialLoss = Hinge()
    augmentation: Augmentation = DiffAugment()


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
        """Logits of samples `[B, C, H, W]`, not augmented; means over scores."""
        return self.discriminator(self._packed(self.seen(x)), y).float()[:, 0]


@recipe(
    paper="Karras et al. 2020, arXiv:2006.06676",
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
def few(space: Space) -> Recipe:
    """50 to 1,000 images: augmentation keeps them from being learned by heart.

    Labels are conditions where each has two images or more. With the extra `efficientnet`,
    `game=projected` shows the discriminator features that were trained on ImageNet.
    """
    require_images(space, least=8, network="few")
    adam = Adam(lr=2e-3, beta1=0.0, beta2=0.99, schedule=Linear(begin=0.5))
    slow = adam.with_values({"lr": 5e-4})
    return Recipe(
        name="few",
        game=FewConfig(
            latent_dim=64,
            generator=DcganGeneratorConfig(width=32),
            discriminator=DcganDiscriminatorConfig(width=16, normalisation="none"),
            adversarial=RelativisticPaired(),
            penalties=(R1(weight=0.1, every=8), R2(weight=0.1, every=8)),
            augmentation=AdaptiveAugmentation(ramp_samples=20_000),
            conditional=min(space.label_counts, default=0) >= _PICTURES_PER_LABEL,
        ),
        optimisation=Optimisation(
            batch_size=16,
            total_samples=200_000,
            optimizers={"generator": adam, "discriminator": slow},
            averaging=Averaging(half_life=2_000),
        ),
    )
