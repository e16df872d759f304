"""A two-player game of textures: any size out, and a critic that judges patches."""

from torch import Tensor

from zerosum.config import Size
from zerosum.errors import RecipeError
from zerosum.games.base import Inputs
from zerosum.games.two_player import TwoPlayer, TwoPlayerConfig
from zerosum.modalities.images.texture_space import TextureSpace
from zerosum.modalities.images.torus import MARGIN, TorusGenerator, require_texture
from zerosum.networks.patch import PatchDiscriminator
from zerosum.rng import Noise
from zerosum.spaces import Space


class TextureConfig(TwoPlayerConfig):
    """A generator of textures of any size, and a critic of patches.

    Attributes:
        latent_dim: numbers of noise at each place of the lattice.
    """

    kind = "texture_game"
    latent_dim: Size = 16

    def build(self, space: Space) -> "TextureGame":
        """The game for textures of `space`.

        Raises:
            RecipeError: the space holds no textures, or the networks make or judge none.
        """
        return TextureGame(self, require_texture(space))


class TextureGame(TwoPlayer):
    """While training, fakes are patches that go on beyond their edges, as crops do.

    Samples are textures on a torus, of the same weights.
    """

    config: TextureConfig
    space: TextureSpace
    generator: TorusGenerator
    discriminator: PatchDiscriminator

    def __init__(self, config: TextureConfig, space: TextureSpace) -> None:
        super().__init__(config, space)
        if not isinstance(self.generator, TorusGenerator):
            raise RecipeError(
                f"game.generator is {config.generator.kind!r}, which makes images of one size. "
                "Take torus_generator."
            )
        if not isinstance(self.discriminator, PatchDiscriminator):
            raise RecipeError(
                f"game.discriminator is {config.discriminator.kind!r}, which judges no patches. "
                "Take patch_discriminator."
            )

    def sized(self, height: int, width: int) -> "TextureGame":
        """This game with samples of another size; the weights are shared."""
        made = object.__new__(type(self))
        made.__dict__ = self.__dict__ | {"space": self.space.sized(height, width)}
        return made

    def draw(self, n: int, noise: Noise) -> Inputs:
        """Random latents of textures; labels as frequent as in the data."""
        z = noise.normal(n, self.generator.latent_size(self._size))
        return Inputs(z, noise.choice(n, self.label_weights) if self.config.conditional else None)

    def draw_latents(self, n: int, noise: Noise) -> Tensor:
        """Standard normal latents of patches, `[n, L]`, which training makes."""
        return noise.normal(n, self.generator.latent_size(self._size, margin=MARGIN))

    def make(self, inputs: Inputs) -> Tensor:
        """Patches `[B, C, H, W]` in [-1, 1]."""
        return self.generator.patch(inputs.z, inputs.y, self._size)

    def generate(self, inputs: Inputs) -> Tensor:
        """Textures `[B, C, H, W]` in [-1, 1] that can be tiled."""
        return self.generator(inputs.z, inputs.y, self._size)

    def outputs(self, x: Tensor, y: Tensor | None) -> Tensor:
        """The logit of every patch, `[B * patches, 1]`."""
        return self.discriminator.patches(x, y).float().reshape(-1, 1)

    def score(self, x: Tensor, y: Tensor | None) -> Tensor:
        """Logits `[B]` of textures `[B, C, H, W]`: means over their patches."""
        return self.discriminator(x, y).float()[:, 0]

    @property
    def _size(self) -> tuple[int, int]:
        return self.space.height, self.space.width
