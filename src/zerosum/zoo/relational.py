"""Databases row by row: each row given those above it, and those before it of the same parent.

A masked network for each table (Germain, Gregor, Murray and Larochelle, "MADE: Masked autoencoder
for distribution estimation", ICML 2015, arXiv:1502.03509). That children are made given their
parents, table by table, is the idea of Patki, Wedge and Veeramachaneni, "The synthetic data vault",
DSAA 2016.

We deviate from the latter in that a row is given the rows above it themselves, of all levels, and
what the rows before it hold, where the vault fits a copula to parameters of each family; and in
that the number of rows that hang below a row is one of its columns.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from zerosum.engine.optimisation import AdamW, Averaging, Optimisation
from zerosum.games.base import GameConfig, Move, StepContext, Terms
from zerosum.modalities.relational.game import UnitGame, table_players
from zerosum.modalities.relational.network import RowsNetwork, RowsNetworkConfig
from zerosum.modalities.relational.network_private import RowsBelow, clipped_units
from zerosum.modalities.relational.space import HEADER, RelationalSpace, require_relational
from zerosum.objectives.private import Private
from zerosum.recipe_registry import Recipe, recipe
from zerosum.schedules import Linear
from zerosum.spaces import Batch, Space

_DECAY = 200
"""Weights decay by this over the root of the rows: fewer rows are held nearer to independence."""


class RelationalConfig(GameConfig):
    """A network of rows for each table.

    Attributes:
        generator: describes the networks.
        private: takes gradients privately, of one unit as a whole; set by `--epsilon`, which plans
            the noise.
    """

    kind = "relational_game"
    generator: RowsNetworkConfig = RowsNetworkConfig()
    private: Private | None = None

    def build(self, space: Space) -> "RelationalGame":
        """The game for units of `space`.

        Raises:
            RecipeError: the space holds no database.
        """
        return RelationalGame(self, require_relational(space, network="relational"))


class RelationalGame(UnitGame):
    """The networks, each a player, and what they learn from."""

    def __init__(self, config: RelationalConfig, space: RelationalSpace) -> None:
        super().__init__()
        self.config, self.space = config, space
        sides = {side.name: side for side in space.sides}
        for player, side in zip(table_players(space), space.sides, strict=True):
            above, to = [], space.parents.get(side.name)
            while to is not None:
                above.append(sides[to])
                to = space.parents.get(to)
            self.add_module(player, config.generator.build(side, above))
        self.averaged = tuple(table_players(space))  # pyright: ignore[reportAttributeAccessIssue]

    @property
    def networks(self) -> Mapping[str, RowsNetwork]:
        """The network of each table, by its name."""
        found = {}
        for player, side in zip(table_players(self.units), self.units.sides, strict=True):
            network = self.get_submodule(player)
            assert isinstance(network, RowsNetwork)
            found[side.name] = network
        return found

    def moves(self) -> list[Move]:
        """Each network, by likelihood."""
        found = []
        for player, side in zip(table_players(self.units), self.units.sides, strict=True):
            learned = _Likelihood(self, side.name)
            private = None if self.config.private is None else learned.private
            found.append(Move(player, learned, gradient=private))
        return found


class _Likelihood:
    """Negative log-likelihood of a batch of rows of one table, in nats a row."""

    def __init__(self, game: RelationalGame, name: str) -> None:
        self._game, self._name = game, name

    def __call__(self, context: StepContext) -> Terms:
        network = self._game.networks[self._name]
        rows, above = self._above(context.next_batch())
        mine = rows[self._name]
        codes = mine[:, HEADER:].long()
        if not len(mine):  # none of these units has such rows
            return {"likelihood": torch.stack([p.sum() for p in network.parameters()]).sum() * 0}
        if not network.above:
            return {"likelihood": -network.network.log_prob(codes).sum(1).mean()}
        said = network.said_above([rows[one][:, HEADER:].long() for one in network.above], above)
        found = network.log_prob(codes, said, mine[:, 2].long(), mine[:, 3].long())
        return {"likelihood": -found.sum(1).mean()}

    def private(self, context: StepContext) -> Terms:
        """The gradient, that of all rows of a unit clipped together, with noise.

        The loss of a unit is that of its rows of the table, in nats; no term is returned.
        """
        game, network = self._game, self._game.networks[self._name]
        private = game.config.private
        assert private is not None
        rate = min(context.batch_size / game.units.num_rows, 1.0)
        rows, above = self._above(context.sampled_batch(rate))
        mine = rows[self._name].long()
        codes = [
            rows[name][at, HEADER:].long() for name, at in zip(network.above, above, strict=True)
        ]
        below = RowsBelow(mine[:, HEADER:], tuple(codes), *mine[:, 2:HEADER].unbind(1))
        clipped_units(network, below, clip=private.clip)
        masks = {id(p): mask for p, mask in network.network.masked_parameters()}
        masked = [(one, masks.get(id(one))) for one in network.parameters()]
        private.add_noise(masked, context.batch_size, context.secret)
        return {}

    def _above(self, batch: Batch) -> tuple[dict[str, Tensor], list[Tensor]]:
        """Rows of all tables of a batch, and for each table above which of its rows are above."""
        assert batch.parts is not None
        rows = self._game.units.split(batch.parts)
        above, at = [], rows[self._name][:, 1].long()
        for one in self._game.networks[self._name].above:
            above.append(at)
            up = rows[one][:, 1].long()
            at = torch.where(at >= 0, up[at.clamp_min(0)], -1) if len(up) else at
        return rows, above


@recipe(
    paper="after Germain et al. 2015, arXiv:1502.03509, and Patki et al. 2016",
    spaces=("relational",),
)
def relational(space: Space) -> Recipe:
    """Whole databases, every key of which leads somewhere, from a masked network for each table."""
    units = require_relational(space, network="relational")
    batch = max(units.units_of_a_step.values())
    return Recipe(
        name="relational",
        game=RelationalConfig(),
        optimisation=Optimisation(
            batch_size=batch,
            total_samples=units.steps * batch,
            optimizers={
                player: AdamW(
                    lr=3e-3,
                    beta2=0.95,
                    decay=_DECAY / side.rows.num_rows**0.5,
                    schedule=Linear(start=1.0, end=0.0),
                )
                for player, side in zip(table_players(units), units.sides, strict=True)
            },
            averaging=Averaging(half_life=34 * batch),
        ),
    )
