"""Sequences of rows: an entity's attributes by a masked network, and its rows one after another.

Germain, Gregor, Murray and Larochelle, "MADE: Masked autoencoder for distribution estimation", ICML
2015, arXiv:1502.03509, for the columns of a row; and a recurrent network for the rows before, as in
Graves, "Generating sequences with recurrent neural networks", 2013, arXiv:1308.0850.

We deviate in that the number of rows, the first day and the last are attributes of an entity, so
that rows know how much is left, and conditions on these hold exactly; so are the numbers of values
that come in bursts. Days become weekdays and places in their month before other columns are made,
and a gap is chosen by the weekday and the place in the month that it leads to.
"""

import torch
from torch import Tensor

from zerosum.engine.optimisation import AdamW, Averaging, Optimisation
from zerosum.games.base import GameConfig, Move, StepContext, Terms
from zerosum.modalities.sequences.ahead import NUM_MARKS
from zerosum.modalities.sequences.game import SequenceGame
from zerosum.modalities.sequences.space import SequenceSpace, require_sequences
from zerosum.modalities.sequences.time_axis import GAP
from zerosum.modalities.tables.codecs import NumberCodec
from zerosum.networks.masked import MaskedNetworkConfig
from zerosum.networks.masked_private import clipped_gradient
from zerosum.networks.recurrent_private import clipped_sequences
from zerosum.networks.recurrent_rows import RecurrentRowsConfig
from zerosum.objectives.private import Private
from zerosum.recipe_registry import Recipe, recipe
from zerosum.schedules import Linear
from zerosum.spaces import Space

_BATCH = 64
_EPOCHS = 20
_LEAST_STEPS = 800
_DECAY = 200
"""Weights decay by this over the root of the rows, as those of `table` do."""


class SequencesConfig(GameConfig):
    """A masked network of attributes, and a recurrent one of rows.

    Attributes:
        entities: makes attributes.
        generator: makes rows.
        private: takes gradients privately, of one entity as a whole; set by `--epsilon`, which
            plans the noise.
    """

    kind = "sequences_game"
    entities: MaskedNetworkConfig = MaskedNetworkConfig(width=256, depth=3)
    generator: RecurrentRowsConfig = RecurrentRowsConfig()
    private: Private | None = None

    def build(self, space: Space) -> "SequencesGame":
        """The game for sequences of `space`.

        Raises:
            RecipeError: the space holds no sequences.
        """
        return SequencesGame(self, require_sequences(space, network="sequences"))


class SequencesGame(SequenceGame):
    """Both networks, and what they learn from."""

    def __init__(self, config: SequencesConfig, space: SequenceSpace) -> None:
        super().__init__()
        self.config, self.space = config, space
        codecs = space.attributes.codecs
        ordered = [i for i, one in enumerate(codecs) if isinstance(one, NumberCodec)]
        self.entities = config.entities.build(space.attributes.sizes, ordered=ordered)
        self.entities.set_marginals([codec.counts for codec in codecs])
        names = [one.name for one in space.columns]
        self.generator = config.generator.build(
            space.attributes.sizes, [one.size for one in space.columns],
            numbers=space.num_numbers, ordered=space.ordered,
            marks=0 if space.axis is None or not space.axis.has_calendar else NUM_MARKS,
            marked=0 if space.axis is None else names.index(GAP),
            hits={names.index(one.name): one.codes for one in space.flags.values()},
        )  # fmt: skip
        self.generator.row.set_marginals([
            (1,) * one.size if one.codec is None else space.rows.codecs[one.codec].counts
            for one in space.columns
        ])  # fmt: skip

    def moves(self) -> list[Move]:
        """Attributes, and then rows, each by likelihood."""
        if self.config.private is None:
            return [Move("entities", self.attributes), Move("generator", self.likelihood)]
        return [
            Move("entities", self.attributes, gradient=self.private_attributes),
            Move("generator", self.likelihood, gradient=self.private_rows),
        ]

    def attributes(self, context: StepContext) -> Terms:
        """Negative log-likelihood of the attributes of a batch, in nats an entity."""
        codes, _ = self.sequences.model_parts(context.next_batch().x)
        return {"attributes": -self.entities.log_prob(codes.floor().long()).sum(1).mean()}

    def likelihood(self, context: StepContext) -> Terms:
        """Negative log-likelihood of the rows of a batch, in nats a row."""
        return {"likelihood": -self._rows(context.next_batch().x).mean()}

    def private_attributes(self, context: StepContext) -> Terms:
        """The gradient of attributes, each entity's clipped, with noise; no term is returned."""
        private = self._private
        codes, _ = self.sequences.model_parts(self._sampled(context))
        clipped_gradient(
            self.entities, codes.floor().long(), clip=private.clip, setting="game.entities.wide"
        )
        private.add_noise(self.entities.masked_parameters(), context.batch_size, context.secret)
        return {}

    def private_rows(self, context: StepContext) -> Terms:
        """The gradient of rows, that of all rows of an entity clipped together, with noise.

        The loss of an entity is that of its rows, in nats; no term is returned.
        """
        private, learned = self._private, self.sequences.learned
        clipped_sequences(
            self.generator, *self._taken(self._sampled(context)), learned=learned, clip=private.clip
        )
        masks = {id(p): mask for p, mask in self.generator.row.masked_parameters()}
        masked = [(one, masks.get(id(one))) for one in self.generator.parameters()]
        private.add_noise(masked, context.batch_size, context.secret)
        return {}

    @property
    def _private(self) -> Private:
        assert self.config.private is not None
        return self.config.private

    def _sampled(self, context: StepContext) -> Tensor:
        """Entities, each with the same probability, in model units `[B, *shape]`."""
        entities = self.sequences.attributes.num_rows
        return context.sampled_batch(min(context.batch_size / entities, 1.0)).x

    def _rows(self, x: Tensor) -> Tensor:
        """Log-probability of each row of sequences `[B, *shape]`, `[T]`."""
        found = self.generator.log_prob(*self._taken(x))
        learned = torch.tensor(self.sequences.learned, device=found.device)
        return found[:, learned].sum(1)

    def _taken(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor | None]:
        """What `RecurrentRows.log_prob` takes of sequences `[B, *shape]`."""
        attributes, rows = self.sequences.model_parts(x)
        codes = rows[..., : len(self.sequences.columns)].floor().long()
        valid = codes[..., 0] >= 0
        deepest = int(valid.sum(1).max()) if len(x) else 0
        codes, rows, valid = codes[:, :deepest], rows[:, :deepest], valid[:, :deepest]
        before = torch.cat([torch.full_like(codes[:, :1], -1), codes[:, :-1]], dim=1)
        numbers = rows[..., len(self.sequences.columns) :]
        marks = self.sequences.marks(before[valid])
        return attributes.floor().long(), codes, numbers, valid, marks


@recipe(
    paper="after Germain et al. 2015, arXiv:1502.03509, and Graves 2013, arXiv:1308.0850",
    spaces=("sequences",),
)
def sequences(space: Space) -> Recipe:
    """Rows of entities one after another, with lengths, gaps and calendars, by likelihood."""
    own = require_sequences(space, network="sequences")
    entities, rows = own.attributes.num_rows, own.rows.num_rows
    batch = min(_BATCH, max(entities // 8, 1))
    return Recipe(
        name="sequences",
        game=SequencesConfig(),
        optimisation=Optimisation(
            batch_size=batch,
            total_samples=max(_EPOCHS * entities, _LEAST_STEPS * batch),
            optimizers={
                "entities": AdamW(
                    lr=3e-3, beta2=0.95, decay=_DECAY / entities**0.5,
                    schedule=Linear(start=1.0, end=0.0),
                ),
                "generator": AdamW(
                    lr=3e-3, beta2=0.98, decay=_DECAY / rows**0.5,
                    schedule=Linear(start=1.0, end=0.0),
                ),
            },
            averaging=Averaging(half_life=34 * batch),
        ),
    )  # fmt: skip
