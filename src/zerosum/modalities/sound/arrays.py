"""Sounds from arrays, in memory and in `.npz` files, and what can be asked of any sounds."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from zerosum.data.arrays import ArrayOptions, HeldArrays, NpzFile, as_numpy, shape_and_type
from zerosum.data.base import DataConfig, Dataset, other_kind
from zerosum.errors import DataError
from zerosum.faces import reading
from zerosum.modalities.sound.space import (
    LEAST_FRAMES,
    Rate,
    SoundDataset,
    SoundSpace,
    sound_space,
)
from zerosum.spaces import Space

LEAST = 8
"""Sounds that there must be to learn from."""

MOST_BYTES = 4 << 30
"""Waves are held in memory, up to so many bytes."""

_CHANNELS = (1, 2)


def dataset_of_waves(
    waves: np.ndarray, y: Tensor | None, labels: tuple[str, ...], rate: int, *, name: str
) -> SoundDataset:
    """The data set of waves, float32 `[N, C, samples]` in [-1, 1].

    Raises:
        DataError: they are too few or too short.
    """
    if len(waves) < LEAST:
        raise DataError(
            f"{name} holds {len(waves)} sounds, and a model learns from {LEAST} or more. Cut a "
            f"long recording into windows with {reading(seconds=1.0)}."
        )
    x = torch.from_numpy(np.ascontiguousarray(waves, dtype=np.float32))
    space = sound_space(x, rate)
    require_length(x.shape[2], rate, name=name)
    counts = () if y is None else tuple(torch.bincount(y, minlength=len(labels)).tolist())
    space = space.model_copy(update={"labels": labels, "label_counts": counts})
    return SoundDataset(x, y, space, name=name)


def require_length(samples: int, rate: int, *, name: str) -> None:
    """Refuse sounds of fewer spectra than a network needs.

    Raises:
        DataError: they are too short.
    """
    least = least_samples(rate)
    if samples < least:
        raise DataError(
            f"the sounds of {name} are {samples / rate:.3g} s long, and a model needs "
            f"{least / rate:.3g} s or more at {rate:,} Hz. Give {reading(seconds=0.5)}; silence "
            "then follows them."
        )


def least_samples(rate: int) -> int:
    """Samples that a sound has at least at a rate.

    >>> least_samples(16_000)
    1792
    """
    usual = sound_space(torch.empty(0, 1, 1), rate)
    return (LEAST_FRAMES - 1) * usual.hop


def form_like(space: Space) -> dict[str, Any]:
    """Options that bring files to the form of `space`.

    Raises:
        DataError: it holds no sounds.
    """
    if not isinstance(space, SoundSpace):
        raise other_kind("sounds", space)
    return {"rate": space.rate, "seconds": space.seconds, "channels": space.channels}


class SoundArrays(ArrayOptions):
    """Arrays of sounds, `[N, samples]`, or `[N, C, samples]` with one or two channels.

    Attributes:
        rate: samples in a second.
    """

    spaces = ("sound",)
    rate: Annotated[Rate | None, Field()] = None

    @classmethod
    def claims(cls, data: Any) -> float:
        """Arrays of two or three axes, which may as well be series."""
        known = shape_and_type(data)
        if known is None or isinstance(data, str | Path) != issubclass(cls, NpzFile):
            return 0.0
        return 0.4 if len(known[0]) in (2, 3) else 0.1

    def dataset_of(
        self, x: np.ndarray | Tensor, y: Tensor | None, labels: tuple[str, ...], *, name: str
    ) -> Dataset:
        """Waves, float32 `[N, channels, samples]`; see `ArrayOptions.dataset_of`."""
        if self.rate is None:
            raise DataError(
                f"{name} does not say how many samples a second has. Give "
                f"{reading(rate=16000)}, or whatever it is."
            )
        array = as_numpy(x)
        if array.ndim == 2:
            array = array[:, None]
        if array.ndim != 3 or array.shape[1] not in _CHANNELS:
            raise DataError(
                f"{name} has shape {tuple(as_numpy(x).shape)}. Sounds are [N, samples], or "
                "[N, channels, samples] with 1 or 2 channels."
            )
        return dataset_of_waves(as_waves(array, name=name), y, labels, self.rate, name=name)

    @classmethod
    def options_like(cls, space: Space, like: DataConfig | None) -> dict[str, Any]:
        """The rate of sounds of `space`."""
        if not isinstance(space, SoundSpace):
            raise other_kind("sounds", space)
        return {**super().options_like(space, like), "rate": space.rate}


class HeldSounds(SoundArrays, HeldArrays):
    """An array of sounds that the caller holds."""

    kind = "held_sounds"


class SoundsFile(SoundArrays, NpzFile):
    """A `.npz` file of sounds."""

    kind = "sounds_npz"


def as_waves(array: np.ndarray, *, name: str) -> np.ndarray:
    """Waves as float32 in [-1, 1]: floats as they are, whole numbers beside those of their type.

    Raises:
        DataError: they are no real numbers, not finite, or floats beyond full scale.

    >>> as_waves(np.array([-32768, 16384], np.int16), name="x").tolist()
    [-1.0, 0.5]
    """
    kind = array.dtype.kind
    if kind == "i":
        return (array / -float(np.iinfo(array.dtype).min)).astype(np.float32)
    if kind == "u":
        half = (float(np.iinfo(array.dtype).max) + 1) / 2
        return (array / half - 1).astype(np.float32)
    if kind != "f":
        raise DataError(f"{name} holds {array.dtype}; waves are real numbers.")
    if not np.isfinite(array).all():
        raise DataError(f"{name} has NaN or infinite values. Drop these sounds.")
    peak = float(np.abs(array).max())
    if peak > 1:
        raise DataError(
            f"{name} holds floats up to {peak:.3g}. Waves as floats lie between -1 and 1: scale "
            "them, or give whole numbers of 16 bits."
        )
    return array.astype(np.float32)
