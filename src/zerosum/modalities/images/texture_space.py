"""What a texture is: an image that goes on in every direction, of which crops are seen."""

from pydantic import Field
from torch import Tensor

from zerosum.rng import Noise
from zerosum.spaces import ImageSpace

MOST_WAVES = 32


class TextureSpace(ImageSpace):
    """Textures: stored and seen by networks as images are; `height` and `width` are of a crop.

    Attributes:
        waves: directions in which pictures of the data repeat: cycles for each pixel downwards and
            to the right.

    >>> TextureSpace(channels=3, height=64, width=64).sized(512, 256).shape
    (3, 512, 256)
    """

    kind = "texture"
    unit = "textures"
    waves: tuple[tuple[float, float], ...] = Field(default=(), max_length=MOST_WAVES)

    def sized(self, height: int, width: int) -> "TextureSpace":
        """The same textures at another size."""
        return self.model_copy(update={"height": height, "width": width})

    def independent(self, real: Tensor, n: int, noise: Noise) -> Tensor:
        """uint8 `[n, C, H, W]`: each pixel from any place of the reals, so that colours are right.

        Args:
            real: compact samples `[M, C, H, W]`.
            n: how many to make.
            noise: where randomness comes from.
        """
        pixels = real.permute(1, 0, 2, 3).flatten(1)
        places = noise.integers(n, *real.shape[2:], high=pixels.shape[1])
        return pixels[:, places].transpose(0, 1).contiguous()
