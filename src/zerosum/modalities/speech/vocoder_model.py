"""A trained vocoder: levels of any length become waves, piece by piece and without joints."""

import math
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from zerosum.data.base import Progress
from zerosum.errors import ConditionError, DataError
from zerosum.faces import either, option
from zerosum.games.base import Inputs
from zerosum.modalities.sound.arrays import as_waves
from zerosum.modalities.sound.decoding import SoundHeader
from zerosum.modalities.sound.shaping import at_rate
from zerosum.modalities.sound.space import fades
from zerosum.modalities.sound.spectra import log_mels
from zerosum.modalities.speech.space import SpeechSpace
from zerosum.modalities.speech.translated_files import (
    TranslatedSounds,
    is_levels,
    read_levels,
    read_sound,
    translate_sounds,
)
from zerosum.modalities.speech.vocoder_game import Vocoder
from zerosum.models.model import Model
from zerosum.models.provenance import Signer

PIECE = 512
"""Frames that are made at once."""

_SLACK = 1e-3
"""By which levels may lie outside of [-1, 1], by rounding."""


class VocoderModel(Model):
    """Makes waves from levels of bands, and of other waves by way of their levels."""

    translation_wishes: ClassVar[tuple[str, ...]] = ("sign",)

    @property
    def speech(self) -> SpeechSpace:
        """The space, which is one of speech."""
        assert isinstance(self.space, SpeechSpace)
        return self.space

    @property
    def vocoder(self) -> Vocoder:
        """The game, which is one of a vocoder."""
        assert isinstance(self.game, Vocoder)
        return self.game

    @property
    def rate(self) -> int:
        """Samples in a second of what it makes."""
        return self.speech.sounds.rate

    def inputs_like(
        self, reals: Tensor, y: Tensor | None, sources: Tensor | None, seed: int
    ) -> Inputs:
        """Levels of reals `[N, 1, samples]`; see `Model.inputs_like`."""
        return Inputs(self.speech.levels(reals))

    def levels(self, wave: np.ndarray, *, rate: int) -> np.ndarray:
        """The levels that it makes waves from, float32 `[mels, frames]`.

        Args:
            wave: `[samples]`, in [-1, 1].
            rate: samples in a second.

        Raises:
            DataError: it is no wave.
        """
        waves = as_given_waves(wave, "the wave")
        if len(waves) != 1:
            raise DataError(f"levels are those of one channel, and the wave has {len(waves)}.")
        waves = at_rate(waves, rate, self.rate)
        return log_mels(torch.from_numpy(waves), self.speech.sounds.frames)[0].numpy()

    def translate(
        self, sound: Any, *, rate: int | None = None, progress: Progress | None = None
    ) -> np.ndarray:
        """Waves at the model's `rate`, of any length.

        A wave is made levels and made again, each channel by itself, and keeps its length.

        Args:
            sound: the path of a sound or of levels (`.npy`); with `rate` a wave, `[samples]` or
                `[channels, samples]` in [-1, 1]; without it levels, `[mels, frames]` or
                `[channels, mels, frames]`, in the scale of `levels`.
            rate: samples in a second of a wave.
            progress: called with how many frames are made.

        Returns:
            float32 `[channels, samples]`, in [-1, 1]; both ends fade.

        Raises:
            DataError: it cannot be used; the message says why.
            MissingExtraError: soundfile is not installed, or soxr where it is needed.
        """
        if isinstance(sound, str | Path):
            if rate is not None:
                raise ConditionError(f"a file says its rate itself. Leave out {option('rate')}.")
            path = Path(sound)
            if is_levels(path):
                found = read_levels(path)
                if len(found) != 1:
                    raise DataError(
                        f"{path} holds {len(found)} arrays of levels. Give it to translate_files, "
                        "which writes a file for each."
                    )
                return self._from_levels(next(iter(found.values())), path.name, progress)
            wave, header = read_sound(path)
            return self._from_wave(wave, header.rate, progress)
        array = np.asarray(sound)
        if rate is not None:
            return self._from_wave(as_given_waves(array, "the wave"), rate, progress)
        return self._from_levels(array, "the array", progress)

    def translate_files(
        self,
        source: Path | str,
        out: Path | str,
        *,
        sign: Signer | None = None,
        progress: Progress | None = None,
    ) -> TranslatedSounds:
        """Sounds and levels below a folder or in a zip, or one of them, into `.wav` files.

        Names and subfolders are kept. Files that cannot be used are skipped, and named in the
        result. Each has 16 bits, the model's rate, and the length and channels of its source.

        Args:
            source: a sound, a `.npy` or `.npz` file of levels, or a folder or zip of these.
            out: an empty or new folder; for a single file also the name of a .wav file.
            sign: signs each file, such as `zs.Identity.own()`.
            progress: called with how many files, or frames of the only one, are done.

        Raises:
            DataError: there is nothing to translate, or nothing that can be used.
            RunError: `out` is not empty, or cannot be written.
            OriginError: a file cannot be signed.
            MissingExtraError: soundfile is not installed, or soxr where it is needed.
        """
        return translate_sounds(
            Path(source), Path(out), rate=self.rate, progress=progress,
            from_wave=self._of_file, from_levels=self._from_levels, sign=sign,
            made=self.provenance(1, seed=None),
        )  # fmt: skip

    def _of_file(
        self, wave: np.ndarray, header: SoundHeader, progress: Progress | None
    ) -> np.ndarray:
        return self._from_wave(wave, header.rate, progress)

    @torch.no_grad()
    def _from_wave(
        self, wave: np.ndarray, rate: int, progress: Progress | None = None
    ) -> np.ndarray:
        """A wave `[channels, samples]` made again, at the model's rate."""
        wave = at_rate(wave, rate, self.rate)
        sounds = self.speech.sounds
        samples, hop = wave.shape[1], sounds.hop
        frames = 1 + max(math.ceil(samples / hop), 2)
        whole = np.pad(wave, ((0, 0), (0, (frames - 1) * hop - samples)))
        beside = sounds.n_fft // 2 // hop  # frames that hear what lies beyond a cut

        def levels(start: int, stop: int) -> Tensor:
            first, last = max(0, start - beside), min(frames, stop + beside)
            part = torch.from_numpy(whole[:, first * hop : (last - 1) * hop])
            return log_mels(part, sounds.frames)[:, :, start - first : stop - first]

        return self._in_pieces(levels, frames, samples, progress)

    @torch.no_grad()
    def _from_levels(
        self, array: np.ndarray, name: str, progress: Progress | None = None
    ) -> np.ndarray:
        """Waves of levels `[mels, frames]` or `[channels, mels, frames]`."""
        x = self._as_levels(array, name)
        samples = (x.shape[2] - 1) * self.speech.sounds.hop
        return self._in_pieces(lambda a, b: x[:, :, a:b], x.shape[2], samples, progress)

    def _in_pieces(
        self, levels: Any, frames: int, samples: int, progress: Progress | None
    ) -> np.ndarray:
        """Waves `[channels, samples]`; each piece sees as far beyond its ends as it depends on."""
        hop, context = self.speech.sounds.hop, self.vocoder.context
        made = []
        for start in range(0, frames - 1, PIECE):
            stop = min(start + PIECE, frames - 1)
            first, last = max(0, start - context), min(frames, stop + 1 + context)
            waves = self.vocoder.waves(levels(first, last).to(self.device), place=first).cpu()
            made.append(waves[:, (start - first) * hop : (stop - first) * hop])
            if progress is not None:
                progress("making waves", stop, frames - 1)
        whole = torch.cat(made, dim=1)[:, :samples] * fades(samples, self.rate)
        return (whole / whole.abs().max().clamp_min(1)).numpy()

    def _as_levels(self, array: np.ndarray, name: str) -> Tensor:
        """Levels `[channels, mels, frames]` of an array.

        Raises:
            DataError: it has another shape or range.
        """
        sounds = self.speech.sounds
        x = array[None] if array.ndim == 2 else array
        alone = either(python="For a wave, say its rate=16000.", shell="Waves are .wav files.")
        if x.dtype.kind != "f" or x.ndim != 3 or x.shape[1] != sounds.mels or x.shape[2] < 3:
            raise DataError(
                f"{name} is {array.dtype} of shape {tuple(array.shape)}. Levels are floats, "
                f"[{sounds.mels}, frames] or [channels, {sounds.mels}, frames], of 3 frames or "
                f"more: {sounds.units}. {alone}"
            )
        if not np.isfinite(x).all():
            raise DataError(f"{name} has NaN or infinite values.")
        most = float(np.abs(x).max())
        if most > 1 + _SLACK:
            raise DataError(
                f"{name} holds numbers up to {most:.3g}, and levels lie in [-1, 1]: {sounds.units}."
            )
        return torch.from_numpy(np.ascontiguousarray(x, np.float32)).clamp(-1, 1)


def as_given_waves(array: Any, name: str) -> np.ndarray:
    """Waves `[channels, samples]` of an array.

    Raises:
        DataError: it has another shape or range.
    """
    x = np.asarray(array)
    x = x[None] if x.ndim == 1 else x
    if x.ndim != 2 or not 0 < len(x) <= 64 or not x.shape[1]:
        raise DataError(
            f"{name} has shape {tuple(np.asarray(array).shape)}. A wave is [samples], or "
            "[channels, samples] with up to 64 channels."
        )
    return as_waves(x, name=name)
