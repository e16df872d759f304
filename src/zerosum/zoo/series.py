"""Series step by step: each number given all before it.

A recurrent network and mixtures of normal distributions, trained by likelihood, as in Graves,
"Generating sequences with recurrent neural networks", 2013, arXiv:1308.0850.

We deviate in that the network sees scores, in which the facts of the data are taken out (see
`modalities/series/steps.py`), and beside them the levels that these sum up to; in that channels of
a step are made one after another, so that they depend on each other; and in that a value that the
data has often is learned as a range of scores, so that no density grows without bound.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from zerosum.engine.optimisation import AdamW, Averaging, Optimisation
from zerosum.errors import RecipeError
from zerosum.games.base import GameConfig, Inputs, Move, StepContext, Terms
from zerosum.modalities.series.game import AttributedSeries
from zerosum.modalities.series.space import SeriesSpace, require_series
from zerosum.modalities.tables.codecs import NumberCodec
from zerosum.networks.causal import CausalNetworkConfig
from zerosum.networks.masked import MaskedNetworkConfig
from zerosum.recipe_registry import Recipe, recipe
from zerosum.rng import Noise
from zerosum.schedules import Linear
from zerosum.spaces import Space

_SERIES_PER_LABEL = 20  # from here on labels are shown
_DECAY = 200
"""Weights of attributes decay by this over the root of the series, as those of `table` do."""


class SeriesConfig(GameConfig):
    """A causal network of series, and a masked one of attributes, where there are any.

    With `conditional` the former is told the label; attributes it is always told.
    """

    kind = "series_game"
    generator: CausalNetworkConfig = CausalNetworkConfig()
    attributes: MaskedNetworkConfig = MaskedNetworkConfig(width=128, depth=2)
    conditional: bool = False

    def build(self, space: Space) -> "SeriesGame":
        """The game for series of `space`.

        Raises:
            RecipeError: the space holds no series, or no labels where the game is conditional.
        """
        series = require_series(space, network="series", attributes=True)
        if self.conditional and not series.labels:
            raise RecipeError(f"game.conditional=true: {series.missing('labels')}")
        return SeriesGame(self, series)


class SeriesGame(AttributedSeries):
    """The networks, and what they learn from."""

    made_in_parts = True
    no_graph = (
        "series are made step by step, each number drawn before the next: that is a program and no "
        "graph of one network."
    )
    label_weights: Tensor

    def __init__(self, config: SeriesConfig, space: SeriesSpace) -> None:
        super().__init__()
        self.config, self.space = config, space
        table = space.attributes
        self.told = config.conditional and table is None
        self.generator = config.generator.build(
            len(space.coded), space.length, extras=2 * len(space.summed),
            num_labels=space.num_labels if self.told else 0,
            attributes=() if table is None else table.sizes,
        )  # fmt: skip
        self.register_buffer("label_weights", torch.tensor(space.label_counts, dtype=torch.float))
        self.attributes = None
        if table is not None:
            ordered = [i for i, one in enumerate(table.codecs) if isinstance(one, NumberCodec)]
            self.attributes = config.attributes.build(table.sizes, ordered=ordered)
            self.attributes.set_marginals([codec.counts for codec in table.codecs])
            self.averaged = (*self.averaged, "attributes")  # pyright: ignore[reportAttributeAccessIssue]

    def moves(self) -> Sequence[Move]:
        """The generator, and the network of attributes, by likelihood."""
        more = [] if self.attributes is None else [Move("attributes", self.attribute_likelihood)]
        return [Move("generator", self.likelihood), *more]

    def likelihood(self, context: StepContext) -> Terms:
        """Negative log-likelihood of a batch of series, in nats a number."""
        batch = context.next_batch()
        scores, given = self._split(batch.x, batch.y)
        found = self._log_prob(scores, given, context.noise.uniform(*scores.shape))
        counted = self.series.counted(scores)
        return {"likelihood": -(found.mean() if counted is None else found.sum() / counted.sum())}

    def attribute_likelihood(self, context: StepContext) -> Terms:
        """Negative log-likelihood of the attributes of a batch, in nats a series."""
        assert self.attributes is not None
        codes = self.series.model_parts(context.next_batch().x)[1].floor().long()
        return {"attributes": -self.attributes.log_prob(codes).sum(1).mean()}

    def log_likelihood(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """See `LikelihoodGame`: log density of series, `[B]`, given labels or attributes.

        Values that the data has often stand for a range of scores; one of these is drawn for each,
        the same for each place of a batch.
        """
        scores, given = self._split(x, y)
        chance = Noise(0).uniform(*scores.shape).to(x.device)
        return self._log_prob(scores, given, chance).flatten(1).sum(1)

    def generate(self, inputs: Inputs) -> Tensor:
        """Scores and attributes, `[B, *shape]`, step by step."""
        codes, z = self.attributes_of(inputs)
        channels, length = len(self.series.coded), self.series.length
        chance, normal = z.unflatten(1, (2, length, channels)).unbind(1)
        choice = torch.special.ndtr(chance)
        given = inputs.y if self.told else None if codes is None else codes.floor().long()
        rollout = self.generator.rollout(inputs.size, given)
        x = z.new_zeros(inputs.size, channels, length)
        scores = self.series.scores

        def snap(channel: int, place: int, numbers: Tensor) -> Tensor:
            return scores[channel].snapped_at(place, numbers)

        for place in range(length):
            step = rollout.draw(place, choice[:, place], normal[:, place], snap)
            x[:, :, place] = step
            extras = self._extras(x[:, :, : place + 1])[:, :, place]
            rollout.take(torch.cat([step, extras], dim=1))
        return x if codes is None else self.series.model_joined(x, codes)

    def _split(self, x: Tensor, y: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Scores `[B, C, L]`, and what the generator knows of each series."""
        scores, codes = self.series.model_parts(x)
        if self.series.attributes is not None:
            return scores, codes.floor().long()
        return scores, y if self.told else None

    def _log_prob(self, x: Tensor, given: Tensor | None, chance: Tensor) -> Tensor:
        """Log density of each number of series, `[B, L, C]`; `chance` is as for `widened`.

        It is 0 after the end of a series.
        """
        target = self.series.widened(x, chance)
        found = self.generator.log_prob(x, self._extras(x), given, target)
        counted = self.series.counted(x)
        return found if counted is None else found * counted.transpose(1, 2)

    def _extras(self, x: Tensor) -> Tensor:
        """Levels and paths of what is modelled by increments, `[B, 2S, L]`."""
        if not self.series.summed:
            return x[:, :0]
        return torch.cat([self.series.levels(x), self.series.paths(x)], dim=1)


@recipe(paper="after Graves 2013, arXiv:1308.0850", spaces=("series",))
def series(space: Space) -> Recipe:
    """Series step by step from a recurrent network that is trained by likelihood.

    On labelled series it is told the label, where each has 20 series or more; attributes are made
    by a masked network, and it is told these.
    """
    own = require_series(space, network="series", attributes=True)
    rates = AdamW(lr=3e-3, beta2=0.98, decay=0.05, schedule=Linear(start=1.0, end=0.0))
    table = own.attributes
    more = {} if table is None else {
        "attributes": rates.model_copy(update={"decay": _DECAY / table.num_rows**0.5})
    }  # fmt: skip
    return Recipe(
        name="series",
        game=SeriesConfig(conditional=min(space.label_counts, default=0) >= _SERIES_PER_LABEL),
        optimisation=Optimisation(
            batch_size=64,
            total_samples=150_000,
            optimizers={"generator": rates, **more},
            averaging=Averaging(half_life=5_000),
        ),
    )
