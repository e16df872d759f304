"""What a sample is: the contract between data, networks and metrics.

A space derives from the data. Networks take their shapes from it; users never type them.
"""

from abc import abstractmethod
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import torch
from pydantic import model_validator
from torch import Tensor

from zerosum.config import Config, Size
from zerosum.errors import ConfigError


@dataclass(frozen=True)
class Batch:
    """Samples as networks see them, on the device.

    `x` is `[B, *space.shape]` in model units, `y` int64 labels `[B]`, `source` what is to be
    translated into `x`, `[B, *space.source.shape]`; of unpaired data it is that of another `x`.
    """

    x: Tensor
    y: Tensor | None = None
    source: Tensor | None = None

    @property
    def size(self) -> int:
        """Number of samples."""
        return self.x.shape[0]


class Space(Config):
    """What one sample is, and which labels it may carry.

    `labels` are the names of the classes in code order, and `label_counts` how often each occurs
    in the data; both are empty where the data has no labels.
    """

    unit: ClassVar[str] = "samples"
    """What several of its samples are called."""

    labels: tuple[str, ...] = ()
    label_counts: tuple[int, ...] = ()

    @model_validator(mode="after")
    def _counts_match(self) -> "Space":
        if len(self.labels) != len(self.label_counts):
            raise ConfigError(
                f"{len(self.labels)} labels but {len(self.label_counts)} label counts; "
                "give one count for each label."
            )
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
        """Number of classes; 0 where there are none."""
        return len(self.labels)

    @abstractmethod
    def to_model(self, compact: Tensor) -> Tensor:
        """From the form the data is stored in to the one networks see."""

    @abstractmethod
    def to_data(self, x: Tensor) -> Tensor:
        """From what a network made back to the stored form; the inverse of `to_model`."""

    def embed(self, x: Tensor) -> Tensor:
        """Features `[N, F]`, float32, of samples in model units, in which distances make sense."""
        return x.flatten(1).float()


class ImageSpace(Space):
    """Pictures: stored as uint8 `[N, C, H, W]`, seen by networks as float in [-1, 1].

    >>> ImageSpace(channels=1, height=28, width=20).shape
    (1, 28, 20)
    """

    kind = "image"
    unit = "images"
    channels: Size
    height: Size
    width: Size

    @property
    def shape(self) -> tuple[int, int, int]:
        """`(channels, height, width)`."""
        return self.channels, self.height, self.width

    def packed(self, count: int) -> "ImageSpace":
        """Pictures of `count` times as many channels."""
        return self.model_copy(update={"channels": count * self.channels})

    def to_model(self, compact: Tensor) -> Tensor:
        """uint8 to float32 in [-1, 1]."""
        return compact.to(torch.float32).mul_(1 / 127.5).sub_(1)

    def to_data(self, x: Tensor) -> Tensor:
        """Float in [-1, 1], clamped, to uint8."""
        return x.float().add(1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)


class PairSpace(ImageSpace):
    """Pictures that are made from other pictures.

    Attributes:
        source: what the other pictures are.
        aligned: whether each picture has a source of its own, which lies at the same index.

    >>> pictures = ImageSpace(channels=3, height=8, width=8)
    >>> PairSpace(channels=1, height=8, width=8, source=pictures).pictures.shape
    (1, 8, 8)
    """

    kind = "pair"
    source: ImageSpace
    aligned: bool = False

    @property
    def pictures(self) -> ImageSpace:
        """The space of what is made, by itself."""
        return ImageSpace(
            channels=self.channels, height=self.height, width=self.width,
            labels=self.labels, label_counts=self.label_counts,
        )  # fmt: skip


class VectorSpace(Space):
    """Points: stored as float32 `[N, D]`, seen by networks centred and scaled.

    `center` and `scale` are one number per dimension (mean and standard deviation of the data).

    >>> VectorSpace(center=(0.0, 0.0), scale=(2.0, 2.0)).shape
    (2,)
    """

    kind = "vector"
    unit = "points"
    center: tuple[float, ...]
    scale: tuple[float, ...]

    @property
    def shape(self) -> tuple[int]:
        """`(dimensions,)`."""
        return (len(self.center),)

    def packed(self, count: int) -> "VectorSpace":
        """Points of `count` times as many dimensions."""
        return self.model_copy(update={"center": count * self.center, "scale": count * self.scale})

    def to_model(self, compact: Tensor) -> Tensor:
        """Subtract the centre, divide by the scale."""
        return (compact - compact.new_tensor(self.center)) / compact.new_tensor(self.scale)

    def to_data(self, x: Tensor) -> Tensor:
        """Multiply by the scale, add the centre."""
        x = x.float()
        return x * x.new_tensor(self.scale) + x.new_tensor(self.center)
