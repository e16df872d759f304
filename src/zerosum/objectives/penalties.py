"""Gradient penalties: what the discriminator pays for a steep slope, and where.

A penalty names a *site*, the points at which the input gradient is taken. Penalties on reals and
fakes reuse the forward pass that the adversarial loss needs anyway.
"""

from collections.abc import Callable
from typing import ClassVar

import torch
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor

from zerosum.config import Config
from zerosum.rng import Noise


def logits_and_gradient(score: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    """Logits `[B]` at `x` `[B, ...]`, and their gradient in `x`, `[B, ...]`.

    If `score` gives `[B, 1 + K]`, all columns are returned and the gradient is the first one's.
    Both carry a graph to the parameters of `score`. While `torch.compile` traces, the functional
    transform takes the gradient, since a compiled backward pass cannot be differentiated again;
    elsewhere plain autograd does, since the transform refuses layers that update buffers.

    >>> logits, slope = logits_and_gradient(lambda x: x.square().sum(1), torch.tensor([[3.0]]))
    >>> logits.item(), slope.item()
    (9.0, 6.0)
    """

    def total(points: Tensor) -> tuple[Tensor, Tensor]:
        logits = score(points)
        return (logits if logits.ndim == 1 else logits[:, 0]).float().sum(), logits

    if torch.compiler.is_compiling():
        gradient, logits = torch.func.grad(total, has_aux=True)(x)
        return logits, gradient
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        summed, logits = total(x)
        (gradient,) = torch.autograd.grad(summed, x, create_graph=True)
    return logits, gradient


class Penalty(Config):
    """A cost on the input gradient of the discriminator.

    Attributes:
        weight: what the mean cost is multiplied by.
        every: taken every this many moves only, and then multiplied by it, which keeps its
            strength (lazy regularisation, Karras et al., 2020).
    """

    site: ClassVar[str]
    """`real`, `fake`, or `own` if `points` chooses."""

    weight: NonNegativeFloat
    every: PositiveInt = 1

    def points(self, x_real: Tensor, x_fake: Tensor, noise: Noise) -> Tensor:
        """Where the gradient is taken; only called if the site is `own`.

        Args:
            x_real: real samples, `[B, ...]`.
            x_fake: generated samples, `[B, ...]`.
            noise: where randomness comes from.

        Returns:
            Points `[B, ...]`.
        """
        raise TypeError(f"{type(self).__name__} must define points()")

    def cost(self, gradient: Tensor) -> Tensor:
        """The unweighted cost of each sample, `[B]`, at least 0, from its gradient `[B, ...]`."""
        return _squared_norm(gradient)


class R1(Penalty):
    """½ · weight · ‖∇D(x)‖² on reals: pass γ as `weight`.

    Mescheder et al., "Which training methods for GANs do actually converge?", 2018, eq. 9.

    >>> R1().cost(torch.tensor([[3.0, 4.0]])).tolist()
    [12.5]
    """

    kind = "r1"
    site: ClassVar[str] = "real"
    weight: NonNegativeFloat = 1.0

    def cost(self, gradient: Tensor) -> Tensor:
        """½‖∇D‖², `[B]`, of gradients `[B, ...]`."""
        return 0.5 * super().cost(gradient)


class R2(R1):
    """½ · weight · ‖∇D(G(z))‖² on fakes, the other half of R1."""

    kind = "r2"
    site: ClassVar[str] = "fake"


class GradientPenalty(Penalty):
    """(‖∇D‖ - 1)² on lines between reals and fakes.

    Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, eq. 3.

    >>> GradientPenalty().cost(torch.tensor([[3.0, 4.0]])).tolist()
    [16.0]
    """

    kind = "gradient_penalty"
    site: ClassVar[str] = "own"
    weight: NonNegativeFloat = 10.0

    def points(self, x_real: Tensor, x_fake: Tensor, noise: Noise) -> Tensor:
        """Points `[B, ...]`, uniform on the line from each real to its fake."""
        t = noise.uniform(len(x_real), *[1] * (x_real.ndim - 1))
        return torch.lerp(x_real, x_fake.to(x_real.dtype), t)

    def cost(self, gradient: Tensor) -> Tensor:
        """(‖∇D‖ - 1)², `[B]`, of gradients `[B, ...]`."""
        return (gradient_norm(gradient) - 1).square()


class Dragan(GradientPenalty):
    """(‖∇D‖ - 1)² around reals: x + ½·std(x)·u with u uniform in [0, 1).

    Kodali et al., "On Convergence and Stability of GANs", 2017.
    """

    kind = "dragan"
    spread: NonNegativeFloat = 0.5

    def points(self, x_real: Tensor, x_fake: Tensor, noise: Noise) -> Tensor:
        """Reals `[B, ...]`, disturbed in proportion to the standard deviation of the batch."""
        u = noise.uniform(*x_real.shape)
        return x_real + self.spread * x_real.std() * u


def gradient_norm(gradient: Tensor) -> Tensor:
    """Euclidean norm of each sample's gradient, `[B]`, with a finite slope at zero.

    Args:
        gradient: `[B, ...]`, any floating-point type; squares are added up in float32 at least.

    >>> gradient_norm(torch.tensor([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [5.0, 9.999999974752427e-07]
    """
    return (_squared_norm(gradient) + 1e-12).sqrt()


def _squared_norm(gradient: Tensor) -> Tensor:
    """`[B]`, in float32 at least: squares of bfloat16 lose too much."""
    wide = gradient.to(torch.promote_types(gradient.dtype, torch.float32))
    return wide.square().flatten(1).sum(1)
