"""What games expect of networks from images to images, and what such networks share."""

from typing import Literal

import torch
from torch import Tensor, nn

from zerosum.config import Config
from zerosum.rng import Noise
from zerosum.spaces import ImageSpace

Normalisation = Literal["none", "batch", "instance"]
"""`batch` uses running averages once trained, so that a tile is translated as the whole is;
`instance` takes each image's, or tile's, own mean and deviation."""


class TranslatorConfig(Config):
    """Describes a network from images to images."""

    def build(self, source: ImageSpace, target: ImageSpace, *, factor: int = 1) -> "Translator":
        """A network that makes images like `target` from images like `source`.

        `factor` is how many times larger the sides of what is made are.

        Raises:
            RecipeError: the network cannot take or make such images.
        """
        raise TypeError(f"{type(self).__name__} must define build()")


class Translator(nn.Module):
    """`[B, C, H, W]` to `[B, C', factor * H, factor * W]`, of any size; values are not bounded.

    `forward(x, noise)` draws what is random from `noise`; without noise nothing is random.

    Attributes:
        stride: how many pixels of the source share a place at the coarsest level.
    """

    stride: int

    def forward(self, x: Tensor, noise: Noise | None = None) -> Tensor:
        """Translated images `[B, C', factor * H, factor * W]` of images `[B, C, H, W]`."""
        raise TypeError(f"{type(self).__name__} must define forward()")


def normalise(kind: Normalisation, channels: int, *, running: bool = True) -> list[nn.Module]:
    """The layer that normalises `channels` channels, in a list; an empty one for `none`.

    `running` keeps averages for sampling; a network that is always in training needs no averages.
    """
    if kind == "batch":
        return [nn.BatchNorm2d(channels, track_running_stats=running)]
    return [nn.InstanceNorm2d(channels)] if kind == "instance" else []


def drop(x: Tensor, rate: float, noise: Noise | None) -> Tensor:
    """Each number of `x` `[...]` set to 0 with probability `rate`, others divided by 1 - rate.

    Without `noise` nothing is dropped (Srivastava et al., "Dropout", 2014).

    >>> drop(torch.ones(2), 0.5, None)
    tensor([1., 1.])
    """
    if noise is None or rate == 0:
        return x
    return x * (noise.uniform(*x.shape) >= rate) / (1 - rate)


def reflect_to(x: Tensor, height: int, width: int) -> Tensor:
    """Images `[..., H, W]` continued downwards and to the right by reflection, as far as needed.

    >>> reflect_to(torch.tensor([[1, 2, 3]]), 1, 8).tolist()
    [[1, 2, 3, 2, 1, 2, 3, 2]]
    """
    for dim, side in ((-2, height), (-1, width)):
        if x.shape[dim] != side:
            x = x.index_select(dim, _reflected(x.shape[dim], side, x.device))
    return x


def up_to(side: int, stride: int) -> int:
    """The least multiple of `stride` that is not below `side`.

    >>> up_to(9, 4)
    12
    """
    return -(-side // stride) * stride


def _reflected(length: int, side: int, device: torch.device) -> Tensor:
    period = max(2 * (length - 1), 1)
    index = torch.arange(side, device=device) % period
    return torch.minimum(index, period - index) if length > 1 else torch.zeros_like(index)
