"""Clips from arrays, in memory and in `.npz` files, and what readers of every form share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field, PositiveFloat
from torch import Tensor

from zerosum.data.arrays import ArrayOptions, HeldArrays, NpzFile, as_numpy, shape_and_type
from zerosum.data.base import ArrayDataset, DataConfig, Dataset, other_kind
from zerosum.errors import DataError
from zerosum.faces import reading
from zerosum.modalities.clips.space import (
    LEAST_FRAMES,
    LEAST_SIDE,
    MOST_FRAMES,
    MOST_SIDE,
    ClipSpace,
)
from zerosum.modalities.images.arrays import as_images
from zerosum.modalities.images.forms import as_pillow
from zerosum.modalities.images.pixels import Fit, Sides, fit_image
from zerosum.spaces import Space

LEAST = 8
"""Clips that there must be to learn from."""

RATE = 8.0
"""Frames in a second where nothing says how many there are."""

Frames = Annotated[int, Field(ge=LEAST_FRAMES, le=MOST_FRAMES)]
"""Frames of a clip as an option of readers."""


class ClipArrays(ArrayOptions):
    """Arrays of clips, `[N, T, H, W, C]` or `[N, T, C, H, W]`, or `[N, T, H, W]` of grey ones.

    Attributes:
        frames: in each clip; longer ones are cut into as many. If not given, their own.
        size: `(height, width)` to bring frames to; if not given, their own.
        fit: how; see `ImagesConfig`.
        rate: frames in a second, as samples are played.
    """

    spaces = ("clip",)
    frames: Frames | None = None
    size: Sides | None = None
    fit: Fit = "cover"
    rate: PositiveFloat = RATE

    @classmethod
    def claims(cls, data: Any) -> float:
        """Arrays of five axes; of four, which are images rather."""
        known = shape_and_type(data)
        if known is None or isinstance(data, str | Path) != issubclass(cls, NpzFile):
            return 0.0
        return {5: 0.9, 4: 0.3}.get(len(known[0]), 0.1)

    def dataset_of(
        self, x: np.ndarray | Tensor, y: Tensor | None, labels: tuple[str, ...], *, name: str
    ) -> Dataset:
        """uint8 `[N, T, C, H, W]`; see `ArrayOptions.dataset_of`."""
        shape = tuple(x.shape)
        if len(shape) not in (4, 5) or shape[1] < LEAST_FRAMES:
            raise DataError(
                f"{name} has shape {shape}. Clips are [N, T, H, W, C], [N, T, C, H, W] or "
                f"[N, T, H, W], with {LEAST_FRAMES} frames or more."
            )
        held = x if isinstance(x, Tensor) else as_numpy(x)
        clips = as_images(held.reshape(-1, *shape[2:]), name=name).unflatten(0, shape[:2])
        if clips.shape[2] == 4:
            raise DataError(f"{name} has 4 channels; clips are grey or in colour. Drop the alpha.")
        if self.size is not None and tuple(clips.shape[3:]) != tuple(self.size):
            flat = [
                fit_image(as_pillow(one), self.size, self.fit, clips.shape[2])
                for one in clips.flatten(0, 1)
            ]
            clips = torch.stack(flat).unflatten(0, shape[:2])
        notes = ()
        if self.frames is not None:
            clips, y, notes = in_windows(clips, y, self.frames, name=name)
        made = dataset_of_clips(clips, y, labels, rate=self.rate, name=name)
        made.notes = notes
        return made

    @classmethod
    def options_like(cls, space: Space, like: DataConfig | None) -> dict[str, Any]:
        """Size, frames and rate of clips of `space`."""
        if not isinstance(space, ClipSpace):
            raise other_kind("clips", space)
        options = super().options_like(space, like)
        options.pop("limit", None)
        size = (space.height, space.width)
        return {**options, "size": size, "frames": space.frames, "rate": space.rate}


class HeldClips(ClipArrays, HeldArrays):
    """An array of clips that the caller holds."""

    kind = "held_clips"


class ClipsFile(ClipArrays, NpzFile):
    """A `.npz` file of clips."""

    kind = "clips_npz"


def in_windows(
    clips: Tensor, y: Tensor | None, frames: int, *, name: str
) -> tuple[Tensor, Tensor | None, tuple[str, ...]]:
    """Clips `[N, T, ...]` cut into pieces of `frames`, one after another, and what to say.

    Raises:
        DataError: they are shorter.

    >>> pieces, _, notes = in_windows(torch.zeros(2, 9, 1, 8, 8), None, 4, name="x")
    >>> pieces.shape, notes
    (torch.Size([4, 4, 1, 8, 8]), ('clips of 9 frames are cut into 2 of 4.',))
    """
    there = clips.shape[1]
    if there < frames:
        raise DataError(
            f"the clips of {name} have {there} frames, and {frames} are asked for. Give "
            f"{reading(frames=there)} or fewer."
        )
    count = there // frames
    if there == frames:
        return clips, y, ()
    pieces = clips[:, : count * frames].unflatten(1, (count, frames)).flatten(0, 1)
    labels = None if y is None else y.repeat_interleave(count)
    return pieces, labels, (f"clips of {there} frames are cut into {count} of {frames}.",)


def dataset_of_clips(
    clips: Tensor, y: Tensor | None, labels: Sequence[str], *, rate: float, name: str
) -> ArrayDataset:
    """The data set of clips, uint8 `[N, T, C, H, W]`, with labels `[N]` or None.

    Raises:
        DataError: they are too few, too short or long, too small or large.
    """
    n, frames, channels, height, width = clips.shape
    if n < LEAST:
        raise DataError(
            f"{name} holds {n} clip{'s' if n != 1 else ''}, and a model learns from {LEAST} or "
            f"more. Cut long ones into shorter ones with {reading(frames=8)}."
        )
    if not LEAST_FRAMES <= frames <= MOST_FRAMES:
        raise DataError(
            f"the clips of {name} have {frames} frames; a clip has {LEAST_FRAMES} to "
            f"{MOST_FRAMES}. Give {reading(frames=16)}."
        )
    if min(height, width) < LEAST_SIDE or max(height, width) > MOST_SIDE:
        raise DataError(
            f"the frames of {name} are {height} x {width}; sides have {LEAST_SIDE} to {MOST_SIDE} "
            f"pixels. Give {reading(size=32)}."
        )
    counts = () if y is None else tuple(torch.bincount(y, minlength=len(labels)).tolist())
    space = ClipSpace(
        channels=3 if channels == 3 else 1, frames=frames, height=height, width=width, rate=rate,
        labels=tuple(labels), label_counts=counts,
    )  # fmt: skip
    return ArrayDataset(clips, y, name=name, labels=space.labels, space=space)
