"""Table rows by a masked network, each column given those before it.

Germain, Gregor, Murray and Larochelle, "MADE: Masked autoencoder for distribution estimation", ICML
2015, arXiv:1502.03509.

With a `target` its classes come first, in just the shares that the data has, and a row of a rare
class counts for more of what the other columns are given it. Weights of rows are in proportion to
the root of how rare their class is: by the inverse itself, common rows suffer.

A table with a column of texts, which `text` names, is learned as `text` learns it: rows by such a
network, and the words of each given its row.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from zerosum.engine.optimisation import AdamW, Averaging, Optimisation
from zerosum.errors import RecipeError, did_you_mean
from zerosum.games.base import GameConfig, Move, StepContext, Terms
from zerosum.modalities.strings.likelihood import TextConfig, text_optimisation
from zerosum.modalities.strings.space import TextSpace
from zerosum.modalities.tables.aligning import realigned, same_codes
from zerosum.modalities.tables.codecs import Codec, NumberCodec
from zerosum.modalities.tables.game import AutoregressiveState, ReorderedRows, RowGame
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
_MOST_CLASSES = 256
_MOST_WEIGHT = 30.0
"""What a row of a very rare class counts at most: with more, single rows are learned by heart."""

_DECAY = 200
"""Weights decay by this over the root of the rows: fewer rows are held nearer to independence."""


class TableConfig(GameConfig):
    """A masked network of table rows.

    Attributes:
        generator: the network.
        private: takes its gradient privately; set by `--epsilon`, which plans the noise.
        target: a column of classes of which some are rare; None for none. It is made first, and
            rows of rare classes count for more. A private training does not weight rows.
    """

    kind = "table_game"
    generator: MaskedNetworkConfig = MaskedNetworkConfig()
    private: Private | None = None
    target: str | None = None

    def build(self, space: Space) -> "TableGame":
        """The game for rows of `space`.

        Raises:
            RecipeError: the space holds no rows, or the target is no column of classes.
        """
        return TableGame(self, require_table(space, network="table"))


class TableGame(RowGame):
    """The masked network, and what it learns from."""

    def __init__(self, config: TableConfig, space: TableSpace) -> None:
        super().__init__()
        self.config, self.space = config, space
        codecs = space.codecs
        first = [] if config.target is None else [_target(space, config.target)]
        self._order = (*first, *(i for i in range(len(codecs)) if i not in first))
        mine = [codecs[i] for i in self._order]
        ordered = [i for i, one in enumerate(mine) if isinstance(one, NumberCodec)]
        self.generator = config.generator.build([one.size for one in mine], ordered=ordered)
        self.generator.set_marginals([codec.counts for codec in mine])
        self._weights = _class_weights(mine[0].counts) if first else None

    @property
    def order(self) -> tuple[int, ...]:
        """The columns as they come, after the target."""
        return self._order

    def rollout(self, n: int, *, dtype: torch.dtype = torch.float32) -> AutoregressiveState:
        """Rows column by column."""
        rows = self.generator.rollout(n, dtype=dtype)
        return rows if self._weights is None else ReorderedRows(rows, self._order)

    def moves(self) -> list[Move]:
        """The generator, by likelihood."""
        private = self.private_gradient if self.config.private is not None else None
        return [Move("generator", self.likelihood, gradient=private)]

    def likelihood(self, context: StepContext) -> Terms:
        """Negative log-likelihood of a batch of rows, in nats a row.

        With a target it is that of all other columns given it, weighted by class: how frequent
        classes are is known.
        """
        x = context.next_batch().x
        if self._weights is None:
            return {"likelihood": -self.log_likelihood(x).mean()}
        codes = self._codes(x)
        given = self.generator.log_prob(codes)[:, 1:].sum(1)
        return {"likelihood": -(self._weights.to(given)[codes[:, 0]] * given).mean()}

    def log_likelihood(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """See `LikelihoodGame`: log-probability of the codes of rows, `[B]`."""
        return self.generator.log_prob(self._codes(x)).sum(1)

    def _codes(self, x: Tensor) -> Tensor:
        """Codes in the network's order of columns, int64 `[B, C]`."""
        codes = x.floor().long()
        return codes if self._weights is None else codes[:, list(self._order)]

    def aligned(self, tensors: dict[str, Tensor], space: Space) -> dict[str, Tensor]:
        """See `Game.aligned`: what was learned of a value is taken for it, whatever its code is.

        How frequent values are by themselves is known of the new rows. Tables of other columns, and
        columns of very many codes, are left as they are.
        """
        if not isinstance(space, TableSpace):
            return tensors
        codes = same_codes(space, self.table)
        names = [one.name for one in space.codecs]
        if codes is None or (self.config.target or names[0]) not in names:
            return tensors
        old = TableGame(self.config, space).generator
        part = "average" if "average.generator.into" in tensors else "game"
        start = f"{part}.generator."
        mine = {name.removeprefix(start): one for name, one in tensors.items()
                if name.startswith(start)}  # fmt: skip
        old = TableGame(self.config, space).generator
        shapes = {name: one.shape for name, one in old.state_dict().items() if name in mine}
        if old.wide or self.generator.wide or shapes != {n: t.shape for n, t in mine.items()}:
            return tensors
        old.load_state_dict(mine, strict=False)
        learned = realigned(self.generator, old, [codes[i] for i in self._order])
        given = {f"{p}.generator.{n}": one for n, one in learned.items() for p in ("game", part)}
        return tensors | given

    def private_gradient(self, context: StepContext) -> Terms:
        """The gradient of the likelihood, each row's clipped, with noise; no term is returned."""
        private = self.config.private
        assert private is not None
        rate = min(context.batch_size / self.table.num_rows, 1.0)
        codes = self._codes(context.sampled_batch(rate).x)
        clipped_gradient(self.generator, codes, clip=private.clip)
        private.add_noise(self.generator.masked_parameters(), context.batch_size, context.secret)
        return {}


def _target(space: TableSpace, name: str) -> int:
    """The coded column that holds the classes of a target.

    Raises:
        RecipeError: no column has that name, or it holds no classes.
    """
    classes = [one.name for one in space.codecs if _holds_classes(one)]
    if name not in classes:
        raise RecipeError(
            f"game.target is {name!r}, which is no column of classes that is coded by itself."
            f"{did_you_mean(name, classes)} Columns of classes: {', '.join(classes) or 'none'}."
        )
    return [one.name for one in space.codecs].index(name)


def _holds_classes(codec: Codec) -> bool:
    """Whether each code is one value: categories, or a few numbers."""
    if isinstance(codec, NumberCodec):
        return all(len(knots) == 1 for knots in codec.knots)
    return codec.size <= _MOST_CLASSES


def _class_weights(counts: Sequence[int]) -> Tensor:
    """What a row of each class counts, `[K]`: the root of how rare it is; 1 on average.

    >>> [round(one, 3) for one in _class_weights((9900, 100)).tolist()]
    [0.918, 9.133]
    """
    rows = torch.tensor(counts, dtype=torch.float32).clamp_min(1)
    weights = rows.rsqrt()
    weights = weights * rows.sum() / (rows * weights).sum()
    return weights.clamp_max(_MOST_WEIGHT)


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
