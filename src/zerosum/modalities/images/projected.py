"""Projected discriminators: they judge features of a network that others trained, not pixels.

Sauer, Chitta, Müller and Geiger, "Projected GANs Converge Faster", NeurIPS 2021, arXiv:2111.01007.
Features are read at four depths of EfficientNet-Lite0, mixed across channels and scales by random
convolutions that never learn, and judged by one small discriminator for each depth.

We deviate in that images are enlarged to 64 pixels and no further, since these are for a CPU, and
in that all discriminators give as many scores as the deepest mixed features but one have places.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate, pad, relu6
from torch.nn.utils import fuse_conv_bn_weights
from torch.nn.utils.parametrizations import spectral_norm

from zerosum.config import Size
from zerosum.errors import RecipeError
from zerosum.modalities.images.pretrained import in_colour, load_efficientnet
from zerosum.networks.base import DiscriminatorConfig, require_images
from zerosum.spaces import ImageSpace, Space

_HOOKS = {2: 24, 4: 40, 10: 112, 15: 320}
"""Channels of the features that are read, by the block that gives them: the strides are 4 to 32."""
_STRIDE, _SIDE = 32, 64
_GRID = 16
"""Pixels of the enlarged image from one score to the next."""


@dataclass(frozen=True)
class _Convolution:
    """A convolution with the normalisation behind it folded in."""

    weight: Tensor
    bias: Tensor
    stride: int
    groups: int

    def __call__(self, x: Tensor) -> Tensor:
        """Padded as TensorFlow pads, under which the weights were learned."""
        size = self.weight.shape[2]
        padding = size // 2
        if self.stride > 1:
            down, right = (
                max((-(-side // self.stride) - 1) * self.stride + size - side, 0)
                for side in x.shape[2:]
            )
            x = pad(x, (right // 2, right - right // 2, down // 2, down - down // 2))
            padding = 0
        return conv2d(x, self.weight, self.bias, self.stride, padding, groups=self.groups)


class FrozenFeatures:
    """EfficientNet-Lite0 up to its last layers.

    It is no module, so it is nobody's player, and no run or exported model holds its weights.

    Raises:
        MissingExtraError: the packages are not installed.
        EvaluationError: the weights are not the published ones.
    """

    def __init__(self, device: torch.device) -> None:
        network: Any = load_efficientnet()
        self._stem = _folded(network._conv_stem, network._bn0, device)
        self._blocks: list[list[_Convolution]] = []
        for block in network._blocks:
            pairs = [("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2")]
            if hasattr(block, "_expand_conv"):
                pairs = [("_expand_conv", "_bn0"), *pairs]
            self._blocks.append(
                [_folded(getattr(block, a), getattr(block, b), device) for a, b in pairs]
            )

    def __call__(self, x: Tensor) -> list[Tensor]:
        """Features at strides 4, 8, 16 and 32 of images `[B, 3, H, W]` in [-1, 1]."""
        x = ((127.5 * x + 0.5) / 128).contiguous(memory_format=torch.channels_last)
        x, found = relu6(self._stem(x), inplace=True), []
        for i, layers in enumerate(self._blocks):
            y = x
            for layer in layers[:-1]:
                y = relu6(layer(y), inplace=True)
            y = layers[-1](y)
            x = x + y if layers[-2].stride == 1 and x.shape == y.shape else y
            if i in _HOOKS:
                found.append(x)
        return found


@cache
def frozen_features(device: torch.device) -> FrozenFeatures:
    """The features on `device`, made once."""
    return FrozenFeatures(device)


class ProjectedDiscriminatorConfig(DiscriminatorConfig):
    """Small discriminators on frozen features of EfficientNet-Lite0.

    Attributes:
        features: which features; the run names them, and the extra `efficientnet` has them.
        width: channels of the mixed features, and of the discriminators.
    """

    kind = "projected_discriminator"
    features: Literal["efficientnet-lite0"] = "efficientnet-lite0"
    width: Size = 64

    def build(self, space: Space, *, num_outputs: int = 1, num_labels: int = 0) -> nn.Module:
        """See `DiscriminatorConfig.build`; images of 1 or 3 channels, at least 8 x 8."""
        images = require_images(space, least=8, network=self.kind)
        if images.channels not in (1, 3) or num_outputs != 1:
            raise RecipeError(
                f"{self.kind} sees images of 1 or 3 channels and gives one score; it was asked for "
                f"{images.channels} channels and {num_outputs} scores. Take another discriminator, "
                "such as dcgan_discriminator."
            )
        return ProjectedDiscriminator(self, images, num_labels)


class ProjectedDiscriminator(nn.Module):
    """`[B, C, H, W]` to `[B, 1]`: the mean of all scores."""

    def __init__(
        self, config: ProjectedDiscriminatorConfig, space: ImageSpace, num_labels: int
    ) -> None:
        super().__init__()
        self.size = enlarged(space.height, space.width)
        self.mixing = RandomMixing(tuple(_HOOKS.values()), config.width)
        self.heads = nn.ModuleList(
            _Head(config.width, halvings, num_labels) for halvings in (2, 1, 0, 0)
        )

    def train(self, mode: bool = True) -> Self:
        """As of every module; a training without the features fails here and not later."""
        super().train(mode)
        if mode:
            self._features()
        return self

    def scores(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """All scores `[B, S]` of images `[B, C, H, W]` in [-1, 1], as many of each depth."""
        x = interpolate(in_colour(x).float(), self.size, mode="bilinear", antialias=False)
        mixed = self.mixing(self._features()(x))
        # What is deepest has half of the grid's places.
        mixed[-1] = interpolate(mixed[-1], mixed[-2].shape[2:], mode="bilinear")
        found = [head(one, y).flatten(1) for head, one in zip(self.heads, mixed, strict=True)]
        return torch.cat(found, dim=1)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Means of the scores `[B, 1]` of images `[B, C, H, W]`."""
        return self.scores(x, y).mean(1, keepdim=True)

    def _features(self) -> FrozenFeatures:
        return frozen_features(next(self.parameters()).device)


class RandomMixing(nn.Module):
    """Features mixed across channels by 1 x 1 convolutions, and across scales by 3 x 3 ones.

    Deeper features are added to shallower ones before these are mixed (section 3.2). All weights
    are random, belong to the run, and never learn.
    """

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        for i, inputs in enumerate(channels):
            across = torch.randn(width, inputs, 1, 1) / inputs**0.5
            near = torch.randn(width, width, 3, 3) / (9 * width) ** 0.5
            self.register_buffer(f"across{i}", across)
            self.register_buffer(f"near{i}", near)

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """As many maps `[B, width, ...]` as features `[B, channels, ...]`, of the same sizes."""
        mixed: list[Tensor] = []
        for i in reversed(range(len(features))):
            x = conv2d(features[i], self.get_buffer(f"across{i}"))
            if mixed:
                x = x + interpolate(mixed[-1], x.shape[2:], mode="bilinear")
            mixed.append(conv2d(x, self.get_buffer(f"near{i}"), padding=1))
        return mixed[::-1]


class _Head(nn.Module):
    """Scores of every place of a map, after `halvings` of its sides."""

    def __init__(self, width: int, halvings: int, num_labels: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for i in range(halvings + 1):
            size, stride = (4, 2) if i < halvings else (3, 1)
            layers.append(spectral_norm(nn.Conv2d(width, width, size, stride, 1, bias=False)))
            layers.append(nn.BatchNorm2d(width, track_running_stats=False))
            layers.append(nn.LeakyReLU(0.2))
        self.layers = nn.Sequential(*layers)
        self.score = spectral_norm(nn.Conv2d(width, 1, 1))
        self.embed = nn.Embedding(num_labels, width) if num_labels else None

    def forward(self, x: Tensor, y: Tensor | None) -> Tensor:
        """`[B, width, h, w]` and labels `[B]` to `[B, 1, ...]`."""
        x = self.layers(x)
        scores = self.score(x)
        if self.embed is not None:
            scores = scores + (x * self.embed(y)[:, :, None, None]).mean(1, keepdim=True)
        return scores


def enlarged(height: int, width: int) -> tuple[int, int]:
    """The size at which images are looked at: 64 or more each way, in whole strides of 32.

    >>> enlarged(28, 28), enlarged(32, 48), enlarged(100, 128)
    ((64, 64), (64, 96), (96, 128))
    """
    factor = max(1.0, _SIDE / min(height, width))
    down, right = (max(_SIDE, _STRIDE * round(factor * side / _STRIDE)) for side in (height, width))
    return down, right


def _folded(layer: nn.Conv2d, norm: nn.BatchNorm2d, device: torch.device) -> _Convolution:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    with torch.no_grad():
        weight, bias = fuse_conv_bn_weights(
            layer.weight,
            None,
            norm.running_mean,
            norm.running_var,
            norm.eps,
            norm.weight,
            norm.bias,
        )
    weight = weight.detach().to(device).contiguous(memory_format=torch.channels_last)
    return _Convolution(weight, bias.detach().to(device), layer.stride[0], layer.groups)
