"""Windows of several voices as sounds, each with its speaker, who agreed."""

from typing import Annotated

import torch
from pydantic import Field, model_validator
from torch import Tensor

from zerosum.config import Config
from zerosum.errors import ConfigError, RecipeError
from zerosum.faces import verb
from zerosum.modalities.sound.space import SoundDataset, SoundSpace
from zerosum.modalities.speech.consents import Consent
from zerosum.modalities.speech.pitch import median_pitch
from zerosum.modalities.speech.warping import mean_level
from zerosum.spaces import Space


class Speaker(Config):
    """One voice.

    Attributes:
        pitch: its median, in Hz; 0 where nothing is voiced.
        levels: the mean level of each band where something is heard.
        consent: what they agreed to.
    """

    kind = "speaker"
    pitch: Annotated[float, Field(ge=0, le=1_000)]
    levels: tuple[Annotated[float, Field(ge=-1, le=1)], ...]
    consent: Consent


class VoicesSpace(SoundSpace):
    """Windows of several voices, seen as sounds are; labels are the names of speakers.

    Attributes:
        speakers: one for each label. What they agreed to goes wherever the space goes: into the
            manifest of a run, and into exported files.
    """

    kind = "voices"
    unit = "windows"
    speakers: tuple[Speaker, ...] = ()

    @model_validator(mode="after")
    def _has_speakers(self) -> "VoicesSpace":
        if len(self.speakers) != len(self.labels):
            raise ConfigError(
                f"{len(self.labels)} labels and {len(self.speakers)} speakers; each label is one."
            )
        if any(len(one.levels) != self.mels for one in self.speakers) or self.channels != 1:
            raise ConfigError(f"voices have one channel, and {self.mels} mean levels each.")
        return self

    def missing(self, need: str) -> str | None:
        """See `Space.missing`."""
        if need == "labels" and len(self.labels) < 2:
            return (
                "it needs the recordings of two speakers or more. Give a folder with a subfolder "
                "for each, or several folders."
            )
        return super().missing(need)

    @property
    def consents(self) -> dict[str, Consent]:
        """What each speaker agreed to, by name."""
        return {
            name: one.consent for name, one in zip(self.labels, self.speakers, strict=True)
        }  # fmt: skip


def speaker_of(waves: Tensor, space: SoundSpace, consent: Consent) -> Speaker:
    """What is known of a voice by its windows `[N, 1, samples]`."""
    levels = mean_level(space.to_model(waves)[:, 0])
    pitch = median_pitch(waves[:, 0], space.rate)
    numbers = [round(float(one), 4) for one in levels]
    return Speaker(pitch=round(pitch, 2), levels=tuple(numbers), consent=consent)


def voices_of(
    waves: list[Tensor], names: list[str], consents: list[Consent], form: SoundSpace, *, name: str
) -> SoundDataset:
    """The data set of the windows `[n, 1, samples]` of each speaker."""
    y = torch.cat([torch.full((len(one),), i) for i, one in enumerate(waves)])
    given = zip(waves, consents, strict=True) if names else ()
    space = VoicesSpace(
        channels=1, samples=form.samples, rate=form.rate, n_fft=form.n_fft, hop=form.hop,
        mels=form.mels, labels=tuple(names), label_counts=tuple(map(len, waves)) if names else (),
        speakers=tuple(speaker_of(one, form, consent) for one, consent in given),
    )  # fmt: skip
    return SoundDataset(torch.cat(waves), y if names else None, space, name=name)


def require_voices(space: Space, *, recipe: str) -> VoicesSpace:
    """`space`, known to hold voices.

    Raises:
        RecipeError: it does not.
    """
    if not isinstance(space, VoicesSpace):
        raise RecipeError(
            f"{recipe} takes voices, and the data is of kind {space.kind!r}. Give a folder with a "
            f"subfolder for each speaker, or take a recipe that lists {space.kind!r} under "
            f"{verb('recipes')}."
        )
    return space
