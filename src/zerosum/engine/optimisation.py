"""How players learn: optimizers with schedules, weight averaging, batch and budget."""

from collections.abc import Iterable

import torch
from pydantic import Field, NonNegativeFloat, PositiveFloat
from torch import Tensor, nn

from zerosum.config import Config, Size
from zerosum.errors import ConfigError
from zerosum.schedules import Constant, Schedule


class OptimizerConfig(Config):
    """Describes one player's optimizer; `schedule` multiplies the learning rate."""

    lr: PositiveFloat
    schedule: Schedule = Constant()

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """The optimizer of `parameters`, with every rate at its start."""
        raise TypeError(f"{type(self).__name__} must define build()")

    def apply(self, optimizer: torch.optim.Optimizer, progress: float) -> None:
        """Set the rates for this moment of the training, `progress` in [0, 1]."""
        for group in optimizer.param_groups:
            group["lr"] = self.lr * self.schedule.at(progress)


class Adam(OptimizerConfig):
    """Adam (Kingma and Ba, 2015), fused; `beta2_schedule` multiplies `beta2`."""

    kind = "adam"
    lr: PositiveFloat = 2e-4
    beta1: float = Field(default=0.5, ge=0, lt=1)
    beta2: float = Field(default=0.999, ge=0, lt=1)
    beta2_schedule: Schedule = Constant()
    eps: PositiveFloat = 1e-8

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """`torch.optim.Adam` with one kernel for all parameters."""
        betas = (self.beta1, self.beta2)
        return torch.optim.Adam(parameters, lr=self.lr, betas=betas, eps=self.eps, fused=True)

    def apply(self, optimizer: torch.optim.Optimizer, progress: float) -> None:
        """Set the rate and beta2."""
        super().apply(optimizer, progress)
        for group in optimizer.param_groups:
            group["betas"] = (self.beta1, self.beta2 * self.beta2_schedule.at(progress))


class AdamW(Adam):
    """Adam whose weights decay, all but vectors (Loshchilov and Hutter, 2019)."""

    kind = "adamw"
    beta1: float = Field(default=0.9, ge=0, lt=1)
    decay: NonNegativeFloat = 0.01

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """`torch.optim.AdamW` with one kernel for all parameters."""
        every = list(parameters)
        groups = [
            {"params": [p for p in every if p.ndim > 1], "weight_decay": self.decay},
            {"params": [p for p in every if p.ndim < 2], "weight_decay": 0.0},
        ]
        betas = (self.beta1, self.beta2)
        return torch.optim.AdamW(groups, lr=self.lr, betas=betas, eps=self.eps, fused=True)


class Sgd(OptimizerConfig):
    """Stochastic gradient descent with momentum."""

    kind = "sgd"
    lr: PositiveFloat = 1e-2
    momentum: NonNegativeFloat = 0.0

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """`torch.optim.SGD`."""
        return torch.optim.SGD(parameters, lr=self.lr, momentum=self.momentum)


class RmsProp(OptimizerConfig):
    """RMSProp (Tieleman and Hinton, 2012)."""

    kind = "rmsprop"
    lr: PositiveFloat = 5e-5
    alpha: float = Field(default=0.99, ge=0, lt=1)

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """`torch.optim.RMSprop`."""
        return torch.optim.RMSprop(parameters, lr=self.lr, alpha=self.alpha)


class Averaging(Config):
    """Exponential moving average of weights (EMA), which samples are made from.

    The half-life, in images, grows with the samples seen until it reaches its target, so that the
    average is not held back by the first weights (Karras et al., 2020).

    >>> Averaging(half_life=1000, ramp=0.05).decay(samples_seen=2000, batch_size=100)
    0.5
    """

    kind = "averaging"
    half_life: NonNegativeFloat = 10_000
    ramp: PositiveFloat = 0.05

    def decay(self, *, samples_seen: int, batch_size: int) -> float:
        """What the old average is multiplied by after this step, in [0, 1).

        0 follows the weights.
        """
        half_life = min(self.half_life, self.ramp * samples_seen)
        return 0.5 ** (batch_size / half_life) if half_life > 0 else 0.0


class Optimisation(Config):
    """How the players of a game learn.

    Attributes:
        batch_size: samples in one step, over all processes.
        accumulate: pieces that a batch is split into; gradients are averaged over them.
        total_samples: the budget, in samples of one step times steps.
        optimizers: one for each player, by its name.
        averaging: how the players that the game names are averaged.
        frozen: parts of the game, or single parameters of it, that stay as they are, such as
            `discriminator.layers.0`; `--freeze` chooses some.
        record_every: steps that one row of the history stands for.
    """

    kind = "optimisation"
    batch_size: int = Field(default=64, ge=1, le=2**31)
    accumulate: Size = 1
    total_samples: int = Field(default=1_000_000, ge=1, le=2**53)
    optimizers: dict[str, OptimizerConfig]
    averaging: Averaging = Averaging()
    frozen: tuple[str, ...] = ()
    record_every: int = Field(default=20, ge=1, le=1_000_000)


def gradient_size(parameters: Iterable[nn.Parameter]) -> Tensor:
    """Euclidean norm of the gradient over all parameters, a scalar `[]`.

    Parameters `[...]` without a gradient do not count; at least one must have one.

    >>> layer = nn.Linear(2, 1, bias=False)
    >>> layer(torch.tensor([[3.0, 4.0]])).sum().backward()
    >>> gradient_size(layer.parameters()).item()
    5.0
    """
    gradients = [p.grad for p in parameters if p.grad is not None]
    norms = torch._foreach_norm(gradients)  # pyright: ignore[reportPrivateImportUsage]
    return torch.stack(norms).norm()


def relative_change(before: Tensor, after: Tensor) -> Tensor:
    """How far a tensor `[...]` went in one step, relative to its size, a scalar `[]`.

    >>> relative_change(torch.tensor([3.0, 4.0]), torch.tensor([3.0, 5.0])).item()
    0.20000000298023224
    """
    with torch.no_grad():
        far, size = (torch.linalg.vector_norm(one) for one in (after - before, before))
        return far / size.clamp_min(1e-12)


def micro_batch(optimisation: Optimisation, world: int) -> int:
    """Samples that one process sees at once.

    Args:
        optimisation: its `batch_size` is that of all processes together.
        world: how many processes there are.

    Raises:
        ConfigError: the batch cannot be split evenly.

    >>> micro_batch(Optimisation(batch_size=64, accumulate=2, optimizers={}), world=4)
    8
    """
    pieces = world * optimisation.accumulate
    if optimisation.batch_size % pieces:
        raise ConfigError(
            f"a batch of {optimisation.batch_size} cannot be split over {world} processes times "
            f"{optimisation.accumulate} accumulation steps. Make it a multiple of {pieces}."
        )
    return optimisation.batch_size // pieces
