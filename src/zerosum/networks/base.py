"""What a game expects of its networks."""

from torch import nn

from zerosum.config import Config
from zerosum.errors import RecipeError
from zerosum.spaces import ImageSpace, Space


class GeneratorConfig(Config):
    """Describes a network from latents to samples."""

    def build(self, latent_dim: int, space: Space, *, num_labels: int = 0) -> nn.Module:
        """A module whose `forward(z, y)` maps `[B, latent_dim]` to `[B, *space.shape]`.

        `y` is int64 `[B]` where `num_labels` > 0, else None.

        Raises:
            RecipeError: the network cannot make samples of that space.
        """
        raise TypeError(f"{type(self).__name__} must define build()")


class DiscriminatorConfig(Config):
    """Describes a network from samples to numbers."""

    def build(self, space: Space, *, num_outputs: int = 1, num_labels: int = 0) -> nn.Module:
        """A module whose `forward(x, y)` maps `[B, *space.shape]` to `[B, num_outputs]`.

        `y` is int64 `[B]` where `num_labels` > 0, else None.

        Raises:
            RecipeError: the network cannot read samples of that space.
        """
        raise TypeError(f"{type(self).__name__} must define build()")


def require_images(space: Space, *, least: int, network: str) -> ImageSpace:
    """`space`, known to hold pictures of at least `least` pixels a side.

    Raises:
        RecipeError: it does not.
    """
    if not isinstance(space, ImageSpace):
        raise RecipeError(
            f"{network} takes pictures, and the data is of kind {space.kind!r} with shape "
            f"{space.shape}. Take a recipe that lists {space.kind!r} under `zerosum recipes`."
        )
    if min(space.height, space.width) < least:
        raise RecipeError(
            f"{network} needs pictures of at least {least} x {least}; these are "
            f"{space.height} x {space.width}. Enlarge them with --size {least}."
        )
    return space
