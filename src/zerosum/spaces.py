"""What a sample is: the contract between data, networks and metrics.

A space derives from the data. Networks take their shapes from it; users never type them.
"""

import json
from abc import abstractmethod
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np
import torch
from pydantic import NonNegativeInt, PositiveFloat, model_validator
from torch import Tensor

from zerosum.config import Config, Size
from zerosum.errors import ConfigError
from zerosum.faces import option
from zerosum.rng import Noise


@dataclass(frozen=True)
class Batch:
    """Samples as networks see them, on the device.

    `x` is `[B, *space.shape]` in model units, `y` int64 labels `[B]`, `source` what is to be
    translated into `x`, `[B, *space.source.shape]`; in unpaired data it belongs to another `x`.
    `parts` is what samples consist of, `[R, ...]`, where they have parts; see `Dataset.parts_of`.
    """

    x: Tensor
    y: Tensor | None = None
    source: Tensor | None = None
    parts: Tensor | None = None

    @property
    def size(self) -> int:
        """Number of samples."""
        return self.x.shape[0]


class Space(Config):
    """What one sample is, and which labels it may carry.

    `labels` are the names of the classes in code order, and `label_counts` how often each occurs
    in the data; both are empty if the data has no labels.
    """

    unit: ClassVar[str] = "samples"
    """What several of its samples are called."""

    axes: ClassVar[int] = 0
    """Axes along which neighbouring numbers belong together: 1 for time, 2 for images.

    They are the last axes of `shape`; the one before them, if any, counts channels.
    """

    bounded: ClassVar[bool] = False
    """Whether model units lie in [-1, 1], so that a generator may end in tanh."""

    discrete: ClassVar[bool] = False
    """Whether model units are codes of categories and intervals, whose distances mean nothing."""

    keeps_compact: ClassVar[bool] = False
    """Whether data stays in compact form on the device, and each batch is converted when drawn."""

    holds_records: ClassVar[bool] = False
    """Whether a sample may be somebody's record, so that none of the data is shown unasked."""

    precisions: ClassVar[tuple[str, ...]] = ("fp32", "bf16")
    """What networks may compute in without losing what matters in a sample."""

    layouts: ClassVar[tuple[str, ...]] = ("contiguous",)
    """Memory layouts that are worth trying."""

    labels: tuple[str, ...] = ()
    label_counts: tuple[NonNegativeInt, ...] = ()

    @model_validator(mode="after")
    def _counts_match(self) -> "Space":
        if len(self.labels) != len(self.label_counts):
            raise ConfigError(
                f"{len(self.labels)} labels but {len(self.label_counts)} label counts; "
                "give one count for each label."
            )
        if self.labels and not any(self.label_counts):
            raise ConfigError("no label counts above 0: no sample has a label.")
        return self

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample as networks see it."""

    @property
    def size(self) -> int:
        """Numbers in one sample."""
        return prod(self.shape)

    def packed(self, count: int) -> "Space":
        """The space of `count` samples joined along their first dimension.

        >>> ImageSpace(channels=3, height=8, width=8).packed(2).shape
        (6, 8, 8)
        """
        raise TypeError(f"{type(self).__name__} must define packed()")

    @property
    def num_labels(self) -> int:
        """Number of classes; 0 without labels."""
        return len(self.labels)

    @abstractmethod
    def to_model(self, compact: Tensor) -> Tensor:
        """Compact samples as networks see them, on the same device.

        Args:
            compact: as the data stores them, `[N, ...]`.

        Returns:
            float32 `[N, *shape]`, in model units.
        """

    @abstractmethod
    def to_data(self, x: Tensor) -> Tensor:
        """What a network made in the form that the data is stored in; the inverse of `to_model`.

        Args:
            x: `[N, *shape]`, in model units, of any floating-point type.

        Returns:
            Compact samples `[N, ...]`.
        """

    def round_trip(self, x: Tensor) -> Tensor:
        """What networks see of samples `x` `[N, *shape]` once these are data.

        It is `to_model(to_data(x))`; a space for which that takes long may come near to it.
        """
        return self.to_model(self.to_data(x))

    def to_numpy(self, compact: Tensor) -> np.ndarray:
        """Compact samples `[N, ...]` as users hold them in numpy, with as many rows."""
        return compact.numpy()

    def embed(self, x: Tensor) -> Tensor:
        """Features `[N, F]`, float32, of samples in model units, in which distances make sense."""
        return x.flatten(1).float()

    def independent(self, real: Tensor, n: int, noise: Noise) -> Tensor:
        """`n` samples of the trivial generator: each number drawn by itself from the reals'.

        It knows what is frequent at each place of a sample and nothing about how places depend on
        each other, so it is the floor that every figure is shown beside.

        Args:
            real: compact samples `[M, ...]`.
            n: how many to make.
            noise: where randomness comes from.

        Returns:
            Compact samples `[n, ...]`.
        """
        flat = real.flatten(1)
        rows = noise.integers(n, flat.shape[1], high=len(flat))
        return flat.gather(0, rows).unflatten(1, real.shape[1:])

    @property
    def published(self) -> "Space":
        """The space for exported files: without what the data knows and samples never show."""
        return self

    def mismatch(self, other: "Space", what: str) -> str | None:
        """Why samples of `other`, called `what`, cannot be compared with these; None if they can.

        >>> one, three = (ImageSpace(channels=c, height=8, width=8) for c in (1, 3))
        >>> one.mismatch(three, "the holdout")  # doctest: +ELLIPSIS
        'the holdout holds images of 3 x 8 x 8, and the model makes images of 1 x 8 x 8...'
        """
        if (self.kind, self.shape) == (other.kind, other.shape):
            return None
        return (
            f"{what} holds {other.description}, and the model makes {self.description}. "
            "Give reals of the same kind and shape."
        )

    def missing(self, need: str) -> str | None:
        """What a recipe needs that these samples lack, and what to do; None if they have it.

        It continues a sentence about the recipe, from "it needs" on.

        Args:
            need: such as `labels`; a subclass knows more of them.
        """
        if need == "labels" and self.labels:
            return None
        if need == "labels":
            return (
                "it needs labels, and the data has none. Sort a folder into one subfolder for each "
                "class, or give `y` beside `x`."
            )
        return f"it needs {need}, and data of kind {self.kind!r} has none."

    @property
    def judged(self) -> "Space":
        """The space that samples are judged in, which need not say what they were made from."""
        return self

    @property
    def units(self) -> str:
        """How model units become data, in words, for programs that run an exported graph."""
        return "as networks see them; what they stand for is not part of the graph"

    @property
    def description(self) -> str:
        """Unit and shape in words: `images of 3 x 32 x 32`."""
        return f"{self.unit} of {' x '.join(map(str, self.shape))}"


class ImageSpace(Space):
    """Images: stored as uint8 `[N, C, H, W]`, seen by networks as float in [-1, 1].

    >>> ImageSpace(channels=1, height=28, width=20).shape
    (1, 28, 20)
    """

    kind = "image"
    unit = "images"
    axes = 2
    bounded = True
    keeps_compact = True
    layouts = ("contiguous", "channels_last")
    channels: Size
    height: Size
    width: Size

    @property
    def shape(self) -> tuple[int, int, int]:
        """`(channels, height, width)`."""
        return self.channels, self.height, self.width

    def missing(self, need: str) -> str | None:
        """See `Space.missing`; images also know `colour`."""
        if need != "colour":
            return super().missing(need)
        if self.channels == 3:
            return None
        return (
            f"it needs colour, with 3 channels, and these images have {self.channels}. Set "
            f"{option('channels', 3)} if there is colour in them."
        )

    @property
    def units(self) -> str:
        """Pixels from model units."""
        return "[-1, 1], channels first; pixels are round((x + 1) * 127.5), clipped to 0 and 255"

    def packed(self, count: int) -> "ImageSpace":
        """Images of `count` times as many channels."""
        return self.model_copy(update={"channels": count * self.channels})

    def to_model(self, compact: Tensor) -> Tensor:
        """float32 in [-1, 1] of uint8, `[N, C, H, W]` both.

        >>> space = ImageSpace(channels=1, height=1, width=2)
        >>> space.to_model(torch.tensor([[[[0, 255]]]], dtype=torch.uint8)).tolist()
        [[[[-1.0, 1.0]]]]
        """
        return compact.to(torch.float32).mul_(1 / 127.5).sub_(1)

    def to_data(self, x: Tensor) -> Tensor:
        """uint8 of float in [-1, 1], `[N, C, H, W]` both; what lies outside is clamped.

        >>> space = ImageSpace(channels=1, height=1, width=2)
        >>> space.to_data(torch.tensor([[[[-1.0, 2.0]]]])).tolist()
        [[[[0, 255]]]]
        """
        return x.float().add(1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)

    def to_numpy(self, compact: Tensor) -> np.ndarray:
        """uint8 `[N, H, W, C]` of `[N, C, H, W]`."""
        return compact.permute(0, 2, 3, 1).contiguous().numpy()

    def independent(self, real: Tensor, n: int, noise: Noise) -> Tensor:
        """uint8 `[n, C, H, W]`: every pixel from a Gaussian with its moments in the reals."""
        values = real.flatten(1).double()
        spread = values.std(dim=0, correction=0)
        made = values.mean(dim=0) + spread * noise.normal(n, values.shape[1]).double()
        return made.round().clamp(0, 255).to(torch.uint8).unflatten(1, real.shape[1:])


class PointSpace(Space):
    """Points: stored as float32 `[N, D]`, seen by networks centred and scaled.

    `center` and `scale` are one number per dimension (mean and standard deviation of the data).

    >>> PointSpace(center=(0.0, 0.0), scale=(2.0, 2.0)).shape
    (2,)
    """

    kind = "point"
    unit = "points"
    precisions = ("fp32",)  # 8 bits are enough for pixels and odds, too coarse for coordinates
    center: tuple[float, ...]
    scale: tuple[PositiveFloat, ...]

    @model_validator(mode="after")
    def _dimensions_match(self) -> "PointSpace":
        if len(self.center) != len(self.scale) or not self.center:
            raise ConfigError(
                f"{len(self.center)} centres and {len(self.scale)} scales; give one of each for "
                "every dimension."
            )
        return self

    @property
    def shape(self) -> tuple[int]:
        """`(dimensions,)`."""
        return (len(self.center),)

    @property
    def units(self) -> str:
        """Scale and centre, as JSON.

        >>> PointSpace(center=(0.0,), scale=(2.0,)).units
        'x * scale + center: {"scale": [2.0], "center": [0.0]}'
        """
        units = {"scale": list(self.scale), "center": list(self.center)}
        return f"x * scale + center: {json.dumps(units)}"

    def packed(self, count: int) -> "PointSpace":
        """Points of `count` times as many dimensions."""
        return self.model_copy(update={"center": count * self.center, "scale": count * self.scale})

    def to_model(self, compact: Tensor) -> Tensor:
        """float32 `[N, D]` of points `[N, D]`: subtract the centre, divide by the scale.

        >>> PointSpace(center=(1.0,), scale=(2.0,)).to_model(torch.tensor([[5.0]]))
        tensor([[2.]])
        """
        return (compact - compact.new_tensor(self.center)) / compact.new_tensor(self.scale)

    def to_data(self, x: Tensor) -> Tensor:
        """Points, float32 `[N, D]`, of `[N, D]`: multiply by the scale, add the centre.

        >>> PointSpace(center=(1.0,), scale=(2.0,)).to_data(torch.tensor([[2.0]]))
        tensor([[5.]])
        """
        x = x.float()
        return x * x.new_tensor(self.scale) + x.new_tensor(self.center)
