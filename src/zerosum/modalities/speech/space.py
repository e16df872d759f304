"""Windows of speech, as waves that are made from levels of bands."""

import numpy as np
import torch
from pydantic import model_validator
from torch import Tensor

from zerosum.data.base import ArrayDataset, fingerprint_of
from zerosum.errors import ConfigError, RecipeError
from zerosum.faces import verb
from zerosum.modalities.sound.space import SoundSpace, sound_space, within_range
from zerosum.modalities.sound.spectra import waves_of
from zerosum.networks.resample import averaged
from zerosum.rng import Noise
from zerosum.spaces import Space

_PLACES = 16
"""Places along both axes of levels whose distances are measured."""

_BLOCK = 16
"""Windows whose phases are looked for at once."""


class SpeechSpace(Space):
    """Windows of speech, as waves: float32 `[N, 1, samples]` in [-1, 1], for networks as well.

    Attributes:
        sounds: the same windows as sounds, which says what levels they are made from.
    """

    kind = "speech"
    unit = "windows"
    bounded = True
    precisions = ("fp32",)
    sounds: SoundSpace

    @model_validator(mode="after")
    def _fits_frames(self) -> "SpeechSpace":
        if self.sounds.channels != 1 or self.sounds.samples % self.sounds.hop:
            raise ConfigError(
                f"windows of {self.sounds.samples} samples in {self.sounds.channels} channels: "
                f"they have one channel, and a multiple of {self.sounds.hop} samples."
            )
        return self

    @property
    def shape(self) -> tuple[int, int]:
        """`(1, samples)`."""
        return 1, self.sounds.samples

    @property
    def description(self) -> str:
        """Length and rate in words.

        >>> speech_space(torch.zeros(8, 1, 4_096), 8_000).description
        'windows of 0.512 s at 8,000 Hz'
        """
        return f"{self.unit} of {self.sounds.seconds:.3g} s at {self.sounds.rate:,} Hz"

    @property
    def units(self) -> str:
        """Samples of a wave, and the levels that they are made from."""
        return f"samples of waves in [-1, 1]; z are {self.sounds.units}"

    def packed(self, count: int) -> "SpeechSpace":
        """Always an error: waves are not joined.

        Raises:
            RecipeError: always.
        """
        raise RecipeError("windows of speech are judged one by one. Set game.pack=1.")

    def mismatch(self, other: Space, what: str) -> str | None:
        """See `Space.mismatch`; rate and length have to agree too."""
        if isinstance(other, SpeechSpace):
            return self.sounds.mismatch(other.sounds, what)
        return super().mismatch(other, what)

    def levels(self, waves: Tensor) -> Tensor:
        """Levels `[N, mels, frames]` of waves `[N, 1, samples]`."""
        return self.sounds.to_model(waves.float())[:, 0]

    def to_model(self, compact: Tensor) -> Tensor:
        """The waves `[N, 1, samples]` themselves."""
        return compact.float()

    def to_data(self, x: Tensor) -> Tensor:
        """Waves `[N, 1, samples]`, those with peaks above full scale made quieter."""
        return within_range(x.float())

    def round_trip(self, x: Tensor) -> Tensor:
        """The waves `[N, 1, samples]` themselves."""
        return x.float()

    def embed(self, x: Tensor) -> Tensor:
        """Levels averaged to 16 x 16 places, `[N, 256]`: two hisses are alike."""
        return averaged(self.levels(x)[:, None], 2, most=_PLACES).flatten(1)

    def independent(self, real: Tensor, n: int, noise: Noise) -> Tensor:
        """Reals `[n, 1, samples]` in turn, made levels and waves again by Griffin-Lim.

        That is what one has without a model: 32 iterations, as for sounds.
        """
        rows = torch.arange(n) % len(real)
        pieces = [
            waves_of(self.levels(real[some]), self.sounds.frames, self.sounds.samples)
            for some in rows.split(_BLOCK)
        ]
        return within_range(torch.cat(pieces)[:, None])

    def to_numpy(self, compact: Tensor) -> np.ndarray:
        """float32 `[N, 1, samples]`."""
        return compact.numpy()


class SpeechDataset(ArrayDataset):
    """Windows of speech in memory, float32 `[N, 1, samples]`.

    They are aligned with what they are made from, which follows from them.
    """

    space: SpeechSpace
    aligned = True

    def __init__(
        self, x: Tensor, rate: int, *, name: str, space: SpeechSpace | None = None
    ) -> None:
        space = space or speech_space(x, rate)
        fingerprint = fingerprint_of(x, None, (str(rate),))
        super().__init__(x, None, name=name, space=space, fingerprint=fingerprint)


def speech_space(waves: Tensor, rate: int) -> SpeechSpace:
    """The space of waves `[N, 1, samples]`, with the usual frames."""
    return SpeechSpace(sounds=sound_space(waves, rate))


def require_speech(space: Space, *, recipe: str) -> SpeechSpace:
    """`space`, known to hold windows of speech.

    Raises:
        RecipeError: it does not.
    """
    if not isinstance(space, SpeechSpace):
        raise RecipeError(
            f"{recipe} takes speech, and the data is of kind {space.kind!r}. Give a folder of "
            f"sounds, or take a recipe that lists {space.kind!r} under {verb('recipes')}."
        )
    return space
