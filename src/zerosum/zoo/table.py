"""Table rows by a masked network, each column given those before it.

Germain, Gregor, Murray and Larochelle, "MADE: Masked autoencoder for distribution estimation", ICML
2015, arXiv:1502.03509.

A table with a column of texts, which `text` names, is learned as `text` learns it: rows by such a
network, and the words of each given its row.
"""

import torch
from torch import Tensor

from zerosum.engine.optimisation import AdamW, Averaging, Optimisation
from zerosum.games.base import GameConfig, Move, StepContext, Terms
from zerosum.modalities.strings.likelihood import TextConfig, text_optimisation
from zerosum.modalities.strings.space import TextSpace
from zerosum.modalities.tables.codecs import NumberCodec
from zerosum.modalities.tables.game import AutoregressiveState, RowGame
from zerosum.modalities.tables.space import TableSpace, require_table
from zerosum.networks.masked import MaskedNetworkConfig
from zerosum.networks.masked_private import clipped_gradient
from zerosum.objectives.private import Private
from zerosum.recipe_registry import Recipe, recipe
from zerosum.schedules import Linear
from zerosum.spaces import Space

_BATCH = 512
_EPOCHS = 10
_LEAST_STEPS = 800
_DECAY = 200
"""Weights decay by this over the root of the rows: fewer rows are held nearer to independence."""


class TableConfig(GameConfig):
    """A masked network of table rows.

    `private` takes its gradient privately; set by `--epsilon`, which plans the noise.
    """

    kind = "table_game"
    generator: MaskedNetworkConfig = MaskedNetworkConfig()
    private: Private | None = None

    def build(self, space: Space) -> "TableGame":
        """The game for rows of `space`.

        Raises:
            RecipeError: the space holds no rows.
        """
        return TableGame(self, require_table(space, network="table"))


class TableGame(RowGame):
    """The masked network, and what it learns from."""

    def __init__(self, config: TableConfig, space: TableSpace) -> None:
        super().__init__()
        self.config, self.space = config, space
        ordered = [i for i, one in enumerate(space.codecs) if isinstance(one, NumberCodec)]
        self.generator = config.generator.build(space.sizes, ordered=ordered)
        self.generator.set_marginals([codec.counts for codec in space.codecs])

    @property
    def order(self) -> tuple[int, ...]:
        """The columns as they come."""
        return tuple(range(len(self.table.codecs)))

    def rollout(self, n: int, *, dtype: torch.dtype = torch.float32) -> AutoregressiveState:
        """Rows column by column."""
        return self.generator.rollout(n, dtype=dtype)

    def moves(self) -> list[Move]:
        """The generator, by likelihood."""
        private = self.private_gradient if self.config.private is not None else None
        return [Move("generator", self.likelihood, gradient=private)]

    def likelihood(self, context: StepContext) -> Terms:
        """Negative log-likelihood of a batch of rows, in nats a row."""
        return {"likelihood": -self.log_likelihood(context.next_batch().x).mean()}

    def log_likelihood(self, x: Tensor) -> Tensor:
        """See `LikelihoodGame`: log-probability of the codes of rows, `[B]`."""
        return self.generator.log_prob(x.floor().long()).sum(1)

    def private_gradient(self, context: StepContext) -> Terms:
        """The gradient of the likelihood, each row's clipped, with noise; no term is returned."""
        private = self.config.private
        assert private is not None
        rate = min(context.batch_size / self.table.num_rows, 1.0)
        codes = context.sampled_batch(rate).x.floor().long()
        clipped_gradient(self.generator, codes, clip=private.clip)
        private.add_noise(self.generator.masked_parameters(), context.batch_size, context.secret)
        return {}


@recipe(paper="after Germain et al. 2015, arXiv:1502.03509", spaces=("table", "string"))
def table(space: Space) -> Recipe:
    """Rows of any table, exactly as conditions ask, from a masked network."""
    if isinstance(space, TextSpace):
        game, learned = TextConfig(), text_optimisation(space.attributes.num_rows)
        return Recipe(name="table", game=game, optimisation=learned)
    rows = require_table(space, network="table").num_rows
    batch = min(_BATCH, max(rows // 8, 1))
    return Recipe(
        name="table",
        game=TableConfig(),
        optimisation=Optimisation(
            batch_size=batch,
            total_samples=max(_EPOCHS * rows, _LEAST_STEPS * batch),
            optimizers={
                "generator": AdamW(
                    lr=3e-3,
                    beta2=0.95,
                    decay=_DECAY / rows**0.5,
                    schedule=Linear(start=1.0, end=0.0),
                )
            },
            averaging=Averaging(half_life=34 * batch),
        ),
    )
