"""A pyramid of features for samples of any kind: it reads a sample and shows how it did.

Convolutions over images or over time that halve the sides, or plain layers for rows. Its leaky
ReLUs are the only bends, so that R1 and R2 need no second derivative.
"""

from math import prod

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from zerosum.config import Depth, Size
from zerosum.networks.base import DiscriminatorConfig, require_images
from zerosum.spaces import Space

_SMALLEST = 8
_CONVOLUTIONS: dict[int, type[nn.Conv1d] | type[nn.Conv2d]] = {1: nn.Conv1d, 2: nn.Conv2d}


class PyramidConfig(DiscriminatorConfig):
    """Stages that halve the sides until one is below 8; channels double from `width` on.

    Attributes:
        width: channels of the finest stage, or units of a layer.
        max_width: channels of the coarsest stage at most.
        depth: layers, where samples have no axes.
    """

    kind = "pyramid"
    width: Size = 24
    max_width: Size = 128
    depth: Depth = 3

    def build(self, space: Space, *, num_outputs: int = 1, num_labels: int = 0) -> "Pyramid":
        """See `DiscriminatorConfig.build`; labels are not read."""
        if space.axes == 2:
            require_images(space, least=_SMALLEST, network=self.kind)
        return Pyramid(self, space, num_outputs)


class Pyramid(nn.Module):
    """`[B, *space.shape]` to `[B, num_outputs]`, by way of its features."""

    piecewise_linear = True

    def __init__(self, config: PyramidConfig, space: Space, num_outputs: int) -> None:
        super().__init__()
        self.axes = space.axes
        layers: list[nn.Module] = []
        if space.axes == 0:
            inputs = space.size
            for _ in range(config.depth):
                layers.append(nn.Linear(inputs, config.width))
                inputs = config.width
            features = inputs
        else:
            convolution, channels = _CONVOLUTIONS[space.axes], config.width
            inputs, *sides = space.shape
            layers.append(convolution(inputs, channels, 3, 1, 1))
            while min(sides) >= _SMALLEST:
                wider = min(2 * channels, config.max_width)
                layers.append(convolution(channels, wider, 4, 2, 1))
                channels, sides = wider, [side // 2 for side in sides]
            features = channels * prod(sides)
        self.layers = nn.ModuleList(layers)
        self.head = nn.Linear(features, num_outputs, bias=False)

    def features(self, x: Tensor) -> list[Tensor]:
        """What each stage says of samples `[B, ...]`, the finest first, `[B, channels, ...]`."""
        found = []
        for layer in self.layers:
            x = leaky_relu(layer(x), 0.2)
            found.append(x)
        return found

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Numbers `[B, num_outputs]` of samples `[B, ...]`; labels are not read."""
        x = x.flatten(1) if self.axes == 0 else x
        return self.head(torch.flatten(self.features(x)[-1], 1))
