"""A two-player game whose generator is steered by styles: truncation, mixing, path lengths.

Karras et al. 2020, arXiv:1912.04958; truncation and mixing are from "A Style-Based Generator
Architecture", CVPR 2019, arXiv:1812.04948.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from pydantic import Field, NonNegativeFloat, PositiveInt
from torch import Tensor

from zerosum.errors import RecipeError
from zerosum.games.base import Inputs, Move, StepContext, Terms, slerp
from zerosum.games.controls import ChoiceControl, RangeControl
from zerosum.games.two_player import TwoPlayer, TwoPlayerConfig
from zerosum.networks.style import StyleGenerator
from zerosum.rng import Noise
from zerosum.spaces import Space

_CENTRE_RATE, _LENGTH_RATE = 0.005, 0.01
_EXTRAS = 3
MOST_TRUNCATION = 2.0
"""How far styles may be pushed from their centre, as a multiple of where they are."""


class StyledConfig(TwoPlayerConfig):
    """Two players, of which the generator takes styles.

    Attributes:
        mixing: share of the training's fakes whose fine layers take another latent's style.
        path_weight: weight of the path length penalty; 0 leaves it out.
        path_every: steps between two of its moves, which it weighs for.
    """

    kind = "styled"
    mixing: float = Field(default=0.9, ge=0, le=1)
    path_weight: NonNegativeFloat = 2.0
    path_every: PositiveInt = 8

    def build(self, space: Space) -> "Styled":
        """The game for images of `space`.

        Raises:
            RecipeError: the generator takes no styles.
        """
        return Styled(self, space)


class Styled(TwoPlayer):
    """Plays with styles.

    A row of `Inputs.z` holds `2 * latent_dim + 3` numbers: two latents, the layer from which the
    second counts, the truncation, and the chance that decides the noise.
    """

    config: StyledConfig
    generator: StyleGenerator
    path_length: Tensor

    def __init__(self, config: StyledConfig, space: Space) -> None:
        super().__init__(config, space)
        if not isinstance(self.generator, StyleGenerator):
            raise RecipeError(
                f"game.generator is {config.generator.kind!r}, which takes no styles. Take "
                "style_generator, or a recipe without styles, such as r3gan."
            )
        self.register_buffer("path_length", torch.zeros(()))

    def moves(self) -> Sequence[Move]:
        """Both players, then the generator's path lengths, when they are due."""
        if not self.config.path_weight:
            return super().moves()
        lengths = Move("generator", self.path_loss, every=self.config.path_every)
        return [*super().moves(), lengths]

    @property
    def num_styles(self) -> int:
        """Styles of one image, the coarsest first."""
        return self.generator.num_styles

    def draw_latents(self, n: int, noise: Noise) -> Tensor:
        """Latents of which some are mixed, as the training needs them."""
        layer = 1 + noise.integers(n, 1, high=max(self.num_styles - 1, 1))
        mixed = noise.uniform(n, 1) < self.config.mixing
        layer = torch.where(mixed, layer, self.num_styles).float()
        latents = noise.normal(n, 2 * self.config.latent_dim)
        return torch.cat([latents, layer, torch.ones_like(layer), noise.uniform(n, 1)], dim=1)

    def draw(self, n: int, noise: Noise) -> Inputs:
        """Random latents, none of them mixed."""
        inputs = super().draw(n, noise)
        z = inputs.z.clone()
        z[:, -_EXTRAS] = self.num_styles
        return replace(inputs, z=z)

    def styles(self, inputs: Inputs) -> Tensor:
        """Styles w of every layer, `[B, num_styles, style_dim]`, truncated."""
        return self._joined(inputs, *self._mapped(inputs))

    def generate(self, inputs: Inputs) -> Tensor:
        """Samples in model units."""
        return self.generator.synthesise(self.styles(inputs), inputs.z[:, -1])

    def make(self, inputs: Inputs) -> Tensor:
        """The same; where the discriminator learns from it, the centre of styles follows."""
        own, other = self._mapped(inputs)
        if not torch.is_grad_enabled():
            self.generator.centre.lerp_(own.mean(0), _CENTRE_RATE)
        return self.generator.synthesise(self._joined(inputs, own, other), inputs.z[:, -1])

    def _mapped(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """Styles of both latents, `[B, style_dim]`."""
        dim = self.config.latent_dim
        first, second = inputs.z[:, :dim], inputs.z[:, dim : 2 * dim]
        own, other = (self.generator.map(z, inputs.y).float() for z in (first, second))
        return own, other

    def _joined(self, inputs: Inputs, own: Tensor, other: Tensor) -> Tensor:
        layer, truncation = inputs.z[:, -3, None], inputs.z[:, -2, None, None]
        fine = torch.arange(self.num_styles, device=layer.device) >= layer
        w = torch.where(fine[:, :, None], other[:, None], own[:, None])
        return self.generator.centre.lerp(w, truncation)

    def path_loss(self, context: StepContext) -> Terms:
        """Images should change evenly, wherever and in whichever way styles do (section 3.2)."""
        inputs, _, _ = self.draw_for_generator(context)
        inputs = inputs.rows(0, max(1, inputs.size // 2))
        styles = self.styles(inputs)
        x = self.generator.synthesise(styles, inputs.z[:, -1]).float()
        way = context.noise.normal(inputs.size, *x.shape[1:]) / (x.shape[2] * x.shape[3]) ** 0.5
        (slope,) = torch.autograd.grad((x * way).sum(), styles, create_graph=True)
        length = slope.float().square().sum(2).mean(1).sqrt()
        with torch.no_grad():
            self.path_length.lerp_(length.mean(), _LENGTH_RATE)
        weight = self.config.path_weight * self.config.path_every
        return {"path_length": weight * (length - self.path_length).square().mean()}

    def controls(self) -> Mapping[str, ChoiceControl | RangeControl]:
        """`truncation`, and `label` where the game is conditional."""
        return {**super().controls(), "truncation": RangeControl(0.0, MOST_TRUNCATION)}

    def control(self, inputs: Inputs, name: str, values: Tensor) -> Inputs:
        """Set labels or the truncation."""
        if name != "truncation":
            return super().control(inputs, name, values)
        z = inputs.z.clone()
        z[:, -2] = values.to(z)
        return replace(inputs, z=z)

    def mixed(self, coarse: Inputs, fine: Inputs, layer: int) -> Inputs:
        """Inputs with the styles of `coarse` up to `layer`, and those of `fine` from there."""
        dim = self.config.latent_dim
        z = coarse.z.clone()
        z[:, dim : 2 * dim] = fine.z[:, :dim]
        z[:, -_EXTRAS] = layer
        return replace(coarse, z=z)

    def interpolate(self, a: Inputs, b: Inputs, t: float) -> Inputs:
        """Latents on the great circle from `a` to `b`; all else is that of `a`."""
        dim = self.config.latent_dim
        z = a.z.clone()
        for part in (slice(dim), slice(dim, 2 * dim)):
            z[:, part] = slerp(a.z[:, part], b.z[:, part], t)
        return replace(a, z=z)
