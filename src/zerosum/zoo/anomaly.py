"""Anomalies: a GAN of one class whose encoder is trained with the game.

Zenati, Romain, Foo, Lecouat and Chandrasekhar, "Adversarially Learned Anomaly Detection", ICDM
2018, arXiv:1812.02288; Schlegl, Seeböck, Waldstein, Langs and Schmidt-Erfurth, "f-AnoGAN: Fast
unsupervised anomaly detection with generative adversarial networks", Medical Image Analysis 54,
2019: a sample is as odd as the discriminator's features of it are far from those of what generator
and encoder make of it.

We deviate in that there is one discriminator, which sees samples alone (ALAD has three), and the
encoder learns by distances, as in f-AnoGAN, but while the players learn, which the generator does
from the same distances. The duel is R3GAN's (arXiv:2501.05441). How odd a sample is, is decided by
a detector that also looks for near normals (`evaluation/anomalies/detector.py`). Rows of tables are
seen as their space embeds them.
"""

import torch
from torch import Tensor

from zerosum.engine.optimisation import Adam, Averaging, Optimisation
from zerosum.errors import RecipeError
from zerosum.games.base import Inputs
from zerosum.games.one_class import OneClassConfig, OneClassGame
from zerosum.modalities.series.seen import ScoreSpace
from zerosum.modalities.series.space import SeriesSpace
from zerosum.modalities.tables.embedding import RowEmbedding
from zerosum.modalities.tables.space import TableSpace
from zerosum.networks.dcgan import DcganGeneratorConfig
from zerosum.networks.mlp import MlpGeneratorConfig
from zerosum.networks.pyramid import PyramidConfig
from zerosum.networks.temporal import TemporalGeneratorConfig
from zerosum.objectives.adversarial import AdversarialLoss, RelativisticPaired
from zerosum.objectives.penalties import R1, R2, Penalty
from zerosum.recipe_registry import Recipe, recipe
from zerosum.schedules import Linear
from zerosum.spaces import ImageSpace, PointSpace, Space

HELD_OUT = 0.2
"""Share of the normals that is kept apart, to set the threshold with."""


class AnomalyConfig(OneClassConfig):
    """The game of one class, for images, series and rows."""

    kind = "anomaly"
    adversarial: AdversarialLoss = RelativisticPaired()
    penalties: tuple[Penalty, ...] = (R1(weight=0.1, every=4), R2(weight=0.1, every=4))

    def build(self, space: Space) -> OneClassGame:
        """The game for `space`.

        Raises:
            RecipeError: it holds neither images, series nor rows.
        """
        if isinstance(space, TableSpace):
            return AnomalousRows(self, space)
        if isinstance(space, SeriesSpace):
            return AnomalousSeries(self, space)
        if isinstance(space, ImageSpace):
            return OneClassGame(self, space)
        raise RecipeError(f"anomaly takes images, series and tables, and these are {space.unit}.")


class AnomalousSeries(OneClassGame):
    """Scores of series, and the sums of those that are increments."""

    def __init__(self, config: AnomalyConfig, space: SeriesSpace) -> None:
        self._series = space
        super().__init__(config, space)

    @property
    def seen_space(self) -> Space:
        """Scores, then sums of increments."""
        channels = len(self._series.coded) + len(self._series.summed)
        return ScoreSpace(channels=channels, length=self._series.length)

    def make(self, inputs: Inputs) -> Tensor:
        """Fakes as the discriminator sees them, `[B, C + S, L]`."""
        return self.remade(inputs.z)

    def remade(self, z: Tensor) -> Tensor:
        """See `OneClassGame.remade`."""
        return self.seen(self._series.snapped(self.generator(z, None).float()))

    def seen(self, x: Tensor) -> Tensor:
        """Scores `[B, C, L]` with the sums of increments beneath."""
        return self._series.seen(x)


class AnomalousRows(OneClassGame):
    """Rows as their space embeds them."""

    no_graph = (
        "rows of a table are made as ranks and marks, and then decoded: that is a program and no "
        "graph of one network."
    )

    def __init__(self, config: AnomalyConfig, space: TableSpace) -> None:
        self._table, self._rows = space, RowEmbedding(space)
        super().__init__(config, space)

    @property
    def seen_space(self) -> Space:
        """Embedded rows."""
        width = self._rows.width
        return PointSpace(center=(0.0,) * width, scale=(1.0,) * width)

    def build_generator(self, num_labels: int) -> torch.nn.Module:
        """From latents to embedded rows."""
        return self.config.generator.build(self.latent_size, self.seen_space)

    def seen(self, x: Tensor) -> Tensor:
        """Code + place `[B, C]` as embedded rows `[B, F]`."""
        return self._table.embed(x)

    def make(self, inputs: Inputs) -> Tensor:
        """Fakes as the discriminator sees them, `[B, F]`, with the gradient of the odds."""
        odds = self.remade(inputs.z)
        return self._rows.decided(odds) + odds - odds.detach()

    def remade(self, z: Tensor) -> Tensor:
        """See `OneClassGame.remade`; of categories there are odds."""
        return self._rows.odds(self.generator(z, None).float())

    def generate(self, inputs: Inputs) -> Tensor:
        """Code + place, `[B, C]`."""
        return self._rows.codes(self.remade(inputs.z))

    def beyond(self, compact: Tensor) -> Tensor:
        """How far numbers are outside of their ranges, and 10 for unknown categories, `[B, C]`."""
        return self._rows.beyond(compact)

    @property
    def parts(self) -> tuple[tuple[str, int], ...]:
        """Coded columns, and how many numbers embed each."""
        return self._rows.parts


@recipe(
    paper="after Zenati et al. 2018, arXiv:1812.02288, and Schlegl et al. 2019",
    spaces=("image", "series", "table"),
    holdout=HELD_OUT,
    capacities={
        "medium": {"game.generator.width": 64, "game.discriminator.width": 48,
                   "game.encoder.width": 48},
        "large": {"game.generator.width": 128, "game.discriminator.width": 96,
                  "game.discriminator.max_width": 512, "game.encoder.width": 96,
                  "game.encoder.max_width": 512},
    },
)  # fmt: skip
def anomaly(space: Space) -> Recipe:
    """Learns normal samples, so that odd ones are found: images, series or rows of a table.

    A fifth of the data is kept apart, to set the threshold with. `zerosum anomalies` scores data.
    """
    adam = Adam(lr=1e-3, beta1=0.0, beta2=0.99, schedule=Linear(begin=0.5))
    generator = {
        0: MlpGeneratorConfig(width=128),
        1: TemporalGeneratorConfig(),
        2: DcganGeneratorConfig(width=32, max_width=128, normalisation="none"),
    }[space.axes]
    pyramid = PyramidConfig(width=24 if space.axes else 128)
    return Recipe(
        name="anomaly",
        game=AnomalyConfig(
            latent_dim=32, generator=generator, discriminator=pyramid, encoder=pyramid
        ),
        optimisation=Optimisation(
            batch_size=32 if space.axes else 128,
            total_samples=64_000 if space.axes else 256_000,
            optimizers=dict.fromkeys(("discriminator", "generator", "encoder"), adam),
            averaging=Averaging(half_life=2_000),
        ),
    )
