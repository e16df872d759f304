"""What a game expects of its networks."""

from torch import Tensor, nn

from zerosum.config import Config
from zerosum.errors import RecipeError
from zerosum.spaces import ImageSpace, Space


class GeneratorConfig(Config):
    """Describes a network from latents to samples."""

    def build(self, latent_dim: int, space: Space, *, num_labels: int = 0) -> nn.Module:
        """A module whose `forward(z, y)` maps `[B, latent_dim]` to `[B, *space.shape]`.

        `y` is int64 `[B]` if `num_labels` > 0, else None.

        Raises:
            RecipeError: the network cannot make samples of that space.
        """
        raise TypeError(f"{type(self).__name__} must define build()")


class DiscriminatorConfig(Config):
    """Describes a network from samples to numbers."""

    def build(self, space: Space, *, num_outputs: int = 1, num_labels: int = 0) -> nn.Module:
        """A module whose `forward(x, y)` maps `[B, *space.shape]` to `[B, num_outputs]`.

        `y` is int64 `[B]` if `num_labels` > 0, else None. A module with a true attribute
        `piecewise_linear` says that it judges each sample by itself and bends in ReLUs alone, so
        that R1 and R2 need no second derivative (`objectives.piecewise`).

        Raises:
            RecipeError: the network cannot read samples of that space.
        """
        raise TypeError(f"{type(self).__name__} must define build()")


def adopt(saved: Tensor, new: Tensor) -> Tensor | None:
    """What a tensor of a changed network takes from the one saved before: values like `new`.

    A first layer that now reads m samples where it read one, `[out, m * in, ...]` for
    `[out, in, ...]`, gets its weights m times, divided by m: it starts with the mean of what it
    said of each sample. That is meant for weights; an optimizer's state of a layer that has grown
    starts afresh.

    Returns:
        `saved` if the shapes agree; grown weights; or None if `new` has to stay as it is.

    >>> import torch
    >>> adopt(torch.tensor([[2.0, 6.0]]), torch.zeros(1, 4))
    tensor([[1., 3., 1., 3.]])
    """
    if saved.shape == new.shape:
        return saved
    if saved.ndim != new.ndim or saved.ndim < 2 or not saved.shape[1]:
        return None
    times, rest = divmod(new.shape[1], saved.shape[1])
    apart = [a != b for i, (a, b) in enumerate(zip(saved.shape, new.shape, strict=True)) if i != 1]
    if rest or not times or any(apart):
        return None
    repeats = [1, times, *[1] * (saved.ndim - 2)]
    return saved.repeat(repeats) / times


def require_images(space: Space, *, least: int, network: str) -> ImageSpace:
    """`space`, known to hold images of at least `least` pixels a side.

    Raises:
        RecipeError: it does not.
    """
    if not isinstance(space, ImageSpace):
        raise RecipeError(
            f"{network} takes images, and the data is of kind {space.kind!r} with shape "
            f"{space.shape}. Take a recipe that lists {space.kind!r} under `zerosum recipes`."
        )
    if min(space.height, space.width) < least:
        raise RecipeError(
            f"{network} needs images of at least {least} x {least}; these are "
            f"{space.height} x {space.width}. Enlarge them with --size {least}."
        )
    return space
