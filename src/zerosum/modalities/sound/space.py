"""Sounds of one length and rate, and what networks see of them."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from zerosum.config import Size
from zerosum.data.base import ArrayDataset, fingerprint_of
from zerosum.errors import RecipeError
from zerosum.faces import verb
from zerosum.modalities.sound.spectra import FLOOR, TOP, Frames, log_mels, usual_frames, waves_of
from zerosum.networks.resample import averaged
from zerosum.rng import Noise
from zerosum.spaces import ImageSpace, Space

Rate = Annotated[int, Field(ge=1_000, le=384_000)]
"""Samples in a second."""

LEAST_FRAMES = 8
"""Spectra that a sound has at least: convolutional networks halve them until fewer are left."""

_RISE, _FALL = 0.002, 0.01
"""Seconds of the fades at both ends of what is made."""

_PLACES = 16
"""Places along both axes of levels whose distances are measured."""

_BLOCK = 16
"""Sounds that are transformed at once."""


class SoundSpace(Space):
    """Sounds: float32 waves `[N, channels, samples]` in [-1, 1], seen as log-mel magnitudes.

    Networks see levels `[channels, mels, frames]`, of which -1 is 80 dB below a sine at full scale.
    Phases are not modelled: they are found again when waves are made.

    >>> SoundSpace(channels=1, samples=16_000, rate=16_000, n_fft=1024, hop=256, mels=64).shape
    (1, 64, 63)
    """

    kind = "sound"
    unit = "sounds"
    axes = 2
    bounded = True
    channels: Size
    samples: Annotated[int, Field(ge=1, le=1 << 24)]
    rate: Rate
    n_fft: Annotated[int, Field(ge=16, le=16_384)]
    hop: Size
    mels: Size

    @property
    def shape(self) -> tuple[int, int, int]:
        """`(channels, mels, frames)`."""
        return self.channels, self.mels, 1 + self.samples // self.hop

    @property
    def frames(self) -> Frames:
        """How waves are cut into spectra."""
        return Frames(self.rate, self.n_fft, self.hop, self.mels)

    @property
    def seconds(self) -> float:
        """Length of a sound."""
        return self.samples / self.rate

    @property
    def pictured(self) -> ImageSpace:
        """The same shape as images, for networks of images."""
        channels, height, width = self.shape
        return ImageSpace(channels=channels, height=height, width=width)

    @property
    def description(self) -> str:
        """Length, rate and channels in words.

        >>> SoundSpace(
        ...     channels=2, samples=4_000, rate=8_000, n_fft=512, hop=128, mels=64
        ... ).description
        'sounds of 0.5 s at 8,000 Hz, stereo'
        """
        kinds = {1: "mono", 2: "stereo"}
        channels = kinds.get(self.channels, f"{self.channels} channels")
        return f"{self.unit} of {self.seconds:.3g} s at {self.rate:,} Hz, {channels}"

    @property
    def units(self) -> str:
        """Scale of levels, and how spectra are cut."""
        return (
            f"log-mel levels: -1 is {FLOOR:g} dB and 1 is {TOP:g} dB, where 0 dB is a sine at full "
            f"scale; {self.mels} bands to {self.rate / 2:g} Hz, frames of {self.n_fft} samples "
            f"every {self.hop} at {self.rate} Hz; phases are not part of the graph"
        )

    def packed(self, count: int) -> "SoundSpace":
        """Sounds of `count` times as many channels."""
        return self.model_copy(update={"channels": count * self.channels})

    def mismatch(self, other: Space, what: str) -> str | None:
        """See `Space.mismatch`; rate and length have to agree too."""
        if isinstance(other, SoundSpace) and self.shape == other.shape:
            same = (self.rate, self.samples) == (other.rate, other.samples)
            return None if same else (
                f"{what} holds {other.description}, and the model makes {self.description}."
            )  # fmt: skip
        return super().mismatch(other, what)

    def to_model(self, compact: Tensor) -> Tensor:
        """Levels `[N, channels, mels, frames]` of waves `[N, channels, samples]`."""
        pieces = [
            log_mels(some.flatten(0, 1), self.frames).unflatten(0, (-1, self.channels))
            for some in compact.split(_BLOCK)
        ]
        return torch.cat(pieces) if pieces else compact.new_zeros(0, *self.shape)

    def to_data(self, x: Tensor) -> Tensor:
        """Waves `[N, channels, samples]` of levels `[N, channels, mels, frames]`.

        The wave fades at both ends, and is made quieter where it would clip.
        """
        pieces = [
            waves_of(some.flatten(0, 1), self.frames, self.samples).unflatten(
                0, (-1, self.channels)
            )
            for some in x.float().split(_BLOCK)
        ]
        waves = torch.cat(pieces) if pieces else x.new_zeros(0, self.channels, self.samples)
        return within_range(waves * fades(self.samples, self.rate).to(waves.device))

    def round_trip(self, x: Tensor) -> Tensor:
        """The levels `[N, channels, mels, frames]` themselves, in their range.

        Phases are not looked for.
        """
        return x.float().clamp(-1, 1)

    def embed(self, x: Tensor) -> Tensor:
        """Levels averaged to 16 x 16 places, `[N, channels * 256]`: two hisses are alike."""
        return averaged(x.float(), self.axes, most=_PLACES).flatten(1)

    def independent(self, real: Tensor, n: int, noise: Noise) -> Tensor:
        """Noise, `[n, channels, samples]`: each band of each frame as loud as that of some real."""
        seen = self.to_model(real)
        flat = seen.flatten(1)
        rows = noise.integers(n, flat.shape[1], high=len(flat))
        return self.to_data(flat.gather(0, rows).unflatten(1, seen.shape[1:]))

    def to_numpy(self, compact: Tensor) -> np.ndarray:
        """float32 `[N, channels, samples]`."""
        return compact.numpy()


class SoundDataset(ArrayDataset):
    """Sounds in memory, float32 `[N, channels, samples]`."""

    space: SoundSpace

    def __init__(self, x: Tensor, y: Tensor | None, space: SoundSpace, *, name: str) -> None:
        fingerprint = fingerprint_of(x, y, (*space.labels, str(space.rate)))
        super().__init__(x, y, name=name, labels=space.labels, space=space, fingerprint=fingerprint)


def sound_space(
    waves: Tensor, rate: int, *, labels: Sequence[str] = (), label_counts: Sequence[int] = ()
) -> SoundSpace:
    """The space of waves `[N, channels, samples]`, with the usual frames.

    >>> sound_space(torch.zeros(8, 1, 4_000), 8_000).description
    'sounds of 0.5 s at 8,000 Hz, mono'
    """
    usual = usual_frames(rate)
    return SoundSpace(
        channels=waves.shape[1], samples=waves.shape[2], rate=rate, n_fft=usual.n_fft,
        hop=usual.hop, mels=usual.mels, labels=tuple(labels), label_counts=tuple(label_counts),
    )  # fmt: skip


def require_sound(space: Space, *, network: str) -> SoundSpace:
    """`space`, known to hold sounds.

    Raises:
        RecipeError: it does not.
    """
    if not isinstance(space, SoundSpace):
        raise RecipeError(
            f"{network} takes sounds, and the data is of kind {space.kind!r}. Take a recipe that "
            f"lists {space.kind!r} under {verb('recipes')}."
        )
    return space


def fades(samples: int, rate: int) -> Tensor:
    """What waves `[..., samples]` are multiplied by so that both ends are silent, `[samples]`.

    >>> fades(1_000, 8_000)[[0, 500, 999]].tolist()
    [0.0, 1.0, 0.0]
    """
    time = torch.arange(samples) / rate
    rise, fall = (time / _RISE).clamp_max(1), (time.flip(0) / _FALL).clamp_max(1)
    return torch.minimum(rise, fall)


def within_range(waves: Tensor) -> Tensor:
    """Waves `[N, channels, samples]`, those with larger peaks made quieter, so that none clips.

    >>> within_range(torch.tensor([[[2.0, -4.0]], [[0.5, 0.0]]])).tolist()
    [[[0.5, -1.0]], [[0.5, 0.0]]]
    """
    peaks = waves.abs().amax((1, 2), keepdim=True)
    return waves / peaks.clamp_min(1)
