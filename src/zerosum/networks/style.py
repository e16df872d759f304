"""A generator that is steered by styles, and the discriminator that goes with it.

Karras, Laine, Aittala, Hellsten, Lehtinen and Aila, "Analyzing and Improving the Image Quality of
StyleGAN", CVPR 2020, arXiv:1912.04958. Everything is plain PyTorch. A modulated convolution scales
its inputs by the style and its outputs by what that does to their variance, around one ordinary
convolution, which is the same as a kernel for each sample. Sides of any length are halved, rounded
up, down to 4 to 7 pixels.
"""

from itertools import pairwise

import torch
from pydantic import PositiveFloat
from torch import Tensor, nn
from torch.nn.functional import conv2d, leaky_relu, linear, normalize

from zerosum.config import Depth, Size, SizeOrZero
from zerosum.networks.base import DiscriminatorConfig, GeneratorConfig, require_images
from zerosum.networks.resample import binomial, enlarge, enlarge_and_convolve, shrink, stages
from zerosum.spaces import ImageSpace, Space

_GAIN = 2**0.5
_CHANCES = 2**16
"""Length of the table that noise is read from."""


class StyleGeneratorConfig(GeneratorConfig):
    """A mapping network and a synthesis network.

    Attributes:
        width: channels at the finest stage; they double down to the coarsest.
        max_width: channels at most.
        style_dim: length of a style w.
        mapping_depth: layers of the mapping network.
        mapping_rate: how fast it learns beside everything else.
    """

    kind = "style_generator"
    width: Size = 32
    max_width: Size = 256
    style_dim: Size = 128
    mapping_depth: Depth = 4
    mapping_rate: PositiveFloat = 0.01

    def build(self, latent_dim: int, space: Space, *, num_labels: int = 0) -> nn.Module:
        """See `GeneratorConfig.build`; images of at least 8 x 8."""
        images = require_images(space, least=8, network=self.kind)
        return StyleGenerator(self, latent_dim, images, num_labels)


class StyleGenerator(nn.Module):
    """`[B, latent_dim]` to `[B, C, H, W]`, by way of styles.

    Attributes:
        num_styles: how many styles one image takes, the coarsest first.
        centre: mean of w over the latents of the training, `[style_dim]`.
    """

    centre: Tensor
    chances: Tensor
    filter: Tensor

    def __init__(
        self, config: StyleGeneratorConfig, latent_dim: int, space: ImageSpace, num_labels: int
    ) -> None:
        super().__init__()
        sizes, widths = stages(space, config.width, config.max_width)
        self.sizes, self.num_styles = sizes, 2 * len(sizes)
        dim, rate = config.style_dim, config.mapping_rate
        self.embed = nn.Embedding(num_labels, latent_dim) if num_labels else None
        inputs = latent_dim * (2 if num_labels else 1)
        ends = [inputs, *[dim] * config.mapping_depth]
        self.mapping = nn.ModuleList(EqualLinear(a, b, rate=rate) for a, b in pairwise(ends))
        self.basis = nn.Parameter(torch.randn(widths[0], *sizes[0]))
        before = [widths[0], *widths]
        self.first = nn.ModuleList(
            StyledEnlargement(a, b, dim, size)
            for a, b, size in zip(before[1:], widths[1:], sizes[1:], strict=False)
        )
        self.second = nn.ModuleList(StyledConv(width, width, dim) for width in widths)
        self.to_image = nn.ModuleList(
            ModulatedConv(width, space.channels, dim, size=1, demodulate=False) for width in widths
        )
        self.register_buffer("centre", torch.zeros(dim))
        chances = torch.randn(_CHANCES, generator=torch.Generator().manual_seed(0))
        self.register_buffer("chances", chances, persistent=False)
        self.register_buffer("filter", binomial(), persistent=False)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Images `[B, C, H, W]` of latents `[B, latent_dim]` and labels `[B]`.

        All layers share one style, and all images the same noise.
        """
        styles = self.map(z, y)[:, None].expand(-1, self.num_styles, -1)
        return self.synthesise(styles, z.new_zeros(len(z)))

    def map(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Styles w `[B, style_dim]` of latents `[B, latent_dim]`, whose length does not count."""
        x = normalize(z.float(), dim=1) * z.shape[1] ** 0.5
        if self.embed is not None:
            label = self.embed(y)
            x = torch.cat([x, normalize(label, dim=1) * label.shape[1] ** 0.5], dim=1)
        for layer in self.mapping:
            x = leaky_relu(layer(x), 0.2) * _GAIN
        return x

    def synthesise(self, styles: Tensor, chance: Tensor) -> Tensor:
        """Images `[B, C, H, W]` of styles.

        Args:
            styles: `[B, num_styles, style_dim]`, from coarse to fine.
            chance: `[B]`, in [0, 1); decides the noise that is added to every layer.
        """
        x = self.basis.expand(styles.shape[0], -1, -1, -1)
        image = None
        for i, (second, to_image) in enumerate(zip(self.second, self.to_image, strict=True)):
            height, width = self.sizes[i]
            if i:
                noise = self._noise(chance, 2 * i - 1, height, width)
                x = self.first[i - 1](x, styles[:, 2 * i - 1], noise)
            x = second(x, styles[:, 2 * i], self._noise(chance, 2 * i, height, width))
            part = to_image(x, styles[:, 2 * i + 1])
            if image is None:
                image = part
            else:
                image = enlarge(image, self.filter.to(image.dtype))[:, :, :height, :width] + part
        assert image is not None
        return image

    def _noise(self, chance: Tensor, layer: int, height: int, width: int) -> Tensor:
        """Normal noise of one layer, `[B, 1, height, width]`: a stretch of a fixed table."""
        start = (chance * _CHANCES).long() + 7_919 * layer
        at = start[:, None] + torch.arange(height * width, device=chance.device)
        return self.chances[at % _CHANCES].view(-1, 1, height, width)


class EqualLinear(nn.Module):
    """A linear layer whose weights are of variance 1 and scaled when used (Karras et al. 2018).

    `rate` is how fast it learns, relative to others. `bias` is what biases start at; None for a
    layer without biases.
    """

    def __init__(
        self, inputs: int, outputs: int, *, rate: float = 1.0, bias: float | None = 0.0
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = None if bias is None else nn.Parameter(torch.full((outputs,), bias / rate))
        self.scale, self.rate = rate / inputs**0.5, rate

    def forward(self, x: Tensor) -> Tensor:
        """`[B, inputs]` to `[B, outputs]`."""
        bias = None if self.bias is None else self.bias * self.rate
        return linear(x, self.weight * self.scale, bias)


class EqualConv(nn.Module):
    """A convolution of that kind, which keeps sizes."""

    def __init__(self, inputs: int, outputs: int, size: int, *, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, size, size))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.scale = (inputs * size**2) ** -0.5

    def forward(self, x: Tensor) -> Tensor:
        """`[B, inputs, H, W]` to `[B, outputs, H, W]`."""
        return conv2d(x, self.weight * self.scale, self.bias, padding=self.weight.shape[2] // 2)


class ModulatedConv(nn.Module):
    """A convolution whose inputs a style scales; `demodulate` brings outputs to variance 1."""

    def __init__(
        self, inputs: int, outputs: int, style_dim: int, *, size: int = 3, demodulate: bool = True
    ) -> None:
        super().__init__()
        self.style = EqualLinear(style_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, size, size))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale, self.demodulate = (inputs * size**2) ** -0.5, demodulate

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """`x` `[B, inputs, H, W]` under styles `[B, style_dim]`, without the bias."""
        scales = self.style(w)
        weight = self.weight * self.scale
        x = self.convolve(x * scales[:, :, None, None], weight)
        if not self.demodulate:
            return x + self.bias[:, None, None]
        energy = linear(scales.float().square(), weight.float().square().sum((2, 3)))
        return x * (energy + 1e-8).rsqrt()[:, :, None, None]

    def convolve(self, x: Tensor, weight: Tensor) -> Tensor:
        """`[B, inputs, H, W]` to `[B, outputs, H, W]` by `weight` `[outputs, inputs, k, k]`."""
        return conv2d(x, weight, padding=weight.shape[2] // 2)


class StyledConv(ModulatedConv):
    """The same with noise, bias and a leaky ReLU."""

    def __init__(self, inputs: int, outputs: int, style_dim: int) -> None:
        super().__init__(inputs, outputs, style_dim)
        self.strength = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor, w: Tensor, noise: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        """`noise` is `[B, 1, H, W]`."""
        x = super().forward(x, w) + noise * self.strength + self.bias[:, None, None]
        return leaky_relu(x, 0.2) * _GAIN


class StyledEnlargement(StyledConv):
    """The same of a map that is enlarged to `size` before."""

    filter: Tensor

    def __init__(self, inputs: int, outputs: int, style_dim: int, size: tuple[int, int]) -> None:
        super().__init__(inputs, outputs, style_dim)
        self.size = size
        self.register_buffer("filter", binomial(), persistent=False)

    def convolve(self, x: Tensor, weight: Tensor) -> Tensor:
        """The same of the map enlarged to `size`, `[B, outputs, *size]`."""
        return enlarge_and_convolve(x, weight, self.filter, self.size)


class StyleDiscriminatorConfig(DiscriminatorConfig):
    """Residual stages; labels enter by projection.

    Attributes:
        width: channels at the finest stage; they double down to the coarsest.
        max_width: channels at most.
        group: samples whose spread is shown to the last stage (Karras et al. 2018); with 1 it is
            not shown, and R1 and R2 are cheap.
    """

    kind = "style_discriminator"
    width: Size = 32
    max_width: Size = 256
    group: SizeOrZero = 4

    def build(self, space: Space, *, num_outputs: int = 1, num_labels: int = 0) -> nn.Module:
        """See `DiscriminatorConfig.build`; images of at least 8 x 8."""
        images = require_images(space, least=8, network=self.kind)
        return StyleDiscriminator(self, images, num_outputs, num_labels)


class StyleDiscriminator(nn.Module):
    """`[B, C, H, W]` to `[B, num_outputs]`."""

    filter: Tensor

    def __init__(
        self,
        config: StyleDiscriminatorConfig,
        space: ImageSpace,
        num_outputs: int,
        num_labels: int,
    ) -> None:
        super().__init__()
        sizes, widths = stages(space, config.width, config.max_width)
        widths = widths[::-1]
        self.group = config.group
        self.piecewise_linear = config.group <= 1
        self.from_image = EqualConv(space.channels, widths[0], 1)
        pairs = list(pairwise(widths))
        self.first = nn.ModuleList(EqualConv(a, a, 3) for a, _ in pairs)
        self.second = nn.ModuleList(EqualConv(a, b, 3) for a, b in pairs)
        self.skip = nn.ModuleList(EqualConv(a, b, 1, bias=False) for a, b in pairs)
        last, (height, width) = widths[-1], sizes[0]
        self.last = EqualConv(last + (self.group > 1), last, 3)
        self.dense = EqualLinear(last * height * width, last)
        self.head = EqualLinear(last, num_outputs, bias=None)
        self.embed = nn.Embedding(num_labels, last) if num_labels else None
        self.register_buffer("filter", binomial(), persistent=False)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Scores `[B, num_outputs]` of images `[B, C, H, W]` with labels `[B]`."""
        x = leaky_relu(self.from_image(x), 0.2) * _GAIN
        kernel = self.filter.to(x.dtype)
        for first, second, skip in zip(self.first, self.second, self.skip, strict=True):
            straight = skip(shrink(x, kernel))
            x = leaky_relu(first(x), 0.2) * _GAIN
            x = leaky_relu(second(shrink(x, kernel)), 0.2) * _GAIN
            x = (x + straight) / _GAIN
        if self.group > 1:
            x = torch.cat([x, self._spread(x)], dim=1)
        x = leaky_relu(self.last(x), 0.2) * _GAIN
        features = leaky_relu(self.dense(x.flatten(1)), 0.2) * _GAIN
        scores = self.head(features)
        if self.embed is not None:
            match = (features * self.embed(y)).sum(1, keepdim=True)
            scores = scores + match / features.shape[1] ** 0.5
        return scores

    def _spread(self, x: Tensor) -> Tensor:
        """Mean standard deviation within groups of samples, one plane for each, `[B, 1, H, W]`."""
        size = next(n for n in range(min(self.group, len(x)), 0, -1) if len(x) % n == 0)
        groups = x.unflatten(0, (size, -1)).float()
        spread = (groups.var(0, correction=0) + 1e-8).sqrt().mean((1, 2, 3))
        return spread.repeat(size)[:, None, None, None].expand(-1, 1, *x.shape[2:]).to(x.dtype)
