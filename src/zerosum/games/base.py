"""A game: players, and the moves by which they learn.

The engine plays moves and never knows methods. What a method keeps between steps lives in buffers
of the game, so that one state dict is the whole method.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from zerosum.config import Config
from zerosum.games.controls import ChoiceControl, RangeControl
from zerosum.rng import Noise, SecretNoise
from zerosum.spaces import Batch, Space

Terms = dict[str, Tensor]
"""Name to weighted scalar; a player minimises their sum."""


def _nowhere(rate: float) -> Batch:
    raise RuntimeError(f"this turn cannot sample batches at a rate of {rate:g}")


@dataclass
class StepContext:
    """What a loss may use while its move is played.

    Attributes:
        batch_size: samples to draw in this call, for this process.
        noise: the only source of randomness.
        index: how often this move was played before, or was not played because it begins later.
        progress: share of the training budget that is used, 0 to 1.
        next_batch: draws real samples, a `Batch` of `batch_size`.
        signals: scalars to record beside the terms, without minimising them.
        observe: whether signals that cost something are wanted this time.
        sampled_batch: draws each real sample with the given probability (Poisson sampling), from
            secret noise; for private gradients.
        secret: noise of private gradients.
    """

    batch_size: int
    noise: Noise
    index: int
    progress: float
    next_batch: Callable[[], Batch]
    signals: Terms = field(default_factory=dict)
    observe: bool = False
    sampled_batch: Callable[[float], Batch] = _nowhere
    secret: SecretNoise = field(default_factory=SecretNoise)

    def due(self, every: int) -> bool:
        """Whether something that happens every `every` plays of this move happens now."""
        return self.index % every == 0


@dataclass(frozen=True)
class Move:
    """One optimizer step of one player.

    Attributes:
        player: name of the submodule that is trained; nothing else is.
        loss: returns named, weighted terms whose sum is minimised.
        every: played on every `every`-th step of the training.
        repeats: how many times in a row.
        begin: share of the budget before which it is not played, 0 to 1.
        gradient: takes the place of the loss and of differentiating it: it leaves the gradient with
            the player's parameters, and returns terms to record.
    """

    player: str
    loss: Callable[[StepContext], Terms]
    every: int = 1
    repeats: int = 1
    begin: float = 0.0
    gradient: Callable[[StepContext], Terms] | None = None


@dataclass(frozen=True)
class Inputs:
    """What a generator makes samples from: latents `z` `[B, L]`, labels `y` `[B]` or None.

    Of games that translate, `z` are the images that are to be translated, `[B, C, H, W]`.
    """

    z: Tensor
    y: Tensor | None = None

    @property
    def size(self) -> int:
        """Number of samples."""
        return self.z.shape[0]

    def rows(self, start: int, stop: int) -> "Inputs":
        """Rows from `start` up to `stop`, which is not among them."""
        return Inputs(self.z[start:stop], None if self.y is None else self.y[start:stop])

    def to(self, device: torch.device | str) -> "Inputs":
        """The same inputs on `device`."""
        return Inputs(self.z.to(device), None if self.y is None else self.y.to(device))


class Game(nn.Module):
    """Players as submodules; everything a method remembers as buffers.

    A subclass sets the class attributes, builds its players in `__init__`, and defines `moves`,
    `draw` and `generate`.
    """

    averaged: ClassVar[tuple[str, ...]] = ("generator",)
    """Players whose weights are averaged (EMA); samples come from the average."""

    training_only: ClassVar[tuple[str, ...]] = ()
    """Submodules other than players that no sample needs, such as memories of training samples; an
    exported model does not hold them. One may be None."""

    compiled: ClassVar[tuple[str, ...]] = ()
    """Methods that `torch.compile` may fuse: pure tensor functions without random draws."""

    no_graph: ClassVar[str] = ""
    """Why samples do not come from one graph of tensor functions, in a sentence; else empty."""

    made_in_parts: ClassVar[bool] = False
    """Whether a sample is made part by part, each given those before: it then takes many times as
    long as training on one, and the referee looks less often."""

    sampling_dtype: torch.dtype = torch.float32
    """What hidden units are computed in when sampling, by games that can choose; see `RowGame`."""

    samples_in_bfloat16: ClassVar[bool] = False
    """Whether samples may be made in bfloat16 if the training was in it."""

    bounds: ClassVar[Mapping[str, tuple[int, int]]] = {}
    """Least and largest value of buffers that are used as an index; a saved state is held to it."""

    looks_through: str = ""
    """Name of the feature extractor through which a player sees samples, which therefore flatters
    them as a judge; else empty."""

    space: Space

    def moves(self) -> Sequence[Move]:
        """The moves of one step, in order."""
        raise TypeError(f"{type(self).__name__} must define moves()")

    def draw(self, n: int, noise: Noise) -> Inputs:
        """Random inputs for `n` samples, drawn from `noise`."""
        raise TypeError(f"{type(self).__name__} must define draw()")

    def generate(self, inputs: Inputs) -> Tensor:
        """Samples in model units, `[B, *space.shape]`."""
        raise TypeError(f"{type(self).__name__} must define generate()")

    def sources_in(self, inputs: Inputs) -> Tensor | None:
        """What samples are made from, compact `[B, ...]`; None where from random numbers."""
        return None

    def controls(self) -> Mapping[str, ChoiceControl | RangeControl]:
        """What a caller may fix when sampling, by name."""
        return {}

    def control(self, inputs: Inputs, name: str, values: Tensor) -> Inputs:
        """Inputs with the control `name` set row by row, `[B]`.

        `values` are indices, int64, for a `ChoiceControl`, and floats for a `RangeControl`.
        """
        raise TypeError(f"{type(self).__name__} has no control {name!r}")

    def aligned(self, tensors: dict[str, Tensor], space: Space) -> dict[str, Tensor]:
        """What another training's state had, as this game understands it; the same by default.

        Args:
            tensors: by dotted name, those of the game under `game.`, and averages under `average.`.
            space: what a sample was there.
        """
        return tensors

    def interpolate(self, a: Inputs, b: Inputs, t: float) -> Inputs:
        """Inputs on the great circle from `a` (t = 0) to `b` (t = 1); labels stay those of `a`."""
        return replace(a, z=slerp(a.z, b.z, t))


class GameConfig(Config):
    """Describes a game; the space comes from the data, never from the user."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What users should know before a training, in sentences without a full stop."""
        return ()

    def build(self, space: Space) -> Game:
        """The game for samples of `space`, freshly initialised.

        Raises:
            RecipeError: the method cannot handle that space.
        """
        raise TypeError(f"{type(self).__name__} must define build()")


def slerp(a: Tensor, b: Tensor, t: float) -> Tensor:
    """Spherical interpolation of rows `[B, L]`, with lengths interpolated linearly.

    `t` is 0 for `a` and 1 for `b`.

    Gaussian latents lie near a sphere; straight lines between them pass through unlikely points.

    >>> slerp(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]), 0.5)
    tensor([[0.7071, 0.7071]])
    """
    length_a, length_b = a.norm(dim=1, keepdim=True), b.norm(dim=1, keepdim=True)
    cosine = (a * b).sum(1, keepdim=True) / (length_a * length_b).clamp_min(1e-8)
    angle = cosine.clamp(-1, 1).acos().clamp_min(1e-4)
    weight_a, weight_b = ((1 - t) * angle).sin() / angle.sin(), (t * angle).sin() / angle.sin()
    direction = weight_a * a / length_a.clamp_min(1e-8) + weight_b * b / length_b.clamp_min(1e-8)
    return direction * torch.lerp(length_a, length_b, t)
