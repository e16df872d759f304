"""A trained converter of voices: sounds of any length, from one speaker to another."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from zerosum.data.base import Progress
from zerosum.errors import ConditionError, DataError, did_you_mean
from zerosum.faces import either, option, reading
from zerosum.modalities.sound.decoding import SoundHeader
from zerosum.modalities.sound.loudness import evened, loudness
from zerosum.modalities.sound.shaping import at_rate
from zerosum.modalities.sound.space import fades
from zerosum.modalities.sound.spectra import log_mels, waves_of
from zerosum.modalities.speech.consents import Consent
from zerosum.modalities.speech.grains import with_voice
from zerosum.modalities.speech.translated_files import (
    TranslatedSounds,
    read_sound,
    translate_sounds,
)
from zerosum.modalities.speech.vocoder_model import VocoderModel, as_given_waves
from zerosum.modalities.speech.voice_game import VoiceConversion
from zerosum.modalities.speech.voices_space import VoicesSpace
from zerosum.models.model import Model
from zerosum.models.provenance import Provenance, Signer

MOST_SECONDS = 300.0
"""Length of a sound, at most, for which Griffin-Lim finds phases; a vocoder makes any."""


class VoiceModel(Model):
    """Converts what one speaker says into the voice of another."""

    usual_batch: ClassVar[int] = 64
    translation_wishes: ClassVar[tuple[str, ...]] = (
        "from_speaker", "to_speaker", "vocoder", "sign",
    )  # fmt: skip

    @property
    def voices(self) -> VoicesSpace:
        """The space, which is one of voices."""
        assert isinstance(self.space, VoicesSpace)
        return self.space

    @property
    def conversion(self) -> VoiceConversion:
        """The game, which is one that converts voices."""
        assert isinstance(self.game, VoiceConversion)
        return self.game

    @property
    def rate(self) -> int:
        """Samples in a second of what it makes."""
        return self.voices.rate

    @property
    def consents(self) -> dict[str, Consent]:
        """What each speaker agreed to, by name."""
        return self.voices.consents

    def translate(
        self,
        sound: Any,
        *,
        from_speaker: str | None = None,
        to_speaker: str | None = None,
        rate: int | None = None,
        vocoder: VocoderModel | None = None,
    ) -> np.ndarray:
        """What one speaker says in the voice of another, at the model's `rate`.

        Args:
            sound: the path of a sound; or with `rate` a wave, `[samples]` or `[channels, samples]`
                in [-1, 1].
            from_speaker: who speaks.
            to_speaker: who is to speak.
            rate: samples in a second of a wave.
            vocoder: makes the waves; if not given, Griffin-Lim does.

        Returns:
            float32 `[channels, samples]`, as long and as loud as the sound, or less where peaks
            would go above -1 dB. Both ends fade.

        Raises:
            ConditionError: a speaker is missing or unknown, a consent has ended, or the vocoder
                takes other levels.
            DataError: the sound cannot be used, or is too long for Griffin-Lim.
            MissingExtraError: soundfile is not installed, or soxr where it is needed.
        """
        who = self._who(from_speaker, to_speaker, vocoder)
        if isinstance(sound, str | Path):
            if rate is not None:
                raise ConditionError(f"a file says its rate itself. Leave out {option('rate')}.")
            wave, header = read_sound(Path(sound))
            return self._converted(wave, header.rate, who, vocoder)
        if rate is None:
            raise DataError(f"a wave needs its {option('rate', 16000)}.")
        return self._converted(as_given_waves(sound, "the wave"), rate, who, vocoder)

    def translate_files(
        self,
        source: Path | str,
        out: Path | str,
        *,
        from_speaker: str | None = None,
        to_speaker: str | None = None,
        vocoder: VocoderModel | None = None,
        sign: Signer | None = None,
        progress: Progress | None = None,
    ) -> TranslatedSounds:
        """A sound, or all sounds below a folder or in a zip, into marked `.wav` files.

        Names and subfolders are kept. Each file says inside that it was converted, from whom to
        whom and by what, and what both agreed to; see `marks_of`.

        Args:
            source: the sound, folder or zip.
            out: an empty or new folder; for a single file also the name of a .wav file.
            from_speaker: as for `translate`.
            to_speaker: as for `translate`.
            vocoder: as for `translate`.
            sign: signs each file, such as `zs.Identity.own()`.
            progress: called with how many files are done.

        Raises:
            ConditionError: as for `translate`.
            DataError: there is nothing to translate, or nothing that can be used.
            RunError: `out` is not empty, or cannot be written.
            OriginError: a file cannot be signed.
            MissingExtraError: as for `translate`.
        """
        who = self._who(from_speaker, to_speaker, vocoder)

        def convert(wave: np.ndarray, header: SoundHeader, _: Progress | None) -> np.ndarray:
            return self._converted(wave, header.rate, who, vocoder)

        made = self._made(who, vocoder)
        done = translate_sounds(
            Path(source), Path(out), rate=self.rate, progress=progress, from_wave=convert,
            from_levels=None, made=made, sign=sign, marks={"converted": True} | made.to_json(),
        )  # fmt: skip
        how = "a vocoder" if vocoder is not None else (
            "Griffin-Lim; a run of vocoder is faster: "
            + either(python="vocoder=MODEL", shell="--with vocoder=RUN")
        )  # fmt: skip
        done.notes.append(f"Waves were made by {how}.")
        return done

    def _who(
        self, first: str | None, second: str | None, vocoder: VocoderModel | None
    ) -> tuple[int, int]:
        """Numbers of both speakers.

        Raises:
            ConditionError: one is missing or unknown, or their consent has ended; both are one; or
                the vocoder does not fit.
        """
        names = self.voices.labels
        for name, given in (("from_speaker", first), ("to_speaker", second)):
            if given is None:
                raise ConditionError(
                    f"say who speaks and who is to speak, of {', '.join(names)}: "
                    f"{option('from_speaker', names[0])} {option('to_speaker', names[1])}."
                )
            if given not in names:
                raise ConditionError(
                    f"{option(name, given)}: this model knows {', '.join(names)}."
                    f"{did_you_mean(given, names)} It converts no voice without consent."
                )
        assert first is not None
        assert second is not None
        if first == second:
            raise ConditionError(f"{first} speaks already. Name another {option('to_speaker')}.")
        for name in (first, second):
            if self.consents[name].ended:
                raise ConditionError(
                    f"the consent of {name} ended on {self.consents[name].until}. Ask {name} anew, "
                    "and train with a consent.toml that holds."
                )
        if vocoder is not None and vocoder.speech.sounds.frames != self.voices.frames:
            raise ConditionError(
                f"the vocoder makes waves at {vocoder.rate:,} Hz of other levels than this model "
                f"has, at {self.rate:,} Hz. Train one with "
                f"{reading(rate=self.rate)}."
            )
        return names.index(first), names.index(second)

    def _made(self, who: tuple[int, int], vocoder: VocoderModel | None) -> Provenance:
        """How each file is made."""
        first, second = (self.voices.labels[i] for i in who)
        waves = "Griffin-Lim" if vocoder is None else vocoder.fingerprint
        return replace(
            self.provenance(1, seed=None, where={"from": first, "to": second, "waves": waves}),
            consents={name: str(self.consents[name]) for name in (first, second)},
        )

    @torch.no_grad()
    def _converted(
        self, wave: np.ndarray, rate: int, who: tuple[int, int], vocoder: VocoderModel | None
    ) -> np.ndarray:
        """A wave `[channels, samples]` in another voice."""
        seconds = wave.shape[1] / rate
        if vocoder is None and seconds > MOST_SECONDS:
            raise DataError(
                f"it is {seconds:.0f} s long, and Griffin-Lim takes {MOST_SECONDS:.0f} s at most. "
                "Cut it, or give a vocoder, which makes waves of any length: "
                + either(python="vocoder=MODEL", shell="--with vocoder=RUN")
            )
        wave = at_rate(wave, rate, self.rate)
        samples, hop, space = wave.shape[1], self.voices.hop, self.voices
        length = max(math.ceil(samples / hop), 3) * hop
        pitch, throat = (
            float(one[who]) for one in (self.conversion.moved.pitch, self.conversion.moved.throat)
        )
        whole = np.pad(wave, ((0, 0), (0, length - samples)))
        whole = [with_voice(one, self.rate, pitch=pitch, throat=throat) for one in whole]
        levels = log_mels(torch.from_numpy(np.stack(whole)), space.frames).to(self.device)
        made = self.conversion.finished(levels, *who).cpu()
        if vocoder is None:
            made = waves_of(made, space.frames, length)
        else:
            made = torch.from_numpy(vocoder.translate(made.numpy()))
        made = made[:, :samples] * fades(samples, self.rate)
        return evened(made.numpy(), self.rate, loudness(wave, self.rate)).astype(np.float32)
