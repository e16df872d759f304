"""A purely adversarial generator of table rows.

Every column is a choice among codes, so a sample is a row of one-hot vectors. The largest of the
generator's logits with Gumbel noise is taken, and the softmax is differentiated in its place (Jang,
Gu and Poole, "Categorical reparameterization with Gumbel-softmax", ICLR 2017, arXiv:1611.01144, the
straight-through form). The duel is R3GAN's (arXiv:2501.05441): the relativistic loss with R1 and
R2, here on every fourth step.

Beside CTGAN (Xu et al., "Modeling tabular data using conditional GAN", NeurIPS 2019,
arXiv:1907.00503) we deviate in the loss; in that numbers are choices too, so that nothing has to be
scaled or assigned to modes; and in that neither is a condition drawn nor are rows judged in packs.
The generator learns at four times the discriminator's rate; at the same rate it lags behind.
"""

import torch
from pydantic import PositiveFloat
from torch import Tensor, nn

from zerosum.engine.optimisation import Adam, Averaging, Optimisation
from zerosum.errors import RecipeError
from zerosum.games.base import Inputs
from zerosum.games.two_player import TwoPlayer, TwoPlayerConfig
from zerosum.modalities.tables.space import TableSpace
from zerosum.networks.mlp import MlpDiscriminatorConfig, MlpGeneratorConfig
from zerosum.objectives.adversarial import RelativisticPaired
from zerosum.objectives.penalties import R1, R2
from zerosum.recipes import Recipe, recipe
from zerosum.rng import Noise
from zerosum.schedules import Cosine
from zerosum.spaces import PointSpace, Space

_MOST_CODES = 1_024
"""Codes of one column that a one-hot vector may have."""

_BATCH, _EPOCHS = 128, 120
_LEAST_ROWS, _MOST_ROWS = 1_000_000, 2_000_000
"""Rows to learn from at least and at most, whatever the epochs."""

_LAST_PLACE = 1 - 2**-12


class TableGanConfig(TwoPlayerConfig):
    """Two players of rows as one-hot vectors.

    `temperature` is that of the softmax which is differentiated in place of the choice.
    """

    kind = "table_gan"
    temperature: PositiveFloat = 0.5

    def build(self, space: Space) -> "TableGan":
        """The game for rows of `space`.

        Raises:
            RecipeError: the space holds no rows, or a column has too many codes.
        """
        if not isinstance(space, TableSpace):
            raise RecipeError(f"table_gan takes tables, and the data is of kind {space.kind!r}.")
        widest = max(space.codecs, key=lambda codec: codec.size)
        if widest.size > _MOST_CODES:
            raise RecipeError(
                f"column {widest.name!r} has {widest.size:,} codes; table_gan takes at most "
                f"{_MOST_CODES:,}. Take the recipe `table`, or raise `protect` so that rare values "
                "share a code."
            )
        return TableGan(self, space)


class TableGan(TwoPlayer):
    """Rows as one-hot vectors, side by side."""

    no_graph = (
        "rows of a table are drawn from logits, code by code, and then decoded: that is a program "
        "and no graph of one network."
    )
    drawable: Tensor

    def __init__(self, config: TableGanConfig, space: TableSpace) -> None:
        self._sizes = space.sizes
        super().__init__(config, space)
        self.temperature = config.temperature
        drawable = torch.cat(
            [
                torch.tensor([code not in codec.forbidden for code in range(codec.size)])
                for codec in space.codecs
            ]
        )
        self.register_buffer("drawable", drawable, persistent=False)

    @property
    def _width(self) -> int:
        return sum(self._sizes)

    def build_generator(self, num_labels: int) -> nn.Module:
        """From latents to a logit for each code."""
        return self.config.generator.build(self.config.latent_dim, _plain(self._width))

    @property
    def seen_space(self) -> Space:
        """One-hot rows, side by side."""
        return _plain(self._width)

    def draw_latents(self, n: int, noise: Noise) -> Tensor:
        """Normal latents, then uniform numbers for each code and for each column's place."""
        chance = noise.uniform(n, self._width + len(self._sizes))
        return torch.cat([noise.normal(n, self.config.latent_dim), chance], dim=1)

    def make(self, inputs: Inputs) -> Tensor:
        """One-hot rows `[B, codes]` with the gradient of the softmax."""
        logits = self._logits(inputs)
        rows = []
        for part in logits.split(self._sizes, dim=1):
            soft = (part / self.temperature).softmax(dim=1)
            hard = torch.zeros_like(soft).scatter_(1, part.argmax(dim=1, keepdim=True), 1.0)
            rows.append(hard + soft - soft.detach())
        return torch.cat(rows, dim=1)

    def seen(self, x: Tensor) -> Tensor:
        """Code + place `[B, C]` as one-hot rows `[B, codes]`."""
        starts = torch.tensor([0, *self._sizes[:-1]], device=x.device).cumsum(0)
        rows = torch.zeros(len(x), self._width, device=x.device)
        return rows.scatter_(1, x.floor().long() + starts, 1.0)

    def generate(self, inputs: Inputs) -> Tensor:
        """Code + place, `[B, C]`; codes that are never told of are not drawn."""
        logits = self._logits(inputs).masked_fill(~self.drawable, -torch.inf)
        codes = [part.argmax(dim=1) for part in logits.split(self._sizes, dim=1)]
        place = inputs.z[:, -len(self._sizes) :]
        return torch.stack(codes, dim=1) + place.clamp(max=_LAST_PLACE)

    def _logits(self, inputs: Inputs) -> Tensor:
        """Logits with Gumbel noise: the largest of a column is a draw from its softmax."""
        latents, chance, _ = inputs.z.split(
            [self.config.latent_dim, self._width, len(self._sizes)], dim=1
        )
        gumbel = -(-chance.clamp(1e-9, 1 - 1e-7).log()).log()
        return self.generator(latents, None).float() + gumbel


def _plain(width: int) -> PointSpace:
    """A space of `width` numbers that are not scaled."""
    return PointSpace(center=(0.0,) * width, scale=(1.0,) * width)


@recipe(paper="after Xu et al. 2019, arXiv:1907.00503", spaces=("table",))
def table_gan(space: Space) -> Recipe:
    """A purely adversarial network for table rows: a relativistic loss, R1 and R2.

    It is here for comparison. `table` is nearer to the data, faster, and obeys conditions.
    """
    rows = space.num_rows if isinstance(space, TableSpace) else 2 * _BATCH
    return Recipe(
        name="table_gan",
        game=TableGanConfig(
            latent_dim=64,
            generator=MlpGeneratorConfig(width=256, depth=2, activation="leaky_relu"),
            discriminator=MlpDiscriminatorConfig(width=256, depth=2),
            adversarial=RelativisticPaired(),
            penalties=(R1(weight=1.0, every=4), R2(weight=1.0, every=4)),
        ),
        optimisation=Optimisation(
            batch_size=max(min(_BATCH, rows // 2), 1),
            total_samples=min(max(_EPOCHS * rows, _LEAST_ROWS), _MOST_ROWS),
            optimizers={"generator": _adam(2e-3), "discriminator": _adam(5e-4)},
            averaging=Averaging(half_life=50_000),
        ),
    )


def _adam(rate: float) -> Adam:
    return Adam(lr=rate, beta1=0.0, beta2=0.99, schedule=Cosine(end=0.1))
