"""Series by convolutional players: a relativistic loss with R1 and R2.

The duel is R3GAN's (Huang et al., "The GAN is dead; long live the GAN!", NeurIPS 2024,
arXiv:2501.05441), between convolutions over time as in Donahue, McAuley and Puckette, "Adversarial
audio synthesis", ICLR 2019, arXiv:1802.04208.

Beside WaveGAN we deviate in that both players see scores, in which the facts of the data are taken
out (see `modalities/series/steps.py`): what wanders is made by increments, and what must hold in
each series holds by construction. The discriminator also sees the sum of the increments, since
small faults of many steps add up. Values that the data has often are snapped to, with the gradient
kept, so that it cannot tell fakes by a missing spike.
"""

from torch import Tensor, nn

from zerosum.config import SizeOrZero
from zerosum.engine.optimisation import Adam, Averaging, Optimisation
from zerosum.games.base import Inputs
from zerosum.games.two_player import TwoPlayer, TwoPlayerConfig
from zerosum.modalities.series.seen import ScoreSpace
from zerosum.modalities.series.space import SeriesSpace, require_series
from zerosum.networks.temporal import TemporalDiscriminatorConfig, TemporalGeneratorConfig
from zerosum.objectives.adversarial import RelativisticPaired
from zerosum.objectives.penalties import R1, R2
from zerosum.recipe_registry import Recipe, recipe
from zerosum.schedules import Cosine
from zerosum.spaces import Space

_SERIES_PER_LABEL = 20  # from here on labels are shown


class SeriesGanConfig(TwoPlayerConfig):
    """Two players of series; `noise_channels` are random numbers for each place."""

    kind = "series_gan"
    noise_channels: SizeOrZero = 4

    def build(self, space: Space) -> "SeriesGan":
        """The game for series of `space`.

        Raises:
            RecipeError: the space holds no series.
        """
        return SeriesGan(self, require_series(space, network="series_gan"))


class SeriesGan(TwoPlayer):
    """Scores of series, and the sums of those that are increments."""

    def __init__(self, config: SeriesGanConfig, space: SeriesSpace) -> None:
        self._series, self._noise_channels = space, config.noise_channels
        super().__init__(config, space)

    @property
    def latent_size(self) -> int:
        """Latents of the whole series, and those of each place."""
        return self.config.latent_dim + self._noise_channels * self._series.length

    def build_generator(self, num_labels: int) -> nn.Module:
        """The generator, which is given how many of its latents are for single places."""
        config = self.config.generator
        if isinstance(config, TemporalGeneratorConfig):
            config = config.model_copy(update={"noise_channels": self._noise_channels})
        return config.build(self.latent_size, self._series, num_labels=num_labels)

    @property
    def seen_space(self) -> Space:
        """Scores, then sums of increments."""
        channels = len(self._series.coded) + len(self._series.summed)
        return ScoreSpace(channels=channels, length=self._series.length)

    def make(self, inputs: Inputs) -> Tensor:
        """Fakes as the discriminator sees them, `[B, C + S, L]`."""
        return self.seen(self._series.snapped(self.generate(inputs).float()))

    def seen(self, x: Tensor) -> Tensor:
        """Scores `[B, C, L]` with the sums of increments beneath."""
        return self._series.seen(x)


@recipe(
    paper="after Donahue et al. 2019, arXiv:1802.04208, and Huang et al. 2024, arXiv:2501.05441",
    spaces=("series",),
)
def series_gan(space: Space) -> Recipe:
    """Convolutional players of series: a relativistic loss, R1 and R2.

    On labelled series both players see the label, where each has 20 series or more.
    """
    rates = Cosine(end=0.05, begin=0.5)
    adam = Adam(lr=1e-3, beta1=0.0, beta2=0.99, schedule=rates)
    return Recipe(
        name="series_gan",
        game=SeriesGanConfig(
            latent_dim=32,
            generator=TemporalGeneratorConfig(),
            discriminator=TemporalDiscriminatorConfig(),
            adversarial=RelativisticPaired(),
            penalties=(R1(weight=0.3, every=4), R2(weight=0.3, every=4)),
            conditional=min(space.label_counts, default=0) >= _SERIES_PER_LABEL,
        ),
        optimisation=Optimisation(
            batch_size=64,
            total_samples=256_000,
            optimizers={"generator": adam, "discriminator": adam},
            averaging=Averaging(half_life=20_000),
        ),
    )
