"""Multilayer perceptrons: they take samples of any space, flattened."""

from typing import Literal

import torch
from torch import Tensor, nn

from zerosum.config import Depth, Size, SizeOrZero
from zerosum.networks.base import DiscriminatorConfig, GeneratorConfig
from zerosum.spaces import Space

Activation = Literal["relu", "leaky_relu", "silu"]


class MlpGeneratorConfig(GeneratorConfig):
    """A generator of `depth` hidden layers of `width` units; labels are embedded and appended."""

    kind = "mlp_generator"
    width: Size = 256
    depth: Depth = 2
    activation: Activation = "relu"
    batch_norm: bool = False
    label_dim: SizeOrZero = 16

    def build(self, latent_dim: int, space: Space, *, num_labels: int = 0) -> nn.Module:
        """See `GeneratorConfig.build`; takes any space."""
        return MlpGenerator(self, latent_dim, space, num_labels)


class MlpGenerator(nn.Module):
    """`[B, latent_dim]` to `[B, *space.shape]`; images end in tanh."""

    def __init__(
        self, config: MlpGeneratorConfig, latent_dim: int, space: Space, num_labels: int
    ) -> None:
        super().__init__()
        self.shape, self.bounded = space.shape, space.bounded
        self.embed = nn.Embedding(num_labels, config.label_dim) if num_labels else None
        inputs = latent_dim + (config.label_dim if num_labels else 0)
        self.layers = _stack(
            inputs, space.size, config.width, config.depth, config.activation, config.batch_norm
        )

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Samples `[B, *space.shape]` of latents `[B, latent_dim]` and labels `[B]`."""
        if self.embed is not None:
            z = torch.cat([z, self.embed(y)], dim=1)
        x = self.layers(z)
        return (x.tanh() if self.bounded else x).unflatten(1, self.shape)


class MlpDiscriminatorConfig(DiscriminatorConfig):
    """A discriminator of `depth` hidden layers; labels are embedded and appended to the sample."""

    kind = "mlp_discriminator"
    width: Size = 256
    depth: Depth = 2
    activation: Activation = "leaky_relu"
    label_dim: SizeOrZero = 16

    def build(self, space: Space, *, num_outputs: int = 1, num_labels: int = 0) -> nn.Module:
        """See `DiscriminatorConfig.build`; takes any space."""
        return MlpDiscriminator(self, space, num_outputs, num_labels)


class MlpDiscriminator(nn.Module):
    """`[B, *space.shape]` to `[B, num_outputs]`."""

    def __init__(
        self, config: MlpDiscriminatorConfig, space: Space, num_outputs: int, num_labels: int
    ) -> None:
        super().__init__()
        self.embed = nn.Embedding(num_labels, config.label_dim) if num_labels else None
        inputs = space.size + (config.label_dim if num_labels else 0)
        self.layers = _stack(
            inputs, num_outputs, config.width, config.depth, config.activation, False,
            output_bias=False,
        )  # fmt: skip
        self.piecewise_linear = config.activation in ("relu", "leaky_relu")

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Scores `[B, num_outputs]` of samples `[B, *space.shape]` with labels `[B]`."""
        x = x.flatten(1)
        if self.embed is not None:
            x = torch.cat([x, self.embed(y).to(x.dtype)], dim=1)
        return self.layers(x)


def activation(name: Activation) -> nn.Module:
    """The non-linearity called `name`; leaky ReLUs have slope 0.2."""
    return {"relu": nn.ReLU(), "leaky_relu": nn.LeakyReLU(0.2), "silu": nn.SiLU()}[name]


def _stack(
    inputs: int,
    outputs: int,
    width: int,
    depth: int,
    name: Activation,
    batch_norm: bool,
    *,
    output_bias: bool = True,
) -> nn.Sequential:
    """`depth` hidden layers and a linear one.

    Discriminators leave out the last bias: losses on differences of logits give it no gradient.
    """
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers.append(nn.Linear(inputs, width, bias=not batch_norm))
        layers += [nn.BatchNorm1d(width)] if batch_norm else []
        layers.append(activation(name))
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, outputs, bias=output_bias))
