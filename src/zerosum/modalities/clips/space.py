"""What a clip is: a few frames of one size, one after another."""

from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field, PositiveFloat
from torch import Tensor

from zerosum.errors import RecipeError
from zerosum.faces import verb
from zerosum.networks.resample import averaged
from zerosum.rng import Noise
from zerosum.spaces import ImageSpace, Space

LEAST_FRAMES, MOST_FRAMES = 4, 64
"""Frames of a clip: with fewer there is hardly any motion, and more take too long on a CPU."""

LEAST_SIDE, MOST_SIDE = 8, 256

_PLACES = 8
"""Places along time and both sides that distances between clips are measured at."""


class ClipSpace(Space):
    """Clips: stored as uint8 `[N, T, C, H, W]`, seen by networks as `[N, C, T, H, W]` in [-1, 1].

    Attributes:
        channels: 1 for grey, 3 for colour.
        frames: in each clip.
        height: of a frame.
        width: of a frame.
        rate: frames in a second, as files of samples are played.
        scene: what the clips show where their truth is known, so that a program can check it.

    >>> ClipSpace(channels=1, frames=8, height=16, width=16, rate=8).shape
    (1, 8, 16, 16)
    """

    kind = "clip"
    unit = "clips"
    axes = 3
    bounded = True
    keeps_compact = True
    channels: Literal[1, 3]
    frames: Annotated[int, Field(ge=LEAST_FRAMES, le=MOST_FRAMES)]
    height: Annotated[int, Field(ge=LEAST_SIDE, le=MOST_SIDE)]
    width: Annotated[int, Field(ge=LEAST_SIDE, le=MOST_SIDE)]
    rate: PositiveFloat
    scene: Literal["bouncing"] | None = None

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """`(channels, frames, height, width)`."""
        return self.channels, self.frames, self.height, self.width

    @property
    def frame(self) -> ImageSpace:
        """The space of one frame."""
        return ImageSpace(channels=self.channels, height=self.height, width=self.width)

    @property
    def description(self) -> str:
        """Frames and their size in words.

        >>> ClipSpace(channels=3, frames=8, height=16, width=24, rate=8).description
        'clips of 8 frames of 3 x 16 x 24'
        """
        return (
            f"{self.unit} of {self.frames} frames of {self.channels} x {self.height} x {self.width}"
        )

    @property
    def units(self) -> str:
        """Pixels from model units."""
        return (
            "[-1, 1], channels, then frames, then rows; pixels are round((x + 1) * 127.5), clipped "
            f"to 0 and 255; {self.rate:g} frames in a second"
        )

    def packed(self, count: int) -> "ClipSpace":
        """Clips cannot be judged in packs.

        Raises:
            RecipeError: always.
        """
        raise RecipeError(f"clips are judged one by one, not {count} at a time. Set game.pack=1.")

    def to_model(self, compact: Tensor) -> Tensor:
        """float32 `[N, C, T, H, W]` in [-1, 1] of uint8 `[N, T, C, H, W]`."""
        return compact.transpose(1, 2).to(torch.float32).mul_(1 / 127.5).sub_(1)

    def to_data(self, x: Tensor) -> Tensor:
        """uint8 `[N, T, C, H, W]` of float `[N, C, T, H, W]`; what lies outside is clamped."""
        pixels = x.float().add(1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)
        return pixels.transpose(1, 2).contiguous()

    def to_numpy(self, compact: Tensor) -> np.ndarray:
        """uint8 `[N, T, H, W, C]` of `[N, T, C, H, W]`."""
        return compact.permute(0, 1, 3, 4, 2).contiguous().numpy()

    def embed(self, x: Tensor) -> Tensor:
        """Clips `[N, C, T, H, W]` averaged to 8 places along time and both sides, `[N, F]`."""
        return averaged(x.float(), self.axes, most=_PLACES).flatten(1)

    def independent(self, real: Tensor, n: int, noise: Noise) -> Tensor:
        """Real clips with their frames in random order, uint8 `[n, T, C, H, W]`.

        That is the trivial generator of motion: all its pictures are right, and nothing moves as it
        should.

        >>> space = ClipSpace(channels=1, frames=4, height=8, width=8, rate=8)
        >>> real = torch.arange(4, dtype=torch.uint8).view(1, 4, 1, 1, 1).expand(1, 4, 1, 8, 8)
        >>> space.independent(real, 1, Noise(0))[0, :, 0, 0, 0].sort().values.tolist()
        [0, 1, 2, 3]
        """
        rows = noise.integers(n, high=len(real))
        order = noise.uniform(n, real.shape[1]).argsort(dim=1)
        return real[rows[:, None], order]


def require_clips(space: Space, *, network: str) -> ClipSpace:
    """`space`, known to hold clips.

    Raises:
        RecipeError: it does not.
    """
    if not isinstance(space, ClipSpace):
        raise RecipeError(
            f"{network} takes clips, and the data is of kind {space.kind!r}. Take a recipe that "
            f"lists {space.kind!r} under {verb('recipes')}."
        )
    return space
