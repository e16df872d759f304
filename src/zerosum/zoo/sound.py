"""Short sounds by convolutions over their log-mel magnitudes: a relativistic loss with R1 and R2.

The duel is R3GAN's (Huang et al., "The GAN is dead; long live the GAN!", NeurIPS 2024,
arXiv:2501.05441), between convolutions over spectra as in SpecGAN (Donahue, McAuley and Puckette,
"Adversarial audio synthesis", ICLR 2019, arXiv:1802.04208).

Beside SpecGAN we deviate in that bands are mel bands, of which 64 are enough for a sound that a
model on a CPU can make, and their levels are scaled alike; and in the duel. As there, phases are
not made: they are found by Griffin-Lim when waves are.
"""

from torch import nn

from zerosum.engine.optimisation import Adam, Averaging, Optimisation
from zerosum.games.two_player import TwoPlayer, TwoPlayerConfig
from zerosum.modalities.sound.space import require_sound
from zerosum.networks.dcgan import DcganDiscriminatorConfig, DcganGeneratorConfig
from zerosum.objectives.adversarial import RelativisticPaired
from zerosum.objectives.penalties import R1, R2
from zerosum.recipe_registry import Recipe, recipe
from zerosum.schedules import Linear
from zerosum.spaces import Space

_SOUNDS_PER_LABEL = 20  # from here on labels are shown


class SoundGanConfig(TwoPlayerConfig):
    """Two players of spectra, which their networks take for images."""

    kind = "sound_gan"

    def build(self, space: Space) -> "SoundGan":
        """The game for sounds of `space`.

        Raises:
            RecipeError: the space holds no sounds, or too short ones.
        """
        return SoundGan(self, require_sound(space, network="sound"))


class SoundGan(TwoPlayer):
    """A generator and a discriminator of log-mel magnitudes."""

    def build_generator(self, num_labels: int) -> nn.Module:
        """The generator of spectra as images."""
        pictured = require_sound(self.space, network="sound").pictured
        return self.config.generator.build(self.latent_size, pictured, num_labels=num_labels)

    def build_discriminator(self, num_labels: int) -> nn.Module:
        """The discriminator of spectra as images, `pack` of them at a time."""
        pictured = require_sound(self.space, network="sound").pictured
        packed = pictured.packed(self.config.pack) if self.config.pack > 1 else pictured
        return self.config.discriminator.build(packed, num_labels=num_labels)


@recipe(
    paper="after Donahue et al. 2019, arXiv:1802.04208, and Huang et al. 2024, arXiv:2501.05441",
    spaces=("sound",),
)
def sound(space: Space) -> Recipe:
    """Effects, drums and spoken words of up to a few seconds: a relativistic loss, R1 and R2.

    On labelled sounds both players see the label, where each has 20 sounds or more.
    """
    adam = Adam(lr=2e-3, beta1=0.0, beta2=0.99, schedule=Linear(begin=0.5))
    return Recipe(
        name="sound",
        game=SoundGanConfig(
            latent_dim=64,
            generator=DcganGeneratorConfig(width=32),
            discriminator=DcganDiscriminatorConfig(width=16, normalisation="none"),
            adversarial=RelativisticPaired(),
            penalties=(R1(weight=0.1, every=8), R2(weight=0.1, every=8)),
            conditional=min(space.label_counts, default=0) >= _SOUNDS_PER_LABEL,
        ),
        optimisation=Optimisation(
            batch_size=16,
            total_samples=256_000,
            optimizers={"generator": adam, "discriminator": adam},
            averaging=Averaging(half_life=10_000),
        ),
    )
