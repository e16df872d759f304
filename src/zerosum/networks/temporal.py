"""Convolutional players over time, for samples of one axis such as series.

The generator grows from a few places to all of them; beside a latent vector for the whole series it
takes noise for each place, since a series of L places may hold L independent numbers. The
discriminator is its mirror. Both know where in a series they are: a learned number for each place
and channel is added. The discriminator has no normalisation and leaky ReLUs alone, so that R1 and
R2 need no second derivative.
"""

from math import ceil

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu

from zerosum.config import Depth, Size, SizeOrZero
from zerosum.errors import RecipeError
from zerosum.networks.base import DiscriminatorConfig, GeneratorConfig
from zerosum.spaces import Space

_SMALLEST = 8
_KERNEL = 5


class TemporalGeneratorConfig(GeneratorConfig):
    """Residual stages from a few places up; `width` channels at the finest stage.

    Attributes:
        width: channels of the finest stage.
        max_width: channels of the coarsest at most.
        num_blocks: residual blocks of a stage.
        noise_channels: random numbers for each place; the rest of the latents is for the whole
            series. There are none where the latents are too few.
        label_dim: numbers that a label becomes.
    """

    kind = "temporal_generator"
    width: Size = 32
    max_width: Size = 64
    num_blocks: Depth = 1
    noise_channels: SizeOrZero = 0
    label_dim: SizeOrZero = 32

    def build(self, latent_dim: int, space: Space, *, num_labels: int = 0) -> nn.Module:
        """See `GeneratorConfig.build`; samples of one axis."""
        return TemporalGenerator(self, latent_dim, require_series(space, self.kind), num_labels)


class TemporalGenerator(nn.Module):
    """`[B, latent_dim]` to `[B, C, L]`, without a bound on the values."""

    def __init__(
        self, config: TemporalGeneratorConfig, latent_dim: int, space: Space, num_labels: int
    ) -> None:
        super().__init__()
        channels, length = space.shape
        self.sizes, widths = temporal_stages(length, config.width, config.max_width)
        local = config.noise_channels if latent_dim > config.noise_channels * length else 0
        self.local = (local, length)
        self.embed = nn.Embedding(num_labels, config.label_dim) if num_labels else None
        inputs = latent_dim - local * length + (config.label_dim if num_labels else 0)
        self.basis = nn.Linear(inputs, widths[0] * self.sizes[0])
        self.places = nn.ParameterList(
            nn.Parameter(torch.zeros(width, size))
            for width, size in zip(widths, self.sizes, strict=True)
        )
        self.noises = nn.ModuleList(nn.Conv1d(local, width, 1) for width in widths if local)
        self.styles = nn.ModuleList(nn.Linear(inputs, width) for width in widths)
        self.widen = nn.ModuleList(
            nn.Conv1d(before, after, 1) if before != after else nn.Identity()
            for before, after in zip([widths[0], *widths], widths, strict=False)
        )
        self.blocks = nn.ModuleList(
            nn.Sequential(*(TemporalBlock(width) for _ in range(config.num_blocks)))
            for width in widths
        )
        self.to_series = nn.Conv1d(widths[-1], channels, 1)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Series of latents `[B, latent_dim]` and labels `[B]`."""
        local, length = self.local
        z, noise = z.split([z.shape[1] - local * length, local * length], dim=1)
        noise = noise.unflatten(1, self.local) if local else None
        if self.embed is not None:
            z = torch.cat([z, self.embed(y)], dim=1)
        x = self.basis(z).unflatten(1, (-1, self.sizes[0]))
        for i, size in enumerate(self.sizes):
            if i:
                x = interpolate(x, size=size, mode="linear")
            x = self.widen[i](x) + self.places[i] + self.styles[i](z)[:, :, None]
            if noise is not None:
                own = noise if size == length else interpolate(noise, size=size, mode="nearest")
                x = x + self.noises[i](own)
            x = self.blocks[i](x)
        return self.to_series(x)


class TemporalDiscriminatorConfig(DiscriminatorConfig):
    """The generator's mirror; labels enter by projection."""

    kind = "temporal_discriminator"
    width: Size = 32
    max_width: Size = 64
    num_blocks: Depth = 1

    def build(self, space: Space, *, num_outputs: int = 1, num_labels: int = 0) -> nn.Module:
        """See `DiscriminatorConfig.build`; samples of one axis."""
        series = require_series(space, self.kind)
        return TemporalDiscriminator(self, series, num_outputs, num_labels)


class TemporalDiscriminator(nn.Module):
    """`[B, C, L]` to `[B, num_outputs]`."""

    piecewise_linear = True

    def __init__(
        self, config: TemporalDiscriminatorConfig, space: Space, num_outputs: int, num_labels: int
    ) -> None:
        super().__init__()
        channels, length = space.shape
        sizes, widths = temporal_stages(length, config.width, config.max_width)
        self.sizes, widths = sizes[::-1], widths[::-1]
        self.from_series = nn.Conv1d(channels, widths[0], _KERNEL, padding=_KERNEL // 2)
        self.places = nn.ParameterList(
            nn.Parameter(torch.zeros(width, size))
            for width, size in zip(widths, self.sizes, strict=True)
        )
        self.widen = nn.ModuleList(
            nn.Conv1d(before, after, 1) if before != after else nn.Identity()
            for before, after in zip([widths[0], *widths], widths, strict=False)
        )
        self.blocks = nn.ModuleList(
            nn.Sequential(*(TemporalBlock(width) for _ in range(config.num_blocks)))
            for width in widths
        )
        features = widths[-1]
        self.flat = nn.Linear(features * self.sizes[-1], features)
        self.head = nn.Linear(features, num_outputs, bias=False)
        self.embed = nn.Embedding(num_labels, features) if num_labels else None

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Scores of series `[B, C, L]` with labels `[B]`."""
        x = self.from_series(x)
        for i, size in enumerate(self.sizes):
            if i:
                x = _halved(x, size)
            x = self.blocks[i](self.widen[i](x) + self.places[i])
        features = leaky_relu(self.flat(leaky_relu(x, 0.2).flatten(1)), 0.2)
        scores = self.head(features)
        if self.embed is not None:
            scores = scores + (features * self.embed(y)).mean(1, keepdim=True)
        return scores


class TemporalBlock(nn.Module):
    """Two convolutions over time beside the way around them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(width, width, _KERNEL, padding=_KERNEL // 2)
        self.second = nn.Conv1d(width, width, _KERNEL, padding=_KERNEL // 2)
        with torch.no_grad():
            self.second.weight *= 0.1

    def forward(self, x: Tensor) -> Tensor:
        """`x` and a correction."""
        return x + self.second(leaky_relu(self.first(leaky_relu(x, 0.2)), 0.2))


def temporal_stages(length: int, width: int, max_width: int) -> tuple[list[int], list[int]]:
    """Places and widths from the coarsest stage to the finest.

    Places are halved, rounded up, until there are fewer than 8; widths double on the way.

    >>> temporal_stages(24, 32, 100)
    ([6, 12, 24], [100, 64, 32])
    """
    sizes = [length]
    while sizes[-1] >= _SMALLEST:
        sizes.append(ceil(sizes[-1] / 2))
    widths = [min(width * 2**i, max_width) for i in range(len(sizes))]
    return sizes[::-1], widths[::-1]


def require_series(space: Space, network: str) -> Space:
    """`space`, known to have one axis.

    Raises:
        RecipeError: it has not.
    """
    if space.axes != 1:
        raise RecipeError(
            f"{network} takes samples over time, and the data is of kind {space.kind!r} with shape "
            f"{space.shape}. Take a recipe that lists {space.kind!r} under `zerosum recipes`."
        )
    return space


def _halved(x: Tensor, size: int) -> Tensor:
    """Means of two neighbours; of an odd number of places the last by itself."""
    return nn.functional.avg_pool1d(x, 2, ceil_mode=True)[:, :, :size]
