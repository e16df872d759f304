"""Levels of games by a convolutional GAN.

Volz et al., "Evolving Mario levels in the latent space of a deep convolutional generative
adversarial network", GECCO 2018, arXiv:1805.00728: a level is a plane for each tile, and a DCGAN
makes these planes.

We deviate in the duel, which is R3GAN's (arXiv:2501.05441): the relativistic loss with R1 and R2.
And the discriminator sees whole tiles: of each place the tile with the largest logit is taken, and
the softmax is differentiated in its place (Jang, Gu and Poole, "Categorical reparameterization with
Gumbel-softmax", ICLR 2017, arXiv:1611.01144, the straight-through form). So samples and what was
judged are the same. And tiles of which every level has as many, such as one hero or four boxes, are
choices among places and not among tiles.
"""

import torch
from pydantic import PositiveFloat
from torch import Tensor, nn

from zerosum.engine.optimisation import Adam, Averaging, Optimisation
from zerosum.games.base import Inputs
from zerosum.games.two_player import TwoPlayer, TwoPlayerConfig
from zerosum.modalities.levels.space import LevelSpace, require_levels
from zerosum.networks.dcgan import DcganDiscriminatorConfig, DcganGeneratorConfig
from zerosum.objectives.adversarial import RelativisticPaired
from zerosum.objectives.penalties import R1, R2
from zerosum.recipe_registry import Recipe, recipe
from zerosum.schedules import Linear
from zerosum.spaces import Space

_LEVELS_PER_LABEL = 50  # from here on labels are shown


class LevelsConfig(TwoPlayerConfig):
    """Two players of levels as planes of tiles.

    `sharpness` is what the generator's outputs are multiplied by to become logits. For tiles they
    are brought into [-1, 1] first; for places of tiles whose number is fixed they are not, since
    many places would have the same.
    """

    kind = "levels"
    sharpness: PositiveFloat = 6.0

    def build(self, space: Space) -> "Levels":
        """The game for levels of `space`.

        Raises:
            RecipeError: the space holds no levels, or they are smaller than 8 x 8.
        """
        return Levels(self, require_levels(space, network="levels"))


class Levels(TwoPlayer):
    """Levels as planes, of which one is 1 at each place.

    A tile of which every level of the data has as many is put where its output is the largest, so
    every level has that many.
    """

    def __init__(self, config: LevelsConfig, space: LevelSpace) -> None:
        self._images = space.as_images
        super().__init__(config, space)
        self.sharpness = config.sharpness
        self._fixed = {space.tiles.index(tile): count for tile, count in space.fixed}
        self._others = [i for i in range(len(space.tiles)) if i not in self._fixed]

    @property
    def seen_space(self) -> Space:
        """Images with a channel for each tile."""
        return self._images

    def build_generator(self, num_labels: int) -> nn.Module:
        """From latents to planes, in which the largest number of a place is its tile."""
        return self.config.generator.build(self.latent_size, self._images, num_labels=num_labels)

    def make(self, inputs: Inputs) -> Tensor:
        """Planes of 0 and 1, `[B, T, H, W]`, with the gradient of the softmax."""
        raw = self.generator(inputs.z, inputs.y).float()
        logits = self.sharpness * raw.tanh()
        soft = torch.empty_like(logits)
        soft[:, self._others] = logits[:, self._others].softmax(dim=1)
        for tile, count in self._fixed.items():  # softmax over places, not over tiles
            left = self.sharpness * raw[:, tile].flatten(1)  # bounded ones would be alike
            places = left.softmax(dim=1)
            for _ in range(count - 1):
                left = left.scatter(1, left.argmax(dim=1, keepdim=True), -torch.inf)
                places = places + left.softmax(dim=1)
            soft[:, tile] = places.view_as(soft[:, tile])
        return self._hard(raw) + soft - soft.detach()

    def generate(self, inputs: Inputs) -> Tensor:
        """Planes of 0 and 1, `[B, T, H, W]`."""
        return self._hard(self.generator(inputs.z, inputs.y).float())

    def _hard(self, planes: Tensor) -> Tensor:
        """One tile for each place, `[B, T, H, W]`; tiles whose number is fixed are put first."""
        others = planes[:, self._others].argmax(dim=1, keepdim=True)
        codes = torch.tensor(self._others, device=planes.device)[others].flatten(1)
        free = torch.ones_like(codes, dtype=torch.bool)
        for tile, count in self._fixed.items():
            for _ in range(count):
                outputs = planes[:, tile].flatten(1).masked_fill(~free, -torch.inf)
                place = outputs.argmax(dim=1, keepdim=True)
                codes = codes.scatter(1, place, tile)
                free = free.scatter(1, place, False)
        made = torch.zeros_like(planes).flatten(2)
        return made.scatter_(1, codes[:, None], 1.0).view_as(planes)


@recipe(paper="after Volz et al. 2018, arXiv:1805.00728", spaces=("level",))
def levels(space: Space) -> Recipe:
    """Levels of games, tile by tile; `sample` gives those that can be played."""
    found = require_levels(space, network="levels")
    adam = Adam(lr=1e-3, beta1=0.0, beta2=0.99, schedule=Linear(begin=0.5))
    return Recipe(
        name="levels",
        game=LevelsConfig(
            latent_dim=32,
            generator=DcganGeneratorConfig(width=64, max_width=128, output="linear"),
            discriminator=DcganDiscriminatorConfig(width=64, max_width=128, normalisation="none"),
            adversarial=RelativisticPaired(),
            penalties=(R1(weight=0.3, every=4), R2(weight=0.3, every=4)),
            conditional=min(found.label_counts, default=0) >= _LEVELS_PER_LABEL,
        ),
        optimisation=Optimisation(
            batch_size=32,
            total_samples=1_000_000,
            optimizers={"generator": adam, "discriminator": adam},
            averaging=Averaging(half_life=10_000),
        ),
    )
