"""Series step by step: each number given all before it.

A recurrent network and mixtures of normal distributions, trained by likelihood, as in Graves,
"Generating sequences with recurrent neural networks", 2013, arXiv:1308.0850.

We deviate in that the network sees scores, in which the facts of the data are taken out (see
`modalities/series/steps.py`), and beside them the levels that these sum up to; in that channels of
a step are made one after another, so that they depend on each other; and in that a value that the
data has often is learned as a range of scores, so that no density grows without bound.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from zerosum.engine.optimisation import AdamW, Averaging, Optimisation
from zerosum.errors import RecipeError
from zerosum.games.base import Game, GameConfig, Inputs, Move, StepContext, Terms
from zerosum.games.controls import ChoiceControl, RangeControl, label_controls
from zerosum.modalities.series.space import SeriesSpace, require_series
from zerosum.networks.causal import CausalNetworkConfig
from zerosum.recipe_registry import Recipe, recipe
from zerosum.rng import Noise
from zerosum.schedules import Linear
from zerosum.spaces import Space

_SERIES_PER_LABEL = 20  # from here on labels are shown


class SeriesConfig(GameConfig):
    """A causal network of series; with `conditional`, it is told the label."""

    kind = "series_game"
    generator: CausalNetworkConfig = CausalNetworkConfig()
    conditional: bool = False

    def build(self, space: Space) -> "SeriesGame":
        """The game for series of `space`.

        Raises:
            RecipeError: the space holds no series, or no labels where the game is conditional.
        """
        series = require_series(space, network="series")
        if self.conditional and not series.labels:
            raise RecipeError(f"game.conditional=true: {series.missing('labels')}")
        return SeriesGame(self, series)


class SeriesGame(Game):
    """The causal network, and what it learns from."""

    no_graph = (
        "series are made step by step, each number drawn before the next: that is a program and no "
        "graph of one network."
    )
    label_weights: Tensor

    def __init__(self, config: SeriesConfig, space: SeriesSpace) -> None:
        super().__init__()
        self.config, self.space, self.series = config, space, space
        self.generator = config.generator.build(
            len(space.coded), space.length, extras=2 * len(space.summed),
            num_labels=space.num_labels if config.conditional else 0,
        )  # fmt: skip
        self.register_buffer("label_weights", torch.tensor(space.label_counts, dtype=torch.float))

    def moves(self) -> Sequence[Move]:
        """The generator, by likelihood."""
        return [Move("generator", self.likelihood)]

    def likelihood(self, context: StepContext) -> Terms:
        """Negative log-likelihood of a batch of series, in nats a number."""
        batch = context.next_batch()
        found = self._log_prob(batch.x, batch.y, context.noise.uniform(*batch.x.shape))
        return {"likelihood": -found.mean()}

    def log_likelihood(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """See `LikelihoodGame`: log density of series, `[B]`.

        Values that the data has often stand for a range of scores; one of these is drawn for each,
        the same for each place of a batch.
        """
        chance = Noise(0).uniform(*x.shape).to(x.device)
        return self._log_prob(x, y, chance).flatten(1).sum(1)

    def _log_prob(self, x: Tensor, y: Tensor | None, chance: Tensor) -> Tensor:
        """Log density of each number of series, `[B, L, C]`; `chance` is as for `widened`."""
        target = self.series.widened(x, chance)
        own = y if self.config.conditional else None
        return self.generator.log_prob(x, self._extras(x), own, target)

    def draw(self, n: int, noise: Noise) -> Inputs:
        """Two normal numbers for each number of a series; labels as frequent as in the data."""
        z = noise.normal(n, 2 * self.series.size)
        return Inputs(z, noise.choice(n, self.label_weights) if self.config.conditional else None)

    def generate(self, inputs: Inputs) -> Tensor:
        """Scores `[B, C, L]`, step by step."""
        channels, length = self.series.shape
        chance, normal = inputs.z.unflatten(1, (2, length, channels)).unbind(1)
        choice = torch.special.ndtr(chance)
        rollout = self.generator.rollout(inputs.size, inputs.y)
        x = inputs.z.new_zeros(inputs.size, channels, length)
        scores = self.series.scores

        def snap(channel: int, place: int, numbers: Tensor) -> Tensor:
            return scores[channel].snapped_at(place, numbers)

        for place in range(length):
            step = rollout.draw(place, choice[:, place], normal[:, place], snap)
            x[:, :, place] = step
            extras = self._extras(x[:, :, : place + 1])[:, :, place]
            rollout.take(torch.cat([step, extras], dim=1))
        return x

    def controls(self) -> Mapping[str, ChoiceControl | RangeControl]:
        """`label`, if the game is conditional."""
        return label_controls(self.space) if self.config.conditional else {}

    def control(self, inputs: Inputs, name: str, values: Tensor) -> Inputs:
        """Inputs with labels `values`, int64 `[B]`."""
        return Inputs(inputs.z, values)

    def _extras(self, x: Tensor) -> Tensor:
        """Levels and paths of what is modelled by increments, `[B, 2S, L]`."""
        if not self.series.summed:
            return x[:, :0]
        return torch.cat([self.series.levels(x), self.series.paths(x)], dim=1)


@recipe(paper="after Graves 2013, arXiv:1308.0850", spaces=("series",))
def series(space: Space) -> Recipe:
    """Series step by step from a recurrent network that is trained by likelihood.

    On labelled series it is told the label, where each has 20 series or more.
    """
    return Recipe(
        name="series",
        game=SeriesConfig(conditional=min(space.label_counts, default=0) >= _SERIES_PER_LABEL),
        optimisation=Optimisation(
            batch_size=64,
            total_samples=150_000,
            optimizers={
                "generator": AdamW(
                    lr=3e-3, beta2=0.98, decay=0.05, schedule=Linear(start=1.0, end=0.0)
                )
            },
            averaging=Averaging(half_life=5_000),
        ),
    )
