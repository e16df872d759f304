"""The space of images that are made from other images."""

from itertools import accumulate

from pydantic import model_validator
from torch import Tensor

from zerosum.config import Size
from zerosum.errors import ConfigError
from zerosum.spaces import ImageSpace, Space


class JoinedSpace(ImageSpace):
    """Several pictures as one, joined as channels by name.

    Attributes:
        names: of the pictures, in their order.
        depths: how many of the channels each of them has.

    >>> space = JoinedSpace(
    ...     channels=4, height=8, width=8, names=("person", "garment"), depths=(3, 1)
    ... )
    >>> space.description
    'images of 4 x 8 x 8 (person and garment)'
    """

    kind = "joined"
    names: tuple[str, ...]
    depths: tuple[Size, ...]

    @model_validator(mode="after")
    def _channels_match(self) -> "JoinedSpace":
        if len(self.names) != len(self.depths) or sum(self.depths) != self.channels:
            raise ConfigError(
                f"{len(self.names)} names, and depths {self.depths} for {self.channels} channels; "
                "give each name a number of channels, which add up."
            )
        return self

    @property
    def description(self) -> str:
        """Unit, shape and names in words."""
        return f"{super().description} ({' and '.join(self.names)})"

    def apart(self, x: Tensor) -> list[Tensor]:
        """The pictures `[N, c, H, W]` that were joined as `[N, C, H, W]`, in their order."""
        ends = list(accumulate(self.depths))
        return [x[:, end - depth : end] for end, depth in zip(ends, self.depths, strict=True)]


class PairSpace(ImageSpace):
    """Images that are made from other images.

    Attributes:
        source: what the other images are.
        aligned: whether each image has a source of its own, which lies at the same index.

    >>> images = ImageSpace(channels=3, height=8, width=8)
    >>> PairSpace(channels=1, height=8, width=8, source=images).judged.shape
    (1, 8, 8)
    """

    kind = "pair"
    source: ImageSpace
    aligned: bool = False

    @property
    def judged(self) -> ImageSpace:
        """The space of what is made, by itself."""
        return ImageSpace(
            channels=self.channels, height=self.height, width=self.width,
            labels=self.labels, label_counts=self.label_counts,
        )  # fmt: skip

    def mismatch(self, other: Space, what: str) -> str | None:
        """See `Space.mismatch`; sources must be alike too."""
        if not isinstance(other, PairSpace) or self.shape != other.shape:
            return super().mismatch(other, what)
        mine, theirs = (
            (one.shape, getattr(one, "names", ())) for one in (self.source, other.source)
        )
        if mine == theirs:
            return None
        return (
            f"{what} holds sources that are {other.source.description}, and the model takes "
            f"{self.source.description}. Give pairs of the same kind and shape."
        )

    def missing(self, need: str) -> str | None:
        """See `Space.missing`; pairs also know `aligned`."""
        if need != "aligned":
            return super().missing(need)
        if self.aligned:
            return None
        return (
            "it needs aligned pairs, a source for each image, and these are unpaired. Give images "
            "of equal names in A and B, or train cyclegan."
        )
